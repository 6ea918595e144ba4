//! From bytes to documents: bounded batches of raw records, then each record decoded or set aside.
//!
//! A format is one file here: how its records are told apart, on the reading thread, and how one
//! is decoded, on any thread. How it is written again follows from its [`Spelling`] and
//! [`crate::io::write`].

pub mod csv;
pub mod encoding;
#[cfg(feature = "html")]
pub mod html;
mod http;
pub mod jsonl;
#[cfg(feature = "parquet")]
pub mod parquet;
pub(crate) mod records;
pub mod site;
pub mod spelling;
mod warc;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use memchr::memchr;

use super::source::{Format, Source};
use crate::document::{Document, Span};
use crate::error::{Error, Result};
pub use encoding::EncodingNote;
pub use jsonl::Fields;
use records::{Lines, Records};
pub use spelling::Spelling;

/// A run of whole records of one input, as they were read.
#[derive(Debug, Default)]
pub struct Batch {
    /// Which of the run's inputs.
    pub source: usize,
    layout: Layout,
    bytes: Vec<u8>,
    records: Vec<RawRecord>,
    /// Why the input ends here, when it ended too early.
    pub broken: Option<Broken>,
    /// How many records were passed over because they hold no text, by what they are.
    pub passed_over: BTreeMap<String, u64>,
    /// What is to be said about the input's encoding.
    pub encodings: Vec<EncodingNote>,
}

/// What the bytes of a batch hold.
#[derive(Debug, Clone, Default)]
enum Layout {
    /// A text file, or the head of one that is too large.
    #[default]
    Text,
    /// A JSON object a line.
    Jsonl,
    /// Records under this header.
    Csv(Arc<csv::Header>),
    /// WARC records with text.
    Warc,
    /// No bytes, but rows.
    #[cfg(feature = "parquet")]
    Parquet(parquet::Rows),
}

/// Where one record lies.
#[derive(Debug, Clone, Copy)]
struct RawRecord {
    start: usize,
    end: usize,
    place: RecordPlace,
    size: Size,
}

/// How a record's size compares with the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Within,
    /// Only the head of the record, or of what describes it, was kept.
    Oversized,
    /// The record does not end where its length says.
    Misstated,
}

/// Whether there is more to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filled {
    More,
    Done,
}

/// Where a record stands in its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPlace {
    /// Number among the input's records, from 0; blank lines are none, nor are headers.
    pub record: u64,
    /// Line, from 1; where records have no lines the record's number, from 1.
    pub line: u64,
    /// First byte in the decompressed input.
    pub offset: u64,
}

/// An input that could not be read to its end.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Where reading stopped.
    pub place: RecordPlace,
    /// What went wrong.
    pub what: String,
}

/// A record that is no document: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

/// A record of a batch, decoded.
#[derive(Debug)]
pub enum Record<'a> {
    /// Not a record, but bytes between records that are passed through.
    Between(&'a [u8]),
    /// A document and what is needed to write it back.
    Document(Box<Decoded<'a>>),
    /// Bytes that are no document.
    Malformed {
        /// The record as it was read, line end included.
        raw: &'a [u8],
        /// Where it stands.
        place: RecordPlace,
        /// What is wrong with it.
        what: Malformed,
    },
}

/// A document with the record it came from.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The document.
    pub document: Document,
    /// Where the record stands.
    pub place: RecordPlace,
    /// The record as it is written when nothing is removed, line end included: as it was read,
    /// unless it comes from another encoding or format.
    pub raw: Cow<'a, [u8]>,
    /// Bytes of `raw` that spell the text, quotes left out.
    pub text: Span,
    /// How they spell it.
    pub spelling: Spelling,
    /// What the user orders documents by; 0 where nothing is given.
    pub order: u64,
    /// What is to be said about the document's encoding.
    pub encoding: Option<EncodingNote>,
    /// The record is larger than the limit: it passes through unjudged.
    pub is_oversized: bool,
}

/// How much is read at a time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Records of a batch.
    pub batch_documents: usize,
    /// Bytes of a batch, unless its only record is larger.
    pub batch_bytes: usize,
    /// A larger record passes through unjudged.
    pub record_bytes_max: usize,
    /// A compressed input that grows by more than this factor is refused.
    pub expansion_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_documents: 4096,
            batch_bytes: 1 << 20,
            record_bytes_max: 64 << 20,
            expansion_max: 1000,
        }
    }
}

/// Reads one input in batches.
pub struct BatchReader {
    source: usize,
    reader: Reader,
    digest: u64,
    is_done: bool,
}

/// What reads a format.
enum Reader {
    Text(Box<dyn BufRead + Send>, Filled),
    Jsonl(Records<Lines>),
    Csv(Records<csv::Quotes>),
    Warc(warc::Reader),
    #[cfg(feature = "parquet")]
    Parquet(parquet::Reader),
}

impl std::fmt::Debug for BatchReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchReader").field("source", &self.source).finish_non_exhaustive()
    }
}

impl BatchReader {
    /// A reader of `source`, which is input number `number` of the run; `read` counts its bytes.
    ///
    /// # Errors
    ///
    /// When the input cannot be opened, or its head does not have what `fields` names.
    pub fn open(
        source: &Source,
        number: usize,
        (fields, limits): (&Fields, &Limits),
        read: &Arc<AtomicU64>,
    ) -> Result<Self> {
        let stream = || source.open(limits.expansion_max, read);
        let reader = match source.format {
            Format::Text => Reader::Text(stream()?, Filled::More),
            Format::Jsonl => {
                let opened = encoding::open(stream()?, encoding::Legacy::Marked);
                Reader::Jsonl(Records::new(opened, Lines, Layout::Jsonl))
            }
            Format::Csv { delimiter } => {
                let opened = encoding::open(stream()?, encoding::Legacy::Any);
                Reader::Csv(csv::reader(opened, delimiter, (fields, limits), &source.key)?)
            }
            Format::Warc => Reader::Warc(warc::Reader::new(stream()?)),
            #[cfg(feature = "parquet")]
            Format::Parquet => Reader::Parquet(parquet::Reader::open(source, fields, limits)?),
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => {
                let what = "this build reads no Parquet: it lacks the feature `parquet`";
                return Err(Error::malformed(&source.key, what));
            }
        };
        Ok(Self { source: number, reader, digest: 0, is_done: false })
    }

    /// The next batch; nothing at the end.
    ///
    /// An input that breaks off gives what was whole, and the reason in [`Batch::broken`].
    pub fn next_batch(&mut self, limits: &Limits) -> Option<Batch> {
        if self.is_done {
            return None;
        }
        let mut batch = Batch { source: self.source, ..Batch::default() };
        let filled = match &mut self.reader {
            Reader::Text(reader, head) => fill_text(reader, head, limits, &mut batch),
            Reader::Jsonl(records) => records.fill(limits, &mut batch),
            Reader::Csv(records) => records.fill(limits, &mut batch),
            Reader::Warc(reader) => reader.fill(limits, &mut batch),
            #[cfg(feature = "parquet")]
            Reader::Parquet(reader) => reader.fill(&mut batch),
        };
        match filled {
            Ok(filled) => self.is_done = filled == Filled::Done,
            Err(broken) => {
                batch.broken = Some(broken);
                self.is_done = true;
            }
        }
        self.digest =
            crate::hash::stable(&[self.digest, batch.digest()].map(u64::to_le_bytes).concat());
        Some(batch)
    }

    /// A digest of all that was read so far, the same for the same bytes and limits.
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

/// Reads a text file: its whole, or in pieces when it is too large.
fn fill_text(
    reader: &mut Box<dyn BufRead + Send>,
    head: &mut Filled,
    limits: &Limits,
    batch: &mut Batch,
) -> Result<Filled, Broken> {
    let place = RecordPlace { record: 0, line: 1, offset: 0 };
    let is_head = *head == Filled::More;
    *head = Filled::Done;
    let most = if is_head { limits.record_bytes_max } else { limits.batch_bytes };
    let read = reader.take(most as u64 + 1).read_to_end(&mut batch.bytes);
    read.map_err(|error| {
        batch.bytes.clear();
        Broken { place, what: error.to_string() }
    })?;
    let is_more = batch.bytes.len() > most;
    let size = if is_more { Size::Oversized } else { Size::Within };
    if is_head {
        batch.records.push(RawRecord { start: 0, end: batch.bytes.len(), place, size });
    }
    Ok(if is_more { Filled::More } else { Filled::Done })
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl Batch {
    /// Bytes read; of rows none are counted.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    fn digest(&self) -> u64 {
        match &self.layout {
            #[cfg(feature = "parquet")]
            Layout::Parquet(rows) => rows.digest(),
            _ => crate::hash::stable(&self.bytes),
        }
    }

    /// The rows, when the batch is of rows.
    #[cfg(feature = "parquet")]
    pub fn rows(&self) -> Option<&parquet::Rows> {
        match &self.layout {
            Layout::Parquet(rows) => Some(rows),
            _ => None,
        }
    }

    /// The records in order, decoded; all their bytes together are all bytes of the batch.
    pub fn decode<'a>(
        &'a self,
        source: &'a Source,
        fields: &'a Fields,
        limits: &'a Limits,
    ) -> Box<dyn Iterator<Item = Record<'a>> + 'a> {
        #[cfg(feature = "parquet")]
        if let Layout::Parquet(rows) = &self.layout {
            return Box::new(rows.decode(source, fields, limits));
        }
        let ends = self.records.iter().map(|record| record.end);
        let starts = std::iter::once(0).chain(ends);
        let between = self.records.iter().zip(starts).map(|(record, at)| (at, record.start));
        let tail = self.records.last().map_or(0, |record| record.end);
        let records = self
            .records
            .iter()
            .zip(between)
            .flat_map(move |(record, (from, to))| {
                let gap = (from < to).then(|| Record::Between(&self.bytes[from..to]));
                gap.into_iter().chain([self.decode_one(record, source, fields, limits)])
            })
            .chain((tail < self.bytes.len()).then(|| Record::Between(&self.bytes[tail..])));
        Box::new(records)
    }

    fn decode_one<'a>(
        &'a self,
        record: &RawRecord,
        source: &'a Source,
        fields: &'a Fields,
        limits: &Limits,
    ) -> Record<'a> {
        let raw = &self.bytes[record.start..record.end];
        let place = record.place;
        let is_oversized = record.size == Size::Oversized || raw.len() > limits.record_bytes_max;
        let decoded = match &self.layout {
            Layout::Warc => warc::decode(raw, place, (source, fields), (limits, record.size)),
            _ if is_oversized => Ok(Decoded { is_oversized, ..Decoded::unjudged(raw, place) }),
            Layout::Jsonl => jsonl::decode(raw, place, source, fields),
            Layout::Csv(header) => csv::decode(raw, place, (source, fields), header),
            _ => whole_text(raw, place, source, fields),
        };
        match decoded {
            Ok(decoded) => Record::Document(Box::new(decoded)),
            Err(what) => Record::Malformed { raw, place, what },
        }
    }
}

impl<'a> Decoded<'a> {
    fn unjudged(raw: &'a [u8], place: RecordPlace) -> Self {
        Self {
            document: Document::default(),
            place,
            raw: Cow::Borrowed(raw),
            text: Span::new(0, 0),
            spelling: Spelling::Plain,
            order: 0,
            encoding: None,
            is_oversized: false,
        }
    }

    /// Where `spans` of the text lie in the raw record.
    ///
    /// # Panics
    ///
    /// When they are not sorted, disjoint spans of the text on character borders.
    pub fn literals(&self, spans: &[Span]) -> Vec<Span> {
        let inner = self.raw.get(self.text.start..self.text.end);
        let inner = inner.and_then(|inner| std::str::from_utf8(inner).ok());
        let spans = self.spelling.spans(inner.expect("the text was decoded"), spans);
        let start = self.text.start;
        spans.iter().map(|span| Span::new(start + span.start, start + span.end)).collect()
    }
}

fn whole_text<'a>(
    raw: &'a [u8],
    place: RecordPlace,
    source: &Source,
    fields: &Fields,
) -> Result<Decoded<'a>, Malformed> {
    let site = site::site(fields.site_from, None, None, source.folder());
    let encoding::Text { text, note } = encoding::decode(raw)?;
    let mark = if text.starts_with('\u{feff}') { BYTE_ORDER_MARK.len() } else { 0 };
    let document = Document::new(&*source.key, site, text.get(mark..).unwrap_or(""));
    let span = Span::new(mark, text.len());
    let raw = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    let unjudged = Decoded::unjudged(&[], place);
    Ok(Decoded { document, raw, text: span, encoding: note, ..unjudged })
}

/// The bytes as text, or which byte is wrong.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| {
        let valid = simdutf8::compat::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len);
        let line = 1 + memchr::memchr_iter(b'\n', &bytes[..valid]).count();
        Malformed(format!("is not UTF-8 at byte {valid} (line {line} of the record)"))
    })
}

/// Splits a line from its line end.
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    memchr(b'\n', line).map_or(line, |end| &line[..end])
}

/// Reads a whole small file, such as a list of patterns.
///
/// # Errors
///
/// When it cannot be read or is not UTF-8.
pub fn small_file(path: &std::path::Path) -> Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(|e| Error::io("read", path, e))?;
    utf8(&bytes).map(str::to_owned).map_err(|what| Error::malformed(path.display(), what.0))
}

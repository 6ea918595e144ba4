//! From bytes to documents: bounded batches of raw records, then each record decoded or set aside.

pub mod jsonl;
pub mod site;

use std::io::{BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use memchr::memchr;

use super::source::{Format, Source};
use crate::document::Document;
use crate::error::{Error, Result};
pub use jsonl::Fields;

/// A run of whole records of one input, as they were read.
#[derive(Debug, Default)]
pub struct Batch {
    /// Which of the run's inputs.
    pub source: usize,
    /// What the bytes hold.
    pub format: Option<Format>,
    bytes: Vec<u8>,
    records: Vec<RawRecord>,
    /// Why the input ends here, when it ended too early.
    pub broken: Option<Broken>,
}

/// Where one record lies.
#[derive(Debug, Clone, Copy)]
struct RawRecord {
    start: usize,
    end: usize,
    place: RecordPlace,
}

/// Where a record stands in its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPlace {
    /// Number among the input's records, from 0; blank lines are none.
    pub record: u64,
    /// Line, from 1.
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
    /// The record as it was read, line end included.
    pub raw: &'a [u8],
    /// Bytes of `raw` that spell the text, quotes left out.
    pub text_start: usize,
    /// See `text_start`.
    pub text_end: usize,
    /// What the user orders documents by; 0 where nothing is given.
    pub order: u64,
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
}

impl Default for Limits {
    fn default() -> Self {
        Self { batch_documents: 4096, batch_bytes: 1 << 20, record_bytes_max: 64 << 20 }
    }
}

/// Reads one input in batches.
pub struct BatchReader {
    source: usize,
    format: Format,
    reader: Box<dyn BufRead + Send>,
    next: RecordPlace,
    is_done: bool,
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
    /// When the input cannot be opened.
    pub fn open(source: &Source, number: usize, read: &Arc<AtomicU64>) -> Result<Self> {
        Ok(Self {
            source: number,
            format: source.format,
            reader: source.open(read)?,
            next: RecordPlace { record: 0, line: 1, offset: 0 },
            is_done: false,
        })
    }

    /// The next batch; nothing at the end.
    ///
    /// An input that breaks off gives what was whole, and the reason in [`Batch::broken`].
    pub fn next_batch(&mut self, limits: &Limits) -> Option<Batch> {
        if self.is_done {
            return None;
        }
        let mut batch =
            Batch { source: self.source, format: Some(self.format), ..Batch::default() };
        let read = match self.format {
            Format::Text => self.read_whole(&mut batch),
            Format::Jsonl => self.read_lines(limits, &mut batch),
        };
        if let Err(error) = read {
            batch.broken = Some(Broken { place: self.next, what: error.to_string() });
            self.is_done = true;
        }
        (!batch.bytes.is_empty() || batch.broken.is_some() || self.format == Format::Text)
            .then_some(batch)
    }

    fn read_whole(&mut self, batch: &mut Batch) -> std::io::Result<()> {
        self.is_done = true;
        if let Err(error) = self.reader.read_to_end(&mut batch.bytes) {
            batch.bytes.clear();
            return Err(error);
        }
        batch.records.push(RawRecord { start: 0, end: batch.bytes.len(), place: self.next });
        Ok(())
    }

    fn read_lines(&mut self, limits: &Limits, batch: &mut Batch) -> std::io::Result<()> {
        while batch.records.len() < limits.batch_documents && batch.bytes.len() < limits.batch_bytes
        {
            let start = batch.bytes.len();
            if let Err(error) = self.reader.read_until(b'\n', &mut batch.bytes) {
                batch.bytes.truncate(start);
                return Err(error);
            }
            let end = batch.bytes.len();
            if start == end {
                self.is_done = true;
                break;
            }
            let mut line = &batch.bytes[start..end];
            if self.next.offset == 0 {
                line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
            }
            if !line.trim_ascii().is_empty() {
                batch.records.push(RawRecord { start, end, place: self.next });
                self.next.record += 1;
            }
            self.next.line += 1;
            self.next.offset += (end - start) as u64;
        }
        Ok(())
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl Batch {
    /// Bytes read.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The records in order, decoded; all their bytes together are all bytes of the batch.
    pub fn decode<'a>(
        &'a self,
        source: &'a Source,
        fields: &'a Fields,
        limits: &'a Limits,
    ) -> impl Iterator<Item = Record<'a>> {
        let ends = self.records.iter().map(|record| record.end);
        let starts = std::iter::once(0).chain(ends);
        let between = self.records.iter().zip(starts).map(|(record, at)| (at, record.start));
        let tail = self.records.last().map_or(0, |record| record.end);
        self.records
            .iter()
            .zip(between)
            .flat_map(move |(record, (from, to))| {
                let gap = (from < to).then(|| Record::Between(&self.bytes[from..to]));
                gap.into_iter().chain([self.decode_one(record, source, fields, limits)])
            })
            .chain((tail < self.bytes.len()).then(|| Record::Between(&self.bytes[tail..])))
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
        let is_oversized = raw.len() > limits.record_bytes_max;
        let decoded = match self.format {
            _ if is_oversized => Ok(Decoded::unjudged(raw, place)),
            Some(Format::Jsonl) => jsonl::decode(raw, place, source, fields),
            _ => whole_text(raw, place, source, fields),
        };
        match decoded {
            Ok(decoded) => Record::Document(Box::new(Decoded { is_oversized, ..decoded })),
            Err(what) => Record::Malformed { raw, place, what },
        }
    }
}

impl<'a> Decoded<'a> {
    fn unjudged(raw: &'a [u8], place: RecordPlace) -> Self {
        Self {
            document: Document::default(),
            place,
            raw,
            text_start: 0,
            text_end: 0,
            order: 0,
            is_oversized: true,
        }
    }
}

fn whole_text<'a>(
    raw: &'a [u8],
    place: RecordPlace,
    source: &Source,
    fields: &Fields,
) -> Result<Decoded<'a>, Malformed> {
    let site = site::site(fields.site_from, None, None, source.folder());
    let document = Document::new(&*source.key, site, utf8(raw)?);
    Ok(Decoded { document, text_end: raw.len(), ..Decoded::unjudged(raw, place) })
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

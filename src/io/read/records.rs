//! Records that end with a line: split off a stream in bounded pieces.

use std::io::{BufRead, Read};

use super::encoding::{Damage, Opened};
use super::{BYTE_ORDER_MARK, Batch, Broken, Filled, Layout, Limits, RawRecord, RecordPlace, Size};

/// Tells where records end.
pub(crate) trait Splitter: Send {
    /// Takes in the next piece of a record, which ends with a line or where a limit was reached,
    /// and tells whether the record ends with it.
    fn ends(&mut self, piece: &[u8]) -> Ends;
}

/// Whether a record ends with a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Here,
    Later,
}

/// A record a line.
#[derive(Debug, Default)]
pub(crate) struct Lines;

impl Splitter for Lines {
    fn ends(&mut self, piece: &[u8]) -> Ends {
        if piece.ends_with(b"\n") { Ends::Here } else { Ends::Later }
    }
}

/// Reads a record whole, whatever its size; nothing is left of `record` at the end.
pub(crate) fn read_whole(
    reader: &mut dyn BufRead,
    splitter: &mut impl Splitter,
    record: &mut Vec<u8>,
) -> std::io::Result<()> {
    record.clear();
    loop {
        let piece = record.len();
        reader.read_until(b'\n', record)?;
        let read = record.get(piece..).unwrap_or(&[]);
        if read.is_empty() || splitter.ends(read) == Ends::Here {
            return Ok(());
        }
    }
}

/// Reads records that a splitter tells apart.
pub(super) struct Records<S> {
    reader: Box<dyn BufRead + Send>,
    damage: Option<Damage>,
    splitter: S,
    layout: Layout,
    next: RecordPlace,
    /// A header that was read, and is still to be passed on.
    header: Vec<u8>,
    /// Bytes of the last batch.
    last_bytes: usize,
    /// The last piece belongs to a record that is larger than the limit and goes on.
    is_inside: bool,
}

impl<S: Splitter> Records<S> {
    pub(super) fn new(opened: Opened, splitter: S, layout: Layout) -> Self {
        let next = RecordPlace { record: 0, line: 1, offset: 0 };
        let Opened { reader, damage } = opened;
        Self {
            reader,
            damage,
            splitter,
            layout,
            next,
            header: Vec::new(),
            last_bytes: 0,
            is_inside: false,
        }
    }

    /// Takes off the first record that is not blank, with all blank lines before it: a header.
    /// The second value is where the header starts.
    pub(super) fn header(&mut self, limits: &Limits) -> Result<(Vec<u8>, usize), Broken> {
        let mut bytes = Vec::new();
        loop {
            let start = bytes.len();
            let size = self.append_record(limits.record_bytes_max, &mut bytes)?;
            let read = bytes.get(start..).unwrap_or(&[]);
            self.pass(read.len(), read);
            let mark = if start == 0 && read.starts_with(BYTE_ORDER_MARK) { 3 } else { 0 };
            let is_blank = read.get(mark..).unwrap_or(&[]).trim_ascii().is_empty();
            if size == Size::Oversized {
                let what = "the first record is larger than --max-record-bytes".to_owned();
                return Err(Broken { place: self.next, what });
            }
            if read.is_empty() || !is_blank {
                return Ok((bytes, start + mark));
            }
        }
    }

    /// The same reader, which passes `header` on and gives records of `layout`.
    pub(super) fn with_header(self, header: Vec<u8>, layout: Layout) -> Self {
        Self { layout, header, ..self }
    }

    pub(super) fn fill(&mut self, limits: &Limits, batch: &mut Batch) -> Result<Filled, Broken> {
        batch.layout = self.layout.clone();
        batch.bytes = std::mem::take(&mut self.header);
        // As large as the last one: growing to it step by step copies it twice over.
        batch.bytes.reserve(self.last_bytes);
        while batch.records.len() < limits.batch_documents && batch.bytes.len() < limits.batch_bytes
        {
            let start = batch.bytes.len();
            if self.is_inside {
                let most = limits.batch_bytes - start;
                let size = self.append_record(most, &mut batch.bytes)?;
                self.is_inside = size == Size::Oversized;
                let piece = &batch.bytes[start..];
                let (read, lines) = (piece.len(), newlines(piece));
                self.next.offset += read as u64;
                self.next.line += lines;
                if read == 0 {
                    return Ok(self.done(batch));
                }
                continue;
            }
            let read = self.append_record(limits.record_bytes_max, &mut batch.bytes);
            let size = read.inspect_err(|_| batch.bytes.truncate(start))?;
            self.is_inside = size == Size::Oversized;
            let end = batch.bytes.len();
            if start == end {
                return Ok(self.done(batch));
            }
            let mut record = &batch.bytes[start..end];
            if self.next.offset == 0 {
                record = record.strip_prefix(BYTE_ORDER_MARK).unwrap_or(record);
            }
            let is_blank = record.trim_ascii().is_empty() && size == Size::Within;
            let place = self.next;
            self.pass(end - start, &batch.bytes[start..end]);
            if !is_blank {
                batch.records.push(RawRecord { start, end, place, size });
                self.next.record += 1;
            }
        }
        self.last_bytes = batch.bytes.len();
        Ok(Filled::More)
    }

    fn pass(&mut self, bytes: usize, read: &[u8]) {
        self.next.offset += bytes as u64;
        self.next.line += newlines(read);
    }

    fn done(&self, batch: &mut Batch) -> Filled {
        batch.encodings.extend(self.damage.as_ref().map(Damage::note));
        Filled::Done
    }

    /// Appends a record, or what `most` bytes hold of it.
    fn append_record(&mut self, most: usize, bytes: &mut Vec<u8>) -> Result<Size, Broken> {
        let start = bytes.len();
        // One byte more shows that a record is larger.
        let most = most.saturating_add(1);
        loop {
            let piece = bytes.len();
            let room = most.saturating_sub(piece - start);
            let mut bounded = (&mut self.reader).take(room as u64);
            bounded
                .read_until(b'\n', bytes)
                .map_err(|error| Broken { place: self.next, what: error.to_string() })?;
            if bytes.len() == piece {
                return Ok(if room == 0 { Size::Oversized } else { Size::Within });
            }
            if self.splitter.ends(&bytes[piece..]) == Ends::Here {
                return Ok(Size::Within);
            }
        }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

//! The documents of a run in the order in which they were counted, in bounded memory.

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::format::{DOCUMENT_BYTES, u64_at};
use super::table::{DocumentRow, map};
use crate::error::{Error, Result};

/// Rows and ids, appended one after the other; what does not fit goes to unnamed files.
#[derive(Debug)]
pub(super) struct Documents {
    /// [`ROW_BYTES`] each: the row, and where its id ends.
    rows: Log,
    ids: Log,
    count: u32,
}

const ROW_BYTES: usize = DOCUMENT_BYTES + 8;

impl Documents {
    /// None as yet; files are made in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self { rows: Log::new(folder), ids: Log::new(folder), count: 0 }
    }

    /// How many there are.
    pub(super) fn len(&self) -> u32 {
        self.count
    }

    /// Appends a document.
    pub(super) fn push(&mut self, row: DocumentRow, id: &str) -> Result<()> {
        self.ids.push(id.as_bytes())?;
        let mut bytes = [0; ROW_BYTES];
        bytes[..DOCUMENT_BYTES].copy_from_slice(&row.to_bytes());
        bytes[DOCUMENT_BYTES..].copy_from_slice(&(self.ids.len() as u64).to_le_bytes());
        self.rows.push(&bytes)?;
        self.count += 1;
        Ok(())
    }

    /// All of them, to be read in any order.
    pub(super) fn view(&self) -> Result<DocumentsView<'_>> {
        Ok(DocumentsView { rows: self.rows.view()?, ids: self.ids.view()? })
    }
}

/// The documents that were counted so far.
#[derive(Debug)]
pub(super) struct DocumentsView<'a> {
    rows: LogView<'a>,
    ids: LogView<'a>,
}

impl DocumentsView<'_> {
    fn row_bytes(&self, number: u32) -> Option<&[u8]> {
        let start = number as usize * ROW_BYTES;
        self.rows.get(start..start + ROW_BYTES)
    }

    /// The row of document `number`.
    pub(super) fn row(&self, number: u32) -> Option<DocumentRow> {
        DocumentRow::from_bytes(self.row_bytes(number)?)
    }

    /// The id of document `number`.
    pub(super) fn id(&self, number: u32) -> Option<&[u8]> {
        let end = |number| {
            let end = u64_at(self.row_bytes(number)?, DOCUMENT_BYTES / 8)?;
            usize::try_from(end).ok()
        };
        let start = number.checked_sub(1).map_or(Some(0), end)?;
        self.ids.get(start..end(number)?)
    }
}

/// Bytes that are appended record by record.
#[derive(Debug)]
struct Log {
    /// The last records.
    tail: Vec<u8>,
    /// Those before them.
    file: Option<File>,
    file_bytes: usize,
    folder: PathBuf,
}

/// What is held in memory of a log.
const TAIL_BYTES: usize = 1 << 20;

impl Log {
    fn new(folder: &Path) -> Self {
        Self { tail: Vec::new(), file: None, file_bytes: 0, folder: folder.to_owned() }
    }

    fn len(&self) -> usize {
        self.file_bytes + self.tail.len()
    }

    fn push(&mut self, record: &[u8]) -> Result<()> {
        if self.tail.len() + record.len() > TAIL_BYTES {
            self.flush().map_err(|e| Error::io("write a temporary file in", &self.folder, e))?;
        }
        self.tail.extend_from_slice(record);
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(&self.folder)?),
        };
        file.write_all(&self.tail)?;
        self.file_bytes += self.tail.len();
        self.tail.clear();
        Ok(())
    }

    fn view(&self) -> Result<LogView<'_>> {
        let written = self.file.as_ref().filter(|_| self.file_bytes > 0);
        let map = written.map(|file| map(file, "temporary")).transpose()?;
        Ok(LogView { map, tail: &self.tail })
    }
}

/// The records of a log; a record lies in one piece.
#[derive(Debug)]
struct LogView<'a> {
    map: Option<memmap2::Mmap>,
    tail: &'a [u8],
}

impl LogView<'_> {
    fn get(&self, range: Range<usize>) -> Option<&[u8]> {
        let mapped = self.map.as_deref().unwrap_or(&[]);
        match range.start.checked_sub(mapped.len()) {
            Some(start) => self.tail.get(start..range.end - mapped.len()),
            None => mapped.get(range),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_back_from_file_and_memory() {
        let mut documents = Documents::new(&std::env::temp_dir());
        let row = |n: u32| DocumentRow {
            identity: u64::from(n) << 40,
            order: 1,
            record: u64::from(n),
            site: n % 7,
            input: 0,
            contexts: [n; crate::text::sketch::CONTEXTS],
        };
        let id = |n: u32| "x".repeat(n as usize % 90);
        let count = 40_000;
        for n in 0..count {
            documents.push(row(n), &id(n)).unwrap();
        }
        assert!(documents.rows.file_bytes > 0 && !documents.rows.tail.is_empty());
        assert!(documents.ids.file_bytes > 0 && !documents.ids.tail.is_empty());
        let view = documents.view().unwrap();
        for n in 0..count {
            assert_eq!(view.row(n), Some(row(n)));
            assert_eq!(view.id(n), Some(id(n).as_bytes()));
        }
        assert_eq!((documents.len(), view.row(count)), (count, None));
    }
}

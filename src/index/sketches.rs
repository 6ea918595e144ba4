//! The sketches of the first pass, kept for the second in a temporary file that is mapped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::table::map;
use crate::error::{Error, Result};
use crate::text::Sketch;
use crate::text::compact::take_sketch;

/// Writes the sketches of one batch of documents after the other.
#[derive(Debug)]
pub struct SketchesWriter {
    out: std::io::BufWriter<File>,
    folder: PathBuf,
    /// Where each batch ends.
    ends: Vec<usize>,
    /// Number of the first batch of each input.
    firsts: BTreeMap<usize, usize>,
}

impl SketchesWriter {
    /// Writes to the unnamed `file` in `folder`.
    pub fn new(file: File, folder: &Path) -> Self {
        let out = std::io::BufWriter::with_capacity(1 << 18, file);
        Self { out, folder: folder.to_owned(), ends: Vec::new(), firsts: BTreeMap::new() }
    }

    /// Appends the next batch, which is of input number `source`, spelled as bytes.
    ///
    /// # Errors
    ///
    /// When the temporary file cannot be written.
    pub fn batch(&mut self, source: usize, bytes: &[u8]) -> Result<()> {
        let written = self.out.write_all(bytes);
        written.map_err(|e| Error::io("write a temporary file in", &self.folder, e))?;
        self.firsts.entry(source).or_insert(self.ends.len());
        self.ends.push(self.ends.last().unwrap_or(&0) + bytes.len());
        Ok(())
    }

    /// All sketches, ready to be read.
    ///
    /// # Errors
    ///
    /// When the temporary file cannot be written or mapped.
    pub fn finish(self) -> Result<Sketches> {
        let file = self
            .out
            .into_inner()
            .map_err(|e| Error::io("write a temporary file in", &self.folder, e.into_error()))?;
        let is_empty = self.ends.last().is_none_or(|&end| end == 0);
        // An empty file cannot be mapped.
        let map = if is_empty { None } else { Some(map(&file, "temporary")?) };
        Ok(Sketches { map, ends: self.ends, firsts: self.firsts })
    }
}

/// The sketches of all documents, by batch.
#[derive(Debug)]
pub struct Sketches {
    map: Option<memmap2::Mmap>,
    ends: Vec<usize>,
    firsts: BTreeMap<usize, usize>,
}

impl Sketches {
    /// The number over all inputs of batch number `batch` of input number `source`, if that was
    /// counted.
    pub fn number(&self, source: usize, batch: usize) -> Option<usize> {
        self.firsts.get(&source).map(|first| first + batch)
    }

    /// The sketches of batch number `batch`, counted from 0, in order.
    pub fn of_batch(&self, batch: usize) -> impl Iterator<Item = Sketch> {
        let start = batch.checked_sub(1).and_then(|before| self.ends.get(before));
        let range = *start.unwrap_or(&0)..self.ends.get(batch).copied().unwrap_or(0);
        let mut bytes = self.map.as_deref().and_then(|map| map.get(range)).unwrap_or(&[]);
        std::iter::from_fn(move || take_sketch(&mut bytes))
    }
}

//! Bytes by partition in bounded memory: what does not fit goes to a temporary file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Mutex;

use super::PARTITIONS;
use crate::error::{Error, Result};

/// Append-only bytes by partition; full buffers move to the file as blocks.
#[derive(Debug)]
pub(crate) struct Spill {
    buffers: Vec<Vec<u8>>,
    buffer_bytes_max: usize,
    blocks: Vec<Vec<Block>>,
    file: Option<Mutex<File>>,
    file_bytes: u64,
    folder: std::path::PathBuf,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    offset: u64,
    bytes: usize,
}

/// Smaller blocks would make the file a random walk.
const BUFFER_BYTES_MIN: usize = 16 << 10;

impl Spill {
    /// Keeps at most about `memory_bytes` in memory; the rest goes to an unnamed file in `folder`.
    pub(crate) fn new(memory_bytes: usize, folder: &Path) -> Self {
        Self {
            buffers: vec![Vec::new(); PARTITIONS],
            buffer_bytes_max: (memory_bytes / PARTITIONS).max(BUFFER_BYTES_MIN),
            blocks: vec![Vec::new(); PARTITIONS],
            file: None,
            file_bytes: 0,
            folder: folder.to_owned(),
        }
    }

    /// Appends one record to a partition; records are never cut.
    #[inline]
    pub(crate) fn push(&mut self, partition: usize, record: &[u8]) -> Result<()> {
        let buffer = &self.buffers[partition];
        if buffer.len() + record.len() > buffer.capacity() {
            self.make_room(partition, record.len())?;
        }
        self.buffers[partition].extend_from_slice(record);
        Ok(())
    }

    /// Moves all that is in memory to the file, if there is one.
    pub(crate) fn settle(&mut self) -> Result<()> {
        if self.file.is_some() {
            for partition in 0..PARTITIONS {
                self.flush(partition)?;
                self.buffers[partition] = Vec::new();
            }
        }
        Ok(())
    }

    /// All bytes of one partition, in the order of appending, in place of what is in `bytes`.
    pub(crate) fn read(&self, partition: usize, bytes: &mut Vec<u8>) -> Result<()> {
        let spilled: usize = self.blocks[partition].iter().map(|block| block.bytes).sum();
        bytes.clear();
        bytes.resize(spilled, 0);
        if let Some(file) = &self.file {
            let mut file = file.lock().expect("no thread panics while it reads");
            let mut at = 0;
            for block in &self.blocks[partition] {
                let target = &mut bytes[at..at + block.bytes];
                let read = file.seek(SeekFrom::Start(block.offset));
                read.and_then(|_| file.read_exact(target)).map_err(|e| self.refused("read", e))?;
                at += block.bytes;
            }
        }
        bytes.extend_from_slice(&self.buffers[partition]);
        Ok(())
    }

    /// Empties the buffer of a partition, or makes it. It is made as large as it may become: what is
    /// not used of it takes no memory, and it is never moved.
    #[cold]
    fn make_room(&mut self, partition: usize, bytes: usize) -> Result<()> {
        self.flush(partition)?;
        self.buffers[partition].reserve_exact(bytes.max(self.buffer_bytes_max));
        Ok(())
    }

    fn flush(&mut self, partition: usize) -> Result<()> {
        if self.buffers[partition].is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            let file = tempfile::tempfile_in(&self.folder);
            self.file = Some(Mutex::new(file.map_err(|e| self.refused("create", e))?));
        }
        let bytes = self.buffers[partition].len();
        if let Some(file) = &mut self.file {
            let file = file.get_mut().expect("no thread panics while it writes");
            let written = file.write_all(&self.buffers[partition]);
            written.map_err(|e| self.refused("write", e))?;
        }
        self.blocks[partition].push(Block { offset: self.file_bytes, bytes });
        self.file_bytes += bytes as u64;
        self.buffers[partition].clear();
        Ok(())
    }

    fn refused(&self, action: &str, source: std::io::Error) -> Error {
        Error::io(&format!("{action} a temporary file in"), &self.folder, source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spilled_comes_back_in_order() {
        let mut spill = Spill::new(0, &std::env::temp_dir());
        let record = [7_u8; 1000];
        for i in 0..100_u8 {
            spill.push(3, &[i]).unwrap();
            spill.push(3, &record).unwrap();
            spill.push(usize::from(i), &[i]).unwrap();
        }
        assert!(spill.file_bytes > 0);
        let mut bytes = vec![9; 5];
        spill.read(3, &mut bytes).unwrap();
        assert_eq!(bytes.len(), 100 * 1001 + 1);
        assert_eq!(bytes[0], 0);
        spill.read(42, &mut bytes).unwrap();
        assert_eq!(bytes, [42]);
    }
}

//! Bytes by partition in bounded memory: what does not fit goes to a temporary file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Mutex;

use memmap2::MmapMut;

use super::PARTITIONS;
use crate::error::{Error, Result};

/// Append-only bytes by partition; full buffers move to the file as blocks.
#[derive(Debug)]
pub(crate) struct Spill {
    /// The buffers of all partitions, one behind the other, from the first record on.
    ///
    /// A map of its own: what is not used of it takes no memory, nothing is ever moved, and all of it
    /// is given back when the counting ends, which a heap need not do.
    memory: Option<MmapMut>,
    /// Bytes of each buffer; 0 as long as there is none.
    buffer_bytes: usize,
    /// How full each is.
    filled: Box<[usize; PARTITIONS]>,
    memory_bytes: usize,
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
            memory: None,
            buffer_bytes: 0,
            filled: Box::new([0; PARTITIONS]),
            memory_bytes,
            blocks: vec![Vec::new(); PARTITIONS],
            file: None,
            file_bytes: 0,
            folder: folder.to_owned(),
        }
    }

    /// Appends one record to a partition; records are short and never cut.
    #[inline]
    pub(crate) fn push(&mut self, partition: usize, record: &[u8]) -> Result<()> {
        if self.filled[partition] + record.len() > self.buffer_bytes {
            self.make_room(partition)?;
        }
        let at = partition * self.buffer_bytes + self.filled[partition];
        if let Some(memory) = &mut self.memory {
            memory[at..at + record.len()].copy_from_slice(record);
        }
        self.filled[partition] += record.len();
        Ok(())
    }

    /// Moves all that is in memory to the file, if there is one, and gives the memory back.
    pub(crate) fn settle(&mut self) -> Result<()> {
        if self.file.is_some() {
            (0..PARTITIONS).try_for_each(|partition| self.flush(partition))?;
            self.memory = None;
            self.buffer_bytes = 0;
        }
        Ok(())
    }

    fn buffer(&self, partition: usize) -> &[u8] {
        let at = partition * self.buffer_bytes;
        let memory = self.memory.as_deref().unwrap_or(&[]);
        &memory[at..at + self.filled[partition]]
    }

    /// How many bytes of a partition are in the file.
    fn spilled(&self, partition: usize) -> usize {
        self.blocks[partition].iter().map(|block| block.bytes).sum()
    }

    /// How many bytes one partition has.
    pub(crate) fn bytes(&self, partition: usize) -> usize {
        self.spilled(partition) + self.filled[partition]
    }

    /// All bytes of one partition, in the order of appending, in place of what is in `bytes`.
    pub(crate) fn read(&self, partition: usize, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.clear();
        bytes.resize(self.spilled(partition), 0);
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
        bytes.extend_from_slice(self.buffer(partition));
        Ok(())
    }

    /// Empties the buffer of a partition, or makes all of them.
    #[cold]
    fn make_room(&mut self, partition: usize) -> Result<()> {
        if self.memory.is_some() {
            return self.flush(partition);
        }
        let mut each = (self.memory_bytes / PARTITIONS).max(BUFFER_BYTES_MIN);
        let memory = loop {
            match MmapMut::map_anon(each * PARTITIONS) {
                // The process may have less to take than it was told: then more is spilled.
                Err(_) if each / 2 >= BUFFER_BYTES_MIN => each /= 2,
                made => break made.map_err(|e| Error::io("reserve", "memory for counts", e))?,
            }
        };
        // The first byte of each buffer must not take two megabytes; a system without such pages refuses.
        #[cfg(target_os = "linux")]
        drop(memory.advise(memmap2::Advice::NoHugePage));
        (self.memory, self.buffer_bytes) = (Some(memory), each);
        Ok(())
    }

    fn flush(&mut self, partition: usize) -> Result<()> {
        let bytes = self.filled[partition];
        if bytes == 0 {
            return Ok(());
        }
        let written = (|| {
            let file = match self.file.take() {
                Some(file) => file,
                None => Mutex::new(tempfile::tempfile_in(&self.folder)?),
            };
            let file = self.file.insert(file).get_mut().expect("no thread panics while it writes");
            let at = partition * self.buffer_bytes;
            file.write_all(&self.memory.as_deref().unwrap_or(&[])[at..at + bytes])
        })();
        written.map_err(|e| self.refused("write", e))?;
        self.blocks[partition].push(Block { offset: self.file_bytes, bytes });
        self.file_bytes += bytes as u64;
        self.filled[partition] = 0;
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

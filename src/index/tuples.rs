//! Which document holds which fingerprint, by partition, in the order of the documents.
//!
//! A tuple is eight bytes: the fingerprint without the byte that its partition stands for, and in
//! its place how far the document's number is above that of the partition's last tuple. Where that
//! is too far, the number follows in eight bytes of its own.

use std::path::Path;

use super::spill::Spill;
use super::{PARTITIONS, partition_of};
use crate::error::Result;
use crate::text::Fingerprint;
use crate::text::shingle::Kind;

/// Bytes of a tuple.
pub(super) const TUPLE_BYTES: usize = 8;
/// In place of a difference: the document's number follows.
const FAR: u32 = 0xFF;
/// In place of the kind: a paragraph that its document begins with.
const HEAD: u64 = 3;

/// How many tuples of each partition stand before some place.
pub(super) type Counts = [u32; PARTITIONS];

/// Append-only tuples in bounded memory.
#[derive(Debug)]
pub(super) struct Tuples {
    spill: Spill,
    last: Box<Counts>,
    counts: Box<Counts>,
    /// How many tuples stood before each batch of documents.
    pub(super) starts: Vec<Counts>,
}

/// A fingerprint, the number of a document that holds it, and whether it begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tuple {
    pub(super) fingerprint: u64,
    pub(super) number: u32,
    pub(super) is_head: bool,
}

impl Tuples {
    /// Keeps about `memory_bytes` in memory and the rest in `folder`.
    pub(super) fn new(memory_bytes: usize, folder: &Path) -> Self {
        Self {
            spill: Spill::new(memory_bytes, folder),
            last: Box::new([0; PARTITIONS]),
            counts: Box::new([0; PARTITIONS]),
            starts: Vec::new(),
        }
    }

    /// The tuples pushed from now on are of the next batch.
    pub(super) fn begin_batch(&mut self) {
        self.starts.push(*self.counts);
    }

    /// Appends a tuple; document numbers never fall.
    #[inline]
    pub(super) fn push(&mut self, tuple: Tuple) -> Result<()> {
        let partition = partition_of(Fingerprint(tuple.fingerprint));
        let above = tuple.number - self.last[partition];
        let kind = if tuple.is_head { HEAD } else { 0 };
        let word = (tuple.fingerprint | kind) << 8 | u64::from(above.min(FAR));
        self.last[partition] = tuple.number;
        let count = &mut self.counts[partition];
        *count = count.checked_add(1).expect("a partition holds fewer than 2^32 tuples");
        self.spill.push(partition, &word.to_le_bytes())?;
        if above < FAR { Ok(()) } else { self.push_far(partition, tuple.number) }
    }

    #[cold]
    fn push_far(&mut self, partition: usize, number: u32) -> Result<()> {
        self.spill.push(partition, &u64::from(number).to_le_bytes())
    }

    /// See [`Spill::settle`].
    pub(super) fn settle(&mut self) -> Result<()> {
        self.spill.settle()
    }

    /// How many bytes one partition has.
    pub(super) fn bytes(&self, partition: usize) -> usize {
        self.spill.bytes(partition)
    }

    /// The bytes of one partition, for [`read`], in place of what is in `bytes`.
    pub(super) fn bytes_of(&self, partition: usize, bytes: &mut Vec<u8>) -> Result<()> {
        self.spill.read(partition, bytes)
    }
}

/// The tuples of partition number `partition`, in the order they were pushed.
pub(super) fn read(bytes: &[u8], partition: usize) -> impl Iterator<Item = Tuple> {
    let (words, _) = bytes.as_chunks::<TUPLE_BYTES>();
    let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
    let top = (partition as u64) << 56;
    let mut number = 0_u32;
    std::iter::from_fn(move || {
        let word = words.next()?;
        let above = u32::try_from(word & 0xFF).ok()?;
        number = if above == FAR { u32::try_from(words.next()?).ok()? } else { number + above };
        let fingerprint = top | word >> 8;
        // Heads are paragraphs, whose kind is zero.
        let is_head = fingerprint & HEAD == HEAD;
        let kind = if is_head { Kind::Paragraph as u64 } else { fingerprint & HEAD };
        Some(Tuple { fingerprint: fingerprint & !HEAD | kind, number, is_head })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_pushed_is_read_back(
            rows in proptest::collection::vec((0_u64..3, 0_u64..9, 0_u32..600, any::<bool>()), 0..90),
        ) {
            let mut tuples = Tuples::new(0, &std::env::temp_dir());
            let mut number = 0;
            let mut all: Vec<Vec<Tuple>> = vec![Vec::new(); PARTITIONS];
            for (partition, low, above, is_head) in rows {
                number += above;
                let kind = if is_head { 0 } else { low % 3 };
                let fingerprint = partition << 56 | low << 2 | kind;
                let tuple = Tuple { fingerprint, number, is_head };
                tuples.push(tuple).unwrap();
                all[usize::try_from(partition).unwrap()].push(tuple);
            }
            for (partition, expected) in all.iter().enumerate() {
                let mut bytes = vec![1];
                tuples.bytes_of(partition, &mut bytes).unwrap();
                prop_assert_eq!(&read(&bytes, partition).collect::<Vec<_>>(), expected);
                prop_assert_eq!(tuples.counts[partition] as usize, expected.len());
            }
        }
    }
}

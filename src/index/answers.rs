//! What the index says of each counted fingerprint, in the order in which they were counted.
//!
//! The second pass asks for the same fingerprints in the same order as the first pass counted
//! them, so nothing is searched: the answers of each partition lie in a row and are read off from
//! front to back. One bit a tuple says whether the index has a row, and only then is there a number
//! for where. Answers lie in a temporary file that is mapped, so that they need not fit in memory.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::format::{u32_at, u64_at};
use super::table::{Index, map, touch};
use super::tuples::Counts;
use super::{PARTITIONS, Row, partition_of};
use crate::error::{Error, Result};
use crate::text::Fingerprint;

/// The answers to the tuples of one partition.
#[derive(Debug, Default)]
pub struct PartitionAnswers {
    /// A bit a tuple: whether there is a row.
    bits: Vec<u64>,
    tuples: usize,
    /// Where the rows lie in the partition's payload.
    offsets: Vec<u32>,
}

impl PartitionAnswers {
    /// Appends the answer to the next tuple: the offset of its row.
    #[inline]
    pub(super) fn push(&mut self, offset: Option<usize>) {
        if self.tuples.is_multiple_of(64) {
            self.bits.push(0);
        }
        if let (Some(offset), Some(bits)) = (offset, self.bits.last_mut()) {
            *bits |= 1 << (self.tuples % 64);
            self.offsets
                .push(u32::try_from(offset).expect("a partition is smaller than 2^32 bytes"));
        }
        self.tuples += 1;
    }

    /// How many of the first `tuples` have a row, for each of the rising `places`.
    fn ranks(&self, places: impl Iterator<Item = u32>) -> impl Iterator<Item = u32> {
        let (mut word, mut rank) = (0, 0);
        places.map(move |place| {
            let place = place as usize;
            while word < place / 64 {
                rank += self.bits[word].count_ones();
                word += 1;
            }
            let below = self.bits.get(word).map_or(0, |bits| bits & ((1 << (place % 64)) - 1));
            rank + below.count_ones()
        })
    }
}

/// Writes the answers of all partitions, in order.
#[derive(Debug)]
pub struct AnswersWriter {
    out: std::io::BufWriter<File>,
    folder: std::path::PathBuf,
    written: usize,
    places: Vec<(usize, usize)>,
    starts: Vec<Start>,
}

/// Where a batch of documents begins: in the bits and in the offsets of each partition.
#[derive(Debug, Clone)]
struct Start {
    tuples: Counts,
    offsets: Counts,
}

impl AnswersWriter {
    /// Writes to an unnamed file in `folder`; batches begin at `starts`.
    pub(super) fn new(file: File, folder: &Path, starts: &[Counts]) -> Self {
        let start = |tuples: &Counts| Start { tuples: *tuples, offsets: [0; PARTITIONS] };
        Self {
            out: std::io::BufWriter::with_capacity(1 << 18, file),
            folder: folder.to_owned(),
            written: 0,
            places: Vec::with_capacity(PARTITIONS),
            starts: starts.iter().map(start).collect(),
        }
    }

    /// Appends the next partition.
    ///
    /// # Errors
    ///
    /// When the temporary file cannot be written.
    pub fn partition(&mut self, answers: &PartitionAnswers) -> Result<()> {
        let number = self.places.len();
        let places = self.starts.iter().map(|start| start.tuples[number]);
        let ranks: Vec<u32> = answers.ranks(places).collect();
        for (start, rank) in self.starts.iter_mut().zip(ranks) {
            start.offsets[number] = rank;
        }
        let mut write = |bytes: &[u8]| {
            self.written += bytes.len();
            self.out.write_all(bytes)
        };
        let begin = self.places.last().map_or(0, |place| place.1);
        let result: std::io::Result<()> = (|| {
            answers.bits.iter().try_for_each(|bits| write(&bits.to_le_bytes()))?;
            answers.offsets.iter().try_for_each(|offset| write(&offset.to_le_bytes()))?;
            if answers.offsets.len() % 2 == 1 { write(&[0; 4]) } else { Ok(()) }
        })();
        result.map_err(|e| Error::io("write a temporary file in", &self.folder, e))?;
        self.places.push((begin + answers.bits.len() * 8, self.written));
        Ok(())
    }

    /// The answers, ready to be read.
    ///
    /// # Errors
    ///
    /// When the temporary file cannot be written or mapped.
    pub fn finish(self) -> Result<Answers> {
        let file = self
            .out
            .into_inner()
            .map_err(|e| Error::io("write a temporary file in", &self.folder, e.into_error()))?;
        // An empty file cannot be mapped.
        let map = if self.written == 0 { None } else { Some(map(&file, "temporary")?) };
        Ok(Answers { map, places: self.places, starts: self.starts })
    }
}

/// The answers to all counted fingerprints.
#[derive(Debug)]
pub struct Answers {
    map: Option<memmap2::Mmap>,
    /// For each partition where its bits end and its offsets begin, and where these end.
    places: Vec<(usize, usize)>,
    starts: Vec<Start>,
}

impl Answers {
    /// Finds the rows of batch number `batch`, counted from 0, whose documents must be asked for in
    /// their order.
    pub fn of_batch<'a>(&'a self, index: &'a Index, batch: usize) -> Option<Finder<'a>> {
        let start = self.starts.get(batch)?.clone();
        let bytes: &[u8] = self.map.as_deref().unwrap_or(&[]);
        let parts = (0..PARTITIONS).map(|number| {
            let begin = number.checked_sub(1).map_or(0, |before| self.places[before].1);
            let (middle, end) = self.places[number];
            let slice = |from, to| bytes.get(from..to).unwrap_or(&[]);
            (slice(begin, middle), slice(middle, end), index.payload(number))
        });
        Some(Finder::InOrder(Box::new(InOrder { next: start, parts: parts.collect() })))
    }
}

/// Finds the rows of fingerprints.
#[derive(Debug)]
pub enum Finder<'a> {
    /// By searching for them.
    Search(&'a Index),
    /// By reading off what was found out when they were counted.
    InOrder(Box<InOrder<'a>>),
}

/// Answers that are read off in order.
#[derive(Debug)]
pub struct InOrder<'a> {
    next: Start,
    /// Bits, offsets and payload of each partition.
    parts: Vec<(&'a [u8], &'a [u8], &'a [u8])>,
}

impl<'a> Finder<'a> {
    /// The row of each of `fingerprints`; read off in order, they must be the next that were
    /// counted.
    pub fn find_all(&mut self, fingerprints: &[Fingerprint]) -> Vec<Option<Row<'a>>> {
        let mut rows = Vec::with_capacity(fingerprints.len());
        match self {
            Self::Search(index) => index.rows_of(fingerprints, &mut rows),
            Self::InOrder(answers) => {
                let next = |&fingerprint| answers.next(partition_of(fingerprint));
                rows.extend(fingerprints.iter().map(next));
                touch(rows.iter().flatten().map(Row::first_byte));
            }
        }
        rows
    }

    /// Appends place and row of those of `wanted` that have one; they are looked up as by
    /// [`Self::find_all`].
    pub fn find_some<T>(
        &mut self,
        wanted: &[T],
        fingerprint: impl Fn(&T) -> Fingerprint,
        rows: &mut Vec<(u32, Row<'a>)>,
    ) {
        match self {
            Self::Search(_) => {
                let fingerprints: Vec<Fingerprint> = wanted.iter().map(fingerprint).collect();
                let found = (0..).zip(self.find_all(&fingerprints));
                rows.extend(found.filter_map(|(place, row)| Some((place, row?))));
            }
            Self::InOrder(answers) => {
                // Most of them matter only where enough of a paragraph is known, so that their
                // memory is not fetched here.
                let next = |(place, wanted)| {
                    let row = answers.next(partition_of(fingerprint(wanted)));
                    Some((place, row?))
                };
                rows.extend((0..).zip(wanted).filter_map(next));
            }
        }
    }
}

impl<'a> InOrder<'a> {
    #[inline]
    fn next(&mut self, partition: usize) -> Option<Row<'a>> {
        let tuple = self.next.tuples[partition] as usize;
        self.next.tuples[partition] += 1;
        let (bits, offsets, payload) = self.parts[partition];
        if u64_at(bits, tuple / 64)? >> (tuple % 64) & 1 == 0 {
            return None;
        }
        let offset = self.next.offsets[partition] as usize;
        self.next.offsets[partition] += 1;
        payload.get(u32_at(offsets, offset)? as usize..).map(Row::many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranks_equal_the_definition(answers in proptest::collection::vec(any::<bool>(), 0..300)) {
            let mut all = PartitionAnswers::default();
            for &is_row in &answers {
                all.push(is_row.then_some(5));
            }
            let places = 0..=u32::try_from(answers.len()).unwrap();
            let expected: Vec<u32> = places
                .clone()
                .map(|at| u32::try_from(answers.iter().take(at as usize).filter(|a| **a).count()).unwrap())
                .collect();
            prop_assert_eq!(all.ranks(places).collect::<Vec<_>>(), expected);
        }
    }
}

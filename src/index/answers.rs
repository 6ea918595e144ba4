//! What the index says of each counted fingerprint, in the order in which they were counted.
//!
//! The second pass asks for the same fingerprints in the same order as the first pass counted
//! them, so nothing is searched: the answers of each partition lie in a row and are read off from
//! front to back. One bit a tuple says whether the index has a row, and only then are there numbers:
//! where, and the two counts that are asked for most often. Answers lie in a temporary file that is
//! mapped, so that they need not fit in memory.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::row::Beside;
use super::table::{Index, Search, map};
use super::tuples::Counts;
use super::{PARTITIONS, Row, partition_of};
use crate::error::{Error, Result};
use crate::text::Fingerprint;

/// The answers to the tuples of one partition.
#[derive(Debug, Default)]
pub struct PartitionAnswers {
    /// A bit a tuple: whether there is a row.
    bits: Vec<u64>,
    /// For each row where it lies in the partition's payload, and above that what stands beside it.
    rows: Vec<u64>,
}

impl PartitionAnswers {
    /// Answers to at most so many tuples; none has a row as yet.
    pub(super) fn new(tuples: usize) -> Self {
        Self { bits: vec![0; tuples.div_ceil(64)], rows: Vec::new() }
    }

    /// Answers to so many tuples, of which each may have a row.
    pub(super) fn open(tuples: usize) -> Self {
        Self { rows: vec![NO_ROW; tuples], ..Self::new(tuples) }
    }

    /// Answers some of the open ones.
    pub(super) fn fill(&mut self, answers: impl Iterator<Item = (u32, u32, Beside)>) {
        for (place, offset, beside) in answers {
            self.bits[place as usize / 64] |= 1 << (place % 64);
            self.rows[place as usize] = pack(offset, beside);
        }
    }

    /// Those that are open still have no row.
    pub(super) fn close(&mut self) {
        self.rows.retain(|row| *row != NO_ROW);
    }

    /// Answers the tuple at `place`, which rises: the offset of its row, and what stands beside it.
    #[inline]
    pub(super) fn set(&mut self, place: u32, offset: u32, beside: Beside) {
        self.bits[place as usize / 64] |= 1 << (place % 64);
        self.rows.push(pack(offset, beside));
    }

    /// The answer to the tuple at `place`.
    #[cfg(test)]
    pub(super) fn get(&self, place: u32) -> Option<(u32, Beside)> {
        let rank = self.ranks(std::iter::once(place)).next()? as usize;
        let is_row = self.bits[place as usize / 64] >> (place % 64) & 1 == 1;
        is_row.then(|| read_row(self.rows[rank]))?
    }

    /// How many tuples before each of the rising `places` have a row.
    fn ranks(&self, places: impl Iterator<Item = u32>) -> impl Iterator<Item = u32> {
        let mut rank = Rank::default();
        places.map(move |place| rank.of(&self.bits, place))
    }
}

/// Counts the bits before rising places.
#[derive(Default)]
struct Rank {
    word: usize,
    before: u32,
}

impl Rank {
    #[inline]
    fn of(&mut self, bits: &[u64], place: u32) -> u32 {
        let place = place as usize;
        while self.word < place / 64 {
            self.before += bits[self.word].count_ones();
            self.word += 1;
        }
        let below = bits.get(self.word).map_or(0, |bits| bits & ((1 << (place % 64)) - 1));
        self.before + below.count_ones()
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

/// Where a batch of documents begins: in the bits and in the rows of each partition.
#[derive(Debug)]
struct Start {
    tuples: Counts,
    rows: Counts,
}

impl AnswersWriter {
    /// Writes to an unnamed file in `folder`; batches begin at `starts`.
    pub(super) fn new(file: File, folder: &Path, starts: &[Counts]) -> Self {
        let start = |tuples: &Counts| Start { tuples: *tuples, rows: [0; PARTITIONS] };
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
            start.rows[number] = rank;
        }
        let mut write = |bytes: &[u8]| {
            self.written += bytes.len();
            self.out.write_all(bytes)
        };
        let begin = self.places.last().map_or(0, |place| place.1);
        let result: std::io::Result<()> = (|| {
            answers.bits.iter().try_for_each(|bits| write(&bits.to_le_bytes()))?;
            answers.rows.iter().try_for_each(|row| write(&row.to_le_bytes()))
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
    /// For each partition where its bits end and its rows begin, and where these end.
    places: Vec<(usize, usize)>,
    starts: Vec<Start>,
}

impl Answers {
    /// Finds the rows of batch number `batch`, counted from 0, whose documents must be asked for in
    /// their order.
    pub fn of_batch<'a>(&'a self, index: &'a Index, batch: usize) -> Option<Finder<'a>> {
        let start = self.starts.get(batch)?;
        let bytes: &[u8] = self.map.as_deref().unwrap_or(&[]);
        let parts = (0..PARTITIONS).map(|number| {
            let begin = number.checked_sub(1).map_or(0, |before| self.places[before].1);
            let (middle, end) = self.places[number];
            let slice = |from, to| bytes.get(from..to).unwrap_or(&[]);
            let mut part = Part {
                bits: 0,
                left: 0,
                bytes: slice(begin, middle),
                rows: slice(middle, end),
                payload: index.payload(number),
            };
            part.skip(start.tuples[number] as usize, start.rows[number] as usize);
            part
        });
        Some(Finder::InOrder(InOrder { parts: parts.collect() }))
    }
}

/// Finds the rows of fingerprints.
#[derive(Debug)]
pub enum Finder<'a> {
    /// By searching for them.
    Search(Search<'a>),
    /// By reading off what was found out when they were counted.
    InOrder(InOrder<'a>),
}

/// Answers that are read off in order.
#[derive(Debug)]
pub struct InOrder<'a> {
    parts: Vec<Part<'a>>,
}

/// The answers of a partition that are not read yet.
#[derive(Debug)]
struct Part<'a> {
    /// The next bits, the very next lowest.
    bits: u64,
    /// How many these are.
    left: u32,
    /// Those behind them.
    bytes: &'a [u8],
    rows: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Part<'a> {
    /// Goes past the answers to so many tuples, which have so many rows.
    fn skip(&mut self, tuples: usize, rows: usize) {
        let past = |bytes: &'a [u8], count: usize| bytes.get(8 * count..).unwrap_or(&[]);
        self.bytes = past(self.bytes, tuples / 64);
        self.rows = past(self.rows, rows);
        for _ in 0..tuples % 64 {
            self.is_row();
        }
    }

    /// Whether the next tuple has a row.
    #[inline]
    fn is_row(&mut self) -> bool {
        if self.left == 0 {
            let Some((bits, bytes)) = self.bytes.split_first_chunk() else { return false };
            (self.bits, self.left, self.bytes) = (u64::from_le_bytes(*bits), 64, bytes);
        }
        let is_row = self.bits & 1 == 1;
        self.bits >>= 1;
        self.left -= 1;
        is_row
    }

    /// The row of the next tuple.
    #[inline]
    fn next(&mut self) -> Option<Row<'a>> {
        if !self.is_row() {
            return None;
        }
        let (row, rows) = self.rows.split_first_chunk()?;
        self.rows = rows;
        let (offset, beside) = read_row(u64::from_le_bytes(*row))?;
        Some(Row::many(self.payload.get(offset as usize..)?).with(beside))
    }
}

impl<'a> Finder<'a> {
    /// Searches in `index`.
    pub fn search(index: &'a Index) -> Self {
        Self::Search(Search::new(index))
    }

    /// The row of each of `fingerprints`; read off in order, they must be the next that were
    /// counted.
    pub fn find_all(&mut self, fingerprints: &[Fingerprint]) -> Vec<Option<Row<'a>>> {
        match self {
            Self::Search(search) => {
                let mut rows = vec![None; fingerprints.len()];
                search.rows_of(fingerprints, None, |place, row| rows[place as usize] = Some(row));
                rows
            }
            Self::InOrder(answers) => {
                let next = |&fingerprint| answers.next(partition_of(fingerprint));
                fingerprints.iter().map(next).collect()
            }
        }
    }

    /// Appends place and row of those of `wanted` that have one and do not stand in document `own`
    /// alone; they are looked up as by [`Self::find_all`].
    ///
    /// Most of them matter only where enough of a paragraph is known, so that the memory of their
    /// rows is not fetched here.
    pub fn find_some<T>(
        &mut self,
        (wanted, fingerprint): (&[T], impl Fn(&T) -> Fingerprint),
        own: Option<u32>,
        rows: &mut Vec<(u32, Row<'a>)>,
    ) {
        match self {
            Self::Search(search) => {
                let fingerprints: Vec<Fingerprint> = wanted.iter().map(fingerprint).collect();
                search.rows_of(&fingerprints, own, |place, row| rows.push((place, row)));
            }
            Self::InOrder(answers) => {
                let next = |(place, wanted)| {
                    let row = answers.next(partition_of(fingerprint(wanted)));
                    Some((place, row?))
                };
                rows.reserve(wanted.len() / 2);
                rows.extend((0..).zip(wanted).filter_map(next));
            }
        }
    }
}

impl<'a> InOrder<'a> {
    #[inline]
    fn next(&mut self, partition: usize) -> Option<Row<'a>> {
        self.parts.get_mut(partition)?.next()
    }
}

/// In place of a row; no row lies so far out.
const NO_ROW: u64 = u64::MAX;

/// Where a row lies, and what stands beside it, as [`read_row`] reads them.
#[inline]
fn pack(offset: u32, Beside { here, all }: Beside) -> u64 {
    u64::from(all) << 48 | u64::from(here) << 32 | u64::from(offset)
}

/// Where a row lies, and what stands beside it.
#[inline]
fn read_row(row: u64) -> Option<(u32, Beside)> {
    let [offset, here, all] = [row & 0xFFFF_FFFF, row >> 32 & 0xFFFF, row >> 48];
    let beside = Beside { here: u16::try_from(here).ok()?, all: u16::try_from(all).ok()? };
    Some((u32::try_from(offset).ok()?, beside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranks_equal_the_definition(answers in proptest::collection::vec(any::<bool>(), 0..300)) {
            let mut all = PartitionAnswers::new(answers.len());
            for (place, _) in (0..).zip(&answers).filter(|(_, is_row)| **is_row) {
                all.set(place, 5, Beside::default());
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

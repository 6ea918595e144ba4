//! The rows of what stands in two documents or more, straight from the tuples of a partition.
//!
//! Most fingerprints stand in one document and need no row. A filter of two bits a fingerprint
//! (seen, seen again) leaves them out in two passes over the tuples that touch little memory;
//! what is left is grouped in a table. Sorting all tuples took four times as long. Where that would
//! take too much memory, fingerprints are grouped slice by slice.

use super::answers::PartitionAnswers;
use super::row::{Beside, RowBuilder, on_site, standing};
use super::tuples::{TUPLE_BYTES, Tuple, read};
use crate::text::Fingerprint;

/// What the rows need to know of the documents.
pub(super) struct Numbering<'a> {
    /// New numbers by those under which documents were counted.
    pub(super) numbers: &'a Numbers,
    /// Site by new number.
    pub(super) sites: &'a [u32],
    /// Identity by new number.
    pub(super) identities: &'a [u64],
}

/// The new numbers of the documents of one count.
#[derive(Debug)]
pub(super) enum Numbers {
    /// Those they have.
    Kept,
    /// By old number.
    Anew(Vec<u32>),
}

impl Numbers {
    #[inline]
    pub(super) fn of(&self, old: u32) -> u32 {
        match self {
            Self::Kept => old,
            Self::Anew(numbers) => numbers[old as usize],
        }
    }
}

impl Numbering<'_> {
    /// The site of a document by the number under which it was counted.
    #[inline]
    fn site_of(&self, document: u32) -> u32 {
        self.sites[self.numbers.of(document) as usize]
    }
}

/// Turns the tuples of a partition into rows and answers; keeps its space from one to the next.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    pub(super) tuples: Vec<u8>,
    filter: Vec<[u64; 2]>,
    candidates: Vec<Candidate>,
    /// Number of each candidate's group.
    group_of: Vec<u32>,
    groups: Vec<Group>,
    table: Vec<u32>,
    documents: Vec<u64>,
    row: RowBuilder,
}

/// A tuple whose fingerprint may stand twice.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    fingerprint: u64,
    /// The number of its document, and in the lowest bit whether that begins with it.
    number: u32,
    /// Its place among the tuples of the partition.
    place: u32,
}

/// The candidates that share a fingerprint.
#[derive(Debug, Clone, Copy)]
struct Group {
    fingerprint: u64,
    documents: u32,
    /// The document counted last.
    last: u32,
    /// Where its documents end in [`Repeated::documents`], when they are gathered.
    end: u32,
    /// Where its row lies.
    row: u32,
}

impl Group {
    /// Where its documents lie, when they are gathered.
    fn range(&self) -> std::ops::Range<usize> {
        (self.end - self.documents) as usize..self.end as usize
    }
}

/// Bits of the filter for each tuple: one in eight of the single ones is taken for repeated.
const FILTER_BITS: usize = 8;
/// What grouping takes for each tuple, in bytes, when all of them repeat.
const GROUPING_BYTES: usize = 64;

impl Repeated {
    /// The payload of the rows of `self.tuples`, which are of partition number `partition`, and
    /// the answer to each tuple; grouping takes about `memory_bytes`.
    pub(super) fn rows(
        &mut self,
        partition: usize,
        memory_bytes: usize,
        numbering: &Numbering,
    ) -> (Vec<u8>, PartitionAnswers) {
        let count = self.tuples.len() / TUPLE_BYTES;
        let slices = count.div_ceil((memory_bytes / GROUPING_BYTES).max(1)).clamp(1, SLICES_MAX);
        let mut payload = Vec::new();
        self.fill_filter(partition);
        if slices == 1 {
            let mut answers = PartitionAnswers::new(count);
            self.encode_slice(partition, (0, 1), numbering, &mut payload);
            self.answers(numbering)
                .for_each(|(place, row, beside)| answers.set(place, row, beside));
            return (payload, answers);
        }
        let places = (0..).zip(read(&self.tuples, partition));
        let places = places.filter(|(_, tuple)| self.may_repeat(tuple.fingerprint));
        let mut answers = PartitionAnswers::open(count, places.map(|(place, _)| place));
        for slice in 0..slices {
            self.encode_slice(partition, (slice, slices), numbering, &mut payload);
            answers.fill(self.answers(numbering));
        }
        answers.close();
        (payload, answers)
    }

    /// Groups the candidates of a slice and encodes their rows.
    fn encode_slice(
        &mut self,
        partition: usize,
        slice: (usize, usize),
        numbering: &Numbering,
        payload: &mut Vec<u8>,
    ) {
        self.choose(partition, slice);
        self.group();
        self.gather(numbering);
        self.encode(numbering, payload);
    }

    /// Place, row and counts of each candidate that has a row.
    fn answers(&self, numbering: &Numbering) -> impl Iterator<Item = (u32, u32, Beside)> {
        self.candidates.iter().zip(&self.group_of).filter_map(|(candidate, &group)| {
            let group = &self.groups[group as usize];
            (group.documents > 1).then(|| {
                let site = numbering.site_of(candidate.number >> 1);
                let here = on_site(&self.documents[group.range()], site);
                let here = u32::try_from(here).unwrap_or(u32::MAX);
                (candidate.place, group.row, Beside::new(here, group.documents))
            })
        })
    }

    /// Marks what is seen once, and again.
    fn fill_filter(&mut self, partition: usize) {
        let count = self.tuples.len() / TUPLE_BYTES;
        let words = (count * FILTER_BITS / 64).next_power_of_two().max(16);
        self.filter.clear();
        self.filter.resize(words, [0; 2]);
        for tuple in read(&self.tuples, partition) {
            let (at, bit) = self.place(tuple.fingerprint);
            let [seen, again] = &mut self.filter[at];
            *again |= *seen & bit;
            *seen |= bit;
        }
    }

    /// Takes the tuples of a slice whose fingerprint may stand twice for candidates.
    fn choose(&mut self, partition: usize, (slice, slices): (usize, usize)) {
        self.candidates.clear();
        for (place, tuple) in (0..).zip(read(&self.tuples, partition)) {
            if self.may_repeat(tuple.fingerprint) && slice_of(tuple.fingerprint, slices) == slice {
                let Tuple { fingerprint, number, is_head } = tuple;
                let number = number << 1 | u32::from(is_head);
                self.candidates.push(Candidate { fingerprint, number, place });
            }
        }
    }

    /// Word and bit of a fingerprint in the filter: any bits but those of the partition and the
    /// kind, as all are well mixed.
    #[inline]
    fn place(&self, fingerprint: u64) -> (usize, u64) {
        let at = usize::try_from(fingerprint >> 16 & 0xFFFF_FFFF).unwrap_or(0);
        (at & (self.filter.len() - 1), 1 << (fingerprint >> 2 & 63))
    }

    #[inline]
    fn may_repeat(&self, fingerprint: u64) -> bool {
        let (at, bit) = self.place(fingerprint);
        self.filter[at][1] & bit != 0
    }

    /// Finds the group of each candidate and counts its documents.
    fn group(&mut self) {
        let slots = (2 * self.candidates.len()).next_power_of_two().max(16);
        self.table.clear();
        self.table.resize(slots, 0);
        self.groups.clear();
        self.group_of.clear();
        for candidate in &self.candidates {
            let number_of_document = candidate.number >> 1;
            let mut at = usize::try_from(candidate.fingerprint >> 12 & 0xFFFF_FFFF).unwrap_or(0);
            let number = loop {
                at &= slots - 1;
                let Some(number) = self.table[at].checked_sub(1) else {
                    self.groups.push(Group {
                        fingerprint: candidate.fingerprint,
                        documents: 0,
                        last: u32::MAX,
                        end: 0,
                        row: 0,
                    });
                    self.table[at] = u32::try_from(self.groups.len()).expect("fewer than tuples");
                    break self.table[at] - 1;
                };
                if self.groups[number as usize].fingerprint == candidate.fingerprint {
                    break number;
                }
                at += 1;
            };
            let group = &mut self.groups[number as usize];
            group.documents += u32::from(group.last != number_of_document);
            group.last = number_of_document;
            self.group_of.push(number);
        }
    }

    /// Puts the documents of each repeated group together, in their order.
    fn gather(&mut self, numbering: &Numbering) {
        let mut place = 0;
        for group in self.groups.iter_mut().filter(|group| group.documents > 1) {
            group.end = place;
            place += group.documents;
            group.last = u32::MAX;
        }
        self.documents.clear();
        self.documents.resize(place as usize, 0);
        for (candidate, &number) in self.candidates.iter().zip(&self.group_of) {
            let group = &mut self.groups[number as usize];
            if group.documents < 2 {
                continue;
            }
            let (document, is_head) = (candidate.number >> 1, candidate.number & 1 == 1);
            if group.last == document {
                // Of a document that holds it at its head and elsewhere, the head counts.
                self.documents[group.end as usize - 1] |= u64::from(is_head);
                continue;
            }
            let new = numbering.numbers.of(document);
            self.documents[group.end as usize] =
                standing(numbering.site_of(document), new, is_head);
            group.last = document;
            group.end += 1;
        }
    }

    /// Encodes the row of each repeated group; its documents are sorted.
    fn encode(&mut self, numbering: &Numbering, payload: &mut Vec<u8>) {
        for group in self.groups.iter_mut().filter(|group| group.documents > 1) {
            let documents = &mut self.documents[group.range()];
            group.row = u32::try_from(payload.len()).expect("rows of a partition are few");
            let identity = |number: u32| numbering.identities[number as usize];
            self.row.encode_documents(Fingerprint(group.fingerprint), documents, identity, payload);
        }
    }
}

/// More would read the tuples too often.
const SLICES_MAX: usize = 256;

/// Which of `slices` a fingerprint is in: by bits that nothing else is chosen by.
#[inline]
fn slice_of(fingerprint: u64, slices: usize) -> usize {
    let bits = usize::try_from(fingerprint >> 48 & 0xFF).unwrap_or(0);
    (bits * slices) >> 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::row::Row;
    use crate::index::tuples::Tuples;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn rows_and_answers_equal_the_definition(
            counted in proptest::collection::vec((0_u64..40, 0_u32..4, any::<bool>()), 0..300),
            sites in proptest::collection::vec(0_u32..3, 1200),
            is_tight: bool,
        ) {
            let mut tuples = Tuples::new(0, &std::env::temp_dir());
            let mut number = 0;
            let mut holders: BTreeMap<u64, BTreeMap<u32, bool>> = BTreeMap::new();
            let mut places = Vec::new();
            for (low, above, is_head) in counted {
                number += above;
                // Of the first partition, spread over the slices, and of the kind of a paragraph.
                let fingerprint = low << 50 | low << 20;
                tuples.push(Tuple { fingerprint, number, is_head }).unwrap();
                *holders.entry(fingerprint).or_default().entry(number).or_default() |= is_head;
                places.push((fingerprint, number));
            }
            let identities: Vec<u64> = (0..1200).map(|n| n * 7919 % 1201).collect();
            let numbering = Numbering { numbers: &Numbers::Kept, sites: &sites, identities: &identities };
            let mut repeated = Repeated::default();
            tuples.bytes_of(0, &mut repeated.tuples).unwrap();
            let memory = if is_tight { 0 } else { 1 << 20 };
            let (payload, answers) = repeated.rows(0, memory, &numbering);
            for (place, (fingerprint, number)) in (0..).zip(places) {
                let holders = &holders[&fingerprint];
                let found = answers.get(place);
                prop_assert_eq!(found.is_some(), holders.len() > 1);
                let Some((offset, beside)) = found else { continue };
                let row = Row::many(&payload[offset as usize..]);
                let site = sites[number as usize];
                let here = holders.keys().filter(|&&other| sites[other as usize] == site);
                let here = u32::try_from(here.count()).unwrap();
                let all = u32::try_from(holders.len()).unwrap();
                prop_assert_eq!(beside, Beside::new(here, all));
                let heads = holders.values().filter(|is_head| **is_head).count();
                let totals = row.totals();
                prop_assert_eq!((totals.documents, totals.heads as usize), (all, heads));
                prop_assert_eq!(row.on_site(site).map(|count| count.documents), Some(here));
            }
        }
    }
}

//! The rows of what stands in two documents or more, straight from the tuples of a partition.
//!
//! Most fingerprints stand in one document and need no row. A filter of two bits a fingerprint
//! (seen, seen again) leaves them out in two passes over the tuples that touch little memory;
//! what is left is grouped in a table. Sorting all tuples took four times as long.

use super::answers::PartitionAnswers;
use super::row::{RowBuilder, standing};
use super::tuples::{TUPLE_BYTES, Tuple, read};
use crate::text::Fingerprint;

/// What the rows need to know of the documents.
pub(super) struct Numbering<'a> {
    /// New number of each document as it was counted.
    pub(super) numbers: &'a [u32],
    /// Site by new number.
    pub(super) sites: &'a [u32],
    /// Identity by new number.
    pub(super) identities: &'a [u64],
}

/// Turns the tuples of a partition into rows and answers; keeps its space from one to the next.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    pub(super) tuples: Vec<u8>,
    filter: Vec<[u64; 2]>,
    candidates: Vec<Tuple>,
    /// Number of each candidate's group.
    group_of: Vec<u32>,
    groups: Vec<Group>,
    table: Vec<u32>,
    documents: Vec<u64>,
    row: RowBuilder,
}

/// The candidates that share a fingerprint.
#[derive(Debug, Clone, Copy)]
struct Group {
    fingerprint: u64,
    documents: u32,
    /// The document counted last.
    last: u32,
    /// Where its documents begin in [`Repeated::documents`]; then where its row lies.
    place: usize,
}

/// Bits of the filter for each tuple: one in eight of the single ones is taken for repeated.
const FILTER_BITS: usize = 8;

impl Repeated {
    /// The payload of the rows of `self.tuples`, which are of partition number `partition`, and
    /// the answer to each tuple.
    pub(super) fn rows(
        &mut self,
        partition: usize,
        numbering: &Numbering,
    ) -> (Vec<u8>, PartitionAnswers) {
        self.choose(partition);
        self.group();
        self.gather(numbering);
        let mut payload = Vec::new();
        self.encode(numbering, &mut payload);
        let mut answers = PartitionAnswers::default();
        let mut group_of = self.group_of.iter();
        for tuple in read(&self.tuples, partition) {
            let group = if self.may_repeat(tuple.fingerprint) { group_of.next() } else { None };
            let group = group.map(|&group| self.groups[group as usize]);
            answers.push(group.filter(|group| group.documents > 1).map(|group| group.place));
        }
        (payload, answers)
    }

    /// Takes the tuples whose fingerprint may stand twice for candidates.
    fn choose(&mut self, partition: usize) {
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
        self.candidates.clear();
        for tuple in read(&self.tuples, partition) {
            if self.may_repeat(tuple.fingerprint) {
                self.candidates.push(tuple);
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
        for tuple in &self.candidates {
            let mut at = usize::try_from(tuple.fingerprint >> 12 & 0xFFFF_FFFF).unwrap_or(0);
            let number = loop {
                at &= slots - 1;
                let Some(number) = self.table[at].checked_sub(1) else {
                    self.groups.push(Group {
                        fingerprint: tuple.fingerprint,
                        documents: 0,
                        last: u32::MAX,
                        place: 0,
                    });
                    self.table[at] = u32::try_from(self.groups.len()).expect("fewer than tuples");
                    break self.table[at] - 1;
                };
                if self.groups[number as usize].fingerprint == tuple.fingerprint {
                    break number;
                }
                at += 1;
            };
            let group = &mut self.groups[number as usize];
            group.documents += u32::from(group.last != tuple.number);
            group.last = tuple.number;
            self.group_of.push(number);
        }
    }

    /// Puts the documents of each repeated group together, in their order.
    fn gather(&mut self, numbering: &Numbering) {
        let mut place = 0;
        for group in self.groups.iter_mut().filter(|group| group.documents > 1) {
            group.place = place;
            place += group.documents as usize;
            group.last = u32::MAX;
        }
        self.documents.clear();
        self.documents.resize(place, 0);
        for (tuple, &number) in self.candidates.iter().zip(&self.group_of) {
            let group = &mut self.groups[number as usize];
            if group.documents < 2 {
                continue;
            }
            if group.last == tuple.number {
                // Of a document that holds it at its head and elsewhere, the head counts.
                self.documents[group.place - 1] |= u64::from(tuple.is_head);
                continue;
            }
            let new = numbering.numbers[tuple.number as usize];
            let site = numbering.sites[new as usize];
            self.documents[group.place] = standing(site, new, tuple.is_head);
            group.last = tuple.number;
            group.place += 1;
        }
    }

    /// Encodes the row of each repeated group; its place becomes that of the row.
    fn encode(&mut self, numbering: &Numbering, payload: &mut Vec<u8>) {
        for group in self.groups.iter_mut().filter(|group| group.documents > 1) {
            let documents =
                &mut self.documents[group.place - group.documents as usize..group.place];
            group.place = payload.len();
            let identity = |number: u32| numbering.identities[number as usize];
            self.row.encode_documents(Fingerprint(group.fingerprint), documents, identity, payload);
        }
    }
}

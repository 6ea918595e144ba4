//! The rows of what stands in two documents or more, straight from the tuples of a partition.
//!
//! Most fingerprints stand in one document and need no row. Tuples are put into buckets by their
//! fingerprints, and a few buckets grouped at a time, so that the table stays in the cache; rows are
//! then made in the order in which their fingerprints were counted first. Of small partitions, a filter of
//! two bits a fingerprint (seen, seen again) leaves single ones out beforehand. Sorting all tuples took four
//! times as long. Where that would take too much memory, tuples are grouped slice by slice.

use std::ops::Range;

use super::answers::PartitionAnswers;
use super::row::{Beside, RowBuilder, number_of, on_site, site_of, standing};
use super::summands::Numbers;
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

/// Turns the tuples of a partition into rows and answers; keeps its space from one to the next.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    pub(super) tuples: Vec<u8>,
    /// Empty where all tuples are to be grouped.
    filter: Vec<[u64; 2]>,
    /// The places of a slice's tuples that may repeat among those of the partition, rising.
    places: Vec<u32>,
    /// What is found of each.
    found: Vec<Found>,
    /// These tuples by bucket.
    buckets: Vec<Bucketed>,
    groups: Vec<Group>,
    /// By group, as [`standing`] spells them, sorted.
    documents: Vec<u64>,
    grouping: Grouping,
    row: RowBuilder,
}

/// A tuple in its bucket.
#[derive(Debug, Clone, Copy, Default)]
struct Bucketed {
    fingerprint: u64,
    /// Its document; see [`standing`].
    standing: u64,
    /// Its index in [`Repeated::places`].
    index: u32,
}

/// Which row a tuple has, and what stands beside it; none where the group is [`NO_GROUP`].
#[derive(Debug, Clone, Copy)]
struct Found {
    group: u32,
    beside: Beside,
}

const NO_GROUP: u32 = u32::MAX;

/// A fingerprint that stands in several documents.
#[derive(Debug, Clone)]
struct Group {
    fingerprint: u64,
    /// Where its documents lie in [`Repeated::documents`].
    documents: Range<u32>,
    /// Where its row lies; [`NO_ROW`] until it is encoded.
    row: u32,
}

const NO_ROW: u32 = u32::MAX;

impl Group {
    fn range(&self) -> Range<usize> {
        self.documents.start as usize..self.documents.end as usize
    }
}

/// Partitions of more tuples have no filter: it would not stay in the cache. With one, a crawl of 100 MB
/// takes a twentieth less; without, one of 4 GB a twenty-fifth.
const FILTERED_TUPLES_MAX: usize = 256 << 10;
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
        if self.tuples.len() / TUPLE_BYTES <= FILTERED_TUPLES_MAX {
            self.fill_filter(partition);
        } else {
            self.filter.clear();
        }
        self.filtered_rows(partition, memory_bytes, numbering)
    }

    /// The same of what the filter, if there is one, lets through.
    fn filtered_rows(
        &mut self,
        partition: usize,
        memory_bytes: usize,
        numbering: &Numbering,
    ) -> (Vec<u8>, PartitionAnswers) {
        let count = self.tuples.len() / TUPLE_BYTES;
        let slices = count.div_ceil((memory_bytes / GROUPING_BYTES).max(1)).clamp(1, SLICES_MAX);
        let mut payload = Vec::new();
        if slices == 1 {
            let mut answers = PartitionAnswers::new(count);
            self.encode_slice(partition, (0, 1), numbering, &mut payload);
            self.answers().for_each(|(place, row, beside)| answers.set(place, row, beside));
            return (payload, answers);
        }
        let mut answers = PartitionAnswers::open(count);
        for slice in 0..slices {
            self.encode_slice(partition, (slice, slices), numbering, &mut payload);
            answers.fill(self.answers());
        }
        answers.close();
        (payload, answers)
    }

    /// Groups the tuples of a slice and encodes their rows.
    fn encode_slice(
        &mut self,
        partition: usize,
        slice: (usize, usize),
        numbering: &Numbering,
        payload: &mut Vec<u8>,
    ) {
        let ends = self.fill_buckets(partition, slice, numbering);
        let count = self.places.len();
        self.found.clear();
        self.found.resize(count, Found { group: NO_GROUP, beside: Beside::default() });
        self.groups.clear();
        self.documents.clear();
        let together = (BUCKETS * CACHED_TUPLES / count.max(1)).clamp(1, BUCKETS);
        let mut start = 0;
        for ends in ends.chunks(together) {
            let end = ends.last().map_or(start, |end| *end as usize);
            self.find(start..end);
            start = end;
        }
        self.encode(numbering, payload);
    }

    /// Place, row and counts of each tuple of the slice that has a row.
    fn answers(&self) -> impl Iterator<Item = (u32, u32, Beside)> {
        let all = self.places.iter().zip(&self.found);
        all.filter(|(_, found)| found.group != NO_GROUP)
            .map(|(&place, found)| (place, self.groups[found.group as usize].row, found.beside))
    }

    /// Marks what is seen once, and again.
    fn fill_filter(&mut self, partition: usize) {
        let count = self.tuples.len() / TUPLE_BYTES;
        self.filter.clear();
        let words = (count * FILTER_BITS / 64).next_power_of_two().max(16);
        self.filter.resize(words, [0; 2]);
        for tuple in read(&self.tuples, partition) {
            let (at, bit) = filter_place(words, tuple.fingerprint);
            let [seen, again] = &mut self.filter[at];
            *again |= *seen & bit;
            *seen |= bit;
        }
    }

    /// Puts the tuples of a slice that may repeat into buckets, in their order; gives where each bucket ends.
    fn fill_buckets(
        &mut self,
        partition: usize,
        (slice, slices): (usize, usize),
        numbering: &Numbering,
    ) -> [u32; BUCKETS] {
        let Self { tuples, filter, places, buckets, .. } = self;
        let may_repeat = |fingerprint| {
            let (at, bit) = filter_place(filter.len(), fingerprint);
            filter.get(at).is_none_or(|[_, again]| again & bit != 0)
        };
        let is_wanted = |(_, tuple): &(u32, Tuple)| {
            may_repeat(tuple.fingerprint) && slice_of(tuple.fingerprint, slices) == slice
        };
        let wanted = || (0..).zip(read(tuples, partition)).filter(is_wanted);
        places.clear();
        let mut ends = [0_u32; BUCKETS];
        for (place, tuple) in wanted() {
            places.push(place);
            ends[bucket_of(tuple.fingerprint)] += 1;
        }
        let mut start = 0;
        for end in &mut ends {
            (*end, start) = (start, start + *end);
        }
        buckets.resize(places.len(), Bucketed::default());
        for (index, (_, Tuple { fingerprint, number, is_head })) in (0..).zip(wanted()) {
            let number = numbering.numbers.of(number);
            let standing = standing(numbering.sites[number as usize], number, is_head);
            let end = &mut ends[bucket_of(fingerprint)];
            buckets[*end as usize] = Bucketed { fingerprint, standing, index };
            *end += 1;
        }
        ends
    }

    /// Finds what there is of some tuples, which share their fingerprints with no others.
    fn find(&mut self, range: Range<usize>) {
        let Self { found, buckets, groups, documents, grouping, .. } = self;
        let tuples = &buckets[range];
        let first = groups.len();
        grouping.group(tuples);
        grouping.gather(tuples, groups, documents);
        for group in &groups[first..] {
            documents[group.range()].sort_unstable();
        }
        for (tuple, number) in tuples.iter().zip(grouping.kept()) {
            if let Some(group) = groups.get(number as usize) {
                let here = on_site(&documents[group.range()], site_of(tuple.standing));
                let here = u32::try_from(here).unwrap_or(u32::MAX);
                let all = group.documents.end - group.documents.start;
                found[tuple.index as usize] =
                    Found { group: number, beside: Beside::new(here, all) };
            }
        }
    }

    /// Encodes the row of each group, in the order in which they were counted first: so those of a
    /// document lie near each other.
    fn encode(&mut self, numbering: &Numbering, payload: &mut Vec<u8>) {
        let identity = |number: u32| numbering.identities[number as usize];
        for found in self.found.iter().filter(|found| found.group != NO_GROUP) {
            let group = &mut self.groups[found.group as usize];
            if group.row == NO_ROW {
                group.row = u32::try_from(payload.len()).expect("rows of a partition are few");
                let documents = &self.documents[group.range()];
                let fingerprint = Fingerprint(group.fingerprint);
                self.row.encode_documents(fingerprint, documents, identity, payload);
            }
        }
    }
}

/// Groups tuples by their fingerprints; keeps its space from one time to the next.
#[derive(Debug, Default)]
struct Grouping {
    fingerprints: Vec<Counted>,
    /// Which of them each tuple has.
    counted_of: Vec<u32>,
    /// Their numbers, one more, by hash.
    table: Vec<u32>,
}

/// A fingerprint among those that are grouped.
#[derive(Debug, Clone, Copy)]
struct Counted {
    fingerprint: u64,
    documents: u32,
    /// The number of the document counted last.
    last: u32,
    /// Its number among the groups, or [`NO_GROUP`].
    group: u32,
    /// Where its next document is put.
    next: u32,
}

impl Counted {
    fn new(fingerprint: u64) -> Self {
        Self { fingerprint, documents: 0, last: u32::MAX, group: NO_GROUP, next: 0 }
    }
}

impl Grouping {
    /// Counts the documents of each fingerprint of `tuples`.
    fn group(&mut self, tuples: &[Bucketed]) {
        let Self { fingerprints, counted_of, table } = self;
        let slots = (2 * tuples.len()).next_power_of_two().max(16);
        table.clear();
        table.resize(slots, 0);
        fingerprints.clear();
        counted_of.clear();
        counted_of.extend(tuples.iter().map(|tuple| {
            let mut at = usize::try_from(tuple.fingerprint >> 12 & 0xFFFF_FFFF).unwrap_or(0);
            let number = loop {
                at &= slots - 1;
                let Some(number) = table[at].checked_sub(1) else {
                    fingerprints.push(Counted::new(tuple.fingerprint));
                    let count = u32::try_from(fingerprints.len());
                    table[at] = count.expect("a partition holds fewer than 2^32 tuples");
                    break table[at] - 1;
                };
                if fingerprints[number as usize].fingerprint == tuple.fingerprint {
                    break number;
                }
                at += 1;
            };
            let counted = &mut fingerprints[number as usize];
            let document = number_of(tuple.standing);
            counted.documents += u32::from(counted.last != document);
            counted.last = document;
            number
        }));
    }

    /// Appends a group for each fingerprint of several documents, and these documents in the order of
    /// counting.
    fn gather(&mut self, tuples: &[Bucketed], groups: &mut Vec<Group>, documents: &mut Vec<u64>) {
        let small = |count: usize| u32::try_from(count).expect("fewer than tuples");
        let mut end = small(documents.len());
        for counted in self.fingerprints.iter_mut().filter(|counted| counted.documents > 1) {
            (counted.group, counted.next) = (small(groups.len()), end);
            counted.last = u32::MAX;
            end += counted.documents;
            let fingerprint = counted.fingerprint;
            groups.push(Group { fingerprint, documents: counted.next..end, row: NO_ROW });
        }
        documents.resize(end as usize, 0);
        for (tuple, &number) in tuples.iter().zip(&self.counted_of) {
            let counted = &mut self.fingerprints[number as usize];
            if counted.group == NO_GROUP {
                continue;
            }
            if counted.last == number_of(tuple.standing) {
                // Of a document that holds it at its head and elsewhere, the head counts.
                documents[counted.next as usize - 1] |= tuple.standing;
                continue;
            }
            counted.last = number_of(tuple.standing);
            documents[counted.next as usize] = tuple.standing;
            counted.next += 1;
        }
    }

    /// The number of each tuple's group, or [`NO_GROUP`].
    fn kept(&self) -> impl Iterator<Item = u32> {
        self.counted_of.iter().map(|&number| self.fingerprints[number as usize].group)
    }
}

/// Word and bit of a fingerprint in a filter of `words`, a power of two or none: any bits but those of the
/// partition and the kind, as all are well mixed.
#[inline]
fn filter_place(words: usize, fingerprint: u64) -> (usize, u64) {
    let at = usize::try_from(fingerprint >> 16 & 0xFFFF_FFFF).unwrap_or(0);
    (at & words.wrapping_sub(1), 1 << (fingerprint >> 2 & 63))
}

/// Tuples are put into so many buckets, and as many buckets grouped at a time as hold this many of them;
/// few in tests, which else would group all at once.
const BUCKETS: usize = 256;
const CACHED_TUPLES: usize = if cfg!(test) { 16 } else { 4 << 10 };

/// The bucket of a fingerprint: by bits that nothing else is chosen by.
#[inline]
fn bucket_of(fingerprint: u64) -> usize {
    usize::from(fingerprint.to_le_bytes()[5])
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
            is_anew: bool,
            has_filter: bool,
        ) {
            let mut tuples = Tuples::new(0, &std::env::temp_dir());
            let mut number = 0;
            let mut holders: BTreeMap<u64, BTreeMap<u32, bool>> = BTreeMap::new();
            let mut places = Vec::new();
            for (low, above, is_head) in counted {
                number += above;
                // Of the first partition, spread over slices and buckets, and of the kind of a paragraph.
                let fingerprint = low << 50 | low << 40 | low << 20;
                tuples.push(Tuple { fingerprint, number, is_head }).unwrap();
                *holders.entry(fingerprint).or_default().entry(number).or_default() |= is_head;
                places.push((fingerprint, number));
            }
            let identities: Vec<u64> = (0..1200).map(|n| n * 7919 % 1201).collect();
            let numbers = if is_anew { Numbers::Anew((0..1200).rev().collect()) } else { Numbers::Kept };
            let numbering = Numbering { numbers: &numbers, sites: &sites, identities: &identities };
            let mut repeated = Repeated::default();
            tuples.bytes_of(0, &mut repeated.tuples).unwrap();
            let memory = if is_tight { 0 } else { 1 << 20 };
            if has_filter {
                repeated.fill_filter(0);
            }
            let (payload, answers) = repeated.filtered_rows(0, memory, &numbering);
            for (place, (fingerprint, number)) in (0..).zip(places) {
                let holders = &holders[&fingerprint];
                let found = answers.get(place);
                prop_assert_eq!(found.is_some(), holders.len() > 1);
                let Some((offset, beside)) = found else { continue };
                let row = Row::many(&payload[offset as usize..]);
                let site_of = |old: u32| sites[numbers.of(old) as usize];
                let site = site_of(number);
                let here = holders.keys().filter(|&&other| site_of(other) == site);
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

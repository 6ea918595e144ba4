//! One row of an index: what is counted of one fingerprint, and its bytes.
//!
//! ```text
//! sites, documents, heads           varints: totals
//! directory                         (site u32, offset u32) each, where more than a few sites hold it
//! site, documents, heads, sample    varints for each site, by rising site; the sample is its length,
//!                                   then differences of rising document numbers
//! ```

use super::SAMPLE;
use super::format::u32_at;
use crate::text::Fingerprint;
use crate::text::shingle::Kind;
use crate::varint::{push_varint, take_u32};

/// Rising document numbers: the first document and those of least identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    len: u8,
    numbers: [u32; SAMPLE + 1],
}

impl std::ops::Deref for Sample {
    type Target = [u32];
    fn deref(&self) -> &[u32] {
        self.numbers.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

/// How often a fingerprint stands on one site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteCount {
    /// Index into [`super::Index::sites`].
    pub site: u32,
    /// Documents of the site that hold it.
    pub documents: u32,
    /// How many of them begin with it.
    pub heads: u32,
    /// Some of these documents.
    pub sample: Sample,
}

/// All that an index knows of one fingerprint.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    content: Content<'a>,
    beside: Beside,
}

/// Two counts that were kept beside a row, so that it need not be read for them; 0 where they were
/// not, or are too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Beside {
    /// Documents on the site of the document that it was found for.
    pub(super) here: u16,
    /// Documents on all sites.
    pub(super) all: u16,
}

impl Beside {
    pub(super) fn new(here: u32, all: u32) -> Self {
        let small = |count| u16::try_from(count).unwrap_or(0);
        Self { here: small(here), all: small(all) }
    }
}

#[derive(Debug, Clone, Copy)]
enum Content<'a> {
    One { number: u32, site: u32, heads: u32 },
    Many(&'a [u8]),
}

/// Counts of a fingerprint over all sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Sites that hold it.
    pub sites: u32,
    /// Documents that hold it.
    pub documents: u32,
    /// Documents that begin with it.
    pub heads: u32,
}

/// Rows on more sites have a directory.
const UNSORTED_SITES_MAX: u32 = 4;
/// Bytes of one entry of the directory.
const DIRECTORY_ENTRY_BYTES: usize = 8;

impl<'a> Row<'a> {
    /// The row of a fingerprint that stands in document `number` of `site` alone.
    pub(super) fn one(number: u32, site: u32, heads: u32) -> Self {
        Self { content: Content::One { number, site, heads }, beside: Beside::default() }
    }

    /// The row at the head of `bytes`.
    pub(super) fn many(bytes: &'a [u8]) -> Self {
        Self { content: Content::Many(bytes), beside: Beside::default() }
    }

    /// The same row with what was kept beside it.
    #[inline]
    pub(super) fn with(self, beside: Beside) -> Self {
        Self { beside, ..self }
    }

    /// Documents that hold the fingerprint.
    #[inline]
    pub fn documents(&self) -> u32 {
        match self.beside.all {
            0 => self.totals().documents,
            all => u32::from(all),
        }
    }

    /// Documents of `site` that hold it, which must be the site of the document that the row was
    /// found for.
    #[inline]
    pub fn documents_here(&self, site: Option<u32>) -> u32 {
        match self.beside.here {
            0 => site.and_then(|site| self.on_site(site)).map_or(0, |count| count.documents),
            here => u32::from(here),
        }
    }

    /// A byte of what must be fetched to read the row.
    #[inline]
    pub(crate) fn first_byte(&self) -> u8 {
        match self.content {
            Content::One { .. } => 0,
            Content::Many(bytes) => bytes.first().copied().unwrap_or(0),
        }
    }

    /// The counts by site, in the order of the sites.
    pub fn sites(&self) -> Sites<'a> {
        match self.content {
            Content::One { number, site, heads } => {
                let mut sample = Sample { len: 1, ..Sample::default() };
                sample.numbers[0] = number;
                Sites {
                    one: Some(SiteCount { site, documents: 1, heads, sample }),
                    bytes: &[],
                    left: 0,
                }
            }
            Content::Many(bytes) => {
                let (bytes, left) = after_totals(bytes).unwrap_or_default();
                Sites { one: None, bytes, left }
            }
        }
    }

    /// The counts over all sites.
    #[inline]
    pub fn totals(&self) -> Totals {
        match self.content {
            Content::One { heads, .. } => Totals { sites: 1, documents: 1, heads },
            Content::Many(mut bytes) => take_totals(&mut bytes).unwrap_or_default(),
        }
    }

    /// The counts on one site.
    pub fn on_site(&self, wanted: u32) -> Option<SiteCount> {
        match self.content {
            Content::One { site, .. } if site != wanted => None,
            Content::One { .. } => self.sites().next(),
            Content::Many(mut bytes) => {
                let sites = take_totals(&mut bytes)?.sites;
                if sites > UNSORTED_SITES_MAX {
                    bytes = seek(bytes, sites, wanted)?;
                    return take_site(&mut bytes);
                }
                (0..sites).map_while(|_| take_site(&mut bytes)).find(|count| count.site == wanted)
            }
        }
    }
}

/// The bytes of the entry of site `wanted`, found in the directory of `sites` entries.
fn seek(bytes: &[u8], sites: u32, wanted: u32) -> Option<&[u8]> {
    let (directory, entries) = bytes.split_at_checked(sites as usize * DIRECTORY_ENTRY_BYTES)?;
    let (mut low, mut high) = (0, sites as usize);
    while low < high {
        let middle = usize::midpoint(low, high);
        if u32_at(directory, 2 * middle)? < wanted { low = middle + 1 } else { high = middle }
    }
    if u32_at(directory, 2 * low)? != wanted {
        return None;
    }
    entries.get(u32_at(directory, 2 * low + 1)? as usize..)
}

/// The entries of a row, and how many they are.
fn after_totals(mut bytes: &[u8]) -> Option<(&[u8], u32)> {
    let sites = take_totals(&mut bytes)?.sites;
    if sites > UNSORTED_SITES_MAX {
        bytes = bytes.get(sites as usize * DIRECTORY_ENTRY_BYTES..)?;
    }
    Some((bytes, sites))
}

/// The counts of a row by site.
#[derive(Debug, Clone)]
pub struct Sites<'a> {
    one: Option<SiteCount>,
    bytes: &'a [u8],
    left: u32,
}

impl Iterator for Sites<'_> {
    type Item = SiteCount;
    #[inline]
    fn next(&mut self) -> Option<SiteCount> {
        if self.left == 0 {
            return self.one.take();
        }
        self.left -= 1;
        take_site(&mut self.bytes)
    }
}

#[inline]
fn take_totals(bytes: &mut &[u8]) -> Option<Totals> {
    Some(Totals { sites: take_u32(bytes)?, documents: take_u32(bytes)?, heads: take_u32(bytes)? })
}

#[inline]
fn take_site(bytes: &mut &[u8]) -> Option<SiteCount> {
    let (site, documents, heads) = (take_u32(bytes)?, take_u32(bytes)?, take_u32(bytes)?);
    let mut sample = Sample { len: u8::try_from(take_u32(bytes)?).ok()?, ..Sample::default() };
    let mut number = 0_u32;
    for slot in sample.numbers.get_mut(..usize::from(sample.len))? {
        number = number.checked_add(take_u32(bytes)?)?;
        *slot = number;
    }
    Some(SiteCount { site, documents, heads, sample })
}

/// Adds what is counted of one fingerprint and encodes it; keeps its space from row to row.
#[derive(Debug, Default)]
pub(super) struct RowBuilder {
    parts: Vec<Part>,
    numbers: Vec<u32>,
    sample: Vec<u32>,
    entries: Vec<u8>,
    directory: Vec<(u32, usize)>,
}

/// Some documents of one site.
#[derive(Debug, Clone, Copy)]
struct Part {
    site: u32,
    documents: u32,
    heads: u32,
    /// Range of the documents known by number, in [`RowBuilder::numbers`].
    numbers: (u32, u32),
}

impl RowBuilder {
    /// Forgets the last row.
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.numbers.clear();
    }

    /// Counts `documents` of `site`, `heads` of them beginning with the fingerprint; some of them
    /// are `numbers`.
    pub(super) fn add(
        &mut self,
        (site, documents, heads): (u32, u32, u32),
        numbers: impl IntoIterator<Item = u32>,
    ) {
        let position = |numbers: &Vec<u32>| u32::try_from(numbers.len()).expect("a row is small");
        let first = position(&self.numbers);
        self.numbers.extend(numbers);
        let last = position(&self.numbers);
        self.parts.push(Part { site, documents, heads, numbers: (first, last) });
    }

    /// The number of the one document and whether it begins with the fingerprint, when there is
    /// no other.
    pub(super) fn lone(&self) -> Option<(u32, bool)> {
        match self.parts.as_slice() {
            [part] if part.documents == 1 => Some((*self.numbers.first()?, part.heads > 0)),
            _ => None,
        }
    }

    /// Appends the row to `payload`; `identity` tells documents apart, the least are kept.
    pub(super) fn encode(
        &mut self,
        fingerprint: Fingerprint,
        identity: impl Fn(u32) -> u64,
        payload: &mut Vec<u8>,
    ) {
        let mut parts = std::mem::take(&mut self.parts);
        parts.sort_unstable_by_key(|part| (part.site, part.numbers));
        let mut totals = Totals::default();
        for site in parts.chunk_by(|one, other| one.site == other.site) {
            let (mut documents, mut heads) = (0_u32, 0_u32);
            for part in site {
                documents = documents.saturating_add(part.documents);
                heads = heads.saturating_add(part.heads);
                let range = part.numbers.0 as usize..part.numbers.1 as usize;
                self.sample.extend_from_slice(&self.numbers[range]);
            }
            self.push_site(fingerprint, (site[0].site, documents, heads), &identity);
            totals.add(documents, heads);
        }
        self.parts = parts;
        self.finish(totals, payload);
    }

    /// Appends the row of a fingerprint that stands in the rising `documents` to `payload`: each is its
    /// site, its number, and whether it begins with the fingerprint; see [`standing`].
    pub(super) fn encode_documents(
        &mut self,
        fingerprint: Fingerprint,
        documents: &[u64],
        identity: impl Fn(u32) -> u64,
        payload: &mut Vec<u8>,
    ) {
        let mut totals = Totals::default();
        for site in documents.chunk_by(|one, other| one >> 32 == other >> 32) {
            self.sample.extend(site.iter().map(|&standing| number_of(standing)));
            let heads = site.iter().filter(|&standing| standing & 1 == 1).count();
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let (documents, heads) = (count(site.len()), count(heads));
            self.push_site(fingerprint, (site_of(site[0]), documents, heads), &identity);
            totals.add(documents, heads);
        }
        self.finish(totals, payload);
    }

    /// Encodes what stands in `self.sample`, and empties it.
    fn push_site(
        &mut self,
        fingerprint: Fingerprint,
        (site, documents, heads): (u32, u32, u32),
        identity: &impl Fn(u32) -> u64,
    ) {
        self.directory.push((site, self.entries.len()));
        // Affixes are only counted.
        if fingerprint.kind() == Kind::Affix {
            self.sample.clear();
        }
        reduce(&mut self.sample, identity);
        for value in [site, documents, heads] {
            push_varint(&mut self.entries, u64::from(value));
        }
        push_varint(&mut self.entries, self.sample.len() as u64);
        let mut last = 0;
        for number in self.sample.drain(..) {
            push_varint(&mut self.entries, u64::from(number - last));
            last = number;
        }
    }

    fn finish(&mut self, totals: Totals, payload: &mut Vec<u8>) {
        for total in [totals.sites, totals.documents, totals.heads] {
            push_varint(payload, u64::from(total));
        }
        if totals.sites > UNSORTED_SITES_MAX {
            for &(site, offset) in &self.directory {
                let offset = u32::try_from(offset).expect("a row is smaller than 2^32 bytes");
                payload.extend_from_slice(&site.to_le_bytes());
                payload.extend_from_slice(&offset.to_le_bytes());
            }
        }
        payload.append(&mut self.entries);
        self.directory.clear();
    }
}

impl Totals {
    fn add(&mut self, documents: u32, heads: u32) {
        self.sites += 1;
        self.documents = self.documents.saturating_add(documents);
        self.heads = self.heads.saturating_add(heads);
    }
}

/// A document of a site as one number; by these, documents of one site are together and rising.
pub(super) fn standing(site: u32, number: u32, is_head: bool) -> u64 {
    u64::from(site) << 32 | u64::from(number) << 1 | u64::from(is_head)
}

/// How many of the sorted `documents` are of `site`.
#[inline]
pub(super) fn on_site(documents: &[u64], site: u32) -> usize {
    let is = |standing: &u64| standing >> 32 == u64::from(site);
    if let (Some(first), Some(last)) = (documents.first(), documents.last())
        && is(first)
        && is(last)
    {
        return documents.len();
    }
    let from = documents.partition_point(|standing| standing >> 32 < u64::from(site));
    documents[from..].partition_point(is)
}

/// The site of a document that [`standing`] spells.
#[inline]
pub(super) fn site_of(standing: u64) -> u32 {
    u32::try_from(standing >> 32).unwrap_or(u32::MAX)
}

/// The number of a document that [`standing`] spells.
#[inline]
pub(super) fn number_of(standing: u64) -> u32 {
    u32::try_from((standing & u64::from(u32::MAX)) >> 1).unwrap_or(u32::MAX)
}

/// Sorts the sample and keeps the first document and those of least identity.
fn reduce(sample: &mut Vec<u32>, identity: &impl Fn(u32) -> u64) {
    if !sample.is_sorted_by(|one, other| one < other) {
        sample.sort_unstable();
        sample.dedup();
    }
    if sample.len() > SAMPLE {
        let first = sample[0];
        sample.select_nth_unstable_by_key(SAMPLE - 1, |&number| (identity(number), number));
        sample.truncate(SAMPLE);
        if !sample.contains(&first) {
            sample.push(first);
        }
        sample.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(
            counts in proptest::collection::vec((0_u32..12, 0_u32..40, 0_u32..2), 1..60),
        ) {
            let mut row = RowBuilder::default();
            let (mut documents, mut same) = (Vec::new(), Vec::new());
            for &(site, number, head) in &counts {
                row.add((site, 1, head), [number]);
                documents.push(standing(site, number, head == 1));
            }
            let mut payload = vec![7];
            row.encode(Fingerprint(4), u64::from, &mut payload);
            documents.sort_unstable();
            row.encode_documents(Fingerprint(4), &documents, u64::from, &mut same);
            prop_assert_eq!(&payload[1..], &same);
            payload.push(9);
            for site in 0..13 {
                let counted = counts.iter().filter(|count| count.0 == site).count();
                prop_assert_eq!(on_site(&documents, site), counted);
            }
            let row = Row::many(&payload[1..]);
            let documents: u32 = row.sites().map(|count| count.documents).sum();
            prop_assert_eq!(documents as usize, counts.len());
            prop_assert_eq!(row.totals().documents, documents);
            prop_assert_eq!(row.totals().sites as usize, row.sites().count());
            for site in 0..13 {
                prop_assert_eq!(row.on_site(site), row.sites().find(|count| count.site == site));
                let of_site = |number: &u32| counts.iter().any(|c| (c.0, c.1) == (site, *number));
                let sample = row.on_site(site).map(|count| count.sample).unwrap_or_default();
                prop_assert!(sample.iter().all(of_site) && sample.is_sorted());
            }
        }
    }
}

//! Counts that were made in parts on many machines: numbering their documents once, and adding a
//! partition of them in little memory.
//!
//! The numbers of a part are read in place:
//!
//! ```text
//! sites           u32
//! new site        u32 for each site of the part
//! document        new number u32, new site u32 for each document of the part
//! ```
//!
//! With the identities of all documents by new number, u64 each, that is all that a sum must know of
//! documents: 16 bytes each. [`number`] gives both.

use std::cmp::Reverse;
use std::collections::binary_heap::{BinaryHeap, PeekMut};
use std::collections::{BTreeMap, BTreeSet};

use super::format::{EncodedPartition, Exchange, IS_HEAD, IS_OFFSET, IS_SHARED, u32_at, u64_at};
use super::row::{Row, RowBuilder};
use super::{Index, Input, Keep};
use crate::error::{Error, Result};
use crate::hash::HashMap;
use crate::text::Fingerprint;
use crate::text::sketch::Recipe;
use crate::varint::{push_varint, take_varint};

/// One bit of a number says elsewhere whether a paragraph is a head.
const DOCUMENTS_MAX: usize = 1 << 31;

/// The new numbers of all documents.
#[derive(Debug, Default)]
pub(crate) struct Numbering {
    /// Part by part the numbers of its documents and sites.
    pub(crate) parts: BTreeMap<u64, Vec<u8>>,
    /// The identities of all documents, by new number.
    pub(crate) identities: Vec<u8>,
}

/// What a document is ordered by, and where it comes from.
struct Place {
    order: u64,
    record: u64,
    identity: u64,
    /// Number of its part, and of the document in it.
    part: u32,
    old: u32,
    /// Number of its site in the order in which sites were seen.
    site: u32,
}

/// Numbers the documents of all `parts` by position: the numbers that [`super::Assembly`] gives them
/// when the parts come by rising name.
///
/// Of a document 40 bytes are kept until all have been seen, and never two parts.
///
/// # Errors
///
/// When a part cannot be had or was not counted as one input, the recipes differ, or there are more than
/// 2^31 documents.
pub(crate) fn number(parts: impl Iterator<Item = Result<(u64, Index)>>) -> Result<Numbering> {
    let mut places = Vec::new();
    let mut site_numbers: HashMap<String, u32> = HashMap::default();
    let mut seen: Vec<(Input, u64, Vec<u32>)> = Vec::new();
    let (mut names, mut recipe): (BTreeSet<u64>, Option<Recipe>) = Default::default();
    for part in parts {
        let (name, index) = part?;
        if !names.insert(name) {
            continue;
        }
        if *recipe.get_or_insert(index.recipe()) != index.recipe() {
            let what = "takes fingerprints in another way than the rest; learn both anew";
            return Err(Error::index(format!("{name:016x}"), what));
        }
        let [input @ Input { generation: 0, key, .. }] = index.inputs() else {
            return Err(Error::index(format!("{name:016x}"), "is no part"));
        };
        if !key.is_empty() {
            return Err(Error::index(format!("{name:016x}"), "is no part"));
        }
        let mut sites = Vec::with_capacity(index.sites().len());
        for site in index.sites() {
            let next = u32::try_from(site_numbers.len()).expect("fewer than 2^32 sites");
            sites.push(*site_numbers.entry(site.name.clone()).or_insert(next));
        }
        let part = u32::try_from(seen.len()).expect("fewer than 2^32 parts");
        let documents = (0..).map_while(|old| Some((old, index.document(old)?)));
        for (old, row) in documents.take(index.documents()) {
            let site = sites.get(row.site as usize).copied();
            let site = site.ok_or_else(|| Error::index(format!("{name:016x}"), "is damaged"))?;
            let (order, record, identity) = (row.order, row.record, row.identity);
            places.push(Place { order, record, identity, part, old, site });
        }
        seen.push((input.clone(), name, sites));
    }
    if places.len() > DOCUMENTS_MAX {
        return Err(Error::settings("more than 2^31 documents; clean them in several pieces"));
    }
    let part_ranks = ranks(seen.iter().map(|(input, name, _)| (input, name)));
    places.sort_unstable_by_key(|place| {
        let of_part = (part_ranks[place.part as usize], place.old);
        ((place.order, place.record), (place.identity, of_part))
    });
    let mut names: Vec<(String, u32)> = site_numbers.into_iter().collect();
    names.sort_unstable_by_key(|(_, seen)| *seen);
    let new_sites = ranks(names.iter().map(|(name, _)| name));
    Ok(numbers(&places, &seen, &new_sites))
}

/// The place of each key when they are sorted.
fn ranks<K: Ord>(keys: impl Iterator<Item = K>) -> Vec<u32> {
    let mut sorted: Vec<(K, usize)> = keys.zip(0..).collect();
    sorted.sort_unstable();
    let mut ranks = vec![0; sorted.len()];
    for (rank, (_, at)) in (0..).zip(sorted) {
        ranks[at] = rank;
    }
    ranks
}

/// Writes down what was found out; `places` are sorted.
fn numbers(places: &[Place], parts: &[(Input, u64, Vec<u32>)], new_sites: &[u32]) -> Numbering {
    let mut documents = vec![0_usize; parts.len()];
    for place in places {
        documents[place.part as usize] += 1;
    }
    let mut bytes: Vec<Vec<u8>> = Vec::with_capacity(parts.len());
    for ((_, _, sites), documents) in parts.iter().zip(documents) {
        let mut own = Vec::with_capacity(4 * (1 + sites.len()) + DOCUMENT_BYTES * documents);
        let count = u32::try_from(sites.len()).expect("fewer than 2^32 sites");
        own.extend_from_slice(&count.to_le_bytes());
        own.extend(sites.iter().flat_map(|&site| new_sites[site as usize].to_le_bytes()));
        own.resize(own.len() + DOCUMENT_BYTES * documents, 0);
        bytes.push(own);
    }
    let mut identities = Vec::with_capacity(8 * places.len());
    for (number, place) in (0_u32..).zip(places) {
        let part = place.part as usize;
        let at = 4 * (1 + parts[part].2.len()) + DOCUMENT_BYTES * place.old as usize;
        let both = [number, new_sites[place.site as usize]].map(u32::to_le_bytes);
        bytes[part][at..at + DOCUMENT_BYTES].copy_from_slice(both.as_flattened());
        identities.extend_from_slice(&place.identity.to_le_bytes());
    }
    let parts = parts.iter().map(|(_, name, _)| *name).zip(bytes).collect();
    Numbering { parts, identities }
}

/// Bytes of a document in the numbers of its part.
const DOCUMENT_BYTES: usize = 8;

/// The numbers of a part, read in place.
#[derive(Debug, Clone, Copy)]
struct Numbers<'a> {
    sites: &'a [u8],
    documents: &'a [u8],
}

impl<'a> Numbers<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let sites = u32_at(bytes, 0)? as usize;
        let (sites, documents) = bytes.get(4..)?.split_at_checked(sites.checked_mul(4)?)?;
        Some(Self { sites, documents })
    }

    fn site(&self, old: u32) -> Option<u32> {
        u32_at(self.sites, old as usize)
    }

    /// New number and new site.
    fn document(&self, old: u32) -> Option<(u32, u32)> {
        let at = 2 * old as usize;
        Some((u32_at(self.documents, at)?, u32_at(self.documents, at + 1)?))
    }
}

/// The counts of one partition in all parts that have any, about to be added.
pub(crate) struct Sum<'a> {
    parts: Vec<Counted<'a>>,
    identities: &'a [u8],
}

/// One part's counts in a partition, and how far they are read.
struct Counted<'a> {
    numbers: Numbers<'a>,
    exchange: Exchange<'a>,
    entries: Box<dyn Iterator<Item = (u64, u64)> + 'a>,
    texts: std::iter::Peekable<Box<dyn Iterator<Item = (u64, u64)> + 'a>>,
    next: Option<(u64, u64)>,
}

impl<'a> Counted<'a> {
    fn new(numbers: &'a [u8], counts: &'a [u8]) -> Result<Self> {
        let numbers = Numbers::new(numbers).ok_or_else(damaged)?;
        let exchange = Exchange::new(counts)?;
        let mut entries: Box<dyn Iterator<Item = _>> = Box::new(exchange.entries());
        let texts: Box<dyn Iterator<Item = _>> = Box::new(exchange.texts());
        let next = entries.next();
        Ok(Self { numbers, exchange, entries, texts: texts.peekable(), next })
    }

    /// Adds the next row to `row` and its text to `text`, the least by (document, text).
    fn take(&mut self, row: &mut RowBuilder, text: &mut Option<(u32, &'a [u8])>) -> Option<()> {
        let (fingerprint, value) = self.next?;
        let mut first = u32::MAX;
        if value & IS_OFFSET == 0 {
            let (number, site) =
                self.numbers.document(u32::try_from(value & (IS_HEAD - 1)).ok()?)?;
            row.add((site, 1, u32::from(value & IS_HEAD != 0)), [number]);
            first = number;
        } else {
            let offset = usize::try_from(value & !IS_OFFSET).ok()?;
            for count in Row::many(self.exchange.payload.get(offset..)?).sites() {
                let mut numbers = [0; super::SAMPLE + 1];
                for (new, old) in numbers.iter_mut().zip(count.sample.iter()) {
                    *new = self.numbers.document(*old)?.0;
                }
                let numbers = numbers.get(..count.sample.len())?;
                first = first.min(numbers.first().copied().unwrap_or(u32::MAX));
                let site = self.numbers.site(count.site)?;
                row.add((site, count.documents, count.heads), numbers.iter().copied());
            }
        }
        while let Some((_, offset)) = self.texts.next_if(|text| text.0 <= fingerprint) {
            let own = (first, self.exchange.text(offset)?);
            *text = Some(text.map_or(own, |other| other.min(own)));
        }
        self.next = self.entries.next();
        Some(())
    }
}

fn damaged() -> Error {
    Error::index("partition", "does not fit the numbers of its part; sketch its documents again")
}

/// What a part is given back of a partition.
#[derive(Debug, Default)]
pub(crate) struct OfPart {
    /// Rows of its own.
    own: EncodedPartition,
    /// Fingerprints whose row lies among the shared ones, and where.
    shared: Vec<(u64, u64)>,
}

impl<'a> Sum<'a> {
    /// The sum of `parts`, each of them the numbers of a part and its counts; `identities` are those
    /// of all documents.
    ///
    /// # Errors
    ///
    /// When they are damaged.
    pub(crate) fn new(
        parts: impl Iterator<Item = (&'a [u8], &'a [u8])>,
        identities: &'a [u8],
    ) -> Result<Self> {
        let parts = parts.map(|(numbers, counts)| Counted::new(numbers, counts));
        Ok(Self { parts: parts.collect::<Result<_>>()?, identities })
    }

    /// Calls `each` with each row, by rising fingerprint: the fingerprint, the row, the parts that
    /// counted it, and its text.
    fn rows(
        mut self,
        mut each: impl FnMut(u64, &mut RowBuilder, &[usize], Option<&[u8]>),
    ) -> Result<()> {
        let next = |(at, part): (usize, &Counted)| Some(Reverse((part.next?.0, at)));
        let mut heads: BinaryHeap<_> =
            self.parts.iter().enumerate().filter_map(|(at, part)| next((at, part))).collect();
        let (mut row, mut holders) = (RowBuilder::default(), Vec::new());
        while let Some(&Reverse((fingerprint, _))) = heads.peek() {
            row.clear();
            holders.clear();
            let mut text = None;
            while let Some(mut head) = heads.peek_mut().filter(|head| head.0.0 == fingerprint) {
                let at = head.0.1;
                let part = &mut self.parts[at];
                part.take(&mut row, &mut text).ok_or_else(damaged)?;
                holders.push(at);
                match part.next {
                    // Fingerprints rise; one that came again would be read for ever.
                    Some((next, _)) if next <= fingerprint => return Err(damaged()),
                    Some((next, _)) => *head = Reverse((next, at)),
                    None => drop(PeekMut::pop(head)),
                }
            }
            each(fingerprint, &mut row, &holders, text.map(|(_, text)| text));
        }
        Ok(())
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// When a part refers to what it has not.
    pub(crate) fn merged(self, keep: Keep) -> Result<EncodedPartition> {
        let mut encoded = EncodedPartition::default();
        let identities = self.identities;
        self.rows(|fingerprint, row, _, text| {
            if let Some((number, is_head)) = row.lone() {
                if keep != Keep::All {
                    return;
                }
                let head = if is_head { IS_HEAD } else { 0 };
                encoded.entries.push((fingerprint, u64::from(number) | head));
            } else {
                encoded.entries.push((fingerprint, encoded.payload.len() as u64 | IS_OFFSET));
                encode(fingerprint, row, identities, &mut encoded.payload);
            }
            if let Some(text) = text {
                encoded.texts.push((fingerprint, encoded.text_bytes.len() as u64));
                push_varint(&mut encoded.text_bytes, text.len() as u64);
                encoded.text_bytes.extend_from_slice(text);
            }
        })?;
        Ok(encoded)
    }

    /// The repeated rows of the sum, each for the parts that counted it: for all alike where these
    /// are more than `parts_max`.
    ///
    /// Gives what all share, as rows without entries, and what each part has, in the order of the
    /// parts.
    ///
    /// # Errors
    ///
    /// When a part refers to what it has not.
    pub(crate) fn joined(self, parts_max: usize) -> Result<(EncodedPartition, Vec<OfPart>)> {
        let mut shared = EncodedPartition::default();
        let mut parts: Vec<OfPart> = self.parts.iter().map(|_| OfPart::default()).collect();
        let (identities, mut bytes) = (self.identities, Vec::new());
        self.rows(|fingerprint, row, holders, _| {
            if row.lone().is_some() {
                return;
            }
            if holders.len() > parts_max {
                let offset = shared.payload.len() as u64;
                encode(fingerprint, row, identities, &mut shared.payload);
                for &at in holders {
                    parts[at].shared.push((fingerprint, offset));
                }
                return;
            }
            bytes.clear();
            encode(fingerprint, row, identities, &mut bytes);
            for &at in holders {
                let own = &mut parts[at].own;
                own.entries.push((fingerprint, own.payload.len() as u64 | IS_OFFSET));
                own.payload.extend_from_slice(&bytes);
            }
        })?;
        Ok((shared, parts))
    }
}

fn encode(fingerprint: u64, row: &mut RowBuilder, identities: &[u8], payload: &mut Vec<u8>) {
    let identity = |number: u32| u64_at(identities, number as usize).unwrap_or(u64::MAX);
    row.encode(Fingerprint(fingerprint), identity, payload);
}

impl OfPart {
    /// Whether it holds no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.shared.is_empty()
    }

    /// A compact spelling for the way between machines; [`Self::partition`] reads it.
    pub(crate) fn to_exchange(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        push_varint(&mut bytes, self.shared.len() as u64);
        let (mut fingerprint, mut offset) = (0, 0);
        for &(next, next_offset) in &self.shared {
            push_varint(&mut bytes, next - fingerprint);
            push_varint(&mut bytes, next_offset - offset);
            (fingerprint, offset) = (next, next_offset);
        }
        bytes.append(&mut self.own.to_exchange());
        bytes
    }

    /// The partition of a part's index: all of its rows by rising fingerprint.
    ///
    /// # Errors
    ///
    /// When the bytes are damaged or cut short.
    pub(crate) fn partition(mut bytes: &[u8]) -> Result<EncodedPartition> {
        let mut shared = Self::take_shared(&mut bytes).ok_or_else(damaged)?;
        let mut partition = EncodedPartition::from_exchange(bytes)?;
        partition.entries.append(&mut shared);
        partition.entries.sort_unstable();
        Ok(partition)
    }

    /// Takes the entries of shared rows off the front of `bytes`.
    fn take_shared(bytes: &mut &[u8]) -> Option<Vec<(u64, u64)>> {
        let (mut shared, mut fingerprint, mut offset) = (Vec::new(), 0_u64, 0_u64);
        for _ in 0..take_varint(bytes)? {
            fingerprint = fingerprint.checked_add(take_varint(bytes)?)?;
            offset = offset.checked_add(take_varint(bytes)?)?;
            shared.push((fingerprint, offset | IS_SHARED | IS_OFFSET));
        }
        Some(shared)
    }
}

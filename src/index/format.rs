//! The index file: little-endian, checksummed, written front to back, read in place.
//!
//! ```text
//! magic "dechaff\0", version u32, 0 u32
//! 256 partitions: buckets u32[2^bits + 1], entries (fingerprint u64, value u64)[n], payload,
//!                 texts (fingerprint u64, offset u64)[m], text bytes
//! documents       64 bytes each, by position: identity u64, order u64, record u64, site u32,
//!                 input u32, contexts u32[8]
//! document order  u32 each: document numbers by (identity, number)
//! ids             offsets u64[documents + 1], bytes
//! header          JSON: settings, inputs, sites, and where all of the above lies
//! header length u64, XXH3-64 of the header, magic
//! ```
//!
//! The value of an entry is a document number with bit 32 set when the paragraph stood at its
//! head, where one document holds the fingerprint; else bit 63 is set and the rest is the offset of
//! a row in the payload (see [`super::row`]). The header holds an XXH3-64 of each section, so that
//! damage is found when the file is opened. A partition of a temporary index may have rows without
//! entries: then they are found by [`super::answers`].

use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::hash::StableHasher;
use crate::text::sketch::{CONTEXTS, Recipe};
use crate::varint::{push_varint, take_varint};

pub(super) const MAGIC: [u8; 8] = *b"dechaff\0";
/// Raised when older readers could not understand a new file.
pub const FORMAT_VERSION: u32 = 2;
pub(super) const PREAMBLE_BYTES: usize = 16;
pub(super) const TRAILER_BYTES: usize = 24;
pub(super) const DOCUMENT_BYTES: usize = 32 + 4 * CONTEXTS;
pub(super) const ENTRY_BYTES: usize = 16;
/// Set in an entry's value when it is an offset into the payload.
pub(super) const IS_OFFSET: u64 = 1 << 63;
/// Set beside that when the payload is not the partition's own, but one that several indexes share.
pub(super) const IS_SHARED: u64 = 1 << 62;
/// Set in an entry's value when the paragraph stood at the head of its one document.
pub(super) const IS_HEAD: u64 = 1 << 32;

/// A section: where it lies and what it hashes to.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Section {
    pub(super) offset: u64,
    pub(super) bytes: u64,
    pub(super) xxh3: u64,
}

/// Where the parts of a partition lie, in file order within its section.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct PartitionPlace {
    pub(super) section: Section,
    pub(super) bucket_bits: u32,
    pub(super) entries: u64,
    pub(super) payload_bytes: u64,
    pub(super) texts: u64,
}

/// The JSON header at the end of the file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) recipe: Recipe,
    pub(super) normalizer_version: u32,
    pub(super) unicode_version: String,
    /// Whether the fingerprints of one document only are all there.
    pub(super) has_singletons: bool,
    pub(super) inputs: Vec<super::table::Input>,
    pub(super) sites: Vec<super::table::Site>,
    pub(super) partitions: Vec<PartitionPlace>,
    pub(super) documents: Section,
    pub(super) document_order: Section,
    pub(super) ids: Section,
}

/// One partition's rows, sorted by fingerprint and encoded.
#[derive(Debug, Default)]
pub struct EncodedPartition {
    pub(super) entries: Vec<(u64, u64)>,
    pub(super) payload: Vec<u8>,
    pub(super) texts: Vec<(u64, u64)>,
    pub(super) text_bytes: Vec<u8>,
}

/// Entries that share a bucket, on average.
const BUCKET_ENTRIES: usize = 4;

impl EncodedPartition {
    fn bucket_bits(&self) -> u32 {
        (self.entries.len() / BUCKET_ENTRIES).max(1).ilog2()
    }

    /// Whether it holds no row.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the row of `fingerprint` lies in the payload, when several documents hold it.
    pub(super) fn offset_of(&self, fingerprint: u64) -> Option<u32> {
        let at = self.entries.binary_search_by_key(&fingerprint, |entry| entry.0).ok()?;
        let value = self.entries[at].1;
        u32::try_from(value & !IS_OFFSET).ok().filter(|_| value & IS_OFFSET != 0)
    }

    /// A compact spelling for the way between machines; [`Self::from_exchange`] reads it.
    ///
    /// Fingerprints are written as differences, so that random ones take about half their size.
    pub fn to_exchange(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entries.len() * 10 + self.payload.len());
        for count in [self.entries.len(), self.payload.len(), self.texts.len()] {
            push_varint(&mut bytes, count as u64);
        }
        let (mut fingerprint, mut offset) = (0, 0);
        for &(next, value) in &self.entries {
            push_varint(&mut bytes, next - fingerprint);
            fingerprint = next;
            if value & IS_OFFSET == 0 {
                let is_head = u64::from(value & IS_HEAD != 0);
                push_varint(&mut bytes, (value & (IS_HEAD - 1)) << 2 | is_head << 1);
            } else {
                let next = value & !IS_OFFSET;
                push_varint(&mut bytes, (next - offset) << 1 | 1);
                offset = next;
            }
        }
        bytes.extend_from_slice(&self.payload);
        (fingerprint, offset) = (0, 0);
        for &(next, next_offset) in &self.texts {
            push_varint(&mut bytes, next - fingerprint);
            push_varint(&mut bytes, next_offset - offset);
            (fingerprint, offset) = (next, next_offset);
        }
        bytes.extend_from_slice(&self.text_bytes);
        bytes
    }

    /// Reads what [`Self::to_exchange`] wrote.
    ///
    /// # Errors
    ///
    /// When the bytes are cut short or damaged.
    pub fn from_exchange(bytes: &[u8]) -> Result<Self> {
        let exchange = Exchange::new(bytes)?;
        Ok(Self {
            entries: exchange.entries().collect(),
            payload: exchange.payload.to_vec(),
            texts: exchange.texts().collect(),
            text_bytes: exchange.text_bytes.to_vec(),
        })
    }

    /// Appends it as it stands in the file, and says where: `offset` is where `bytes` begins.
    pub(super) fn append_to(&self, bytes: &mut Vec<u8>) -> PartitionPlace {
        let section = self.to_bytes();
        let offset = bytes.len() as u64;
        let xxh3 = crate::hash::stable(&section);
        bytes.extend_from_slice(&section);
        self.place(Section { offset, bytes: section.len() as u64, xxh3 })
    }

    fn place(&self, section: Section) -> PartitionPlace {
        PartitionPlace {
            section,
            bucket_bits: self.bucket_bits(),
            entries: self.entries.len() as u64,
            payload_bytes: self.payload.len() as u64,
            texts: self.texts.len() as u64,
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let bits = self.bucket_bits();
        let mut bytes = Vec::with_capacity(self.entries.len() * (ENTRY_BYTES + 1));
        let mut at = 0;
        for bucket in 0..=(1_u64 << bits) {
            while at < self.entries.len() && bucket_of(self.entries[at].0, bits) < bucket {
                at += 1;
            }
            let start = u32::try_from(at).expect("a partition has fewer than 2^32 rows");
            bytes.extend_from_slice(&start.to_le_bytes());
        }
        for pairs in [&self.entries, &self.texts] {
            for (fingerprint, value) in pairs {
                bytes.extend_from_slice(&fingerprint.to_le_bytes());
                bytes.extend_from_slice(&value.to_le_bytes());
            }
            if std::ptr::eq(pairs, &raw const self.entries) {
                bytes.extend_from_slice(&self.payload);
            }
        }
        bytes.extend_from_slice(&self.text_bytes);
        bytes
    }
}

/// What [`EncodedPartition::to_exchange`] wrote, read in place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exchange<'a> {
    entries: Differences<'a>,
    pub(super) payload: &'a [u8],
    texts: Differences<'a>,
    text_bytes: &'a [u8],
}

/// Pairs that are written as differences, and how many are left.
#[derive(Debug, Clone, Copy)]
struct Differences<'a> {
    left: usize,
    bytes: &'a [u8],
    fingerprint: u64,
    offset: u64,
}

impl<'a> Differences<'a> {
    fn new(left: usize, bytes: &'a [u8]) -> Self {
        Self { left, bytes, fingerprint: 0, offset: 0 }
    }

    fn next_with(
        &mut self,
        value: impl FnOnce(u64, &mut u64) -> Option<u64>,
    ) -> Option<(u64, u64)> {
        self.left = self.left.checked_sub(1)?;
        self.fingerprint = self.fingerprint.checked_add(take_varint(&mut self.bytes)?)?;
        let value = value(take_varint(&mut self.bytes)?, &mut self.offset)?;
        Some((self.fingerprint, value))
    }

    fn next_entry(&mut self) -> Option<(u64, u64)> {
        self.next_with(|value, offset| {
            if value & 1 == 0 {
                let head = if value & 2 == 0 { 0 } else { IS_HEAD };
                return Some(u64::from(u32::try_from(value >> 2).ok()?) | head);
            }
            *offset = offset.checked_add(value >> 1)?;
            Some(*offset | IS_OFFSET)
        })
    }

    fn next_text(&mut self) -> Option<(u64, u64)> {
        self.next_with(|value, offset| {
            *offset = offset.checked_add(value)?;
            Some(*offset)
        })
    }

    /// The bytes behind the last pair, if all of them can be read.
    fn behind(mut self, next: impl Fn(&mut Self) -> Option<(u64, u64)>) -> Option<&'a [u8]> {
        while self.left > 0 {
            next(&mut self)?;
        }
        Some(self.bytes)
    }
}

impl<'a> Exchange<'a> {
    /// Reads `bytes` once, to see that all of it can be read.
    ///
    /// # Errors
    ///
    /// When the bytes are cut short or damaged.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self> {
        let what = "is damaged or cut short; sketch its documents again";
        Self::read(bytes).ok_or_else(|| Error::index("partition", what))
    }

    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let mut count = || usize::try_from(take_varint(&mut bytes)?).ok();
        let (entries, payload_bytes, texts) = (count()?, count()?, count()?);
        let entries = Differences::new(entries, bytes);
        let rest = entries.behind(Differences::next_entry)?;
        let (payload, rest) = rest.split_at_checked(payload_bytes)?;
        let texts = Differences::new(texts, rest);
        let text_bytes = texts.behind(Differences::next_text)?;
        Some(Self { entries, payload, texts, text_bytes })
    }

    /// Fingerprint and value of each entry, by rising fingerprint.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u64, u64)> + use<'a> {
        let mut entries = self.entries;
        std::iter::from_fn(move || entries.next_entry())
    }

    /// Fingerprint and offset of each text, by rising fingerprint.
    pub(super) fn texts(&self) -> impl Iterator<Item = (u64, u64)> + use<'a> {
        let mut texts = self.texts;
        std::iter::from_fn(move || texts.next_text())
    }

    /// The text at `offset`.
    pub(super) fn text(&self, offset: u64) -> Option<&'a [u8]> {
        let mut bytes = self.text_bytes.get(usize::try_from(offset).ok()?..)?;
        let len = usize::try_from(take_varint(&mut bytes)?).ok()?;
        bytes.get(..len)
    }
}

/// The bucket of a fingerprint: the bits that follow those of the partition.
pub(super) fn bucket_of(fingerprint: u64, bits: u32) -> u64 {
    (fingerprint << 8).checked_shr(64 - bits).unwrap_or(0)
}

/// Writes an index front to back.
#[derive(Debug)]
pub(super) struct Writer<W> {
    out: W,
    offset: u64,
    header: Header,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(mut out: W, header: Header) -> Result<Self> {
        let mut preamble = Vec::with_capacity(PREAMBLE_BYTES);
        preamble.extend_from_slice(&MAGIC);
        preamble.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        preamble.extend_from_slice(&0_u32.to_le_bytes());
        out.write_all(&preamble).map_err(refused)?;
        Ok(Self { out, offset: PREAMBLE_BYTES as u64, header })
    }

    /// Appends the next partition; all of them must be given, in order.
    pub(super) fn partition(&mut self, partition: &EncodedPartition) -> Result<()> {
        let bytes = partition.to_bytes();
        let section = self.section(|out| out.write(&bytes))?;
        self.header.partitions.push(partition.place(section));
        Ok(())
    }

    /// Writes the documents, their order, their ids and the header; gives the output back.
    pub(super) fn finish(
        mut self,
        documents: impl FnOnce(&mut SectionWriter<'_, W>) -> Result<()>,
        order: impl FnOnce(&mut SectionWriter<'_, W>) -> Result<()>,
        ids: impl FnOnce(&mut SectionWriter<'_, W>) -> Result<()>,
    ) -> Result<W> {
        self.header.documents = self.section(documents)?;
        self.header.document_order = self.section(order)?;
        self.header.ids = self.section(ids)?;
        let header = serde_json::to_vec(&self.header).map_err(|e| refused(e.into()))?;
        self.out.write_all(&header).map_err(refused)?;
        let mut trailer = Vec::with_capacity(TRAILER_BYTES);
        trailer.extend_from_slice(&(header.len() as u64).to_le_bytes());
        trailer.extend_from_slice(&crate::hash::stable(&header).to_le_bytes());
        trailer.extend_from_slice(&MAGIC);
        self.out.write_all(&trailer).map_err(refused)?;
        self.out.flush().map_err(refused)?;
        Ok(self.out)
    }

    fn section(
        &mut self,
        write: impl FnOnce(&mut SectionWriter<'_, W>) -> Result<()>,
    ) -> Result<Section> {
        let hasher = StableHasher::default();
        let mut writer = SectionWriter { out: &mut self.out, bytes: 0, hasher };
        write(&mut writer)?;
        let section =
            Section { offset: self.offset, bytes: writer.bytes, xxh3: writer.hasher.finish() };
        self.offset += section.bytes;
        Ok(section)
    }
}

/// Writes a section piece by piece.
pub(super) struct SectionWriter<'a, W> {
    out: &'a mut W,
    bytes: u64,
    hasher: StableHasher,
}

impl<W: Write> SectionWriter<'_, W> {
    /// Appends the next piece.
    pub(super) fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.out.write_all(piece).map_err(refused)?;
        self.bytes += piece.len() as u64;
        self.hasher.update(piece);
        Ok(())
    }
}

fn refused(source: std::io::Error) -> Error {
    Error::io("write", "the index", source)
}

/// Reads the little-endian number number `index` of `bytes`.
pub(super) fn u64_at(bytes: &[u8], index: usize) -> Option<u64> {
    let found = bytes.get(index.checked_mul(8)?..)?.first_chunk()?;
    Some(u64::from_le_bytes(*found))
}

/// Reads the little-endian number number `index` of `bytes`.
pub(super) fn u32_at(bytes: &[u8], index: usize) -> Option<u32> {
    let found = bytes.get(index.checked_mul(4)?..)?.first_chunk()?;
    Some(u32::from_le_bytes(*found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_survives_the_way_between_machines() {
        let partition = EncodedPartition {
            entries: vec![
                (3, 7 | IS_HEAD),
                (9, IS_OFFSET),
                (1 << 63, 4),
                (u64::MAX, 2 | IS_OFFSET),
            ],
            payload: vec![1, 2, 3],
            texts: vec![(9, 0), (u64::MAX, 4)],
            text_bytes: b"\x03one\x03two".to_vec(),
        };
        let bytes = partition.to_exchange();
        let read = EncodedPartition::from_exchange(&bytes).unwrap();
        assert_eq!(read.to_bytes(), partition.to_bytes());
        assert!(EncodedPartition::from_exchange(&bytes[..20]).unwrap_err().is_incompatible_index());
    }
}

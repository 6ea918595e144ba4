//! The finished index: read-only, in memory or mapped, answered from its bytes in place.

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::format::{
    DOCUMENT_BYTES, ENTRY_BYTES, EncodedPartition, FORMAT_VERSION, Header, IS_HEAD, IS_OFFSET,
    IS_SHARED, MAGIC, PREAMBLE_BYTES, PartitionPlace, Section, TRAILER_BYTES, bucket_of, u32_at,
    u64_at,
};
use super::row::Row;
use super::{PARTITIONS, partition_of};
use crate::error::{Error, Result};
use crate::text::sketch::{CONTEXTS, Recipe};
use crate::text::{Fingerprint, tokenize::NORMALIZER_VERSION};
use crate::varint::take_varint;

/// One input that an index has counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Input {
    /// 0 for the oldest; an index that a run began from is older than the run's own inputs.
    pub generation: u32,
    /// Path relative to the argument it was found under, with `/` between folders.
    pub key: String,
    /// Hash of the identities of its documents in order.
    pub digest: u64,
    /// Number of documents counted.
    pub documents: u64,
}

/// One site and how many documents of it were counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Site {
    /// Its name as the documents give it; may be empty.
    pub name: String,
    /// Number of its documents.
    pub documents: u64,
    /// How many of them look like whole pages.
    #[serde(default)]
    pub pages: u64,
}

/// What the index knows of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentRow {
    /// Hash of id and text.
    pub identity: u64,
    /// What the user orders documents by; 0 where the order of the inputs is the order.
    pub order: u64,
    /// Number of the record in its input, from 0.
    pub record: u64,
    /// Index into [`Index::sites`].
    pub site: u32,
    /// Index into [`Index::inputs`].
    pub input: u32,
    /// See [`crate::text::Sketch::contexts`].
    pub contexts: [u32; CONTEXTS],
}

impl DocumentRow {
    pub(super) fn to_bytes(self) -> [u8; DOCUMENT_BYTES] {
        let mut bytes = [0; DOCUMENT_BYTES];
        bytes[..8].copy_from_slice(&self.identity.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.order.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.record.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.site.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.input.to_le_bytes());
        for (to, context) in bytes[32..].chunks_exact_mut(4).zip(self.contexts) {
            to.copy_from_slice(&context.to_le_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut contexts = [0; CONTEXTS];
        for (i, context) in contexts.iter_mut().enumerate() {
            *context = u32_at(bytes, 8 + i)?;
        }
        Some(Self {
            identity: u64_at(bytes, 0)?,
            order: u64_at(bytes, 1)?,
            record: u64_at(bytes, 2)?,
            site: u32_at(bytes, 6)?,
            input: u32_at(bytes, 7)?,
            contexts,
        })
    }
}

/// A finished index.
///
/// # Examples
///
/// ```
/// use dechaff::{Config, Document, learn};
/// let documents = [Document::new("1", "a.example", "Story one.\nSubscribe to our newsletter")];
/// let index = learn(&documents, &Config::default())?;
/// assert_eq!(index.documents(), 1);
/// assert_eq!(index.sites()[0].name, "a.example");
/// # Ok::<(), dechaff::Error>(())
/// ```
#[derive(Clone)]
pub struct Index {
    bytes: Bytes,
    header: Arc<Header>,
    /// The rows, where they are not those of the file.
    rows: Option<Arc<Rows>>,
}

/// Rows in place of those of an index file.
struct Rows {
    bytes: Vec<u8>,
    places: Vec<PartitionPlace>,
}

#[derive(Clone)]
enum Bytes {
    Owned(Arc<Vec<u8>>),
    Mapped(Arc<memmap2::Mmap>),
}

impl std::ops::Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index")
            .field("documents", &self.documents())
            .field("sites", &self.sites().len())
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Index {
    /// Opens an index file and checks it whole.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is damaged or cut short, or is of another version.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
        Self::map(&file, &path.display().to_string())
    }

    /// Maps an open index file; `name` is for messages.
    pub(crate) fn map(file: &File, name: &str) -> Result<Self> {
        let map = map(file, name)?;
        Self::check(Bytes::Mapped(Arc::new(map)), name)
    }

    /// An index from the bytes of its file.
    ///
    /// # Errors
    ///
    /// When the bytes are damaged, cut short, or of another version.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        Self::check(Bytes::Owned(Arc::new(bytes)), "in memory")
    }

    fn check(bytes: Bytes, name: &str) -> Result<Self> {
        let header = read_header(&bytes).map_err(|what| Error::index(name, what))?;
        for section in sections(&header) {
            let intact =
                slice(&bytes, *section).is_some_and(|s| crate::hash::stable(s) == section.xxh3);
            if !intact {
                let what =
                    format!("is damaged or cut short at byte {}; learn it again", section.offset);
                return Err(Error::index(name, what));
            }
        }
        Ok(Self { bytes, header: Arc::new(header), rows: None })
    }

    /// The same documents with other rows: `partition` makes each partition by its number. Entries
    /// may refer to rows of this index, which is shared and not copied.
    ///
    /// # Errors
    ///
    /// When `partition` fails.
    pub(crate) fn with_rows(
        &self,
        partition: impl Fn(usize) -> Result<EncodedPartition>,
    ) -> Result<Self> {
        let (mut bytes, mut places) = (Vec::new(), Vec::with_capacity(PARTITIONS));
        for number in 0..PARTITIONS {
            places.push(partition(number)?.append_to(&mut bytes));
        }
        Ok(Self { rows: Some(Arc::new(Rows { bytes, places })), ..self.clone() })
    }

    /// The bytes of the index file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// XXH3-64 of the header, which holds the hashes of all else.
    pub fn checksum(&self) -> u64 {
        self.bytes
            .len()
            .checked_sub(16)
            .and_then(|at| self.bytes.get(at..))
            .map_or(0, |trailer| u64_at(trailer, 0).unwrap_or(0))
    }

    /// How its texts were turned into fingerprints.
    pub fn recipe(&self) -> Recipe {
        self.header.recipe
    }

    /// Whether the fingerprints that one document alone holds are all there; in a pruned index, and
    /// in any sum with one, they are not, and its counts are lower bounds.
    pub fn has_singletons(&self) -> bool {
        self.header.has_singletons
    }

    /// The inputs counted, by (generation, key, digest).
    pub fn inputs(&self) -> &[Input] {
        &self.header.inputs
    }

    /// The sites counted, by name.
    pub fn sites(&self) -> &[Site] {
        &self.header.sites
    }

    /// The number of a site, when the index has counted it.
    pub fn site(&self, name: &str) -> Option<u32> {
        let found = self.header.sites.binary_search_by(|site| site.name.as_str().cmp(name)).ok()?;
        u32::try_from(found).ok()
    }

    /// Number of documents counted; they are numbered from 0 by position.
    pub fn documents(&self) -> usize {
        usize::try_from(self.header.documents.bytes).unwrap_or(0) / DOCUMENT_BYTES
    }

    /// What is known of document `number`, if it is counted.
    pub fn document(&self, number: u32) -> Option<DocumentRow> {
        let documents = slice(&self.bytes, self.header.documents)?;
        DocumentRow::from_bytes(documents.get(number as usize * DOCUMENT_BYTES..)?)
    }

    /// What document `number` is made of; see [`DocumentRow::contexts`].
    #[inline]
    pub fn contexts(&self, number: u32) -> Option<[u32; CONTEXTS]> {
        let documents = slice(&self.bytes, self.header.documents)?;
        let row = documents.get(number as usize * DOCUMENT_BYTES..)?.get(32..DOCUMENT_BYTES)?;
        let (words, _) = row.as_chunks::<4>();
        Some(words.first_chunk::<CONTEXTS>()?.map(u32::from_le_bytes))
    }

    /// The id of document `number`; empty where it is not counted.
    pub fn id(&self, number: u32) -> &str {
        let found = || {
            let ids = slice(&self.bytes, self.header.ids)?;
            let base = 8 * (self.documents() + 1);
            let start = usize::try_from(u64_at(ids, number as usize)?).ok()?;
            let end = usize::try_from(u64_at(ids, number as usize + 1)?).ok()?;
            std::str::from_utf8(ids.get(base + start..base + end)?).ok()
        };
        found().unwrap_or("")
    }

    /// The numbers of the documents with this identity, rising.
    pub fn numbers_of(&self, identity: u64) -> Vec<u32> {
        let order = slice(&self.bytes, self.header.document_order).unwrap_or(&[]);
        let identity_at = |at: usize| {
            u32_at(order, at).and_then(|n| self.document(n)).map_or(u64::MAX, |row| row.identity)
        };
        let (mut low, mut high) = (0, order.len() / 4);
        while low < high {
            let middle = usize::midpoint(low, high);
            if identity_at(middle) < identity { low = middle + 1 } else { high = middle }
        }
        (low..order.len() / 4)
            .take_while(|&at| identity_at(at) == identity)
            .filter_map(|at| u32_at(order, at))
            .collect()
    }

    /// All that is known of `fingerprint`.
    pub fn row(&self, fingerprint: Fingerprint) -> Option<Row<'_>> {
        let partition = self.partition(partition_of(fingerprint))?;
        let at = partition.find(partition.bucket(fingerprint.0)?, fingerprint.0)?;
        self.row_at(&partition, at)
    }

    /// The rows of one partition by rising fingerprint; all partitions together are all rows.
    pub fn rows(&self, partition: usize) -> impl Iterator<Item = (Fingerprint, Row<'_>)> {
        let place = self.partition(partition);
        let count = place.as_ref().map_or(0, |place| place.entries.len() / ENTRY_BYTES);
        (0..count).filter_map(move |at| {
            let place = place.as_ref()?;
            let fingerprint = Fingerprint(u64_at(place.entries, 2 * at)?);
            Some((fingerprint, self.row_at(place, at)?))
        })
    }

    /// The encoded rows of one partition.
    pub(super) fn payload(&self, partition: usize) -> &[u8] {
        self.partition(partition).map_or(&[], |place| place.payload)
    }

    /// The text that stood at the first place of a masked paragraph fingerprint, cut short.
    pub fn text(&self, fingerprint: Fingerprint) -> Option<&str> {
        let partition = self.partition(partition_of(fingerprint))?;
        let texts = partition.texts;
        let count = texts.len() / ENTRY_BYTES;
        let at = partition_point(count, |i| u64_at(texts, 2 * i) < Some(fingerprint.0));
        (u64_at(texts, 2 * at)? == fingerprint.0).then(|| partition.text(at))?
    }

    /// The texts of one partition by rising fingerprint.
    pub(super) fn texts(&self, partition: usize) -> impl Iterator<Item = (Fingerprint, &str)> {
        let place = self.partition(partition);
        let count = place.as_ref().map_or(0, |place| place.texts.len() / ENTRY_BYTES);
        (0..count).filter_map(move |at| {
            let place = place.as_ref()?;
            Some((Fingerprint(u64_at(place.texts, 2 * at)?), place.text(at)?))
        })
    }

    /// Bytes of the rows and texts of one partition in the file.
    pub(super) fn partition_bytes(&self, number: usize) -> usize {
        let bytes = self.header.partitions.get(number).map_or(0, |place| place.section.bytes);
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    fn row_at<'a>(&'a self, partition: &Partition<'a>, at: usize) -> Option<Row<'a>> {
        let value = u64_at(partition.entries, 2 * at + 1)?;
        if let Some(number) = partition.document_of(at) {
            let heads = u32::from(value & IS_HEAD != 0);
            return Some(Row::one(number, self.document(number)?.site, heads));
        }
        let offset = usize::try_from(value & !(IS_OFFSET | IS_SHARED)).ok()?;
        if value & IS_SHARED != 0 {
            let fingerprint = Fingerprint(u64_at(partition.entries, 2 * at)?);
            let shared = self.partition_of_file(partition_of(fingerprint))?;
            return shared.payload.get(offset..).map(Row::many);
        }
        partition.payload.get(offset..).map(Row::many)
    }

    fn partition(&self, number: usize) -> Option<Partition<'_>> {
        let Some(rows) = &self.rows else { return self.partition_of_file(number) };
        let place = rows.places.get(number)?;
        Partition::new(slice(&rows.bytes, place.section)?, place)
    }

    fn partition_of_file(&self, number: usize) -> Option<Partition<'_>> {
        let place = self.header.partitions.get(number)?;
        Partition::new(slice(&self.bytes, place.section)?, place)
    }
}

/// Looks many fingerprints up together.
#[derive(Debug)]
pub struct Search<'a> {
    index: &'a Index,
    /// Where the parts of each partition lie: to find that out takes longer than a look-up.
    partitions: Vec<Option<Partition<'a>>>,
}

impl<'a> Search<'a> {
    /// Looks into `index`.
    pub(super) fn new(index: &'a Index) -> Self {
        let partitions = (0..PARTITIONS).map(|number| index.partition(number));
        Self { index, partitions: partitions.collect() }
    }

    /// Gives `found` the place and row of each fingerprint that has one, in their order; not of those
    /// that stand in document `own` alone.
    ///
    /// An index is far larger than the caches, and each look-up waits for memory: for the bucket, and
    /// for its entries. Each step is taken for many fingerprints before the next, so that these waits
    /// overlap.
    pub(super) fn rows_of(
        &self,
        fingerprints: &[Fingerprint],
        own: Option<u32>,
        mut found: impl FnMut(u32, Row<'a>),
    ) {
        let mut buckets = Vec::with_capacity(TOGETHER);
        let mut place = 0;
        for fingerprints in fingerprints.chunks(TOGETHER) {
            let partition = |fingerprint| self.partitions[partition_of(fingerprint)].as_ref();
            buckets.clear();
            buckets.extend(fingerprints.iter().map(|&fingerprint| {
                partition(fingerprint).and_then(|partition| partition.bucket(fingerprint.0))
            }));
            let each = || buckets.iter().zip(fingerprints);
            touch(each().filter_map(|(bucket, &fingerprint)| {
                u64_at(partition(fingerprint)?.entries, 2 * bucket.as_ref()?.start)
            }));
            for (bucket, &fingerprint) in each() {
                let row = bucket.clone().zip(partition(fingerprint)).and_then(|(bucket, part)| {
                    let entry = part.find(bucket, fingerprint.0)?;
                    let is_own = own.is_some() && part.document_of(entry) == own;
                    if is_own { None } else { self.index.row_at(part, entry) }
                });
                if let Some(row) = row {
                    found(place, row);
                }
                place += 1;
            }
        }
    }
}

/// Maps a file that nobody changes while it is mapped.
pub(super) fn map(file: &File, name: &str) -> Result<memmap2::Mmap> {
    #[expect(unsafe_code, reason = "a map is unsound only if the file changes while in use")]
    // SAFETY: finished indexes are replaced by renaming, never rewritten in place, temporary files
    // have no name, and all reads check their bounds, so a file cut short by others could only end
    // the process.
    let map = unsafe { memmap2::Mmap::map(file) };
    map.map_err(|e| Error::io("map", name, e))
}

/// Look-ups whose waits for memory overlap: more than a core has waits in flight, and few enough
/// that what was fetched is still in the nearest cache when it is used.
const TOGETHER: usize = 32;

/// Reads all of `values` so that they are in the cache when they are needed; none waits for another.
pub(crate) fn touch<T: Into<u64>>(values: impl Iterator<Item = T>) {
    std::hint::black_box(values.fold(0_u64, |all, value| all ^ value.into()));
}

/// The parts of one partition's bytes.
#[derive(Debug)]
struct Partition<'a> {
    bucket_bits: u32,
    buckets: &'a [u8],
    entries: &'a [u8],
    payload: &'a [u8],
    texts: &'a [u8],
    text_bytes: &'a [u8],
}

impl<'a> Partition<'a> {
    fn new(bytes: &'a [u8], place: &PartitionPlace) -> Option<Self> {
        let pairs = |count: u64| usize::try_from(count).ok()?.checked_mul(ENTRY_BYTES);
        let bucket_bytes = 4 * (1_usize.checked_shl(place.bucket_bits)? + 1);
        let (buckets, rest) = bytes.split_at_checked(bucket_bytes)?;
        let (entries, rest) = rest.split_at_checked(pairs(place.entries)?)?;
        let (payload, rest) = rest.split_at_checked(usize::try_from(place.payload_bytes).ok()?)?;
        let (texts, text_bytes) = rest.split_at_checked(pairs(place.texts)?)?;
        Some(Self { bucket_bits: place.bucket_bits, buckets, entries, payload, texts, text_bytes })
    }

    /// The range of the entries among which that of a fingerprint must be.
    #[inline]
    fn bucket(&self, fingerprint: u64) -> Option<Range<usize>> {
        let bucket = usize::try_from(bucket_of(fingerprint, self.bucket_bits)).ok()?;
        Some(u32_at(self.buckets, bucket)? as usize..u32_at(self.buckets, bucket + 1)? as usize)
    }

    #[inline]
    fn find(&self, mut bucket: Range<usize>, fingerprint: u64) -> Option<usize> {
        bucket.find(|&at| u64_at(self.entries, 2 * at) == Some(fingerprint))
    }

    /// The one document of the entry at `at`; none where it has several.
    #[inline]
    fn document_of(&self, at: usize) -> Option<u32> {
        let value = u64_at(self.entries, 2 * at + 1)?;
        u32::try_from(value & (IS_HEAD - 1)).ok().filter(|_| value & IS_OFFSET == 0)
    }

    fn text(&self, at: usize) -> Option<&'a str> {
        let offset = usize::try_from(u64_at(self.texts, 2 * at + 1)?).ok()?;
        let mut bytes = self.text_bytes.get(offset..)?;
        let len = usize::try_from(take_varint(&mut bytes)?).ok()?;
        std::str::from_utf8(bytes.get(..len)?).ok()
    }
}

fn partition_point(count: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

fn slice(bytes: &[u8], section: Section) -> Option<&[u8]> {
    let start = usize::try_from(section.offset).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(section.bytes).ok()?)?)
}

fn sections(header: &Header) -> impl Iterator<Item = &Section> {
    let partitions = header.partitions.iter().map(|place| &place.section);
    partitions.chain([&header.documents, &header.document_order, &header.ids])
}

fn read_header(bytes: &[u8]) -> Result<Header, String> {
    let cut = || "is cut short; learn it again".to_owned();
    if !bytes.starts_with(&MAGIC) {
        return Err("is not a dechaff index".to_owned());
    }
    let version = u32_at(bytes, 2).ok_or_else(cut)?;
    if version != FORMAT_VERSION {
        let what = "this program reads version";
        return Err(format!("has format version {version}; {what} {FORMAT_VERSION}"));
    }
    let body = bytes.len().checked_sub(TRAILER_BYTES).filter(|&n| n >= PREAMBLE_BYTES);
    let (body, trailer) = bytes.split_at(body.ok_or_else(cut)?);
    if !trailer.ends_with(&MAGIC) {
        return Err(cut());
    }
    let length = u64_at(trailer, 0).and_then(|n| usize::try_from(n).ok()).ok_or_else(cut)?;
    let start = body.len().checked_sub(length).ok_or_else(cut)?;
    let header = &body[start..];
    if u64_at(trailer, 1) != Some(crate::hash::stable(header)) {
        return Err("has a damaged header; learn it again".to_owned());
    }
    let header: Header =
        serde_json::from_slice(header).map_err(|e| format!("has an unreadable header: {e}"))?;
    if header.normalizer_version != NORMALIZER_VERSION {
        return Err(format!(
            "was made with text rules {}, this program has {NORMALIZER_VERSION}; learn it again",
            header.normalizer_version
        ));
    }
    if header.partitions.len() != PARTITIONS {
        return Err(format!("has {} partitions instead of {PARTITIONS}", header.partitions.len()));
    }
    Ok(header)
}

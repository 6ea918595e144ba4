//! Pure functions from batch to batch: the ground for engines that own the data and the machines.
//!
//! [`sketch`] turns documents into rows, [`merge`] adds the rows of some partitions, [`assemble`]
//! writes the index from them, [`strip`] judges documents by it. An engine moves rows by their
//! partition and decides where each function runs; it holds no rules of its own. The counts are
//! those of [`crate::index`], so the verdicts are those of the command line.
//!
//! A *part* is what was sketched together. Its documents travel apart from its counts (as the row
//! of partition [`DOCUMENTS`]), because every merge numbers all documents, but adds the counts of
//! few partitions. Documents are ordered by [`Record::order`], then by [`Record::record`], then by
//! identity: how they were cut into parts does not show.

use std::collections::BTreeMap;
use std::io::Write;

use crate::config::Config;
use crate::decide::{Reason, score};
use crate::document::Document;
use crate::engine::{Removal, Stripped, Stripper};
use crate::error::{Error, Result};
use crate::index::build::Texts;
use crate::index::format::EncodedPartition;
use crate::index::{Assembly, Builder, Index, Keep, PARTITIONS};
use crate::report::audit::EvidenceRow;
use crate::text::{Sketch, Sketcher};

/// A document and its place among all others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The document.
    pub document: Document,
    /// What orders the documents; the least is the first.
    pub order: u64,
    /// Tells documents of equal order and equal identity apart.
    pub record: u64,
}

/// One row of the exchange: a part's counts in one partition, or its documents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// Which part it belongs to: the hash of the part's documents.
    pub part: u64,
    /// Below [`PARTITIONS`], or [`DOCUMENTS`].
    pub partition: u32,
    /// The encoded counts or documents.
    pub bytes: Vec<u8>,
}

/// The partition number of a row that holds a part's documents.
#[expect(clippy::cast_possible_truncation, reason = "the number of partitions is small")]
pub const DOCUMENTS: u32 = PARTITIONS as u32;

/// All parts of one sum are one input.
const KEY: &str = "";

/// Counts one part, batch by batch, in bounded memory.
#[derive(Debug)]
pub struct Part {
    builder: Builder,
    sketcher: Sketcher,
    text_bytes: u64,
}

impl Part {
    /// An empty part.
    pub fn new(config: &Config, texts: Texts) -> Self {
        let Config { recipe, memory_bytes, ref temporary_folder, .. } = *config;
        let mut builder = Builder::new(recipe, memory_bytes, temporary_folder, texts);
        builder.begin_input(KEY);
        Self { builder, sketcher: Sketcher::new(recipe), text_bytes: 0 }
    }

    /// Bytes of text counted so far.
    pub fn text_bytes(&self) -> u64 {
        self.text_bytes
    }

    /// Counts one record.
    ///
    /// # Errors
    ///
    /// When the temporary folder cannot be written.
    pub fn add(&mut self, record: &Record) -> Result<()> {
        let sketch = self.sketcher.sketch(&record.document);
        self.add_sketch(record, &sketch)
    }

    /// Counts one record whose sketch was made elsewhere.
    ///
    /// # Errors
    ///
    /// When the temporary folder cannot be written.
    pub fn add_sketch(&mut self, record: &Record, sketch: &Sketch) -> Result<()> {
        self.text_bytes += record.document.text.len() as u64;
        self.builder.add(&record.document, record.record, record.order, sketch)
    }

    /// The index of this part and of what `older` indexes hold.
    ///
    /// # Errors
    ///
    /// When the recipes differ, an older index holds the same documents, or spilled counts cannot
    /// be read back.
    pub fn index(&self, older: &[&Index]) -> Result<Index> {
        Assembly::new(older, Some(&self.builder), Keep::All)?.into_index()
    }

    /// The rows of this part: its documents first, then its partitions, empty ones left out.
    ///
    /// # Errors
    ///
    /// When spilled counts cannot be read back.
    pub fn into_rows(self) -> Result<Vec<Row>> {
        let assembly = Assembly::unchecked(&[], Some(&self.builder), Keep::All)?;
        let empty = (0..PARTITIONS).map(|_| Ok(EncodedPartition::default()));
        let bytes = assembly.write(Vec::new(), empty)?;
        let documents = Index::from_bytes(bytes)?;
        let part = documents.checksum();
        let bytes = documents.as_bytes().to_vec();
        let mut rows = vec![Row { part, partition: DOCUMENTS, bytes }];
        for (number, partition) in (0..PARTITIONS).zip(0_u32..) {
            let encoded = assembly.partition(number)?;
            if !encoded.is_empty() {
                rows.push(Row { part, partition, bytes: encoded.to_exchange() });
            }
        }
        Ok(rows)
    }
}

/// The rows of `batch`, counted as one part.
///
/// # Errors
///
/// When the temporary folder cannot be written.
///
/// # Examples
///
/// ```
/// use dechaff::batch::{Record, assemble, merge, sketch, strip};
/// use dechaff::index::{Index, Keep, build::Texts};
/// use dechaff::{Config, Document};
/// let record = |n: u64, text: &str| Record {
///     document: Document::new(n.to_string(), "a.example", text),
///     order: n,
///     record: n,
/// };
/// let story = "The river rose by two feet on the last night of a wet October.";
/// let (one, other) = ([record(1, story)], [record(2, story)]);
/// let config = Config::default();
/// let mut rows = sketch(&one, &config, Texts::Omit)?;
/// rows.extend(sketch(&other, &config, Texts::Omit)?);
/// let (documents, counts): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.is_documents());
/// let merged = merge(&documents, &counts, Keep::Repeated)?;
/// let index = Index::from_bytes(assemble(&documents, merged, Keep::Repeated, Vec::new())?)?;
/// assert!(strip(&one, &index, &config)[0].removals.is_empty());
/// assert_eq!(strip(&other, &index, &config)[0].removals.len(), 1);
/// # Ok::<(), dechaff::Error>(())
/// ```
pub fn sketch(batch: &[Record], config: &Config, texts: Texts) -> Result<Vec<Row>> {
    let mut part = Part::new(config, texts);
    batch.iter().try_for_each(|record| part.add(record))?;
    part.into_rows()
}

impl Row {
    /// Whether it holds a part's documents.
    pub fn is_documents(&self) -> bool {
        self.partition == DOCUMENTS
    }
}

/// Adds the counts of the partitions that `rows` hold: one row a partition, by its number.
///
/// `documents` are the documents of all parts; `rows` must hold all parts' rows of each of their
/// partitions. The sum depends neither on the order of the rows nor on repeated ones.
///
/// # Errors
///
/// When a row is damaged or belongs to no part of `documents`, or the recipes differ.
pub fn merge(documents: &[Row], rows: &[Row], keep: Keep) -> Result<Vec<Row>> {
    let mut by_part: BTreeMap<u64, BTreeMap<usize, &[u8]>> = BTreeMap::new();
    for row in rows {
        let partition = usize::try_from(row.partition).ok().filter(|&p| p < PARTITIONS);
        let partition = partition.ok_or_else(|| Error::index("row", "has no such partition"))?;
        by_part.entry(row.part).or_default().insert(partition, &row.bytes);
    }
    let mut parts = Vec::new();
    for (part, documents) in parts_of(documents)? {
        let rows = by_part.remove(&part).unwrap_or_default();
        parts.push(documents.with_partitions(|partition| {
            rows.get(&partition).map_or_else(
                || Ok(EncodedPartition::default()),
                |bytes| EncodedPartition::from_exchange(bytes),
            )
        })?);
    }
    if let Some((part, _)) = by_part.pop_first() {
        return Err(Error::index(format!("{part:016x}"), "has counts, but no documents"));
    }
    let parts: Vec<&Index> = parts.iter().collect();
    let assembly = Assembly::unchecked(&parts, None, keep)?;
    let mut numbers: Vec<u32> = rows.iter().map(|row| row.partition).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let merged = numbers.into_iter().map(|partition| {
        let bytes = assembly.partition(partition as usize)?.to_exchange();
        Ok(Row { part: 0, partition, bytes })
    });
    merged.collect()
}

/// Writes the index of all parts to `out`, which it gives back; `merged` is by rising partition.
///
/// # Errors
///
/// When a row is damaged or out of order, or `out` cannot be written.
pub fn assemble<W: Write>(
    documents: &[Row],
    merged: impl IntoIterator<Item = Row>,
    keep: Keep,
    out: W,
) -> Result<W> {
    let parts = parts_of(documents)?;
    let parts: Vec<&Index> = parts.values().collect();
    let assembly = Assembly::unchecked(&parts, None, keep)?;
    let mut merged = merged.into_iter().peekable();
    let partitions = (0..DOCUMENTS).map(|number| match merged.next_if(|r| r.partition == number) {
        Some(row) => EncodedPartition::from_exchange(&row.bytes),
        None => Ok(EncodedPartition::default()),
    });
    let out = assembly.write(out, partitions)?;
    match merged.next() {
        Some(row) => Err(Error::index(format!("partition {}", row.partition), "is out of order")),
        None => Ok(out),
    }
}

/// The judgments on `batch`, one a record.
pub fn strip(batch: &[Record], index: &Index, config: &Config) -> Vec<Stripped> {
    let mut stripper = Stripper::new(index, config);
    batch.iter().map(|record| strip_one(&mut stripper, record)).collect()
}

/// The judgment on one record, for callers that keep a stripper.
pub fn strip_one(stripper: &mut Stripper, record: &Record) -> Stripped {
    stripper.strip(&record.document, (KEY, record.record))
}

/// What each removal of `stripped` rests on, as the audit of the command line shows it; `id` is the
/// document's.
pub fn evidence(stripped: &Stripped, id: &str, index: &Index, config: &Config) -> Vec<EvidenceRow> {
    let mut features = None;
    let mut row = |removal: &Removal| {
        let row = EvidenceRow::new(&removal.evidence, removal.reason, id, index);
        if !matches!(removal.reason, Reason::Boilerplate | Reason::Orphan) {
            return row;
        }
        let features = features.get_or_insert_with(|| score::features(&stripped.evidence));
        row.scored(removal.reason, &config.policy.weights, &features[removal.paragraph])
    };
    stripped.removals.iter().map(&mut row).collect()
}

/// The documents of each part; of a part that came twice, once.
fn parts_of(documents: &[Row]) -> Result<BTreeMap<u64, Index>> {
    let mut parts = BTreeMap::new();
    for row in documents {
        if let std::collections::btree_map::Entry::Vacant(free) = parts.entry(row.part) {
            free.insert(Index::from_bytes(row.bytes.clone())?);
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::learn;

    /// Stories of two sites; some come twice, and each ends with a line of its site.
    fn records() -> Vec<Record> {
        let places = ["harbor", "mill", "quarry", "orchard", "station", "bridge", "chapel"];
        let record = |n: u64| {
            let place = places[usize::try_from(n % 7).unwrap()];
            let text = format!(
                "At the {place} number {n} the council met again over the price of water.\n\
                 The {place} will be closed on every second Monday until the work is done.\n\
                 Write to the editor of this page with your own account of the day."
            );
            let site = ["a.example", "b.example"][usize::from(n.is_multiple_of(3))];
            Record { document: Document::new(format!("d{n}"), site, text), order: n, record: n }
        };
        (0..40).map(record).collect()
    }

    fn index_of(parts: &[&[Record]], keep: Keep) -> Index {
        let config = Config::default();
        let rows = parts.iter().flat_map(|part| sketch(part, &config, Texts::Keep).unwrap());
        let (documents, counts): (Vec<_>, Vec<_>) = rows.partition(Row::is_documents);
        let (low, high): (Vec<_>, Vec<_>) = counts.into_iter().partition(|row| row.partition < 99);
        let mut merged = merge(&documents, &low, keep).unwrap();
        merged.extend(merge(&documents, &high, keep).unwrap());
        let bytes = assemble(&documents, merged, keep, Vec::new()).unwrap();
        Index::from_bytes(bytes).unwrap()
    }

    #[test]
    fn how_records_were_cut_into_parts_does_not_show() {
        let config = Config::default();
        let records = records();
        let documents: Vec<Document> = records.iter().map(|r| r.document.clone()).collect();
        let whole = learn(&documents, &config).unwrap();
        let counted = strip(&records, &whole, &config);
        assert!(counted.iter().map(|stripped| stripped.removals.len()).sum::<usize>() > 40);
        let mut backwards = records.clone();
        backwards.reverse();
        // What stands once is not in the index of what is repeated, so evidence may differ by it.
        let repeated = strip(&records, &index_of(&[&records], Keep::Repeated), &config);
        for (one, other) in repeated.iter().zip(&counted) {
            assert_eq!(one.spans(), other.spans());
        }
        for (keep, expected) in [(Keep::All, counted), (Keep::Repeated, repeated)] {
            for size in [1, 7, 40] {
                let parts: Vec<&[Record]> = backwards.chunks(size).collect();
                let stripped = strip(&records, &index_of(&parts, keep), &config);
                for (one, other) in stripped.iter().zip(&expected) {
                    assert_eq!(one, other, "parts of {size}");
                }
            }
        }
    }

    #[test]
    fn merging_one_index_gives_its_own_bytes() {
        let records = records();
        let index = index_of(&[&records], Keep::All);
        let again = Assembly::new(&[&index], None, Keep::All).unwrap().into_index().unwrap();
        assert!(index.as_bytes() == again.as_bytes());
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        let config = Config::default();
        let rows = sketch(&records(), &config, Texts::Omit).unwrap();
        let (documents, counts) = rows.split_at(1);
        assert!(merge(&[], counts, Keep::All).unwrap_err().is_incompatible_index());
        assert!(merge(documents, documents, Keep::All).unwrap_err().is_incompatible_index());
        let mut merged = merge(documents, counts, Keep::All).unwrap();
        merged.reverse();
        let refused = assemble(documents, merged, Keep::All, Vec::new()).unwrap_err();
        assert!(refused.is_incompatible_index());
    }
}

//! Pure functions from batch to batch: the ground for engines that own the data and the machines.
//!
//! [`sketch`] turns documents into rows, [`number`] numbers all documents, [`merge`] adds the rows of
//! some partitions, [`assemble`] writes the index from them, [`strip`] judges documents by it. An
//! engine moves rows by their partition and decides where each function runs; it holds no rules of
//! its own. The counts are those of [`crate::index`], so the verdicts are those of the command line.
//!
//! A *part* is what was sketched together. Its documents travel apart from its counts (as the row
//! of partition [`DOCUMENTS`]), because all documents are numbered at once, but counts are added
//! partition by partition. Documents are ordered by [`Record::order`], then by [`Record::record`],
//! then by identity: how they were cut into parts does not show.
//!
//! An index may be larger than a machine. Then [`join`] stands in the place of [`merge`]: it gives the
//! sum of each row back to the parts that counted it, and only what many of them counted is shared by
//! all. [`index_of_part`] puts both together: by that index the documents of the part, and no others,
//! are judged as by the whole.

use std::collections::BTreeMap;
use std::io::Write;

use crate::config::Config;
use crate::document::Document;
use crate::engine::{Stripped, Stripper};
use crate::error::{Error, Result};
use crate::index::build::Texts;
use crate::index::format::EncodedPartition;
use crate::index::parts::{self, OfPart, Sum};
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

/// One row of the exchange: a part's counts in one partition, or its documents, or their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row<B = Vec<u8>> {
    /// Which part it belongs to: the hash of the part's documents.
    pub part: u64,
    /// Below [`PARTITIONS`], or [`DOCUMENTS`], [`NUMBERS`] or [`IDENTITIES`].
    pub partition: u32,
    /// The encoded counts, documents or numbers.
    pub bytes: B,
}

/// The partition number of a row that holds a part's documents.
#[expect(clippy::cast_possible_truncation, reason = "the number of partitions is small")]
pub const DOCUMENTS: u32 = PARTITIONS as u32;
/// The partition number of a row that holds the numbers of a part's documents.
pub const NUMBERS: u32 = DOCUMENTS + 1;
/// The partition number of the row that holds the identities of all documents by their numbers.
pub const IDENTITIES: u32 = DOCUMENTS + 2;

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
/// use dechaff::batch::{Record, assemble, merge, number, sketch, strip};
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
/// let numbers = number(documents.clone())?;
/// let merged = merge(&numbers, &counts, Keep::Repeated)?;
/// let index = Index::from_bytes(assemble(documents, merged, Keep::Repeated, Vec::new())?)?;
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

/// Numbers all documents once: what every [`merge`] and [`join`] needs of them, 16 bytes each.
///
/// `documents` are those of all parts, in any order; a part that comes twice counts once. They are
/// taken one after the other, and of a document 40 bytes are kept until all have been seen.
///
/// # Errors
///
/// When a row is damaged, the recipes differ, or there are more than 2^31 documents.
pub fn number(documents: impl IntoIterator<Item = Row>) -> Result<Vec<Row>> {
    let parts = documents.into_iter().map(|row| Ok((row.part, Index::from_bytes(row.bytes)?)));
    let parts::Numbering { parts, identities } = parts::number(parts)?;
    let of_part = |(part, bytes)| Row { part, partition: NUMBERS, bytes };
    let mut numbers: Vec<Row> = parts.into_iter().map(of_part).collect();
    numbers.push(Row { part: 0, partition: IDENTITIES, bytes: identities });
    Ok(numbers)
}

/// Adds the counts of the partitions that `rows` hold: one row a partition, by its number.
///
/// `numbers` are what [`number`] gave; `rows` must hold all parts' rows of each of their
/// partitions. The sum depends neither on the order of the rows nor on repeated ones.
///
/// # Errors
///
/// When a row is damaged or belongs to a part without numbers.
pub fn merge<B: AsRef<[u8]>>(numbers: &[Row<B>], rows: &[Row<B>], keep: Keep) -> Result<Vec<Row>> {
    let merged = sums(numbers, rows)?.into_iter().map(|(partition, (_, sum))| {
        let bytes = sum.merged(keep)?.to_exchange();
        Ok(Row { part: 0, partition, bytes })
    });
    merged.collect()
}

/// What [`join`] makes of some partitions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Joined {
    /// For [`assemble`], in place of merged rows: one row a partition, by its number.
    pub shared: Vec<Row>,
    /// For [`index_of_part`]: the rows of each part.
    pub parts: Vec<Row>,
}

/// Adds counts like [`merge`] with [`Keep::Repeated`], and gives each part back the sums of what it
/// counted.
///
/// A sum goes to the parts that counted it, but where these are more than `parts_max` it is shared,
/// since it would be moved so many times. What [`assemble`] makes of shared rows is the documents and
/// these sums, to be opened wherever parts are judged.
///
/// # Errors
///
/// When a row is damaged or belongs to a part without numbers.
///
/// # Examples
///
/// ```
/// use dechaff::batch::{Record, Row, assemble, index_of_part, join, number, sketch, strip};
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
/// let joined = join(&number(documents.clone())?, &counts, 8)?;
/// let other_part = documents[1].part;
/// let shared = assemble(documents, joined.shared, Keep::Repeated, Vec::new())?;
/// let shared = Index::from_bytes(shared)?;
/// let of_other: Vec<Row> = joined.parts.into_iter().filter(|row| row.part == other_part).collect();
/// let index = index_of_part(&shared, &of_other)?;
/// assert_eq!(strip(&other, &index, &config)[0].removals.len(), 1);
/// # Ok::<(), dechaff::Error>(())
/// ```
pub fn join<B: AsRef<[u8]>>(
    numbers: &[Row<B>],
    rows: &[Row<B>],
    parts_max: usize,
) -> Result<Joined> {
    let mut joined = Joined::default();
    for (partition, (names, sum)) in sums(numbers, rows)? {
        let (shared, parts) = sum.joined(parts_max)?;
        joined.shared.push(Row { part: 0, partition, bytes: shared.to_exchange() });
        let parts = names.into_iter().zip(parts).filter(|(_, of_part)| !of_part.is_empty());
        let row =
            |(part, of_part): (u64, OfPart)| Row { part, partition, bytes: of_part.to_exchange() };
        joined.parts.extend(parts.map(row));
    }
    Ok(joined)
}

/// The index by which the documents of one part are judged as by the whole: `shared` is the index of
/// the shared rows, `rows` are those that [`join`] gave the part.
///
/// # Errors
///
/// When a row is damaged or has no such partition.
pub fn index_of_part<B: AsRef<[u8]>>(shared: &Index, rows: &[Row<B>]) -> Result<Index> {
    let mut partitions = vec![None; PARTITIONS];
    for row in rows {
        partitions[partition_of(row)?] = Some(row.bytes.as_ref());
    }
    shared.with_rows(|number| {
        partitions[number].map_or_else(|| Ok(EncodedPartition::default()), OfPart::partition)
    })
}

/// By part the numbers of its documents, and its counts in a partition.
type Counts<'a> = BTreeMap<u64, (&'a [u8], &'a [u8])>;

/// The sum of each partition that `rows` hold, and the parts that are added.
fn sums<'a, B: AsRef<[u8]>>(
    numbers: &'a [Row<B>],
    rows: &'a [Row<B>],
) -> Result<BTreeMap<u32, (Vec<u64>, Sum<'a>)>> {
    let (mut of_parts, mut identities): (BTreeMap<u64, &[u8]>, &[u8]) = (BTreeMap::new(), &[]);
    for row in numbers {
        match row.partition {
            NUMBERS => drop(of_parts.insert(row.part, row.bytes.as_ref())),
            IDENTITIES => identities = row.bytes.as_ref(),
            _ => return Err(Error::index("row", "holds no numbers")),
        }
    }
    let mut by_partition: BTreeMap<u32, Counts> = BTreeMap::new();
    for row in rows {
        partition_of(row)?;
        let numbers = of_parts.get(&row.part).ok_or_else(|| {
            Error::index(format!("{:016x}", row.part), "has counts, but no documents")
        })?;
        let counts = row.bytes.as_ref();
        by_partition.entry(row.partition).or_default().insert(row.part, (numbers, counts));
    }
    let sum = |(partition, parts): (u32, Counts<'a>)| {
        let sum = Sum::new(parts.values().copied(), identities)?;
        Ok((partition, (parts.into_keys().collect(), sum)))
    };
    by_partition.into_iter().map(sum).collect()
}

fn partition_of<B>(row: &Row<B>) -> Result<usize> {
    let partition = usize::try_from(row.partition).ok().filter(|&number| number < PARTITIONS);
    partition.ok_or_else(|| Error::index("row", "has no such partition"))
}

/// Writes the index of all parts to `out`, which it gives back; `merged` is by rising partition.
///
/// # Errors
///
/// When a row is damaged or out of order, or `out` cannot be written.
pub fn assemble<W: Write>(
    documents: impl IntoIterator<Item = Row>,
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
    stripped.evidence_rows(id, index, &config.policy.weights).collect()
}

/// The documents of each part; of a part that came twice, once.
fn parts_of(documents: impl IntoIterator<Item = Row>) -> Result<BTreeMap<u64, Index>> {
    let mut parts = BTreeMap::new();
    for row in documents {
        if let std::collections::btree_map::Entry::Vacant(free) = parts.entry(row.part) {
            free.insert(Index::from_bytes(row.bytes)?);
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
        let numbers = number(documents.iter().rev().cloned()).unwrap();
        let mut merged = merge(&numbers, &low, keep).unwrap();
        merged.extend(merge(&numbers, &high, keep).unwrap());
        let bytes = assemble(documents, merged, keep, Vec::new()).unwrap();
        Index::from_bytes(bytes).unwrap()
    }

    /// What each part is judged by, where sums of more parts than `parts_max` are shared.
    fn indexes_of(parts: &[&[Record]], parts_max: usize) -> Vec<Index> {
        let config = Config::default();
        let sketched = parts.iter().map(|part| sketch(part, &config, Texts::Omit).unwrap());
        let sketched: Vec<Vec<Row>> = sketched.collect();
        let rows = sketched.iter().flatten().cloned();
        let (documents, counts): (Vec<_>, Vec<_>) = rows.partition(Row::is_documents);
        let joined = join(&number(documents.clone()).unwrap(), &counts, parts_max).unwrap();
        let bytes = assemble(documents, joined.shared, Keep::Repeated, Vec::new()).unwrap();
        let shared = Index::from_bytes(bytes).unwrap();
        let own = |part: u64| joined.parts.iter().filter(move |row| row.part == part).cloned();
        let index = |rows: &Vec<Row>| {
            index_of_part(&shared, &own(rows[0].part).collect::<Vec<_>>()).unwrap()
        };
        sketched.iter().map(index).collect()
    }

    #[test]
    fn a_part_is_judged_by_what_is_joined_as_by_the_whole() {
        let config = Config::default();
        let mut records = records();
        // The same documents once more, in other parts.
        records.extend_from_within(3..8);
        records.rotate_left(5);
        for size in [1, 7, 20, 45] {
            let parts: Vec<&[Record]> = records.chunks(size).collect();
            let whole = index_of(&parts, Keep::Repeated);
            for parts_max in [0, 1, 3, 100] {
                let indexes = indexes_of(&parts, parts_max);
                for (part, index) in parts.iter().zip(&indexes) {
                    let (found, expected) =
                        (strip(part, index, &config), strip(part, &whole, &config));
                    let case = format!("parts of {size}, shared by more than {parts_max}");
                    assert_eq!(found, expected, "{case}");
                    for (record, stripped) in part.iter().zip(&found) {
                        let rows = |index| evidence(stripped, &record.document.id, index, &config);
                        let [found, expected] =
                            [index, &whole].map(|index| serde_json::to_string(&rows(index)));
                        assert_eq!(found.unwrap(), expected.unwrap(), "{case}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_sum_of_parts_is_that_of_their_indexes() {
        let config = Config::default();
        let mut records = records();
        records.extend_from_within(3..8);
        for size in [1, 7, 20] {
            let parts: Vec<&[Record]> = records.chunks(size).collect();
            for keep in [Keep::All, Keep::Repeated] {
                let mut indexes = BTreeMap::new();
                for records in &parts {
                    let mut part = Part::new(&config, Texts::Keep);
                    records.iter().try_for_each(|record| part.add(record)).unwrap();
                    let index = part.index(&[]).unwrap();
                    indexes.insert(part.into_rows().unwrap()[0].part, index);
                }
                let indexes: Vec<&Index> = indexes.values().collect();
                let naive =
                    Assembly::unchecked(&indexes, None, keep).unwrap().into_index().unwrap();
                assert!(naive.as_bytes() == index_of(&parts, keep).as_bytes(), "{size} {keep:?}");
            }
        }
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
        let numbers = number(documents.to_vec()).unwrap();
        assert!(merge(&[], counts, Keep::All).unwrap_err().is_incompatible_index());
        assert!(merge(&numbers, documents, Keep::All).unwrap_err().is_incompatible_index());
        assert!(merge(counts, counts, Keep::All).unwrap_err().is_incompatible_index());
        assert!(number(counts.to_vec()).unwrap_err().is_incompatible_index());
        // Numbers of fewer documents than were counted.
        let mut short = numbers.clone();
        short[0].bytes.truncate(40);
        assert!(merge(&short, counts, Keep::All).unwrap_err().is_incompatible_index());
        let mut merged = merge(&numbers, counts, Keep::All).unwrap();
        merged.reverse();
        let documents = documents.to_vec();
        let refused = assemble(documents, merged, Keep::All, Vec::new()).unwrap_err();
        assert!(refused.is_incompatible_index());
        let shared = index_of(&[&records()], Keep::Repeated);
        assert!(index_of_part(&shared, &numbers).unwrap_err().is_incompatible_index());
        for parts_max in [0, 9] {
            let mut torn = join(&numbers, counts, parts_max).unwrap().parts;
            let half = torn[0].bytes.len() / 2;
            torn[0].bytes.truncate(half);
            assert!(index_of_part(&shared, &torn).unwrap_err().is_incompatible_index());
        }
    }
}

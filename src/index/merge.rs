//! Adding counts: indexes and a finished builder become one index, partition by partition.

use std::io::Write;

use super::PARTITIONS;
use super::answers::{AnswersWriter, PartitionAnswers};
use super::build::{Builder, TEXT_PREFIX_BYTES};
use super::format::{EncodedPartition, Header, IS_HEAD, IS_OFFSET, Writer, u32_at, u64_at};
use super::repeated::{Numbering, Repeated};
use super::row::{Beside, Row, RowBuilder};
use super::summands::{Counts, Summand, Summands, collect_exact};
use super::table::Index;
use super::tuples::{TUPLE_BYTES, Tuple, read};
use crate::error::{Error, Result};
use crate::text::Fingerprint;
use crate::text::sketch::Recipe;
use crate::text::tokenize::NORMALIZER_VERSION;
use crate::varint::push_varint;

/// Which rows an index keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All, so that more can be merged in without loss.
    All,
    /// Those that stand in two documents or more: enough to strip what was counted.
    Repeated,
    /// The same, for one run: rows that only its answers are to find need no entries.
    Answered,
}

/// A sum of counts, with everything numbered anew; its partitions can be made in parallel.
#[derive(Debug)]
pub struct Assembly<'a> {
    summands: Summands<'a>,
    keep: Keep,
    recipe: Recipe,
    /// By new number: their sites and identities.
    document_sites: Vec<u32>,
    identities: Vec<u64>,
}

impl<'a> Assembly<'a> {
    /// The sum of `indexes` and of `builder`, whose inputs are a generation newer than theirs.
    ///
    /// # Errors
    ///
    /// When the parts were made by different recipes, or two of them hold the same input.
    pub fn new(indexes: &[&'a Index], builder: Option<&'a Builder>, keep: Keep) -> Result<Self> {
        let assembly = Self::unchecked(indexes, builder, keep)?;
        let mut digests: Vec<_> =
            assembly.summands.inputs.iter().filter(|i| i.documents > 0).collect();
        digests.sort_unstable_by_key(|input| input.digest);
        if let Some(twice) = digests.windows(2).find(|pair| pair[0].digest == pair[1].digest) {
            let (one, other) = (&twice[0].key, &twice[1].key);
            let what = format!("holds the same documents as {other}, counted already");
            return Err(Error::index(one, format!("{what}; --force counts them again")));
        }
        Ok(assembly)
    }

    /// Like [`Self::new`], but an input that two parts hold counts twice.
    ///
    /// # Errors
    ///
    /// When the parts were made by different recipes.
    pub fn unchecked(
        indexes: &[&'a Index],
        builder: Option<&'a Builder>,
        keep: Keep,
    ) -> Result<Self> {
        let recipe = match (indexes.first(), builder) {
            (Some(index), _) => index.recipe(),
            (None, Some(builder)) => builder.recipe,
            (None, None) => Recipe::default(),
        };
        let recipes = indexes.iter().map(|i| i.recipe()).chain(builder.map(|b| b.recipe));
        if recipes.into_iter().any(|other| other != recipe) {
            let what = "takes fingerprints in another way than the rest; learn both anew";
            return Err(Error::index("to merge", what));
        }
        let summands = Summands::new(indexes, builder)?;
        let rows = || summands.documents().map(|(summand, old)| summand.document(old));
        let document_sites = collect_exact(summands.len(), rows().map(|row| row.site));
        let identities = collect_exact(summands.len(), rows().map(|row| row.identity));
        Ok(Self { summands, keep, recipe, document_sites, identities })
    }

    /// The same sum as counts of this generation: a part of a run that adds to older indexes.
    #[must_use]
    pub fn in_generation(mut self, generation: u32) -> Self {
        for input in &mut self.summands.inputs {
            input.generation = generation;
        }
        self
    }

    /// Bytes that this and what was counted hold in memory as long as partitions are made.
    pub fn held_bytes(&self) -> usize {
        let batches = self.summands.builder().map_or(0, |builder| builder.tuples.starts.len());
        // Where batches start in the counts is held twice, and once where their answers do.
        let of_batches = batches * 3 * size_of::<super::tuples::Counts>();
        let of_documents = self.summands.len() * size_of::<(u32, u64)>();
        of_batches + of_documents + self.summands.held_bytes()
    }

    /// Bytes of the counts of the partition that has most.
    pub fn partition_bytes_max(&self) -> usize {
        let bytes = |partition| {
            let summands = self.summands.all.iter().map(|summand| match &summand.counts {
                Counts::Index(index) => index.partition_bytes(partition),
                Counts::Builder(builder, _) => builder.partition_bytes(partition),
            });
            summands.sum::<usize>()
        };
        (0..PARTITIONS).map(bytes).max().unwrap_or(0)
    }

    /// Makes one partition of rows.
    ///
    /// # Errors
    ///
    /// When spilled counts cannot be read back.
    pub fn partition(&self, partition: usize) -> Result<EncodedPartition> {
        let mut encoded = EncodedPartition::default();
        let mut contributions = Vec::new();
        for summand in &self.summands.all {
            contributions.push(Contributions::new(summand, partition)?);
        }
        let mut row = RowBuilder::default();
        while let Some(next) = contributions.iter().filter_map(Contributions::peek).min() {
            row.clear();
            for (summand, from) in self.summands.all.iter().zip(&mut contributions) {
                if from.peek() == Some(next) {
                    from.take(next, (self, summand), &mut row);
                }
            }
            self.push(next, &mut row, &mut encoded);
        }
        self.add_texts(partition, &mut encoded)?;
        Ok(encoded)
    }

    /// Adds a row. A lone document has one form, whether it was counted just now or comes from an
    /// index.
    fn push(&self, fingerprint: u64, row: &mut RowBuilder, encoded: &mut EncodedPartition) {
        if let Some((number, is_head)) = row.lone() {
            if self.keep == Keep::All {
                let head = if is_head { IS_HEAD } else { 0 };
                encoded.entries.push((fingerprint, u64::from(number) | head));
            }
            return;
        }
        encoded.entries.push((fingerprint, encoded.payload.len() as u64 | IS_OFFSET));
        row.encode(Fingerprint(fingerprint), |n| self.identities[n as usize], &mut encoded.payload);
    }

    /// Makes one partition of rows, and the answers to what the builder counted of it, in the
    /// order of counting.
    ///
    /// With [`Keep::Answered`] and nothing merged in, the rows can be found by these answers alone,
    /// and beside the tuples of the partition making them takes about `memory_bytes`.
    ///
    /// # Errors
    ///
    /// When spilled counts cannot be read back.
    pub fn answered(
        &self,
        partition: usize,
        memory_bytes: usize,
        workspace: &mut Workspace,
    ) -> Result<(EncodedPartition, PartitionAnswers)> {
        let repeated = &mut workspace.0;
        if let ([Summand { counts: Counts::Builder(builder, _), numbers, .. }], Keep::Answered) =
            (self.summands.all.as_slice(), self.keep)
        {
            let (sites, identities) = (&self.document_sites, &self.identities);
            builder.tuples.bytes_of(partition, &mut repeated.tuples)?;
            let numbering = Numbering { numbers, sites, identities };
            let (payload, answers) = repeated.rows(partition, memory_bytes, &numbering);
            return Ok((EncodedPartition { payload, ..EncodedPartition::default() }, answers));
        }
        let encoded = self.partition(partition)?;
        let mut answers = PartitionAnswers::default();
        if let Some(builder) = self.summands.builder() {
            builder.tuples.bytes_of(partition, &mut repeated.tuples)?;
            answers = PartitionAnswers::new(repeated.tuples.len() / TUPLE_BYTES);
            for (place, tuple) in (0..).zip(read(&repeated.tuples, partition)) {
                if let Some(offset) = encoded.offset_of(tuple.fingerprint) {
                    answers.set(place, offset, Beside::default());
                }
            }
        }
        Ok((encoded, answers))
    }

    /// A place for the answers of all partitions, over an unnamed file in `folder`.
    pub fn answers(&self, file: std::fs::File, folder: &std::path::Path) -> AnswersWriter {
        let starts = self.summands.builder().map_or(&[][..], |builder| &builder.tuples.starts);
        AnswersWriter::new(file, folder, starts)
    }

    /// Writes the index: all partitions, in order, then what they refer to; gives `out` back.
    ///
    /// # Errors
    ///
    /// When a partition cannot be made or `out` cannot be written.
    ///
    /// # Panics
    ///
    /// When `partitions` are not all of them.
    pub fn write<W: Write>(
        &self,
        out: W,
        partitions: impl Iterator<Item = Result<EncodedPartition>>,
    ) -> Result<W> {
        let header = Header {
            recipe: self.recipe,
            normalizer_version: NORMALIZER_VERSION,
            unicode_version: {
                let (major, minor, patch) = char::UNICODE_VERSION;
                format!("{major}.{minor}.{patch}")
            },
            has_singletons: self.keep == Keep::All
                && self.summands.all.iter().all(|summand| summand.counts.has_singletons()),
            inputs: self.summands.inputs.clone(),
            sites: self.summands.sites.clone(),
            ..Header::default()
        };
        let mut writer = Writer::new(out, header)?;
        let mut count = 0;
        for partition in partitions {
            writer.partition(&partition?)?;
            count += 1;
        }
        assert_eq!(count, PARTITIONS, "all partitions are written");
        let mut order = collect_exact(self.summands.len(), 0_u32..);
        // By number where identities are equal, as a stable sort would have it in twice the memory.
        order.sort_unstable_by_key(|&number| (self.identities[number as usize], number));
        writer.finish(
            |out| {
                self.summands
                    .documents()
                    .try_for_each(|(summand, old)| out.write(&summand.document(old).to_bytes()))
            },
            |out| order.iter().try_for_each(|number| out.write(&number.to_le_bytes())),
            |out| {
                let mut end = 0_u64;
                out.write(&end.to_le_bytes())?;
                self.summands.documents().try_for_each(|(summand, old)| {
                    end += summand.counts.id(old).len() as u64;
                    out.write(&end.to_le_bytes())
                })?;
                self.summands
                    .documents()
                    .try_for_each(|(summand, old)| out.write(summand.counts.id(old)))
            },
        )
    }

    /// The index in memory, made on the calling thread.
    ///
    /// # Errors
    ///
    /// When spilled counts cannot be read back.
    pub fn into_index(self) -> Result<Index> {
        let bytes = self.write(Vec::new(), (0..PARTITIONS).map(|p| self.partition(p)))?;
        Index::from_bytes(bytes)
    }

    fn add_texts(&self, partition: usize, encoded: &mut EncodedPartition) -> Result<()> {
        let mut texts: Vec<(u64, u32, Vec<u8>)> = Vec::new();
        for summand in &self.summands.all {
            match &summand.counts {
                Counts::Index(index) => {
                    for (fingerprint, text) in index.texts(partition) {
                        let sites = index.row(fingerprint).map(|row| row.sites());
                        let firsts = sites.into_iter().flatten();
                        let firsts = firsts.filter_map(|site| site.sample.first().copied());
                        let number = firsts.map(|old| summand.numbers.of(old)).min();
                        texts.push((fingerprint.0, number.unwrap_or(u32::MAX), text.into()));
                    }
                }
                Counts::Builder(builder, _) => {
                    builder_texts(builder, summand, partition, &mut texts)?;
                }
            }
        }
        texts.sort_unstable();
        texts.dedup_by_key(|text| text.0);
        let mut kept = encoded.entries.iter().map(|entry| entry.0).peekable();
        for (fingerprint, _, text) in texts {
            while kept.next_if(|&other| other < fingerprint).is_some() {}
            if kept.peek() == Some(&fingerprint) {
                encoded.texts.push((fingerprint, encoded.text_bytes.len() as u64));
                push_varint(&mut encoded.text_bytes, text.len() as u64);
                encoded.text_bytes.extend_from_slice(&text);
            }
        }
        Ok(())
    }
}

/// Space that is kept from partition to partition.
#[derive(Debug, Default)]
pub struct Workspace(Repeated);

/// What one summand has for a partition, by rising fingerprint.
enum Contributions<'a> {
    /// The next row, and those behind it.
    Rows(Option<FoundRow<'a>>, Box<dyn Iterator<Item = FoundRow<'a>> + 'a>),
    /// Sorted (fingerprint, new document number, whether not at its head), and how far it is read.
    Tuples(Vec<(u64, u32, bool)>, usize),
}

type FoundRow<'a> = (Fingerprint, Row<'a>);

impl<'a> Contributions<'a> {
    fn new(summand: &Summand<'a>, partition: usize) -> Result<Self> {
        match summand.counts {
            Counts::Index(index) => {
                let mut rows = index.rows(partition);
                Ok(Self::Rows(rows.next(), Box::new(rows)))
            }
            Counts::Builder(builder, _) => {
                let mut bytes = Vec::new();
                builder.tuples.bytes_of(partition, &mut bytes)?;
                let renumbered = |Tuple { fingerprint, number, is_head }: Tuple| {
                    (fingerprint, summand.numbers.of(number), !is_head)
                };
                let mut tuples: Vec<_> = read(&bytes, partition).map(renumbered).collect();
                tuples.sort_unstable();
                // Of a document that holds it at its head and elsewhere, the head stays.
                tuples.dedup_by_key(|tuple| (tuple.0, tuple.1));
                Ok(Self::Tuples(tuples, 0))
            }
        }
    }

    fn peek(&self) -> Option<u64> {
        match self {
            Self::Rows(next, _) => next.as_ref().map(|(fingerprint, _)| fingerprint.0),
            Self::Tuples(tuples, at) => tuples.get(*at).map(|tuple| tuple.0),
        }
    }

    /// Adds all that stands under `fingerprint` to `row`.
    fn take(
        &mut self,
        fingerprint: u64,
        (assembly, summand): (&Assembly<'_>, &Summand<'_>),
        row: &mut RowBuilder,
    ) {
        match self {
            Self::Rows(next, rest) => {
                let Some((_, found)) = next.take() else { return };
                *next = rest.next();
                for count in found.sites() {
                    let site = summand.sites[count.site as usize];
                    let numbers = count.sample.iter().map(|&old| summand.numbers.of(old));
                    row.add((site, count.documents, count.heads), numbers);
                }
            }
            Self::Tuples(tuples, at) => {
                let group = tuples[*at..].iter().take_while(|tuple| tuple.0 == fingerprint);
                for &(_, number, is_not_head) in group {
                    *at += 1;
                    let site = assembly.document_sites[number as usize];
                    row.add((site, 1, u32::from(!is_not_head)), [number]);
                }
            }
        }
    }
}

fn builder_texts(
    builder: &Builder,
    summand: &Summand,
    partition: usize,
    texts: &mut Vec<(u64, u32, Vec<u8>)>,
) -> Result<()> {
    let Some(spill) = &builder.texts else { return Ok(()) };
    let mut bytes = Vec::new();
    spill.read(partition, &mut bytes)?;
    let mut rest = bytes.as_slice();
    while let Some((prefix, tail)) = rest.split_at_checked(TEXT_PREFIX_BYTES) {
        let (Some(fingerprint), Some(number)) = (u64_at(prefix, 0), u32_at(prefix, 2)) else {
            break;
        };
        let len = usize::from(u16::from_le_bytes([prefix[12], prefix[13]]));
        let Some((text, tail)) = tail.split_at_checked(len) else { break };
        texts.push((fingerprint, summand.numbers.of(number), text.to_vec()));
        rest = tail;
    }
    Ok(())
}

//! Adding counts: indexes and a finished builder become one index, partition by partition.

use std::io::Write;

use super::build::{Builder, TEXT_PREFIX_BYTES, TUPLE_BYTES, TUPLE_HEAD};
use super::format::{
    EncodedPartition, Header, IS_HEAD, IS_OFFSET, Writer, push_varint, u32_at, u64_at,
};
use super::table::{DocumentRow, Index, Input, Row, Site, SiteCount};
use super::{PARTITIONS, SAMPLE};
use crate::error::{Error, Result};
use crate::text::Fingerprint;
use crate::text::shingle::Kind;
use crate::text::sketch::Recipe;
use crate::text::tokenize::NORMALIZER_VERSION;

/// Which rows an index keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All, so that more can be merged in without loss.
    All,
    /// Those that stand in two documents or more: enough to strip what was counted.
    Repeated,
}

/// A sum of counts, with everything numbered anew; its partitions can be made in parallel.
#[derive(Debug)]
pub struct Assembly<'a> {
    summands: Vec<Summand<'a>>,
    keep: Keep,
    recipe: Recipe,
    inputs: Vec<Input>,
    sites: Vec<Site>,
    /// By new number.
    documents: Vec<DocumentRow>,
    /// By new number: which summand and which of its documents.
    origins: Vec<(u32, u32)>,
}

/// One count, and the new numbers of its documents and sites.
#[derive(Debug)]
struct Summand<'a> {
    counts: Counts<'a>,
    numbers: Vec<u32>,
    sites: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
enum Counts<'a> {
    Index(&'a Index),
    Builder(&'a Builder),
}

impl<'a> Assembly<'a> {
    /// The sum of `indexes` and of `builder`, whose inputs are a generation newer than theirs.
    ///
    /// # Errors
    ///
    /// When the parts were made by different recipes, or two of them hold the same input.
    pub fn new(indexes: &[&'a Index], builder: Option<&'a Builder>, keep: Keep) -> Result<Self> {
        let assembly = Self::unchecked(indexes, builder, keep)?;
        let mut digests: Vec<_> = assembly.inputs.iter().filter(|i| i.documents > 0).collect();
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
            let what = "was made with other --paragraph, --shingle or --window settings";
            return Err(Error::index("to merge", what));
        }
        let counts: Vec<Counts<'a>> = indexes
            .iter()
            .map(|index| Counts::Index(index))
            .chain(builder.map(Counts::Builder))
            .collect();
        let generations = indexes.iter().flat_map(|index| index.inputs()).map(|i| i.generation);
        let newest = generations.max().map_or(0, |generation| generation + 1);
        let (inputs, input_numbers) = merge_inputs(&counts, newest);
        let (sites, site_numbers) = merge_sites(&counts);
        let (documents, origins) = merge_documents(&counts, &inputs, &input_numbers, &site_numbers);
        let mut summands: Vec<Summand> = counts
            .iter()
            .zip(site_numbers)
            .map(|(&counts, sites)| Summand { counts, numbers: vec![0; counts.documents()], sites })
            .collect();
        for (number, &(summand, old)) in (0..).zip(&origins) {
            summands[summand as usize].numbers[old as usize] = number;
        }
        Ok(Self { summands, keep, recipe, inputs, sites, documents, origins })
    }

    /// The same sum as counts of this generation: a part of a run that adds to older indexes.
    #[must_use]
    pub fn in_generation(mut self, generation: u32) -> Self {
        for input in &mut self.inputs {
            input.generation = generation;
        }
        self
    }

    /// Makes one partition of rows.
    ///
    /// # Errors
    ///
    /// When spilled counts cannot be read back.
    pub fn partition(&self, partition: usize) -> Result<EncodedPartition> {
        let mut rows = Rows { assembly: self, encoded: EncodedPartition::default() };
        let mut contributions = Vec::new();
        for summand in &self.summands {
            contributions.push(Contributions::new(summand, partition)?);
        }
        while let Some(next) = contributions.iter().filter_map(Contributions::peek).min() {
            let mut single = None;
            let mut counts = Vec::new();
            for (summand, from) in self.summands.iter().zip(&mut contributions) {
                if from.peek() == Some(next) {
                    from.take(next, (self, summand), &mut single, &mut counts);
                }
            }
            rows.push(next, single, counts);
        }
        let mut encoded = rows.encoded;
        self.add_texts(partition, &mut encoded)?;
        Ok(encoded)
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
            has_singletons: self.keep == Keep::All,
            inputs: self.inputs.clone(),
            sites: self.sites.clone(),
            ..Header::default()
        };
        let mut writer = Writer::new(out, header)?;
        let mut count = 0;
        for partition in partitions {
            writer.partition(&partition?)?;
            count += 1;
        }
        assert_eq!(count, PARTITIONS, "all partitions are written");
        let documents: Vec<u8> =
            self.documents.iter().flat_map(|document| document.to_bytes()).collect();
        let mut order: Vec<u32> = (0..).take(self.documents.len()).collect();
        order.sort_by_key(|&number| self.documents[number as usize].identity);
        let order: Vec<u8> = order.into_iter().flat_map(u32::to_le_bytes).collect();
        writer.finish(&documents, &order, &self.ids())
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

    fn ids(&self) -> Vec<u8> {
        let (mut offsets, mut bytes) = (vec![0; 8], Vec::new());
        for &(summand, old) in &self.origins {
            bytes.extend_from_slice(self.summands[summand as usize].counts.id(old));
            offsets.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        }
        offsets.append(&mut bytes);
        offsets
    }

    /// Keeps the first document and those of least identity.
    fn reduce(&self, sample: &mut Vec<u32>) {
        sample.sort_unstable();
        sample.dedup();
        if sample.len() > SAMPLE {
            let first = sample[0];
            let by_identity = |number: &u32| (self.documents[*number as usize].identity, *number);
            sample.select_nth_unstable_by_key(SAMPLE - 1, by_identity);
            sample.truncate(SAMPLE);
            if !sample.contains(&first) {
                sample.push(first);
            }
            sample.sort_unstable();
        }
    }

    fn add_texts(&self, partition: usize, encoded: &mut EncodedPartition) -> Result<()> {
        let mut texts: Vec<(u64, u32, Vec<u8>)> = Vec::new();
        for summand in &self.summands {
            match summand.counts {
                Counts::Index(index) => {
                    for (fingerprint, text) in index.texts(partition) {
                        let sites = index.row(fingerprint).map(|row| row.sites());
                        let samples = sites.iter().flatten().filter_map(|s| s.sample.first());
                        let number = samples.map(|&old| summand.numbers[old as usize]).min();
                        texts.push((fingerprint.0, number.unwrap_or(u32::MAX), text.into()));
                    }
                }
                Counts::Builder(builder) => builder_texts(builder, summand, partition, &mut texts)?,
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

/// Rows of a partition as they are encoded.
struct Rows<'a, 'b> {
    assembly: &'a Assembly<'b>,
    encoded: EncodedPartition,
}

impl Rows<'_, '_> {
    /// Adds a row: one document (`number`, whether at its head), or counts in any order.
    ///
    /// A lone document has one form, whether it was counted just now or comes from an index.
    fn push(
        &mut self,
        fingerprint: u64,
        mut single: Option<(u32, bool)>,
        mut counts: Vec<SiteCount>,
    ) {
        if single.is_none() && counts.len() == 1 && counts[0].documents == 1 {
            let lone = counts.pop();
            single = lone.and_then(|lone| Some((*lone.sample.first()?, lone.heads > 0)));
        }
        if let (Some((number, is_head)), true) = (single, counts.is_empty()) {
            if self.assembly.keep == Keep::All {
                let head = if is_head { IS_HEAD } else { 0 };
                self.encoded.entries.push((fingerprint, u64::from(number) | head));
            }
            return;
        }
        if let Some((number, is_head)) = single {
            counts.push(self.assembly.one(number, is_head));
        }
        counts.sort_by_key(|count| count.site);
        counts.dedup_by(|next, into| {
            let same = next.site == into.site;
            if same {
                into.documents = into.documents.saturating_add(next.documents);
                into.heads = into.heads.saturating_add(next.heads);
                into.sample.append(&mut next.sample);
            }
            same
        });
        let payload = &mut self.encoded.payload;
        self.encoded.entries.push((fingerprint, payload.len() as u64 | IS_OFFSET));
        push_varint(payload, counts.len() as u64);
        let sum = |of: fn(&SiteCount) -> u32| {
            counts.iter().fold(0_u32, |sum, count| sum.saturating_add(of(count)))
        };
        push_varint(payload, u64::from(sum(|count| count.documents)));
        push_varint(payload, u64::from(sum(|count| count.heads)));
        for mut count in counts {
            if Fingerprint(fingerprint).kind() == Kind::Affix {
                count.sample.clear();
            }
            self.assembly.reduce(&mut count.sample);
            for value in [count.site, count.documents, count.heads] {
                push_varint(payload, u64::from(value));
            }
            push_varint(payload, count.sample.len() as u64);
            let mut last = 0;
            for number in count.sample {
                push_varint(payload, u64::from(number - last));
                last = number;
            }
        }
    }
}

impl Assembly<'_> {
    fn one(&self, number: u32, is_head: bool) -> SiteCount {
        SiteCount {
            site: self.documents[number as usize].site,
            documents: 1,
            heads: u32::from(is_head),
            sample: vec![number],
        }
    }
}

/// What one summand has for a partition, by rising fingerprint.
enum Contributions<'a> {
    /// The next row, and those behind it.
    Rows(Option<Row<'a>>, Box<dyn Iterator<Item = Row<'a>> + 'a>),
    /// Sorted (fingerprint, new document number, whether not at its head), and how far it is read.
    Tuples(Vec<(u64, u32, bool)>, usize),
}

impl<'a> Contributions<'a> {
    fn new(summand: &Summand<'a>, partition: usize) -> Result<Self> {
        match summand.counts {
            Counts::Index(index) => {
                let mut rows = index.rows(partition);
                Ok(Self::Rows(rows.next(), Box::new(rows)))
            }
            Counts::Builder(builder) => {
                let bytes = builder.tuples.read(partition)?;
                let mut tuples: Vec<(u64, u32, bool)> = bytes
                    .chunks_exact(TUPLE_BYTES)
                    .filter_map(|tuple| {
                        let number = u32_at(tuple, 2)?;
                        let new = summand.numbers[(number & !TUPLE_HEAD) as usize];
                        Some((u64_at(tuple, 0)?, new, number & TUPLE_HEAD == 0))
                    })
                    .collect();
                tuples.sort_unstable();
                // Of a document that holds it at its head and elsewhere, the head stays.
                tuples.dedup_by_key(|tuple| (tuple.0, tuple.1));
                Ok(Self::Tuples(tuples, 0))
            }
        }
    }

    fn peek(&self) -> Option<u64> {
        match self {
            Self::Rows(next, _) => next.as_ref().map(|row| row.fingerprint.0),
            Self::Tuples(tuples, at) => tuples.get(*at).map(|tuple| tuple.0),
        }
    }

    /// Takes all that stands under `fingerprint`: a lone document goes to `single` while that is
    /// free, as most fingerprints have no more; all else to `counts`.
    fn take(
        &mut self,
        fingerprint: u64,
        sum: (&Assembly<'_>, &Summand<'_>),
        single: &mut Option<(u32, bool)>,
        counts: &mut Vec<SiteCount>,
    ) {
        let (assembly, summand) = sum;
        match self {
            Self::Rows(next, rest) => {
                let Some(row) = next.take() else { return };
                *next = rest.next();
                counts.extend(row.sites().into_iter().map(|count| SiteCount {
                    site: summand.sites[count.site as usize],
                    sample: count.sample.iter().map(|&old| summand.numbers[old as usize]).collect(),
                    ..count
                }));
            }
            Self::Tuples(tuples, at) => {
                let group = tuples[*at..].iter().take_while(|tuple| tuple.0 == fingerprint);
                let group = group.map(|&(_, number, is_not_head)| (number, !is_not_head));
                let before = *at;
                for (number, is_head) in group {
                    *at += 1;
                    if single.is_none() && *at == before + 1 {
                        *single = Some((number, is_head));
                    } else {
                        counts.push(assembly.one(number, is_head));
                    }
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
    let bytes = spill.read(partition)?;
    let mut rest = bytes.as_slice();
    while let Some((prefix, tail)) = rest.split_at_checked(TEXT_PREFIX_BYTES) {
        let (Some(fingerprint), Some(number)) = (u64_at(prefix, 0), u32_at(prefix, 2)) else {
            break;
        };
        let len = usize::from(u16::from_le_bytes([prefix[12], prefix[13]]));
        let Some((text, tail)) = tail.split_at_checked(len) else { break };
        texts.push((fingerprint, summand.numbers[number as usize], text.to_vec()));
        rest = tail;
    }
    Ok(())
}

impl<'a> Counts<'a> {
    fn documents(self) -> usize {
        match self {
            Self::Index(index) => index.documents(),
            Self::Builder(builder) => builder.documents.len(),
        }
    }

    fn document(self, number: u32) -> Option<DocumentRow> {
        match self {
            Self::Index(index) => index.document(number),
            Self::Builder(builder) => builder.documents.get(number as usize).copied(),
        }
    }

    fn inputs(self) -> &'a [Input] {
        match self {
            Self::Index(index) => index.inputs(),
            Self::Builder(builder) => &builder.inputs,
        }
    }

    fn sites(self) -> &'a [Site] {
        match self {
            Self::Index(index) => index.sites(),
            Self::Builder(builder) => &builder.sites,
        }
    }

    fn id(self, number: u32) -> &'a [u8] {
        match self {
            Self::Index(index) => index.id(number).as_bytes(),
            Self::Builder(builder) => {
                let number = number as usize;
                let start = if number == 0 { 0 } else { builder.id_ends[number - 1] };
                let range = |at: u64| usize::try_from(at).expect("ids are in memory");
                &builder.ids[range(start)..range(builder.id_ends[number])]
            }
        }
    }
}

/// All inputs in order, and for each summand where its inputs went.
fn merge_inputs(counts: &[Counts], newest: u32) -> (Vec<Input>, Vec<Vec<u32>>) {
    let mut all: Vec<(Input, usize, usize)> = Vec::new();
    for (summand, counts) in counts.iter().enumerate() {
        let newer = if matches!(counts, Counts::Builder(_)) { newest } else { 0 };
        for (old, input) in counts.inputs().iter().enumerate() {
            let generation = input.generation + newer;
            all.push((Input { generation, ..input.clone() }, summand, old));
        }
    }
    all.sort();
    let mut numbers: Vec<Vec<u32>> = counts.iter().map(|c| vec![0; c.inputs().len()]).collect();
    for (new, (_, summand, old)) in (0..).zip(&all) {
        numbers[*summand][*old] = new;
    }
    (all.into_iter().map(|(input, ..)| input).collect(), numbers)
}

/// All sites by name, and for each summand where its sites went.
fn merge_sites(counts: &[Counts]) -> (Vec<Site>, Vec<Vec<u32>>) {
    let mut sum: std::collections::BTreeMap<&str, Site> = std::collections::BTreeMap::new();
    for site in counts.iter().flat_map(|counts| counts.sites()) {
        let empty = || Site { name: site.name.clone(), documents: 0, pages: 0 };
        let into = sum.entry(&site.name).or_insert_with(empty);
        into.documents += site.documents;
        into.pages += site.pages;
    }
    let sites: Vec<Site> = sum.into_values().collect();
    let number = |name: &str| {
        let found = sites.binary_search_by(|site| site.name.as_str().cmp(name));
        u32::try_from(found.expect("every site is in the sum")).expect("fewer than 2^32 sites")
    };
    let numbers =
        counts.iter().map(|c| c.sites().iter().map(|site| number(&site.name)).collect()).collect();
    (sites, numbers)
}

/// All documents by position, and where each came from.
fn merge_documents(
    counts: &[Counts],
    inputs: &[Input],
    input_numbers: &[Vec<u32>],
    site_numbers: &[Vec<u32>],
) -> (Vec<DocumentRow>, Vec<(u32, u32)>) {
    let mut all = Vec::with_capacity(counts.iter().map(|counts| counts.documents()).sum());
    for ((summand, counts), (inputs, sites)) in
        (0_u32..).zip(counts).zip(input_numbers.iter().zip(site_numbers))
    {
        for old in (0..).take(counts.documents()) {
            let Some(row) = counts.document(old) else { continue };
            let (input, site) = (inputs[row.input as usize], sites[row.site as usize]);
            all.push((DocumentRow { site, input, ..row }, (summand, old)));
        }
    }
    // Inputs of one name are parts of one: where it was cut must not show.
    let mut places = Vec::with_capacity(inputs.len());
    for (at, input) in (0_u32..).zip(inputs) {
        let of = |last: &Input| (last.generation, &last.key) == (input.generation, &input.key);
        let is_part = at > 0 && of(&inputs[at as usize - 1]);
        places.push(if is_part { places[at as usize - 1] } else { at });
    }
    all.sort_unstable_by_key(|(row, origin)| {
        let place = places[row.input as usize];
        let generation = inputs[row.input as usize].generation;
        ((generation, row.order, place, row.record), (row.identity, row.input, *origin))
    });
    all.into_iter().unzip()
}

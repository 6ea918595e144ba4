//! Counts that become one, and the numbers that their documents, sites and inputs have in the sum.

use super::build::Builder;
use super::documents::DocumentsView;
use super::table::{DocumentRow, Index, Input, Site};
use crate::error::Result;

/// All that is added, with everything numbered anew.
#[derive(Debug)]
pub(super) struct Summands<'a> {
    pub(super) all: Vec<Summand<'a>>,
    /// Of the sum.
    pub(super) inputs: Vec<Input>,
    pub(super) sites: Vec<Site>,
    /// By new number: which summand and which of its documents. Most runs have one summand, in
    /// order already, and need none.
    origins: Option<Vec<Origin>>,
}

/// One count, and the new numbers of its documents and sites.
#[derive(Debug)]
pub(super) struct Summand<'a> {
    pub(super) counts: Counts<'a>,
    pub(super) numbers: Numbers,
    pub(super) sites: Vec<u32>,
    inputs: Vec<u32>,
}

/// A summand, and the number of one of its documents.
type Origin = (u32, u32);

/// One count.
#[derive(Debug)]
pub(super) enum Counts<'a> {
    Index(&'a Index),
    Builder(&'a Builder, DocumentsView<'a>),
}

/// The new numbers of the documents of one count.
#[derive(Debug)]
pub(super) enum Numbers {
    /// Those they have.
    Kept,
    /// By old number.
    Anew(Vec<u32>),
}

impl Numbers {
    #[inline]
    pub(super) fn of(&self, old: u32) -> u32 {
        match self {
            Self::Kept => old,
            Self::Anew(numbers) => numbers[old as usize],
        }
    }
}

impl<'a> Summands<'a> {
    /// `indexes` and `builder`, whose inputs are a generation newer than theirs.
    pub(super) fn new(indexes: &[&'a Index], builder: Option<&'a Builder>) -> Result<Self> {
        let mut counts: Vec<Counts<'a>> =
            indexes.iter().map(|index| Counts::Index(index)).collect();
        if let Some(builder) = builder {
            counts.push(Counts::Builder(builder, builder.documents.view()?));
        }
        let generations = indexes.iter().flat_map(|index| index.inputs()).map(|i| i.generation);
        let newest = generations.max().map_or(0, |generation| generation + 1);
        let (inputs, input_numbers) = merge_inputs(&counts, newest);
        let (sites, site_numbers) = merge_sites(&counts);
        let numbered = counts.into_iter().zip(site_numbers.into_iter().zip(input_numbers));
        let all = numbered.map(|(counts, (sites, inputs))| Summand {
            counts,
            numbers: Numbers::Kept,
            sites,
            inputs,
        });
        let mut summands = Self { all: all.collect(), inputs, sites, origins: None };
        summands.order_documents();
        Ok(summands)
    }

    /// How many documents there are.
    pub(super) fn len(&self) -> usize {
        self.all.iter().map(|summand| summand.counts.documents()).sum()
    }

    /// All documents by number: the summand that has each, and its number there.
    pub(super) fn documents(&self) -> impl Iterator<Item = (&Summand<'a>, u32)> {
        (0_u32..).take(self.len()).map(|number| {
            let kept = (0, number);
            let (summand, old) = self.origins.as_ref().map_or(kept, |all| all[number as usize]);
            (&self.all[summand as usize], old)
        })
    }

    /// What is counted just now; there is one at most.
    pub(super) fn builder(&self) -> Option<&'a Builder> {
        self.all.iter().find_map(|summand| match summand.counts {
            Counts::Builder(builder, _) => Some(builder),
            Counts::Index(_) => None,
        })
    }

    /// Bytes that the order of the documents is held in.
    pub(super) fn held_bytes(&self) -> usize {
        let of_document = if self.origins.is_some() { size_of::<(Origin, u32)>() } else { 0 };
        self.len() * of_document
    }

    /// Numbers all documents by position, where there is not one summand, which has them so already.
    ///
    /// Only their origins are held and sorted; where they stand is read again for each comparison.
    fn order_documents(&mut self) {
        let (summands, inputs) = (&self.all, &self.inputs);
        // Inputs of one name are parts of one: where it was cut must not show.
        let mut places = Vec::with_capacity(inputs.len());
        for (at, input) in (0_u32..).zip(inputs) {
            let of = |last: &Input| (last.generation, &last.key) == (input.generation, &input.key);
            let is_part = at > 0 && of(&inputs[at as usize - 1]);
            places.push(if is_part { places[at as usize - 1] } else { at });
        }
        let position = |&(summand, old): &Origin| {
            let row = summands[summand as usize].document(old);
            let place = places[row.input as usize];
            let generation = inputs[row.input as usize].generation;
            ((generation, row.order, place, row.record), (row.identity, row.input, (summand, old)))
        };
        let origins = || {
            let numbered = (0_u32..).zip(summands);
            numbered.flat_map(|(at, summand)| {
                (0_u32..).take(summand.counts.documents()).map(move |old| (at, old))
            })
        };
        if summands.len() < 2 && origins().is_sorted_by_key(|origin| position(&origin)) {
            return;
        }
        let mut origins = collect_exact(self.len(), origins());
        origins.sort_unstable_by_key(position);
        let mut numbers: Vec<_> =
            self.all.iter().map(|summand| vec![0; summand.counts.documents()]).collect();
        for (new, &(summand, old)) in (0_u32..).zip(&origins) {
            numbers[summand as usize][old as usize] = new;
        }
        for (summand, numbers) in self.all.iter_mut().zip(numbers) {
            summand.numbers = Numbers::Anew(numbers);
        }
        self.origins = Some(origins);
    }
}

impl Summand<'_> {
    /// One of its documents as the sum has it.
    pub(super) fn document(&self, old: u32) -> DocumentRow {
        let row = match &self.counts {
            Counts::Index(index) => index.document(old),
            Counts::Builder(_, documents) => documents.row(old),
        };
        let row = row.expect("documents are numbered from 0 without gaps");
        let (site, input) = (self.sites[row.site as usize], self.inputs[row.input as usize]);
        DocumentRow { site, input, ..row }
    }
}

impl Counts<'_> {
    pub(super) fn documents(&self) -> usize {
        match self {
            Self::Index(index) => index.documents(),
            Self::Builder(builder, _) => builder.documents.len() as usize,
        }
    }

    /// Whether the fingerprints that one document alone holds are all there.
    pub(super) fn has_singletons(&self) -> bool {
        match self {
            Self::Index(index) => index.has_singletons(),
            Self::Builder(..) => true,
        }
    }

    fn inputs(&self) -> &[Input] {
        match self {
            Self::Index(index) => index.inputs(),
            Self::Builder(builder, _) => &builder.inputs,
        }
    }

    fn sites(&self) -> &[Site] {
        match self {
            Self::Index(index) => index.sites(),
            Self::Builder(builder, _) => &builder.sites,
        }
    }

    pub(super) fn id(&self, number: u32) -> &[u8] {
        match self {
            Self::Index(index) => index.id(number).as_bytes(),
            Self::Builder(_, documents) => documents.id(number).unwrap_or(&[]),
        }
    }
}

/// All inputs in order, and for each summand where its inputs went.
fn merge_inputs(counts: &[Counts], newest: u32) -> (Vec<Input>, Vec<Vec<u32>>) {
    let mut all: Vec<(Input, usize, usize)> = Vec::new();
    for (summand, counts) in counts.iter().enumerate() {
        let newer = if matches!(counts, Counts::Builder(..)) { newest } else { 0 };
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
    for site in counts.iter().flat_map(Counts::sites) {
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

/// The first `len` of `items`, in no more memory than they take.
pub(super) fn collect_exact<T>(len: usize, items: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = Vec::new();
    all.reserve_exact(len);
    all.extend(items.take(len));
    all
}

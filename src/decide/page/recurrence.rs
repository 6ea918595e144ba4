//! On how many other pages of its site each paragraph of a page stands.
//!
//! Another fetch of the same page is not another page: it would make the article look like the
//! site's template. Copies are told by what the index samples: a document that holds nearly all
//! the long paragraphs of the page.

use crate::decide::found::FoundRows;
use crate::document::Document;
use crate::index::{Finder, Index, SiteCount};
use crate::text::Sketch;
use crate::text::repeat::ratio;
use crate::text::sketch::LONG_TOKENS;

/// How the paragraphs of a page recur on the other pages of its site; empty when none are known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recurrence {
    /// For each paragraph, on how many other pages it stands, digits masked; an estimate where
    /// the index only samples them. Shorter than the page where nothing is known.
    pub others: Vec<f64>,
    /// How many other pages of the site are known.
    pub pages: f64,
}

/// A document that holds this share of a page's long paragraphs, by their tokens, is a copy of it.
const COPY_MIN: f64 = 0.9;

impl Recurrence {
    /// What `index` knows; `own` is the page's own number, when the index has counted it.
    pub fn new(index: &Index, document: &Document, sketch: &Sketch, own: Option<u32>) -> Self {
        let Some(site) = index.site(&document.site) else { return Self::default() };
        let rows = FoundRows::new(sketch, own, &mut Finder::search(index));
        Self::from_rows((index, site), sketch, &rows, own)
    }

    /// What is known of a page of `site`, given the rows of its fingerprints.
    pub(crate) fn from_rows(
        (index, site): (&Index, u32),
        sketch: &Sketch,
        rows: &FoundRows,
        own: Option<u32>,
    ) -> Self {
        let counts: Vec<Option<SiteCount>> =
            rows.paragraphs.iter().map(|rows| rows.masked?.on_site(site)).collect();
        let copies = copies(sketch, &counts, own);
        let own_pages = u64::from(own.is_some()) + copies.len() as u64;
        let others = counts
            .iter()
            .map(|count| count.as_ref().map_or(0.0, |count| other_pages(count, own, &copies)));
        Self {
            others: others.collect(),
            pages: real(index.sites()[site as usize].documents.saturating_sub(own_pages)),
        }
    }
}

/// The documents that are copies of the page, rising.
fn copies(sketch: &Sketch, counts: &[Option<SiteCount>], own: Option<u32>) -> Vec<u32> {
    let mut held: Vec<(u32, u32)> = Vec::new();
    let mut all = 0;
    for (paragraph, count) in sketch.paragraphs.iter().zip(counts) {
        if (paragraph.tokens as usize) < LONG_TOKENS {
            continue;
        }
        all += paragraph.tokens as usize;
        let sample = count.iter().flat_map(|count| count.sample.iter());
        let others = sample.filter(|&&number| Some(number) != own);
        held.extend(others.map(|&number| (number, paragraph.tokens)));
    }
    held.sort_unstable();
    let tokens = |run: &[(u32, u32)]| run.iter().map(|(_, tokens)| *tokens as usize).sum();
    held.chunk_by(|a, b| a.0 == b.0)
        .filter(|run| ratio(tokens(run), all) >= COPY_MIN)
        .map(|run| run[0].0)
        .collect()
}

/// Pages other than this one and its copies that hold a paragraph, as far as the sample tells.
fn other_pages(count: &SiteCount, own: Option<u32>, copies: &[u32]) -> f64 {
    let others: Vec<&u32> = count.sample.iter().filter(|&&n| Some(n) != own).collect();
    let different = others.iter().filter(|n| copies.binary_search(n).is_err()).count();
    let documents = count.documents.saturating_sub(u32::from(own.is_some()));
    f64::from(documents) * ratio(different, others.len())
}

fn real(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

//! How much of the articles is in what was kept, and how much else: overlap of token multisets.

use std::collections::BTreeMap;

use crate::page::labels::{count, tokens};
use crate::page::pages::Page;

/// Token counts over some pages.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Overlap {
    /// Pages counted.
    pub pages: u64,
    /// Tokens of the articles that were kept.
    pub shared: f64,
    /// Tokens that were kept.
    pub kept: f64,
    /// Tokens of the articles.
    pub wanted: f64,
}

impl Overlap {
    /// The harmonic mean of precision and recall.
    pub fn f1(self) -> f64 {
        2.0 * self.shared / (self.kept + self.wanted).max(1.0)
    }
}

/// The overlap of all pages, of those whose site has three or more (`multi`), and by language.
pub fn overlaps(pages: &[Page], cleaned: &[String]) -> BTreeMap<String, Overlap> {
    let mut groups: BTreeMap<String, Overlap> = BTreeMap::new();
    for (page, cleaned) in pages.iter().zip(cleaned) {
        let one = overlap(cleaned, &page.gold);
        let multi = (page.pages_of_site >= 3).then_some("multi");
        let names = ["all", page.language.as_str()].into_iter().chain(multi);
        for name in names.filter(|name| !name.is_empty()) {
            let sum = groups.entry(name.to_owned()).or_default();
            sum.pages += 1;
            sum.shared += one.shared;
            sum.kept += one.kept;
            sum.wanted += one.wanted;
        }
    }
    groups
}

fn overlap(cleaned: &str, gold: &str) -> Overlap {
    let mut wanted: BTreeMap<u64, usize> = BTreeMap::new();
    let gold = tokens(gold);
    for token in &gold {
        *wanted.entry(*token).or_default() += 1;
    }
    let cleaned = tokens(cleaned);
    let mut shared = 0;
    for token in &cleaned {
        if let Some(left) = wanted.get_mut(token).filter(|left| **left > 0) {
            *left -= 1;
            shared += 1;
        }
    }
    Overlap {
        pages: 1,
        shared: count(shared),
        kept: count(cleaned.len()),
        wanted: count(gold.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_counts_as_often_as_it_is_wanted() {
        let found = overlap("rain rain sun", "Rain fell. Rain rose");
        assert_eq!(found, Overlap { pages: 1, shared: 2.0, kept: 3.0, wanted: 4.0 });
        assert!((found.f1() - 4.0 / 7.0).abs() < 1e-12);
    }
}

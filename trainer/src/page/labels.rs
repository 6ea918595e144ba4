//! Which lines of a page are its article, given the article as text.
//!
//! The heaviest chain of lines that stand in the article in the same order: a line is either the
//! same as one of the article's, or most of it stands in a stretch of them.

use std::collections::{BTreeMap as Map, BTreeSet};

use dechaff::text::tokenize::{Token, tokenize};

/// A line of this many tokens counts where it first stands: pages that print the article twice.
const ONCE_TOKENS: usize = 12;
/// A shorter line must be the same as a line of the article.
const PARTIAL_TOKENS: usize = 8;
/// Consecutive tokens that must agree for a token to be covered.
const GRAM: usize = 3;
/// Share of a line's tokens that must be covered.
const COVERED_MIN: f64 = 0.6;
/// What each skipped line costs, so that a title is taken next to its body.
const SKIP_COST: f64 = 0.02;
/// Skipped lines beyond which skipping costs no more.
const SKIP_MAX: usize = 50;

/// A line of the page that may be a stretch of the article's lines.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    line: usize,
    first: usize,
    last: usize,
    weight: f64,
    is_exact: bool,
}

/// For each of `lines`, whether it is part of the article `gold`.
///
/// # Examples
///
/// ```
/// use dechaff_trainer::page::labels::labels;
/// let page = ["Home", "The river rose", "Rain fell all night long.", "Home"];
/// assert_eq!(labels(&page, "The river rose\nRain fell all night long."), [false, true, true, false]);
/// ```
pub fn labels(lines: &[&str], gold: &str) -> Vec<bool> {
    let gold: Vec<Vec<u64>> =
        gold.lines().filter(|line| !line.trim().is_empty()).map(tokens).collect();
    let candidates = candidates(lines, &gold);
    let mut labels = vec![false; lines.len()];
    for line in heaviest_chain(&candidates) {
        labels[line] = true;
    }
    labels
}

/// The hashes of the tokens of a line.
pub(crate) fn tokens(line: &str) -> Vec<u64> {
    let mut found: Vec<Token> = Vec::new();
    tokenize(line, &mut found);
    found.into_iter().map(|token| token.hash).collect()
}

fn candidates(lines: &[&str], gold: &[Vec<u64>]) -> Vec<Candidate> {
    let mut same: Map<&[u64], Vec<usize>> = Map::new();
    let mut grams: Map<&[u64], Vec<usize>> = Map::new();
    for (at, line) in gold.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
        same.entry(line).or_default().push(at);
        for gram in line.windows(GRAM) {
            let lines = grams.entry(gram).or_default();
            if lines.last() != Some(&at) {
                lines.push(at);
            }
        }
    }
    let mut seen = BTreeSet::new();
    let mut candidates = Vec::new();
    for (line, text) in lines.iter().enumerate() {
        let tokens = tokens(text);
        if tokens.len() >= ONCE_TOKENS && !seen.insert(tokens.clone()) {
            continue;
        }
        if let Some(places) = same.get(tokens.as_slice()) {
            let weight = count(tokens.len());
            let exact =
                |&at: &usize| Candidate { line, first: at, last: at, weight, is_exact: true };
            candidates.extend(places.iter().map(exact));
        } else if tokens.len() >= PARTIAL_TOKENS {
            candidates.extend(partial(line, &tokens, &grams));
        }
    }
    candidates
}

/// The stretch of the article that covers most of a line.
fn partial(line: usize, tokens: &[u64], grams: &Map<&[u64], Vec<usize>>) -> Option<Candidate> {
    let mut covered = vec![false; tokens.len()];
    let mut hits: Map<usize, usize> = Map::new();
    let mut order = Vec::new();
    for (at, gram) in tokens.windows(GRAM).enumerate() {
        for &place in grams.get(gram).into_iter().flatten() {
            covered[at..at + GRAM].fill(true);
            let hits = hits.entry(place).or_insert_with(|| {
                order.push(place);
                0
            });
            *hits += 1;
        }
    }
    let weight = count(covered.iter().filter(|covered| **covered).count());
    // The first met of the lines with most hits.
    let best = *order.iter().rev().max_by_key(|place| hits[place])?;
    if weight < COVERED_MIN * count(tokens.len()) {
        return None;
    }
    let all = tokens.len() + 1 - GRAM;
    let is_good = |at: usize| hits.get(&at).is_some_and(|&hits| hits >= 3 || 5 * hits >= all);
    let first = (0..best).rev().take_while(|&at| is_good(at)).last().unwrap_or(best);
    let last = (best + 1..usize::MAX).take_while(|&at| is_good(at)).last().unwrap_or(best);
    Some(Candidate { line, first, last, weight, is_exact: false })
}

/// The lines of the chain of greatest weight; the earlier one among equals.
fn heaviest_chain(candidates: &[Candidate]) -> Vec<usize> {
    let mut weights: Vec<f64> = Vec::with_capacity(candidates.len());
    let mut before: Vec<Option<usize>> = Vec::with_capacity(candidates.len());
    for (at, next) in candidates.iter().enumerate() {
        let (mut most, mut from) = (0.0, None);
        for (earlier, last) in candidates[..at].iter().enumerate().rev() {
            let shares = last.last == next.first && !last.is_exact && !next.is_exact;
            if last.line >= next.line || (last.last >= next.first && !shares) {
                continue;
            }
            let skipped = (next.line - last.line - 1).min(SKIP_MAX);
            let weight = weights[earlier] - SKIP_COST * count(skipped);
            if weight > most {
                (most, from) = (weight, Some(earlier));
            }
        }
        weights.push(most + next.weight);
        before.push(from);
    }
    let best = (0..weights.len()).rev().max_by(|&a, &b| weights[a].total_cmp(&weights[b]));
    std::iter::successors(best, |&at| before[at]).map(|at| candidates[at].line).collect()
}

pub(crate) fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(page: &str, gold: &str, expected: &str) {
        let lines: Vec<&str> = page.lines().collect();
        let found = labels(&lines, gold);
        let shown: String = found.iter().map(|&is| if is { '1' } else { '0' }).collect();
        assert_eq!(shown, expected, "{page}");
    }

    #[test]
    fn a_title_is_taken_next_to_its_body() {
        let body = "The ferry did not sail on Monday.";
        check(&format!("Ferry\nHome\nFerry\n{body}"), &format!("Ferry\n{body}"), "0011");
    }

    #[test]
    fn a_line_cut_in_two_is_the_article_twice() {
        let page = "one two three four five six seven eight nine\n\
                    ten eleven twelve thirteen fourteen fifteen sixteen seventeen";
        check(page, &page.replace('\n', " "), "11");
    }

    #[test]
    fn the_second_copy_of_a_long_line_is_not_the_article() {
        let line = "a b c d e f g h i j k l m";
        check(&format!("{line}\nx\n{line}"), line, "100");
        check("nothing here", line, "0");
    }
}

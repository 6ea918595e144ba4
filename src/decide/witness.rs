//! Which other document says most of a paragraph, by the shingles that both have.
//!
//! One document alone speaks: what a paragraph shares with many, a phrase with each, is no copy.

use super::evidence::{COVERAGE_MIN, Witness};
use crate::text::ParagraphSketch;
use crate::text::repeat::{covered_tokens, ratio};

/// A shingle on more sites than this is a phrase, such as an office and the name of who holds it, or
/// part of a story that many took over.
pub(crate) const PHRASE_SITES_MIN: u32 = 16;
/// So many tokens, and this share of a paragraph, must stand in one other document for the phrases
/// among them to count: that a few meet there is chance, and a stock sentence is short.
///
/// On a generated crawl with stories on more than 16 sites, .908, .801 and .510 of the near-copies are
/// found without phrases, .992, .909 and .525 so, and .997, .938 and .598 where phrases always count: but
/// then 271 paragraphs of a crawl of real text go in addition, nearly all of them wrongly, and 2 so.
const STORY_TOKENS_MIN: usize = 16;
const STORY_SHARE_MIN: f64 = 0.5;

/// Whether phrases count where, with them, so many of `tokens` are said.
pub(crate) fn is_story(covered: usize, tokens: usize) -> bool {
    covered >= STORY_TOKENS_MIN && ratio(covered, tokens) >= STORY_SHARE_MIN
}

/// A shingle of the paragraph that another document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Vote {
    /// The number of that document.
    pub(super) number: u32,
    /// The shingle's first token in the paragraph.
    pub(super) token: u32,
    /// Whether more sites than [`PHRASE_SITES_MIN`] have it.
    pub(super) is_phrase: bool,
}

/// The document that says most of `paragraph`, of several the first; none that says less of it than
/// [`COVERAGE_MIN`] or that `may_speak` refuses.
pub(super) fn best_witness(
    votes: &mut [Vote],
    (paragraph, shingle_len): (&ParagraphSketch, usize),
    may_speak: impl Fn(u32) -> bool,
) -> Option<Witness> {
    votes.sort_unstable();
    let tokens = paragraph.tokens as usize;
    let runs = votes.chunk_by(|one, other| one.number == other.number);
    let said = runs.filter(|run| may_speak(run[0].number)).map(|run| {
        let covered = |with_phrases| covered_tokens(starts(run, with_phrases), shingle_len);
        let with_phrases = is_story(covered(true), tokens);
        (covered(with_phrases), with_phrases, run)
    });
    let (covered, with_phrases, run) =
        said.max_by_key(|(covered, _, run)| (*covered, std::cmp::Reverse(run[0].number)))?;
    let containment = ratio(covered, tokens);
    let of_run = || starts(run, with_phrases);
    (containment >= COVERAGE_MIN).then(|| Witness {
        number: run[0].number,
        containment,
        numbers: covered_share(&paragraph.slot_positions, of_run, shingle_len),
        documents: 1,
    })
}

fn starts(run: &[Vote], with_phrases: bool) -> impl Iterator<Item = usize> {
    let counted = run.iter().filter(move |vote| with_phrases || !vote.is_phrase);
    counted.map(|vote| vote.token as usize)
}

/// Share of `positions` that lie in shingles that begin at `starts`; 1 where there are none.
fn covered_share<I: Iterator<Item = usize>>(
    positions: &[u32],
    starts: impl Fn() -> I,
    shingle_len: usize,
) -> f64 {
    let is_covered = |at: usize| starts().any(|start| (start..start + shingle_len).contains(&at));
    let covered = positions.iter().filter(|&&at| is_covered(at as usize)).count();
    if positions.is_empty() { 1.0 } else { ratio(covered, positions.len()) }
}

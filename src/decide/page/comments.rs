//! The thread of readers' comments on a page.
//!
//! Comments come out of one template: the same line (a reply link, a count of votes, a date) stands
//! between one and the next. So do teasers; but teasers are cut to one length, and people write as
//! much as they like. No word of any language takes part.

use super::recurrence::Recurrence;
use crate::hash::HashMap;
use crate::text::Fingerprint;
use crate::text::shape::{PageShape, ParagraphShape};

/// What a paragraph is to the thread of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentPart {
    /// What a reader said, or who and when.
    Said,
    /// The same before the first line of the template or behind the last, where it may also be what
    /// stands around the thread.
    Edge,
    /// What the template puts around each.
    Furniture,
}

/// A line of the template has at most so many words.
const LINE_WORDS_MAX: f64 = 12.0;
/// A thread has at least so many such lines: two comments lie between them.
const LINES_MIN: usize = 3;
/// A comment has at most so many paragraphs.
const PARAGRAPHS_MAX: usize = 14;
/// A sentence of fewer words is nothing said.
const SAID_WORDS_MIN: f64 = 6.0;
/// What is said is so long on average; shorter entries are lists.
const WORDS_MEAN_MIN: f64 = 12.0;
/// Standard deviation of the lengths over their mean: people differ by more, teasers by less.
const SPREAD_MIN: f64 = 0.35;

/// What each paragraph is to the thread, if there is one; else nothing at all.
///
/// `keys` are the paragraphs' masked fingerprints; what stands on other pages of the site, by
/// `recurrence`, was not said here.
pub fn comment_parts(
    shape: &PageShape,
    keys: &[Fingerprint],
    recurrence: &Recurrence,
) -> Vec<Option<CommentPart>> {
    let paragraphs = &shape.paragraphs;
    let mut lines: HashMap<Fingerprint, Vec<usize>> = HashMap::default();
    for (at, (paragraph, key)) in paragraphs.iter().zip(keys).enumerate() {
        if paragraph.words > 0.0 && paragraph.words <= LINE_WORDS_MAX {
            lines.entry(*key).or_default().push(at);
        }
    }
    let is_new = |at: usize| recurrence.others.get(at).is_none_or(|&others| others <= 0.0);
    let said = |at: usize| {
        let ParagraphShape { words, is_ended, .. } = paragraphs[at];
        if is_ended && words >= SAID_WORDS_MIN && is_new(at) { words } else { 0.0 }
    };
    let threads = lines.into_values().filter(|places| places.len() >= LINES_MIN);
    // Of those that say the same amount the first, so that the order of the map does not show.
    let most = threads
        .filter_map(|places| Some((words_said(&places, said)?, places)))
        .max_by(|(a, at), (b, other)| a.total_cmp(b).then(other.cmp(at)));
    most.map_or_else(Vec::new, |(_, places)| parts(&places, keys, is_new))
}

/// Words said between the lines at `places`, when they look like a thread.
fn words_said(places: &[usize], said: impl Fn(usize) -> f64) -> Option<f64> {
    let between = places.windows(2).map(|pair| pair[0] + 1..pair[1]);
    let of = |block: std::ops::Range<usize>| {
        if block.len() > PARAGRAPHS_MAX { 0.0 } else { block.map(&said).sum::<f64>() }
    };
    let lengths: Vec<f64> = between.map(of).filter(|&words| words > 0.0).collect();
    let count = f64::from(u32::try_from(lengths.len()).unwrap_or(u32::MAX));
    let all: f64 = lengths.iter().sum();
    let mean = all / count.max(1.0);
    let variance = lengths.iter().map(|words| (words - mean).powi(2)).sum::<f64>() / count.max(1.0);
    let is_thread = lengths.len() >= LINES_MIN - 1
        && 2 * lengths.len() >= places.len() - 1
        && mean >= WORDS_MEAN_MIN
        && variance.sqrt() >= SPREAD_MIN * mean;
    is_thread.then_some(all)
}

/// What all paragraphs are to the thread whose lines stand at `places`.
fn parts(
    places: &[usize],
    keys: &[Fingerprint],
    is_new: impl Fn(usize) -> bool,
) -> Vec<Option<CommentPart>> {
    let (first, last) = (places[0], places[places.len() - 1]);
    let mut counts: HashMap<Fingerprint, usize> = HashMap::default();
    for key in &keys[first..=last] {
        *counts.entry(*key).or_default() += 1;
    }
    let is_furniture =
        |at: usize| !is_new(at) || counts.get(&keys[at]).is_some_and(|&count| count >= LINES_MIN);
    let mut gaps: Vec<usize> = places.windows(2).map(|pair| pair[1] - pair[0] - 1).collect();
    gaps.sort_unstable();
    // The line stands before or behind what is said: one more comment on either side.
    let reach = gaps[gaps.len() / 2].min(PARAGRAPHS_MAX);
    let mut parts = vec![None; keys.len()];
    for (at, part) in parts.iter_mut().enumerate() {
        let is_inside = (first..=last).contains(&at);
        *part = match is_inside || (at + reach >= first && at <= last + reach) {
            false => None,
            true if is_furniture(at) => is_inside.then_some(CommentPart::Furniture),
            true if is_inside => Some(CommentPart::Said),
            true => Some(CommentPart::Edge),
        };
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use crate::text::Sketcher;

    fn check(text: &str, expected: &str) {
        let sketch = Sketcher::default().sketch(&Document::new("1", "", text));
        let shape = PageShape::new(text, sketch.paragraphs.iter().map(|p| p.span));
        let keys: Vec<Fingerprint> = sketch.paragraphs.iter().map(|p| p.masked).collect();
        let letter = |part: Option<CommentPart>| match part {
            None => '.',
            Some(CommentPart::Said) => 's',
            Some(CommentPart::Edge) => 'e',
            Some(CommentPart::Furniture) => 'f',
        };
        let parts = comment_parts(&shape, &keys, &Recurrence::default());
        assert_eq!(parts.into_iter().map(letter).collect::<String>(), expected, "{text}");
    }

    const ARTICLE: &str =
        "The river rose\nThe river rose by two feet on the last night of October.";

    #[test]
    fn people_write_as_much_as_they_like() {
        let thread = "\
            Report (3)\nMaren\nI have lived beside this river for forty years, and it has never come so \
            close to the old mill as it did on that night in October.\n\
            Report (12)\nolder\nSo it has, in the year of the great frost.\n\
            Report (0)\nMaren\nYou are right, I had quite forgotten about that one. We were children.";
        check(&format!("{ARTICLE}\n{thread}"), "eefssfssfee");
    }

    #[test]
    fn teasers_are_cut_to_one_length() {
        let teasers = "\
            Read more\nThe mill is closed\nThe old mill beside the river is closed until the spring comes.\n\
            Read more\nA bridge for all\nThe new bridge beside the school is open since the last Monday.\n\
            Read more\nThe last ferry\nThe last ferry over the river has left the harbor for ever today.";
        check(&format!("{ARTICLE}\n{teasers}"), "");
        check(ARTICLE, "");
        check("", "");
    }
}

//! The features of a page's paragraphs: pure numbers, each under its name.

use std::ops::RangeInclusive;

use super::comments::{CommentPart, comment_parts};
use super::recurrence::Recurrence;
use crate::hash::HashMap;
use crate::text::Fingerprint;
use crate::text::shape::{PageShape, ParagraphShape};

/// How many features a paragraph has.
pub const FEATURES: usize = 48;

/// The features, in order. A name that ends in places (`_before_4_2`) is the mean over the
/// paragraphs that stand so far before or after.
pub const NAMES: [&str; FEATURES] = [
    "ended",
    "commas",
    "inner_ends",
    "digits",
    "capitals",
    "address",
    "dated",
    "tiny",
    "token_chars",
    "announcing",
    "function_words",
    "repeated",
    "repeat_rate",
    "repeat_count",
    "alone",
    "said_before",
    "doubled",
    "new_short",
    "share_of_longest",
    "place",
    "prose_share_before",
    "prose_share_after",
    "prose_of_page",
    "from_repeated_before",
    "from_repeated_after",
    "from_prose_before",
    "from_prose_after",
    "in_segment",
    "before_segment",
    "after_segment",
    "segment_depth",
    "title",
    "length_before_1",
    "length_after_1",
    "length_before_4_2",
    "ended_before_1",
    "repeated_before_1",
    "repeated_after_1",
    "repeated_before_12_5",
    "repeated_after_5_12",
    "prose_before_4_2",
    "prose_before_12_5",
    "new_short_after_1",
    "new_short_before_4_2",
    "new_short_before_12_5",
    "doubled_after_1",
    "doubled_before_4_2",
    "doubled_after_2_4",
];

/// One value for each of [`NAMES`].
pub type FeatureRow = [f64; FEATURES];

/// The features of all paragraphs of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct PageFeatures {
    /// One row a paragraph.
    pub rows: Vec<FeatureRow>,
    /// The paragraphs of the best stretch of prose; empty where the page has no prose.
    pub segment: std::ops::Range<usize>,
    /// What each paragraph is to the thread of readers' comments; empty where there is none.
    pub comments: Vec<Option<CommentPart>>,
}

/// A paragraph of this many words is prose enough to learn function words from.
const LONG_WORDS: f64 = 15.0;
/// A paragraph of this many words speaks for or against a stretch by its function words.
const SEGMENT_WORDS: f64 = 12.0;
/// Words beyond which a paragraph counts for no more prose.
const PROSE_WORDS_MAX: f64 = 80.0;
/// A line of fewer words is short.
const SHORT_WORDS: f64 = 8.0;
/// Paragraphs beyond which something is far away.
const GAP_MAX: u32 = 20;
/// Paragraphs beyond which the segment is far away.
const SEGMENT_GAP_MAX: usize = 50;
/// A title stands at most this many paragraphs before the first prose.
const TITLE_GAP_MAX: usize = 25;
/// A title has so many words.
const TITLE_WORDS: RangeInclusive<f64> = 3.0..=30.0;

/// The features of each paragraph, from its shape, its key (what stands on other pages is told by
/// it) and its recurrence.
///
/// # Panics
///
/// When there are not as many keys as paragraphs.
pub fn features(shape: &PageShape, keys: &[Fingerprint], recurrence: &Recurrence) -> PageFeatures {
    assert_eq!(shape.paragraphs.len(), keys.len(), "one key a paragraph");
    if keys.is_empty() {
        return PageFeatures { rows: Vec::new(), segment: 0..0, comments: Vec::new() };
    }
    let (said_before, doubled) = copies_on_page(keys);
    let words = Words::new(shape, &said_before);
    let columns = Columns::new(shape, (said_before, doubled), &words, recurrence);
    let title = title(shape, &words, &columns);
    let gaps = [
        gaps(&columns.repeated, Direction::Forward),
        gaps(&columns.repeated, Direction::Backward),
        gaps(&columns.is_prose, Direction::Forward),
        gaps(&columns.is_prose, Direction::Backward),
    ];
    let windows = windows(&columns);
    let rows = (0..keys.len()).map(|at| {
        let mut row = RowWriter::default();
        row.push(own_shape(&shape.paragraphs[at]));
        row.push([columns.function[at]]);
        row.push(repetition(&columns, recurrence, at));
        row.push([columns.new_short[at], shape.paragraphs[at].words / columns.longest]);
        row.push(position(&columns, at));
        row.push(gaps.each_ref().map(|gap| gap[at]));
        row.push(segment_place(columns.segment, at));
        row.push([title.filter(|(title, _)| *title == at).map_or(0.0, |(_, bound)| bound)]);
        row.push(windows.each_ref().map(|window| window[at]));
        row.finish()
    });
    let rows = rows.collect();
    let (first, last) = columns.segment;
    let segment = if columns.has_segment { first..last + 1 } else { 0..0 };
    PageFeatures { rows, segment, comments: comment_parts(shape, keys, recurrence) }
}

/// Fills a row group by group.
struct RowWriter {
    row: FeatureRow,
    len: usize,
}

impl Default for RowWriter {
    fn default() -> Self {
        Self { row: [0.0; FEATURES], len: 0 }
    }
}

impl RowWriter {
    fn push<const N: usize>(&mut self, values: [f64; N]) {
        self.row[self.len..self.len + N].copy_from_slice(&values);
        self.len += N;
    }

    fn finish(self) -> FeatureRow {
        assert_eq!(self.len, FEATURES, "every feature has a value");
        self.row
    }
}

/// Which words the page's own prose uses, and how often.
struct Words {
    /// Number of each token of the page, in the order of [`PageShape::tokens`].
    ids: Vec<usize>,
    /// By number: in how many long paragraphs the token stands.
    in_long: Vec<u32>,
    /// Long paragraphs, copies aside.
    long: u32,
}

impl Words {
    fn new(shape: &PageShape, said_before: &[f64]) -> Self {
        let mut numbers: HashMap<u64, usize> = HashMap::default();
        let ids = shape.tokens.iter().map(|&token| {
            let next = numbers.len();
            *numbers.entry(token).or_insert(next)
        });
        let ids: Vec<usize> = ids.collect();
        let mut words = Self { ids, in_long: vec![0; numbers.len()], long: 0 };
        let mut last_in = vec![0; numbers.len()];
        for (at, paragraph) in shape.paragraphs.iter().enumerate() {
            if paragraph.words < LONG_WORDS || said_before[at] > 0.0 {
                continue;
            }
            words.long += 1;
            for &id in &words.ids[paragraph.tokens.0..paragraph.tokens.1] {
                if last_in[id] != at + 1 {
                    last_in[id] = at + 1;
                    words.in_long[id] += 1;
                }
            }
        }
        words
    }

    fn of(&self, paragraph: &ParagraphShape) -> &[usize] {
        &self.ids[paragraph.tokens.0..paragraph.tokens.1]
    }

    /// Mean share of the other long paragraphs that use each of its words.
    fn function_share(&self, paragraph: &ParagraphShape) -> f64 {
        let own = u32::from(paragraph.words >= LONG_WORDS);
        let others = f64::from(self.long.saturating_sub(own)) + 4.0;
        let ids = self.of(paragraph);
        let uses: u32 = ids.iter().map(|&id| self.in_long[id].saturating_sub(own)).sum();
        f64::from(uses) / others / count(ids.len()).max(1.0)
    }

    /// How far a word is from being a function word, in 0..=1.
    fn rarity(&self, id: usize) -> f64 {
        1.0 - (3.0 * f64::from(self.in_long[id]) / (f64::from(self.long) + 4.0)).min(1.0)
    }
}

/// What is looked at again over a paragraph's neighbours: one value a paragraph.
struct Columns {
    length: Vec<f64>,
    ended: Vec<f64>,
    others: Vec<f64>,
    repeated: Vec<f64>,
    said_before: Vec<f64>,
    doubled: Vec<f64>,
    function: Vec<f64>,
    new_short: Vec<f64>,
    prose: Vec<f64>,
    /// Words of prose before each paragraph, and at the end those of the page.
    prose_sums: Vec<f64>,
    is_prose: Vec<f64>,
    longest: f64,
    /// First and last paragraph of the best stretch of prose.
    segment: (usize, usize),
    has_segment: bool,
}

impl Columns {
    fn new(
        shape: &PageShape,
        (said_before, doubled): (Vec<f64>, Vec<f64>),
        words: &Words,
        recurrence: &Recurrence,
    ) -> Self {
        let paragraphs = &shape.paragraphs;
        let each = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..paragraphs.len()).map(value).collect()
        };
        let others = each(&|at| recurrence.others.get(at).copied().unwrap_or(0.0));
        let repeated = each(&|at| flag(others[at] > 0.0));
        let ended = each(&|at| flag(paragraphs[at].is_ended));
        let is_new = |at: usize| (1.0 - repeated[at]) * (1.0 - said_before[at]);
        let prose = each(&|at| {
            paragraphs[at].words.min(PROSE_WORDS_MAX) / PROSE_WORDS_MAX * ended[at] * is_new(at)
        });
        let function = each(&|at| words.function_share(&paragraphs[at]));
        let weights = each(&|at| match paragraphs[at].words {
            _ if is_new(at) == 0.0 => -6.0,
            words if words >= SEGMENT_WORDS => 3.0 * words * function[at] - 3.0,
            _ => -2.0,
        });
        let best = best_run(&weights);
        Self {
            length: each(&|at| paragraphs[at].words.ln_1p()),
            new_short: each(&|at| flag(paragraphs[at].words < SHORT_WORDS) * (1.0 - repeated[at])),
            is_prose: each(&|at| flag(paragraphs[at].words >= LONG_WORDS) * ended[at] * is_new(at)),
            prose_sums: sums(prose.iter().map(|share| share * PROSE_WORDS_MAX)),
            longest: paragraphs.iter().map(|p| p.words).fold(1.0, f64::max),
            segment: best.unwrap_or((0, 0)),
            has_segment: best.is_some(),
            ended,
            others,
            repeated,
            said_before,
            doubled,
            function,
            prose,
        }
    }
}

/// Whether each paragraph stood earlier on the page, and whether it stands there twice.
fn copies_on_page(keys: &[Fingerprint]) -> (Vec<f64>, Vec<f64>) {
    let mut counts: HashMap<Fingerprint, u32> = HashMap::default();
    let mut before = Vec::with_capacity(keys.len());
    for key in keys {
        let count = counts.entry(*key).or_default();
        before.push(flag(*count > 0));
        *count += 1;
    }
    (before, keys.iter().map(|key| flag(counts[key] > 1)).collect())
}

fn own_shape(paragraph: &ParagraphShape) -> [f64; 10] {
    [
        flag(paragraph.is_ended),
        f64::from(paragraph.commas.min(8)),
        f64::from(paragraph.inner_ends.min(8)),
        paragraph.digits,
        paragraph.capitals,
        flag(paragraph.has_address),
        flag(paragraph.is_dated),
        flag(paragraph.words < 4.0),
        paragraph.token_chars.min(12.0),
        flag(paragraph.is_announcing),
    ]
}

fn repetition(columns: &Columns, recurrence: &Recurrence, at: usize) -> [f64; 6] {
    let others = columns.others[at];
    [
        columns.repeated[at],
        others / recurrence.pages.max(1.0),
        others.min(20.0).ln_1p(),
        flag(recurrence.pages < 1.0),
        columns.said_before[at],
        columns.doubled[at],
    ]
}

/// Where the paragraph stands, by paragraphs and by the prose of the page.
fn position(columns: &Columns, at: usize) -> [f64; 4] {
    let all = columns.prose_sums.last().copied().unwrap_or(0.0) + 1e-9;
    let last = count(columns.prose.len() - 1).max(1.0);
    [
        count(at) / last,
        columns.prose_sums[at] / all,
        (all - columns.prose_sums[at + 1]) / all,
        all.ln_1p(),
    ]
}

fn segment_place((first, last): (usize, usize), at: usize) -> [f64; 4] {
    let far = |gap: usize| count(gap.min(SEGMENT_GAP_MAX)).ln_1p();
    let depth = if (first..=last).contains(&at) { (at - first).min(last - at) } else { 0 };
    [
        flag((first..=last).contains(&at)),
        far(first.saturating_sub(at)),
        far(at.saturating_sub(last)),
        far(depth),
    ]
}

/// The run of greatest sum, when that is above 0; the first of equals (Kadane).
fn best_run(weights: &[f64]) -> Option<(usize, usize)> {
    let (mut best, mut sum, mut start) = (0.0, 0.0, 0);
    let mut found = None;
    for (at, weight) in weights.iter().enumerate() {
        if sum <= 0.0 {
            (sum, start) = (0.0, at);
        }
        sum += weight;
        if sum > best {
            best = sum;
            found = Some((start, at));
        }
    }
    found
}

/// The paragraph most likely to be the title of the segment, and how well it is bound to it: by
/// how many of its rarer words come again there.
fn title(shape: &PageShape, words: &Words, columns: &Columns) -> Option<(usize, f64)> {
    let (first, last) = columns.segment;
    let mut in_segment = vec![(0_u32, usize::MAX); words.in_long.len()];
    for at in first..=last {
        for &id in words.of(&shape.paragraphs[at]) {
            if in_segment[id].1 != at {
                in_segment[id] = (in_segment[id].0 + 1, at);
            }
        }
    }
    let prose = (first..=last).find(|&at| columns.is_prose[at] > 0.0).unwrap_or(first);
    let mut best = None;
    let mut most = 0.0;
    for at in prose.saturating_sub(TITLE_GAP_MAX)..=prose {
        let paragraph = &shape.paragraphs[at];
        if paragraph.is_ended || !TITLE_WORDS.contains(&paragraph.words) {
            continue;
        }
        let own = u32::from((first..=last).contains(&at));
        let (mut rare, mut shared) = (0.0, 0.0);
        for &id in words.of(paragraph) {
            let rarity = words.rarity(id);
            rare += rarity;
            shared += if in_segment[id].0 > own { rarity } else { 0.0 };
        }
        let bound = shared / (rare + 1.0);
        if shared * bound > most {
            most = shared * bound;
            best = Some((at, bound));
        }
    }
    best
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// How many paragraphs lie between each one and the nearest marked one before (or after) it.
fn gaps(marks: &[f64], direction: Direction) -> Vec<f64> {
    let mut gaps = vec![0.0; marks.len()];
    let mut gap = GAP_MAX;
    for step in 0..marks.len() {
        let at = if direction == Direction::Forward { step } else { marks.len() - 1 - step };
        gaps[at] = f64::from(gap).ln_1p();
        gap = if marks[at] > 0.0 { 0 } else { (gap + 1).min(GAP_MAX) };
    }
    gaps
}

/// The last features, in the order of [`NAMES`].
fn windows(columns: &Columns) -> [Vec<f64>; 16] {
    let [length, ended, repeated, prose, new_short, doubled] = [
        &columns.length,
        &columns.ended,
        &columns.repeated,
        &columns.prose,
        &columns.new_short,
        &columns.doubled,
    ]
    .map(|column| sums(column.iter().copied()));
    [
        window(&length, -1..=-1),
        window(&length, 1..=1),
        window(&length, -4..=-2),
        window(&ended, -1..=-1),
        window(&repeated, -1..=-1),
        window(&repeated, 1..=1),
        window(&repeated, -12..=-5),
        window(&repeated, 5..=12),
        window(&prose, -4..=-2),
        window(&prose, -12..=-5),
        window(&new_short, 1..=1),
        window(&new_short, -4..=-2),
        window(&new_short, -12..=-5),
        window(&doubled, 1..=1),
        window(&doubled, -4..=-2),
        window(&doubled, 2..=4),
    ]
}

/// The mean over the paragraphs at these distances, 0 where the page has none.
fn window(sums: &[f64], distances: RangeInclusive<isize>) -> Vec<f64> {
    let (low, high) = (*distances.start(), *distances.end());
    let len = sums.len() - 1;
    let place = |at: usize, distance: isize| at.saturating_add_signed(distance).min(len);
    let width = count(distances.count());
    (0..len).map(|at| (sums[place(at + 1, high)] - sums[place(at, low)]) / width).collect()
}

/// The sums of the values before each place, and of all.
fn sums(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    sums.extend(values.map(|value| {
        sum += value;
        sum
    }));
    sums
}

fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Span;

    fn check(lines: &[&str], others: &[f64], name: &str, expected: &[f64]) {
        let text = lines.join("\n");
        let mut start = 0;
        let spans = lines.iter().map(|line| {
            let span = Span::new(start, start + line.len());
            start = span.end + 1;
            span
        });
        let shape = PageShape::new(&text, spans);
        let keys: Vec<Fingerprint> =
            lines.iter().map(|line| Fingerprint(crate::hash::stable(line.as_bytes()))).collect();
        let recurrence = Recurrence { others: others.to_vec(), pages: 4.0 };
        let rows = features(&shape, &keys, &recurrence).rows;
        let at = NAMES.iter().position(|other| *other == name).unwrap();
        let found: Vec<f64> = rows.iter().map(|row| row[at]).collect();
        let is_near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(is_near && found.len() == expected.len(), "{name}: {found:?}");
    }

    #[test]
    fn repetition_comes_from_other_pages_and_from_the_page_itself() {
        let lines = ["Home", "Rain fell.", "Home"];
        check(&lines, &[2.0, 0.0, 2.0], "repeat_rate", &[0.5, 0.0, 0.5]);
        check(&lines, &[], "repeated", &[0.0, 0.0, 0.0]);
        check(&lines, &[], "said_before", &[0.0, 0.0, 1.0]);
        check(&lines, &[], "doubled", &[1.0, 0.0, 1.0]);
        check(&lines, &[], "ended_before_1", &[0.0, 0.0, 1.0]);
        check(&lines, &[], "doubled_before_4_2", &[0.0, 0.0, 1.0 / 3.0]);
    }

    #[test]
    fn places_are_counted_from_the_nearest_mark() {
        let far = 20_f64.ln_1p();
        let lines = ["a", "b", "c", "d"];
        let others = [0.0, 3.0, 0.0, 0.0];
        check(&lines, &others, "from_repeated_before", &[far, far, 0.0, 1_f64.ln_1p()]);
        check(&lines, &others, "from_repeated_after", &[0.0, far, far, far]);
        check(&lines, &others, "place", &[0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    }

    #[test]
    fn the_best_run_is_the_first_of_greatest_sum() {
        assert_eq!(best_run(&[-1.0, 2.0, -1.0, 2.0, -5.0, 3.0]), Some((1, 3)));
        assert_eq!(best_run(&[-1.0, 0.0]), None);
        assert_eq!(best_run(&[]), None);
    }
}

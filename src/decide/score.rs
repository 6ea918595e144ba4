//! How much a paragraph looks like boilerplate: one number from all of its evidence.
//!
//! A linear score over named features, its weights are data (`boilerplate.toml`), fitted by ridge
//! logistic regression on labelled news and a generated crawl, with whole sites left out to measure
//! it. Above 0 the paragraph is taken for boilerplate. The features are counts and rates of
//! recurrence, the paragraph's own shape and its neighbors'; none knows a word, site or language.

use super::evidence::{AffixEvidence, Evidence, SiteEvidence};
use super::weight_file;
use crate::error::Result;
use crate::text::sketch::Ending;

/// Number of features.
pub const FEATURES: usize = 89;

/// The names of the features, in the order of [`features`].
pub const NAMES: [&str; FEATURES] = [
    "different",
    "documents",
    "rate",
    "specific",
    "elsewhere",
    "heads",
    "title_elsewhere",
    "numbers_differ",
    "numbers_differ_long",
    "template",
    "short",
    "long",
    "very_long",
    "wordless",
    "one_word",
    "slots",
    "sentence",
    "question",
    "colon",
    "capitals",
    "quote",
    "end_mark",
    "first",
    "near_head",
    "last",
    "tail",
    "marker",
    "different_sentence",
    "different_question",
    "different_colon",
    "different_short",
    "different_long",
    "different_tail",
    "different_first",
    "different_slots",
    "different_elsewhere",
    "head_affix",
    "tail_affix",
    "head_marked",
    "tail_marked",
    "head_affix_sentence",
    "tail_affix_sentence",
    "head_affix_long",
    "tail_affix_long",
    "head_affix_count",
    "tail_affix_count",
    "head_affix_rate",
    "tail_affix_rate",
    "repeat",
    "head_call",
    "tail_call",
    "call_sentence",
    "call_long",
    "call_count",
    "small",
    "different_one_word",
    "template_heads",
    "head_share",
    "tail_share",
    "head_share_sentence",
    "tail_share_sentence",
    "before_different",
    "before_sentence",
    "before_long",
    "before_title_elsewhere",
    "before_marker",
    "before_short",
    "before_capitals",
    "before_evidence",
    "before_open",
    "before_small",
    "before_call",
    "before_colon",
    "behind_different",
    "behind_sentence",
    "behind_long",
    "behind_title_elsewhere",
    "behind_marker",
    "behind_short",
    "behind_capitals",
    "behind_evidence",
    "behind_open",
    "behind_small",
    "behind_call",
    "behind_colon",
    "around",
    "all_behind",
    "all_before",
    "short_paragraphs",
];

/// The weights of the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    bias: f64,
    weights: [f64; FEATURES],
}

impl Weights {
    /// The weights that come with the program.
    ///
    /// # Errors
    ///
    /// When the weights file is not well-formed or does not name every feature, which a test rules
    /// out.
    pub fn built_in() -> Result<Self> {
        Self::parse(include_str!("boilerplate.toml"), "boilerplate.toml")
    }

    /// The weights of a weight file; `name` is for messages.
    ///
    /// # Errors
    ///
    /// When the file is not well-formed, or does not have one finite weight for each feature.
    pub fn parse(file: &str, name: &str) -> Result<Self> {
        let (bias, weights) = weight_file::parse(file, name, &NAMES)?;
        Ok(Self { bias, weights })
    }

    /// The score of one paragraph's features.
    pub fn score(&self, features: &[f64; FEATURES]) -> f64 {
        self.weights.iter().zip(features).fold(self.bias, |sum, (weight, x)| sum + weight * x)
    }

    /// The features that speak loudest, with what each adds to the score.
    pub fn loudest(&self, features: &[f64; FEATURES], count: usize) -> Vec<(&'static str, f64)> {
        let mut loudest: Vec<(&str, f64)> = Vec::with_capacity(count + 1);
        for (name, (weight, x)) in NAMES.into_iter().zip(self.weights.iter().zip(features)) {
            let part = weight * x;
            // Most features say nothing.
            let is_louder = |(_, louder): &(_, f64)| louder.abs() >= part.abs();
            if loudest.len() == count && loudest.last().is_none_or(is_louder) {
                continue;
            }
            let at = loudest.partition_point(is_louder);
            loudest.insert(at, (name, part));
            loudest.truncate(count);
        }
        loudest
    }
}

/// The features of every paragraph of a document.
pub fn features(evidence: &[Evidence]) -> Vec<[f64; FEATURES]> {
    let features = Features::new(evidence);
    (0..evidence.len()).map(|at| features.of(at)).collect()
}

/// Scores the paragraphs of a document that have ground; of the others no verdict asks, and making
/// their features would cost as much as all other evidence on them.
pub fn score_grounded(evidence: &mut [Evidence], weights: &Weights) {
    let grounded = (0..evidence.len()).filter(|&at| has_ground(&evidence[at]));
    let mut grounded = grounded.peekable();
    if grounded.peek().is_none() {
        return;
    }
    let features = Features::new(evidence);
    let scores: Vec<_> = grounded.map(|at| (at, weights.score(&features.of(at)))).collect();
    for (at, score) in scores {
        evidence[at].score = score;
    }
}

/// Whether a paragraph recurs at all: on three otherwise different documents of the site, or on two of
/// very few, by its head or tail, or as part of the site's template; or whether it calls for something
/// else. Without that it is not boilerplate, whatever its neighbors and its shape say. Prose does not
/// recur by its head or tail: the larger part of it is its own.
pub fn has_ground(evidence: &Evidence) -> bool {
    let Evidence { site, affixes, .. } = evidence;
    let of = f64::from(u32::try_from(site.of_documents).unwrap_or(u32::MAX));
    let different = site.documents.min(site.contexts);
    different >= CONTEXTS_GROUND
        || (of > 0.0
            && different + 1 >= CONTEXTS_GROUND
            && f64::from(site.documents) >= of * RATE_GROUND)
        || site.template >= TEMPLATE_GROUND
        || affixes.iter().any(|a| {
            a.is_call
                || !is_prose(evidence)
                    && a.documents >= AFFIX_DOCUMENTS_GROUND
                    && affix_strength(a, of, site.of_elsewhere) > AFFIX_GROUND
        })
}

/// Whether a paragraph is far longer than its head and tail, and ends as a sentence does.
fn is_prose(evidence: &Evidence) -> bool {
    evidence.tokens >= PROSE_TOKENS_MIN
        && matches!(evidence.ending, Ending::Sentence | Ending::Question)
}

/// Tokens of a paragraph of which an affix is a small part: some five times as many as that has.
const PROSE_TOKENS_MIN: u32 = 20;

/// Otherwise different documents with a paragraph that are ground for calling it boilerplate.
pub(super) const CONTEXTS_GROUND: u32 = 3;
/// Share of the site's documents of which one otherwise different document less is ground enough.
const RATE_GROUND: f64 = 0.3;
/// Share of a paragraph in the site's template that is ground for calling it boilerplate.
const TEMPLATE_GROUND: f64 = 0.5;
/// Documents with an affix that are ground for calling a paragraph boilerplate: a by-line recurs on
/// a few.
const AFFIX_DOCUMENTS_GROUND: u32 = 8;
/// Strength of an affix, in bits, that is ground for calling a paragraph boilerplate.
const AFFIX_GROUND: f64 = 1.0;

/// How much commoner an affix is on the site than elsewhere, in bits, less where it is rare.
fn affix_strength(affix: &AffixEvidence, of: f64, of_elsewhere: u64) -> f64 {
    if affix.documents < 3 {
        return 0.0;
    }
    let count = f64::from(affix.documents);
    lift(count, of, affix.elsewhere, of_elsewhere).max(0.0) * (bits(count) / 5.0).min(1.0)
}

/// Features that need no neighbor, and those that are seen of one.
const ALONE: usize = 61;
const SEEN: usize = 12;

/// Makes features: what paragraphs see of each other is made once, the rest of a paragraph when asked
/// for.
#[derive(Debug)]
pub struct Features<'a> {
    evidence: &'a [Evidence],
    seen: Vec<[f64; SEEN]>,
    /// Recurrence and affixes together, by paragraph.
    strength: Vec<f64>,
    /// Sums of these, each at most 2, over the paragraphs before, and over those from there on.
    before: Vec<f64>,
    behind: Vec<f64>,
    short_paragraphs: f64,
}

/// How a paragraph recurs, and how it is written, as numbers.
#[derive(Default)]
struct Parts {
    different: f64,
    documents: f64,
    rate: f64,
    specific: f64,
    elsewhere: f64,
    heads: f64,
    numbers_differ: f64,
    template: f64,
    short: f64,
    long: f64,
    very_long: f64,
}

/// What the heads, or the tails, of a paragraph say.
#[derive(Default)]
struct Ends {
    strength: f64,
    marked: f64,
    count: f64,
    rate: f64,
    call: f64,
    share: f64,
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn share(part: u32, of: u32) -> f64 {
    f64::from(part) / f64::from(of.max(1))
}

fn of_documents(site: &SiteEvidence) -> f64 {
    f64::from(u32::try_from(site.of_documents).unwrap_or(u32::MAX)).max(f64::from(site.documents))
}

impl Parts {
    fn new(e: &Evidence) -> Self {
        let site = &e.site;
        let token_bits = bits(f64::from(e.tokens.max(1)));
        let alone = Self {
            template: flag(site.contexts < 3) * site.template * (token_bits / 4.0).min(1.5),
            short: (3.0 - token_bits).max(0.0),
            long: (token_bits - 3.0).max(0.0),
            very_long: (token_bits - 5.0).max(0.0),
            ..Self::default()
        };
        if site.documents < 2 {
            return alone;
        }
        let documents = f64::from(site.documents);
        let of = of_documents(site).max(1.0);
        let distinct = share(site.contexts, site.sampled);
        let rate = f64::midpoint(bits(documents / of).max(-10.0), 10.0);
        let specific = lift(documents, of, site.elsewhere, site.of_elsewhere).max(0.0);
        Self {
            different: bits(f64::from(site.contexts.max(1))).min(3.2) * distinct,
            documents: bits(documents).min(8.0) * distinct,
            rate: rate * distinct,
            specific: specific * distinct / 2.0,
            elsewhere: bits(1.0 + f64::from(site.elsewhere)).min(6.0),
            heads: share(site.heads, site.documents),
            numbers_differ: flag(e.slots > 0)
                * (1.0 - share(site.strict_documents, site.documents)),
            ..alone
        }
    }
}

impl Ends {
    fn new(affixes: &[AffixEvidence], e: &Evidence) -> Self {
        let of = of_documents(&e.site).max(1.0);
        let call = flag(affixes.iter().any(|affix| affix.is_call));
        let mut ends = Self { call, ..Self::default() };
        for affix in affixes {
            let strength = affix_strength(affix, of, e.site.of_elsewhere);
            if strength <= 0.0 {
                continue;
            }
            let documents = f64::from(affix.documents);
            ends.strength = ends.strength.max(strength);
            ends.rate = ends.rate.max(strength * (10.0 * documents / of).min(1.0));
            if strength > 2.0 {
                ends.count = ends.count.max(bits(documents).min(8.0));
            }
            if strength > AFFIX_GROUND {
                ends.share = ends.share.max(documents / of);
            }
        }
        ends.marked = ends.strength * flag(affixes.iter().any(|affix| affix.is_marked));
        ends.rate *= flag(e.ending != Ending::Sentence);
        ends
    }
}

/// A paragraph's parts and ends.
struct Own {
    parts: Parts,
    head: Ends,
    tail: Ends,
}

impl Own {
    fn new(e: &Evidence) -> Self {
        let (heads, tails) = e.affixes.split_at(e.affixes.len() / 2);
        Self { parts: Parts::new(e), head: Ends::new(heads, e), tail: Ends::new(tails, e) }
    }

    /// Recurrence and affixes together.
    fn strength(&self, e: &Evidence) -> f64 {
        let sentence = flag(e.ending == Ending::Sentence);
        self.parts.different + 0.3 * (1.0 - sentence) * (self.head.strength + self.tail.strength)
    }

    fn call(&self) -> f64 {
        self.head.call.max(self.tail.call)
    }

    fn seen(&self, e: &Evidence) -> [f64; SEEN] {
        let p = &self.parts;
        [
            p.different,
            flag(e.ending == Ending::Sentence),
            p.long,
            title_elsewhere(e),
            flag(e.is_marker),
            p.short,
            flag(e.shape.is_capitals),
            self.strength(e),
            flag(e.ending == Ending::Open) * p.long.min(1.0),
            flag(e.shape.begins_small),
            self.call(),
            flag(e.ending == Ending::Colon),
        ]
    }

    fn alone(&self, e: &Evidence) -> [f64; ALONE] {
        let Self { parts: p, head, tail } = self;
        let call = self.call();
        let letters = e.tokens.saturating_sub(e.slots);
        let slots = share(e.slots, e.tokens);
        let sentence = flag(e.ending == Ending::Sentence);
        let question = flag(e.ending == Ending::Question);
        let colon = flag(e.ending == Ending::Colon);
        let first = flag(e.before == 0);
        let near_tail = (1.0 - f64::from(e.behind) / 6.0).max(0.0);
        let (marker, capitals) = (flag(e.is_marker), flag(e.shape.is_capitals));
        #[rustfmt::skip]
        let alone = [
            p.different, p.documents, p.rate, p.specific, p.elsewhere, p.heads, title_elsewhere(e),
            p.numbers_differ, p.numbers_differ * p.long, p.template, p.short, p.long, p.very_long,
            flag(letters == 0), flag(letters == 1), slots, sentence, question, colon, capitals,
            flag(e.shape.is_quote), flag(e.shape.ends_in_mark), first, flag(e.before < 3),
            flag(e.behind == 0), near_tail, marker, p.different * sentence, p.different * question,
            p.different * colon, p.different * p.short, p.different * p.long,
            p.different * near_tail, p.different * first, p.different * slots,
            p.different * p.elsewhere / 3.0, head.strength, tail.strength, head.marked,
            tail.marked, head.strength * sentence, tail.strength * sentence,
            head.strength * p.long, tail.strength * p.long, head.count, tail.count, head.rate,
            tail.rate, e.repeat.map_or(0.0, |repeat| repeat.containment), head.call, tail.call,
            call * sentence, call * p.long, head.call * head.count + tail.call * tail.count,
            flag(e.shape.begins_small), p.different * flag(letters == 1),
            p.template * (head.marked + tail.marked) / 8.0, head.share,
            tail.share, head.share * sentence, tail.share * sentence,
        ];
        alone
    }
}

fn title_elsewhere(e: &Evidence) -> f64 {
    flag(e.site.heads_elsewhere > 0 && !e.is_head)
}

impl<'a> Features<'a> {
    /// For the paragraphs of a document.
    pub fn new(evidence: &'a [Evidence]) -> Self {
        let own: Vec<Own> = evidence.iter().map(Own::new).collect();
        let each = || own.iter().zip(evidence);
        let strength: Vec<f64> = each().map(|(own, e)| own.strength(e)).collect();
        let short = own.iter().filter(|own| own.parts.short > 0.0).count();
        let sums = |strength: &mut dyn Iterator<Item = &f64>| {
            let mut sum = 0.0;
            let next = strength.map(|strength| {
                sum += strength.min(2.0);
                sum
            });
            std::iter::once(0.0).chain(next).collect::<Vec<f64>>()
        };
        let before = sums(&mut strength.iter());
        let mut behind = sums(&mut strength.iter().rev());
        behind.reverse();
        Self {
            evidence,
            seen: each().map(|(own, e)| own.seen(e)).collect(),
            before,
            behind,
            short_paragraphs: crate::text::repeat::ratio(short, own.len()),
            strength,
        }
    }

    /// The features of paragraph `at`.
    ///
    /// # Panics
    ///
    /// When the document has fewer paragraphs.
    pub fn of(&self, at: usize) -> [f64; FEATURES] {
        let seen = |neighbor: Option<usize>| {
            let seen = neighbor.and_then(|at| self.seen.get(at));
            seen.copied().unwrap_or([0.0; SEEN])
        };
        let before = self.strength[at.saturating_sub(4)..at].iter();
        let near = before.chain(self.strength.iter().skip(at + 1).take(4));
        let (count, sum) = near.fold((0, 0.0), |(count, sum), near| (count + 1, sum + near));
        let around = mean(sum, count, 0.0);
        let behind = mean(self.behind[at + 1], self.strength.len() - at - 1, 1.0);
        let before = mean(self.before[at], at, 1.0);
        let e = &self.evidence[at];
        let mut features = [0.0; FEATURES];
        let values = Own::new(e)
            .alone(e)
            .into_iter()
            .chain(seen(at.checked_sub(1)))
            .chain(seen(Some(at + 1)))
            .chain([around, behind, before, self.short_paragraphs]);
        for (feature, value) in features.iter_mut().zip(values) {
            *feature = value;
        }
        features
    }
}

fn mean(sum: f64, count: usize, of_none: f64) -> f64 {
    if count == 0 { of_none } else { sum / f64::from(u32::try_from(count).unwrap_or(u32::MAX)) }
}

/// How many times commoner something is on this site than elsewhere, in bits, at most 8; a hundred
/// documents elsewhere without it are taken for granted.
fn lift(documents: f64, of: f64, elsewhere: u32, of_elsewhere: u64) -> f64 {
    let of_elsewhere = f64::from(u32::try_from(of_elsewhere).unwrap_or(u32::MAX));
    let here = bits(documents / of.max(1.0));
    (here - bits((f64::from(elsewhere) + 0.5) / (of_elsewhere + 100.0))).min(8.0)
}

/// The binary logarithm, linear between powers of two: the same bits on every machine.
fn bits(x: f64) -> f64 {
    const MANTISSA_BITS: u32 = 52;
    let raw = x.max(1e-9).to_bits();
    let exponent = f64::from(u32::try_from(raw >> MANTISSA_BITS).unwrap_or(0)) - 1023.0;
    let mantissa = f64::from_bits((raw & ((1 << MANTISSA_BITS) - 1)) | 1.0_f64.to_bits());
    exponent + mantissa - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_exact_at_powers_of_two() {
        for (x, expected) in [(1.0, 0.0), (2.0, 1.0), (3.0, 1.5), (0.25, -2.0), (1024.0, 10.0)] {
            assert!((bits(x) - expected).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn every_feature_has_its_weight() {
        let weights = Weights::built_in().unwrap();
        let score = weights.score(&features(&[Evidence::default()])[0]);
        assert!(score.is_finite() && score < 0.0, "{score}");
    }
}

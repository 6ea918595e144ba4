//! What is done with evidence: the thresholds, and the verdict on one paragraph.

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, Witness};
use super::page::{Comments, ProfileChoice};
use super::score::{Weights, has_ground};
use crate::text::sketch::Ending;

/// Why a paragraph goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The site's template puts it under documents that are otherwise different.
    Boilerplate,
    /// This document already said it.
    Repeat,
    /// Another document says it.
    Duplicate,
    /// A pattern takes it out.
    Rule,
    /// A heading whose section went.
    Orphan,
    /// On a whole page, it does not look like part of the article.
    Page,
}

impl Reason {
    /// All reasons, in the order they are reported.
    pub const ALL: [Self; 6] =
        [Self::Boilerplate, Self::Repeat, Self::Duplicate, Self::Rule, Self::Orphan, Self::Page];

    /// The reason as the audit spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boilerplate => "boilerplate",
            Self::Repeat => "repeat",
            Self::Duplicate => "duplicate",
            Self::Rule => "rule",
            Self::Orphan => "orphan",
            Self::Page => "page",
        }
    }
}

/// Whether a paragraph stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays, byte for byte.
    Keep,
    /// It goes.
    Remove(Reason),
}

impl Verdict {
    /// The reason when it goes.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::Keep => None,
            Self::Remove(reason) => Some(reason),
        }
    }
}

/// Which copies of a duplicate stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeepCopies {
    /// The first one.
    #[default]
    First,
    /// All of them.
    All,
    /// None of them.
    None,
}

/// Where repetition is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes {
    /// In one document: repeats, rules and orphans.
    pub document: bool,
    /// Across the documents of a site: boilerplate.
    pub site: bool,
    /// Across all documents: duplicates.
    pub corpus: bool,
}

impl Default for Scopes {
    fn default() -> Self {
        Self { document: true, site: true, corpus: true }
    }
}

/// The thresholds of every decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Whether documents are articles or whole pages.
    pub profile: ProfileChoice,
    /// What becomes of readers' comments on whole pages.
    pub comments: Comments,
    /// Which copies of a duplicate stay.
    pub keep_copies: KeepCopies,
    /// Where repetition is looked for.
    pub scopes: Scopes,
    /// The weights of the boilerplate score.
    pub weights: Weights,
    /// Score above which a paragraph is boilerplate; 0 is what the weights were fitted for.
    pub boilerplate_score_min: f64,
    /// Otherwise different documents of a site whose shingles make its template.
    pub template_contexts_min: u32,
    /// Containment that makes a paragraph a repeat within its document.
    pub repeat_containment_min: f64,
    /// A repeat has at most this many tokens that were not said before.
    pub repeat_new_tokens_max: u32,
    /// Containment that makes a paragraph a duplicate.
    pub duplicate_containment_min: f64,
    /// So many of its tokens must be said elsewhere: one shingle in common is a phrase.
    pub duplicate_covered_tokens_min: f64,
    /// Containment that makes a paragraph a duplicate when many of its tokens are said elsewhere.
    pub duplicate_weak_containment_min: f64,
    /// How many tokens said elsewhere make up for a weak containment.
    pub duplicate_weak_tokens_min: f64,
    /// Shorter paragraphs are no duplicates: short sentences recur in unrelated documents.
    pub duplicate_tokens_min: u32,
    /// A document loses no more than this share of its bytes, duplicates aside.
    pub removed_max: f64,
}

impl Default for Policy {
    /// # Panics
    ///
    /// Never: a test holds that the built-in weights can be read.
    fn default() -> Self {
        Self {
            profile: ProfileChoice::default(),
            comments: Comments::default(),
            keep_copies: KeepCopies::First,
            scopes: Scopes::default(),
            weights: Weights::built_in().expect("the built-in weights can be read"),
            boilerplate_score_min: 0.0,
            template_contexts_min: 3,
            repeat_containment_min: 0.78,
            repeat_new_tokens_max: 14,
            duplicate_containment_min: 0.37,
            duplicate_covered_tokens_min: 5.5,
            duplicate_weak_containment_min: 0.25,
            duplicate_weak_tokens_min: 9.5,
            duplicate_tokens_min: 8,
            removed_max: 0.9,
        }
    }
}

/// A repeat of fewer tokens needs to be exact: a changed word changes all of it.
pub(super) const NEAR_TOKENS_MIN: u32 = 8;

impl Policy {
    /// The verdict on one paragraph by its own evidence.
    ///
    /// # Examples
    ///
    /// ```
    /// use dechaff::decide::{Evidence, Policy, Reason, Verdict};
    /// let evidence = Evidence { rule: Some("counter-en".into()), tokens: 2, ..Evidence::default() };
    /// assert_eq!(Policy::default().judge(&evidence), Verdict::Remove(Reason::Rule));
    /// ```
    pub fn judge(&self, evidence: &Evidence) -> Verdict {
        if evidence.is_allowed {
            return Verdict::Keep;
        }
        let duplicate = || {
            let is_duplicate = self.scopes.corpus && self.is_duplicate(evidence);
            is_duplicate.then_some(Reason::Duplicate)
        };
        self.without_copies(evidence).or_else(duplicate).map_or(Verdict::Keep, Verdict::Remove)
    }

    /// Why a paragraph goes, what other documents say left aside.
    fn without_copies(&self, evidence: &Evidence) -> Option<Reason> {
        if evidence.denied.is_some() || (self.scopes.document && evidence.rule.is_some()) {
            Some(Reason::Rule)
        } else if self.scopes.site && self.is_boilerplate(evidence) {
            Some(Reason::Boilerplate)
        } else if self.scopes.document && self.is_repeat(evidence) {
            Some(Reason::Repeat)
        } else {
            None
        }
    }

    /// Whether shingles on so many documents, of which so many are otherwise different, are part of
    /// a site's template.
    pub fn is_template(&self, documents: u32, contexts: u32) -> bool {
        documents.min(contexts) >= self.template_contexts_min
    }

    /// Whether another document that says a paragraph would bear on it, given all other evidence.
    pub fn wants_witness(&self, evidence: &Evidence) -> bool {
        let may_be_duplicate = self.scopes.corpus
            && self.keep_copies != KeepCopies::All
            && evidence.page.is_none()
            && evidence.tokens >= self.duplicate_tokens_min
            && !evidence.is_allowed;
        may_be_duplicate && self.without_copies(evidence).is_none()
    }

    /// Whether later copies speak against a document as earlier ones do.
    pub fn any_copy_goes(&self) -> bool {
        self.keep_copies == KeepCopies::None
    }

    fn is_boilerplate(&self, evidence: &Evidence) -> bool {
        evidence.score > self.boilerplate_score_min
            && has_ground(evidence)
            && !is_own_title(evidence)
            && !is_listed(evidence)
    }

    fn is_repeat(&self, evidence: &Evidence) -> bool {
        evidence.repeat.is_some_and(|repeat| {
            let new_tokens = (1.0 - repeat.containment) * f64::from(evidence.tokens);
            let near = evidence.tokens >= NEAR_TOKENS_MIN
                && repeat.containment >= self.repeat_containment_min
                && new_tokens <= f64::from(self.repeat_new_tokens_max);
            near || (repeat.containment >= 1.0 && evidence.tokens - evidence.slots >= 4)
        })
    }

    /// Copies of a page's paragraphs elsewhere say nothing: there they may be the teaser that goes.
    fn is_duplicate(&self, evidence: &Evidence) -> bool {
        self.keep_copies != KeepCopies::All
            && evidence.page.is_none()
            && !evidence.is_marker
            && !is_listed_title(evidence)
            && evidence.tokens >= self.duplicate_tokens_min
            && evidence.witness.is_some_and(|witness| {
                self.is_copied(evidence, witness) && !is_look_alike(evidence, witness)
            })
    }

    /// Whether enough of a paragraph is said by its witness: a large share, or, since chance does
    /// not put two shingles into one other document, a smaller share of many tokens.
    fn is_copied(&self, evidence: &Evidence, witness: Witness) -> bool {
        let covered = witness.containment * f64::from(evidence.tokens);
        (witness.containment >= self.duplicate_containment_min
            && covered >= self.duplicate_covered_tokens_min)
            || (witness.containment >= self.duplicate_weak_containment_min
                && covered >= self.duplicate_weak_tokens_min)
    }
}

/// Whether a paragraph shares a skeleton with its witness but not its numbers: another match,
/// another day at the market.
fn is_look_alike(evidence: &Evidence, witness: Witness) -> bool {
    evidence.slots >= 3
        && witness.numbers < LOOK_ALIKE_NUMBERS_MAX
        && witness.containment < LOOK_ALIKE_MAX
}

/// Numbers that fall together by chance: on a generated crawl no look-alike shares more than .5 of
/// them, and nine in ten near-copies share more than .6.
const LOOK_ALIKE_NUMBERS_MAX: f64 = 0.55;
/// A skeleton that covers more than this is a copy all the same.
const LOOK_ALIKE_MAX: f64 = 0.7;

/// The head of an article stays in its own article, however often other pages list it.
fn is_own_title(evidence: &Evidence) -> bool {
    evidence.is_head && evidence.site.heads <= 1
}

/// What recurs on the site and stays by the page's score, which has seen that it recurs: its title or
/// its lead, most often, which other pages list.
fn is_listed(evidence: &Evidence) -> bool {
    evidence.page.is_some() && evidence.site.documents > 1
}

/// A title that no other document has at its head is no copy: what says it lists links.
fn is_listed_title(evidence: &Evidence) -> bool {
    evidence.is_head
        && evidence.ending != Ending::Sentence
        && evidence.site.heads <= 1
        && evidence.site.heads_elsewhere == 0
}

#[cfg(test)]
mod tests {
    use super::super::evidence::SiteEvidence;
    use super::*;

    fn check(site: SiteEvidence, is_head: bool, expected: Verdict) {
        let evidence = Evidence { tokens: 8, is_head, site, score: 1.0, ..Evidence::default() };
        assert_eq!(Policy::default().judge(&evidence), expected, "{evidence:?}");
    }

    #[test]
    fn one_shingle_in_common_makes_no_copy_and_many_tokens_do() {
        let check = |tokens: u32, containment: f64, expected: Verdict| {
            let witness = Witness { number: 0, containment, numbers: 1.0, documents: 1 };
            let evidence = Evidence { tokens, witness: Some(witness), ..Evidence::default() };
            assert_eq!(Policy::default().judge(&evidence), expected, "{evidence:?}");
        };
        let duplicate = Verdict::Remove(Reason::Duplicate);
        check(12, 5.0 / 12.0, Verdict::Keep);
        check(12, 7.0 / 12.0, duplicate);
        check(40, 10.0 / 40.0, duplicate);
        check(40, 9.0 / 40.0, Verdict::Keep);
        check(60, 10.0 / 60.0, Verdict::Keep);
    }

    #[test]
    fn a_title_that_others_list_is_no_copy_and_one_that_others_have_is() {
        let witness = Witness { number: 0, containment: 1.0, numbers: 1.0, documents: 1 };
        let title =
            Evidence { tokens: 10, is_head: true, witness: Some(witness), ..Evidence::default() };
        assert_eq!(Policy::default().judge(&title), Verdict::Keep);
        let site = SiteEvidence { heads_elsewhere: 1, ..title.site };
        let copied = Evidence { site, ..title };
        assert_eq!(Policy::default().judge(&copied), Verdict::Remove(Reason::Duplicate));
    }

    #[test]
    fn a_title_stays_in_its_own_article_however_often_it_is_listed() {
        let listed = SiteEvidence {
            documents: 7,
            of_documents: 7,
            sampled: 7,
            contexts: 7,
            template: 0.9,
            heads: 1,
            ..SiteEvidence::default()
        };
        check(listed, true, Verdict::Keep);
        check(listed, false, Verdict::Remove(Reason::Boilerplate));
        let banner = SiteEvidence { heads: 7, ..listed };
        check(banner, true, Verdict::Remove(Reason::Boilerplate));
    }
}

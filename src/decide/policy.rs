//! What is done with evidence: the thresholds, and the verdict on one paragraph.

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, SiteEvidence};
use super::page::ProfileChoice;

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
    /// Which copies of a duplicate stay.
    pub keep_copies: KeepCopies,
    /// Where repetition is looked for.
    pub scopes: Scopes,
    /// Otherwise different documents of a site that make a paragraph boilerplate.
    pub boilerplate_contexts_min: u32,
    /// Share of looked-at documents that must be otherwise different, in 0..=1.
    pub boilerplate_distinct_min: f64,
    /// Share of tokens in shingles of the site's template that makes a paragraph boilerplate.
    pub template_min: f64,
    /// Containment that makes a paragraph a repeat within its document.
    pub repeat_containment_min: f64,
    /// Containment that makes a paragraph a duplicate.
    pub duplicate_containment_min: f64,
    /// Shorter paragraphs are no duplicates: short sentences recur in unrelated documents.
    pub duplicate_tokens_min: u32,
    /// A document loses no more than this share of its bytes, duplicates aside.
    pub removed_max: f64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            profile: ProfileChoice::default(),
            keep_copies: KeepCopies::First,
            scopes: Scopes::default(),
            boilerplate_contexts_min: 3,
            boilerplate_distinct_min: 0.5,
            template_min: 0.8,
            repeat_containment_min: 0.7,
            duplicate_containment_min: 0.4,
            duplicate_tokens_min: 8,
            removed_max: 0.9,
        }
    }
}

/// A repeat of fewer tokens needs to be exact: a changed word changes all of it.
const NEAR_TOKENS_MIN: u32 = 8;

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
            Verdict::Keep
        } else if evidence.denied.is_some() || (self.scopes.document && evidence.rule.is_some()) {
            Verdict::Remove(Reason::Rule)
        } else if self.scopes.site && self.is_boilerplate(evidence) {
            Verdict::Remove(Reason::Boilerplate)
        } else if self.scopes.document && self.is_repeat(evidence) {
            Verdict::Remove(Reason::Repeat)
        } else if self.scopes.corpus && self.is_duplicate(evidence) {
            Verdict::Remove(Reason::Duplicate)
        } else {
            Verdict::Keep
        }
    }

    /// Whether a paragraph on so many documents of a site could be boilerplate in any of them.
    pub fn may_be_boilerplate(&self, documents: u32, contexts: u32) -> bool {
        self.scopes.site && documents.min(contexts) >= self.boilerplate_contexts_min
    }

    /// Whether later copies speak against a document as earlier ones do.
    pub fn any_copy_goes(&self) -> bool {
        self.keep_copies == KeepCopies::None
    }

    fn is_boilerplate(&self, evidence: &Evidence) -> bool {
        let site = &evidence.site;
        let recurs = self.may_be_boilerplate(site.documents, site.contexts)
            && f64::from(site.contexts) >= self.boilerplate_distinct_min * f64::from(site.sampled);
        if recurs && !self.is_own_title(evidence) && !is_table(evidence) {
            return self.is_frequent_enough(evidence, site);
        }
        site.template >= self.template_min && evidence.tokens >= NEAR_TOKENS_MIN
    }

    /// A short line needs more documents than a long one: "Thank you." recurs everywhere.
    fn is_frequent_enough(&self, evidence: &Evidence, site: &SiteEvidence) -> bool {
        let letters = evidence.tokens - evidence.slots;
        let documents_min = match letters {
            0 => return false,
            1 => 5 * self.boilerplate_contexts_min,
            2..=3 => 2 * self.boilerplate_contexts_min,
            _ => self.boilerplate_contexts_min,
        };
        site.documents >= documents_min
    }

    /// The head of an article stays in its own article, however often other pages list it.
    #[expect(clippy::unused_self, reason = "a threshold may join it")]
    fn is_own_title(&self, evidence: &Evidence) -> bool {
        evidence.is_head && evidence.site.heads <= 1
    }

    fn is_repeat(&self, evidence: &Evidence) -> bool {
        evidence.repeat.is_some_and(|repeat| {
            let near = evidence.tokens >= NEAR_TOKENS_MIN
                && repeat.containment >= self.repeat_containment_min;
            near || (repeat.containment >= 1.0 && evidence.tokens - evidence.slots >= 4)
        })
    }

    fn is_duplicate(&self, evidence: &Evidence) -> bool {
        self.keep_copies != KeepCopies::All
            && evidence.tokens >= self.duplicate_tokens_min
            && evidence
                .witness
                .is_some_and(|witness| witness.containment >= self.duplicate_containment_min)
    }
}

/// Whether masking left little: figures agree once digits are masked, and are content.
fn is_table(evidence: &Evidence) -> bool {
    evidence.slots * 2 > evidence.tokens && evidence.site.strict_documents < 3
}

//! What a report says, in numbers and examples: two passes over the audit, in memory that does not
//! grow with the number of removals (it grows with the number of sites).
//!
//! The first pass counts everything and finds out what is worth showing; the second, which also
//! reads the texts where there are any, counts exactly what is shown and fetches the documents. What
//! is shown of much is stated: how many of how many.

mod along;
mod documents;
mod first;
mod second;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

pub use documents::{DocumentView, Part};

use super::audit::{AuditRow, EvidenceRow};
use super::join::Texts;
use super::summary::Removed;
use crate::decide::patterns::pattern_of;
use crate::decide::{Policy, Reason};
use crate::error::Result;
use crate::text::plain::{excerpt, visible};
use crate::text::shingle::paragraph_fingerprints;
use crate::text::tokenize::tokenize;

/// How much a digest shows.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Removed paragraphs of the random sample.
    pub sample: usize,
    /// What the sample is drawn by.
    pub seed: u64,
    /// Rows of the table of paragraphs.
    pub paragraphs: usize,
    /// Sites by bytes removed; half as many by share join them.
    pub sites: usize,
    /// Sites whose templates are shown.
    pub template_sites: usize,
    /// Templates of a site.
    pub templates: usize,
    /// Riskiest removals of each kind and reason.
    pub risky: usize,
    /// Documents shown whole.
    pub documents: usize,
    /// Distinct paragraphs that are counted at a time; of more the rarest are dropped, and the
    /// digest says so.
    pub keys_max: usize,
}

impl Default for Scale {
    fn default() -> Self {
        Self {
            sample: 200,
            seed: 0,
            paragraphs: 150,
            sites: 300,
            template_sites: 60,
            templates: 12,
            risky: 12,
            documents: 150,
            keys_max: 1 << 20,
        }
    }
}

/// The containments at which the run took paragraphs out, in 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Thresholds {
    /// Of a duplicate in its witness.
    pub duplicate: f64,
    /// Of a repeat in its document.
    pub repeat: f64,
    /// Score above which a paragraph is boilerplate.
    pub boilerplate: f64,
}

impl From<&Policy> for Thresholds {
    fn from(policy: &Policy) -> Self {
        Self {
            duplicate: policy.duplicate_containment_min,
            repeat: policy.repeat_containment_min,
            boilerplate: policy.boilerplate_score_min,
        }
    }
}

/// All that a report shows.
#[derive(Debug, Clone, Serialize)]
pub struct Digest {
    /// Version of this program.
    pub version: &'static str,
    /// Where the texts came from: with none, shares and documents are missing.
    pub has_texts: bool,
    /// The thresholds that "nearest the threshold" goes by.
    pub thresholds: Thresholds,
    /// Figures over everything.
    pub totals: Totals,
    /// What went, by reason.
    pub reasons: Vec<ReasonFigures>,
    /// Removed bytes by tenth of the document; each by reason, in the order of `reasons`.
    pub positions: Option<Vec<Vec<u64>>>,
    /// Text and removed bytes along the run.
    pub course: Option<Course>,
    /// Lines and new lines along the run.
    pub growth: Option<Growth>,
    /// The most removed paragraphs, those that differ in numbers only taken as one.
    pub paragraphs: Listed<ParagraphFigures>,
    /// The sites.
    pub sites: Listed<SiteFigures>,
    /// Sites by share removed, in twentieths.
    pub site_shares: Option<Vec<u64>>,
    /// The riskiest removals.
    pub risky: Risky,
    /// What sites put under their articles.
    pub templates: Listed<SiteTemplates>,
    /// Documents with their removed spans.
    pub documents: Vec<DocumentView>,
    /// Removals drawn at random.
    pub sample: Sample,
}

/// Figures over everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Removed spans.
    pub spans: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Documents that lost something.
    pub changed: u64,
    /// Documents in all, where that is known.
    pub documents: Option<u64>,
    /// Bytes of text in all, where that is known.
    pub text_bytes: Option<u64>,
}

/// What went for one reason.
#[derive(Debug, Clone, Serialize)]
pub struct ReasonFigures {
    /// The reason.
    pub reason: &'static str,
    /// Where it is looked for.
    pub scope: &'static str,
    /// Removed spans.
    pub spans: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Documents that lost something for it.
    pub documents: u64,
}

/// Text and removed bytes along the run: equal numbers of documents to a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Course {
    /// Documents to a step.
    pub width: u64,
    /// Bytes of text, bytes removed.
    pub steps: Vec<(u64, u64)>,
}

/// How an index of the run grows: by what was not there before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// Lines that are not blank, and those of them that no earlier line says; by the steps of the
    /// course.
    pub steps: Vec<(u64, u64)>,
    /// Whether all different lines were counted, not a sample of them.
    pub is_exact: bool,
}

/// Some of many.
#[derive(Debug, Clone, Serialize)]
pub struct Listed<T> {
    /// What is shown.
    pub items: Vec<T>,
    /// How many there are; of paragraphs at least so many.
    pub of: u64,
    /// Something with more removals than this is surely shown, when its place is in the list.
    pub dropped_max: u64,
}

/// Equal paragraphs that were removed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ParagraphFigures {
    /// The first of them, cut short.
    pub text: String,
    /// The pattern that they match.
    pub pattern: Option<String>,
    /// Removed spans.
    pub spans: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Removed spans by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Number of sites.
    pub sites: u64,
    /// The sites with most of them, and how many.
    pub top_sites: Vec<(String, u64)>,
    /// The first documents they stood in.
    pub examples: Vec<DocumentName>,
}

/// Which document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DocumentName {
    /// Its input.
    pub file: String,
    /// Its record.
    pub record: u64,
    /// Its id.
    pub id: String,
}

/// What went from one site.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SiteFigures {
    /// The site.
    pub site: String,
    /// Removed spans.
    pub spans: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Documents that lost something.
    pub changed: u64,
    /// Removed bytes by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Documents in all, where that is known.
    pub documents: Option<u64>,
    /// Bytes of text in all, where that is known.
    pub text_bytes: Option<u64>,
}

/// One removed paragraph.
#[derive(Debug, Clone, Serialize)]
pub struct RemovalView {
    /// Its line in the audit, from 0.
    pub row: u64,
    /// The document.
    pub document: DocumentName,
    /// The site.
    pub site: String,
    /// First byte in the document.
    pub start: usize,
    /// Bytes.
    pub bytes: usize,
    /// Why it went.
    pub reason: &'static str,
    /// The text, cut short.
    pub text: String,
    /// The pattern that it matches.
    pub pattern: Option<String>,
    /// What the verdict rests on.
    pub evidence: EvidenceRow,
}

/// The removals that deserve a look first.
#[derive(Debug, Clone, Serialize)]
pub struct Risky {
    /// Those that fewest documents speak against, of boilerplate and of duplicates.
    pub fewest: Vec<RemovalView>,
    /// The longest.
    pub longest: Vec<RemovalView>,
    /// The nearest above a threshold of containment, of each reason that has one.
    pub nearest: Vec<RemovalView>,
}

/// What a site puts under its articles.
#[derive(Debug, Clone, Serialize)]
pub struct SiteTemplates {
    /// The site.
    pub site: String,
    /// Its templates, most removed first.
    pub templates: Vec<TemplateFigures>,
    /// How many there are, at least.
    pub of: u64,
}

/// One template of a site.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TemplateFigures {
    /// With `#` for each slot, cut short.
    pub text: String,
    /// The pattern that it makes.
    pub pattern: Option<String>,
    /// Removed spans.
    pub spans: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Greatest number of documents of the site that hold it, as the evidence says.
    pub documents: u64,
    /// Greatest share of the site's documents, as the evidence says.
    pub rate: f64,
}

/// Removals drawn at random.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// What it was drawn by.
    pub seed: u64,
    /// How many it was drawn from.
    pub of: u64,
    /// What was drawn.
    pub items: Vec<RemovalView>,
}

/// Digests the audit at `audit`, with the texts it is about where they are there.
///
/// # Errors
///
/// When something cannot be read or the audit does not belong to the texts.
pub fn digest(
    audit: &Path,
    texts: Option<Texts>,
    thresholds: Thresholds,
    scale: &Scale,
) -> Result<Digest> {
    let first = first::pass(audit, thresholds, scale)?;
    second::pass(audit, texts, first, scale)
}

/// Characters of a text that a report shows in a list.
const TEXT_CHARACTERS: usize = 500;
/// Characters of a pattern before it ends in `*`.
const PATTERN_CHARACTERS: usize = 300;

impl RemovalView {
    fn new(row: &AuditRow, number: u64) -> Self {
        let mut evidence = row.evidence.clone();
        evidence.witness = evidence.witness.as_deref().map(visible);
        evidence.rule = evidence.rule.as_deref().map(visible);
        Self {
            row: number,
            document: DocumentName::new(row),
            site: visible(&row.site),
            start: row.start,
            bytes: row.text.len(),
            reason: row.reason.name(),
            text: shown(&row.text),
            pattern: pattern_of(&row.text, PATTERN_CHARACTERS),
            evidence,
        }
    }
}

impl DocumentName {
    fn new(row: &AuditRow) -> Self {
        Self { file: visible(&row.file), record: row.record, id: visible(&row.id) }
    }
}

/// `text` for a list: cut short, with what is hostile made visible.
fn shown(text: &str) -> String {
    let (mut shown, is_cut) = excerpt(text, TEXT_CHARACTERS);
    if is_cut {
        shown.push('\u{2026}');
    }
    shown
}

/// Where a reason is looked for.
fn scope_of(reason: Reason) -> &'static str {
    match reason.name() {
        "boilerplate" => "site",
        "duplicate" => "corpus",
        _ => "document",
    }
}

/// What paragraphs that differ in numbers only have in common; without a word, the text itself.
fn group_of(text: &str) -> u64 {
    let mut tokens = Vec::new();
    tokenize(text, &mut tokens);
    if tokens.is_empty() {
        return crate::hash::stable(text.trim().as_bytes());
    }
    paragraph_fingerprints(&tokens).1.0
}

impl Removed {
    pub(super) fn add(&mut self, bytes: usize) {
        self.spans += 1;
        self.bytes += bytes as u64;
    }
}

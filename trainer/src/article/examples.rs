//! Labelled documents with the evidence that the program gathers on them.

use anyhow::Result;
use dechaff::decide::Evidence;
use dechaff::decide::score::{FEATURES, features, has_ground};
use dechaff::{Config, Index, Stripper};

use super::labels::{Label, Labelled, lines};

/// A labelled document as the program sees it.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its id.
    pub id: String,
    /// Its site.
    pub site: String,
    /// Its language, for the figures only.
    pub language: String,
    /// The evidence on each of its paragraphs.
    pub evidence: Vec<Evidence>,
    /// The features of each of its paragraphs.
    pub features: Vec<[f64; FEATURES]>,
    /// What people labelled, in order.
    pub lines: Vec<Line>,
}

/// A line that people labelled.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// What it is.
    pub label: Label,
    /// The paragraph it lies in; none where it holds nothing but marks.
    pub paragraph: Option<usize>,
    /// Its tokens: its share of the paragraph's by bytes.
    pub tokens: f64,
}

impl Example {
    /// Whether a paragraph recurs in any way that makes it a candidate.
    pub fn has_ground(&self, paragraph: usize) -> bool {
        has_ground(&self.evidence[paragraph])
    }
}

/// The evidence that `index` gives on `documents`.
///
/// # Errors
///
/// When the program's own rules and weights cannot be read.
pub fn examples(documents: &[Labelled], index: &Index) -> Result<Vec<Example>> {
    let config = Config::new()?;
    let mut stripper = Stripper::new(index, &config);
    Ok(documents.iter().map(|labelled| example(labelled, &mut stripper)).collect())
}

fn example(labelled: &Labelled, stripper: &mut Stripper) -> Example {
    let document = &labelled.document;
    let judged = stripper.strip(document, ("", labelled.record));
    let paragraphs = &judged.sketch.paragraphs;
    let line = |((start, text), &label): ((usize, &str), &Label)| {
        let paragraph = paragraphs.iter().position(|p| p.span.start <= start && start < p.span.end);
        let tokens = paragraph.map_or(0.0, |at| {
            let whole = &paragraphs[at];
            f64::from(whole.tokens) * size(text.len()) / size(whole.span.len())
        });
        Line { label, paragraph, tokens }
    };
    let lines = lines(&document.text).zip(&labelled.labels).map(line).collect();
    Example {
        id: document.id.clone(),
        site: document.site.clone(),
        language: labelled.language.clone(),
        features: features(&judged.evidence),
        evidence: judged.evidence,
        lines,
    }
}

fn size(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX))
}

//! The article out of a whole page's text: a score for each paragraph from its shape, its
//! neighbours and its repetition on the site.
//!
//! [`recurrence`] counts on how many other pages of the site each paragraph stands, [`features`]
//! turns shape and recurrence into numbers, [`model`] weighs them, [`profile`] decides whether a
//! document is judged as a page at all. No list of words takes part: which words are function
//! words is learnt from the long paragraphs of the page itself.

pub mod features;
pub mod model;
pub mod profile;
pub mod recurrence;

pub use features::{FEATURES, NAMES, PageFeatures};
pub use model::Model;
pub use profile::{Profile, ProfileChoice, Profiles};
pub use recurrence::Recurrence;

use crate::document::Document;
use crate::text::Sketch;
use crate::text::shape::PageShape;

/// What the page as a whole says of one of its paragraphs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PageEvidence {
    /// The paragraph is the article's where this is above 0.
    pub score: f64,
    /// What weighed most in it, the greatest first: feature, and weight times value.
    pub inputs: Vec<(&'static str, f64)>,
    /// Whether it lies in the page's best stretch of prose.
    pub is_in_segment: bool,
}

impl PageEvidence {
    /// Whether the page alone does not take the paragraph out.
    pub fn may_stay(&self) -> bool {
        self.score > 0.0 || self.is_in_segment
    }
}

/// The features of each paragraph of a page.
pub fn page_features(
    document: &Document,
    sketch: &Sketch,
    recurrence: &Recurrence,
) -> PageFeatures {
    let spans = sketch.paragraphs.iter().map(|paragraph| paragraph.span);
    let shape = PageShape::new(&document.text, spans);
    let keys: Vec<_> = sketch.paragraphs.iter().map(|paragraph| paragraph.masked).collect();
    features::features(&shape, &keys, recurrence)
}

/// The evidence of `model` on each paragraph of a page.
pub fn page_evidence(features: &PageFeatures, model: &Model) -> Vec<PageEvidence> {
    let evidence = features.rows.iter().enumerate().map(|(at, row)| PageEvidence {
        score: model.score(row),
        inputs: model.inputs(row),
        is_in_segment: features.segment.contains(&at),
    });
    evidence.collect()
}

//! The article out of a whole page's text: a score for each paragraph from its shape, its
//! neighbours and its repetition on the site.
//!
//! [`recurrence`] counts on how many other pages of the site each paragraph stands, [`features`]
//! turns shape and recurrence into numbers, [`model`] weighs them, [`comments`] finds what readers
//! said, [`profile`] decides whether a document is judged as a page at all. No list of words takes
//! part: which words are function words is learnt from the long paragraphs of the page itself.

pub mod comments;
pub mod features;
pub mod model;
pub mod profile;
pub mod recurrence;

pub use comments::CommentPart;
pub use features::{FEATURES, NAMES, PageFeatures};
pub use model::Model;
pub use profile::{Profile, ProfileChoice, Profiles};
pub use recurrence::Recurrence;

use serde::{Deserialize, Serialize};

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

/// What becomes of readers' comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comments {
    /// They go.
    #[default]
    Strip,
    /// They stay.
    Keep,
}

/// More than all that is known of a paragraph together.
const COMMENT_WEIGHT: f64 = 50.0;

impl Comments {
    /// What the choice adds to the score of a part of the thread.
    fn weight(self, part: CommentPart) -> Option<f64> {
        match (self, part) {
            (Self::Keep, CommentPart::Said | CommentPart::Edge) => Some(COMMENT_WEIGHT),
            (Self::Strip, CommentPart::Said | CommentPart::Furniture) => Some(-COMMENT_WEIGHT),
            (Self::Keep, CommentPart::Furniture) | (Self::Strip, CommentPart::Edge) => None,
        }
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

/// The evidence of `model` on each paragraph of a page; `comments` tells what becomes of readers'.
pub fn page_evidence(
    features: &PageFeatures,
    model: &Model,
    comments: Comments,
) -> Vec<PageEvidence> {
    let evidence = features.rows.iter().enumerate().map(|(at, row)| PageEvidence {
        score: model.score(row),
        inputs: model.inputs(row),
        is_in_segment: features.segment.contains(&at),
    });
    let mut evidence: Vec<PageEvidence> = evidence.collect();
    if has_thread(&evidence, &features.comments) {
        for (page, part) in evidence.iter_mut().zip(&features.comments) {
            let Some(weight) = part.and_then(|part| comments.weight(part)) else { continue };
            page.score += weight;
            page.inputs.insert(0, ("comment", weight));
        }
    }
    evidence
}

/// Whether readers' comments stand below the article: more of what looks like it stands before
/// their thread than within. Else it may be the article that has a line come back.
fn has_thread(evidence: &[PageEvidence], parts: &[Option<CommentPart>]) -> bool {
    let is_inside = |part: &Option<CommentPart>| !matches!(part, None | Some(CommentPart::Edge));
    let Some(first) = parts.iter().position(is_inside) else { return false };
    let (before, after) = evidence.split_at(first);
    let inside = after.iter().zip(&parts[first..]).filter(|(_, part)| is_inside(part));
    let like_article = |page: &&PageEvidence| page.score > 0.0;
    before.iter().filter(like_article).count()
        > inside.map(|(page, _)| page).filter(like_article).count()
}

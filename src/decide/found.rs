//! The rows of the index that a document's fingerprints have, found once and used by all that looks
//! evidence up.

use crate::index::{Finder, Row};
use crate::text::affix::AFFIXES;
use crate::text::{ParagraphSketch, Sketch};

/// The rows of all fingerprints of a document.
#[derive(Debug, Default)]
pub struct FoundRows<'a> {
    /// By paragraph.
    pub paragraphs: Vec<ParagraphRows<'a>>,
    /// First token, and row, of the shingles that have one, in the order of the document.
    shingles: Vec<(u32, Row<'a>)>,
}

/// The rows of a paragraph's fingerprints; one without a token has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct ParagraphRows<'a> {
    /// Of its masked fingerprint.
    pub masked: Option<Row<'a>>,
    /// Of its strict fingerprint.
    pub strict: Option<Row<'a>>,
    /// Of its heads and tails.
    pub affixes: [Option<Row<'a>>; AFFIXES],
    /// Range of its shingles.
    shingles: (usize, usize),
}

impl<'a> FoundRows<'a> {
    /// Finds the rows of `sketch`, asking for its fingerprints in the order of counting.
    pub fn new(sketch: &Sketch, finder: &mut Finder<'a>) -> Self {
        let mut rows = Self::default();
        let of_one = |paragraph: &ParagraphSketch| match paragraph.tokens {
            0 => ParagraphRows::default(),
            _ => ParagraphRows::new(paragraph, finder),
        };
        rows.paragraphs.extend(sketch.paragraphs.iter().map(of_one));
        for (paragraph, found) in sketch.paragraphs.iter().zip(&mut rows.paragraphs) {
            let first = rows.shingles.len();
            for shingle in sketch.shingles_of(paragraph) {
                if let Some(row) = finder.find(shingle.fingerprint) {
                    rows.shingles.push((shingle.token, row));
                }
            }
            found.shingles = (first, rows.shingles.len());
        }
        rows
    }

    /// First token, and row, of each shingle of a paragraph that has one, rising.
    pub fn shingles_of(&self, paragraph: &ParagraphRows<'a>) -> &[(u32, Row<'a>)] {
        &self.shingles[paragraph.shingles.0..paragraph.shingles.1]
    }
}

impl<'a> ParagraphRows<'a> {
    /// Asks in the order of [`ParagraphSketch::fingerprints`].
    fn new(paragraph: &ParagraphSketch, finder: &mut Finder<'a>) -> Self {
        let masked = finder.find(paragraph.masked);
        let strict = match paragraph.strict {
            strict if strict == paragraph.masked => masked,
            strict => finder.find(strict),
        };
        let affixes = paragraph.affixes.map(|affix| finder.find(affix.fingerprint?));
        Self { masked, strict, affixes, shingles: (0, 0) }
    }
}

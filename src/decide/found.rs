//! The rows of the index that a document's fingerprints have, found once and used by all that looks
//! evidence up.

use crate::index::table::touch;
use crate::index::{Finder, Row};
use crate::text::affix::AFFIXES;
use crate::text::sketch::Shingle;
use crate::text::{Fingerprint, ParagraphSketch, Sketch};

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
    /// Finds the rows of `sketch`; its shingles that stand in document `own` alone, which is the one it
    /// was made of, have none.
    pub fn new(sketch: &Sketch, own: Option<u32>, finder: &mut Finder<'a>) -> Self {
        let fingerprints: Vec<Fingerprint> = sketch.paragraph_fingerprints().collect();
        let mut found = finder.find_all(&fingerprints).into_iter();
        let mut rows = Self::default();
        let of_one = |paragraph: &ParagraphSketch| match paragraph.tokens {
            0 => ParagraphRows::default(),
            _ => ParagraphRows::new(paragraph, || found.next().flatten()),
        };
        rows.paragraphs.extend(sketch.paragraphs.iter().map(of_one));
        // The bytes of these rows are fetched together.
        touch(rows.paragraphs.iter().filter_map(|rows| Some(rows.masked?.first_byte())));
        let mut end = 0;
        let fingerprint = |shingle: &Shingle| shingle.fingerprint;
        finder.find_some((&sketch.shingles, fingerprint), own, &mut rows.shingles);
        for (paragraph, of_paragraph) in sketch.paragraphs.iter().zip(&mut rows.paragraphs) {
            let shingles = rows.shingles[end..].iter_mut();
            let first = end;
            for (place, _) in shingles.take_while(|(place, _)| *place < paragraph.shingles.1) {
                *place = sketch.shingles[*place as usize].token;
                end += 1;
            }
            of_paragraph.shingles = (first, end);
        }
        rows
    }

    /// First token, and row, of each shingle of a paragraph that has one, rising.
    pub fn shingles_of(&self, paragraph: &ParagraphRows<'a>) -> &[(u32, Row<'a>)] {
        &self.shingles[paragraph.shingles.0..paragraph.shingles.1]
    }
}

impl<'a> ParagraphRows<'a> {
    /// Takes rows in the order of [`ParagraphSketch::fingerprints`].
    fn new(paragraph: &ParagraphSketch, mut next: impl FnMut() -> Option<Row<'a>>) -> Self {
        let masked = next();
        let strict = if paragraph.strict == paragraph.masked { masked } else { next() };
        let affixes = paragraph.affixes.map(|affix| affix.fingerprint.and_then(|_| next()));
        Self { masked, strict, affixes, shingles: (0, 0) }
    }
}

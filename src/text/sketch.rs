//! A document's sketch: all that the later stages need to know of its text.

use super::look::{Look, look};
use super::repeat::{Repeat, RepeatFinder};
use super::shingle::{Fingerprint, paragraph_fingerprints, shingles, winnow};
use super::split::{ParagraphMode, paragraphs};
use super::tokenize::{Token, tokenize};
use crate::document::{Document, Span};
use crate::hash;

/// How text becomes fingerprints; two indexes can be merged only when theirs agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Recipe {
    /// What makes a paragraph.
    pub paragraph: ParagraphMode,
    /// Tokens in a shingle (w).
    pub shingle_len: usize,
    /// Consecutive shingles of which at least one is kept.
    pub window: usize,
}

impl Default for Recipe {
    fn default() -> Self {
        Self { paragraph: ParagraphMode::Auto, shingle_len: 5, window: 2 }
    }
}

/// What stands at one place of a paragraph: a shingle that winnowing kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shingle {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Index of its first token in the paragraph.
    pub token: u32,
}

/// What the later stages need to know of one paragraph.
#[derive(Debug, Clone, PartialEq)]
pub struct ParagraphSketch {
    /// Where it stands in the document, without the white space around it.
    pub span: Span,
    /// Number of tokens.
    pub tokens: u32,
    /// How many of them hold a digit.
    pub slots: u32,
    /// Fingerprint of all tokens.
    pub strict: Fingerprint,
    /// Fingerprint with runs of slots masked.
    pub masked: Fingerprint,
    /// Whether it ends as a sentence does.
    pub is_sentence: bool,
    /// What it says again, when the document said it before.
    pub repeat: Option<Repeat>,
    /// Range of its shingles in [`Sketch::shingles`].
    pub shingles: (u32, u32),
}

/// What the later stages need to know of one document.
#[derive(Debug, Clone, PartialEq)]
pub struct Sketch {
    /// Its identity: the hash of id and text.
    pub identity: u64,
    /// The least hashes among its long paragraphs: what it is made of, for telling copies of one
    /// story from different documents (a bottom-k sketch, Broder 1997).
    pub contexts: [u32; CONTEXTS],
    /// The paragraphs, in order.
    pub paragraphs: Vec<ParagraphSketch>,
    /// The winnowed shingles of all paragraphs, in order.
    pub shingles: Vec<Shingle>,
    /// Whether it looks like a page or like an article.
    pub look: Look,
}

/// How many of a document's long paragraphs stand for it.
pub const CONTEXTS: usize = 4;
/// A paragraph of at least this many tokens says what its document is about.
pub const LONG_TOKENS: usize = 12;

impl Sketch {
    /// The shingles of one of its paragraphs.
    pub fn shingles_of(&self, paragraph: &ParagraphSketch) -> &[Shingle] {
        &self.shingles[paragraph.shingles.0 as usize..paragraph.shingles.1 as usize]
    }
}

/// Makes sketches; keeps its scratch space from one document to the next.
///
/// # Examples
///
/// ```
/// use dechaff::{Document, text::Sketcher};
/// let document = Document::new("1", "example.com", "One two three.\n26 views\nOne two three.");
/// let sketch = Sketcher::default().sketch(&document);
/// assert_eq!(sketch.paragraphs.len(), 3);
/// assert_eq!(sketch.paragraphs[2].repeat.map(|repeat| repeat.of), Some(0));
/// ```
#[derive(Debug, Default)]
pub struct Sketcher {
    recipe: Recipe,
    tokens: Vec<Token>,
    dense: Vec<Fingerprint>,
    picks: Vec<u32>,
    repeats: RepeatFinder,
}

impl Sketcher {
    /// A sketcher that follows `recipe`.
    pub fn new(recipe: Recipe) -> Self {
        Self { recipe, ..Self::default() }
    }

    /// The sketch of `document`; equal documents have equal sketches whatever came before.
    pub fn sketch(&mut self, document: &Document) -> Sketch {
        let text = &document.text;
        let mut sketch = Sketch {
            identity: identity(document),
            contexts: [u32::MAX; CONTEXTS],
            paragraphs: Vec::new(),
            shingles: Vec::new(),
            look: Look::Article,
        };
        self.repeats.clear();
        for (index, span) in (0..).zip(paragraphs(text, self.recipe.paragraph)) {
            let paragraph = self.paragraph(index, span, span.of(text), &mut sketch.shingles);
            if paragraph.tokens as usize >= LONG_TOKENS {
                insert_least(&mut sketch.contexts, context_hash(paragraph.strict));
            }
            sketch.paragraphs.push(paragraph);
        }
        sketch.look = look(text, &sketch.paragraphs);
        sketch
    }

    fn paragraph(
        &mut self,
        index: u32,
        span: Span,
        text: &str,
        kept: &mut Vec<Shingle>,
    ) -> ParagraphSketch {
        self.tokens.clear();
        tokenize(text, &mut self.tokens);
        let (strict, masked) = paragraph_fingerprints(&self.tokens);
        shingles(&self.tokens, self.recipe.shingle_len, &mut self.dense);
        self.picks.clear();
        winnow(&self.dense, self.recipe.window, &mut self.picks);
        let first = offset(kept.len());
        kept.extend(
            self.picks
                .iter()
                .map(|&token| Shingle { fingerprint: self.dense[token as usize], token }),
        );
        let repeat = (!self.tokens.is_empty())
            .then(|| self.repeats.next(index, strict, &self.dense, self.recipe.shingle_len))
            .flatten();
        ParagraphSketch {
            span,
            tokens: offset(self.tokens.len()),
            slots: offset(self.tokens.iter().filter(|token| token.is_slot).count()),
            strict,
            masked,
            is_sentence: ends_sentence(text),
            repeat,
            shingles: (first, offset(kept.len())),
        }
    }
}

/// The part of a paragraph's fingerprint that stands for it among a document's contexts.
pub(crate) fn context_hash(strict: Fingerprint) -> u32 {
    u32::try_from(strict.0 >> 32).expect("32 bits are left")
}

fn identity(document: &Document) -> u64 {
    let (id, text) = (hash::stable(document.id.as_bytes()), hash::stable(document.text.as_bytes()));
    let mut both = [0; 16];
    both[..8].copy_from_slice(&id.to_le_bytes());
    both[8..].copy_from_slice(&text.to_le_bytes());
    hash::stable(&both)
}

/// Keeps the least distinct values, rising.
fn insert_least(least: &mut [u32; CONTEXTS], mut value: u32) {
    for slot in least {
        if value == *slot {
            return;
        }
        if value < *slot {
            std::mem::swap(slot, &mut value);
        }
    }
}

/// Record size limits keep every count of a document below 2^32.
fn offset(value: usize) -> u32 {
    u32::try_from(value).expect("a document has fewer than 2^32 tokens")
}

/// Whether the last visible characters close a sentence, quotation marks and brackets aside.
fn ends_sentence(text: &str) -> bool {
    let closing =
        |c: char| matches!(c, '"' | '\'' | '”' | '’' | '»' | '“' | ')' | ']' | '」' | '』');
    matches!(
        text.trim_end_matches(closing).chars().next_back(),
        Some('.' | '!' | '?' | '…' | '。' | '！' | '？' | '؟' | '۔' | '।')
    )
}

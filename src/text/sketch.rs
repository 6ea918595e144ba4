//! A document's sketch: all that the later stages need to know of its text.

use super::affix::{AFFIXES, Affix, affixes_with};
use super::class::Class;
use super::look::{Look, look};
use super::repeat::{Repeat, RepeatFinder};
use super::shingle::{Fingerprint, paragraph_fingerprints, shingles, winnow};
use super::split::{ParagraphMode, paragraphs};
use super::tokenize::{Token, Tokenizer};
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
    /// Indexes of the first tokens that hold a digit, rising.
    pub slot_positions: Vec<u32>,
    /// Fingerprint of all tokens.
    pub strict: Fingerprint,
    /// Fingerprint with runs of slots masked.
    pub masked: Fingerprint,
    /// Its heads and tails.
    pub affixes: [Affix; AFFIXES],
    /// The mark or letter it ends with, as far as that bears on what it is.
    pub ending: Ending,
    /// How it is written.
    pub shape: Shape,
    /// What it says again, when the document said it before.
    pub repeat: Option<Repeat>,
    /// Range of its shingles in [`Sketch::shingles`].
    pub shingles: (u32, u32),
}

impl ParagraphSketch {
    /// What is counted of it beside its shingles, in the order in which it is counted and looked
    /// up: the masked fingerprint, the strict one where it differs, its heads and tails.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> {
        let strict = (self.strict != self.masked).then_some(self.strict);
        let affixes = self.affixes.iter().filter_map(|affix| affix.fingerprint);
        std::iter::once(self.masked).chain(strict).chain(affixes)
    }
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
pub const CONTEXTS: usize = 8;
/// Numbers of a paragraph that are compared with a witness's, at most.
const SLOTS_KEPT: usize = 16;
/// A paragraph of at least this many tokens says what its document is about.
pub const LONG_TOKENS: usize = 12;

impl Sketch {
    /// Whether it was made of `document`.
    pub(crate) fn is_of(&self, document: &Document) -> bool {
        self.identity == identity(document)
    }

    /// The paragraph that the document begins with: the first that has a token.
    pub fn head(&self) -> Option<&ParagraphSketch> {
        self.paragraphs.iter().find(|paragraph| paragraph.tokens > 0)
    }

    /// What is counted of its paragraphs, in the order in which it is counted and looked up; its shingles
    /// follow.
    pub(crate) fn paragraph_fingerprints(&self) -> impl Iterator<Item = Fingerprint> {
        let paragraphs = self.paragraphs.iter().filter(|paragraph| paragraph.tokens > 0);
        paragraphs.flat_map(ParagraphSketch::fingerprints)
    }

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
    tokenizer: Tokenizer,
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
            // Winnowing keeps two shingles in three, and a token is some six bytes long.
            shingles: Vec::with_capacity(text.len() / 8),
            look: Look::Article,
        };
        self.repeats.clear(text.len());
        let spans = paragraphs(text, self.recipe.paragraph);
        sketch.paragraphs.reserve_exact(spans.len());
        for (index, span) in (0..).zip(spans) {
            let paragraph = self.paragraph(index, span, span.of(text), &mut sketch.shingles);
            if paragraph.tokens as usize >= LONG_TOKENS {
                insert_least(&mut sketch.contexts, context_hash(paragraph.masked));
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
        self.tokenizer.tokenize(text, &mut self.tokens);
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
        let slots = offset(self.tokens.iter().filter(|token| token.is_slot).count());
        ParagraphSketch {
            span,
            tokens: offset(self.tokens.len()),
            slot_positions: match slots {
                0 => Vec::new(),
                _ => slot_positions(&self.tokens),
            },
            slots,
            strict,
            masked,
            affixes: affixes_with(text, &self.tokens, &mut self.tokenizer),
            ending: ending(text),
            shape: Shape::of(text),
            repeat,
            shingles: (first, offset(kept.len())),
        }
    }
}

fn slot_positions(tokens: &[Token]) -> Vec<u32> {
    let slots = (0..).zip(tokens).filter(|(_, token)| token.is_slot);
    slots.map(|(at, _)| at).take(SLOTS_KEPT).collect()
}

/// The part of a paragraph's masked fingerprint that stands for it among a document's contexts.
pub(crate) fn context_hash(masked: Fingerprint) -> u32 {
    u32::try_from(masked.0 >> 32).expect("32 bits are left")
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

/// How a paragraph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, not a state")]
pub struct Shape {
    /// It is in capitals: most of its letters are, and nearly none is small.
    pub is_capitals: bool,
    /// It begins with a quotation mark.
    pub is_quote: bool,
    /// It ends with a mark that ends no sentence, such as an arrow or a bar.
    pub ends_in_mark: bool,
    /// It begins with a small letter, as what goes on from the paragraph before does.
    pub begins_small: bool,
}

impl Shape {
    pub(crate) fn of(text: &str) -> Self {
        let Cases { capitals, small, letters } = Cases::of(text);
        let quotes =
            |c: char| matches!(c, '"' | '\u{AB}' | '\u{BB}' | '\u{201C}'..='\u{201F}' | '\u{300C}');
        let last = text.chars().next_back().unwrap_or(' ');
        Self {
            is_capitals: capitals > 5 && small * 8 <= capitals && capitals * 2 > letters,
            is_quote: text.starts_with(quotes),
            ends_in_mark: !last.is_alphanumeric() && !quotes(last) && ending(text) == Ending::Open,
            begins_small: text.chars().next().is_some_and(char::is_lowercase),
        }
    }
}

/// How many letters of which case are among the characters that begin in the first 200 bytes.
struct Cases {
    capitals: usize,
    small: usize,
    letters: usize,
}

impl Cases {
    fn of(text: &str) -> Self {
        const LOOKED_AT: usize = 200;
        let head = text.as_bytes().get(..LOOKED_AT).unwrap_or(text.as_bytes());
        // Sums of bytes, of which compilers make vector code; none passes 200.
        let count = |first: u8| {
            let is = |byte: &u8| u8::from(byte.wrapping_sub(first) < 26);
            usize::from(head.iter().map(is).sum::<u8>())
        };
        let (capitals, small) = (count(b'A'), count(b'a'));
        let mut cases = Self { capitals, small, letters: capitals + small };
        if !head.is_ascii() {
            // Characters outside ASCII begin with such a byte, and only they have one.
            let begin = (0..).zip(head).filter(|(_, byte)| **byte >= 0xC0);
            for wide in begin.filter_map(|(at, _)| text.get(at..)?.chars().next()) {
                let class = Class::of(wide);
                cases.capitals += usize::from(class.is_uppercase());
                cases.small += usize::from(class.is_lowercase());
                cases.letters += usize::from(class.is_alphanumeric() && !class.is_numeric());
            }
        }
        cases
    }
}

/// How a paragraph ends, quotation marks and brackets aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// With a full stop, an exclamation mark or an ellipsis.
    Sentence,
    /// With a question mark.
    Question,
    /// With a colon.
    Colon,
    /// With anything else.
    #[default]
    Open,
}

pub(crate) fn ending(text: &str) -> Ending {
    let closing = |c: char| {
        matches!(
            c,
            '"' | '\'' | ')' | ']' | '\u{BB}' | '\u{2018}'..='\u{201F}' | '\u{300D}' | '\u{300F}'
        )
    };
    match text.trim_end_matches(closing).chars().next_back() {
        Some('.' | '!' | '\u{2026}' | '\u{3002}' | '\u{FF01}' | '\u{6D4}' | '\u{964}') => {
            Ending::Sentence
        }
        Some('?' | '\u{FF1F}' | '\u{61F}') => Ending::Question,
        Some(':' | '\u{FF1A}') => Ending::Colon,
        _ => Ending::Open,
    }
}

//! Heads and tails of paragraphs: the fixed part of templates with a free slot.
//!
//! Much boilerplate recurs only in its first or last few tokens: `Related: ...`, `... Read more`,
//! `( Also on ...: ...)`. Punctuation counts here, as it is what tells such a head from prose.

use super::class::Class;
use super::shingle::{Fingerprint, Kind, sequence_fingerprint};
use super::tokenize::{Token, Tokenizer};

/// The beginning or end of a paragraph, of a fixed number of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Affix {
    /// Hash of its tokens, its side and its length; nothing where the paragraph is no longer than
    /// the affix.
    pub fingerprint: Option<Fingerprint>,
    /// Whether it holds a mark that prose seldom has there: anything but a comma, a full stop, a
    /// quotation mark, an apostrophe or a hyphen.
    pub is_marked: bool,
}

/// Tokens in the affixes of a paragraph, shorter ones first, heads before tails.
pub const AFFIX_LENGTHS: [usize; 2] = [2, 4];
/// Affixes of a paragraph.
pub const AFFIXES: usize = 2 * AFFIX_LENGTHS.len();

/// The heads of a paragraph, then its tails, each by rising length.
///
/// # Examples
///
/// ```
/// use dechaff::text::affix::affixes;
/// let (one, other) = (affixes("Related: Rain is coming"), affixes("Related: A town in flood"));
/// assert_eq!(one[0], other[0]);
/// assert!(one[0].is_marked);
/// assert_ne!(one[2], other[2]);
/// ```
pub fn affixes(text: &str) -> [Affix; AFFIXES] {
    let tokenizer = &mut Tokenizer::default();
    let head = Pieces::new(text, text.char_indices(), tokenizer);
    affixes_between(&head, || Pieces::new(text, text.char_indices().rev(), tokenizer))
}

/// The same for a paragraph of which all `tokens` are known, with a tokenizer that is kept; without
/// words it has none.
pub(super) fn affixes_with(
    text: &str,
    tokens: &[Token],
    tokenizer: &mut Tokenizer,
) -> [Affix; AFFIXES] {
    if tokens.is_empty() {
        return <[Affix; AFFIXES]>::default();
    }
    let head = Pieces::of_ascii(text.bytes(), tokens.iter());
    let head = head.unwrap_or_else(|| Pieces::new(text, text.char_indices(), tokenizer));
    affixes_between(&head, || {
        let tail = Pieces::of_ascii(text.bytes().rev(), tokens.iter().rev());
        tail.unwrap_or_else(|| Pieces::new(text, text.char_indices().rev(), tokenizer))
    })
}

/// The affixes of a text that begins with the pieces of `head` and, read backwards, with those of
/// `tail`.
fn affixes_between(head: &Pieces, tail: impl FnOnce() -> Pieces) -> [Affix; AFFIXES] {
    let mut affixes = [Affix::default(); AFFIXES];
    if head.count <= AFFIX_LENGTHS[0] {
        return affixes;
    }
    let mut tail = tail();
    tail.all[..tail.count].reverse();
    for (at, length) in AFFIX_LENGTHS.into_iter().enumerate() {
        if head.count > length {
            affixes[at] = affix(&head.all[..length], Side::Head);
            let tail = &tail.all[tail.count - length..tail.count];
            affixes[AFFIX_LENGTHS.len() + at] = affix(tail, Side::Tail);
        }
    }
    affixes
}

/// How many words and marks a text has, as affixes count them; one more than fit into the longest
/// affix where it has more.
pub fn pieces_of(text: &str) -> usize {
    Pieces::new(text, text.char_indices(), &mut Tokenizer::default()).count
}

#[derive(Clone, Copy)]
enum Side {
    Head,
    Tail,
}

/// A word or a mark.
#[derive(Clone, Copy)]
struct Piece {
    token: Token,
    /// Whether it is a mark that prose seldom has at the ends of a paragraph.
    is_marked: bool,
}

impl Piece {
    fn mark(mark: char) -> Self {
        let hash = u64::from(u32::from(mark));
        Self { token: Token { hash, is_slot: false }, is_marked: is_marked(mark) }
    }
}

/// As many pieces as tell that a paragraph is longer than its longest affix.
const PIECES: usize = AFFIX_LENGTHS[AFFIX_LENGTHS.len() - 1] + 1;

/// The first words and marks that are met on the way through a text.
struct Pieces {
    all: [Piece; PIECES],
    count: usize,
}

/// Fills the places of pieces that are not there.
const NONE: Piece = Piece { token: Token { hash: 0, is_slot: false }, is_marked: false };

impl Pieces {
    /// The first pieces that `bytes`, running either way through a text, meet, when they are all
    /// ASCII: then the words are the first of `tokens`, and none is hashed again.
    fn of_ascii<'t>(
        bytes: impl Iterator<Item = u8>,
        mut tokens: impl Iterator<Item = &'t Token>,
    ) -> Option<Self> {
        let mut pieces = Self { all: [NONE; PIECES], count: 0 };
        let mut is_inside = false;
        for byte in bytes {
            if byte.is_ascii_alphanumeric() {
                is_inside = true;
                continue;
            }
            if !byte.is_ascii() {
                return None;
            }
            if std::mem::take(&mut is_inside) {
                pieces.push(Piece { token: *tokens.next()?, is_marked: false });
            }
            if !char::from(byte).is_whitespace() {
                pieces.push(Piece::mark(char::from(byte)));
            }
            if pieces.count == PIECES {
                return Some(pieces);
            }
        }
        if is_inside {
            pieces.push(Piece { token: *tokens.next()?, is_marked: false });
        }
        Some(pieces)
    }

    /// The first pieces that `characters`, running either way through `text`, meet.
    fn new(
        text: &str,
        characters: impl Iterator<Item = (usize, char)>,
        tokenizer: &mut Tokenizer,
    ) -> Self {
        let mut pieces = Self { all: [NONE; PIECES], count: 0 };
        let mut word: Option<(usize, usize)> = None;
        for (at, character) in characters {
            let end = at + character.len_utf8();
            let class = Class::of(character);
            if class.is_alphanumeric() && !class.is_spaceless() {
                word = Some(word.map_or((at, end), |(from, to)| (from.min(at), to.max(end))));
                continue;
            }
            pieces.push_word(text, word.take(), tokenizer);
            if class.is_spaceless() {
                pieces.push_word(text, Some((at, end)), tokenizer);
            } else if !character.is_whitespace() {
                pieces.push(Piece::mark(character));
            }
            if pieces.count == PIECES {
                return pieces;
            }
        }
        pieces.push_word(text, word, tokenizer);
        pieces
    }

    fn push_word(&mut self, text: &str, word: Option<(usize, usize)>, tokenizer: &mut Tokenizer) {
        let word = word.and_then(|(from, to)| text.get(from..to));
        if let Some(token) = word.and_then(|word| tokenizer.word(word)) {
            self.push(Piece { token, is_marked: false });
        }
    }

    fn push(&mut self, piece: Piece) {
        if let Some(slot) = self.all.get_mut(self.count) {
            *slot = piece;
            self.count += 1;
        }
    }
}

fn is_marked(mark: char) -> bool {
    !matches!(
        mark,
        ',' | '.' | '"' | '\'' | '-' | '\u{2018}'..='\u{201F}' | '\u{2013}' | '\u{AB}' | '\u{BB}'
    )
}

fn affix(pieces: &[Piece], side: Side) -> Affix {
    let begin = Token { hash: 2 * pieces.len() as u64 + side as u64, is_slot: false };
    let tokens = std::iter::once(begin).chain(pieces.iter().map(|piece| piece.token));
    Affix {
        fingerprint: Some(sequence_fingerprint(Kind::Affix, tokens)),
        is_marked: pieces.iter().any(|piece| piece.is_marked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokenize::tokenize;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn known_tokens_give_the_same_affixes(
            text in "([a-zA-Z0-9]{0,9}[ .,:!|\\n\u{0}]{0,2}|[éß中ไ٣½\u{301}\u{200b}…]{0,2}){0,14}",
        ) {
            let mut tokens = Vec::new();
            tokenize(&text, &mut tokens);
            let known = affixes_with(&text, &tokens, &mut Tokenizer::default());
            let has_words = !tokens.is_empty();
            prop_assert_eq!(known, if has_words { affixes(&text) } else { Default::default() });
        }
    }

    fn check(one: &str, other: &str, equal: [bool; AFFIXES]) {
        let (one, other) = (affixes(one), affixes(other));
        let same = |at: usize| one[at].fingerprint.is_some() && one[at] == other[at];
        assert_eq!([same(0), same(1), same(2), same(3)], equal);
    }

    #[test]
    fn heads_and_tails_are_compared_with_their_marks() {
        check("( Also on Us: a b c)", "( Also on Us: d e f)", [true, true, false, false]);
        check("See also: one thing", "See also one thing", [true, false, true, false]);
        check("It rained. Read more", "He won, at last ... READ MORE", [false, false, true, false]);
        check("Story 12 of 90 today", "Story 7 of 4 today", [true, true, true, true]);
        check("two words", "two words", [false; 4]);
    }
}

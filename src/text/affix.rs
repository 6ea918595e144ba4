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
    affixes_with(text, &mut Tokenizer::default())
}

/// The same, with a tokenizer that is kept.
pub(super) fn affixes_with(text: &str, tokenizer: &mut Tokenizer) -> [Affix; AFFIXES] {
    let mut affixes = [Affix::default(); AFFIXES];
    let head = Pieces::new(text, text.char_indices(), tokenizer);
    if head.count <= AFFIX_LENGTHS[0] {
        return affixes;
    }
    let mut tail = Pieces::new(text, text.char_indices().rev(), tokenizer);
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

/// As many pieces as tell that a paragraph is longer than its longest affix.
const PIECES: usize = AFFIX_LENGTHS[AFFIX_LENGTHS.len() - 1] + 1;

/// The first words and marks that are met on the way through a text.
struct Pieces {
    all: [Piece; PIECES],
    count: usize,
}

impl Pieces {
    /// The first pieces that `characters`, running either way through `text`, meet.
    fn new(
        text: &str,
        characters: impl Iterator<Item = (usize, char)>,
        tokenizer: &mut Tokenizer,
    ) -> Self {
        const NONE: Piece = Piece { token: Token { hash: 0, is_slot: false }, is_marked: false };
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
                pieces.push(Piece {
                    token: Token { hash: u64::from(u32::from(character)), is_slot: false },
                    is_marked: is_marked(character),
                });
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

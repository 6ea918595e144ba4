//! Heads and tails of paragraphs: the fixed part of templates with a free slot.
//!
//! Much boilerplate recurs only in its first or last few tokens: `Related: ...`, `... Read more`,
//! `( Also on ...: ...)`. Punctuation counts here, as it is what tells such a head from prose.

use super::shingle::{Fingerprint, Kind, sequence_fingerprint};
use super::tokenize::{Token, is_spaceless, tokenize};

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
    let longest = AFFIX_LENGTHS[AFFIX_LENGTHS.len() - 1];
    let head = pieces(text, text.char_indices(), longest + 1);
    let mut tail = pieces(text, text.char_indices().rev(), longest + 1);
    tail.reverse();
    let mut affixes = [Affix::default(); AFFIXES];
    for (at, length) in AFFIX_LENGTHS.into_iter().enumerate() {
        if head.len() > length {
            affixes[at] = affix(&head[..length], Side::Head, length);
            affixes[AFFIX_LENGTHS.len() + at] =
                affix(&tail[tail.len() - length..], Side::Tail, length);
        }
    }
    affixes
}

/// How many words and marks a text has, as affixes count them.
pub fn pieces_of(text: &str) -> usize {
    pieces(text, text.char_indices(), usize::MAX - 1).len()
}

#[derive(Clone, Copy)]
enum Side {
    Head,
    Tail,
}

/// A word or a mark.
#[derive(Clone, Copy)]
enum Piece<'a> {
    Word(&'a str),
    Mark(char),
}

/// The first `most` words and marks that `characters`, running either way through `text`, meet.
fn pieces(
    text: &str,
    characters: impl Iterator<Item = (usize, char)>,
    most: usize,
) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece> = Vec::with_capacity(most.min(8) + 1);
    let mut word: Option<(usize, usize)> = None;
    let piece = |(from, to): (usize, usize)| text.get(from..to).map(Piece::Word);
    for (at, character) in characters {
        let end = at + character.len_utf8();
        if character.is_alphanumeric() && !is_spaceless(character) {
            word = Some(word.map_or((at, end), |(from, to)| (from.min(at), to.max(end))));
            continue;
        }
        pieces.extend(word.take().and_then(piece));
        if is_spaceless(character) {
            pieces.extend(piece((at, end)));
        } else if !character.is_whitespace() {
            pieces.push(Piece::Mark(character));
        }
        if pieces.len() >= most {
            break;
        }
    }
    pieces.extend(word.and_then(piece));
    pieces.truncate(most);
    pieces
}

fn affix(pieces: &[Piece], side: Side, length: usize) -> Affix {
    let mut tokens: Vec<Token> = Vec::with_capacity(length + 2);
    tokens.push(Token { hash: 2 * length as u64 + side as u64, is_slot: false });
    let mut is_marked = false;
    for piece in pieces {
        match *piece {
            Piece::Word(word) => tokenize(word, &mut tokens),
            Piece::Mark(mark) => {
                is_marked |= !matches!(
                    mark,
                    ',' | '.' | '"' | '\'' | '-' | '\u{2018}'
                        ..='\u{201F}' | '\u{2013}' | '\u{AB}' | '\u{BB}'
                );
                tokens.push(Token { hash: u64::from(u32::from(mark)), is_slot: false });
            }
        }
    }
    Affix { fingerprint: Some(sequence_fingerprint(Kind::Affix, &tokens)), is_marked }
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

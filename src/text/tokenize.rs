//! Tokens: runs of letters or digits, case-folded, as stable 64-bit hashes.
//!
//! Scripts without spaces give one token a character. Punctuation separates tokens and is not
//! part of any, so that typography does not tell copies apart. A token with a digit in it also
//! counts as a *slot*: masked fingerprints see only that a number, date or identifier stood there.

use std::ops::Range;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::class::Class;
use crate::hash;

/// The rules of this module as a number; it stands in every index, and a change raises it.
pub const NORMALIZER_VERSION: u32 = 2;

/// One token: the hash of its folded text, and whether it is a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The frozen word hash of the token's UTF-8, lower-cased, in normal form C.
    pub hash: u64,
    /// Whether it holds a digit.
    pub is_slot: bool,
}

/// Appends the tokens of `text` to `tokens`.
///
/// # Examples
///
/// ```
/// use dechaff::text::tokenize::tokenize;
/// let (mut one, mut other) = (Vec::new(), Vec::new());
/// tokenize("Read more: 26 VIEWS", &mut one);
/// tokenize("read more – 26 views!", &mut other);
/// assert_eq!(one, other);
/// assert!(one[2].is_slot);
/// ```
pub fn tokenize(text: &str, tokens: &mut Vec<Token>) {
    Tokenizer::default().tokenize(text, tokens);
}

/// Bytes that are classified together: one bit each in a machine word.
const BLOCK: usize = 64;

/// Turns text into tokens; keeps its scratch space from one text to the next.
///
/// The fast path sees 64 bytes at a time: it lower-cases and classifies them in loops that
/// compilers turn into vector code, gathers one bit a byte, and walks from border to border. Only
/// runs with a byte outside ASCII are read character by character.
#[derive(Debug, Default)]
pub struct Tokenizer {
    /// The text with its ASCII letters in lower case, and zeros behind it.
    lower: Vec<u8>,
    wide: String,
    /// Tokens of a single word.
    word: Vec<Token>,
}

impl Tokenizer {
    /// Appends the tokens of `text` to `tokens`.
    pub fn tokenize(&mut self, text: &str, tokens: &mut Vec<Token>) {
        self.fold(text.as_bytes());
        let lower = std::mem::take(&mut self.lower);
        // The run that goes on from the blocks before: where it starts, and whether a byte of it is
        // outside ASCII.
        let mut open: Option<(usize, bool)> = None;
        let mut finish = |run: Range<usize>, is_wide: bool| {
            self.run((text, &lower), run, is_wide, tokens);
        };
        for at in (0..text.len()).step_by(BLOCK) {
            let Some(block) = lower.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) else {
                break;
            };
            let Bits { word, wide } = Bits::new(block);
            let mut borders = word ^ (word << 1 | u64::from(open.is_some()));
            if let Some((start, is_wide)) = &mut open {
                let end = borders.trailing_zeros();
                *is_wide |= wide & bits_between(0, end) != 0;
                if borders == 0 {
                    continue;
                }
                borders &= borders - 1;
                finish(*start..at + end as usize, *is_wide);
                open = None;
            }
            while borders != 0 {
                let start = borders.trailing_zeros();
                borders &= borders - 1;
                let end = borders.trailing_zeros();
                let is_wide = wide & bits_between(start, end) != 0;
                let start = at + start as usize;
                if borders == 0 {
                    open = Some((start, is_wide));
                    break;
                }
                borders &= borders - 1;
                finish(start..at + end as usize, is_wide);
            }
        }
        if let Some((start, is_wide)) = open {
            finish(start..text.len(), is_wide);
        }
        self.lower = lower;
    }

    /// Pushes the tokens of one run of a text, which is also there in lower case.
    #[inline]
    fn run(
        &mut self,
        (text, lower): (&str, &[u8]),
        run: Range<usize>,
        is_wide: bool,
        tokens: &mut Vec<Token>,
    ) {
        if is_wide {
            self.wide_run(text.get(run.clone()).unwrap_or_default(), &lower[run], tokens);
        } else {
            tokens.push(ascii_token(&lower[run.start..], run.len()));
        }
    }

    /// The first token of `word`, a run of letters and digits.
    pub(super) fn word(&mut self, word: &str) -> Option<Token> {
        /// Longer words are folded where there is more room.
        const SHORT: usize = 24;
        let mut lower = [0; SHORT + 8];
        if let (true, true, Some(short)) =
            (word.len() <= SHORT, word.is_ascii(), lower.get_mut(..word.len()))
        {
            short.copy_from_slice(word.as_bytes());
            short.make_ascii_lowercase();
            return Some(ascii_token(&lower, word.len()));
        }
        let mut tokens = std::mem::take(&mut self.word);
        tokens.clear();
        self.tokenize(word, &mut tokens);
        let first = tokens.first().copied();
        self.word = tokens;
        first
    }

    fn fold(&mut self, bytes: &[u8]) {
        self.lower.clear();
        self.lower.extend_from_slice(bytes);
        for byte in &mut self.lower {
            *byte |= u8::from(byte.is_ascii_uppercase()) << 5;
        }
        self.lower.resize(bytes.len().next_multiple_of(BLOCK) + BLOCK, 0);
    }

    /// The tokens of a run with characters outside ASCII; `lower` is the run with its ASCII letters
    /// in lower case.
    // Inlined, it makes short words pay for its registers.
    #[inline(never)]
    fn wide_run(&mut self, run: &str, lower: &[u8], tokens: &mut Vec<Token>) {
        let mut word = WideWord::default();
        for (at, character) in run.char_indices() {
            let class = Class::of(character);
            if class.is_spaceless() {
                self.finish(run, lower, (word, at), tokens);
                let end = at + character.len_utf8();
                let alone = WideWord { start: Some(at), is_slot: false, is_folded: true };
                word = WideWord::default();
                if class.is_plain() {
                    let hash = hash::word(&lower[at..end]);
                    tokens.push(Token { hash, is_slot: class.is_numeric() });
                } else if class.is_alphanumeric() || class.is_mark() {
                    let alone = WideWord { is_slot: class.is_numeric(), ..alone };
                    self.finish(run, lower, (alone, end), tokens);
                }
            } else if class.is_alphanumeric() {
                word.start.get_or_insert(at);
                word.is_slot |= class.is_numeric();
                word.is_folded |= !class.is_plain();
            } else if class.is_mark() || class.is_invisible() {
                word.is_folded = true;
            } else {
                self.finish(run, lower, (word, at), tokens);
                word = WideWord::default();
            }
        }
        self.finish(run, lower, (word, run.len()), tokens);
    }

    /// Pushes the token of `word`, which ends at `end`, if there is one.
    fn finish(
        &mut self,
        run: &str,
        lower: &[u8],
        (word, end): (WideWord, usize),
        tokens: &mut Vec<Token>,
    ) {
        let Some(start) = word.start else { return };
        let is_slot = word.is_slot;
        if !word.is_folded {
            tokens.push(Token { hash: hash::word(&lower[start..end]), is_slot });
            return;
        }
        self.wide.clear();
        for character in run.get(start..end).unwrap_or_default().chars() {
            let class = Class::of(character);
            if class.is_alphanumeric() {
                self.wide.extend(character.to_lowercase());
            } else if class.is_mark() && (class.is_spaceless() || !self.wide.is_empty()) {
                self.wide.push(character);
            }
        }
        if is_nfc_quick(self.wide.chars()) != IsNormalized::Yes {
            self.wide = self.wide.nfc().collect();
        }
        if !self.wide.is_empty() {
            tokens.push(Token { hash: hash::word(self.wide.as_bytes()), is_slot });
        }
    }
}

/// A word of a run, as far as it is read.
#[derive(Debug, Clone, Copy, Default)]
struct WideWord {
    start: Option<usize>,
    is_slot: bool,
    /// Its token is not spelled by its own bytes.
    is_folded: bool,
}

/// One bit a byte, the first byte's lowest.
struct Bits {
    /// It belongs to a word, or may.
    word: u64,
    /// It is outside ASCII.
    wide: u64,
}

impl Bits {
    #[inline]
    fn new(block: &[u8; BLOCK]) -> Self {
        let (mut word, mut wide) = ([0_u8; BLOCK], [0_u8; BLOCK]);
        for ((word, wide), &byte) in word.iter_mut().zip(&mut wide).zip(block) {
            let is_letter = byte.wrapping_sub(b'a') < 26;
            let is_digit = byte.wrapping_sub(b'0') < 10;
            *wide = byte >> 7;
            *word = u8::from(is_letter) | u8::from(is_digit) | *wide;
        }
        let wide = if block.is_ascii() { 0 } else { gather(&wide) };
        Self { word: gather(&word), wide }
    }
}

/// One bit for each byte of zero or one.
#[inline]
fn gather(flags: &[u8; BLOCK]) -> u64 {
    // Eight bytes of zeros and ones become eight bits: the product moves byte i to bit 56 + i.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = flags.as_chunks::<8>();
    let bits = eights.iter().map(|&eight| u64::from_le_bytes(eight).wrapping_mul(GATHER) >> 56);
    (0..).step_by(8).zip(bits).fold(0, |all, (shift, bits)| all | bits << shift)
}

/// Ones from bit `from` to below bit `to`, which is at most 64.
#[inline]
fn bits_between(from: u32, to: u32) -> u64 {
    let below = |bit: u32| 1_u64.checked_shl(bit).map_or(u64::MAX, |power| power - 1);
    below(to) & !below(from)
}

/// The token of the first `length` bytes, lower-case letters and digits, at least 8 bytes behind.
#[inline]
fn ascii_token(bytes: &[u8], length: usize) -> Token {
    let (mut hash, mut is_slot) = (hash::Word::default(), false);
    // Most words have no more than eight letters.
    let (mut bytes, mut left) = (bytes, length);
    while let Some((eight, behind)) = bytes.split_first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        if left <= 8 {
            let kept = u64::MAX >> (64 - 8 * left);
            hash.add(eight & kept);
            return Token { hash: hash.finish(), is_slot: is_slot | has_digit(eight, kept) };
        }
        hash.add(eight);
        is_slot |= has_digit(eight, u64::MAX);
        (bytes, left) = (behind, left - 8);
    }
    Token { hash: hash.finish(), is_slot }
}

/// Whether there is a digit among the `kept` of eight lower-case letters and digits.
#[inline]
fn has_digit(eight: u64, kept: u64) -> bool {
    /// Set in letters, not in digits.
    const LETTERS: u64 = 0x4040_4040_4040_4040;
    !eight & LETTERS & kept != 0
}

/// Whether `character` belongs to a script that is written without spaces between words.
pub fn is_spaceless(character: char) -> bool {
    matches!(u32::from(character),
        0x0E00..=0x0EFF       // Thai, Lao
        | 0x1000..=0x109F     // Burmese
        | 0x1780..=0x17FF     // Khmer
        | 0x3005..=0x3007 | 0x3040..=0x30FF | 0x31F0..=0x31FF // Japanese syllables
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF // Chinese characters
        | 0x20000..=0x3FFFF)
}

/// Characters that stand inside words without being seen: soft hyphen, joiners, selectors.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(u32::from(character), 0xAD | 0x200B..=0x200F | 0x2060 | 0xFE00..=0xFE0F | 0xFEFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[&str]) {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let expected: Vec<u64> = expected.iter().map(|t| hash::word(t.as_bytes())).collect();
        assert_eq!(tokens.iter().map(|t| t.hash).collect::<Vec<_>>(), expected, "{text:?}");
    }

    #[test]
    fn letters_and_digits_make_tokens_whatever_the_case() {
        check("", &[]);
        check("…—  !", &[]);
        check("Don't STOP,now", &["don", "t", "stop", "now"]);
        check("Zoë's naïve ÉCOLE", &["zoë", "s", "naïve", "école"]);
        check("x\u{e9}y e\u{301}t\u{e9}", &["xéy", "été"]);
        check("so\u{ad}ft\u{200b}ly", &["softly"]);
    }

    #[test]
    fn scripts_without_spaces_give_a_token_a_character() {
        check("中文abc字", &["中", "文", "abc", "字"]);
        check("ไทย。日本", &["ไ", "ท", "ย", "日", "本"]);
        check("العربية نص", &["العربية", "نص"]);
    }

    #[test]
    fn a_token_with_a_digit_is_a_slot() {
        let mut tokens = Vec::new();
        tokenize("26 views, a1b2 ٣ x", &mut tokens);
        let slots: Vec<bool> = tokens.iter().map(|token| token.is_slot).collect();
        assert_eq!(slots, [true, false, true, true, false]);
    }

    /// The definition: character by character.
    fn naive(text: &str) -> Vec<Token> {
        use unicode_normalization::char::is_combining_mark;
        let (mut tokens, mut word) = (Vec::new(), String::new());
        let mut is_slot = false;
        let mut finish = |word: &mut String, is_slot: bool| {
            if !word.is_empty() {
                let folded: String = word.nfc().collect();
                tokens.push(Token { hash: hash::word(folded.as_bytes()), is_slot });
                word.clear();
            }
        };
        for character in text.chars() {
            if is_spaceless(character) {
                finish(&mut word, std::mem::take(&mut is_slot));
                if character.is_alphanumeric() || is_combining_mark(character) {
                    word.push(character);
                    finish(&mut word, character.is_numeric());
                }
            } else if character.is_alphanumeric() {
                is_slot |= character.is_numeric();
                word.extend(character.to_lowercase());
            } else if is_combining_mark(character) {
                if !word.is_empty() {
                    word.push(character);
                }
            } else if !is_invisible(character) {
                finish(&mut word, std::mem::take(&mut is_slot));
            }
        }
        finish(&mut word, is_slot);
        tokens
    }

    proptest! {
        #[test]
        fn the_fast_path_equals_the_definition(text in "([a-zA-Z0-9 .,]{0,30}|\\PC{0,9}|[éÉİ字가ไัُ٣٧½ \u{301}\u{200b}\u{ad}-]{0,4}){0,12}") {
            let mut tokens = Vec::new();
            tokenize(&text, &mut tokens);
            prop_assert_eq!(tokens, naive(&text));
        }
    }

    #[test]
    fn words_of_any_length_hash_by_all_their_bytes() {
        for length in [1, 7, 8, 9, 16, 17, 63, 64, 65, 500] {
            check(&"Q".repeat(length), &[&"q".repeat(length)]);
        }
    }
}

//! Tokens: runs of letters or digits, case-folded, as stable 64-bit hashes.
//!
//! Scripts without spaces give one token a character. Punctuation separates tokens and is not
//! part of any, so that typography does not tell copies apart. A token with a digit in it also
//! counts as a *slot*: masked fingerprints see only that a number, date or identifier stood there.

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::hash;

/// The rules of this module as a number; it stands in every index, and a change raises it.
pub const NORMALIZER_VERSION: u32 = 2;

/// One token: the hash of its folded text, and whether it is a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// [`crate::hash::word`] of the token's UTF-8, lower-cased, in normal form C.
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
}

impl Tokenizer {
    /// Appends the tokens of `text` to `tokens`.
    pub fn tokenize(&mut self, text: &str, tokens: &mut Vec<Token>) {
        self.fold(text.as_bytes());
        let is_ascii = text.is_ascii();
        let mut lower = std::mem::take(&mut self.lower);
        let mut start = 0;
        let mut is_inside = false;
        for at in (0..text.len()).step_by(BLOCK) {
            let Some(block) = lower.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) else {
                break;
            };
            let mut borders = {
                let inside = word_bits(block);
                inside ^ (inside << 1 | u64::from(is_inside))
            };
            while borders != 0 {
                let border = at + borders.trailing_zeros() as usize;
                borders &= borders - 1;
                if is_inside {
                    self.run(text, &lower, (start, border), is_ascii, tokens);
                }
                start = border;
                is_inside = !is_inside;
            }
        }
        if is_inside {
            self.run(text, &lower, (start, text.len()), is_ascii, tokens);
        }
        std::mem::swap(&mut self.lower, &mut lower);
    }

    fn fold(&mut self, bytes: &[u8]) {
        self.lower.clear();
        self.lower.extend_from_slice(bytes);
        for byte in &mut self.lower {
            *byte |= u8::from(byte.is_ascii_uppercase()) << 5;
        }
        self.lower.resize(bytes.len().next_multiple_of(BLOCK) + BLOCK, 0);
    }

    /// The tokens of a run without an ASCII separator.
    #[inline]
    fn run(
        &mut self,
        text: &str,
        lower: &[u8],
        (start, end): (usize, usize),
        is_ascii: bool,
        tokens: &mut Vec<Token>,
    ) {
        if is_ascii || lower[start..end].is_ascii() {
            tokens.push(ascii_token(&lower[start..], end - start));
        } else {
            let run = text.get(start..end).expect("ASCII bytes stand on both sides");
            self.wide_run(run, tokens);
        }
    }

    /// The tokens of a run with characters outside ASCII.
    #[cold]
    fn wide_run(&mut self, run: &str, tokens: &mut Vec<Token>) {
        self.wide.clear();
        let mut is_slot = false;
        for character in run.chars() {
            if is_spaceless(character) {
                self.finish(is_slot, tokens);
                is_slot = false;
                if character.is_alphanumeric() || is_combining_mark(character) {
                    self.wide.push(character);
                    self.finish(character.is_numeric(), tokens);
                }
            } else if character.is_alphanumeric() {
                is_slot |= character.is_numeric();
                self.wide.extend(character.to_lowercase());
            } else if is_combining_mark(character) {
                if !self.wide.is_empty() {
                    self.wide.push(character);
                }
            } else if !is_invisible(character) {
                self.finish(is_slot, tokens);
                is_slot = false;
            }
        }
        self.finish(is_slot, tokens);
    }

    fn finish(&mut self, is_slot: bool, tokens: &mut Vec<Token>) {
        if self.wide.is_empty() {
            return;
        }
        if is_nfc_quick(self.wide.chars()) != IsNormalized::Yes {
            self.wide = self.wide.nfc().collect();
        }
        tokens.push(Token { hash: hash::word(self.wide.as_bytes()), is_slot });
        self.wide.clear();
    }
}

/// The first token of `word`, a run of letters and digits.
pub(super) fn word_token(word: &str) -> Option<Token> {
    let mut lower = [0; 2 * size_of::<u64>()];
    if let Some(short) = lower.get_mut(..word.len()).filter(|short| short.len() <= 8)
        && word.is_ascii()
    {
        short.copy_from_slice(word.as_bytes());
        short.make_ascii_lowercase();
        return Some(ascii_token(&lower, word.len()));
    }
    let mut tokens = Vec::new();
    tokenize(word, &mut tokens);
    tokens.first().copied()
}

/// One bit a byte, the first byte's lowest: whether it belongs to a word, or may.
#[inline]
fn word_bits(block: &[u8; BLOCK]) -> u64 {
    let mut flags = [0_u8; BLOCK];
    for (flag, &byte) in flags.iter_mut().zip(block) {
        let is_letter = byte.wrapping_sub(b'a') < 26;
        let is_digit = byte.wrapping_sub(b'0') < 10;
        *flag = u8::from(is_letter) | u8::from(is_digit) | byte >> 7;
    }
    // Eight bytes of zeros and ones become eight bits: the product moves byte i to bit 56 + i.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = flags.as_chunks::<8>();
    let bits = eights.iter().map(|&eight| u64::from_le_bytes(eight).wrapping_mul(GATHER) >> 56);
    (0..).step_by(8).zip(bits).fold(0, |all, (shift, bits)| all | bits << shift)
}

/// The token of the first `length` bytes, lower-case letters and digits, at least 8 bytes behind.
#[inline]
fn ascii_token(bytes: &[u8], length: usize) -> Token {
    /// Set in letters, not in digits.
    const LETTERS: u64 = 0x4040_4040_4040_4040;
    if let Some(first) = bytes.first_chunk::<8>().filter(|_| length <= 8) {
        let kept = u64::MAX >> (64 - 8 * length);
        let word = u64::from_le_bytes(*first) & kept;
        let is_slot = word & LETTERS != LETTERS & kept;
        return Token { hash: hash::short_word(word), is_slot };
    }
    let bytes = &bytes[..length];
    Token { hash: hash::word(bytes), is_slot: bytes.iter().any(u8::is_ascii_digit) }
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
        let mut tokens = Vec::new();
        let mut tokenizer = Tokenizer::default();
        for run in text.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()) {
            tokenizer.wide_run(run, &mut tokens);
        }
        tokens
    }

    proptest! {
        #[test]
        fn the_fast_path_equals_the_definition(text in "([a-zA-Z0-9 .,]{0,30}|\\PC{0,9}|[é字٣-]{0,3}){0,12}") {
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

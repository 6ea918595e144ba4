//! Tokens: runs of letters or digits, case-folded, as stable 64-bit hashes.
//!
//! Scripts without spaces give one token a character. Punctuation separates tokens and is not
//! part of any, so that typography does not tell copies apart. A token with a digit in it also
//! counts as a *slot*: masked fingerprints see only that a number, date or identifier stood there.

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::hash;

/// The rules of this module as a number; it stands in every index, and a change raises it.
pub const NORMALIZER_VERSION: u32 = 1;

/// One token: the hash of its folded text, and whether it is a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// XXH3-64 of the token's UTF-8, lower-cased, in normal form C.
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
    let bytes = text.as_bytes();
    let mut folded = Folded::default();
    let mut at = 0;
    while at < bytes.len() {
        match CLASSES[usize::from(bytes[at])] {
            Class::Separator => at += 1,
            Class::Letter | Class::Digit => {
                let start = at;
                let mut is_slot = false;
                let class = loop {
                    is_slot |= CLASSES[usize::from(bytes[at])] == Class::Digit;
                    at += 1;
                    match bytes.get(at).map(|&byte| CLASSES[usize::from(byte)]) {
                        Some(Class::Letter | Class::Digit) => {}
                        other => break other,
                    }
                };
                if class == Some(Class::Wide) {
                    at = wide_token(text, start, &mut folded, tokens);
                } else {
                    tokens.push(Token { hash: folded.ascii(&bytes[start..at]), is_slot });
                }
            }
            Class::Wide => at = wide_token(text, at, &mut folded, tokens),
        }
    }
}

/// Tokens from a place where a character outside ASCII is near; returns where it stopped.
///
/// Ends at the first separator, so that the fast path takes over again.
fn wide_token(text: &str, start: usize, folded: &mut Folded, tokens: &mut Vec<Token>) -> usize {
    folded.wide.clear();
    let mut is_slot = false;
    let rest = text.get(start..).expect("a token starts on a character border");
    for (offset, character) in rest.char_indices() {
        if is_spaceless(character) {
            folded.finish(is_slot, tokens);
            is_slot = false;
            if character.is_alphanumeric() || is_combining_mark(character) {
                folded.wide.push(character);
                folded.finish(character.is_numeric(), tokens);
            }
        } else if character.is_alphanumeric() {
            is_slot |= character.is_numeric();
            folded.wide.extend(character.to_lowercase());
        } else if is_combining_mark(character) || is_invisible(character) {
            if is_combining_mark(character) && !folded.wide.is_empty() {
                folded.wide.push(character);
            }
        } else {
            folded.finish(is_slot, tokens);
            return start + offset + character.len_utf8();
        }
    }
    folded.finish(is_slot, tokens);
    text.len()
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Separator,
    Letter,
    Digit,
    Wide,
}

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Separator; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte {
            0x30..=0x39 => Class::Digit,
            0x41..=0x5A | 0x61..=0x7A => Class::Letter,
            0x80.. => Class::Wide,
            _ => Class::Separator,
        };
        byte += 1;
    }
    classes
};

/// Scratch space for the folded spelling of a token.
#[derive(Default)]
struct Folded {
    narrow: Vec<u8>,
    wide: String,
}

impl Folded {
    fn ascii(&mut self, token: &[u8]) -> u64 {
        const SHORT: usize = 32;
        if let Some(short) = token.len().checked_sub(1).filter(|&n| n < SHORT) {
            let mut buffer = [0; SHORT];
            for (to, byte) in buffer.iter_mut().zip(token) {
                *to = byte.to_ascii_lowercase();
            }
            return hash::stable(&buffer[..=short]);
        }
        self.narrow.clear();
        self.narrow.extend(token.iter().map(u8::to_ascii_lowercase));
        hash::stable(&self.narrow)
    }

    fn finish(&mut self, is_slot: bool, tokens: &mut Vec<Token>) {
        if self.wide.is_empty() {
            return;
        }
        if is_nfc_quick(self.wide.chars()) != IsNormalized::Yes {
            self.wide = self.wide.nfc().collect();
        }
        tokens.push(Token { hash: hash::stable(self.wide.as_bytes()), is_slot });
        self.wide.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let expected: Vec<u64> = expected.iter().map(|t| hash::stable(t.as_bytes())).collect();
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

    #[test]
    fn long_tokens_hash_like_short_ones() {
        for length in [31, 32, 33, 500] {
            check(&"Q".repeat(length), &[&"q".repeat(length)]);
        }
    }
}

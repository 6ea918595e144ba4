//! Fingerprints of token sequences: whole paragraphs and shingles.
//!
//! A shingle is w consecutive tokens (Broder 1997), its fingerprint a polynomial over the token
//! hashes in arithmetic modulo 2^64, mixed (Rabin 1981, taken from running sums as by Karp and Rabin). Winnowing
//! keeps the least fingerprint of every window of consecutive shingles (Schleimer, Wilkerson and
//! Aiken 2003), so that equal passages keep equal fingerprints wherever they stand.

use serde::{Deserialize, Serialize};

use super::tokenize::Token;
use crate::hash;

/// A stable 64-bit hash of a paragraph or shingle; equal on every machine and in every version
/// that has the same [`super::tokenize::NORMALIZER_VERSION`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub u64);

/// What a fingerprint was made of; it stands in the two lowest bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All tokens of a paragraph.
    Paragraph = 0,
    /// w consecutive tokens.
    Shingle = 1,
    /// The first or last tokens of a paragraph, marks included.
    Affix = 2,
}

impl Fingerprint {
    fn new(kind: Kind, polynomial: u64) -> Self {
        Self(hash::fold(polynomial ^ SLOT, BASE) & !0b11 | kind as u64)
    }

    /// What the fingerprint was made of.
    pub fn kind(self) -> Kind {
        match self.0 & 0b11 {
            0 => Kind::Paragraph,
            1 => Kind::Shingle,
            _ => Kind::Affix,
        }
    }
}

/// An odd constant with well-spread bits: 2^64 divided by the golden ratio.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;
/// Stands for any run of numbers, dates and identifiers in a masked fingerprint.
const SLOT: u64 = 0xD1B5_4A32_D192_ED03;

/// The strict and the masked fingerprint of a paragraph; they agree where it has no slot.
///
/// Neighboring slots are one, so that `1,204` and `26` mask alike.
///
/// # Examples
///
/// ```
/// use dechaff::text::{shingle::paragraph_fingerprints, tokenize::tokenize};
/// let of = |text| {
///     let mut tokens = Vec::new();
///     tokenize(text, &mut tokens);
///     paragraph_fingerprints(&tokens)
/// };
/// assert_ne!(of("26 views").0, of("1,204 views").0);
/// assert_eq!(of("26 views").1, of("1,204 views").1);
/// ```
pub fn paragraph_fingerprints(tokens: &[Token]) -> (Fingerprint, Fingerprint) {
    let (strict, masked) = paragraph_polynomials(tokens.iter().copied());
    (Fingerprint::new(Kind::Paragraph, strict), Fingerprint::new(Kind::Paragraph, masked))
}

/// Polynomials over all tokens, as they are and with runs of slots masked.
fn paragraph_polynomials(tokens: impl Iterator<Item = Token>) -> (u64, u64) {
    let (mut strict, mut masked) = (0_u64, 0_u64);
    let mut after_slot = false;
    for token in tokens {
        strict = strict.wrapping_mul(BASE).wrapping_add(token.hash);
        if !token.is_slot {
            masked = masked.wrapping_mul(BASE).wrapping_add(token.hash);
        } else if !after_slot {
            masked = masked.wrapping_mul(BASE).wrapping_add(SLOT);
        }
        after_slot = token.is_slot;
    }
    (strict, masked)
}

/// The fingerprint of a sequence of tokens, runs of slots masked.
pub(super) fn sequence_fingerprint(kind: Kind, tokens: impl Iterator<Item = Token>) -> Fingerprint {
    Fingerprint::new(kind, paragraph_polynomials(tokens).1)
}

/// Replaces `shingles` by the fingerprint of every run of `shingle_len` tokens, in order.
///
/// A paragraph of fewer tokens has none.
pub fn shingles(tokens: &[Token], shingle_len: usize, shingles: &mut Vec<Fingerprint>) {
    shingles.clear();
    if shingle_len == 0 || tokens.len() < shingle_len {
        return;
    }
    let leading = (0..shingle_len).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    // The polynomials of all heads; that of a run is the difference of two, so that no shingle
    // waits for the one before it.
    let mut ahead = 0_u64;
    for token in &tokens[..shingle_len - 1] {
        ahead = ahead.wrapping_mul(BASE).wrapping_add(token.hash);
    }
    let mut behind = 0_u64;
    shingles.extend(tokens[shingle_len - 1..].iter().zip(tokens).map(|(last, first)| {
        ahead = ahead.wrapping_mul(BASE).wrapping_add(last.hash);
        let run = ahead.wrapping_sub(behind.wrapping_mul(leading));
        behind = behind.wrapping_mul(BASE).wrapping_add(first.hash);
        Fingerprint::new(Kind::Shingle, run)
    }));
}

/// Appends to `picks` the positions that winnowing with windows of `window` shingles keeps, rising.
///
/// Every `window` consecutive shingles have at least one pick among them; fewer than `window`
/// have exactly one. Of equal fingerprints the rightmost is kept.
///
/// # Panics
///
/// With more than 2^32 shingles, which no document has.
pub fn winnow(shingles: &[Fingerprint], window: usize, picks: &mut Vec<u32>) {
    if window == 2 {
        return winnow_pairs(shingles, picks);
    }
    let window = window.max(1);
    let mut least: Option<usize> = None;
    for end in 0..shingles.len() {
        let start = (end + 1).saturating_sub(window);
        least = match least {
            Some(at) if at >= start && shingles[at] < shingles[end] => Some(at),
            Some(at) if at >= start => {
                debug_assert!(shingles[end] <= shingles[at]);
                Some(end)
            }
            _ => (start..=end).min_by_key(|&i| (shingles[i], usize::MAX - i)),
        };
        let full = end + 1 >= window || end + 1 == shingles.len();
        if let Some(at) = least.filter(|_| full) {
            let at = u32::try_from(at).expect("shingle positions are bounded by the sketch");
            if picks.last() != Some(&at) {
                picks.push(at);
            }
        }
    }
}

/// [`winnow`] with windows of two: a shingle is kept that is no greater than the one before it, or
/// less than the one behind it. Without a branch on either, which no processor would foresee.
fn winnow_pairs(shingles: &[Fingerprint], picks: &mut Vec<u32>) {
    let count = u32::try_from(shingles.len()).expect("a document has fewer than 2^32 shingles");
    if count < 2 {
        picks.extend(0..count);
        return;
    }
    let first = picks.len();
    picks.resize(first + shingles.len(), 0);
    let kept = &mut picks[first..];
    let mut len = 0;
    let mut is_least = false;
    for (at, pair) in (0..).zip(shingles.windows(2)) {
        let is_less = pair[0] < pair[1];
        kept[len] = at;
        len += usize::from(is_less | is_least);
        is_least = !is_less;
    }
    kept[len] = count - 1;
    len += usize::from(is_least);
    picks.truncate(first + len);
}

#[cfg(test)]
mod tests {
    use super::super::tokenize::tokenize;
    use super::*;
    use proptest::prelude::*;

    fn tokens(text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        tokens
    }

    /// The definition, without rolling.
    fn naive_shingles(tokens: &[Token], shingle_len: usize) -> Vec<Fingerprint> {
        let polynomial = |window: &[Token]| {
            window.iter().fold(0_u64, |sum, t| sum.wrapping_mul(BASE).wrapping_add(t.hash))
        };
        let windows = tokens.windows(shingle_len);
        windows.map(|w| Fingerprint::new(Kind::Shingle, polynomial(w))).collect()
    }

    /// The definition: the rightmost least of every full window.
    fn naive_winnow(shingles: &[Fingerprint], window: usize) -> Vec<u32> {
        let width = window.min(shingles.len()).max(1);
        let mut picks: Vec<u32> = shingles
            .windows(width)
            .enumerate()
            .map(|(at, w)| {
                let least = w.iter().min().unwrap();
                u32::try_from(at + w.iter().rposition(|x| x == least).unwrap()).unwrap()
            })
            .collect();
        picks.dedup();
        picks
    }

    proptest! {
        #[test]
        fn rolling_equals_the_definition(text in "([a-d]{1,2} ){0,40}", shingle_len in 1_usize..8) {
            let tokens = tokens(&text);
            let mut rolled = Vec::new();
            shingles(&tokens, shingle_len, &mut rolled);
            prop_assert_eq!(rolled, naive_shingles(&tokens, shingle_len));
        }

        #[test]
        fn winnowing_equals_the_definition(
            values in proptest::collection::vec(0_u64..12, 0..60),
            window in 1_usize..9,
        ) {
            let shingles: Vec<Fingerprint> = values.into_iter().map(Fingerprint).collect();
            let mut picks = Vec::new();
            winnow(&shingles, window, &mut picks);
            prop_assert_eq!(picks, naive_winnow(&shingles, window));
        }
    }

    #[test]
    fn golden_fingerprints_never_change() {
        let tokens = tokens("The quick brown fox jumps over 13 lazy dogs");
        let (strict, masked) = paragraph_fingerprints(&tokens);
        let mut all = Vec::new();
        shingles(&tokens, 5, &mut all);
        assert_eq!(
            (strict.0, masked.0, all[0].0, all.len()),
            (10_940_061_012_804_459_708, 1_460_981_835_249_484_464, 16_052_898_523_434_440_653, 5)
        );
    }
}

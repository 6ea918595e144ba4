//! The one map type, for memory only, and the one hash that may be written down.

use ahash::RandomState;

/// A hash map for use in memory; its order differs from run to run and must not reach any output.
#[expect(clippy::disallowed_types, reason = "this is the alias that the lint points to")]
pub(crate) type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;

/// Odd, with well-spread bits: 2^64 divided by the golden ratio, and by the square root of two.
const SPREAD: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xB504_F333_F9DE_6485];

/// The two halves of the product of `a` and `b`, added without carry: every bit of the result
/// depends on every bit of both.
#[inline]
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

/// The frozen hash of a token: its bytes, eight at a time, little-endian, zeros behind the last,
/// each mixed in by a folded multiplication (as wyhash and its kin do).
///
/// Words are short, and one multiplication each is what they cost; XXH3-64 takes 7 to 9 ns.
#[inline]
pub(crate) fn word(bytes: &[u8]) -> u64 {
    let mut hash = Word::default();
    for eight in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..eight.len()].copy_from_slice(eight);
        hash.add(u64::from_le_bytes(word));
    }
    hash.finish()
}

/// [`word`] of bytes that come eight at a time.
#[derive(Default)]
pub(crate) struct Word(u64);

impl Word {
    /// Takes in the next eight bytes, little-endian; of the last the rest is zero.
    #[inline]
    pub(crate) fn add(&mut self, eight: u64) {
        self.0 = fold(self.0 ^ eight ^ SPREAD[0], SPREAD[1]);
    }

    /// The hash of all bytes so far.
    #[inline]
    pub(crate) fn finish(self) -> u64 {
        self.0
    }
}

/// XXH3-64 of `bytes` with seed 0: the frozen hash of everything that is persisted.
pub(crate) fn stable(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}

/// [`stable`] of bytes that come piece by piece.
#[derive(Default)]
pub(crate) struct StableHasher(xxhash_rust::xxh3::Xxh3Default);

impl StableHasher {
    /// Takes in the next piece.
    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces so far.
    pub(crate) fn finish(&self) -> u64 {
        self.0.digest()
    }
}

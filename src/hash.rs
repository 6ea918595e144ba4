//! The one map type, for memory only, and the one hash that may be written down.

use ahash::RandomState;

/// A hash map for use in memory; its order differs from run to run and must not reach any output.
#[expect(clippy::disallowed_types, reason = "this is the alias that the lint points to")]
pub(crate) type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;

/// XXH3-64 of `bytes` with seed 0: the frozen hash of everything that is persisted.
pub(crate) fn stable(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}

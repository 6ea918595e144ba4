//! Counters that stay small however long the audit is, and tell how exact they are.

use std::collections::BTreeMap;
use std::hash::Hash;

use crate::hash::HashMap;

/// Counts keys in bounded memory: the lossy counting of Manku and Motwani (2002), with the
/// rarest keys dropped when there are too many.
///
/// A key that was counted more than [`Counter::dropped_max`] times is always there; while that is
/// 0, all are.
#[derive(Debug)]
pub struct Counter<K> {
    counts: HashMap<K, Count>,
    keys_max: usize,
    dropped_max: u64,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    count: u64,
    /// What came first, for an order among equals.
    first: u64,
}

impl<K: Hash + Eq + Ord + Copy> Counter<K> {
    /// A counter of at most `keys_max` keys.
    pub fn new(keys_max: usize) -> Self {
        Self { counts: HashMap::default(), keys_max: keys_max.max(1), dropped_max: 0 }
    }

    /// Counts `key` once; `at` rises from call to call.
    pub fn add(&mut self, key: K, at: u64) {
        let new = Count { count: self.dropped_max, first: at };
        self.counts.entry(key).or_insert(new).count += 1;
        while self.counts.len() > self.keys_max {
            self.dropped_max += 1;
            let least = self.dropped_max;
            self.counts.retain(|_, count| count.count > least);
        }
    }

    /// A key may be missing only if it was counted no more often than this.
    pub fn dropped_max(&self) -> u64 {
        self.dropped_max
    }

    /// Number of keys held.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The keys, most frequent first, earlier ones first among equals.
    pub fn most(&self) -> Vec<K> {
        let mut keys: Vec<(K, Count)> = self.counts.iter().map(|(key, n)| (*key, *n)).collect();
        keys.sort_unstable_by_key(|(_, n)| (std::cmp::Reverse(n.count), n.first));
        keys.into_iter().map(|(key, _)| key).collect()
    }
}

/// The values of least rank, at most one for each group: its least.
#[derive(Debug)]
pub struct Least<R, V> {
    values: BTreeMap<R, (u64, V)>,
    groups: HashMap<u64, R>,
    values_max: usize,
}

impl<R: Ord + Copy, V> Least<R, V> {
    /// Keeps at most `values_max` values.
    pub fn new(values_max: usize) -> Self {
        Self { values: BTreeMap::new(), groups: HashMap::default(), values_max }
    }

    /// Takes a value in when it is among the least; ranks must differ.
    pub fn add(&mut self, rank: R, group: u64, value: impl FnOnce() -> V) {
        let is_full = self.values.len() >= self.values_max;
        let is_last = self.values.last_key_value().is_some_and(|(last, _)| *last <= rank);
        let before = self.groups.get(&group).copied();
        if (is_full && is_last) || before.is_some_and(|before| before <= rank) {
            return;
        }
        if let Some(before) = before {
            self.values.remove(&before);
        }
        self.groups.insert(group, rank);
        self.values.insert(rank, (group, value()));
        if self.values.len() > self.values_max
            && let Some((_, (group, _))) = self.values.pop_last()
        {
            self.groups.remove(&group);
        }
    }

    /// The values by rising rank.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.values.into_values().map(|(_, value)| value)
    }

    /// The values by rising rank, and their ranks.
    pub fn iter(&self) -> impl Iterator<Item = (&R, &V)> {
        self.values.iter().map(|(rank, (_, value))| (rank, value))
    }
}

/// The place of number `at` in a fixed shuffle: `SplitMix64`, which any language has in five lines.
pub fn shuffled(at: u64, seed: u64) -> u64 {
    let mut z = at.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(seed);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys_max: usize, keys: &[u64], expected: &[u64], dropped_max: u64) {
        let mut counter = Counter::new(keys_max);
        (0..).zip(keys).for_each(|(at, key)| counter.add(*key, at));
        assert_eq!((counter.most(), counter.dropped_max()), (expected.to_vec(), dropped_max));
    }

    #[test]
    fn keys_come_by_count_then_by_place() {
        check(9, &[7, 5, 5, 3, 7, 1], &[7, 5, 3, 1], 0);
        check(9, &[], &[], 0);
    }

    #[test]
    fn the_rarest_are_dropped_and_that_is_told() {
        check(2, &[1, 1, 1, 2, 3], &[1], 1);
        check(2, &[1, 1, 1, 2, 3, 4], &[1, 4], 1);
    }

    #[test]
    fn the_least_of_each_group_is_kept() {
        let mut least = Least::new(2);
        for (rank, group) in [(5, 1), (3, 1), (4, 1), (9, 2), (8, 3), (7, 2), (1, 4)] {
            least.add(rank, group, || rank);
        }
        assert_eq!(least.into_values().collect::<Vec<_>>(), [1, 3]);
    }
}

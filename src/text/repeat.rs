//! What a document says twice: containment of a paragraph in all that stands before it.

use super::shingle::Fingerprint;

/// A paragraph that says again what earlier paragraphs of its document said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeat {
    /// Index of the earlier paragraph that shares most with it.
    pub of: u32,
    /// Share of its tokens that lie in shingles seen before, in 0..=1.
    pub containment: f64,
}

/// Collects the shingles of a document and compares each paragraph with those before it.
///
/// Inside a document everything earlier pools: a paragraph may be two earlier ones joined.
#[derive(Debug, Default)]
pub(crate) struct RepeatFinder {
    paragraphs: FirstSeen,
    shingles: FirstSeen,
    hits: Vec<(u32, u32)>,
}

impl RepeatFinder {
    /// Forgets the last document; the next one has so many bytes.
    pub(crate) fn clear(&mut self, bytes: usize) {
        self.paragraphs.clear(bytes / 256);
        self.shingles.clear(bytes / 6);
    }

    /// What paragraph number `index` repeats, if anything; it is then known to those that follow.
    ///
    /// `strict` is its fingerprint and `shingles` are all its shingles, in order.
    pub(crate) fn next(
        &mut self,
        index: u32,
        strict: Fingerprint,
        shingles: &[Fingerprint],
        shingle_len: usize,
    ) -> Option<Repeat> {
        self.paragraphs.reserve(1);
        let exact = self.paragraphs.first(strict, index);
        self.hits.clear();
        self.shingles.reserve(shingles.len());
        for (at, &shingle) in (0..).zip(shingles) {
            let of = self.shingles.first(shingle, index);
            if of != index {
                self.hits.push((at, of));
            }
        }
        if exact != index {
            return Some(Repeat { of: exact, containment: 1.0 });
        }
        if self.hits.is_empty() {
            return None;
        }
        let tokens = shingles.len() + shingle_len - 1;
        let covered = covered_tokens(self.hits.iter().map(|&(at, _)| at as usize), shingle_len);
        Some(Repeat { of: self.most_frequent_source(), containment: ratio(covered, tokens) })
    }

    fn most_frequent_source(&mut self) -> u32 {
        self.hits.sort_unstable_by_key(|&(_, of)| of);
        let runs = self.hits.chunk_by(|a, b| a.1 == b.1);
        // The least index among equals: `max_by_key` keeps the last, so the order is turned round.
        runs.rev().max_by_key(|run| run.len()).map_or(0, |run| run[0].1)
    }
}

/// The paragraph in which each fingerprint of a document stood first.
///
/// An open table that is emptied by counting up an epoch: a document costs nothing to forget, and
/// a hash map's inserts were a fifth of the time of a sketch. Of a table that a large document made
/// a small one uses the front, which stays in the cache.
#[derive(Debug)]
struct FirstSeen {
    slots: Vec<Slot>,
    /// How many of them are in use, a power of two, at most half of them taken.
    size: usize,
    taken: usize,
    epoch: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    fingerprint: u64,
    paragraph: u32,
    epoch: u32,
}

impl Default for FirstSeen {
    fn default() -> Self {
        Self { slots: Vec::new(), size: 0, taken: 0, epoch: 1 }
    }
}

impl FirstSeen {
    /// Forgets all; about `expected` fingerprints will come.
    fn clear(&mut self, expected: usize) {
        self.taken = 0;
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.slots.fill(Slot::default());
            self.epoch = 1;
        }
        self.size = 0;
        self.reserve(expected);
    }

    /// Makes room for `more` fingerprints.
    fn reserve(&mut self, more: usize) {
        let wanted = (2 * (self.taken + more)).next_power_of_two().max(64);
        if wanted <= self.size {
            return;
        }
        let current = self.slots.get(..self.size).unwrap_or(&[]).iter();
        let current: Vec<Slot> = current.filter(|slot| slot.epoch == self.epoch).copied().collect();
        if wanted > self.slots.len() {
            self.slots = vec![Slot::default(); wanted];
        } else {
            self.slots[..self.size].fill(Slot::default());
        }
        (self.size, self.taken) = (wanted, 0);
        for slot in current {
            self.first(Fingerprint(slot.fingerprint), slot.paragraph);
        }
    }

    /// Where `fingerprint` stood first: in `paragraph` when it is new. Room for it was made.
    #[inline]
    fn first(&mut self, fingerprint: Fingerprint, paragraph: u32) -> u32 {
        let mask = self.size - 1;
        // Any bits but the lowest, which tell kinds apart; all are well mixed.
        let mut at = (fingerprint.0 >> 20) as usize & mask;
        loop {
            let slot = &mut self.slots[at];
            if slot.epoch != self.epoch {
                *slot = Slot { fingerprint: fingerprint.0, paragraph, epoch: self.epoch };
                self.taken += 1;
                return paragraph;
            }
            if slot.fingerprint == fingerprint.0 {
                return slot.paragraph;
            }
            at = (at + 1) & mask;
        }
    }
}

/// How many tokens lie in shingles that start at the rising `positions`.
///
/// # Examples
///
/// ```
/// assert_eq!(dechaff::text::repeat::covered_tokens([0, 2, 10].into_iter(), 5), 12);
/// ```
pub fn covered_tokens(positions: impl Iterator<Item = usize>, shingle_len: usize) -> usize {
    let mut covered = 0;
    let mut end = 0;
    for start in positions {
        covered += start + shingle_len - end.clamp(start, start + shingle_len);
        end = end.max(start + shingle_len);
    }
    covered
}

/// `part` of `whole` in 0..=1; 0 of nothing.
pub(crate) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let ratio = part as f64 / whole as f64;
    ratio
}

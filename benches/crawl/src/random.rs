//! The random numbers: xoshiro256++ seeded by splitmix64 (Blackman and Vigna), and a Zipf draw.
//!
//! Invariant: integers only. No floating point, no platform maths, no clock, no address: the same
//! key gives the same numbers on every machine and in every later version, which is what makes a
//! crawl reproducible and an earlier paragraph regenerable.

/// A stream of random numbers that is a pure function of its key.
#[derive(Debug, Clone)]
pub(crate) struct Random([u64; 4]);

/// One step of splitmix64: takes a state, gives a well mixed 64-bit value of it.
pub(crate) fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Random {
    /// Starts the stream of one key: a seed, what the numbers are for, and two counters.
    pub(crate) fn keyed(seed: u64, purpose: u64, major: u64, minor: u64) -> Self {
        let key = mix(mix(mix(mix(seed) ^ purpose) ^ major) ^ minor);
        Self([mix(key), mix(key ^ 1), mix(key ^ 2), mix(key ^ 3)])
    }

    /// The next 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number from 0 up to and without `bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        scale(high(self.next()), bound)
    }

    /// A number from 0 up to and without `bound`, for counts beyond 32 bits; 0 when `bound` is 0.
    pub(crate) fn below_u64(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// A number from `low` to `top`, both included.
    pub(crate) fn between(&mut self, low: u32, top: u32) -> u32 {
        low + self.below(top.saturating_sub(low) + 1)
    }

    /// True `per_mille` times in a thousand.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    /// One of the items, each equally likely.
    ///
    /// # Panics
    /// When `items` is empty; all callers pass tables that are not.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        items[self.below(count) as usize]
    }
}

fn high(bits: u64) -> u32 {
    u32::try_from(bits >> 32).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low(bits: u64) -> u32 {
    bits as u32
}

fn scale(bits: u32, bound: u32) -> u32 {
    high(u64::from(bits) * u64::from(bound))
}

/// Ranks drawn by the Zipf-Mandelbrot law, weight 1 / (rank + shift), in constant time (Walker's
/// alias method).
#[derive(Debug, Clone)]
pub(crate) struct Zipf {
    cells: Vec<(u32, u32)>,
    count: u32,
}

impl Zipf {
    /// Prepares draws over `count` ranks from 0 on; `shift_tenths` is ten times the shift.
    pub(crate) fn new(count: u32, shift_tenths: u32) -> Self {
        let count = count.max(1);
        let weights: Vec<u64> = (0..u64::from(count))
            .map(|rank| (1 << 40) / (10 * rank + u64::from(shift_tenths.max(1))))
            .collect();
        let total: u64 = weights.iter().sum();
        // A cell is full at `total`; each rank brings its weight times the number of cells.
        let mut load: Vec<u64> = weights.iter().map(|weight| weight * u64::from(count)).collect();
        let mut cells: Vec<(u32, u32)> = (0..count).map(|rank| (u32::MAX, rank)).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..count).partition(|&rank| load[rank as usize] < total);
        while let (Some(&giver), Some(taker)) = (large.last(), small.pop()) {
            let share = (u128::from(load[taker as usize]) << 32) / u128::from(total);
            cells[taker as usize] = (u32::try_from(share).unwrap_or(u32::MAX), giver);
            load[giver as usize] -= total - load[taker as usize];
            if load[giver as usize] < total {
                large.pop();
                small.push(giver);
            }
        }
        Self { cells, count }
    }

    /// Draws one rank.
    pub(crate) fn draw(&self, random: &mut Random) -> u32 {
        let bits = random.next();
        let cell = scale(high(bits), self.count);
        let (limit, other) = self.cells[cell as usize];
        if low(bits) < limit { cell } else { other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_frozen() {
        let mut random = Random::keyed(1, 2, 3, 4);
        let got = [random.next(), random.next(), random.next()];
        let golden =
            [1_082_489_909_810_691_613, 2_944_362_759_585_183_548, 15_207_498_752_712_732_164];
        assert_eq!(got, golden, "a changed stream changes every crawl ever generated");
    }

    /// The vectors other implementations of the two generators are tested with.
    #[test]
    fn the_generators_are_the_published_ones() {
        let mut random = Random([1, 2, 3, 4]);
        let got = [random.next(), random.next(), random.next(), random.next()];
        assert_eq!(got, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
        assert_eq!(mix(1_477_776_061_723_855_037), 1_985_237_415_132_408_290);
    }

    #[test]
    fn bounds_hold() {
        let mut random = Random::keyed(9, 0, 0, 0);
        for _ in 0..10_000 {
            assert!(random.below(7) < 7);
            assert!((3..=5).contains(&random.between(3, 5)));
            assert!(random.below_u64(1 << 40) < 1 << 40);
        }
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn zipf_follows_its_weights() {
        let zipf = Zipf::new(100, 27);
        let mut random = Random::keyed(1, 1, 1, 1);
        let mut seen = [0_u32; 100];
        for _ in 0..200_000 {
            seen[zipf.draw(&mut random) as usize] += 1;
        }
        // Weights 1/2.7 and 1/12.7 (rank 10): the ratio is 4.7.
        assert!((42..=52).contains(&(seen[0] * 10 / seen[10])), "{} {}", seen[0], seen[10]);
        assert!(seen.iter().all(|&times| times > 0));
    }
}

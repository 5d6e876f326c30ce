//! Random numbers: named streams derived from one seed, the same on every machine and device.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// A stream of random numbers. It is independent of streams with other names or indices, so that a new use of
/// randomness does not affect the others.
pub struct Stream {
    generator: ChaCha8Rng,
    /// What is added to all bits
    shift: u64,
}

/// How many seeds [`Stream::spread`] spreads together.
const TOGETHER: u64 = 3;

impl Stream {
    /// The stream for a seed, a name and an index, such as an iteration.
    #[must_use]
    pub fn new(seed: u64, name: &str, index: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(index.to_le_bytes());
        hash.update(name.as_bytes());
        Self { generator: ChaCha8Rng::from_seed(hash.finalize().into()), shift: 0 }
    }

    /// A stream for choices that people compare between seeds. Each number of three seeds in a row, from a multiple of three
    /// on, is a third of its range from the others: such seeds choose each of three options once, and are spread evenly
    /// over a range of sizes. The first of them has the stream of [`Stream::new`].
    ///
    /// These are the rotations of Cranley and Patterson, Randomization of number theoretic methods for multiple
    /// integration, 1976.
    #[must_use]
    pub fn spread(seed: u64, name: &str, index: u64) -> Self {
        let place = seed % TOGETHER;
        Self { shift: place * (u64::MAX / TOGETHER), ..Self::new(seed - place, name, index) }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64().wrapping_add(self.shift)
    }

    /// A number from 0 up to but not including 1.
    #[allow(clippy::cast_precision_loss)]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number in a range.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Whether an event of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number from 0 up to but not including `count`.
    #[allow(clippy::cast_possible_truncation)]
    pub fn below(&mut self, count: usize) -> usize {
        // The high half of a 128-bit product: even up to one part in 2^64 / count.
        ((u128::from(self.bits()) * count as u128) >> 64) as usize
    }
}

/// The seed that a word stands for: the first eight bytes of its SHA-256, little-endian.
#[must_use]
pub fn seed_of_word(word: &str) -> u64 {
    let digest = Sha256::digest(word.as_bytes());
    digest.iter().take(8).rev().fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

/// A seed that the system draws; none if the system has no random numbers. It is short enough to be typed, and programs in
/// JavaScript read it as it is.
#[must_use]
pub fn fresh_seed() -> Option<u64> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).ok()?;
    Some(u32::from_le_bytes(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_apart_and_repeat() {
        let first = |seed, name, index| Stream::new(seed, name, index).bits();
        assert_eq!(first(1, "a", 0), first(1, "a", 0));
        let all = [first(1, "a", 0), first(2, "a", 0), first(1, "b", 0), first(1, "a", 1)];
        assert!((1..4).all(|i| !all[..i].contains(&all[i])));
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut stream = Stream::new(0, "test", 0);
        let mut counts = [0; 5];
        for _ in 0..5000 {
            counts[stream.below(5)] += 1;
            let number = stream.between(-2.0, 3.0);
            assert!((-2.0..3.0).contains(&number));
        }
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }

    #[test]
    fn three_seeds_in_a_row_are_spread() {
        for first in [0, 3, 3000, u64::MAX - 3] {
            let mut seeds = [0, 1, 2].map(|place| Stream::spread(first + place, "test", 0));
            for _ in 0..100 {
                let mut options = seeds.each_mut().map(|stream| stream.below(3));
                options.sort_unstable();
                assert_eq!(options, [0, 1, 2]);
                let mut numbers = seeds.each_mut().map(|stream| stream.between(0.0, 3.0));
                numbers.sort_unstable_by(f64::total_cmp);
                assert!((numbers[1] - numbers[0] - 1.0).abs() < 1e-9 && (numbers[2] - numbers[1] - 1.0).abs() < 1e-9);
            }
            assert_eq!(Stream::spread(first, "test", 0).bits(), Stream::new(first, "test", 0).bits());
        }
    }

    #[test]
    fn words_are_seeds() {
        // printf cat | sha256sum: 77af778b51abd4a3...
        assert_eq!(seed_of_word("cat"), 0xa3d4_ab51_8b77_af77);
    }
}

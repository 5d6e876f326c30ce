//! The seeds of samples. No picture is drawn twice because the seeds of two lines, or of one line, are close.

use std::collections::{BTreeMap, HashMap};

use crate::device::DeviceChoice;
use crate::settings::{CutBatch, Seed, Settings};
use crate::{Error, Result};

/// The seeds in use so far, by everything else that decides a picture.
#[derive(Default)]
pub(super) struct Seeds {
    taken: HashMap<String, Taken>,
}

/// Seeds in use, as ranges: the first seed of each range, and its last.
#[derive(Default)]
struct Taken(BTreeMap<u64, u64>);

impl Seeds {
    /// The seeds of the samples of a line, `count` for each of its settings: the seed of the settings and the next
    /// free ones, which neither an earlier line uses nor this line requests. If an earlier line uses the seed of the
    /// settings, the next free one replaces it.
    ///
    /// # Errors
    /// If settings cannot be compared.
    pub(super) fn of(&mut self, line: &[Settings], count: usize) -> Result<Vec<Vec<Seed>>> {
        if count == 1 {
            return Ok(line.iter().map(|settings| vec![settings.seed]).collect());
        }
        let keys = line.iter().map(key).collect::<Result<Vec<_>>>()?;
        // First take the seeds that the line requests, then the ones that follow from them.
        let own: Vec<bool> =
            keys.iter().zip(line).map(|(key, settings)| self.taken(key).take(settings.seed.0)).collect();
        let mut seeds = Vec::new();
        for ((key, settings), own) in keys.iter().zip(line).zip(own) {
            let (taken, first) = (self.taken(key), settings.seed.0);
            let next = std::iter::repeat_with(|| taken.take_next(first));
            seeds.push(own.then_some(first).into_iter().chain(next).take(count).map(Seed).collect());
        }
        Ok(seeds)
    }

    fn taken(&mut self, key: &str) -> &mut Taken {
        self.taken.entry(key.to_owned()).or_default()
    }
}

/// Everything that decides a picture except the seed, as text.
fn key(settings: &Settings) -> Result<String> {
    let (seed, cut_batch, device) = (Seed(0), CutBatch::Auto, DeviceChoice::Auto);
    let settings = Settings { seed, cut_batch, device, ..settings.clone() };
    serde_json::to_string(&settings).map_err(|error| Error::fault(format!("cannot compare settings: {error}")))
}

impl Taken {
    /// The first and the last seed of the range that contains a seed.
    fn range_of(&self, seed: u64) -> Option<(u64, u64)> {
        self.0.range(..=seed).next_back().map(|(first, last)| (*first, *last)).filter(|(_, last)| *last >= seed)
    }

    /// Takes a seed; returns whether it was free.
    fn take(&mut self, seed: u64) -> bool {
        if self.range_of(seed).is_some() {
            return false;
        }
        let before = seed.checked_sub(1).and_then(|before| self.range_of(before));
        let after = seed.checked_add(1).and_then(|after| self.range_of(after));
        if let Some((first, _)) = after {
            self.0.remove(&first);
        }
        self.0.insert(before.map_or(seed, |(first, _)| first), after.map_or(seed, |(_, last)| last));
        true
    }

    /// Takes the first free seed from `from` on; after the largest seed comes 0.
    fn take_next(&mut self, from: u64) -> u64 {
        let mut seed = from;
        // Ranges never touch, so this passes at most two.
        while let Some((_, last)) = self.range_of(seed) {
            seed = last.wrapping_add(1);
        }
        self.take(seed);
        seed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::combine;
    use crate::settings::Overrides;

    fn settings(prompt: &str, seed: u64) -> Settings {
        let prompt = Some(prompt.parse().unwrap());
        combine(&[Overrides { prompt, seed: Some(Seed(seed).into()), ..Overrides::default() }]).unwrap()
    }

    #[test]
    fn no_seed_is_given_twice() {
        let mut seeds = Seeds::default();
        let mut of = |line: &[(&str, u64)], count: usize| {
            let line: Vec<Settings> = line.iter().map(|(prompt, seed)| settings(prompt, *seed)).collect();
            let seeds = seeds.of(&line, count).unwrap();
            seeds.into_iter().map(|seeds| seeds.into_iter().map(|seed| seed.0).collect()).collect::<Vec<Vec<u64>>>()
        };
        // A single seed and the next ones.
        assert_eq!(of(&[("apple", 5)], 3), [[5, 6, 7]]);
        // A list, and another prompt beside it.
        let list = [("pear", 1), ("pear", 2), ("fig", 2), ("pear", 3)];
        assert_eq!(of(&list, 3), [[1, 4, 5], [2, 6, 7], [2, 3, 4], [3, 8, 9]]);
        // Later lines, also with a seed that is taken.
        assert_eq!(of(&[("apple", 6)], 2), [[8, 9]]);
        assert_eq!(of(&[("apple", 4), ("apple", 5)], 2), [[4, 10], [11, 12]]);
        // The largest seed, and no samples.
        assert_eq!(of(&[("date", u64::MAX)], 3), [[u64::MAX, 0, 1]]);
        assert_eq!(of(&[("date", u64::MAX)], 2), [[2, 3]]);
        assert_eq!(of(&[("apple", 5), ("apple", 5)], 1), [[5], [5]]);
    }
}

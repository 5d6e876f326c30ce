//! The seeds of samples: no picture is drawn twice because two lines, or two seeds of a line, are near each other.

use std::collections::{BTreeMap, HashMap};

use crate::device::DeviceChoice;
use crate::settings::{CutBatch, Seed, Settings};
use crate::{Error, Result};

/// The seeds that samples have so far, by everything else that decides their pictures.
#[derive(Default)]
pub(super) struct Seeds {
    taken: HashMap<String, Taken>,
}

/// Seeds that are taken: where each range of them begins, and its last.
#[derive(Default)]
struct Taken(BTreeMap<u64, u64>);

impl Seeds {
    /// The seeds of a line's samples, `count` for each of its settings: their own, and the next ones that no line
    /// before has and no other seed of this line is. An own seed that a line before has is replaced by the next, too.
    ///
    /// # Errors
    /// If settings cannot be compared with others.
    pub(super) fn of(&mut self, line: &[Settings], count: usize) -> Result<Vec<Vec<Seed>>> {
        if count == 1 {
            return Ok(line.iter().map(|settings| vec![settings.seed]).collect());
        }
        let keys = line.iter().map(key).collect::<Result<Vec<_>>>()?;
        // The seeds that are asked for come before those that are only counted on from them.
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

/// All that decides a picture but the seed, as text.
fn key(settings: &Settings) -> Result<String> {
    let (seed, cut_batch, device) = (Seed(0), CutBatch::Auto, DeviceChoice::Auto);
    let settings = Settings { seed, cut_batch, device, ..settings.clone() };
    serde_json::to_string(&settings).map_err(|error| Error::fault(format!("cannot compare settings: {error}")))
}

impl Taken {
    /// The range that holds a seed: its first and its last.
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

    /// Takes the first free seed from this one on; the first of all follows the last.
    fn take_next(&mut self, from: u64) -> u64 {
        let mut seed = from;
        // Ranges do not touch each other, so that at most two are passed.
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
        combine(&[Overrides { prompt, seed: Some(Seed(seed)), ..Overrides::default() }]).unwrap()
    }

    #[test]
    fn no_seed_is_given_twice() {
        let mut seeds = Seeds::default();
        let mut of = |line: &[(&str, u64)], count: usize| {
            let line: Vec<Settings> = line.iter().map(|(prompt, seed)| settings(prompt, *seed)).collect();
            let seeds = seeds.of(&line, count).unwrap();
            seeds.into_iter().map(|seeds| seeds.into_iter().map(|seed| seed.0).collect()).collect::<Vec<Vec<u64>>>()
        };
        // Alone, it and the next ones.
        assert_eq!(of(&[("apple", 5)], 3), [[5, 6, 7]]);
        // A list, and another prompt beside it.
        let list = [("pear", 1), ("pear", 2), ("fig", 2), ("pear", 3)];
        assert_eq!(of(&list, 3), [[1, 4, 5], [2, 6, 7], [2, 3, 4], [3, 8, 9]]);
        // Later lines, also with a seed that is taken.
        assert_eq!(of(&[("apple", 6)], 2), [[8, 9]]);
        assert_eq!(of(&[("apple", 4), ("apple", 5)], 2), [[4, 10], [11, 12]]);
        // The last seed there is, and without samples.
        assert_eq!(of(&[("date", u64::MAX)], 3), [[u64::MAX, 0, 1]]);
        assert_eq!(of(&[("date", u64::MAX)], 2), [[2, 3]]);
        assert_eq!(of(&[("apple", 5), ("apple", 5)], 1), [[5], [5]]);
    }
}

//! Plays the queue forward: which job begins when, if every job lasts as long.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

/// A running job.
pub(super) struct Runs {
    /// Whose it is
    pub owner: String,
    /// How many jobs of the owner may run at once
    pub most: u32,
    /// The part that is left to do, 0 to 1
    pub rest: f64,
}

/// A waiting job.
pub(super) struct Waits {
    /// Whose it is
    pub owner: String,
    /// How many jobs of the owner may run at once
    pub most: u32,
}

/// The queue as it will be.
pub(super) struct Forecast {
    lasts: Duration,
    now: Duration,
    free: usize,
    /// When running jobs end, and the numbers of their owners
    ends: BinaryHeap<Reverse<(Duration, usize)>>,
    owners: Vec<Owner>,
    /// The place of the job in question
    last: usize,
}

/// An owner of jobs.
struct Owner {
    most: u32,
    running: u32,
    /// The places of the waiting jobs
    waiting: VecDeque<usize>,
}

impl Forecast {
    /// The queue as it is now: what runs, and what waits up to the job in question, in order.
    pub(super) fn new(lasts: Duration, slots: usize, running: &[Runs], waiting: &[Waits]) -> Self {
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut owners: Vec<Owner> = Vec::new();
        let mut ends = BinaryHeap::new();
        let mut of = |owner, most: u32| {
            let number = *numbers.entry(owner).or_insert(owners.len());
            if number == owners.len() {
                owners.push(Owner { most, running: 0, waiting: VecDeque::new() });
            }
            // A limit of 0 would never end.
            owners[number].most = owners[number].most.min(most).max(1);
            number
        };
        let running: Vec<(usize, f64)> = running.iter().map(|runs| (of(&runs.owner, runs.most), runs.rest)).collect();
        let waiting: Vec<usize> = waiting.iter().map(|waits| of(&waits.owner, waits.most)).collect();
        // A slot whose worker was lost still counts while its job does.
        let free = slots.saturating_sub(running.len());
        for (owner, rest) in running {
            owners[owner].running += 1;
            ends.push(Reverse((lasts.mul_f64(rest), owner)));
        }
        let last = waiting.len().saturating_sub(1);
        for (place, owner) in waiting.into_iter().enumerate() {
            owners[owner].waiting.push_back(place);
        }
        Self { lasts, now: Duration::ZERO, free, ends, owners, last }
    }

    /// When the last of the waiting jobs begins; `None` if no slot is ever free.
    pub(super) fn of_last(mut self) -> Option<Duration> {
        loop {
            while self.free > 0
                && let Some((number, place)) = self.next()
            {
                if place == self.last {
                    return Some(self.now);
                }
                self.begin(number);
            }
            self.wait()?;
        }
    }

    /// The first job that may begin: the number of its owner, and its place.
    fn next(&self) -> Option<(usize, usize)> {
        let ready = self.owners.iter().enumerate().filter(|(_, owner)| owner.running < owner.most);
        let first = ready.filter_map(|(number, owner)| Some((*owner.waiting.front()?, number))).min()?;
        Some((first.1, first.0))
    }

    /// Begins the next job of an owner.
    fn begin(&mut self, number: usize) {
        let Some(owner) = self.owners.get_mut(number) else { return };
        owner.waiting.pop_front();
        owner.running += 1;
        self.free -= 1;
        self.ends.push(Reverse((self.now.saturating_add(self.lasts), number)));
    }

    /// Waits until the next jobs end; `None` if nothing runs.
    fn wait(&mut self) -> Option<()> {
        let Reverse((now, _)) = *self.ends.peek()?;
        self.now = now;
        while let Some(Reverse((end, number))) = self.ends.peek().copied()
            && end <= now
        {
            self.ends.pop();
            self.free += 1;
            if let Some(owner) = self.owners.get_mut(number) {
                owner.running = owner.running.saturating_sub(1);
            }
        }
        Some(())
    }
}

/// When a slot is free for a job with so many ahead of it, if every job lasts as long and no owner has a limit. `rests` are
/// the parts of the running jobs that are left.
pub(super) fn without_limits(lasts: Duration, slots: usize, rests: Vec<f64>, ahead: u64) -> Duration {
    // A slot whose worker was lost still counts while its job does.
    let slots = slots.max(rests.len());
    let mut free = rests;
    free.resize(slots, 0.0);
    free.sort_by(f64::total_cmp);
    // The jobs ahead go to the slots in the order in which these become free, again and again: none of them is busy for
    // longer than one job, so the order stays.
    let slots = slots as u64;
    let first = usize::try_from(ahead % slots).ok().and_then(|slot| free.get(slot)).copied().unwrap_or(0.0);
    let rounds = u32::try_from(ahead / slots).unwrap_or(u32::MAX);
    lasts.mul_f64(first).saturating_add(lasts.saturating_mul(rounds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_keep_their_limits() {
        let lasts = Duration::from_secs(10);
        let begins = |slots, running: &[(&str, f64)], waiting: &[&str]| {
            // Anna may run one job at a time, everybody else as many as there are.
            let most = |owner: &str| if owner == "anna" { 1 } else { 1000 };
            let running: Vec<Runs> = running
                .iter()
                .map(|(owner, rest)| Runs { owner: (*owner).into(), most: most(owner), rest: *rest })
                .collect();
            let waiting: Vec<Waits> =
                waiting.iter().map(|owner| Waits { owner: (*owner).into(), most: most(owner) }).collect();
            Forecast::new(lasts, slots, &running, &waiting).of_last().map(|begins| begins.as_secs())
        };
        assert_eq!(begins(2, &[], &["anna"]), Some(0));
        assert_eq!(begins(2, &[], &["anna", "anna"]), Some(10));
        assert_eq!(begins(2, &[], &["anna", "anna", "anna", "ben"]), Some(0));
        assert_eq!(begins(2, &[("anna", 0.5)], &["anna", "ben", "ben"]), Some(10));
        assert_eq!(begins(2, &[("anna", 0.5)], &["anna"]), Some(5));
        assert_eq!(begins(3, &[("ben", 0.5), ("anna", 1.0)], &["ben", "ben", "anna", "anna"]), Some(20));
        assert_eq!(begins(0, &[], &["anna"]), None);
        // Without limits, both ways agree.
        let ben = vec!["ben"; 40];
        for (slots, running) in [(1, &[][..]), (2, &[("ben", 0.5)]), (3, &[("ben", 0.5), ("ben", 0.25)])] {
            for ahead in 0..40 {
                let rests = running.iter().map(|(_, rest)| *rest).collect();
                let expected = without_limits(lasts, slots, rests, ahead as u64).as_secs();
                assert_eq!(begins(slots, running, &ben[..=ahead]), Some(expected), "{slots} {ahead}");
            }
        }
    }

    #[test]
    fn slots_are_filled_as_they_become_free() {
        let lasts = Duration::from_secs(10);
        let begins = |slots, rests: &[f64], ahead| without_limits(lasts, slots, rests.to_vec(), ahead).as_secs();
        assert_eq!(begins(1, &[], 0), 0);
        assert_eq!(begins(1, &[], 3), 30);
        assert_eq!(begins(1, &[0.5], 3), 35);
        assert_eq!(begins(2, &[0.5], 0), 0);
        assert_eq!(begins(2, &[0.5], 1), 5);
        assert_eq!(begins(2, &[0.5], 2), 10);
        assert_eq!(begins(1, &[0.5, 1.0], 1), 10);
    }
}

//! Where a waiting job stands, and when its picture will be ready.

use std::time::Duration;

use super::statements::{PACE, POSITION, RUNNING, SLOTS};
use super::{JobId, Queue, milliseconds};
use crate::error::Result;

/// How many of the last jobs an estimate is made from.
pub(super) const LAST_JOBS: i64 = 20;
/// The most running jobs that an estimate looks at.
const MOST_RUNNING: i64 = 1000;

/// Where a waiting job stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Its place among the waiting jobs, from 1. Jobs that are added later can move it back: each owner has a turn
    pub place: u64,
    /// How many jobs wait, this one included
    pub waiting: u64,
    /// When it will be ready; `None` if no worker is alive, or no job of its kind and quality was done yet
    pub estimate: Option<Estimate>,
}

/// How long a waiting job takes, from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Until a worker begins with it
    pub begins: Duration,
    /// Until it is ready
    pub ready: Duration,
}

impl Queue {
    /// Where a job stands; `None` if it does not wait.
    ///
    /// The estimate takes each job to last as long as the median of the last 20 of this kind and quality, and the
    /// slots of the live workers to be filled in the order of the queue. It does not know limits of owners nor pauses.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn position(&self, id: &JobId) -> Result<Option<Position>> {
        let rows = self.database.rows(POSITION, &[id.as_str().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let place = u64::try_from(row.whole("place")?).unwrap_or(1).max(1);
        let waiting = u64::try_from(row.whole("waiting")?).unwrap_or(place).max(place);
        let pause = Duration::from_millis(u64::try_from(row.whole("pause")?).unwrap_or(0));
        let (kind, quality) = (row.text("kind")?, row.text("quality")?);

        let usual = self.usual_time(&kind, &quality).await?;
        let alive = milliseconds(self.rules.worker_alive);
        let slots =
            self.database.rows(SLOTS, &[alive.into()]).await?.first().map_or(Ok(0), |row| row.whole("slots"))?;
        let mut rests = Vec::new();
        for row in self.database.rows(RUNNING, &[MOST_RUNNING.into()]).await? {
            rests.push(rest(row.maybe_whole("iteration")?, row.maybe_whole("iterations")?));
        }
        let slots = usize::try_from(slots).unwrap_or(0);
        let estimate = usual.filter(|_| slots > 0).map(|usual| {
            let begins = begins(usual, slots, rests, place - 1).max(pause);
            Estimate { begins, ready: begins + usual }
        });
        Ok(Some(Position { place, waiting, estimate }))
    }

    /// How long a running job still takes, at the pace of its claim so far; `None` if it does not run, or its first
    /// iteration is not done.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn time_left(&self, id: &JobId) -> Result<Option<Duration>> {
        let rows = self.database.rows(PACE, &[id.as_str().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (began, after) = (row.whole("started")?, row.maybe_whole("resumed")?.unwrap_or(0));
        let (reported, done) = (row.maybe_whole("progress_at")?, row.maybe_whole("iteration")?);
        let all = row.maybe_whole("iterations")?;
        Ok(reported
            .zip(done)
            .zip(all)
            .and_then(|((reported, done), all)| left(reported - began, done - after, all - done)))
    }
}

/// How long the iterations that are left take, if those that are done took so many milliseconds. A report of an earlier
/// claim says nothing.
#[allow(clippy::cast_precision_loss)]
fn left(milliseconds: i64, done: i64, left: i64) -> Option<Duration> {
    if milliseconds <= 0 || done <= 0 || left < 0 {
        return None;
    }
    Duration::try_from_secs_f64(milliseconds as f64 / 1000.0 / done as f64 * left as f64).ok()
}

/// The part of a running job that is left to do, 0 to 1.
#[allow(clippy::cast_precision_loss)]
fn rest(iteration: Option<i64>, iterations: Option<i64>) -> f64 {
    match (iteration, iterations) {
        (Some(done), Some(all)) if all > 0 => (1.0 - done as f64 / all as f64).clamp(0.0, 1.0),
        _ => 1.0,
    }
}

/// The median of times in seconds.
pub(super) fn median(mut seconds: Vec<f64>) -> Option<Duration> {
    seconds.retain(|seconds| seconds.is_finite() && *seconds >= 0.0);
    seconds.sort_by(f64::total_cmp);
    let (low, high) = (seconds.get(seconds.len().checked_sub(1)? / 2)?, seconds.get(seconds.len() / 2)?);
    Duration::try_from_secs_f64(f64::midpoint(*low, *high)).ok()
}

/// When a slot is free for a job with so many ahead of it, if every job lasts as long. `rests` are the parts of the
/// running jobs that are left.
fn begins(lasts: Duration, slots: usize, rests: Vec<f64>, ahead: u64) -> Duration {
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
    fn the_median_is_in_the_middle() {
        assert_eq!(median(Vec::new()), None);
        assert_eq!(median(vec![f64::NAN, -1.0]), None);
        assert_eq!(median(vec![9.0]), Some(Duration::from_secs(9)));
        assert_eq!(median(vec![9.0, 1.0, 2.0, 4.0]), Some(Duration::from_secs(3)));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_job_goes_on_at_its_pace() {
        assert_eq!(left(10_000, 5, 15), Some(Duration::from_secs(30)));
        assert_eq!(left(10_000, 5, 0), Some(Duration::ZERO));
        for (milliseconds, done, rest) in [(0, 5, 15), (-5, 5, 15), (10_000, 0, 15), (10_000, -3, 15), (10_000, 5, -1)]
        {
            assert_eq!(left(milliseconds, done, rest), None);
        }
    }

    #[test]
    fn slots_are_filled_as_they_become_free() {
        let lasts = Duration::from_secs(10);
        let begins = |slots, rests: &[f64], ahead| begins(lasts, slots, rests.to_vec(), ahead).as_secs();
        assert_eq!(begins(1, &[], 0), 0);
        assert_eq!(begins(1, &[], 3), 30);
        assert_eq!(begins(1, &[0.5], 3), 35);
        assert_eq!(begins(2, &[0.5], 0), 0);
        assert_eq!(begins(2, &[0.5], 1), 5);
        assert_eq!(begins(2, &[0.5], 2), 10);
        assert_eq!(begins(1, &[0.5, 1.0], 1), 10);
    }
}

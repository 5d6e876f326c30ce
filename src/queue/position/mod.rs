//! Where a waiting job stands, and when its picture will be ready.

mod forecast;

use std::time::Duration;

use super::statements::{FIRST, PACE, POSITION, RUNNING, SLOTS};
use super::{JobId, Queue, milliseconds, small};
use crate::error::Result;
use forecast::{Forecast, Runs, Waits};

/// How many of the last jobs an estimate is made from.
pub(super) const LAST_JOBS: i64 = 20;
/// The most running jobs that an estimate looks at.
const MOST_RUNNING: i64 = 1000;
/// The most waiting jobs whose owners an estimate looks at.
const MOST_WAITING: u64 = 1000;

/// Where a waiting job stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Its place among the waiting jobs, from 1. Jobs that are added later can move it back: each owner has a turn
    pub place: u64,
    /// How many jobs wait, this one included
    pub waiting: u64,
    /// How many jobs are drawn
    pub running: u64,
    /// Since when the queue is paused, in milliseconds since 1970; none if it is not
    pub paused: Option<i64>,
    /// When it will be ready; `None` if the queue is paused, no worker is alive, or no job of its kind and quality was
    /// done yet
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
    /// slots of the live workers to be filled in the order of the queue, with no more jobs of an owner at once than may
    /// run. Beyond 1000 waiting jobs it does not know the limits of owners, and never the pauses of other jobs.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn position(&self, id: &JobId) -> Result<Option<Position>> {
        let rows = self.database.rows(POSITION, &[id.as_str().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let place = u64::try_from(row.whole("place")?).unwrap_or(1).max(1);
        let waiting = u64::try_from(row.whole("waiting")?).unwrap_or(place).max(place);
        let running = u64::try_from(row.whole("running")?).unwrap_or(0);
        let pause = Duration::from_millis(u64::try_from(row.whole("pause")?).unwrap_or(0));
        let (kind, quality) = (row.text("kind")?, row.text("quality")?);
        let paused = self.paused().await?;
        let usual = if paused.is_none() { self.usual_time(&kind, &quality).await? } else { None };
        let estimate = match usual {
            Some(usual) => self.forecast(usual, place).await?.map(|begins| {
                let begins = begins.max(pause);
                Estimate { begins, ready: begins + usual }
            }),
            None => None,
        };
        Ok(Some(Position { place, waiting, running, paused, estimate }))
    }

    /// When a worker begins with the job at a place, if every job lasts as long; `None` if no worker is alive.
    async fn forecast(&self, lasts: Duration, place: u64) -> Result<Option<Duration>> {
        let alive = milliseconds(self.rules.worker_alive);
        let slots =
            self.database.rows(SLOTS, &[alive.into()]).await?.first().map_or(Ok(0), |row| row.whole("slots"))?;
        let slots = usize::try_from(slots).unwrap_or(0);
        if slots == 0 {
            return Ok(None);
        }
        let mut running = Vec::new();
        for row in self.database.rows(RUNNING, &[MOST_RUNNING.into()]).await? {
            let rest = rest(row.maybe_whole("iteration")?, row.maybe_whole("iterations")?);
            running.push(Runs { owner: row.text("owner")?, most: small(row.whole("max_running")?), rest });
        }
        if place > MOST_WAITING {
            let rests = running.iter().map(|runs| runs.rest).collect();
            return Ok(Some(forecast::without_limits(lasts, slots, rests, place - 1)));
        }
        let mut waiting = Vec::new();
        for row in self.database.rows(FIRST, &[i64::try_from(place).unwrap_or(i64::MAX).into()]).await? {
            waiting.push(Waits { owner: row.text("owner")?, most: small(row.whole("max_running")?) });
        }
        Ok(Forecast::new(lasts, slots, &running, &waiting).of_last())
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
}

//! Figures for pages and operators.

use std::time::Duration;

use super::Queue;
use super::position::{LAST_JOBS, median};
use super::statements::{CLASSES, OLDEST, SECONDS};
use crate::error::Result;

/// The most kinds and qualities that are counted: more than drawers times qualities.
const MOST_CLASSES: i64 = 100;

/// The waiting jobs of a kind and quality, which take about the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// The kind
    pub kind: String,
    /// The quality
    pub quality: String,
    /// The number of waiting jobs
    pub waiting: u64,
    /// How many of these jobs could start if there were enough workers: none while the queue is paused, and none beyond their
    /// owner's limit of running jobs
    pub able: u64,
    /// How long such a job usually takes; none if none is done yet
    pub usual: Option<Duration>,
}

impl Queue {
    /// The jobs that wait, by kind and quality.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn classes(&self) -> Result<Vec<Class>> {
        let mut classes = Vec::new();
        for row in self.database.rows(CLASSES, &[MOST_CLASSES.into()]).await? {
            let (kind, quality) = (row.text("kind")?, row.text("quality")?);
            let number = |name| row.whole(name).map(|number| u64::try_from(number).unwrap_or(0));
            let (waiting, able) = (number("waiting")?, number("able")?);
            let usual = self.usual_time(&kind, &quality).await?;
            classes.push(Class { kind, quality, waiting, able, usual });
        }
        Ok(classes)
    }

    /// How long a job of a kind and quality usually takes: the median of the last 20; none if none was done yet.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn usual_time(&self, kind: &str, quality: &str) -> Result<Option<Duration>> {
        let rows = self.database.rows(SECONDS, &[kind.into(), quality.into(), LAST_JOBS.into()]).await?;
        let seconds: Vec<f64> =
            rows.iter().map(|row| Ok(row.maybe_real("seconds")?.unwrap_or(0.0))).collect::<Result<_>>()?;
        Ok(median(seconds))
    }

    /// How long the oldest job that could be drawn has been waiting; none if there is no such job.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn longest_wait(&self) -> Result<Option<Duration>> {
        let rows = self.database.rows(OLDEST, &[]).await?;
        let age = rows.first().map(|row| row.maybe_whole("age")).transpose()?.flatten();
        Ok(age.map(|age| Duration::from_millis(u64::try_from(age).unwrap_or(0))))
    }
}

//! Figures for pages and operators.

use std::time::Duration;

use super::Queue;
use super::position::{LAST_JOBS, median};
use super::statements::{OLDEST, SECONDS};
use crate::error::Result;

impl Queue {
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

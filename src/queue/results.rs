//! Looking at results, and at the queue as a whole.

use std::time::Duration;

use super::position::median;
use super::statements::{ADD_FILE, LAST_SECONDS, OVERVIEW, RESULT_OF};
use super::{Artifact, JobId, Queue, milliseconds, small};
use crate::database::Row;
use crate::error::Result;
use crate::progress::Figures;

/// How many of the last jobs the usual time is found from.
const LAST_JOBS: i64 = 20;

/// The result of a job, as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The claim that made it
    pub claim: i64,
    /// The width in pixels
    pub width: u32,
    /// The height in pixels
    pub height: u32,
    /// The last loss, and how well the picture fits
    pub figures: Figures,
    /// The seed, in decimal digits
    pub seed: String,
    /// How long the work took
    pub seconds: f64,
    /// The recipe that draws the picture again, as JSON
    pub recipe: String,
}

/// The queue as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overview {
    /// Jobs that wait
    pub waiting: u64,
    /// Jobs that are drawn
    pub running: u64,
    /// Workers that are alive
    pub workers: u64,
    /// How many jobs the workers draw at once; those that take no more jobs do not count
    pub slots: u64,
    /// The median time of the last 20 pictures; none if there are none
    pub usual: Option<Duration>,
}

impl Queue {
    /// The result of a job; `None` if it has none.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn result(&self, job: &JobId) -> Result<Option<Recorded>> {
        let rows = self.database.rows(RESULT_OF, &[job.as_str().into()]).await?;
        rows.first().map(Recorded::read).transpose()
    }

    /// Adds a file to a job that is done, such as a small picture for lists. Returns whether there is such a job.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn add_file(&self, job: &JobId, file: &Artifact) -> Result<bool> {
        Ok(!self.database.rows(ADD_FILE, &file.values(job)).await?.is_empty())
    }

    /// The queue as a whole.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn overview(&self) -> Result<Overview> {
        let mut seconds = Vec::new();
        for row in self.database.rows(LAST_SECONDS, &[LAST_JOBS.into()]).await? {
            seconds.extend(row.maybe_real("seconds")?);
        }
        let usual = median(seconds);
        let rows = self.database.rows(OVERVIEW, &[milliseconds(self.rules.worker_alive).into()]).await?;
        let Some(row) = rows.first() else { return Ok(Overview { usual, ..Overview::default() }) };
        let count = |column: &str| row.whole(column).map(|count| u64::try_from(count).unwrap_or(0));
        Ok(Overview {
            waiting: count("waiting")?,
            running: count("running")?,
            workers: count("workers")?,
            slots: count("slots")?,
            usual,
        })
    }
}

impl Recorded {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            claim: row.whole("claim")?,
            width: small(row.whole("width")?),
            height: small(row.whole("height")?),
            figures: Figures {
                loss: row.maybe_real("loss")?,
                fit: row.maybe_real("fit")?,
                first_fit: row.maybe_real("first_fit")?,
            },
            seed: row.text("seed")?,
            seconds: row.maybe_real("seconds")?.unwrap_or(0.0),
            recipe: row.text("recipe")?,
        })
    }
}

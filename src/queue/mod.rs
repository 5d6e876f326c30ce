//! The queue of jobs: who draws what, when, and what becomes of it. It lives in a database, so that a server and its
//! workers can be killed at any time.
//!
//! - **A job ends once.** It is queued, running, and then done, dead or canceled. Only [`Queue::requeue`] brings a dead
//!   one back.
//! - **A claim is the right to work on a job.** Each has a number that is never used again. Every write of a worker
//!   names it, so a worker that was frozen and comes back changes nothing.
//! - **A lease ends a claim** whose worker no longer beats. [`Queue::reap`] takes the job back, and counts a failure.
//! - **Failures are bounded.** A job that fails too often, or kills its workers, is dead and waits for an operator.
//! - **A job goes to a worker that can draw it.** One that cannot passes it on to another kind of worker
//!   ([`Queue::pass`]); if there is none, the job is dead.
//! - **The database's clock decides**, so the clocks of the machines may differ.
//!
//! ```text
//! queued ──claim──► running ──finish──► done
//!   ▲  │              │ ├─ fail, or the lease is over ──► queued after a pause; dead after too many failures
//!   │  └─cancel──►    │ ├─ fail for good ──► dead ──requeue──► queued
//!   │     cancelled ◄─┘ (cancel: at the next beat)
//!   └──release (its worker shuts down)
//! ```
//!
//! An error of the kind [`Error::Network`](crate::Error::Network) may be gone at the next try. A call can be tried again:
//! a result, a failure or a job with a key is not recorded twice. If the answer to a claim is lost, its lease ends it.

mod attempts;
mod claims;
mod enqueue;
mod figures;
mod jobs;
mod operation;
mod position;
mod results;
mod statements;
mod store;
#[cfg(test)]
mod tests;
mod workers;

use std::time::Duration;

pub use attempts::{Ended, Failure, Reaped};
pub use claims::{Artifact, Beat, Claim, Picture, Progress};
pub use enqueue::{Enqueued, NewJob};
pub use figures::Class;
pub use jobs::{Attempt, Cancelling, Counts, Filter, Job, State};
pub use position::{Estimate, Position};
pub use results::{Overview, Recorded};
pub use store::Store;
pub use workers::{Worker, WorkerInfo};

use crate::database::{Database, Row, milliseconds};
pub use crate::database::{Hint, Id as JobId};
use crate::error::Result;

/// The tables of the queue, the oldest change first. A published text is never changed: a change is a new file.
const TABLES: &[&str] = &[
    include_str!("migrations/0001_jobs.sql"),
    include_str!("migrations/0002_tell.sql"),
    include_str!("migrations/0003_kept.sql"),
    include_str!("migrations/0004_fit.sql"),
    include_str!("migrations/0005_farm.sql"),
    include_str!("migrations/0006_store.sql"),
];

/// A queue. Clones share their connections.
#[derive(Clone)]
pub struct Queue {
    database: Database,
    rules: Rules,
    /// What another room does at the end of a job whose owner wants to be told
    at_the_end: Option<&'static str>,
}

/// How long things last. All processes of a queue should have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How long a claim lasts after the last beat
    pub lease: Duration,
    /// The pause after the first failure of a job
    pub first_pause: Duration,
    /// The pause after each further failure
    pub later_pause: Duration,
    /// How often workers may release a job before a release counts as a failure
    pub most_releases: u32,
    /// How long a worker counts as alive after it was last seen
    pub worker_alive: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(60),
            first_pause: Duration::from_secs(10),
            later_pause: Duration::from_secs(60),
            most_releases: 20,
            worker_alive: Duration::from_secs(60),
        }
    }
}

impl Queue {
    /// The queue in a database.
    #[must_use]
    pub fn new(database: Database, rules: Rules) -> Self {
        Self { database, rules, at_the_end: None }
    }

    /// Runs a statement of another room in each transaction that ends a job whose owner wants to be told
    /// ([`NewJob::tell`]): it is done or dead, and both are recorded or neither. The values of the statement are the job,
    /// its owner and its state; it may only fail if the database does. All processes of a queue should have the same.
    #[must_use]
    pub fn telling(self, statement: &'static str) -> Self {
        Self { at_the_end: Some(statement), ..self }
    }

    /// Makes the tables that are missing, or changes those of an older version.
    ///
    /// # Errors
    ///
    /// If the database belongs to a newer version, or cannot be reached.
    pub async fn migrate(&self) -> Result<()> {
        self.database.migrate("queue", TABLES).await
    }

    /// Whether other processes send hints ([`Queue::listen`]), so that an occasional check is enough.
    #[must_use]
    pub fn has_hints(&self) -> bool {
        self.database.has_hints()
    }

    /// Passes on hints about changes until the task is ended; without hints, it returns at once. Hints come from all processes,
    /// including this one, and can be lost: the rows are the truth.
    pub async fn listen(&self, heard: impl Fn(Hint) + Send + Sync) {
        self.database.listen(heard).await;
    }

    /// The rules that this queue keeps.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Closes the connections of this queue and its clones.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

/// The jobs that rows name.
fn ids(rows: &[Row]) -> Result<Vec<JobId>> {
    rows.iter().map(|row| Ok(JobId::stored(row.text("id")?))).collect()
}

/// A number that the database has, which is never negative nor large.
fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(if number < 0 { 0 } else { u32::MAX })
}

//! Who works: workers say that they are alive, and operators let them end.

use super::statements::{ANNOUNCE, DRAIN, FORGET_WORKERS, LEAVE, WORKERS};
use super::{Queue, milliseconds, small};
use crate::database::{Row, Value};
use crate::error::Result;

/// The most workers that a list has.
const LONGEST_LIST: i64 = 1000;

/// A worker, as it introduces itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkerInfo {
    /// Its name, which no other worker ever has
    pub id: String,
    /// The name of its machine
    pub host: String,
    /// The number of its process
    pub pid: u32,
    /// The version of its program
    pub version: String,
    /// The device that it draws on
    pub device: String,
    /// How many jobs it runs at once
    pub slots: u32,
    /// The instruction set that the processor computes with
    pub instructions: String,
    /// The published models that the worker has, by name
    pub models: Vec<String>,
    /// The memory of each slot, in bytes
    pub memory: u64,
    /// What decides which jobs the worker can draw, as a text: workers with the same text can draw the same jobs
    pub abilities: String,
}

/// A worker, as the queue knows it. Times are milliseconds since 1970 by the clock of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// What it said about itself
    pub info: WorkerInfo,
    /// When it was first seen
    pub started: i64,
    /// When it was last seen
    pub seen: i64,
    /// Whether it takes no more jobs
    pub draining: bool,
    /// Whether it was seen so recently that it counts
    pub alive: bool,
    /// How many jobs it runs
    pub running: u32,
}

impl Queue {
    /// Says that a worker is alive. Returns whether it may take more jobs.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn announce(&self, worker: &WorkerInfo) -> Result<bool> {
        let values: [Value; 10] = [
            worker.id.as_str().into(),
            worker.host.as_str().into(),
            i64::from(worker.pid).into(),
            worker.version.as_str().into(),
            worker.device.as_str().into(),
            i64::from(worker.slots).into(),
            worker.instructions.as_str().into(),
            worker.models.join(" ").as_str().into(),
            i64::try_from(worker.memory).unwrap_or(i64::MAX).into(),
            worker.abilities.as_str().into(),
        ];
        let rows = self.database.rows(ANNOUNCE, &values).await?;
        let draining = rows.first().map_or(Ok(0), |row| row.whole("draining"))? == 1;
        Ok(!draining)
    }

    /// Forgets a worker that ends.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn leave(&self, id: &str) -> Result<()> {
        self.database.rows(FORGET_WORKERS, &[]).await?;
        self.database.rows(LEAVE, &[id.into()]).await.map(drop)
    }

    /// Lets a worker take no more jobs, or again. Returns whether there is such a worker.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn drain(&self, id: &str, draining: bool) -> Result<bool> {
        Ok(!self.database.rows(DRAIN, &[id.into(), i64::from(draining).into()]).await?.is_empty())
    }

    /// The workers, those that were seen last first; at most 1000.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn workers(&self) -> Result<Vec<Worker>> {
        let alive = milliseconds(self.rules.worker_alive);
        self.database.rows(WORKERS, &[LONGEST_LIST.into(), alive.into()]).await?.iter().map(Worker::read).collect()
    }
}

impl Worker {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            info: WorkerInfo {
                id: row.text("id")?,
                host: row.text("host")?,
                pid: small(row.whole("pid")?),
                version: row.text("version")?,
                device: row.text("device")?,
                slots: small(row.whole("slots")?),
                instructions: row.text("instructions")?,
                models: row.text("models")?.split_whitespace().map(str::to_owned).collect(),
                memory: u64::try_from(row.whole("memory")?).unwrap_or(0),
                abilities: row.text("abilities")?,
            },
            started: row.whole("started")?,
            seen: row.whole("seen")?,
            draining: row.whole("draining")? == 1,
            alive: row.whole("alive")? == 1,
            running: small(row.whole("running")?),
        })
    }
}

//! Adding jobs.

use super::statements::{ENQUEUE, SAME_KEY};
use super::{JobId, Queue};
use crate::database::Value;
use crate::error::{Error, Result};

/// One turn of an owner of weight 1. An owner of weight 2 takes half of it for a job, and so has two jobs a turn.
pub(super) const TURN: i64 = 1000;
const HIGHEST_WEIGHT: u32 = 100;
const MOST_FAILURES: u32 = 100;
const HIGHEST_PRIORITY: i32 = 1000;
const MOST_RUNNING: u32 = 1000;

/// A job to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Who asked for it: the name of a user, at most 200 bytes
    pub owner: String,
    /// The owner's own name for the request: asking again with it gives the same job. At most 200 bytes
    pub key: Option<String>,
    /// The complete settings, as JSON: at most 65,536 bytes
    pub settings: String,
    /// The sentence, for lists: at most 8,000 bytes
    pub prompt: String,
    /// What is made, such as `picture` or `pixel`: at most 50 bytes
    pub kind: String,
    /// The quality: jobs of one kind and quality take about the same time. At most 50 bytes
    pub quality: String,
    /// Jobs of a higher priority come first: -1000 to 1000, normally 0
    pub priority: i32,
    /// How many jobs the owner gets for one of an owner of weight 1: 1 to 100
    pub weight: u32,
    /// After how many failures the job is dead: 1 to 100, normally 3
    pub max_failures: u32,
    /// How many jobs of the owner may wait, this one included
    pub max_waiting: u32,
    /// How many jobs of the owner may run at once: 1 to 1000
    pub max_running: u32,
    /// Whether the owner wants to be told of the end, as by [`Queue::telling`]
    pub tell: bool,
}

/// What became of a request for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enqueued {
    /// The job was added.
    New(JobId),
    /// The owner asked for the same job with the same key before: this is it.
    Same(JobId),
    /// The owner used the key for a job with other settings.
    OtherSettings(JobId),
    /// So many jobs of the owner wait that no other may.
    Full {
        /// How many may wait
        max_waiting: u32,
    },
}

impl Queue {
    /// Adds a job, or finds the one that was added with the same key.
    ///
    /// # Errors
    ///
    /// If a field is out of its range, or the database cannot be reached.
    pub async fn enqueue(&self, job: &NewJob) -> Result<Enqueued> {
        job.check()?;
        let mut transaction = self.database.begin().await?;
        // Two requests of an owner at the same moment would otherwise get the same turn, or one place too many.
        transaction.hold(&format!("text2art owner {}", job.owner)).await?;
        if let Some(key) = &job.key {
            let same = transaction.rows(SAME_KEY, &[job.owner.as_str().into(), key.as_str().into()]).await?;
            if let Some(row) = same.first() {
                let id = JobId::stored(row.text("id")?);
                let equal = row.text("settings")? == job.settings;
                return Ok(if equal { Enqueued::Same(id) } else { Enqueued::OtherSettings(id) });
            }
        }
        let id = JobId::random()?;
        let values: [Value; 13] = [
            id.as_str().into(),
            job.owner.as_str().into(),
            job.key.as_deref().into(),
            job.settings.as_str().into(),
            job.prompt.as_str().into(),
            job.kind.as_str().into(),
            job.quality.as_str().into(),
            i64::from(job.priority).into(),
            i64::from(job.max_failures).into(),
            (TURN / i64::from(job.weight)).into(),
            i64::from(job.max_waiting).into(),
            i64::from(job.max_running).into(),
            i64::from(job.tell).into(),
        ];
        if transaction.rows(ENQUEUE, &values).await?.is_empty() {
            return Ok(Enqueued::Full { max_waiting: job.max_waiting });
        }
        transaction.commit().await?;
        Ok(Enqueued::New(id))
    }
}

impl NewJob {
    /// A job with the usual priority and limits.
    #[must_use]
    pub fn new(owner: &str, settings: &str, prompt: &str, kind: &str, quality: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            key: None,
            settings: settings.to_owned(),
            prompt: prompt.to_owned(),
            kind: kind.to_owned(),
            quality: quality.to_owned(),
            priority: 0,
            weight: 1,
            max_failures: 3,
            max_waiting: 20,
            max_running: MOST_RUNNING,
            tell: false,
        }
    }

    fn check(&self) -> Result<()> {
        let texts = [
            ("name of the owner", self.owner.as_str(), 1..=200),
            ("key", self.key.as_deref().unwrap_or("-"), 1..=200),
            ("settings", self.settings.as_str(), 1..=65_536),
            ("prompt", self.prompt.as_str(), 0..=8000),
            ("kind", self.kind.as_str(), 1..=50),
            ("quality", self.quality.as_str(), 1..=50),
        ];
        for (name, text, lengths) in texts {
            if !lengths.contains(&text.len()) {
                return Err(Error::usage(
                    format!("the {name} of a job has {} bytes", text.len()),
                    format!("give it {} to {} bytes", lengths.start(), lengths.end()),
                ));
            }
            // PostgreSQL cannot store it.
            if text.contains('\0') {
                return Err(Error::usage(format!("the {name} of a job contains a zero byte"), "remove the zero byte"));
            }
        }
        let priority = self.priority.unsigned_abs();
        let numbers = [
            ("weight", self.weight, 1, HIGHEST_WEIGHT),
            ("limit of failures", self.max_failures, 1, MOST_FAILURES),
            ("limit of running jobs", self.max_running, 1, MOST_RUNNING),
            ("priority, without its sign,", priority, 0, HIGHEST_PRIORITY.unsigned_abs()),
        ];
        for (name, number, lowest, highest) in numbers {
            if !(lowest..=highest).contains(&number) {
                return Err(Error::usage(
                    format!("the {name} of a job is {number}"),
                    format!("choose a number from {lowest} to {highest}"),
                ));
            }
        }
        Ok(())
    }
}

//! Looking at jobs, canceling them and bringing dead ones back.

use super::statements::{
    ARTIFACTS, ATTEMPTS, CANCEL, CANCEL_ALL, CANCEL_WAITING, COUNTS, DELETE, FORGET_PASSES, LIST, LOOK, REQUEUE,
};
use super::{Artifact, JobId, Queue, ids, small};
use crate::database::Row;
use crate::error::{Error, Result};

/// The most jobs that one list has.
const LONGEST_LIST: u32 = 100;
/// The most attempts of a job that are shown.
const MOST_ATTEMPTS: u32 = 100;

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It waits.
    Queued,
    /// A worker has it.
    Running,
    /// It has a result.
    Done,
    /// It failed too often, or for good.
    Dead,
    /// It was canceled.
    Cancelled,
}

/// A job. Times are milliseconds since 1970 by the clock of the database.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its name
    pub id: JobId,
    /// Its number in the order of creation
    pub number: i64,
    /// Who asked for it
    pub owner: String,
    /// The settings, as JSON
    pub settings: String,
    /// The sentence
    pub prompt: String,
    /// What is made
    pub kind: String,
    /// The quality
    pub quality: String,
    /// Its state
    pub state: State,
    /// Its priority
    pub priority: i64,
    /// The number of its last claim; 0 before the first
    pub claim: i64,
    /// How often it failed
    pub failures: u32,
    /// After how many failures it is dead
    pub max_failures: u32,
    /// Whether someone canceled it
    pub cancel: bool,
    /// The iterations that are done
    pub iteration: Option<u32>,
    /// All iterations
    pub iterations: Option<u32>,
    /// The loss
    pub loss: Option<f64>,
    /// How well the picture fits its prompts lately
    pub fit: Option<f64>,
    /// The object that shows the picture so far
    pub preview: Option<String>,
    /// When it was added
    pub created: i64,
    /// When it was claimed first
    pub started: Option<i64>,
    /// When it ended
    pub finished: Option<i64>,
    /// What went wrong last
    pub error: Option<String>,
    /// What its owner can do about the error
    pub hint: Option<String>,
    /// Whether the owner wants to be told of the end
    pub tell: bool,
    /// Grows with each change
    pub version: i64,
}

/// Which jobs a list has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those of this owner
    pub owner: Option<String>,
    /// Only those in this state
    pub state: Option<State>,
    /// Only those with a lower [`Job::number`], to continue a list
    pub before: Option<i64>,
    /// At most so many: 1 to 100
    pub limit: u32,
}

/// One claim of a job, for operators. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The number of the claim
    pub claim: i64,
    /// The worker
    pub worker: String,
    /// When it began
    pub started: i64,
    /// When it ended
    pub ended: Option<i64>,
    /// `done`, `failed`, `lost`, `released` or `cancelled`
    pub outcome: Option<String>,
    /// The exit code of the process that drew
    pub exit_code: Option<i64>,
    /// What went wrong, and the last lines that the process wrote
    pub error: Option<String>,
    /// The iteration whose checkpoint it continued from
    pub resumed: Option<u32>,
    /// Why it started over although an earlier claim had left a checkpoint
    pub note: Option<String>,
}

/// How many jobs are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting jobs
    pub queued: u64,
    /// Running jobs
    pub running: u64,
    /// Jobs with a result
    pub done: u64,
    /// Dead jobs
    pub dead: u64,
    /// Canceled jobs
    pub cancelled: u64,
}

impl Counts {
    /// All jobs.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.queued + self.running + self.done + self.dead + self.cancelled
    }
}

/// What became of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelling {
    /// The job waited, and is canceled.
    Done,
    /// The job runs: its worker stops it at the next beat.
    Asked,
    /// The job had ended before, in this state.
    TooLate(State),
    /// There is no such job, or it belongs to someone else.
    Unknown,
}

impl State {
    /// The state as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a word; `None` if it is not a state.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Queued, Self::Running, Self::Done, Self::Dead, Self::Cancelled];
        all.into_iter().find(|state| state.as_str() == word)
    }

    pub(super) fn read(word: &str) -> Result<Self> {
        Self::parse(word).ok_or_else(|| Error::fault(format!("the database has a job in the state `{word}`")))
    }
}

impl Queue {
    /// Looks up a job. If an owner is given, only a job of that owner is found.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn job(&self, id: &JobId, owner: Option<&str>) -> Result<Option<Job>> {
        let rows = self.database.rows(LOOK, &[id.as_str().into(), owner.into()]).await?;
        rows.first().map(Job::read).transpose()
    }

    /// The newest jobs that pass a filter, the newest first.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn jobs(&self, filter: &Filter) -> Result<Vec<Job>> {
        let values = [
            filter.owner.as_deref().into(),
            filter.state.map(State::as_str).into(),
            filter.before.unwrap_or(i64::MAX).into(),
            i64::from(filter.limit.clamp(1, LONGEST_LIST)).into(),
        ];
        self.database.rows(LIST, &values).await?.iter().map(Job::read).collect()
    }

    /// The last 100 claims of a job, the newest first.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn attempts(&self, id: &JobId) -> Result<Vec<Attempt>> {
        self.last_attempts(id, MOST_ATTEMPTS).await
    }

    /// The last claims of a job, the newest first: at most `limit` of 100.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn last_attempts(&self, id: &JobId, limit: u32) -> Result<Vec<Attempt>> {
        let limit = i64::from(limit.min(MOST_ATTEMPTS));
        let rows = self.database.rows(ATTEMPTS, &[id.as_str().into(), limit.into()]).await?;
        rows.iter().map(Attempt::read).collect()
    }

    /// How many jobs are in each state.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn counts(&self) -> Result<Counts> {
        let mut counts = Counts::default();
        for row in self.database.rows(COUNTS, &[]).await? {
            let count = match State::read(&row.text("state")?)? {
                State::Queued => &mut counts.queued,
                State::Running => &mut counts.running,
                State::Done => &mut counts.done,
                State::Dead => &mut counts.dead,
                State::Cancelled => &mut counts.cancelled,
            };
            *count = u64::try_from(row.whole("jobs")?).unwrap_or(0);
        }
        Ok(counts)
    }

    /// Cancels a job. If an owner is given, only a job of that owner is canceled.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn cancel(&self, id: &JobId, owner: Option<&str>) -> Result<Cancelling> {
        let rows = self.database.rows(CANCEL, &[id.as_str().into(), owner.into()]).await?;
        if let Some(row) = rows.first() {
            let waited = State::read(&row.text("state")?)? == State::Cancelled;
            return Ok(if waited { Cancelling::Done } else { Cancelling::Asked });
        }
        Ok(self.job(id, owner).await?.map_or(Cancelling::Unknown, |job| Cancelling::TooLate(job.state)))
    }

    /// Cancels all jobs of an owner that have not ended, and returns them. The workers stop those that run.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn cancel_all(&self, owner: &str) -> Result<Vec<JobId>> {
        let rows = self.database.rows(CANCEL_ALL, &[owner.into()]).await?;
        ids(&rows)
    }

    /// Cancels all waiting jobs of an owner, and returns them. Those that run go on.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn cancel_waiting(&self, owner: &str) -> Result<Vec<JobId>> {
        let rows = self.database.rows(CANCEL_WAITING, &[owner.into()]).await?;
        ids(&rows)
    }

    /// Puts a dead job back into the queue, at its old place, with all its tries. Returns whether it was dead.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn requeue(&self, id: &JobId) -> Result<bool> {
        let mut transaction = self.database.begin().await?;
        if transaction.rows(REQUEUE, &[id.as_str().into()]).await?.is_empty() {
            return Ok(false);
        }
        // A worker may have downloaded a model in the meantime.
        transaction.rows(FORGET_PASSES, &[id.as_str().into()]).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Deletes a job that has ended. Returns its files, which are still in the store; `None` if there is no such job,
    /// it has not ended, or it belongs to someone else than the given owner.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn delete(&self, id: &JobId, owner: Option<&str>) -> Result<Option<Vec<Artifact>>> {
        let mut transaction = self.database.begin().await?;
        let rows = transaction.rows(ARTIFACTS, &[id.as_str().into()]).await?;
        let artifacts = rows.iter().map(Artifact::read).collect::<Result<_>>()?;
        if transaction.rows(DELETE, &[id.as_str().into(), owner.into()]).await?.is_empty() {
            return Ok(None);
        }
        transaction.commit().await?;
        Ok(Some(artifacts))
    }
}

impl Job {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: JobId::stored(row.text("id")?),
            number: row.whole("seq")?,
            owner: row.text("owner")?,
            settings: row.text("settings")?,
            prompt: row.text("prompt")?,
            kind: row.text("kind")?,
            quality: row.text("quality")?,
            state: State::read(&row.text("state")?)?,
            priority: row.whole("priority")?,
            claim: row.whole("claim")?,
            failures: small(row.whole("failures")?),
            max_failures: small(row.whole("max_failures")?),
            cancel: row.whole("cancel")? == 1,
            iteration: row.maybe_whole("iteration")?.map(small),
            iterations: row.maybe_whole("iterations")?.map(small),
            loss: row.maybe_real("loss")?,
            fit: row.maybe_real("fit")?,
            preview: row.maybe_text("preview")?,
            created: row.whole("created")?,
            started: row.maybe_whole("started")?,
            finished: row.maybe_whole("finished")?,
            error: row.maybe_text("error")?,
            hint: row.maybe_text("hint")?,
            tell: row.whole("tell")? == 1,
            version: row.whole("version")?,
        })
    }
}

impl Attempt {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            claim: row.whole("claim")?,
            worker: row.text("worker")?,
            started: row.whole("started")?,
            ended: row.maybe_whole("ended")?,
            outcome: row.maybe_text("outcome")?,
            exit_code: row.maybe_whole("exit_code")?,
            error: row.maybe_text("error")?,
            resumed: row.maybe_whole("resumed")?.map(small),
            note: row.maybe_text("note")?,
        })
    }
}

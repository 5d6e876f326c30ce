//! The other ends of a claim: failures, releases, cancellations and lost leases.

use super::jobs::State;
use super::statements::{
    ANY_LOST, ATTEMPT, BEGUN, END_ATTEMPT, FAIL, FORGET_KEPT, FORGET_WORKERS, PASS, REAP, RELEASE, REMEMBER_PASS,
    STOPPED,
};
use super::{Claim, JobId, Queue, milliseconds};
use crate::database::{Row, Transaction, Value};
use crate::error::Result;

/// The most bytes of an error or a hint that are kept.
const LONGEST_TEXT: usize = 20_000;

/// Why a job failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong
    pub error: String,
    /// What its owner can do about it
    pub hint: Option<String>,
    /// The exit code of the process that drew
    pub exit_code: Option<i32>,
    /// Whether another try would fail as well, as with a wrong setting
    pub for_good: bool,
    /// The last lines that the process wrote, for operators
    pub tail: Option<String>,
}

/// What became of a job when its claim ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The end was recorded, now or at an earlier try of the same call, and the job is in this state.
    Now(State),
    /// The claim was no longer valid: nothing was recorded.
    Fenced,
}

/// A job whose lease was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaped {
    /// The job
    pub job: JobId,
    /// The number of the claim that was lost
    pub claim: i64,
    /// Queued, dead or cancelled
    pub state: State,
}

/// How an attempt ended, as the table has it.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    Done,
    Failed,
    Lost,
    Released,
    Cancelled,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Released => "released",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Queue {
    /// Records how a claim begins: the iteration whose checkpoint it continues from, or why it starts over although there
    /// is a checkpoint. Nothing happens if the claim is over.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn begun(&self, claim: &Claim, resumed: Option<u32>, note: Option<&str>) -> Result<()> {
        let note = note.map(storable);
        let values: [Value; 4] =
            [claim.job.as_str().into(), claim.number.into(), resumed.map(i64::from).into(), note.as_deref().into()];
        self.database.rows(BEGUN, &values).await.map(drop)
    }

    /// Ends a claim with a failure: the job waits for another try, or is dead.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn fail(&self, claim: &Claim, failure: &Failure) -> Result<Ended> {
        let error = storable(&failure.error);
        let hint = failure.hint.as_deref().map(storable);
        let values: [Value; 7] = [
            claim.job.as_str().into(),
            claim.number.into(),
            i64::from(failure.for_good).into(),
            milliseconds(self.rules.first_pause).into(),
            milliseconds(self.rules.later_pause).into(),
            error.as_str().into(),
            hint.as_deref().into(),
        ];
        let exit_code = failure.exit_code.map(i64::from);
        let tail = failure.tail.as_deref().filter(|tail| !tail.is_empty());
        let whole = tail.map_or_else(|| error.clone(), |tail| storable(&format!("{error}\n{tail}")));
        self.end(claim, FAIL, &values, Outcome::Failed, exit_code, Some(&whole)).await
    }

    /// Gives a job back for another kind of worker, because workers with these abilities cannot draw it. This is not a failure.
    /// Returns nothing, and changes nothing, if no other kind of worker can try the job, or the claim is over.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn pass(&self, claim: &Claim, failure: &Failure, abilities: &str) -> Result<Option<Ended>> {
        let mut transaction = self.database.begin().await?;
        let named: [Value; 2] = [claim.job.as_str().into(), claim.number.into()];
        transaction.rows(REMEMBER_PASS, &[named[0].clone(), named[1].clone(), abilities.into()]).await?;
        let error = storable(&failure.error);
        let hint = failure.hint.as_deref().map(storable);
        let [job, number] = named;
        let alive = milliseconds(self.rules.worker_alive).into();
        let values = [job, number, error.as_str().into(), hint.as_deref().into(), alive];
        let rows = transaction.rows(PASS, &values).await?;
        let Some(row) = rows.first() else {
            drop(transaction);
            // An earlier attempt at this call may have passed the job on.
            return match self.how_it_ended(claim, Outcome::Released).await? {
                Ended::Fenced => Ok(None),
                ended @ Ended::Now(_) => Ok(Some(ended)),
            };
        };
        let state = State::read(&row.text("state")?)?;
        let whole = format!("this worker cannot draw the job: {error}");
        let exit_code = failure.exit_code.map(i64::from);
        Self::end_attempt(&mut transaction, claim, Outcome::Released, exit_code, Some(&whole)).await?;
        transaction.commit().await?;
        Ok(Some(Ended::Now(state)))
    }

    /// Gives a job back, because its worker shuts down. This is no failure, unless it happens too often.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn release(&self, claim: &Claim) -> Result<Ended> {
        let values: [Value; 5] = [
            claim.job.as_str().into(),
            claim.number.into(),
            i64::from(self.rules.most_releases).into(),
            milliseconds(self.rules.first_pause).into(),
            milliseconds(self.rules.later_pause).into(),
        ];
        self.end(claim, RELEASE, &values, Outcome::Released, None, None).await
    }

    /// Ends the claim of a job that was canceled, after the work was stopped, and forgets what it kept. Nothing happens if it was not canceled.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn stopped(&self, claim: &Claim) -> Result<Ended> {
        let values = [claim.job.as_str().into(), claim.number.into()];
        self.end(claim, STOPPED, &values, Outcome::Cancelled, None, None).await
    }

    /// Takes jobs from workers whose leases are over, at most 20 at a time. Every server and worker should do so about
    /// each ten seconds.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn reap(&self) -> Result<Vec<Reaped>> {
        if self.database.rows(ANY_LOST, &[]).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.database.begin().await?;
        let pauses = [milliseconds(self.rules.first_pause).into(), milliseconds(self.rules.later_pause).into()];
        let rows = transaction.rows(REAP, &pauses).await?;
        let reaped: Vec<Reaped> = rows.iter().map(Reaped::read).collect::<Result<_>>()?;
        for lost in &reaped {
            let values: [Value; 5] = [
                lost.job.as_str().into(),
                lost.claim.into(),
                Outcome::Lost.as_str().into(),
                Value::Whole(None),
                Value::Text(None),
            ];
            transaction.rows(END_ATTEMPT, &values).await?;
        }
        for row in &rows {
            self.tell(&mut transaction, row).await?;
        }
        // Workers that were killed do not say that they leave.
        transaction.rows(FORGET_WORKERS, &[]).await?;
        transaction.commit().await?;
        Ok(reaped)
    }

    async fn end(
        &self,
        claim: &Claim,
        statement: &str,
        values: &[Value],
        outcome: Outcome,
        exit_code: Option<i64>,
        error: Option<&str>,
    ) -> Result<Ended> {
        let mut transaction = self.database.begin().await?;
        let rows = transaction.rows(statement, values).await?;
        let Some(row) = rows.first() else {
            drop(transaction);
            return self.how_it_ended(claim, outcome).await;
        };
        let state = State::read(&row.text("state")?)?;
        if matches!(outcome, Outcome::Cancelled) {
            transaction.rows(FORGET_KEPT, &[claim.job.as_str().into()]).await?;
        }
        Self::end_attempt(&mut transaction, claim, outcome, exit_code, error).await?;
        self.tell(&mut transaction, row).await?;
        transaction.commit().await?;
        Ok(Ended::Now(state))
    }

    /// Whether a claim that is over ended in this way: then the same call was made before.
    pub(super) async fn how_it_ended(&self, claim: &Claim, outcome: Outcome) -> Result<Ended> {
        let rows = self.database.rows(ATTEMPT, &[claim.job.as_str().into(), claim.number.into()]).await?;
        match rows.first() {
            Some(row) if row.maybe_text("outcome")?.as_deref() == Some(outcome.as_str()) => {
                Ok(Ended::Now(State::read(&row.text("state")?)?))
            }
            _ => Ok(Ended::Fenced),
        }
    }

    /// Runs the statement of another room if a job is done or dead now, and its owner wants to be told.
    pub(super) async fn tell(&self, transaction: &mut Transaction<'_>, job: &Row) -> Result<()> {
        let state = State::read(&job.text("state")?)?;
        let Some(statement) = self.at_the_end else { return Ok(()) };
        if job.whole("tell")? == 1 && matches!(state, State::Done | State::Dead) {
            let values = [job.text("id")?.as_str().into(), job.text("owner")?.as_str().into(), state.as_str().into()];
            transaction.rows(statement, &values).await?;
        }
        Ok(())
    }

    pub(super) async fn end_attempt(
        transaction: &mut Transaction<'_>,
        claim: &Claim,
        outcome: Outcome,
        exit_code: Option<i64>,
        error: Option<&str>,
    ) -> Result<()> {
        let values: [Value; 5] =
            [claim.job.as_str().into(), claim.number.into(), outcome.as_str().into(), exit_code.into(), error.into()];
        transaction.rows(END_ATTEMPT, &values).await.map(drop)
    }
}

impl Reaped {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            job: JobId::stored(row.text("id")?),
            claim: row.whole("claim")?,
            state: State::read(&row.text("state")?)?,
        })
    }
}

/// The end of a text, which says most, without zero bytes, which `PostgreSQL` cannot store.
fn storable(text: &str) -> String {
    let from = text.ceil_char_boundary(text.len().saturating_sub(LONGEST_TEXT));
    text[from..].replace('\0', "")
}

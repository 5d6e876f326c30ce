//! What a worker tells whoever runs it. Nothing here contains a sentence of a user.

use std::fmt;

use crate::queue::{JobId, State};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum WorkerEvent {
    /// The worker takes jobs.
    Ready {
        /// Its name
        worker: String,
        /// How many jobs it runs at once
        slots: usize,
    },
    /// It took a job.
    Claimed {
        /// The job
        job: JobId,
        /// The number of the claim
        claim: i64,
    },
    /// A job goes on from a checkpoint.
    Resumed {
        /// The job
        job: JobId,
        /// The iterations that are done
        iteration: u32,
    },
    /// A job starts over although there is a checkpoint.
    StartedOver {
        /// The job
        job: JobId,
        /// Why
        why: String,
    },
    /// A job is done.
    Done {
        /// The job
        job: JobId,
        /// The kind of the job
        kind: String,
        /// Its quality
        quality: String,
        /// How long it took
        seconds: f64,
    },
    /// A job failed.
    Failed {
        /// The job
        job: JobId,
        /// What went wrong
        error: String,
        /// What is now: queued or dead, or cancelled
        state: State,
        /// Its quality
        quality: String,
        /// How long the work on this claim took
        seconds: f64,
    },
    /// A job was given back, because the worker ends.
    Released {
        /// The job
        job: JobId,
        /// Its quality
        quality: String,
        /// How long the work on this claim took
        seconds: f64,
    },
    /// A job was canceled while it was drawn.
    Cancelled {
        /// The job
        job: JobId,
        /// Its quality
        quality: String,
        /// How long the work on this claim took
        seconds: f64,
    },
    /// A claim was over before its work was: the job belongs to another worker now, or has ended.
    Fenced {
        /// The job
        job: JobId,
        /// The number of the claim
        claim: i64,
    },
    /// A job was taken from a worker that died.
    Reaped {
        /// The job
        job: JobId,
        /// The number of the claim
        claim: i64,
        /// Queued, dead or cancelled
        state: State,
    },
    /// Something does not work, and is tried again.
    Trouble {
        /// What is wrong, and what to do
        what: String,
    },
}

impl fmt::Display for WorkerEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready { worker, slots } => {
                let jobs = if *slots == 1 { "one job at a time".to_owned() } else { format!("up to {slots} jobs") };
                write!(formatter, "worker {worker} is ready for {jobs}")
            }
            Self::Claimed { job, claim } => write!(formatter, "job {job}: begins (claim {claim})"),
            Self::Resumed { job, iteration } => write!(formatter, "job {job}: continues after {iteration} iterations"),
            Self::StartedOver { job, why } => write!(formatter, "job {job}: starts over: {why}"),
            Self::Done { job, seconds, .. } => write!(formatter, "job {job}: done in {seconds:.1} s"),
            Self::Failed { job, error, state, .. } => {
                let then = match state {
                    State::Queued => "; it is tried again",
                    State::Dead => "; it is not tried again",
                    _ => "",
                };
                write!(formatter, "job {job}: failed: {error}{then}")
            }
            Self::Released { job, .. } => write!(formatter, "job {job}: given back"),
            Self::Cancelled { job, .. } => write!(formatter, "job {job}: canceled"),
            Self::Fenced { job, claim } => write!(formatter, "job {job}: claim {claim} is over, its work is dropped"),
            Self::Reaped { job, claim, state } => {
                write!(formatter, "job {job}: the worker of claim {claim} was lost; the job is {}", state.as_str())
            }
            Self::Trouble { what } => formatter.write_str(what),
        }
    }
}

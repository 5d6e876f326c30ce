//! What a worker tells whoever runs it. Nothing here contains a sentence of a user.

use std::fmt;
use std::time::Duration;

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
    /// A process that draws was started.
    ProcessStarted {
        /// The number of its slot
        slot: usize,
        /// Its own number; none if it has ended
        process: Option<u32>,
        /// Why the last process of the slot draws no more; none if there was none
        after: Option<Parting>,
    },
    /// A process that had no job for a while is ended.
    ProcessIdle {
        /// The number of its slot
        slot: usize,
        /// Its own number; none if it has ended
        process: Option<u32>,
        /// How long it had no job, at least
        limit: Duration,
    },
    /// Something does not work, and is tried again.
    Trouble {
        /// What is wrong, and what to do
        what: String,
    },
}

/// Why a process draws no more jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parting {
    /// It was to draw one job only.
    Alone,
    /// It drew as many jobs as a process may.
    Full,
    /// It had other models than the next job needs.
    Unsuitable,
    /// Its last job failed.
    Failed,
    /// Its last job was stopped.
    Stopped,
    /// It ended, or was killed.
    Died,
    /// It had no job for a while.
    Idle,
}

impl Parting {
    /// A word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Full => "full",
            Self::Unsuitable => "unsuitable",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Died => "died",
            Self::Idle => "idle",
        }
    }

    /// What became of the process, as a part of a sentence about it.
    fn in_words(self) -> &'static str {
        match self {
            Self::Alone => "was for one job only",
            Self::Full => "had drawn its maximum number of jobs",
            Self::Unsuitable => "did not suit the next job",
            Self::Failed => "had a job that failed",
            Self::Stopped => "had a job that was stopped",
            Self::Died => "died",
            Self::Idle => "was idle for too long",
        }
    }
}

/// A process in a sentence.
fn named(process: Option<u32>) -> String {
    process.map_or_else(|| "a process".to_owned(), |number| format!("process {number}"))
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
            Self::ProcessStarted { slot, process, after: None } => {
                write!(formatter, "slot {slot}: {} started", named(*process))
            }
            Self::ProcessStarted { slot, process, after: Some(parting) } => {
                write!(formatter, "slot {slot}: {} started; the last one {}", named(*process), parting.in_words())
            }
            Self::ProcessIdle { slot, process, limit } => {
                let seconds = limit.as_secs_f64();
                write!(formatter, "slot {slot}: {} ended after {seconds:.0} s without a job", named(*process))
            }
            Self::Trouble { what } => formatter.write_str(what),
        }
    }
}

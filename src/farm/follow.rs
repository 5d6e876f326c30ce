//! Following many jobs at once: each waiting thread updates all jobs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, Instant};

use super::{States, lock};
use crate::batch::Sample;
use crate::client::{Job, Query, Server, State};
use crate::database::Id;
use crate::progress::{Event, Stop};
use crate::{Error, Result};

/// Time between checks of what is known.
const LOOK: Duration = Duration::from_millis(100);
/// The shortest and the longest time between two requests to the server.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));
/// The most jobs in a state that are listed. Further jobs are requested one by one.
const MOST_LISTED: usize = 300;

/// Asks for the states of jobs.
type Ask<'a> = &'a dyn Fn(&[Id]) -> Result<States>;

/// What was last seen of a job.
#[derive(Clone)]
pub(super) enum Seen {
    /// The job as it was
    Job(Arc<Job>),
    /// The job no longer exists
    Gone,
}

impl Seen {
    fn is_final(&self) -> bool {
        match self {
            Self::Job(job) => job.is_final(),
            Self::Gone => true,
        }
    }

    /// Whether the job is no longer waiting.
    fn has_left_queue(&self) -> bool {
        !matches!(self, Self::Job(job) if job.state == State::Queued)
    }
}

/// The jobs that somebody waits for.
#[derive(Default)]
pub(super) struct Watched {
    seen: Mutex<States>,
    next: Mutex<Next>,
}

/// When the server is asked again.
struct Next {
    at: Instant,
    interval: Duration,
}

impl Default for Next {
    fn default() -> Self {
        Self { at: Instant::now(), interval: INTERVAL.0 }
    }
}

/// The states of these jobs. Waiting and running jobs are in lists, so few jobs need a request of their own.
///
/// # Errors
/// If the server cannot be reached.
pub(super) fn states(server: &Server, open: &[Id]) -> Result<States> {
    let mut states = HashMap::new();
    // A job that starts between the two requests is in the second list.
    for state in ["queued", "running"] {
        let query = Query { state: Some(state.into()), limit: MOST_LISTED };
        let jobs = server.list(&query)?.into_iter().filter(|job| open.contains(&job.id));
        states.extend(jobs.map(|job| (job.id.clone(), Seen::Job(Arc::new(job)))));
    }
    for id in open {
        if !states.contains_key(id) {
            let seen = match server.look(id) {
                Ok(job) => Seen::Job(Arc::new(job)),
                Err(error) if error.is_usage() => Seen::Gone,
                Err(error) => return Err(error),
            };
            states.insert(id.clone(), seen);
        }
    }
    Ok(states)
}

impl Watched {
    /// The jobs that have not ended.
    pub(super) fn open(&self) -> Vec<Id> {
        lock(&self.seen).iter().filter(|(_, seen)| !seen.is_final()).map(|(id, _)| id.clone()).collect()
    }

    /// Follows a job to its end, and reports its progress. `ask` returns the states of jobs that are still open; `begun` is
    /// called when one of them has left the queue.
    ///
    /// # Errors
    /// If `ask` fails or the job is deleted; [`Error::Stopped`] if `stop` is requested: then the job stays open.
    pub(super) fn follow(
        &self,
        job: Job,
        sample: &Sample,
        stop: &Stop,
        tell: &dyn Fn(Event),
        (ask, begun): (Ask, &dyn Fn()),
    ) -> Result<Job> {
        let (id, mut told) = (job.id.clone(), Told::default());
        told.tell(&job, sample, tell);
        if job.is_final() {
            return Ok(job);
        }
        lock(&self.seen).insert(id.clone(), Seen::Job(Arc::new(job)));
        loop {
            stop.sleep(LOOK)?;
            if self.look(ask)? {
                begun();
            }
            let seen = lock(&self.seen).get(&id).cloned();
            let job = match seen {
                Some(Seen::Job(job)) => job,
                Some(Seen::Gone) | None => {
                    lock(&self.seen).remove(&id);
                    let hint = "run the batch again to draw the picture";
                    return Err(Error::usage(format!("the job {id} was deleted"), hint));
                }
            };
            told.tell(&job, sample, tell);
            if job.is_final() {
                lock(&self.seen).remove(&id);
                return Ok(Job::clone(&job));
            }
        }
    }

    /// Asks the server, if it is time and no other thread asks. Returns whether a job has left the queue since the last time.
    fn look(&self, ask: Ask) -> Result<bool> {
        let mut next = match self.next.try_lock() {
            Ok(next) => next,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(false),
        };
        if next.at > Instant::now() {
            return Ok(false);
        }
        let open = self.open();
        let states = ask(&open)?;
        // If no job ended, nothing was missed.
        let has_end = states.values().any(Seen::is_final);
        next.interval = if has_end { INTERVAL.0 } else { (next.interval * 3 / 2).min(INTERVAL.1) };
        next.at = Instant::now() + next.interval;
        let mut seen = lock(&self.seen);
        let mut has_begun = false;
        for (id, state) in states {
            if let Some(known) = seen.get_mut(&id) {
                has_begun |= state.has_left_queue() && !known.has_left_queue();
                *known = state;
            }
        }
        Ok(has_begun)
    }
}

/// What was reported about a job.
#[derive(Default)]
struct Told {
    /// The worker's claim whose start was reported
    claim: Option<u64>,
    iteration: usize,
}

impl Told {
    fn tell(&mut self, job: &Job, sample: &Sample, tell: &dyn Fn(Event)) {
        let Some(iterations) = job.iterations.filter(|_| job.state == State::Running) else { return };
        let done = job.iteration.unwrap_or(0);
        if self.claim != Some(job.claim) {
            (self.claim, self.iteration) = (Some(job.claim), done);
            let (size, seed) = (sample.settings.size, sample.settings.seed.0);
            tell(Event::Started {
                iterations,
                iterations_per_frame: sample.settings.iterations_of_frame(),
                done,
                width: size.width,
                height: size.height,
                seed,
                gpu: None,
            });
        }
        if let (true, Some(loss)) = (done > self.iteration, job.loss) {
            self.iteration = done;
            tell(Event::Step { iteration: done - 1, loss, fit: job.fit, losses: Vec::new() });
        }
    }
}

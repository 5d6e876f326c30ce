//! The jobs that streams watch. Each job is looked up once for all streams, whoever reads them and however slowly.
//!
//! A change is told by the workers of this process and, through a `PostgreSQL`, by those of other processes
//! ([`Changes`](super::changes::Changes)). Looking again finds all other changes: the row in the database is the truth.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior};

use super::app::App;
use super::jobs::View;
use super::problem::{Answer, Problem};
use super::visitor::Visitor;
use crate::queue::{Job, JobId, State};

/// How often each watched job is looked up, whether a change was told or not.
const ROUND: Duration = Duration::from_secs(1);
/// How long changes are gathered before the jobs are looked up: a job that changes more often is looked up once.
const GATHERED: Duration = Duration::from_millis(50);
/// How long the rest after a round is, for each second that it took: looking takes at most half of the time.
const REST: f64 = 1.0;

/// What a stream shows of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The job, as JSON
    Job {
        /// Grows with each change
        version: i64,
        /// Whether nothing more will change
        ended: bool,
        /// The job
        json: Arc<str>,
    },
    /// The job was deleted.
    Gone,
}

impl Seen {
    /// Grows with each change; a job that was deleted has the greatest.
    pub fn version(&self) -> i64 {
        match self {
            Self::Job { version, .. } => *version,
            Self::Gone => i64::MAX,
        }
    }

    /// Whether nothing more will change.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Gone | Self::Job { ended: true, .. })
    }
}

/// The jobs that streams watch. Clones share them.
#[derive(Clone, Default)]
pub struct Watch {
    jobs: Arc<Mutex<HashMap<JobId, Watched>>>,
}

struct Watched {
    owner: String,
    seen: watch::Sender<Seen>,
}

impl Watched {
    /// The owner, and a receiver that has not seen the present state.
    fn joined(&self) -> (String, watch::Receiver<Seen>) {
        let mut receiver = self.seen.subscribe();
        receiver.mark_changed();
        (self.owner.clone(), receiver)
    }

    /// Shows a state to all streams, if it is another one and not older.
    fn show(&self, seen: Seen) {
        self.seen.send_if_modified(|before| {
            let changed = *before != seen && seen.version() >= before.version();
            if changed {
                *before = seen;
            }
            changed
        });
    }
}

impl Watch {
    /// Watches a job that the visitor may see, from its present state on.
    ///
    /// # Errors
    /// If there is no such job for the visitor, or the database cannot be reached.
    pub async fn join(&self, app: &App, visitor: &Visitor, id: &JobId) -> Answer<watch::Receiver<Seen>> {
        // A job that has ended is looked up again: an operator may have brought it back.
        let known = self.locked().get(id).filter(|watched| !watched.seen.borrow().is_last()).map(Watched::joined);
        if let Some((owner, receiver)) = known {
            return if visitor.sees_those_of(&owner) { Ok(receiver) } else { Err(Problem::missing("job")) };
        }
        let job = super::jobs::job_of(app, visitor, id).await?;
        let owner = job.owner.clone();
        let seen = look(app, job).await?;
        let mut jobs = self.locked();
        // Another stream may have come first.
        let watched =
            jobs.entry(id.clone()).or_insert_with(|| Watched { owner, seen: watch::Sender::new(seen.clone()) });
        watched.show(seen);
        Ok(watched.joined().1)
    }

    /// Looks up the watched jobs again and again, until the task is ended.
    pub async fn run(self, app: App) {
        let mut changes = app.changes.listen();
        let mut rounds = tokio::time::interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = rounds.tick() => {
                    let began = Instant::now();
                    self.look_at(&app, &self.watched(|_, _| true)).await;
                    tokio::time::sleep(began.elapsed().mul_f64(REST)).await;
                }
                changed = changes.recv() => {
                    tokio::time::sleep(GATHERED).await;
                    let changed = gathered(changed, &mut changes);
                    self.look_at(&app, &self.watched(|id, _| changed.as_ref().is_none_or(|ids| ids.contains(id)))).await;
                }
            }
        }
    }

    /// The watched jobs of a kind. Those that nobody watches any more are forgotten.
    fn watched(&self, is_wanted: impl Fn(&JobId, &Seen) -> bool) -> Vec<JobId> {
        let mut jobs = self.locked();
        jobs.retain(|_, watched| watched.seen.receiver_count() > 0);
        let wanted = jobs.iter().filter(|(id, watched)| {
            let seen = watched.seen.borrow();
            !seen.is_last() && is_wanted(id, &seen)
        });
        wanted.map(|(id, _)| id.clone()).collect()
    }

    /// Looks up jobs, one after the other: however many are watched, the database has one question at a time.
    async fn look_at(&self, app: &App, ids: &[JobId]) {
        for id in ids {
            let seen = match app.queue.job(id, None).await {
                Ok(Some(job)) => look(app, job).await,
                Ok(None) => Ok(Seen::Gone),
                Err(error) => Err(error.into()),
            };
            // An error passes, or the next round reports it again.
            let Ok(seen) = seen else { continue };
            if let Some(watched) = self.locked().get(id) {
                watched.show(seen);
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<JobId, Watched>> {
        // No code that holds the lock can leave it half done.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The jobs that changed; none if some changes were missed, so that any job may have changed.
fn gathered(first: Result<JobId, RecvError>, changes: &mut broadcast::Receiver<JobId>) -> Option<Vec<JobId>> {
    let mut changed = vec![first.ok()?];
    loop {
        match changes.try_recv() {
            Ok(id) => changed.push(id),
            Err(broadcast::error::TryRecvError::Empty) => return Some(changed),
            Err(_) => return None,
        }
    }
}

async fn look(app: &App, job: Job) -> Answer<Seen> {
    let ended = matches!(job.state, State::Done | State::Dead | State::Cancelled);
    let version = job.version;
    let view = View::of(app, job, true).await?;
    let json = serde_json::to_string(&view).unwrap_or_default();
    Ok(Seen::Job { version, ended, json: json.into() })
}

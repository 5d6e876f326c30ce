//! The supervisor: slots that take jobs, a voice that says the worker is alive, and a search for lost jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::abilities::info;
use super::desk::Desk;
use super::draw::work;
use super::report::WorkerEvent;
use super::setup::{Setup, Shutdown};
use super::slot::Slot;
use crate::error::Result;
use crate::queue::{Claim, Hint, WorkerInfo};

/// The time for all jobs to be given back when the worker ends; what takes longer is lost with its lease.
const LAST_WORK: Duration = Duration::from_secs(28);
/// The time to say that the worker leaves.
const FAREWELL: Duration = Duration::from_secs(1);
/// How much less often a worker asks for jobs if it gets hints that a job is ready.
const RARER: u32 = 4;
/// The longest pause between two tries to reach the database.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Takes jobs and draws them until the shutdown is requested. Then the jobs are given back, with their checkpoints, and
/// this returns within 30 s.
///
/// # Errors
///
/// If the folder of the worker cannot be used. While the database is away, the worker waits.
pub async fn run(setup: Setup, shutdown: Shutdown) -> Result<()> {
    let slots: Vec<Slot> = (0..setup.slots).map(|_| Slot::take(&setup.folder)).collect::<Result<_>>()?;
    let info = info(&setup)?;
    let setup = Setup { abilities: info.abilities.clone(), ..setup };
    let worker =
        Arc::new(Worker { setup: Arc::new(setup), info, takes_jobs: AtomicBool::new(true), ready: Notify::new() });
    worker.setup.tell(WorkerEvent::Ready { worker: worker.info.id.clone(), slots: worker.setup.slots });

    let mut ending = shutdown;
    worker.introduce(&mut ending).await;

    // These tasks end with this function, however it ends.
    let mut errands = JoinSet::new();
    errands.spawn(worker.clone().announce());
    errands.spawn(worker.clone().reap());
    errands.spawn(worker.clone().listen());
    let mut working = JoinSet::new();
    for slot in slots {
        working.spawn(worker.clone().serve(Arc::new(Desk::new(slot)), ending.clone()));
    }
    let all = async { while working.join_next().await.is_some() {} };
    let limit = async {
        ending.requested().await;
        sleep(LAST_WORK).await;
    };
    let is_late = tokio::select! {
        () = all => false,
        () = limit => true,
    };
    if is_late {
        let what = "the worker ends before all its jobs were given back; their leases end them".to_owned();
        worker.setup.tell(WorkerEvent::Trouble { what });
    }
    // Children end with the tasks that follow them.
    drop(working);
    drop(errands);
    // A worker that cannot say so is forgotten later.
    let _ = timeout(FAREWELL, worker.setup.queue.leave(&worker.info.id)).await;
    Ok(())
}

struct Worker {
    setup: Arc<Setup>,
    info: WorkerInfo,
    /// Whether no operator lets it drain
    takes_jobs: AtomicBool,
    /// Wakes slots that wait for a job
    ready: Notify,
}

impl Worker {
    /// Takes one job after another to a desk.
    async fn serve(self: Arc<Self>, desk: Arc<Desk>, mut shutdown: Shutdown) {
        let setup = &self.setup;
        let mut failures = 0;
        while !shutdown.is_requested() {
            let claimed = if self.takes_jobs.load(Ordering::Relaxed) {
                let since = Instant::now();
                // Not abandoned for a shutdown: the claim may be made.
                setup.queue.claim(&self.info.id).await.map(|claim| claim.map(|claim| (claim, since)))
            } else {
                Ok(None)
            };
            let pause = match claimed {
                Ok(Some((claim, since))) => {
                    failures = 0;
                    self.work(&desk, claim, since, shutdown.clone()).await;
                    continue;
                }
                Ok(None) => {
                    failures = 0;
                    if setup.queue.has_hints() { setup.limits.poll * RARER } else { setup.limits.poll }
                }
                Err(error) => {
                    if failures == 0 {
                        setup.tell(WorkerEvent::Trouble { what: format!("{error}; {}", error.hint()) });
                    }
                    failures += 1;
                    pause_after(failures)
                }
            };
            desk.rest(setup).await;
            tokio::select! {
                () = shutdown.requested() => break,
                () = sleep(jittered(pause)) => {}
                // Wait a while after the database failed.
                () = self.ready.notified(), if failures == 0 => {}
            }
        }
        desk.close().await;
    }

    /// Works on a claim. A fault of this program ends the claim with its lease, not the worker.
    async fn work(&self, desk: &Arc<Desk>, claim: Claim, since: Instant, shutdown: Shutdown) {
        let job = claim.job.clone();
        let mut one = JoinSet::new();
        one.spawn(work(self.setup.clone(), desk.clone(), claim, since, shutdown));
        if let Some(Err(error)) = one.join_next().await {
            self.setup.tell(WorkerEvent::Trouble { what: format!("job {job}: the worker has a fault: {error}") });
        }
    }

    /// Announces the worker before it takes a job, because the announcement decides which jobs it may take. Returns after the
    /// announcement, or when a shutdown is requested.
    async fn introduce(&self, shutdown: &mut Shutdown) {
        let mut failures = 0;
        loop {
            let announced = tokio::select! {
                () = shutdown.requested() => return,
                announced = self.setup.queue.announce(&self.info) => announced,
            };
            match announced {
                Ok(takes_jobs) => return self.takes_jobs.store(takes_jobs, Ordering::Relaxed),
                Err(error) => {
                    if failures == 0 {
                        self.setup.tell(WorkerEvent::Trouble { what: format!("{error}; {}", error.hint()) });
                    }
                    failures += 1;
                }
            }
            tokio::select! {
                () = shutdown.requested() => return,
                () = sleep(jittered(pause_after(failures))) => {}
            }
        }
    }

    /// Says again and again that the worker is alive, and learns whether it may take jobs.
    async fn announce(self: Arc<Self>) {
        loop {
            sleep(jittered(self.setup.limits.announce)).await;
            // Without an answer, nothing changes.
            if let Ok(takes_jobs) = self.setup.queue.announce(&self.info).await {
                self.takes_jobs.store(takes_jobs, Ordering::Relaxed);
            }
        }
    }

    /// Wakes the slots when other processes say that a job is ready. Such hints can be lost, so slots also ask on their own.
    async fn listen(self: Arc<Self>) {
        let heard = |hint| {
            if hint == Hint::Ready {
                self.ready.notify_waiters();
            }
        };
        self.setup.queue.listen(heard).await;
    }

    /// Takes jobs back from workers that died, and removes what those of this machine left.
    async fn reap(self: Arc<Self>) {
        loop {
            sleep(jittered(self.setup.limits.reap)).await;
            let folder = self.setup.folder.clone();
            // A sweep that fails is made up for by the next.
            let _ = tokio::task::spawn_blocking(move || Slot::sweep(&folder)).await;
            for lost in self.setup.queue.reap().await.unwrap_or_default() {
                self.setup.notify.iter().for_each(|notify| notify(&lost.job));
                let (job, claim, state) = (lost.job, lost.claim, lost.state);
                self.setup.tell(WorkerEvent::Reaped { job, claim, state });
            }
        }
    }
}

impl Setup {
    pub(super) fn tell(&self, event: WorkerEvent) {
        (self.report)(event);
    }

    pub(super) fn changed(&self, claim: &Claim) {
        self.notify.iter().for_each(|notify| notify(&claim.job));
    }
}

/// The pause after this many failures in a row to reach the database.
fn pause_after(failures: u32) -> Duration {
    (Duration::from_millis(250) * 2_u32.pow(failures.min(6))).min(LONGEST_PAUSE)
}

/// A time that differs by up to a fifth, so that workers that were started together do not act together.
fn jittered(time: Duration) -> Duration {
    let mut byte = [0];
    // Without random numbers they do.
    let _ = getrandom::fill(&mut byte);
    time.mul_f64(0.8 + 0.4 * f64::from(byte[0]) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_differ_a_little() {
        let time = Duration::from_secs(10);
        for _ in 0..100 {
            assert!((Duration::from_secs(8)..=Duration::from_secs(12)).contains(&jittered(time)));
        }
    }
}

//! Beats: a task that keeps the claim of a job, reports how far it is, and learns when to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::setup::{Notify, Shutdown};
use crate::queue::{Beat, Claim, Progress, Queue};

/// The least time between two beats: a page shows no more.
const LEAST: Duration = Duration::from_millis(500);

/// Why work must stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Someone canceled the job.
    Cancelled,
    /// The claim is over.
    Fenced,
    /// The database was away for so long that the claim may be over.
    Lost,
    /// The worker ends.
    Shutdown,
}

/// The beats of a claim; dropping them ends them.
pub(super) struct Beats {
    progress: Arc<watch::Sender<Progress>>,
    reason: watch::Receiver<Option<Reason>>,
    task: JoinHandle<()>,
}

/// Says when the work on a claim must stop.
pub(super) struct Reasons {
    beats: watch::Receiver<Option<Reason>>,
    shutdown: Shutdown,
}

impl Beats {
    /// Begins to beat for a claim that was asked for at a time.
    pub(super) fn start(queue: &Queue, claim: &Claim, since: Instant, notify: Option<Notify>) -> Self {
        let (sender, reason) = watch::channel(None);
        let (progress, reported) = watch::channel(Progress::default());
        let keeper = Keeper { queue: queue.clone(), claim: claim.clone(), notify, progress: reported, reason: sender };
        Self { progress: Arc::new(progress), reason, task: tokio::spawn(keeper.run(since)) }
    }

    /// How far the job is, to be reported with the next beat.
    pub(super) fn progress(&self) -> Arc<watch::Sender<Progress>> {
        self.progress.clone()
    }

    pub(super) fn reasons(&self, shutdown: Shutdown) -> Reasons {
        Reasons { beats: self.reason.clone(), shutdown }
    }
}

impl Drop for Beats {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reasons {
    /// Waits until the work must stop.
    pub(super) async fn any(&mut self) -> Reason {
        let Self { beats, shutdown } = self;
        let beats = async {
            // Without beats, the claim will be over.
            beats.wait_for(Option::is_some).await.map_or(Reason::Lost, |reason| reason.unwrap_or(Reason::Lost))
        };
        tokio::select! {
            biased;
            reason = beats => reason,
            () = shutdown.requested() => Reason::Shutdown,
        }
    }

    /// Waits until the claim is over.
    pub(super) async fn over(&mut self) -> Reason {
        let is_over = |reason: &Option<Reason>| matches!(reason, Some(Reason::Fenced | Reason::Lost));
        self.beats.wait_for(is_over).await.map_or(Reason::Lost, |reason| reason.unwrap_or(Reason::Lost))
    }
}

struct Keeper {
    queue: Queue,
    claim: Claim,
    notify: Option<Notify>,
    progress: watch::Receiver<Progress>,
    reason: watch::Sender<Option<Reason>>,
}

impl Keeper {
    async fn run(mut self, since: Instant) {
        let lease = self.queue.rules().lease;
        // Another worker may have the job after the lease; the last quarter is for stopping.
        let patience = lease * 3 / 4;
        let (mut good, mut tried) = (since, since);
        let (mut failed, mut is_news) = (false, false);
        loop {
            let pause = if failed { lease / 20 } else { lease / 4 };
            tokio::select! {
                () = sleep_until(tried + pause) => {}
                changed = self.progress.changed(), if !failed => {
                    if changed.is_err() {
                        return;
                    }
                    is_news = true;
                    sleep_until(tried + LEAST.min(lease / 4)).await;
                }
            }
            tried = Instant::now();
            is_news |= self.progress.has_changed().unwrap_or(false);
            let latest = self.progress.borrow_and_update().clone();
            let progress = if is_news { latest } else { Progress::default() };
            let wait = patience.saturating_sub(good.elapsed()).max(lease / 8);
            match timeout(wait, self.queue.beat(&self.claim, &progress)).await {
                Ok(Ok(Beat::Fenced)) => {
                    self.reason.send_replace(Some(Reason::Fenced));
                    return;
                }
                Ok(Ok(beat)) => {
                    if beat == Beat::Cancel {
                        self.reason.send_replace(Some(Reason::Cancelled));
                    }
                    self.notify.iter().filter(|_| is_news).for_each(|notify| notify(&self.claim.job));
                    (good, failed, is_news) = (tried, false, false);
                }
                Ok(Err(_)) | Err(_) => {
                    failed = true;
                    if good.elapsed() >= patience {
                        self.reason.send_replace(Some(Reason::Lost));
                        return;
                    }
                }
            }
        }
    }
}

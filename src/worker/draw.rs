//! Works on one claim, from its order to its end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::beats::{Beats, Reason, Reasons};
use super::child::Outcome;
use super::deliver::{deliver, leftovers, tidy};
use super::desk::Desk;
use super::events::Fault;
use super::follow::Ran;
use super::kept::{Earlier, Keeper, Restored, restore};
use super::order::Order;
use super::prepare::{arguments, check, fill, products};
use super::process::{self, Key};
use super::report::WorkerEvent;
use super::setup::{Setup, Shutdown};
use super::uploads::{Previews, Uploads, Work};
use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::output::Kind;
use crate::queue::{Claim, Ended, Failure, Picture};

/// The exit code of a process that cannot do what its settings ask for.
const USAGE: i32 = 2;
/// The exit code of a process that was stopped.
const INTERRUPTED: i32 = 130;
/// The time to store what a child that has ended had just written.
const LAST_UPLOADS: Duration = Duration::from_secs(5);

/// What the work on a claim came to.
enum End {
    Done(Box<Picture>),
    Failed(Failure),
    /// Something other than this worker killed the child, such as the system if memory is short.
    Killed(Failure),
    Released,
    Cancelled,
    /// The claim is over, or may be: nothing is to be written.
    Over,
}

/// Works on a claim that was asked for at a time, to its end.
pub(super) async fn work(setup: Arc<Setup>, desk: Arc<Desk>, claim: Claim, since: Instant, shutdown: Shutdown) {
    let beats = Beats::start(&setup.queue, &claim, since, setup.notify.clone());
    setup.tell(WorkerEvent::Claimed { job: claim.job.clone(), claim: claim.number });
    setup.changed(&claim);
    let mut reasons = beats.reasons(shutdown);
    let work = Drawing { setup: &setup, desk: &desk, claim: &claim, beats: &beats };
    let end = work.draw(&mut reasons).await;
    conclude(&setup, &claim, end, since).await;
    drop(beats);
    if let Err(error) = desk.slot.clear() {
        setup.tell(WorkerEvent::Trouble { what: format!("{error}; {}", error.hint()) });
    }
}

/// One claim in the making.
struct Drawing<'w> {
    setup: &'w Setup,
    desk: &'w Desk,
    claim: &'w Claim,
    beats: &'w Beats,
}

impl Drawing<'_> {
    async fn draw(&self, reasons: &mut Reasons) -> End {
        let planned = Order::read(&self.claim.settings).and_then(|order| {
            check(&order)?;
            let products = products(&order)?;
            Ok((order, products))
        });
        let (order, products) = match planned {
            Ok(planned) => planned,
            Err(error) => return End::Failed(failure(&error, true)),
        };
        let folder = match self.desk.slot.job(self.claim) {
            Ok(folder) => folder,
            Err(error) => return End::Failed(failure(&error, false)),
        };
        let prepared = tokio::select! {
            biased;
            reason = reasons.any() => return End::of(reason),
            prepared = self.prepare(&order, &folder) => prepared,
        };
        let mut restored = match prepared {
            Ok(restored) => restored,
            Err(error) => return End::Failed(failure(&error, error.is_usage())),
        };
        let mut number = 0;
        loop {
            let resumes = restored.is_some();
            let (ran, keeper) = match self.run((&order, &products), &folder, restored.take(), number, reasons).await {
                Ok(ran) => ran,
                Err(error) => return End::Failed(failure(&error, false)),
            };
            number = keeper.as_ref().map_or(number, Keeper::number);
            let code = ran.status.and_then(Outcome::code);
            // A checkpoint that cannot be continued exactly is refused, and the picture drawn from its beginning.
            if resumes && code == Some(USAGE) && ran.reason.is_none() {
                let why = ran.fault.map_or_else(|| "the checkpoint was refused".to_owned(), |fault| fault.message);
                match self.start_over(&order, &folder, why).await {
                    Ok(()) => continue,
                    Err(error) => return End::Failed(failure(&error, false)),
                }
            }
            return self.judge(ran, keeper, &folder, &products, reasons).await;
        }
    }

    /// Fills the folder of the job. Returns the checkpoint that it continues from.
    async fn prepare(&self, order: &Order, folder: &Path) -> Result<Option<Box<Restored>>> {
        let Setup { queue, objects, .. } = self.setup;
        match restore(queue, objects, self.claim, folder).await? {
            Earlier::Nothing => fill(objects, order, folder).await.map(|()| None),
            Earlier::Useless(why) => self.start_over(order, folder, why).await.map(|()| None),
            Earlier::Checkpoint(restored) => {
                fill(objects, order, folder).await?;
                let iteration = restored.list.iteration;
                queue.begun(self.claim, Some(iteration), None).await?;
                self.setup.tell(WorkerEvent::Resumed { job: self.claim.job.clone(), iteration });
                Ok(Some(restored))
            }
        }
    }

    /// Prepares the folder again, without a checkpoint, and notes why.
    async fn start_over(&self, order: &Order, folder: &Path, why: String) -> Result<()> {
        self.desk.slot.job(self.claim)?;
        self.setup.queue.begun(self.claim, None, Some(&why)).await?;
        self.setup.tell(WorkerEvent::StartedOver { job: self.claim.job.clone(), why });
        fill(&self.setup.objects, order, folder).await
    }

    /// The GPU of the slot; none if the settings name a device, whose number counts all GPUs.
    fn gpu(&self, order: &Order) -> Option<&str> {
        let gpus = &self.setup.gpus;
        // Workers that share the folder have other slots: if there are more than GPUs, they share these.
        let own = gpus.get(self.desk.slot.number() % gpus.len().max(1));
        own.filter(|_| order.settings.device == DeviceChoice::Auto).map(String::as_str)
    }

    /// Runs a child to its end. Returns what became of it, and the keeper of its checkpoints.
    async fn run(
        &self,
        (order, products): (&Order, &[Kind]),
        folder: &Path,
        restored: Option<Box<Restored>>,
        number: u32,
        reasons: &mut Reasons,
    ) -> Result<(Ran, Option<Keeper>)> {
        let Setup { queue, objects, limits, .. } = self.setup;
        let gpu = self.gpu(order);
        // A checkpoint needs exactly the model files that it was made with.
        let is_alone = self.setup.jobs_per_process <= 1 || restored.is_some();
        let key = if is_alone { None } else { Key::of(order, folder, gpu) };
        let words = arguments(self.setup, order, products, restored.is_some());
        let work = process::Work { key, folder, words, gpu };
        let before = restored.as_ref().map_or(0.0, |restored| restored.list.seconds);
        let keeper = Keeper::new(queue, objects, self.claim, folder, restored.map(|restored| *restored), number);
        let progress = self.beats.progress();
        let uploads = Uploads::start(Work {
            objects: objects.clone(),
            claim: self.claim.clone(),
            folder: folder.to_owned(),
            keeper,
            progress: progress.clone(),
            limits: limits.clone(),
            report: self.setup.report.clone(),
            previews: Previews::default(),
        });
        let mut ran = self.desk.draw(self.setup, &work, reasons, &progress, &uploads).await?;
        if let Some(finished) = &mut ran.finished {
            finished.seconds += before;
        }
        Ok((ran, uploads.end(LAST_UPLOADS).await))
    }

    /// What the end of the child means for the job.
    async fn judge(
        &self,
        mut ran: Ran,
        keeper: Option<Keeper>,
        folder: &Path,
        products: &[Kind],
        reasons: &mut Reasons,
    ) -> End {
        match ran.reason {
            Some(Reason::Fenced | Reason::Lost) => return End::Over,
            Some(Reason::Cancelled) => return End::Cancelled,
            Some(Reason::Shutdown) | None => {}
        }
        let is_success = ran.is_success();
        if let Some(finished) = ran.finished.take().filter(|_| is_success) {
            let Setup { objects, queue, .. } = self.setup;
            let delivered = tokio::select! {
                biased;
                _ = reasons.over() => return End::Over,
                delivered = deliver(objects, self.claim, folder, products, finished, queue.rules().lease) => delivered,
            };
            return delivered.map_or_else(|error| End::Failed(failure(&error, false)), |it| End::Done(Box::new(it)));
        }
        let code = ran.status.and_then(Outcome::code);
        if code == Some(USAGE) && ran.reason.is_none() && ran.exceeded.is_none() {
            return End::Failed(failure_of(ran, true));
        }
        if let Some(mut keeper) = keeper {
            let saved = tokio::select! {
                biased;
                _ = reasons.over() => return End::Over,
                saved = tokio::time::timeout(LAST_UPLOADS, keeper.save()) => saved,
            };
            if let Ok(Err(error)) = saved {
                let what = format!("job {}: the last checkpoint is lost: {error}", self.claim.job);
                self.setup.tell(WorkerEvent::Trouble { what });
            }
        }
        if ran.was_released() {
            End::Released
        } else if ran.was_killed() {
            End::Killed(failure_of(ran, false))
        } else {
            End::Failed(failure_of(ran, false))
        }
    }
}

impl Ran {
    /// Whether the child stopped because someone asked it to: this worker, or whoever ends all processes of a service
    /// together.
    fn was_released(&self) -> bool {
        if self.reason == Some(Reason::Shutdown) {
            return true;
        }
        let Some(status) = self.status.filter(|_| self.exceeded.is_none()) else { return false };
        status.is_terminated() || status.code() == Some(INTERRUPTED)
    }

    /// Whether the child was killed, and not by this worker.
    fn was_killed(&self) -> bool {
        let status = self.status.filter(|_| self.reason.is_none() && self.exceeded.is_none());
        status.is_some_and(Outcome::is_killed)
    }
}

impl End {
    fn of(reason: Reason) -> Self {
        match reason {
            Reason::Cancelled => Self::Cancelled,
            Reason::Shutdown => Self::Released,
            Reason::Fenced | Reason::Lost => Self::Over,
        }
    }
}

/// The failure of the worker's own work.
fn failure(error: &Error, for_good: bool) -> Failure {
    let (message, hint) = error.in_fields();
    Failure { error: message, hint: Some(hint), for_good, ..Failure::default() }
}

/// The failure of a child.
fn failure_of(ran: Ran, for_good: bool) -> Failure {
    let Ran { status, exceeded, fault, tail, .. } = ran;
    let exit_code = status.and_then(Outcome::code);
    let (error, hint) = match (exceeded, fault) {
        (Some(exceeded), _) => (exceeded, None),
        (None, Some(Fault { message, hint })) => (message, Some(hint)),
        (None, None) => {
            status.map_or_else(|| ("the process that drew the picture did not end".to_owned(), None), Outcome::in_words)
        }
    };
    Failure { error, hint, exit_code, for_good, tail: tail.text() }
}

/// Ends a claim with a failure. Another kind of worker may be able to draw the job: one with more memory, with the models, or
/// with a newer program. A child may be killed by chance, so its job is passed on only when this kind of worker would give
/// up.
async fn give_up(setup: &Setup, claim: &Claim, failure: &Failure, was_killed: bool) -> Result<Ended> {
    let is_last = claim.failures.saturating_add(1) >= claim.max_failures;
    if (failure.for_good || (was_killed && is_last))
        && let Some(ended) = setup.queue.pass(claim, failure, &setup.abilities).await?
    {
        return Ok(ended);
    }
    setup.queue.fail(claim, failure).await
}

/// Records the end of a claim that was asked for at a time. While the database is away, it is tried again until the lease is over.
async fn conclude(setup: &Setup, claim: &Claim, end: End, since: Instant) {
    let lease = setup.queue.rules().lease;
    let until = Instant::now() + lease;
    // Once the end is recorded, the server may add files to a finished picture, which are not left over.
    let left = match &end {
        End::Done(picture) => leftovers(&setup.objects, claim, &picture.artifacts).await,
        End::Cancelled => leftovers(&setup.objects, claim, &[]).await,
        _ => Vec::new(),
    };
    let ended = loop {
        let recorded = match &end {
            End::Done(picture) => setup.queue.finish(claim, picture).await,
            End::Failed(failure) => give_up(setup, claim, failure, false).await,
            End::Killed(failure) => give_up(setup, claim, failure, true).await,
            End::Released => setup.queue.release(claim).await,
            End::Cancelled => setup.queue.stopped(claim).await,
            End::Over => Ok(Ended::Fenced),
        };
        match recorded {
            Ok(ended) => break ended,
            Err(error) if Instant::now() >= until => {
                let what = format!("job {}: its end could not be recorded: {error}; {}", claim.job, error.hint());
                setup.tell(WorkerEvent::Trouble { what });
                return;
            }
            Err(_) => sleep(lease / 60).await,
        }
    };
    let (job, quality, seconds) = (claim.job.clone(), claim.quality.clone(), since.elapsed().as_secs_f64());
    let event = match (ended, &end) {
        (Ended::Fenced, _) | (_, End::Over) => WorkerEvent::Fenced { job, claim: claim.number },
        (Ended::Now(_), End::Done(picture)) => {
            WorkerEvent::Done { job, kind: claim.kind.clone(), quality, seconds: picture.seconds }
        }
        (Ended::Now(state), End::Failed(failure) | End::Killed(failure)) => {
            WorkerEvent::Failed { job, error: failure.error.clone(), state, quality, seconds }
        }
        (Ended::Now(_), End::Released) => WorkerEvent::Released { job, quality, seconds },
        (Ended::Now(_), End::Cancelled) => WorkerEvent::Cancelled { job, quality, seconds },
    };
    setup.tell(event);
    setup.changed(claim);
    if matches!(ended, Ended::Now(_)) {
        tidy(&setup.objects, &left).await;
    }
}

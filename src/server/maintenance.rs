//! What a server does beside answering: it takes back lost jobs, and deletes what is no longer needed.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::app::App;
use super::uploads::Uploads;
use crate::error::Result;
use crate::objects::collect;
use crate::queue::JobId;

/// How often lost jobs are searched for.
const REAPING: Duration = Duration::from_secs(10);
/// How often what is old is deleted.
const TIDYING: Duration = Duration::from_secs(3600);
/// How old a file must be before it is deleted because nothing refers to it: far more than a job takes.
const LOST: Duration = Duration::from_secs(24 * 3600);
/// How many jobs are deleted at a time.
const AT_A_TIME: u32 = 100;

/// Cares for the queue until the task is ended.
pub(super) async fn run(app: App) {
    let (mut reaping, mut tidying) = (interval(REAPING), interval(TIDYING));
    reaping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tidying.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (what, done) = tokio::select! {
            _ = reaping.tick() => ("lost jobs could not be taken back", reap(&app).await),
            _ = tidying.tick() => ("old files could not be deleted", tidy(&app).await),
        };
        if let Err(error) = done {
            tracing::warn!(%error, hint = error.hint(), what);
        }
    }
}

async fn reap(app: &App) -> Result<()> {
    for lost in app.queue.reap().await? {
        tracing::warn!(job = %lost.job, claim = lost.claim, state = lost.state.as_str(), "a job lost its worker");
        app.metrics.lost(1);
        app.changes.tell(&lost.job);
    }
    Ok(())
}

/// Deletes jobs that are older than they are kept for, uploads that nobody used for long, and files of neither.
async fn tidy(app: &App) -> Result<()> {
    let mut jobs = 0;
    if let Some(age) = app.config.retention.jobs {
        loop {
            let old = app.queue.ended_before(age, AT_A_TIME).await?;
            for id in &old {
                delete(app, id).await?;
            }
            jobs += old.len();
            if old.len() < AT_A_TIME as usize {
                break;
            }
        }
    }
    let uploads = Uploads::new(app).collect().await?;
    let files = collect(&app.objects, &app.queue, LOST).await?;
    if jobs + uploads > 0 || files.objects > 0 {
        tracing::info!(jobs, uploads, files = files.objects, bytes = files.bytes, "old things were deleted");
    }
    Ok(())
}

/// Deletes a job that has ended, with its files.
async fn delete(app: &App, id: &JobId) -> Result<()> {
    let preview = app.queue.job(id, None).await?.and_then(|job| job.preview);
    let Some(artifacts) = app.queue.delete(id, None).await? else { return Ok(()) };
    app.changes.tell(id);
    for key in artifacts.into_iter().map(|artifact| artifact.object).chain(preview) {
        app.objects.delete(&key).await?;
    }
    Ok(())
}

//! What a server does beside answering: it takes back lost jobs, and deletes what is no longer needed.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::app::App;
use super::audit;
use super::upkeep::{LOST, delete_old};
use super::uploads::Uploads;
use super::users::erase_departed;
use crate::error::Result;
use crate::objects::collect;

/// How often lost jobs are searched for.
const REAPING: Duration = Duration::from_secs(10);
/// How often it is tried to delete what users left behind who deleted their accounts.
const ERASING: Duration = Duration::from_secs(10);
/// How often what is old is deleted.
const TIDYING: Duration = Duration::from_secs(3600);

/// Cares for the queue until the task is ended.
pub(super) async fn run(app: App) {
    let (mut reaping, mut erasing, mut tidying) = (interval(REAPING), interval(ERASING), interval(TIDYING));
    erasing.set_missed_tick_behavior(MissedTickBehavior::Delay);
    reaping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tidying.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (what, done) = tokio::select! {
            _ = reaping.tick() => ("lost jobs could not be taken back", reap(&app).await),
            _ = erasing.tick() => ("the data of users who left could not be deleted", erase_departed(&app).await),
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
    let kept_for = app.config.retention.jobs;
    let deleted = delete_old(&app.queue, &app.objects, kept_for, None, &|id| app.changes.tell(id)).await?;
    let jobs = deleted.jobs;
    let uploads = Uploads::new(app).collect().await?;
    let letters = app.mail.tidy().await?;
    let files = collect(&app.objects, &app.queue, LOST).await?;
    audit::trim(&app.database, app.config.retention.audit).await?;
    if letters > 0 {
        tracing::info!(letters, "old letters were forgotten");
    }
    if jobs > 0 || uploads > 0 || files.objects > 0 {
        tracing::info!(jobs, uploads, files = files.objects, bytes = files.bytes, "old things were deleted");
    }
    Ok(())
}

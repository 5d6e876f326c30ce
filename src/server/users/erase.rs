//! Deletes what users have left behind who deleted their accounts.

use crate::error::Result;
use crate::queue::{Filter, JobId};
use crate::server::app::App;
use crate::server::upkeep::delete_job;
use crate::server::uploads::{Deleted, Uploads};

/// How many jobs are looked up at a time.
const AT_A_TIME: u32 = 100;

/// Deletes what is left of all users who deleted their accounts.
///
/// # Errors
///
/// If the database or the store cannot be reached. The next call goes on.
pub(in crate::server) async fn erase_departed(app: &App) -> Result<()> {
    for owner in app.accounts.departed().await? {
        if erase(app, &owner).await? {
            app.accounts.forget_departed(&owner).await?;
        }
    }
    Ok(())
}

/// Withdraws what an owner published and liked, cancels the jobs, and deletes what has ended, with uploads and all files.
/// Returns whether nothing is left: a job that is drawn must end first.
pub(super) async fn erase(app: &App, owner: &str) -> Result<bool> {
    for job in app.queue.cancel_all(owner).await? {
        app.changes.tell(&job);
    }
    app.gallery.forget(owner).await?;
    let mut left = false;
    let mut filter = Filter { owner: Some(owner.to_owned()), limit: AT_A_TIME, ..Filter::default() };
    loop {
        let jobs = app.queue.jobs(&filter).await?;
        let Some(last) = jobs.last() else { break };
        filter.before = Some(last.number);
        for job in jobs {
            match delete_job(&app.queue, &app.objects, &job.id, Some(owner)).await? {
                Some(_) => {
                    delete_rest(app, &job.id).await?;
                    app.changes.tell(&job.id);
                }
                None => left = true,
            }
        }
    }
    let uploads = Uploads::new(app);
    let mut last = String::new();
    loop {
        let page = uploads.after(owner, &last).await?;
        let Some(end) = page.last() else { break };
        last = end.id.to_string();
        for upload in page {
            left |= uploads.delete(owner, &upload.id).await? == Deleted::Needed;
        }
    }
    Ok(!left)
}

/// Deletes files of a job that no row names any longer, such as those of claims that were lost.
async fn delete_rest(app: &App, job: &JobId) -> Result<()> {
    for listed in app.objects.list(&format!("jobs/{job}")).await? {
        app.objects.delete(&listed.key).await?;
    }
    Ok(())
}

//! What people do with a job: cancel it, delete it, ask for it again, start another one from its picture.

use axum::http::StatusCode;

use super::files::PICTURE;
use super::order::Prepared;
use super::submit::{Submitted, add};
use super::{email, job_of};
use crate::database::Id;
use crate::queue::{Cancelling, Job, JobId};
use crate::server::app::App;
use crate::server::problem::{Answer, Problem};
use crate::server::upkeep::delete_job;
use crate::server::uploads;
use crate::server::visitor::Visitor;

/// Cancels a job, and returns it as it is then.
pub(in crate::server) async fn cancel(app: &App, visitor: &Visitor, id: &JobId) -> Answer<Job> {
    match app.queue.cancel(id, visitor.limited_to()).await? {
        Cancelling::Unknown => return Err(Problem::missing("job")),
        Cancelling::TooLate(state) => {
            let detail = format!("the job has already ended: it is {}", state.as_str());
            return Err(Problem::new(StatusCode::CONFLICT, detail).hint("delete the job to remove its files"));
        }
        Cancelling::Done | Cancelling::Asked => app.changes.tell(id),
    }
    let job = job_of(app, visitor, id).await?;
    note_of_others(app, visitor, &job, "job canceled").await?;
    Ok(job)
}

/// Deletes a job that has ended, with its files.
pub(in crate::server) async fn delete(app: &App, visitor: &Visitor, id: &JobId) -> Answer<()> {
    let job = job_of(app, visitor, id).await?;
    if delete_job(&app.queue, &app.objects, id, visitor.limited_to()).await?.is_none() {
        let job = job_of(app, visitor, id).await?;
        let detail = format!("the job has not ended yet: it is {}", job.state.as_str());
        return Err(Problem::new(StatusCode::CONFLICT, detail).hint("cancel the job first"));
    }
    app.changes.tell(id);
    note_of_others(app, visitor, &job, "job deleted").await
}

/// Notes what an operator did to a job of somebody else.
async fn note_of_others(app: &App, visitor: &Visitor, job: &Job, what: &str) -> Answer<()> {
    if job.owner != visitor.owner {
        app.acts(visitor).note(what, job.id.as_str(), None).await?;
    }
    Ok(())
}

/// Asks for the picture of a job once more, maybe with another seed. `key` is the visitor's own name for the request: the
/// same one gives the same job.
pub(in crate::server) async fn again(
    app: &App,
    visitor: &Visitor,
    job: &Job,
    reseed: bool,
    key: Option<&str>,
) -> Answer<Submitted> {
    let prepared = Prepared::again(app, visitor, job, reseed, key).await?;
    // A letter tells of the end again, if it still may.
    let tell = job.tell && email::check(app, visitor).await.is_ok();
    add(app, visitor, &prepared, tell, key).await
}

/// Makes an upload of the picture of a job, so that another one can start from it. Returns its id.
pub(in crate::server) async fn start_from(app: &App, visitor: &Visitor, job: &Job) -> Answer<Id> {
    let artifacts = app.queue.artifacts(&job.id).await?;
    let picture = artifacts.iter().find(|made| made.name == PICTURE).ok_or_else(|| Problem::missing("picture"))?;
    uploads::take(app, &visitor.owner, picture).await.map(|upload| upload.id)
}

//! Jobs of all users, with what their workers said.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Operator;
use crate::queue::{Attempt, Filter, Job, JobId};
use crate::server::app::App;
use crate::server::jobs::{View, job_of, state_of};
use crate::server::moment::moment;
use crate::server::part;
use crate::server::problem::{Answer, Parameters, PathId, Problem};
use crate::server::visitor::Visitor;

/// How many jobs a list has by default.
const USUAL_LIST: u32 = 20;
/// The most jobs of a list.
const LONGEST_LIST: u32 = 100;
/// How many of the last lines of a process are shown.
const LINES: usize = 40;

/// A job, with what its workers said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server) struct AdminJob {
    /// The name of the user who asked for it; the owner's own name if there is no such user
    #[schema(example = "anna")]
    pub user: String,
    /// The job as its owner sees it
    pub job: View,
    /// How workers fared with it, the last try first. A list of jobs has the last try only
    #[schema(max_items = 100)]
    pub attempts: Vec<AttemptView>,
}

/// A try of a worker. What is not known is left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(in crate::server) struct AttemptView {
    /// Its number, from 1
    pub claim: i64,
    /// The name of the worker
    pub worker: String,
    /// When it began
    #[schema(format = DateTime)]
    pub started: String,
    /// When it ended
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub ended: Option<String>,
    /// `done`, `failed`, `lost`, `released` or `cancelled`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(done|failed|lost|released|cancelled)$", example = "failed")]
    pub outcome: Option<String>,
    /// The exit code of the process that drew
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// What went wrong
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The last lines that the process wrote to its standard error
    #[schema(max_items = 40)]
    pub lines: Vec<String>,
    /// The iteration whose checkpoint it continued from
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub resumed: Option<u32>,
    /// Why it started over although there was a checkpoint
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Which jobs to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server) struct Which {
    /// Only jobs in this state: queued, running, done, dead or cancelled
    #[param(pattern = "^(queued|running|done|dead|cancelled)$")]
    pub state: Option<String>,
    /// Only jobs of the user with this name
    pub user: Option<String>,
    /// The `next` of the list that this one continues
    pub before: Option<i64>,
    /// How many jobs; 20 by default
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
}

/// A part of a list of jobs.
#[derive(Serialize, ToSchema)]
pub(in crate::server) struct AdminJobs {
    /// The newest first
    #[schema(max_items = 100)]
    pub items: Vec<AdminJob>,
    /// What continues the list; left out if this is its end
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Finds jobs of all users.
pub(in crate::server) async fn find(app: &App, which: &Which) -> Answer<AdminJobs> {
    let limit = part::limit(which.limit, USUAL_LIST, LONGEST_LIST)?;
    let state = state_of(which.state.as_deref())?;
    let owner = match which.user.as_deref() {
        None => None,
        // Visitors without an account have no other name than that of the owner.
        Some(name) => Some(app.accounts.user(name).await?.map_or_else(|| name.to_owned(), |user| user.id)),
    };
    let jobs = app.queue.jobs(&Filter { owner, state, before: which.before, limit }).await?;
    let next = part::next(&jobs, limit, |job| job.number.to_string());
    let mut names: HashMap<String, Option<String>> = HashMap::new();
    let mut items = Vec::with_capacity(jobs.len());
    for job in jobs {
        if !names.contains_key(&job.owner) {
            names.insert(job.owner.clone(), app.accounts.name_of(&job.owner).await?);
        }
        let name = names.get(&job.owner).cloned().flatten();
        // The claims of a job count its tries.
        let attempts = if job.claim > 0 { app.queue.last_attempts(&job.id, 1).await? } else { Vec::new() };
        items.push(AdminJob::of(app, job, attempts, name).await?);
    }
    Ok(AdminJobs { items, next })
}

/// Looks at a job, with all tries.
pub(in crate::server) async fn look(app: &App, visitor: &Visitor, id: &JobId) -> Answer<AdminJob> {
    let job = job_of(app, visitor, id).await?;
    let attempts = app.queue.attempts(id).await?;
    let name = app.accounts.name_of(&job.owner).await?;
    AdminJob::of(app, job, attempts, name).await
}

/// Puts a dead job back into the queue.
pub(in crate::server) async fn requeue(app: &App, visitor: &Visitor, id: &JobId) -> Answer<()> {
    if app.acts(visitor).requeue(id).await? {
        app.changes.tell(id);
        return Ok(());
    }
    let job = job_of(app, visitor, id).await?;
    let detail = format!("the job is not dead: it is {}", job.state.as_str());
    Err(Problem::new(StatusCode::CONFLICT, detail).hint("only jobs that failed for good can be put back"))
}

impl AdminJob {
    /// `name` is that of the owner, if a user is the owner.
    async fn of(app: &App, job: Job, attempts: Vec<Attempt>, name: Option<String>) -> Answer<Self> {
        let user = name.unwrap_or_else(|| job.owner.clone());
        let job = View::of(app, job, false).await?;
        Ok(Self { user, job, attempts: attempts.into_iter().map(AttemptView::from).collect() })
    }
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        // The first line is the error, and what follows is what the process wrote.
        let text = attempt.error.unwrap_or_default();
        let (error, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let lines: Vec<&str> = rest.lines().collect();
        Self {
            claim: attempt.claim,
            worker: attempt.worker,
            started: moment(attempt.started),
            ended: attempt.ended.map(moment),
            outcome: attempt.outcome,
            exit_code: attempt.exit_code,
            error: Some(error.to_owned()).filter(|error| !error.is_empty()),
            lines: lines[lines.len().saturating_sub(LINES)..].iter().map(|line| (*line).to_owned()).collect(),
            resumed: attempt.resumed,
            note: attempt.note,
        }
    }
}

/// List jobs of all users
///
/// Those in the state `dead` failed for good, and wait for an operator.
#[utoipa::path(
    get, path = "/admin/jobs", tag = "admin", operation_id = "admin_list_jobs", params(Which),
    responses((status = 200, description = "The newest jobs", body = AdminJobs)),
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Operator,
    Parameters(which): Parameters<Which>,
) -> Answer<Json<AdminJobs>> {
    find(&app, &which).await.map(Json)
}

/// Look at anybody's job, with all tries
///
/// Operators can also use `POST /api/v1/jobs/{id}/cancel` and `DELETE /api/v1/jobs/{id}` on anybody's jobs.
#[utoipa::path(
    get, path = "/admin/jobs/{id}", tag = "admin", operation_id = "admin_show_job",
    params(("id" = String, Path, description = "The name of the job")),
    responses((status = 200, description = "The job", body = AdminJob)),
)]
pub(super) async fn show(
    State(app): State<App>,
    Operator(visitor): Operator,
    PathId(id): PathId,
) -> Answer<Json<AdminJob>> {
    look(&app, &visitor, &id).await.map(Json)
}

/// Put a dead job back into the queue
///
/// It returns to its old place, with all its tries.
#[utoipa::path(
    post, path = "/admin/jobs/{id}/requeue", tag = "admin", operation_id = "admin_requeue_job",
    params(("id" = String, Path, description = "The name of the job")),
    responses(
        (status = 200, description = "The job waits again", body = AdminJob),
        (status = 409, description = "The job is not dead", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put_back(
    State(app): State<App>,
    Operator(visitor): Operator,
    PathId(id): PathId,
) -> Answer<Json<AdminJob>> {
    requeue(&app, &visitor, &id).await?;
    look(&app, &visitor, &id).await.map(Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_a_process_are_told_from_the_error() {
        let attempt = |error: Option<String>| {
            AttemptView::from(Attempt {
                claim: 1,
                worker: "w".into(),
                started: 0,
                ended: None,
                outcome: None,
                exit_code: None,
                error,
                resumed: None,
                note: None,
            })
        };
        let none = attempt(None);
        assert_eq!((none.error, none.lines.len()), (None, 0));
        let short = attempt(Some("it broke".into()));
        assert_eq!((short.error.as_deref(), short.lines.len()), (Some("it broke"), 0));
        let text: Vec<String> = (0..60).map(|number| format!("line {number}")).collect();
        let long = attempt(Some(text.join("\n")));
        assert_eq!((long.error.as_deref(), long.lines.len()), (Some("line 0"), LINES));
        assert_eq!((long.lines[0].as_str(), long.lines[39].as_str()), ("line 20", "line 59"));
    }
}

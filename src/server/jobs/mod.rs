//! Jobs: asking for a picture, and what becomes of it.

pub(in crate::server) mod actions;
mod email;
pub(in crate::server) mod files;
mod order;
pub(in crate::server) mod request;
mod submit;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(in crate::server) use files::is_served;
pub(in crate::server) use order::check_own;
pub(in crate::server) use submit::submit;
pub(in crate::server) use view::{FileView, View};

use super::app::App;
use super::moment::moment;
use super::part::{self, wrong};
use super::problem::{Answer, Parameters, PathId, Problem};
use super::visitor::Visitor;
use crate::queue::{Filter, Job, JobId, State as JobState};

/// How many jobs a list has by default.
const USUAL_LIST: u32 = 20;
/// The most jobs of a list.
const LONGEST_LIST: u32 = 100;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(submit::create, list))
        .routes(routes!(show, delete))
        .routes(routes!(cancel))
        .routes(routes!(files::fetch))
        .routes(routes!(queue))
}

/// Looks up a job that the visitor may see.
pub(in crate::server) async fn job_of(app: &App, visitor: &Visitor, id: &JobId) -> Answer<Job> {
    let job = app.queue.job(id, None).await?;
    job.filter(|job| visitor.sees(job)).ok_or_else(|| Problem::missing("job"))
}

/// The state that a list asks for; none for all.
pub(in crate::server) fn state_of(word: Option<&str>) -> Answer<Option<JobState>> {
    let not_one = || wrong("state", "this is not a state: use queued, running, done, dead or cancelled");
    word.map(|word| JobState::parse(word).ok_or_else(not_one)).transpose()
}

/// Which jobs to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// `me` for the visitor's own jobs only; operators see those of all otherwise
    #[param(pattern = "^me$")]
    owner: Option<String>,
    /// Only jobs in this state: queued, running, done, dead or cancelled
    #[param(pattern = "^(queued|running|done|dead|cancelled)$")]
    state: Option<String>,
    /// The `next` of the list that this one continues
    before: Option<i64>,
    /// How many jobs; 20 by default
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A part of a list of jobs.
#[derive(Serialize, ToSchema)]
struct Jobs {
    /// The newest first. The places of waiting jobs are left out
    #[schema(max_items = 100)]
    items: Vec<View>,
    /// What continues the list; left out if this is its end
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List jobs
#[utoipa::path(
    get, path = "/jobs", tag = "jobs", operation_id = "list_jobs", params(Which),
    responses((status = 200, description = "The newest jobs", body = Jobs)),
)]
async fn list(State(app): State<App>, visitor: Visitor, Parameters(which): Parameters<Which>) -> Answer<Json<Jobs>> {
    let limit = part::limit(which.limit, USUAL_LIST, LONGEST_LIST)?;
    let state = state_of(which.state.as_deref())?;
    let owner = match which.owner.as_deref() {
        None => visitor.limited_to().map(str::to_owned),
        Some("me") => Some(visitor.owner.clone()),
        Some(_) => return Err(wrong("owner", "owner can only be `me`")),
    };
    let filter = Filter { owner, state, before: which.before, limit };
    let jobs = app.queue.jobs(&filter).await?;
    let next = part::next(&jobs, limit, |job| job.number.to_string());
    let mut items = Vec::with_capacity(jobs.len());
    for job in jobs {
        items.push(View::of(&app, job, false).await?);
    }
    Ok(Json(Jobs { items, next }))
}

/// Look at a job
#[utoipa::path(
    get, path = "/jobs/{id}", tag = "jobs", operation_id = "show_job",
    params(("id" = String, Path, description = "The name of the job")),
    responses((status = 200, description = "The job", body = View)),
)]
async fn show(State(app): State<App>, visitor: Visitor, PathId(id): PathId) -> Answer<Json<View>> {
    let job = job_of(&app, &visitor, &id).await?;
    View::of(&app, job, true).await.map(Json)
}

/// Cancel a job
///
/// A job that waits is canceled at once. One that is drawn is stopped by its worker a moment later.
#[utoipa::path(
    post, path = "/jobs/{id}/cancel", tag = "jobs", operation_id = "cancel_job",
    params(("id" = String, Path, description = "The name of the job")),
    responses(
        (status = 202, description = "The job is canceled, or will be in a moment", body = View),
        (status = 409, description = "The job had ended before", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn cancel(State(app): State<App>, visitor: Visitor, PathId(id): PathId) -> Answer<Response> {
    let job = actions::cancel(&app, &visitor, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(View::of(&app, job, true).await?)).into_response())
}

/// Delete a job and its files
#[utoipa::path(
    delete, path = "/jobs/{id}", tag = "jobs", operation_id = "delete_job",
    params(("id" = String, Path, description = "The name of the job")),
    responses(
        (status = 204, description = "The job is deleted"),
        (status = 409, description = "The job has not ended yet", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn delete(State(app): State<App>, visitor: Visitor, PathId(id): PathId) -> Answer<StatusCode> {
    actions::delete(&app, &visitor, &id).await.map(|()| StatusCode::NO_CONTENT)
}

/// The queue as a whole.
#[derive(Serialize, ToSchema)]
struct Queue {
    /// Jobs that wait
    waiting: u64,
    /// Jobs that are drawn
    running: u64,
    /// Workers that are alive
    workers: u64,
    /// How many jobs the workers draw at once
    slots: u64,
    /// The median time of the last pictures, in seconds; left out before the first one
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    /// Since when the queue is paused: no job begins until an operator resumes it; left out if it is not
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    paused: Option<String>,
}

/// Look at the queue
#[utoipa::path(
    get, path = "/queue", tag = "jobs", operation_id = "show_queue",
    responses((status = 200, description = "How long the queue is, and who works", body = Queue)),
)]
async fn queue(State(app): State<App>, _: Visitor) -> Answer<Json<Queue>> {
    let overview = app.queue.overview().await?;
    Ok(Json(Queue {
        waiting: overview.waiting,
        running: overview.running,
        workers: overview.workers,
        slots: overview.slots,
        paused: app.queue.paused().await?.map(moment),
        seconds: overview.usual.map(|usual| (usual.as_secs_f64() * 10.0).round() / 10.0),
    }))
}

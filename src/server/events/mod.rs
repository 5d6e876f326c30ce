//! Streams of changes, as server-sent events.
//!
//! Each event is a whole job, never a difference: whoever missed some has lost nothing. A stream holds only the last state
//! of its jobs, so a client that reads slowly, or not at all, costs no memory.

mod stream;

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::problem::{Answer, Parameters, PathId, Problem};
use super::visitor::Visitor;
use crate::queue::JobId;

/// The most jobs of a stream.
const MOST_JOBS: usize = 100;
/// How long a stream is silent at most.
const SILENCE: Duration = Duration::from_secs(15);
/// After how many seconds to ask again if there are too many streams.
const LATER: u64 = 10;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(of_job)).routes(routes!(of_jobs))
}

/// Watch a job
///
/// An event `job` has the whole job, first as it is and then after each change; its id grows with each. The stream ends
/// after the job has ended. `Last-Event-ID` leaves out what the client has: if that is all, the answer is 204.
#[utoipa::path(
    get, path = "/jobs/{id}/events", tag = "events", operation_id = "watch_job",
    params(("id" = String, Path, description = "The name of the job")),
    responses(
        (status = 200, description = "The stream", content_type = "text/event-stream", body = String),
        (status = 204, description = "The job has ended, and the client knows"),
        (status = 503, description = "There are too many streams", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn of_job(State(app): State<App>, visitor: Visitor, PathId(id): PathId, headers: HeaderMap) -> Answer<Response> {
    stream(&app, &visitor, vec![id], &headers).await
}

/// Which jobs to watch.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// The names of 1 to 100 jobs, separated by commas
    #[param(pattern = "^[0-9a-hjkmnp-tv-z]{26}(,[0-9a-hjkmnp-tv-z]{26}){0,99}$")]
    jobs: String,
}

/// Watch several jobs in one stream
///
/// Browsers open few connections to a server, so a page should watch all of its jobs in one stream.
#[utoipa::path(
    get, path = "/events", tag = "events", operation_id = "watch_jobs", params(Which),
    responses(
        (status = 200, description = "The stream", content_type = "text/event-stream", body = String),
        (status = 204, description = "All jobs have ended, and the client knows"),
        (status = 503, description = "There are too many streams", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn of_jobs(
    State(app): State<App>,
    visitor: Visitor,
    Parameters(which): Parameters<Which>,
    headers: HeaderMap,
) -> Answer<Response> {
    let mut ids: Vec<JobId> = Vec::new();
    for name in which.jobs.split(',').take(MOST_JOBS + 1) {
        let id = JobId::parse(name).ok_or_else(|| Problem::missing("job"))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.len() > MOST_JOBS {
        let detail = format!("a stream shows at most {MOST_JOBS} jobs");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail).field("jobs"));
    }
    stream(&app, &visitor, ids, &headers).await
}

async fn stream(app: &App, visitor: &Visitor, ids: Vec<JobId>, headers: &HeaderMap) -> Answer<Response> {
    let permit = app.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many streams are open")
            .hint("watch all jobs of a page in one stream, or try again in a moment")
            .retry_after(LATER)
    })?;
    let mut watched = Vec::with_capacity(ids.len());
    for id in ids {
        watched.push((id.clone(), app.watch.join(app, visitor, &id).await?));
    }
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<i64>().ok());
    let Some(states) = stream::states(watched, known) else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let mut stop = app.stop.clone();
    let events = stream::events(states, (permit, app.metrics.stream()), async move { stop.requested().await });
    let events = futures_util::StreamExt::map(events, Ok::<Event, Infallible>);
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(SILENCE));
    // Proxies must pass on each event at once.
    Ok(([("x-accel-buffering", "no")], sse).into_response())
}

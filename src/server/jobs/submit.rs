//! Adding jobs.

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::order::{Prepared, prepare};
use super::view::View;
use super::{email, job_of, request};
use crate::queue::{self, Enqueued, JobId};
use crate::server::app::App;
use crate::server::problem::{Answer, Body, Problem};
use crate::server::visitor::Visitor;
use crate::settings::{Prompts, Settings};

/// The header that names a request, so that sending it again does not add another job.
const KEY: &str = "idempotency-key";
/// The longest such name.
const LONGEST_KEY: usize = 200;
/// The most bytes of the prompt in lists.
const LONGEST_PROMPT: usize = 8000;
/// After how many seconds to ask again if too many jobs wait.
const LATER: u64 = 30;

/// A job that was added, now or by an earlier request with the same key.
pub(in crate::server) struct Submitted {
    /// Its name
    pub id: JobId,
    /// Whether this request added it
    pub is_new: bool,
}

/// Ask for a picture
///
/// The body has settings by name, as a configuration file has them; what it leaves out has the usual values. The answer
/// is the job: watch it at `/jobs/{id}/events`. A request with the same `Idempotency-Key` as before answers the same job.
#[utoipa::path(
    post, path = "/jobs", tag = "jobs", operation_id = "create_job",
    request_body(content = Object, content_type = "application/json"),
    params(("idempotency-key" = Option<String>, Header, description = "Names the request: sending it again with the same \
        name does not ask for another picture", min_length = 1, max_length = 200, pattern = "^[!-~]+$")),
    responses(
        (status = 201, description = "The job waits in the queue", body = View,
            headers(("location" = String, description = "The address of the job"))),
        (status = 200, description = "A request with this key added the job before", body = View),
        (status = 409, description = "The key was used for another picture", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many of the visitor's jobs wait", body = Problem,
            content_type = "application/problem+json",
            headers(("retry-after" = u64, description = "After how many seconds to ask again"))),
    ),
)]
pub(super) async fn create(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Body(body): Body<Map<String, Value>>,
) -> Answer<Response> {
    let key = key_in(&headers)?;
    let Submitted { id, is_new } = submit(&app, &visitor, body, key).await?;
    let job = job_of(&app, &visitor, &id).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = (status, Json(View::of(&app, job, true).await?)).into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/api/v1/jobs/{id}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Adds the job that a body asks for. `key` is the visitor's own name for the request.
pub(in crate::server) async fn submit(
    app: &App,
    visitor: &Visitor,
    body: Map<String, Value>,
    key: Option<&str>,
) -> Answer<Submitted> {
    let asked = request::read(body)?;
    let tell = asked.email;
    if tell {
        email::check(app, visitor).await?;
    }
    let prepared = prepare(app, visitor, asked, key).await?;
    add(app, visitor, &prepared, tell, key).await
}

/// Adds a job to the queue. `tell` is whether the visitor wants a letter when it ends, `key` the visitor's own name for the request.
pub(super) async fn add(
    app: &App,
    visitor: &Visitor,
    prepared: &Prepared,
    tell: bool,
    key: Option<&str>,
) -> Answer<Submitted> {
    let Prepared { order, json, quality } = prepared;
    let Settings { prompt, drawer, .. } = &order.settings;
    let job = queue::NewJob {
        key: key.map(str::to_owned),
        weight: visitor.weight,
        max_waiting: visitor.max_waiting,
        max_running: visitor.max_running,
        tell,
        ..queue::NewJob::new(&visitor.owner, json, &shown(prompt), &drawer.to_string(), quality)
    };
    match app.queue.enqueue(&job).await? {
        Enqueued::New(id) => {
            app.changes.tell(&id);
            Ok(Submitted { id, is_new: true })
        }
        Enqueued::Same(id) => Ok(Submitted { id, is_new: false }),
        Enqueued::OtherSettings(id) => {
            let detail = "the key was used for another picture before";
            let problem = Problem::new(StatusCode::CONFLICT, detail).job(&id);
            Err(problem.hint(format!("use another key, or look at the job {id}")))
        }
        Enqueued::Full { max_waiting } => {
            let detail = format!("{max_waiting} of your jobs wait, and no more may");
            Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail)
                .hint("wait until some are drawn, or cancel them")
                .retry_after(LATER))
        }
    }
}

/// The prompt for lists: as it was written, but not longer than the queue takes.
fn shown(prompt: &Prompts) -> String {
    let text = prompt.to_string();
    text[..text.floor_char_boundary(LONGEST_PROMPT)].to_owned()
}

fn key_in(headers: &HeaderMap) -> Answer<Option<&str>> {
    let Some(key) = headers.get(KEY) else { return Ok(None) };
    let fits = |key: &&str| (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    key.to_str().ok().filter(fits).map(Some).ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, "the header Idempotency-Key cannot be used")
            .hint(format!("give it 1 to {LONGEST_KEY} letters, digits and signs without spaces"))
    })
}

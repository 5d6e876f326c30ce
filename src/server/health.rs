//! Whether the server lives, and whether it can work.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio::time::timeout;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::problem::{Answer, Problem};

/// The longest wait for the database, the store and the disk together.
const WAIT: Duration = Duration::from_secs(10);
/// The least room on the disk, in bytes: enough for the files of some jobs and for what the database writes meanwhile.
const LEAST_ROOM: u64 = 100 << 20;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready))
}

/// Ask whether the server lives
#[utoipa::path(
    get, path = "/healthz", tag = "operations", operation_id = "alive",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain")),
)]
async fn alive() -> &'static str {
    "ok\n"
}

/// Ask whether the server can work
///
/// It can if its database answers and has all tables, its store can be written, and its disk is not full.
#[utoipa::path(
    get, path = "/readyz", tag = "operations", operation_id = "ready",
    responses(
        (status = 200, description = "It can", body = String, content_type = "text/plain"),
        (status = 503, description = "It cannot", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn ready(State(app): State<App>) -> Answer<&'static str> {
    match timeout(WAIT, obstacle(&app)).await {
        Ok(None) => Ok("ready\n"),
        Ok(Some(obstacle)) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, obstacle)),
        Err(_) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the database or the store answers too slowly")),
    }
}

/// Why the server cannot work; none if it can. The details go to the log.
async fn obstacle(app: &App) -> Option<&'static str> {
    // Asking for counts needs the tables.
    if let Err(error) = app.queue.counts().await {
        tracing::warn!(%error, hint = error.hint(), "not ready: database");
        return Some("the database does not answer, or lacks tables");
    }
    let folder = app.config.data.clone();
    let room = tokio::task::spawn_blocking(move || fs4::available_space(folder)).await;
    if let Ok(Ok(room)) = room
        && room < LEAST_ROOM
    {
        tracing::warn!(room, "not ready: disk");
        return Some("the disk is full");
    }
    if let Err(error) = app.objects.check().await {
        tracing::warn!(%error, hint = error.hint(), "not ready: store");
        return Some("the store of pictures cannot be written");
    }
    None
}

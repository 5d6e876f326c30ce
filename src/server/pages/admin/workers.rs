//! Who draws.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::{Desk, back};
use crate::server::admin::{WorkerView, drain_worker, list_workers};
use crate::server::app::App;
use crate::server::pages::{Form, Layout, render};
use crate::server::problem::{Answer, PathId};

#[derive(Template)]
#[template(path = "admin/workers.html", config = "src/server/pages/askama.toml")]
struct WorkersPage {
    layout: Layout,
    done: Option<&'static str>,
    workers: Vec<WorkerView>,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/workers", get(list))
        .route("/admin/workers/{id}/drain", post(drain))
        .route("/admin/workers/{id}/undrain", post(undrain))
}

async fn list(State(app): State<App>, desk: Desk) -> Answer<Response> {
    let workers = list_workers(&app).await?;
    Ok(render(&WorkersPage { layout: desk.layout, done: desk.done, workers }))
}

async fn drain(State(app): State<App>, desk: Desk, PathId(id): PathId, form: Form) -> Answer<Response> {
    drain_worker(&app, &desk.visitor, &id, true).await?;
    Ok(back(&form, "/admin/workers", "drained"))
}

async fn undrain(State(app): State<App>, desk: Desk, PathId(id): PathId, form: Form) -> Answer<Response> {
    drain_worker(&app, &desk.visitor, &id, false).await?;
    Ok(back(&form, "/admin/workers", "undrained"))
}

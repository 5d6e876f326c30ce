//! The page of a job: its place in the queue, the picture while it grows, the film of it, and what to do with it.
//!
//! The page says in words what a job looks like in each state, and scripts move only what changes between two states. So it
//! works without them: it then reloads every few seconds, until the job has ended.

mod actions;
mod page;
mod words;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use self::page::JobPage;
use super::{Layout, render};
use crate::server::app::App;
use crate::server::jobs::job_of;
use crate::server::problem::{Answer, PathId};
use crate::server::visitor::Visitor;

pub(super) use words::{has_cells, heading, state_in_words, tone};

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/p/{id}", get(show))
        .route("/p/{id}/cancel", post(actions::cancel))
        .route("/p/{id}/delete", post(actions::delete))
        .route("/p/{id}/again", post(actions::again))
        .route("/p/{id}/start", post(actions::start))
        .route("/p/{id}/publish", post(actions::publish))
        .route("/p/{id}/withdraw", post(actions::withdraw))
}

async fn show(State(app): State<App>, layout: Layout, visitor: Visitor, PathId(id): PathId) -> Answer<Response> {
    let job = job_of(&app, &visitor, &id).await?;
    let page = JobPage::of(&app, layout, &visitor, job).await?;
    Ok(render(&page))
}

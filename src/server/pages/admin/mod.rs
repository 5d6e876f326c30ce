//! Pages for operators; for everybody else, they do not exist.

mod audit;
mod jobs;
mod letters;
mod links;
mod overview;
mod pictures;
mod users;
mod workers;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;

use super::{Asked, Form, Layout, local_path, redirect};
use crate::server::app::App;
use crate::server::problem::Problem;
use crate::server::visitor::Visitor;

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .merge(overview::routes())
        .merge(jobs::routes())
        .merge(workers::routes())
        .merge(users::routes())
        .merge(letters::routes())
        .merge(pictures::routes())
        .merge(links::routes())
        .merge(audit::routes())
}

/// An operator who looks at a page.
struct Desk {
    layout: Layout,
    visitor: Visitor,
    /// What the operator has just done, in words
    done: Option<&'static str>,
}

impl<S: Send + Sync> FromRequestParts<S> for Desk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        if !visitor.operates() {
            return Err(Problem::missing("page"));
        }
        let query = Asked::of(parts).0;
        let code = query.get("done");
        let done = DONE.into_iter().find(|(known, _)| *known == code).map(|(_, words)| words);
        Ok(Self { layout: Layout::of(parts), visitor, done })
    }
}

/// What an operator can have done: as an address has it, and in words.
const DONE: [(&str, &str); 13] = [
    ("paused", "The queue is paused: no job starts until you resume it."),
    ("resumed", "The queue is running again."),
    ("requeued", "The job is back in the queue."),
    ("canceled", "The job is canceled, or will be in a moment."),
    ("drained", "The worker will stop taking jobs within 20 seconds."),
    ("undrained", "The worker will take jobs again within 20 seconds."),
    ("resent", "The email is queued to be sent."),
    ("shown", "The picture is in the gallery again."),
    ("added", "The user is added."),
    ("changed", "The user is changed."),
    ("disabled", "The user is disabled."),
    ("enabled", "The user is enabled again."),
    ("withdrawn", "The invitation is no longer valid."),
];

/// Back to the page that a form came from, or to another one of the desk, with what was done.
fn back(form: &Form, usual: &str, done: &str) -> Response {
    let page = Some(local_path(form.get("back"))).filter(|page| page.starts_with("/admin")).unwrap_or(usual);
    let sign = if page.contains('?') { '&' } else { '?' };
    redirect(&format!("{page}{sign}done={done}"))
}

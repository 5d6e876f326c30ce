//! The server: the HTTP interface to the queue, with its documentation, and the workers inside it.
//!
//! Each part of the interface has a file with a function `routes`. The paths of all parts but `docs`, `health` and
//! `openai` are below `/api/v1`.

mod app;
mod changes;
mod config;
mod docs;
mod events;
mod guard;
mod health;
mod jobs;
mod lists;
mod metrics;
mod moment;
mod openai;
mod problem;
mod uploads;
mod users;
mod visitor;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;

pub use app::App;
pub use changes::Changes;
pub use config::{Config, Limits, Retention};
pub use guard::{Guard, check_opening};
pub use metrics::Metrics;
pub use problem::Problem;
pub use visitor::Visitor;

/// The largest body of a request, in bytes. Parts that take files raise it for their own routes.
const LARGEST_BODY: usize = 64 << 10;

/// All routes, behind the guard.
pub fn router(app: &App) -> Router {
    let api = OpenApiRouter::new()
        .merge(jobs::routes())
        .merge(events::routes())
        .merge(uploads::routes())
        .merge(lists::routes())
        .merge(users::routes());
    let (routes, _description) = OpenApiRouter::new()
        .nest("/api/v1", api)
        .merge(openai::routes())
        .merge(health::routes())
        .merge(docs::routes())
        .split_for_parts();
    guard::guarded(routes, app).layer(DefaultBodyLimit::max(LARGEST_BODY)).with_state(app.clone())
}

//! The server: the HTTP interface to the queue, with its documentation, and the workers inside it.
//!
//! Each part of the interface has a file with a function `routes`. The paths of all parts but `docs`, `health`, `openai`
//! and `pages`, and of the files of published pictures, are below `/api/v1`.

mod absolute;
mod admin;
mod app;
pub mod audit;
mod changes;
mod config;
mod data;
mod delivery;
mod derived;
mod docs;
mod events;
mod guard;
mod health;
mod jobs;
mod listen;
mod lists;
mod log;
mod maintenance;
mod metrics;
mod moment;
#[cfg(test)]
mod old_statements;
mod openai;
mod pages;
mod part;
mod pictures;
mod problem;
mod run;
pub mod upkeep;
mod uploads;
mod users;
mod visitor;
mod watch;
mod whole;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::database::Database;
use crate::error::Result;

pub use app::App;
pub use changes::Changes;
pub use config::{Config, Limits, Registration, Retention};
pub use data::Data;
pub use guard::{Guard, check_opening};
pub use metrics::Metrics;
pub use moment::moment as rfc3339;
pub use problem::Problem;
pub use run::run;
pub use uploads::Uploads;
pub use users::invitations::{invitation_link, reset_link};
pub use visitor::Visitor;

/// The largest body of a request, in bytes. Parts that take files raise it for their own routes.
const LARGEST_BODY: usize = 64 << 10;

/// The tables of the server's own parts, the oldest change first. A published text is never changed: a change is a new file.
const TABLES: &[&str] = &[uploads::TABLE, audit::TABLE];

/// Makes the tables of the server's own parts that are missing.
///
/// # Errors
///
/// If the database belongs to a newer version, or cannot be reached.
pub async fn migrate(database: &Database) -> Result<()> {
    database.migrate("server", TABLES).await
}

/// All routes, behind the guard.
pub fn router(app: &App) -> Router {
    let api = OpenApiRouter::new()
        .merge(jobs::routes())
        .merge(events::routes())
        .merge(uploads::routes())
        .merge(lists::routes())
        .merge(pictures::routes())
        .merge(users::routes())
        .merge(admin::routes());
    let (routes, described) = OpenApiRouter::new()
        .nest("/api/v1", api)
        .merge(openai::routes())
        .merge(pictures::file_routes())
        .merge(health::routes())
        .split_for_parts();
    let routes = routes.merge(docs::routes(&described)).merge(metrics::routes()).merge(pages::routes());
    // The route of a request is known only behind the router, so that each route is measured by itself.
    let routes = routes
        .route_layer(from_fn_with_state(app.clone(), metrics::measure))
        .fallback(async || Problem::missing("page"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not take this method")
        });
    // Inside the guard, problems become pages that know the visitor; outside, those of the guard do.
    guard::guarded(routes.layer(from_fn(pages::as_page)), app)
        .layer(from_fn(pages::as_page))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(log::in_time))
        .layer(CatchPanicLayer::custom(log::panicked))
        .layer(from_fn(openai::in_their_shape))
        .layer(from_fn_with_state(app.clone(), guard::add_headers))
        .layer(from_fn(log::logged))
        .with_state(app.clone())
}

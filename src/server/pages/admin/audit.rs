//! What operators did.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::Desk;
use crate::server::admin::{EntryView, entries};
use crate::server::app::App;
use crate::server::pages::{Asked, Layout, render};
use crate::server::problem::Answer;

#[derive(Template)]
#[template(path = "admin/audit.html", config = "src/server/pages/askama.toml")]
struct AuditPage {
    layout: Layout,
    done: Option<&'static str>,
    entries: Vec<EntryView>,
    /// The address of the page with older acts
    older: Option<String>,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/admin/audit", get(list))
}

async fn list(State(app): State<App>, desk: Desk, Asked(query): Asked) -> Answer<Response> {
    let found = entries(&app, query.get("before").parse().ok(), None).await?;
    let older = found.next.map(|next| format!("/admin/audit?before={next}"));
    Ok(render(&AuditPage { layout: desk.layout, done: desk.done, entries: found.items, older }))
}

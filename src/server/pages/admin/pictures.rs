//! Pictures that operators hid.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::{Desk, back};
use crate::server::admin::{HiddenPicture, hidden_pictures};
use crate::server::app::App;
use crate::server::pages::{Asked, Form, Layout, render};
use crate::server::pictures::unhide;
use crate::server::problem::{Answer, PathId};

#[derive(Template)]
#[template(path = "admin/pictures.html", config = "src/server/pages/askama.toml")]
struct PicturesPage {
    layout: Layout,
    done: Option<&'static str>,
    pictures: Vec<HiddenPicture>,
    /// The address of the page with older pictures
    older: Option<String>,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/admin/pictures", get(list)).route("/admin/pictures/{id}/show", post(show))
}

async fn list(State(app): State<App>, desk: Desk, Asked(query): Asked) -> Answer<Response> {
    let found = hidden_pictures(&app, query.get("before").parse().ok(), None).await?;
    let older = found.next.map(|next| format!("/admin/pictures?before={next}"));
    Ok(render(&PicturesPage { layout: desk.layout, done: desk.done, pictures: found.items, older }))
}

async fn show(State(app): State<App>, desk: Desk, PathId(id): PathId, form: Form) -> Answer<Response> {
    unhide(&app, &desk.visitor, &id).await?;
    Ok(back(&form, "/admin/pictures", "shown"))
}

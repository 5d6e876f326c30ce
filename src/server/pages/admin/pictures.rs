//! Pictures of the gallery that operators hid.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};

use super::{Desk, back};
use crate::server::app::App;
use crate::server::pages::{Form, Layout, render};
use crate::server::pictures::{self, View, Viewer};
use crate::server::problem::{Answer, PathId};

/// How many pictures a page has.
const LENGTH: u32 = 50;
const PATH: &str = "/admin/pictures";

#[derive(Template)]
#[template(path = "admin/pictures.html", config = "src/server/pages/askama.toml")]
struct PicturesPage {
    layout: Layout,
    done: Option<&'static str>,
    pictures: Vec<View>,
    /// The address of the page with older pictures
    older: Option<String>,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new().route(PATH, get(list)).route("/admin/pictures/{id}/unhide", post(unhide))
}

async fn list(State(app): State<App>, desk: Desk, viewer: Viewer, RawQuery(query): RawQuery) -> Answer<Response> {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let hidden = app.gallery.hidden(query.get("before").parse().ok(), LENGTH).await?;
    let older = hidden.last().filter(|_| hidden.len() == LENGTH as usize);
    let older = older.map(|last| format!("{PATH}?before={}", last.number));
    let pictures = View::all(&app, &viewer, hidden).await?;
    Ok(render(&PicturesPage { layout: desk.layout, done: desk.done, pictures, older }))
}

async fn unhide(State(app): State<App>, desk: Desk, PathId(id): PathId, form: Form) -> Answer<Response> {
    pictures::unhide(&app, &desk.visitor, &id).await?;
    Ok(back(&form, PATH, "shown"))
}

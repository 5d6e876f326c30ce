//! What the buttons below a published picture do.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::Response;

use super::super::{Form, redirect};
use crate::database::Id;
use crate::server::app::App;
use crate::server::pictures::{self, Viewer};
use crate::server::problem::{Answer, PathId};
use crate::server::visitor::Visitor;

pub(super) async fn like(State(app): State<App>, viewer: Viewer, PathId(id): PathId) -> Answer<Response> {
    let cookie = pictures::like(&app, &viewer, &id).await?;
    let mut response = page(&id);
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

pub(super) async fn unlike(State(app): State<App>, viewer: Viewer, PathId(id): PathId) -> Answer<Response> {
    pictures::unlike(&app, &viewer, &id).await?;
    Ok(page(&id))
}

pub(super) async fn withdraw(State(app): State<App>, visitor: Visitor, PathId(id): PathId) -> Answer<Response> {
    pictures::withdraw(&app, &visitor, &id).await?;
    Ok(redirect("/gallery"))
}

pub(super) async fn hide(State(app): State<App>, visitor: Visitor, PathId(id): PathId, form: Form) -> Answer<Response> {
    pictures::hide(&app, &visitor, &id, form.get("why")).await?;
    Ok(page(&id))
}

pub(super) async fn unhide(State(app): State<App>, visitor: Visitor, PathId(id): PathId) -> Answer<Response> {
    pictures::unhide(&app, &visitor, &id).await?;
    Ok(page(&id))
}

fn page(id: &Id) -> Response {
    redirect(&format!("/g/{id}"))
}

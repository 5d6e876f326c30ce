//! Liking pictures.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::viewer::{Viewer, new_browser};
use crate::database::Id;
use crate::server::app::App;
use crate::server::problem::{Answer, PathId, Problem};

/// Like a picture
///
/// Nobody likes a picture twice. A visitor without a login is known by a cookie that the first like sets.
#[utoipa::path(
    put, path = "/pictures/{id}/like", tag = "pictures", operation_id = "like_picture",
    params(("id" = String, Path, description = "The name of the picture")),
    responses((status = 204, description = "The visitor likes the picture")),
)]
pub(super) async fn like(State(app): State<App>, viewer: Viewer, PathId(id): PathId) -> Answer<Response> {
    let cookie = add(&app, &viewer, &id).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Take back the like of a picture
#[utoipa::path(
    delete, path = "/pictures/{id}/like", tag = "pictures", operation_id = "unlike_picture",
    params(("id" = String, Path, description = "The name of the picture")),
    responses((status = 204, description = "The visitor does not like the picture any more")),
)]
pub(super) async fn unlike(State(app): State<App>, viewer: Viewer, PathId(id): PathId) -> Answer<StatusCode> {
    remove(&app, &viewer, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Likes a picture. Returns a cookie for the browser, if it has none.
pub(in crate::server) async fn add(app: &App, viewer: &Viewer, id: &Id) -> Answer<Option<HeaderValue>> {
    let (who, cookie) = match viewer.who() {
        Some(who) => (who.to_owned(), None),
        None => new_browser(app).map(|(who, cookie)| (who, Some(cookie)))?,
    };
    let likes = app.gallery.like(id, &who, viewer.before_login()).await?;
    likes.map(|_| cookie).ok_or_else(|| Problem::missing("picture"))
}

/// Takes the like of a picture back.
pub(in crate::server) async fn remove(app: &App, viewer: &Viewer, id: &Id) -> Answer<()> {
    // Whoever never liked anything has no name.
    let who = viewer.who().unwrap_or_default();
    let likes = app.gallery.unlike(id, who, viewer.before_login()).await?;
    likes.map(drop).ok_or_else(|| Problem::missing("picture"))
}

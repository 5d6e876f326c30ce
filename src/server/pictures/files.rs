//! The files of published pictures.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::picture_of;
use super::viewer::Viewer;
use crate::database::Id;
use crate::files::{slug, to_hex};
use crate::gallery::Picture;
use crate::queue::Artifact;
use crate::server::app::App;
use crate::server::delivery::{File, Manner};
use crate::server::derived;
use crate::server::jobs::FileView;
use crate::server::jobs::files::{RECIPE, media_type, recipe};
use crate::server::problem::{Answer, Parameters, PathId, PathName, Problem};

pub(super) use crate::server::derived::THUMBNAIL;

/// The files that a job may have, in the order of lists.
const MADE: [&str; 6] =
    ["picture.png", "picture.mp4", "picture.gif", "picture.reveal.mp4", "picture.svg", "picture.tile.png"];
/// How long others may keep a file: it never changes, but its picture may be withdrawn.
const AN_HOUR: &str = "public, max-age=3600";
/// What only some may see is kept by nobody.
const NOT_AT_ALL: &str = "private, no-store";

/// The address of a file.
pub(super) fn url(picture: &Id, name: &str) -> String {
    format!("/g/{picture}/{name}")
}

/// The files of a picture that are shared.
pub(super) async fn list(app: &App, picture: &Picture) -> Answer<Vec<FileView>> {
    let artifacts = app.queue.artifacts(&picture.job).await?;
    let mut files = Vec::new();
    let mut add = |name: &str, bytes: u64, sha256: String| {
        let media_type = media_type(name).unwrap_or_default().to_owned();
        files.push(FileView { name: name.to_owned(), url: url(&picture.id, name), media_type, bytes, sha256 });
    };
    for name in MADE {
        if let Some(made) = shared(app, picture, &artifacts, name).await? {
            add(name, made.bytes, made.sha256);
        }
    }
    if picture.show_prompt
        && let Some(result) = app.queue.result(&picture.job).await?
    {
        add(RECIPE, result.recipe.len() as u64, to_hex(&Sha256::digest(&result.recipe)));
    }
    Ok(files)
}

/// A file of a picture, without its recipe unless that is shared.
async fn shared(app: &App, picture: &Picture, artifacts: &[Artifact], name: &str) -> Answer<Option<Artifact>> {
    if picture.show_prompt {
        return Ok(artifacts.iter().find(|made| made.name == name).cloned());
    }
    derived::plain(app, &picture.job, artifacts, name).await
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wish {
    /// 1 to save the file under a name made from the title
    #[param(minimum = 0, maximum = 1)]
    download: Option<u8>,
}

/// Fetch a file of a published picture
///
/// A part of a file can be asked for with the header `Range`, as players of movies do. `thumb.webp` is a small picture.
#[utoipa::path(
    get, path = "/g/{id}/{name}", tag = "pictures", operation_id = "fetch_picture_file",
    params(
        ("id" = String, Path, description = "The name of the picture"),
        ("name" = String, Path, description = "The name of the file, as the picture lists it"),
        Wish,
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>,
            headers(("etag" = String, description = "The SHA-256 of the file"))),
        (status = 302, description = "The file is in the storage, at an address that is valid for ten minutes",
            headers(("location" = String, description = "The address"))),
    ),
)]
pub(super) async fn fetch(
    State(app): State<App>,
    viewer: Viewer,
    PathId(id): PathId,
    PathName(name): PathName,
    Parameters(wish): Parameters<Wish>,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let picture = picture_of(&app, &viewer, &id).await?;
    let file = find(&app, &picture, &name).await?.ok_or_else(|| Problem::missing("file"))?;
    // What the prompt is, the name of a file does not tell unless it is shared. A slug has letters, digits and hyphens only.
    let called = picture.title.as_deref().or(picture.prompt.as_deref()).unwrap_or_default();
    let saved = name.replacen("picture", &slug(called), 1);
    let caching = if picture.hidden.is_some() { NOT_AT_ALL } else { AN_HOUR };
    file.send(&app, (&method, &headers), &Manner { caching, name: &saved, download: wish.download == Some(1) }).await
}

async fn find(app: &App, picture: &Picture, name: &str) -> Answer<Option<File>> {
    if name == RECIPE && picture.show_prompt {
        let result = app.queue.result(&picture.job).await?;
        return Ok(result.map(|result| recipe(result.recipe)));
    }
    let is_thumbnail = name == THUMBNAIL;
    let Some(media_type) = media_type(name).filter(|_| is_thumbnail || MADE.contains(&name)) else { return Ok(None) };
    let artifacts = app.queue.artifacts(&picture.job).await?;
    let made = if is_thumbnail {
        derived::thumbnail(app, &picture.job, &artifacts).await?
    } else {
        shared(app, picture, &artifacts, name).await?
    };
    Ok(made.map(|made| File::of(made, media_type)))
}

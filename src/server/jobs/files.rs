//! The files of jobs: pictures, movies and recipes.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::{FileView, job_of};
use crate::files::{slug, to_hex};
use crate::objects::is_missing;
use crate::queue::{Artifact, Job, JobId, Recorded};
use crate::server::app::App;
use crate::server::delivery::{Content, FOR_EVER, File, Manner};
use crate::server::derived;
use crate::server::problem::{Answer, Parameters, PathId, PathName, Problem};
use crate::server::visitor::Visitor;

/// The picture.
pub(in crate::server) const PICTURE: &str = "picture.png";
/// The picture so far.
pub(super) const PREVIEW: &str = "preview.png";
/// What draws the picture again.
pub(in crate::server) const RECIPE: &str = "recipe.json";
/// The files of a job that visitors get, with their media types. Other artifacts, such as checkpoints, are for workers.
const SERVED: [(&str, &str); 9] = [
    (PICTURE, "image/png"),
    ("picture.gif", "image/gif"),
    ("picture.mp4", "video/mp4"),
    ("picture.reveal.mp4", "video/mp4"),
    ("picture.svg", "image/svg+xml"),
    ("picture.tile.png", "image/png"),
    (RECIPE, "application/json"),
    (PREVIEW, "image/png"),
    (derived::THUMBNAIL, "image/webp"),
];
/// The name of a preview stays while the picture changes.
const ASK_AGAIN: &str = "private, no-cache";

/// The address of a file.
pub(in crate::server) fn url(job: &JobId, name: &str) -> String {
    format!("/api/v1/jobs/{job}/files/{name}")
}

/// The files of a job that are ready.
pub(super) fn list(job: &JobId, artifacts: &[Artifact], result: Option<&Recorded>) -> Vec<FileView> {
    let file = |name: &str, bytes: u64, sha256: String| {
        let media_type = media_type(name)?.to_owned();
        Some(FileView { name: name.to_owned(), url: url(job, name), media_type, bytes, sha256 })
    };
    // The small picture for lists is made when it is asked for.
    let made = artifacts.iter().filter(|made| made.name != derived::THUMBNAIL);
    let made = made.filter_map(|made| file(&made.name, made.bytes, made.sha256.clone()));
    let recipe =
        result.and_then(|result| file(RECIPE, result.recipe.len() as u64, to_hex(&Sha256::digest(&result.recipe))));
    made.chain(recipe).collect()
}

/// Whether visitors get the files of this name.
pub(in crate::server) fn is_served(name: &str) -> bool {
    media_type(name).is_some()
}

/// The media type of a file that visitors get; none for other files.
pub(in crate::server) fn media_type(name: &str) -> Option<&'static str> {
    SERVED.iter().find(|(served, _)| *served == name).map(|(_, media_type)| *media_type)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wish {
    /// 1 to save the file under a name made from the prompt
    #[param(minimum = 0, maximum = 1)]
    download: Option<u8>,
    /// The version of the job that the address of a preview has; it only keeps browsers from showing an older one
    #[allow(dead_code, reason = "only the schema needs it")]
    version: Option<i64>,
}

/// Fetch a file of a job
///
/// A part of a file can be asked for with the header `Range`, as players of movies do. Besides the files that a job lists,
/// a job that is done has a small `thumb.webp`, and one that is drawn a `preview.png`.
#[utoipa::path(
    get, path = "/jobs/{id}/files/{name}", tag = "jobs", operation_id = "fetch_file",
    params(
        ("id" = String, Path, description = "The name of the job"),
        ("name" = String, Path, description = "The name of the file, as the job lists it"),
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
    visitor: Visitor,
    PathId(id): PathId,
    PathName(name): PathName,
    Parameters(wish): Parameters<Wish>,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let job = job_of(&app, &visitor, &id).await?;
    let file = match media_type(&name) {
        Some(media_type) => find(&app, &job, &name, media_type).await?,
        None => None,
    };
    let file = file.ok_or_else(|| Problem::missing("file"))?;
    let caching = if name == PREVIEW { ASK_AGAIN } else { FOR_EVER };
    // A slug has letters, digits and hyphens only.
    let saved = name.replacen("picture", &slug(&job.prompt), 1);
    file.send(&app, (&method, &headers), &Manner { caching, name: &saved, download: wish.download == Some(1) }).await
}

async fn find(app: &App, job: &Job, name: &str, media_type: &'static str) -> Answer<Option<File>> {
    match name {
        RECIPE => {
            let result = app.queue.result(&job.id).await?;
            Ok(result.map(|result| recipe(result.recipe)))
        }
        PREVIEW => {
            let Some(key) = job.preview.clone() else { return Ok(None) };
            // An object is never replaced, so its key stands for its content.
            let tag = to_hex(&Sha256::digest(&key));
            let bytes = match app.objects.open(&key).await {
                Ok(opened) => opened.bytes,
                Err(error) if is_missing(&error) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            Ok(Some(File { content: Content::Object { key, bytes }, tag, media_type }))
        }
        derived::THUMBNAIL => {
            let artifacts = app.queue.artifacts(&job.id).await?;
            let made = derived::thumbnail(app, &job.id, &artifacts).await?;
            Ok(made.map(|made| File::of(made, media_type)))
        }
        _ => {
            let artifacts = app.queue.artifacts(&job.id).await?;
            let made = artifacts.into_iter().find(|made| made.name == name);
            Ok(made.map(|made| File::of(made, media_type)))
        }
    }
}

/// A recipe as a file.
pub(in crate::server) fn recipe(text: String) -> File {
    let tag = to_hex(&Sha256::digest(&text));
    File { content: Content::Text(text), tag, media_type: "application/json" }
}

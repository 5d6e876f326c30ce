//! The files of jobs: pictures, movies and recipes.

use axum::body::Body;
use axum::extract::{RawPathParams, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::range::{Range, part};
use super::{job_of, view::FileView};
use crate::files::{slug, to_hex};
use crate::objects::is_missing;
use crate::queue::{Artifact, Job, JobId, Recorded};
use crate::server::app::App;
use crate::server::problem::{Answer, Parameters, PathId, Problem};
use crate::server::visitor::Visitor;

/// The picture so far.
pub(super) const PREVIEW: &str = "preview.png";
/// What draws the picture again.
const RECIPE: &str = "recipe.json";
/// The files of a job that visitors get, with their media types. Other artifacts, such as checkpoints, are for workers.
const SERVED: [(&str, &str); 6] = [
    ("picture.png", "image/png"),
    ("picture.gif", "image/gif"),
    ("picture.mp4", "video/mp4"),
    ("picture.svg", "image/svg+xml"),
    (RECIPE, "application/json"),
    (PREVIEW, "image/png"),
];
/// A finished file never changes.
const FOR_EVER: &str = "private, max-age=31536000, immutable";
/// The name of a preview stays while the picture changes.
const ASK_AGAIN: &str = "private, no-cache";

/// The address of a file.
pub(super) fn url(job: &JobId, name: &str) -> String {
    format!("/api/v1/jobs/{job}/files/{name}")
}

/// The files of a job that are ready.
pub(super) fn list(job: &JobId, artifacts: &[Artifact], result: Option<&Recorded>) -> Vec<FileView> {
    let file = |name: &str, bytes: u64, sha256: String| {
        let media_type = media_type(name)?.to_owned();
        Some(FileView { name: name.to_owned(), url: url(job, name), media_type, bytes, sha256 })
    };
    let made = artifacts.iter().filter_map(|made| file(&made.name, made.bytes, made.sha256.clone()));
    let recipe =
        result.and_then(|result| file(RECIPE, result.recipe.len() as u64, to_hex(&Sha256::digest(&result.recipe))));
    made.chain(recipe).collect()
}

/// Whether visitors get the files of this name.
pub(in crate::server) fn is_served(name: &str) -> bool {
    media_type(name).is_some()
}

fn media_type(name: &str) -> Option<&'static str> {
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
/// A part of a file can be asked for with the header `Range`, as players of movies do.
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
        (status = 206, description = "A part of the file", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 304, description = "The file is the one that the header `If-None-Match` names"),
        (status = 416, description = "The file has no such part", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn fetch(
    State(app): State<App>,
    visitor: Visitor,
    PathId(id): PathId,
    path: RawPathParams,
    Parameters(wish): Parameters<Wish>,
    headers: HeaderMap,
) -> Answer<Response> {
    let job = job_of(&app, &visitor, &id).await?;
    let name = path.iter().find(|(name, _)| *name == "name").map_or("", |(_, value)| value);
    let Some((name, media_type)) = SERVED.into_iter().find(|(served, _)| *served == name) else {
        return Err(Problem::missing("file"));
    };
    let file = find(&app, &job, name).await?.ok_or_else(|| Problem::missing("file"))?;
    let mut response = file.response(&app, &headers).await?;
    if !response.status().is_success() && response.status() != StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let found = response.headers_mut();
    found.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    found.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let for_ever = HeaderValue::from_static(if name == PREVIEW { ASK_AGAIN } else { FOR_EVER });
    found.insert(CACHE_CONTROL, for_ever);
    // An SVG could contain scripts, which would run as if they were the server's own.
    let is_active = media_type == "image/svg+xml";
    if is_active {
        found.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    }
    let how = if is_active || wish.download == Some(1) { "attachment" } else { "inline" };
    // A slug has letters, digits and hyphens only.
    let name = name.replacen("picture", &slug(&job.prompt), 1);
    if let Ok(disposition) = HeaderValue::try_from(format!("{how}; filename=\"{name}\"")) {
        found.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// Where the bytes of a file are.
enum Content {
    Text(String),
    Object { key: String, bytes: u64 },
}

/// A file that is there.
struct Found {
    content: Content,
    /// What changes with the content
    tag: String,
}

async fn find(app: &App, job: &Job, name: &str) -> Answer<Option<Found>> {
    match name {
        RECIPE => {
            let result = app.queue.result(&job.id).await?;
            Ok(result.map(|result| Found {
                tag: to_hex(&Sha256::digest(&result.recipe)),
                content: Content::Text(result.recipe),
            }))
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
            Ok(Some(Found { content: Content::Object { key, bytes }, tag }))
        }
        _ => {
            let artifacts = app.queue.artifacts(&job.id).await?;
            let made = artifacts.into_iter().find(|made| made.name == name);
            Ok(made.map(|made| Found {
                content: Content::Object { key: made.object, bytes: made.bytes },
                tag: made.sha256,
            }))
        }
    }
}

impl Found {
    /// The bytes that the headers ask for, with the headers that describe them.
    async fn response(self, app: &App, headers: &HeaderMap) -> Answer<Response> {
        let tag = format!("\"{}\"", self.tag);
        let bytes = match &self.content {
            Content::Text(text) => text.len() as u64,
            Content::Object { bytes, .. } => *bytes,
        };
        let is_known = |header| headers.get(header).and_then(|value: &HeaderValue| value.to_str().ok());
        let mut response = if is_known(IF_NONE_MATCH).is_some_and(|known| names(known, &tag)) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            // A part is only of use to whoever has the rest of the same file.
            let wanted = is_known(RANGE).filter(|_| is_known(IF_RANGE).is_none_or(|known| known == tag));
            match Range::of(wanted, bytes) {
                Range::Whole => self.bytes(app, 0, bytes).await?,
                Range::Part { first, last } => {
                    let mut response = self.bytes(app, first, last + 1 - first).await?;
                    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                    set(&mut response, CONTENT_RANGE, format!("bytes {first}-{last}/{bytes}"));
                    response
                }
                Range::Outside => {
                    let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "the file has no such part");
                    let mut response = problem.hint(format!("the file has {bytes} bytes")).into_response();
                    set(&mut response, CONTENT_RANGE, format!("bytes */{bytes}"));
                    return Ok(response);
                }
            }
        };
        set(&mut response, ETAG, tag);
        Ok(response)
    }

    async fn bytes(self, app: &App, first: u64, length: u64) -> Answer<Response> {
        let body = match self.content {
            Content::Text(text) => {
                let bytes = axum::body::Bytes::from(text);
                let index = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
                Body::from(bytes.slice(index(first)..index(first + length)))
            }
            Content::Object { key, .. } => {
                let opened = app.objects.open(&key).await.map_err(|error| {
                    // The job was deleted in this moment.
                    if is_missing(&error) { Problem::missing("file") } else { error.into() }
                })?;
                Body::from_stream(part(opened.stream, first, length))
            }
        };
        let mut response = Response::new(body);
        set(&mut response, CONTENT_LENGTH, length.to_string());
        Ok(response)
    }
}

fn set(response: &mut Response, name: axum::http::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Whether a header of entity tags names one of them.
fn names(header: &str, tag: &str) -> bool {
    header.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

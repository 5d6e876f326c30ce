//! Uploads: pictures to start from, to steer toward, and of the parts that prompts act on.
//!
//! What a visitor gives is never stored as it came. It is decoded within bounds, turned and converted to sRGB as its notes
//! ask, and stored as a PNG without notes. What is transparent stays so.

mod convert;
mod receive;
mod recorded;
mod statements;
mod store;
mod take;
#[cfg(test)]
mod tests;

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tempfile::TempPath;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

pub(super) use receive::receive_form;
pub(super) use recorded::Recorded;
pub use store::{Deleted, Kept, MOST_OF_AN_OWNER, Upload, Uploads};
pub(super) use take::take;

use super::app::App;
use super::delivery::{Content, FOR_EVER, File, Manner};
use super::jobs::files::PICTURE;
use super::moment::moment;
use super::problem::{Answer, PathId, Problem};
use super::visitor::Visitor;

/// The largest file, in bytes.
const LARGEST_FILE: usize = 20 << 20;
/// The most that a form has besides its files, in bytes.
const AROUND_FILES: usize = 64 << 10;

/// The largest body of a form with up to this many files, in bytes.
pub(super) const fn largest_form(files: usize) -> usize {
    LARGEST_FILE * files + AROUND_FILES
}

/// The tables of this part, the oldest change first. A published text is never changed: a change is a new file.
pub(super) const TABLE: &str = include_str!("../migrations/0001_uploads.sql");

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list).layer(DefaultBodyLimit::max(largest_form(1))))
        .routes(routes!(show, delete))
        .routes(routes!(fetch))
}

/// A picture that the server keeps for its owner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
struct View {
    /// The name of the upload, for `init_image`, `mask`, `overlay` and `image_prompt`
    #[schema(pattern = "^[0-9a-hjkmnp-tv-z]{26}$", example = "3kq8s2v6m1x9c4t7w0zr5yhdbn")]
    id: String,
    /// Columns, after the picture was turned
    #[schema(minimum = 1, maximum = 8192)]
    width: u32,
    /// Rows, after the picture was turned
    #[schema(minimum = 1, maximum = 8192)]
    height: u32,
    /// The format of the file that was given
    #[schema(pattern = "^(png|jpeg|webp|gif|bmp|tiff)$", example = "jpeg")]
    format: String,
    /// The length of the PNG that is stored
    bytes: u64,
    /// The SHA-256 of the PNG that is stored, as hexadecimal digits
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    /// When it was given
    #[schema(format = DateTime)]
    created: String,
    /// When it is deleted, unless it is used again before or a job still needs it
    #[schema(format = DateTime)]
    expires: String,
}

/// The uploads of a visitor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Uploads)]
struct Views {
    /// The newest first; at most 100
    #[schema(max_items = 100)]
    items: Vec<View>,
    /// How many bytes all of them take
    bytes: u64,
    /// How many bytes they may take
    most_bytes: u64,
}

/// A form with a picture.
#[derive(ToSchema)]
#[schema(as = NewUpload)]
#[allow(dead_code, reason = "only its schema is used")]
struct Form {
    /// A PNG, JPEG, WebP, GIF, BMP or TIFF of at most 20 MiB, 8192 pixels a side and 40 megapixels. Of an animation, the
    /// first picture counts
    #[schema(value_type = String, format = Binary)]
    image: Vec<u8>,
}

impl From<Upload> for View {
    fn from(upload: Upload) -> Self {
        Self {
            id: upload.id.to_string(),
            width: upload.width,
            height: upload.height,
            format: upload.format,
            bytes: upload.bytes,
            sha256: upload.sha256,
            created: moment(upload.created),
            expires: moment(upload.expires),
        }
    }
}

/// Give a picture
///
/// A job can start from the picture (`init_image`) or be steered toward it (`image_prompt`), or prompts can act on its white
/// part (`mask`), or it is laid over the picture (`overlay`). The same picture is stored once, so giving it again answers the upload that there is.
#[utoipa::path(
    post, path = "/uploads", tag = "uploads", operation_id = "create_upload",
    request_body(content = Form, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The picture is stored", body = View,
            headers(("location" = String, description = "The address of the upload"))),
        (status = 200, description = "The same picture was stored before", body = View),
    ),
)]
async fn create(
    State(app): State<App>,
    visitor: Visitor,
    form: Result<Multipart, MultipartRejection>,
) -> Answer<Response> {
    let form = form.map_err(|_| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is not a form with a file")
            .hint("send `multipart/form-data` with the file as `image`, as `curl -F image=@picture.png` does")
    })?;
    let file = receive::receive(form, &app.config.incoming()).await?;
    let (upload, is_new) = keep(&app, &visitor.owner, file).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let location = HeaderValue::try_from(format!("/api/v1/uploads/{}", upload.id));
    let mut response = (status, Json(View::from(upload))).into_response();
    if let (StatusCode::CREATED, Ok(location)) = (status, location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Keeps a file as an upload of an owner. Returns it, and whether it is new.
async fn keep(app: &App, owner: &str, file: TempPath) -> Answer<(Upload, bool)> {
    let converted = convert::convert(file).await?;
    match Uploads::new(app).keep(owner, converted).await? {
        Kept::New(upload) => Ok((upload, true)),
        Kept::Same(upload) => Ok((upload, false)),
        Kept::Full { bytes } => {
            let (bytes, most) = (bytes.div_ceil(1 << 20), MOST_OF_AN_OWNER >> 20);
            let detail = format!("your uploads take {bytes} MiB, and all of them may take {most} MiB");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
                .hint("delete uploads that you no longer need, or give a smaller picture"))
        }
    }
}

/// Keeps a file as an upload of an owner, for a page.
///
/// # Errors
///
/// If it is not a picture, or there is no room for it.
pub(super) async fn keep_file(app: &App, owner: &str, file: TempPath) -> Answer<Upload> {
    keep(app, owner, file).await.map(|(upload, _)| upload)
}

/// List your uploads
#[utoipa::path(
    get, path = "/uploads", tag = "uploads", operation_id = "list_uploads",
    responses((status = 200, description = "The newest uploads, and how much room they take", body = Views)),
)]
async fn list(State(app): State<App>, visitor: Visitor) -> Answer<Json<Views>> {
    let uploads = Uploads::new(&app);
    let items = uploads.list(&visitor.owner).await?.into_iter().map(View::from).collect();
    let bytes = uploads.bytes(&visitor.owner).await?;
    Ok(Json(Views { items, bytes, most_bytes: MOST_OF_AN_OWNER }))
}

/// Look at an upload
#[utoipa::path(
    get, path = "/uploads/{id}", tag = "uploads", operation_id = "show_upload",
    params(("id" = String, Path, description = "The name of the upload")),
    responses((status = 200, description = "The upload", body = View)),
)]
async fn show(State(app): State<App>, visitor: Visitor, PathId(id): PathId) -> Answer<Json<View>> {
    let upload = Uploads::new(&app).look(&visitor.owner, &id).await?;
    upload.map(|upload| Json(upload.into())).ok_or_else(|| Problem::missing("upload"))
}

/// Fetch the picture of an upload
///
/// It is the PNG that is stored, without the notes of the file that was given.
#[utoipa::path(
    get, path = "/uploads/{id}/picture.png", tag = "uploads", operation_id = "fetch_upload",
    params(("id" = String, Path, description = "The name of the upload")),
    responses(
        (status = 200, description = "The picture", content_type = "image/png", body = Vec<u8>,
            headers(("etag" = String, description = "The SHA-256 of the file"))),
    ),
)]
async fn fetch(
    State(app): State<App>,
    visitor: Visitor,
    PathId(id): PathId,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let upload = Uploads::new(&app).look(&visitor.owner, &id).await?;
    let upload = upload.ok_or_else(|| Problem::missing("upload"))?;
    let content = Content::Object { key: upload.object, bytes: upload.bytes };
    let file = File { content, tag: upload.sha256, media_type: "image/png" };
    file.send(&app, (&method, &headers), &Manner { caching: FOR_EVER, name: PICTURE, download: false }).await
}

/// Delete an upload
///
/// An upload that a job still needs stays until the job has ended or was deleted.
#[utoipa::path(
    delete, path = "/uploads/{id}", tag = "uploads", operation_id = "delete_upload",
    params(("id" = String, Path, description = "The name of the upload")),
    responses(
        (status = 204, description = "The upload is deleted"),
        (status = 409, description = "A job still needs the upload", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn delete(State(app): State<App>, visitor: Visitor, PathId(id): PathId) -> Answer<StatusCode> {
    match Uploads::new(&app).delete(&visitor.owner, &id).await? {
        Deleted::Yes => Ok(StatusCode::NO_CONTENT),
        Deleted::Unknown => Err(Problem::missing("upload")),
        Deleted::Needed => Err(Problem::new(StatusCode::CONFLICT, "a job still needs this upload")
            .hint("cancel the job, or wait until it has ended")),
    }
}

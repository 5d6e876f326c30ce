//! The routes that clients of OpenAI's API use, so that programs written for that API can draw with this server.

mod errors;
mod models;
mod waiting;
mod wish;

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use errors::{OpenAiError, in_their_shape};

use self::waiting::Asked;
use self::wish::{Form, Wish};
use super::absolute::absolute;
use super::app::App;
use super::jobs::files::{PICTURE, url};
use super::jobs::submit;
use super::problem::{Answer, Body, Problem};
use super::visitor::Visitor;
use crate::queue::JobId;

/// Where pictures are asked for, and waited for.
pub const GENERATIONS: &str = "/v1/images/generations";
/// The largest picture that is sent inside an answer, in bytes.
const LARGEST_PICTURE: u64 = 64 << 20;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(generate)).routes(routes!(models::list)).routes(routes!(models::show))
}

/// Pictures that were drawn.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiImages)]
struct Images {
    /// When they were ready, in seconds since 1970
    created: u64,
    /// As many as were asked for
    #[schema(min_items = 1, max_items = 10)]
    data: Vec<Image>,
}

/// A picture: its address, or its bytes.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiImage)]
struct Image {
    /// The address of a PNG
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// A PNG in base 64
    #[serde(skip_serializing_if = "Option::is_none")]
    b64_json: Option<String>,
}

/// Draw pictures, as clients of OpenAI's API ask for them
///
/// The answer comes when all pictures are ready, which takes as long as the queue is; `POST /api/v1/jobs` does not wait. If
/// the client goes away before, its pictures are canceled. The address of a picture needs the same login as this request;
/// ask for `b64_json` where that is in the way.
#[utoipa::path(
    post, path = "/v1/images/generations", tag = "openai", operation_id = "generate_images",
    request_body(content = Wish, content_type = "application/json"),
    responses(
        (status = 200, description = "The pictures are ready", body = Images),
        (status = 404, description = "There is no such model", body = OpenAiError, content_type = "application/json"),
        (status = 409, description = "Someone canceled or deleted a picture", body = OpenAiError,
            content_type = "application/json"),
        (status = 504, description = "The pictures were not ready within an hour, and are canceled",
            body = OpenAiError, content_type = "application/json"),
    ),
)]
async fn generate(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Body(wish): Body<Wish>,
) -> Answer<Json<Images>> {
    let bodies = wish.bodies()?;
    let form = wish.form()?;
    let mut asked = Asked::new(app.clone());
    for body in bodies {
        // Those that were asked for before are canceled if this one is refused.
        asked.add(submit(&app, &visitor, body, None).await?.id);
    }
    let mut data = Vec::new();
    for job in asked.pictures().await? {
        data.push(match form {
            Form::Url => Image { url: Some(address(&app, &headers, &job)), b64_json: None },
            Form::Base64 => Image { url: None, b64_json: Some(bytes(&app, &job).await?) },
        });
    }
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Ok(Json(Images { created, data }))
}

/// The address of a picture for programs elsewhere.
fn address(app: &App, headers: &HeaderMap, job: &JobId) -> String {
    absolute(app, headers, &url(job, PICTURE))
}

/// A picture in base 64.
async fn bytes(app: &App, job: &JobId) -> Answer<String> {
    let artifacts = app.queue.artifacts(job).await?;
    let picture = artifacts.into_iter().find(|artifact| artifact.name == PICTURE);
    let picture = picture.ok_or_else(|| Problem::missing("picture any longer"))?;
    Ok(STANDARD.encode(app.objects.read(&picture.object, LARGEST_PICTURE).await?))
}

//! The description of the API in `OpenAPI` 3.1, and pages to try it.

mod problems;
mod request;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::app::App;
use super::problem::Problem;

/// Where the description is.
const DESCRIPTION: &str = "/api/v1/openapi.json";
/// What the pages may load: only what this server has. Their styles are made by their scripts.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; \
                      base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// The routes of this part, from the description of all others.
pub fn routes(described: &OpenApi) -> Router<App> {
    let description = Bytes::from(description(described).to_string());
    // Without an address, the pages would ask a server of their maker to check the description.
    let config = Config::new([DESCRIPTION]).validator_url("none").display_request_duration(true);
    let pages = Router::new().merge(SwaggerUi::new("/docs").config(config));
    let pages = pages.layer(axum::middleware::map_response(as_page));
    Router::new().route(DESCRIPTION, get(async move || answer(description.clone()))).merge(pages)
}

fn answer(description: Bytes) -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], description).into_response()
}

async fn as_page(mut response: Response) -> Response {
    if response.status() == StatusCode::NOT_FOUND {
        return Problem::missing("page").into_response();
    }
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// The whole description.
fn description(described: &OpenApi) -> Value {
    // The library's own values can always be written.
    let mut description = serde_json::to_value(described).unwrap_or_default();
    description["info"] = json!({
        "title": "text2art",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Draws pictures from sentences. Ask for one with `POST /api/v1/jobs`, watch it grow with \
            `GET /api/v1/jobs/{id}/events`, and fetch it with `GET /api/v1/jobs/{id}/files/picture.png`.\n\nWhat goes \
            wrong is answered as a problem of RFC 9457 that says what to do about it. A server on this machine alone \
            needs no login; others want a token as `Authorization: Bearer t2a_...`.",
        "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
    });
    description["tags"] = json!([
        { "name": "jobs", "description": "Asking for pictures" },
        { "name": "events", "description": "Watching them grow" },
        { "name": "uploads", "description": "Pictures to start from, or to steer toward" },
        { "name": "pictures", "description": "The gallery" },
        { "name": "lists", "description": "What pictures can be made with" },
        { "name": "users", "description": "Users, tokens and sessions" },
        { "name": "openai", "description": "For clients of OpenAI's API" },
        { "name": "operations", "description": "How the server is" },
        { "name": "admin", "description": "For operators: jobs of all users, workers, users, hidden pictures" },
    ]);
    description["components"]["securitySchemes"]["token"] = json!({
        "type": "http", "scheme": "bearer", "description": "A token that begins with `t2a_`",
    });
    // A server on this machine alone needs none.
    description["security"] = json!([{}, { "token": [] }]);
    description["components"]["schemas"]["NewUpload"]["additionalProperties"] = false.into();
    describe_streams(&mut description);
    request::describe(&mut description);
    problems::describe(&mut description);
    description
}

/// A stream is no single text: its schema would be that of an event, which this version of the format cannot say.
fn describe_streams(description: &mut Value) {
    for path in ["/api/v1/events", "/api/v1/jobs/{id}/events"] {
        if let Some(content) = description["paths"][path]["get"]["responses"]["200"].get_mut("content") {
            content["text/event-stream"] = json!({});
        }
    }
}

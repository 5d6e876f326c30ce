//! The names that a client can give as its model: here, they are qualities.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::models::Quality;
use crate::server::problem::{Answer, Problem};
use crate::text::did_you_mean;

/// The model that stands for the usual quality.
const USUAL: &str = "text2art";

/// Models.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiModels)]
pub(super) struct Models {
    /// Always `list`
    object: &'static str,
    /// The usual one first
    data: Vec<Model>,
}

/// A model.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiModel)]
pub(super) struct Model {
    /// The name
    #[schema(example = "text2art")]
    id: &'static str,
    /// Always `model`
    object: &'static str,
    /// Always 0
    #[schema(minimum = 0, maximum = 0)]
    created: u64,
    /// Always `text2art`
    owned_by: &'static str,
}

/// List the models, as clients of OpenAI's API do
#[utoipa::path(
    get, path = "/v1/models", tag = "openai", operation_id = "list_openai_models",
    responses((status = 200, description = "The models", body = Models)),
)]
pub(super) async fn list() -> Json<Models> {
    Json(Models { object: "list", data: names().map(Model::of).collect() })
}

/// Look at a model, as clients of OpenAI's API do
#[utoipa::path(
    get, path = "/v1/models/{model}", tag = "openai", operation_id = "show_openai_model",
    params(("model" = String, Path, description = "The name of the model")),
    responses((status = 200, description = "The model", body = Model)),
)]
pub(super) async fn show(name: Result<Path<String>, PathRejection>) -> Answer<Json<Model>> {
    let name = name.map_or_else(|_| String::new(), |Path(name)| name);
    let known = names().find(|known| *known == name);
    known.map(|known| Json(Model::of(known))).ok_or_else(|| unknown(&name))
}

/// The quality that a model stands for; none for the usual one.
pub(super) fn quality_of(model: &str) -> Answer<Option<Quality>> {
    if model == USUAL {
        return Ok(None);
    }
    model.parse().map(Some).map_err(|_| unknown(model))
}

fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once(USUAL).chain(Quality::ALL.iter().map(|(_, name)| *name))
}

fn unknown(name: &str) -> Problem {
    // Whoever sends long names does not need to read them again.
    let shown: String = name.chars().filter(|sign| !sign.is_control()).take(50).collect();
    let known = names().collect::<Vec<_>>().join(", ");
    let near = did_you_mean(&shown, names());
    Problem::new(StatusCode::NOT_FOUND, format!("there is no model `{shown}`{near}"))
        .hint(format!("use one of {known}"))
        .field("model")
}

impl Model {
    fn of(id: &'static str) -> Self {
        Self { id, object: "model", created: 0, owned_by: "text2art" }
    }
}

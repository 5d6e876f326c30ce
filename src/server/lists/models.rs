//! The models that this program knows by name.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::models::manifest::Manifest;
use crate::models::{Finder, Role, embedded};
use crate::progress::Stop;
use crate::server::problem::Answer;

/// The models that this program knows by name.
#[derive(Serialize, ToSchema)]
pub(super) struct Models {
    /// The embedded model first
    items: Vec<ModelView>,
}

/// A model.
#[derive(Serialize, ToSchema)]
#[schema(as = Model)]
struct ModelView {
    /// Its name
    #[schema(example = "embedded")]
    name: &'static str,
    /// What it does: `vqgan` draws, `clip` judges, `upscaler` enlarges, `aesthetic` rates pictures for the loss of that name
    #[schema(pattern = "^(vqgan|clip|upscaler|aesthetic)$", example = "clip")]
    role: &'static str,
    /// What it is
    description: &'static str,
    /// Whether all its files are on the server
    present: bool,
    /// Its license, as its page says
    license: &'static str,
}

/// List the models
///
/// Which of them draw and judge is up to the operator of the server; `qualities` names those in use.
#[utoipa::path(
    get, path = "/models", tag = "lists", operation_id = "list_models",
    responses((status = 200, description = "The models", body = Models)),
)]
pub(super) async fn list() -> Answer<Json<Models>> {
    // Whether a file is there is asked of the disk.
    let items = tokio::task::spawn_blocking(items).await;
    let items = items.map_err(|error| Error::fault(format!("the models were not listed: {error}")))??;
    Ok(Json(Models { items }))
}

fn items() -> Result<Vec<ModelView>> {
    let (stop, silent) = (Stop::default(), |_| {});
    let finder = Finder::new(true, &stop, &silent);
    let embedded = [Role::Vqgan, Role::Clip].map(|role| ModelView {
        name: embedded::NAME,
        role: role.option(),
        description: "The small model inside the program",
        present: true,
        license: env!("CARGO_PKG_LICENSE"),
    });
    let mut items = Vec::from(embedded);
    for entry in Manifest::get()?.models() {
        items.push(ModelView {
            name: &entry.name,
            role: entry.role.option(),
            description: &entry.title,
            present: finder.is_here(entry)?,
            license: &entry.licence,
        });
    }
    Ok(items)
}

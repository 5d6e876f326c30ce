//! The drawers, and the qualities with the work that each stands for.

use std::path::Path;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::drawer::{self, ALL, Blueprint};
use crate::error::{Error, Result};
use crate::models::Quality;
use crate::resolve::combine;
use crate::server::app::App;
use crate::server::problem::Answer;
use crate::settings::{OptionInfo, Overrides, Settings};
use crate::video::KINDS;

/// The options of every drawer's colors.
const COLORS: [&str; 4] = ["palette", "colors", "palette_weight", "dither"];

/// The qualities.
#[derive(Serialize, ToSchema)]
pub(super) struct Qualities {
    /// The quickest first
    items: Vec<QualityView>,
}

/// How much work is spent on a picture.
#[derive(Serialize, ToSchema)]
#[schema(as = Quality)]
pub(in crate::server) struct QualityView {
    /// Its name, for `quality`
    #[schema(example = "draft")]
    pub name: &'static str,
    /// What it is for
    #[schema(example = "Quick, to try out a prompt")]
    pub description: &'static str,
    /// Whether it is used if a request names none
    pub default: bool,
    /// The work for each drawer, unless a request changes it
    pub drawers: Vec<Work>,
}

/// The work that a quality stands for.
#[derive(Serialize, ToSchema)]
pub(in crate::server) struct Work {
    /// The drawer
    #[schema(example = "vqgan")]
    pub drawer: &'static str,
    /// Width and height of the finished picture in pixels
    #[schema(example = "512x512")]
    pub size: String,
    /// Iterations
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub iterations: usize,
    /// Cutouts that each CLIP model sees in an iteration
    #[schema(minimum = 1, maximum = 4096)]
    pub cutouts: usize,
    /// The models that draw and judge
    models: Vec<String>,
    /// How long such a picture usually takes, in seconds: the median of the last 20; absent if none was drawn yet
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub seconds: Option<f64>,
}

/// The drawers.
#[derive(Serialize, ToSchema)]
pub(super) struct Drawers {
    /// The default first
    items: Vec<DrawerView>,
}

/// A way to draw.
#[derive(Serialize, ToSchema)]
#[schema(as = Drawer)]
pub(in crate::server) struct DrawerView {
    /// Its name, for `drawer`
    #[schema(example = "pixel")]
    pub name: &'static str,
    /// What it draws
    pub description: &'static str,
    /// The fields of a request that are about this drawer
    options: Vec<&'static str>,
    /// What can be made of its pictures besides a PNG, for `products`
    #[schema(example = json!(["gif", "mp4", "svg"]))]
    pub products: Vec<&'static str>,
}

/// List the qualities
///
/// Each stands for a size and an amount of work, which depend on the drawer.
#[utoipa::path(
    get, path = "/qualities", tag = "lists", operation_id = "list_qualities",
    responses((status = 200, description = "The qualities", body = Qualities)),
)]
pub(super) async fn list(State(app): State<App>) -> Answer<Json<Qualities>> {
    Ok(Json(Qualities { items: qualities(&app).await? }))
}

/// The qualities, the quickest first.
///
/// # Errors
///
/// If the database cannot be reached.
pub(in crate::server) async fn qualities(app: &App) -> Answer<Vec<QualityView>> {
    let mut items = Vec::new();
    let default = app.config.settings.iter().find_map(|layer| layer.quality).unwrap_or(Quality::Normal);
    for (quality, name) in Quality::ALL {
        let mut drawers = Vec::new();
        for blueprint in ALL {
            drawers.push(work(app, *blueprint, *quality, name).await?);
        }
        items.push(QualityView { name, description: description(*quality), default: *quality == default, drawers });
    }
    Ok(items)
}

/// List the drawers
#[utoipa::path(
    get, path = "/drawers", tag = "lists", operation_id = "list_drawers",
    responses((status = 200, description = "The drawers", body = Drawers)),
)]
pub(super) async fn list_drawers(State(app): State<App>) -> Answer<Json<Drawers>> {
    Ok(Json(Drawers { items: drawers(&app)? }))
}

/// The drawers, the default first.
///
/// # Errors
///
/// If the settings of the server do not suit one.
pub(in crate::server) fn drawers(app: &App) -> Result<Vec<DrawerView>> {
    let drawer = |blueprint: &&'static dyn Blueprint| {
        let settings = settings(app, *blueprint, None)?;
        let named = blueprint.options().iter().chain(&COLORS).copied();
        Ok(DrawerView {
            name: blueprint.name(),
            description: blueprint.about(),
            options: named.filter(|name| OptionInfo::of(name).is_some_and(super::options::is_open)).collect(),
            products: products(&settings),
        })
    };
    ALL.iter().map(drawer).collect()
}

async fn work(app: &App, blueprint: &dyn Blueprint, quality: Quality, name: &str) -> Answer<Work> {
    let settings = settings(app, blueprint, Some(quality))?;
    let mut models: Vec<String> = Vec::new();
    for model in blueprint.vqgan(&settings).into_iter().chain(settings.clip.iter().map(String::as_str)) {
        let shown = without_folder(model);
        if !models.contains(&shown) {
            models.push(shown);
        }
    }
    let usual = app.queue.usual_time(blueprint.name(), name).await?;
    Ok(Work {
        drawer: ALL.iter().map(|known| known.name()).find(|known| *known == blueprint.name()).unwrap_or_default(),
        size: blueprint.finished_size(&settings).to_string(),
        iterations: settings.iterations,
        cutouts: settings.cutouts,
        models,
        seconds: usual.map(|usual| (usual.as_secs_f64() * 10.0).round() / 10.0),
    })
}

/// The settings of a picture of a drawer about which a request says nothing else.
fn settings(app: &App, blueprint: &dyn Blueprint, quality: Option<Quality>) -> Result<Settings> {
    usual(app, Overrides { drawer: Some(blueprint.name().into()), quality, ..Overrides::default() })
}

fn usual(app: &App, request: Overrides) -> Result<Settings> {
    let prompt = "a picture".parse().map_err(Error::fault)?;
    let mut layers = vec![Overrides { prompt: Some(prompt), ..request }];
    layers.extend(app.config.settings.iter().cloned());
    combine(&layers)
}

/// The settings of a picture about which a request says nothing but its drawer, if that has a name, and its quality.
///
/// # Errors
///
/// If the drawer does not exist.
pub(in crate::server) fn usual_settings(app: &App, drawer: &str, quality: Option<Quality>) -> Result<Settings> {
    if !drawer.is_empty() {
        return settings(app, drawer::of(&drawer.into())?, quality);
    }
    usual(app, Overrides { quality, ..Overrides::default() })
}

/// What can be made of a picture besides a PNG: everything that is one file.
fn products(settings: &Settings) -> Vec<&'static str> {
    let can = |kind: &&crate::output::Kind| kind.help.is_some() && !kind.is_folder() && (kind.check)(settings).is_ok();
    KINDS.iter().filter(can).map(|kind| kind.option).collect()
}

/// The name of a model, without the folders of the server's machine.
fn without_folder(model: &str) -> String {
    let path = Path::new(model);
    let file = path.file_name().filter(|_| path.exists()).map(|name| name.to_string_lossy().into_owned());
    file.unwrap_or_else(|| model.to_owned())
}

fn description(quality: Quality) -> &'static str {
    match quality {
        Quality::Draft => "Quick, to try out a prompt",
        Quality::Normal => "The usual size and amount of work",
        Quality::Better => "Larger or longer",
        Quality::Best => "As much work as still pays off",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_server_are_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clip.safetensors");
        std::fs::write(&file, b"").unwrap();
        assert_eq!(without_folder(file.to_str().unwrap()), "clip.safetensors");
        assert_eq!(without_folder("organization/repository"), "organization/repository");
    }
}

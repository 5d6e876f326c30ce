//! The palettes with names.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::palette::{BuiltIn, hexadecimal};
use crate::server::problem::Answer;

/// The palettes with names.
#[derive(Serialize, ToSchema)]
pub(super) struct Palettes {
    /// In the order of the list in the program
    items: Vec<PaletteView>,
}

/// A palette with a name.
#[derive(Serialize, ToSchema)]
#[schema(as = Palette)]
struct PaletteView {
    /// Its name, for `palette`
    #[schema(example = "pico-8")]
    name: &'static str,
    /// What it is
    description: &'static str,
    /// Where its numbers come from
    source: &'static str,
    /// Its license
    license: &'static str,
    /// Its colors, such as `#ff004d`
    #[schema(max_items = 256, example = json!(["#000000", "#ff004d"]))]
    colors: Vec<String>,
}

/// List the palettes with names
///
/// The field `palette` takes any of these names, names of colors, colors such as `#ff8800`, and ramps such as
/// `red->white\8`.
#[utoipa::path(
    get, path = "/palettes", tag = "lists", operation_id = "list_palettes",
    responses((status = 200, description = "The palettes", body = Palettes)),
)]
pub(super) async fn list() -> Answer<Json<Palettes>> {
    let view = |palette: &'static BuiltIn| {
        let colors = palette.palette()?;
        Ok(PaletteView {
            name: &palette.name,
            description: &palette.title,
            source: &palette.source,
            license: &palette.licence,
            colors: colors.colours().iter().map(|color| format!("#{}", hexadecimal(*color))).collect(),
        })
    };
    Ok(Json(Palettes { items: BuiltIn::all()?.iter().map(view).collect::<Result<_>>()? }))
}

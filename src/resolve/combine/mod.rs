//! Combines layers of overrides into settings.

mod choice;
mod expand;
mod settle;
mod strongest;
#[cfg(test)]
mod tests;

use choice::Choice;
use expand::expanded;
use settle::{
    omit_neutral, settle_losses, settle_outside, settle_overlay, settle_start, settle_styles, settle_upscaling,
};
use strongest::{colors_of, grid_of, is_lengthened_after_stop, size_of};

use super::{animation, check, init_weight, story};
use crate::drawer;
use crate::palette::Palette;
use crate::settings::{OptionInfo, OrNone, Overrides, Settings};
use crate::{Error, Result};

/// Combines layers, the strongest first, into settings.
///
/// A layer with a model or a quality brings its preset with it: below the values of the layer, above every weaker
/// layer. Without a model, a VQGAN other than the embedded one gets the values for published models. The quality of a
/// preset is the first one found from its layer downward.
///
/// # Errors
/// If no layer has a prompt, a model is unknown, or a value is out of range.
pub fn combine(layers: &[Overrides]) -> Result<Settings> {
    let choice = Choice::of(layers)?;
    let blueprint = choice.blueprint;
    let expanded = expanded(layers, &choice)?;
    let init_image = expanded.iter().find_map(|layer| layer.init_image.clone()).and_then(|image| image.0);
    let size = size_of(&expanded, init_image.as_deref())?;
    let (palette, colors) = colors_of(&expanded)?;
    let grid = grid_of(layers)?;
    let mut merged = expanded.into_iter().reduce(Overrides::or).unwrap_or_default();
    animation::settle(layers, &mut merged)?;
    story::settle(layers, &mut merged)?;
    if merged.prompt.is_none() {
        let hint = "say what to draw, for example: text2art a red apple on a blue background";
        return Err(Error::usage("no prompt was given", hint));
    }
    let mut pixel_size = blueprint.has("pixel_size").then(|| grid.of(size)).transpose()?;
    let tile = merged.tile.as_ref().and_then(|tile| tile.value().copied());
    if let (None, Some(cells), Some(tile)) = (grid.cells, pixel_size, tile) {
        pixel_size = Some(drawer::repeating(cells, merged.pixel_shape.unwrap_or_default(), tile, size));
    }
    settle_outside(&mut merged, layers);
    settle_start(&mut merged, layers);
    // These values depend on more than the strongest layer that gives them.
    merged.drawer = Some(choice.drawer);
    merged.size = Some(size);
    merged.pixel_size = pixel_size;
    (merged.palette, merged.colors) = (palette.map(OrNone::from), colors);
    merged.stop_at = merged.stop_at.filter(|_| !is_lengthened_after_stop(layers));
    merged.tidy = merged.tidy.filter(|is_tidy| *is_tidy && blueprint.has("tidy"));
    omit_neutral(&mut merged);
    settle_styles(&mut merged)?;
    settle_losses(&mut merged)?;
    settle_upscaling(&mut merged, choice.vqgan)?;
    settle_overlay(&mut merged)?;
    if let (Some(feather), Some(option)) = (merged.mask_feather, OptionInfo::of("mask_feather")) {
        #[allow(clippy::cast_precision_loss, reason = "larger numbers are out of range")]
        option.check(feather as f64)?;
    }
    let weight = init_weight::named(layers);
    merged.init_weight = Some(weight.unwrap_or_default());
    let mut settings = merged.resolved()?;
    if weight.is_none() {
        let (vqgan, has_image) = (&settings.vqgan, settings.init_image.is_some());
        settings.init_weight = init_weight::usual(blueprint, vqgan, has_image, settings.init_noise);
    }
    // An edge belongs to the settings only if something is kept.
    settings.mask_feather =
        settings.is_inpainted().then(|| settings.mask_feather.unwrap_or_else(|| usual_feather(&settings)));
    check(&settings)?;
    // Report a mistyped color before models are loaded.
    settings.palette.as_deref().map(Palette::load).transpose().map_err(of_palette)?;
    Ok(settings)
}

/// The usual width of the edge of an inpainted picture: 8 pixels of 256, as the edges of programs that inpaint, and none
/// through cells and few colors.
fn usual_feather(settings: &Settings) -> usize {
    let shorter = settings.size.width.min(settings.size.height);
    if settings.keeps_pixels() { 0 } else { shorter.div_ceil(32) }
}

/// The error of a palette with the name of its option, unless it names the palette or the file.
fn of_palette(error: Error) -> Error {
    match error {
        Error::Usage { message, hint } if !message.starts_with("the palette ") => {
            Error::usage(format!("‹palette›: {message}"), hint)
        }
        other => other,
    }
}

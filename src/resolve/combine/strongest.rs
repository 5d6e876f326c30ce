//! Values that more than one option decides, from the strongest layers that have a say.

use std::path::Path;

use super::expand::PIXEL_ART_COLORS;
use crate::drawer::Grid;
use crate::picture::Size;
use crate::settings::{OptionInfo, OrNone, Overrides};
use crate::{Error, Result, picture};

/// The size: from the weakest layer up, a size replaces the size so far, and an aspect reshapes it.
pub(super) fn size_of(layers: &[Overrides], init_image: Option<&Path>) -> Result<Size> {
    if layers.iter().any(|layer| layer.size.is_some() && layer.aspect.is_some()) {
        return Err(Error::usage("‹size› and ‹aspect› are both given", "give only one of them"));
    }
    // Layers below the strongest size do not count.
    let counting = layers.iter().position(|layer| layer.size.is_some()).map_or(layers.len(), |index| index + 1);
    let mut size = Size { width: 256, height: 256 };
    for layer in layers[..counting].iter().rev() {
        size = layer.size.unwrap_or(size);
        if let Some(aspect) = layer.aspect {
            size = aspect.at(size, || {
                let path = init_image.ok_or_else(|| {
                    Error::usage(
                        "‹aspect› retain needs an init image, but none was given",
                        "give one with ‹init-image›",
                    )
                })?;
                picture::dimensions(path)
            })?;
        }
    }
    Ok(size)
}

/// The palette that a layer gives.
pub(super) fn palette_of(layer: &Overrides) -> Option<&String> {
    layer.palette.as_ref().and_then(OrNone::value)
}

/// The palette or the number of colors, from the strongest layer that has either. Without its palette, a layer has no
/// colors either, but pixel art has its default ones.
pub(super) fn colors_of(layers: &[Overrides]) -> Result<(Option<String>, Option<usize>)> {
    let Some(at) = layers.iter().position(|layer| palette_of(layer).is_some() || layer.colors.is_some()) else {
        return Ok((None, None));
    };
    let (palette, colors) = (palette_of(&layers[at]), layers[at].colors);
    if palette.is_some() && colors.is_some() {
        let problem = "‹palette› and ‹colors› are both given";
        return Err(Error::usage(problem, "give only one of them"));
    }
    let is_taken_away = layers[..at].iter().any(|layer| layer.palette.is_some());
    if is_taken_away && palette.is_some() {
        let is_pixel_art = layers.iter().find_map(|layer| layer.pixel_art) == Some(true);
        return Ok((None, is_pixel_art.then_some(PIXEL_ART_COLORS)));
    }
    Ok((palette.cloned(), colors))
}

/// The grid of cells: a scale applies to a number of cells in its layer or in a weaker one.
pub(super) fn grid_of(layers: &[Overrides]) -> Result<Grid> {
    let counting = layers.iter().position(|layer| layer.pixel_size.is_some()).map_or(layers.len(), |index| index + 1);
    let scale = layers[..counting].iter().find_map(|layer| layer.pixel_scale);
    if let (Some(scale), Some(option)) = (scale, OptionInfo::of("pixel_scale")) {
        option.check(scale)?;
    }
    Ok(Grid { cells: layers.iter().find_map(|layer| layer.pixel_size), scale })
}

/// Whether a stronger layer asks for more work than the one that stops: then that stop does not apply.
pub(super) fn is_lengthened_after_stop(layers: &[Overrides]) -> bool {
    let strongest = |names: fn(&Overrides) -> bool| layers.iter().position(names).unwrap_or(usize::MAX);
    strongest(names_work) < strongest(|layer| layer.stop_at.is_some())
}

/// Whether a layer says how much work there is.
fn names_work(layer: &Overrides) -> bool {
    let is_animated = layer.is_animated() || layer.iterations_per_frame.is_some();
    is_animated || layer.iterations.is_some() || layer.quality.is_some() || layer.model.is_some()
}

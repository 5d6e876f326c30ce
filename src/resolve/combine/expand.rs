//! The layers with their presets.

use super::choice::Choice;
use super::strongest::palette_of;
use crate::Result;
use crate::models::Quality;
use crate::resolve::preset;
use crate::settings::{OrNone, Overrides};

/// The default number of colors of pixel art.
pub(super) const PIXEL_ART_COLORS: usize = 12;

/// Each layer, the strongest first, followed by its preset; the defaults come last.
///
/// # Errors
/// If a model is unknown.
pub(super) fn expanded(layers: &[Overrides], choice: &Choice) -> Result<Vec<Overrides>> {
    let mut expanded = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        expanded.push(layer.clone());
        if layer.pixel_art == Some(true) {
            let colors = palette_of(layer).is_none().then_some(PIXEL_ART_COLORS);
            expanded.push(Overrides { colors, tidy: Some(true), ..Overrides::default() });
        }
        if layer.model.is_some() || layer.quality.is_some() {
            let quality = layers[index..].iter().find_map(|layer| layer.quality).unwrap_or(Quality::Normal);
            let mut values = amounts_of(quality, layers, index, choice)?;
            if layer.model.is_none() {
                // A quality is an amount of work, not another model. It chooses CLIP models only if a weaker layer
                // names a model and no layer names a VQGAN or CLIP models.
                let own = layers.iter().any(|layer| layer.vqgan.is_some() || layer.clip.is_some());
                let clip = values.clip.filter(|_| choice.named.is_some() && !own);
                values = Overrides {
                    clip,
                    size: values.size,
                    iterations: values.iterations,
                    cutouts: values.cutouts,
                    upscale: values.upscale,
                    strokes: values.strokes,
                    ..Overrides::default()
                };
            }
            expanded.push(values);
        }
    }
    expanded.push(amounts_of(Quality::Normal, layers, layers.len(), choice)?);
    Ok(expanded)
}

/// The values of a quality in the layer at `index`.
fn amounts_of(quality: Quality, layers: &[Overrides], index: usize, choice: &Choice) -> Result<Overrides> {
    let own = choice.blueprint.defaults(quality);
    let own = if choice.is_guided_by_embedded { own } else { choice.blueprint.published_defaults(quality).or(own) };
    let values = own.or(preset(choice.model, quality)?);
    // Whoever asks for a size, of the picture or of its cells, gets that size.
    let sized = layers.iter().position(|layer| layer.size.is_some() || layer.pixel_zoom.is_some());
    if sized.is_some_and(|sized| index >= sized) {
        return Ok(Overrides { upscale: None, ..values });
    }
    let hires = layers.iter().find_map(|layer| layer.hires.as_ref()).and_then(OrNone::value).copied();
    let hires = hires.filter(|_| choice.blueprint.has("hires"));
    let size = values.size.map(|size| hires.map_or(size, |factor| size.scaled(factor)));
    Ok(Overrides { size, ..values })
}

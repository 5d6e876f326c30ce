//! Rules within one group of options: what goes together, and what changes nothing.

use crate::models::embedded;
use crate::settings::{OptionInfo, OrNone, Overrides, STYLE_WEIGHT, StyleName};
use crate::{Error, Result, upscale};

/// How often an image is laid over the picture, in iterations: pixray's `--overlay_every`.
const OVERLAY_EVERY: usize = 10;

/// Leaves out values that change nothing, as a recipe does.
pub(super) fn omit_neutral(merged: &mut Overrides) {
    merged.outline = merged.outline.filter(|is_outlined| *is_outlined);
    merged.no_text = merged.no_text.filter(|weight| *weight != 0.0);
    merged.recut_images = merged.recut_images.filter(|is_recut| *is_recut);
    merged.center_bias = merged.center_bias.filter(|focus| *focus != 0.0);
    merged.average = merged.average.filter(|decay| *decay != 0.0);
    merged.blend = merged.blend.filter(|frames| *frames != 0);
}

/// Without a mask, nothing is outside: a layer that removes the mask also removes what weaker layers say about its outside.
/// Settings of the outside in the same layer or a stronger one are an error.
pub(super) fn settle_outside(merged: &mut Overrides, layers: &[Overrides]) {
    let Some(at) = layers.iter().position(|layer| layer.mask.is_some()) else { return };
    let is_taken_away = layers[at].mask.as_ref().is_some_and(OrNone::is_none);
    if is_taken_away && layers[..=at].iter().all(|layer| layer.prompt_outside.is_none()) {
        merged.prompt_outside = None;
    }
}

/// Without an image to start from, nothing is like it: a layer that removes the image also removes what weaker layers say
/// about it. Such settings in the same layer or a stronger one are an error.
pub(super) fn settle_start(merged: &mut Overrides, layers: &[Overrides]) {
    let Some(at) = layers.iter().position(|layer| layer.init_image.is_some()) else { return };
    if !layers[at].init_image.as_ref().is_some_and(OrNone::is_none) {
        return;
    }
    if layers[..=at].iter().all(|layer| layer.init_opacity.is_none()) {
        merged.init_opacity = None;
    }
    if layers[..=at].iter().all(|layer| layer.init_pixel_weight.is_none()) {
        merged.init_pixel_weight = None;
    }
}

/// Each style once. The weight belongs to the settings only if there are styles.
pub(super) fn settle_styles(merged: &mut Overrides) -> Result<()> {
    let mut names: Vec<StyleName> = Vec::new();
    for name in merged.style.take().unwrap_or_default() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if let (Some(weight), Some(option)) = (merged.style_weight, OptionInfo::of("style_weight")) {
        option.check(weight)?;
    }
    if names.iter().any(|name| name.style().is_none()) {
        if names.len() > 1 {
            return Err(Error::usage("‹style› has both `none` and styles", "give only one of them"));
        }
        names.clear();
    }
    merged.style_weight = (!names.is_empty()).then(|| merged.style_weight.unwrap_or(STYLE_WEIGHT));
    merged.style = Some(names);
    Ok(())
}

/// The losses of the picture itself, or none.
pub(super) fn settle_losses(merged: &mut Overrides) -> Result<()> {
    let mut losses = merged.loss.take().unwrap_or_default();
    if losses.iter().any(|loss| loss.loss().is_none()) {
        if losses.len() > 1 {
            return Err(Error::usage("‹loss› has both `none` and losses", "give only one of them"));
        }
        losses.clear();
    }
    merged.loss = Some(losses);
    Ok(())
}

/// How the finished picture is enlarged, if it is. Cells and few colors keep their pixels; what the embedded model draws
/// has soft edges, which a filter sharpens.
pub(super) fn settle_upscaling(merged: &mut Overrides, vqgan: &str) -> Result<()> {
    merged.upscale = merged.upscale.filter(|times| *times != 1);
    let keeps_pixels = merged.pixel_size.is_some() || merged.palette.is_some() || merged.colors.is_some();
    let named = merged.upscaler.take().filter(|_| !keeps_pixels);
    let usual = match vqgan {
        _ if keeps_pixels => upscale::NEAREST,
        embedded::NAME => upscale::CRISP,
        _ => upscale::DEFAULT,
    };
    merged.upscaler = merged.upscale.map(|_| named.unwrap_or_else(|| usual.to_owned()));
    if merged.upscale.is_some() && merged.pixel_zoom.is_some() {
        let hint = "give only one of them: ‹pixel-zoom› already sets the size of each cell";
        return Err(Error::usage("‹upscale› and ‹pixel-zoom› are both given", hint));
    }
    Ok(())
}

/// How often and how opaque something is laid over the picture: both belong to the settings only if something is.
pub(super) fn settle_overlay(merged: &mut Overrides) -> Result<()> {
    #[allow(clippy::cast_precision_loss, reason = "larger numbers are out of range")]
    let given = [
        ("overlay_every", merged.overlay_every.map(|every| every as f64)),
        ("overlay_opacity", merged.overlay_opacity),
    ];
    for (name, value) in given {
        if let (Some(value), Some(option)) = (value, OptionInfo::of(name)) {
            option.check(value)?;
        }
    }
    let is_laid = merged.overlay.as_ref().is_some_and(|overlay| !overlay.is_none());
    merged.overlay_every = is_laid.then(|| merged.overlay_every.unwrap_or(OVERLAY_EVERY));
    merged.overlay_opacity = is_laid.then(|| merged.overlay_opacity.unwrap_or(1.0));
    Ok(())
}

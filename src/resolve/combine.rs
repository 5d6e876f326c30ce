//! Combines layers of overrides into settings.

use std::path::Path;

use super::{animation, check, init_weight, preset, story};
use crate::drawer::{self, Grid};
use crate::models::{Quality, embedded};
use crate::palette::Palette;
use crate::picture::Size;
use crate::settings::{DrawerName, OptionInfo, OrNone, Overrides, STYLE_WEIGHT, Settings, StyleName};
use crate::{Error, Result, picture, upscale};

/// The default number of colors of pixel art.
const PIXEL_ART_COLORS: usize = 12;

/// How often an image is laid over the picture, in iterations: pixray's `--overlay_every`.
const OVERLAY_EVERY: usize = 10;

/// Combines layers, the strongest first, into settings.
///
/// A layer with a model or a quality brings its preset with it: below the values of the layer, above every weaker
/// layer. Without a model, a VQGAN other than the embedded one gets the values for published models. The quality of a
/// preset is the first one found from its layer downward.
///
/// # Errors
/// If no layer has a prompt, a model is unknown, or a value is out of range.
pub fn combine(layers: &[Overrides]) -> Result<Settings> {
    // A model in a layer below one that names a VQGAN does not draw.
    let naming = layers.iter().find(|layer| layer.model.is_some() || layer.vqgan.is_some());
    let named = naming.and_then(|layer| layer.model.as_deref());
    // The values for the embedded model do not suit a VQGAN of the user.
    let vqgan = layers.iter().find_map(|layer| layer.vqgan.as_deref()).unwrap_or(embedded::NAME);
    let model = named.or_else(|| (vqgan == embedded::NAME).then_some(embedded::NAME));
    let drawer = layers.iter().find_map(drawer_of).unwrap_or_default();
    let blueprint = drawer::of(&drawer)?;
    let is_guided_by_embedded = match layers.iter().find_map(|layer| layer.clip.as_ref()) {
        Some(clips) => clips.iter().all(|clip| clip == embedded::NAME),
        None => model == Some(embedded::NAME),
    };
    // Each layer is followed by its preset; the defaults come last.
    let mut expanded = Vec::new();
    // Whoever asks for a size, of the picture or of its cells, gets that size.
    let sized = layers.iter().position(|layer| layer.size.is_some() || layer.pixel_zoom.is_some());
    let hires = layers.iter().find_map(|layer| layer.hires.as_ref()).and_then(OrNone::value).copied();
    let hires = hires.filter(|_| blueprint.has("hires"));
    let amounts_of = |quality: Quality, index: usize| -> Result<Overrides> {
        let own = blueprint.defaults(quality);
        let own = if is_guided_by_embedded { own } else { blueprint.published_defaults(quality).or(own) };
        let values = own.or(preset(model, quality)?);
        if sized.is_some_and(|sized| index >= sized) {
            return Ok(Overrides { upscale: None, ..values });
        }
        let size = values.size.map(|size| hires.map_or(size, |factor| size.scaled(factor)));
        Ok(Overrides { size, ..values })
    };
    for (index, layer) in layers.iter().enumerate() {
        expanded.push(layer.clone());
        if layer.pixel_art == Some(true) {
            let colors = palette_of(layer).is_none().then_some(PIXEL_ART_COLORS);
            expanded.push(Overrides { colors, tidy: Some(true), ..Overrides::default() });
        }
        if layer.model.is_some() || layer.quality.is_some() {
            let quality = layers[index..].iter().find_map(|layer| layer.quality).unwrap_or(Quality::Normal);
            let mut values = amounts_of(quality, index)?;
            if layer.model.is_none() {
                // A quality is an amount of work, not another model. It chooses CLIP models only if a weaker layer
                // names a model and no layer names a VQGAN or CLIP models.
                let own = layers.iter().any(|layer| layer.vqgan.is_some() || layer.clip.is_some());
                let clip = values.clip.filter(|_| named.is_some() && !own);
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
    // If a stronger layer asks for more work, the stop of a weaker layer does not apply.
    let strongest = |names: fn(&Overrides) -> bool| layers.iter().position(names).unwrap_or(usize::MAX);
    let lengthened = strongest(names_work);
    let stopped = strongest(|layer| layer.stop_at.is_some());
    expanded.push(amounts_of(Quality::Normal, layers.len())?);

    let init_image = expanded.iter().find_map(|layer| layer.init_image.clone()).and_then(|image| image.0);
    let size = combine_size(&expanded, init_image.as_deref())?;
    let (palette, colors) = combine_colors(&expanded)?;
    let grid = combine_grid(layers)?;
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
    merged.drawer = Some(drawer);
    merged.size = Some(size);
    merged.pixel_size = pixel_size;
    (merged.palette, merged.colors) = (palette.map(OrNone::from), colors);
    merged.stop_at = merged.stop_at.filter(|_| stopped <= lengthened);
    merged.tidy = merged.tidy.filter(|is_tidy| *is_tidy && blueprint.has("tidy"));
    omit_neutral(&mut merged);
    settle_styles(&mut merged)?;
    settle_losses(&mut merged)?;
    settle_upscaling(&mut merged, vqgan)?;
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

/// Leaves out values that change nothing, as a recipe does.
fn omit_neutral(merged: &mut Overrides) {
    merged.outline = merged.outline.filter(|is_outlined| *is_outlined);
    merged.no_text = merged.no_text.filter(|weight| *weight != 0.0);
    merged.recut_images = merged.recut_images.filter(|is_recut| *is_recut);
    merged.center_bias = merged.center_bias.filter(|focus| *focus != 0.0);
    merged.average = merged.average.filter(|decay| *decay != 0.0);
    merged.blend = merged.blend.filter(|frames| *frames != 0);
}

/// Without a mask, nothing is outside: a layer that removes the mask also removes what weaker layers say about its outside.
/// Settings of the outside in the same layer or a stronger one are an error.
fn settle_outside(merged: &mut Overrides, layers: &[Overrides]) {
    let Some(at) = layers.iter().position(|layer| layer.mask.is_some()) else { return };
    let is_taken_away = layers[at].mask.as_ref().is_some_and(OrNone::is_none);
    if is_taken_away && layers[..=at].iter().all(|layer| layer.prompt_outside.is_none()) {
        merged.prompt_outside = None;
    }
}

/// Without an image to start from, nothing is like it: a layer that removes the image also removes what weaker layers say
/// about it. Such settings in the same layer or a stronger one are an error.
fn settle_start(merged: &mut Overrides, layers: &[Overrides]) {
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

/// The size: from the weakest layer up, a size replaces the size so far, and an aspect reshapes it.
fn combine_size(layers: &[Overrides], init_image: Option<&Path>) -> Result<Size> {
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

/// Each style once. The weight belongs to the settings only if there are styles.
fn settle_styles(merged: &mut Overrides) -> Result<()> {
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
fn settle_losses(merged: &mut Overrides) -> Result<()> {
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
fn settle_upscaling(merged: &mut Overrides, vqgan: &str) -> Result<()> {
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
fn settle_overlay(merged: &mut Overrides) -> Result<()> {
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

/// The usual width of the edge of an inpainted picture: 8 pixels of 256, as the edges of programs that inpaint, and none
/// through cells and few colors.
fn usual_feather(settings: &Settings) -> usize {
    let shorter = settings.size.width.min(settings.size.height);
    if settings.keeps_pixels() { 0 } else { shorter.div_ceil(32) }
}

/// Whether a layer says how much work there is.
fn names_work(layer: &Overrides) -> bool {
    let is_animated = layer.is_animated() || layer.iterations_per_frame.is_some();
    is_animated || layer.iterations.is_some() || layer.quality.is_some() || layer.model.is_some()
}

/// The drawer that a layer chooses.
fn drawer_of(layer: &Overrides) -> Option<DrawerName> {
    let pixel_art = || drawer::with_option("pixel_art").filter(|_| layer.pixel_art == Some(true));
    layer.drawer.clone().or_else(pixel_art)
}

/// The palette that a layer gives.
fn palette_of(layer: &Overrides) -> Option<&String> {
    layer.palette.as_ref().and_then(OrNone::value)
}

/// The palette or the number of colors, from the strongest layer that has either. Without its palette, a layer has no
/// colors either, but pixel art has its default ones.
fn combine_colors(layers: &[Overrides]) -> Result<(Option<String>, Option<usize>)> {
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

/// The error of a palette with the name of its option, unless it names the palette or the file.
fn of_palette(error: Error) -> Error {
    match error {
        Error::Usage { message, hint } if !message.starts_with("the palette ") => {
            Error::usage(format!("‹palette›: {message}"), hint)
        }
        other => other,
    }
}

/// The grid of cells: a scale applies to a number of cells in its layer or in a weaker one.
fn combine_grid(layers: &[Overrides]) -> Result<Grid> {
    let counting = layers.iter().position(|layer| layer.pixel_size.is_some()).map_or(layers.len(), |index| index + 1);
    let scale = layers[..counting].iter().find_map(|layer| layer.pixel_scale);
    if let (Some(scale), Some(option)) = (scale, OptionInfo::of("pixel_scale")) {
        option.check(scale)?;
    }
    Ok(Grid { cells: layers.iter().find_map(|layer| layer.pixel_size), scale })
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, clippy::float_cmp)]
mod tests {
    use super::*;
    use crate::settings::StartNoise;

    fn named(prompt: &str) -> Overrides {
        Overrides { prompt: Some(prompt.parse().unwrap()), ..Overrides::default() }
    }

    #[test]
    fn stronger_layers_win() {
        let flags = Overrides { iterations: Some(7), ..Overrides::default() };
        let file = Overrides { iterations: Some(8), cutouts: Some(3), ..named("a cat") };
        let settings = combine(&[flags, file]).unwrap();
        assert_eq!((settings.iterations, settings.cutouts), (7, 3));
    }

    #[test]
    fn a_preset_stands_in_the_layer_that_names_it() {
        let best = preset(Some(embedded::NAME), Quality::Best).unwrap();
        let recipe = Overrides::from(combine(&[Overrides { iterations: Some(3), ..named("a cat") }]).unwrap());
        let flags = Overrides { quality: Some(Quality::Best), cutouts: Some(2), ..Overrides::default() };
        let settings = combine(&[flags, recipe]).unwrap();
        assert_eq!(Some(settings.iterations), best.iterations);
        assert_eq!(settings.cutouts, 2);
    }

    #[test]
    fn a_vqgan_of_ones_own_gets_other_values() {
        let own = Overrides { vqgan: Some("folder".into()), ..named("a cat") };
        let settings = combine(&[own]).unwrap();
        assert_eq!((settings.cut_noise, settings.init_noise, settings.cutouts), (0.1, StartNoise::Codes, 32));
        assert_eq!(combine(&[named("a cat")]).unwrap().vqgan, embedded::NAME);
    }

    #[test]
    fn more_work_does_not_end_where_a_weaker_layer_stopped() {
        let recipe = Overrides { stop_at: Some(37), iterations: Some(100), ..named("a cat") };
        let stop_at = |flags: Overrides| combine(&[flags, recipe.clone()]).unwrap().stop_at;
        assert_eq!(stop_at(Overrides::default()), Some(37));
        assert_eq!(stop_at(Overrides { quality: Some(Quality::Best), ..Overrides::default() }), None);
        assert_eq!(stop_at(Overrides { iterations: Some(300), stop_at: Some(5), ..Overrides::default() }), Some(5));
    }

    #[test]
    fn a_quality_is_no_other_model() {
        let own = Overrides { vqgan: Some("folder".into()), ..named("a cat") };
        let flags = Overrides { quality: Some(Quality::Best), ..Overrides::default() };
        let file = Overrides { model: Some(embedded::NAME.into()), ..Overrides::default() };
        assert_eq!(combine(&[flags, own, file]).unwrap().vqgan, "folder");
    }

    #[test]
    fn a_model_below_a_vqgan_is_not_what_draws() {
        let flags = Overrides { quality: Some(Quality::Best), ..Overrides::default() };
        let recipe = Overrides { vqgan: Some(embedded::NAME.into()), clip: Some(vec!["a".into()]), ..named("a cat") };
        let environment = Overrides { model: Some("imagenet".into()), ..Overrides::default() };
        let settings = combine(&[flags, recipe, environment]).unwrap();
        let best = preset(Some(embedded::NAME), Quality::Best).unwrap();
        assert_eq!((Some(settings.iterations), settings.vqgan.as_str()), (best.iterations, embedded::NAME));
        // Another model is also another amount of work: the stop of a weaker layer does not apply.
        let stopped = Overrides { stop_at: Some(1), ..named("a cat") };
        let flags = Overrides { model: Some(embedded::NAME.into()), ..Overrides::default() };
        assert_eq!(combine(&[flags, stopped]).unwrap().stop_at, None);
    }

    #[test]
    fn a_size_ends_what_weaker_aspects_say() {
        let file = Overrides { aspect: Some("retain".parse().unwrap()), ..named("a") };
        let flags = Overrides { size: Some("64x48".parse().unwrap()), ..Overrides::default() };
        assert_eq!(combine(&[flags, file]).unwrap().size, "64x48".parse().unwrap());
    }

    #[test]
    fn settings_survive_being_overrides() {
        let settings = combine(&[named("a cat:2 | b")]).unwrap();
        assert_eq!(combine(&[Overrides::from(settings.clone())]).unwrap(), settings);
        let json = serde_json::to_value(&settings).unwrap();
        assert_eq!(serde_json::from_value::<Settings>(json.clone()).unwrap(), settings);
        assert_eq!(serde_json::from_value::<Overrides>(json).unwrap(), Overrides::from(settings.clone()));
        let toml = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<Settings>(&toml).unwrap(), settings);
    }

    #[test]
    fn an_aspect_keeps_the_number_of_pixels() {
        let square = combine(&[named("a")]).unwrap().size;
        let flags = Overrides { aspect: Some("widescreen".parse().unwrap()), ..named("a") };
        let wide = combine(&[flags]).unwrap().size;
        let area = |size: Size| (size.width * size.height) as f64;
        assert!((area(wide) / area(square) - 1.0).abs() < 0.2 && wide.width > wide.height, "{wide}");
        let both = Overrides { size: Some(square), aspect: Some("1:1".parse().unwrap()), ..named("a") };
        assert!(combine(&[both]).is_err());
    }

    #[test]
    fn styles_are_each_named_once_and_can_be_taken_away() {
        let styled = |names: &[&str], weight| Overrides {
            style: Some(names.iter().map(|name| name.parse().unwrap()).collect()),
            style_weight: weight,
            ..Overrides::default()
        };
        let of = |layers: &[Overrides]| {
            let settings = combine(layers).unwrap();
            (settings.style.iter().map(StyleName::as_str).collect::<Vec<_>>(), settings.style_weight)
        };
        let twice = styled(&["Neon", "sepia", "neon"], None);
        assert_eq!(of(&[named("a"), twice.clone()]), (vec!["neon", "sepia"], Some(STYLE_WEIGHT)));
        let weaker = styled(&["photo"], Some(0.25));
        assert_eq!(of(&[named("a"), twice, weaker.clone()]), (vec!["neon", "sepia"], Some(0.25)));
        assert_eq!(of(&[named("a"), styled(&["none"], None), weaker]), (vec![], None));
        assert_eq!(of(&[named("a"), styled(&[], Some(0.25))]), (vec![], None));
        for wrong in [styled(&["none", "neon"], None), styled(&["neon"], Some(0.0)), styled(&[], Some(-1.0))] {
            assert!(combine(&[named("a"), wrong.clone()]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn tiles_masks_and_overlays_can_be_taken_away() {
        let layer = |json: serde_json::Value| serde_json::from_value::<Overrides>(json).unwrap();
        let recipe = |json: serde_json::Value| Overrides::from(combine(&[named("a"), layer(json)]).unwrap());
        let tile = recipe(serde_json::json!({"tile": "both"}));
        let overlay = recipe(serde_json::json!({"overlay": "logo.png", "overlay_every": 3}));
        let mask = recipe(serde_json::json!({"mask": "left", "prompt_outside": "sea"}));
        let plain = combine(&[named("a")]).unwrap();
        for (name, recipe) in [("tile", tile), ("overlay", overlay), ("mask", mask.clone())] {
            assert_ne!(combine(std::slice::from_ref(&recipe)).unwrap(), plain, "{name}");
            let none = layer(serde_json::json!({ name: "none" }));
            assert_eq!(combine(&[none, recipe]).unwrap(), plain, "{name}");
        }
        let outside = layer(serde_json::json!({"mask": "none", "prompt_outside": "sky"}));
        assert!(combine(&[outside, mask]).unwrap_err().to_string().contains("needs a mask"));
    }

    #[test]
    fn palettes_starting_images_and_hires_can_be_taken_away() {
        let layer = |json: serde_json::Value| serde_json::from_value::<Overrides>(json).unwrap();
        let recipe = |json: serde_json::Value| Overrides::from(combine(&[named("a"), layer(json)]).unwrap());
        let plain = combine(&[named("a")]).unwrap();
        let without = |name: &str, given: serde_json::Value| {
            combine(&[layer(serde_json::json!({ name: "none" })), recipe(given)]).unwrap()
        };
        let settings = without("palette", serde_json::json!({"palette": "pico-8"}));
        assert_eq!((settings.palette, settings.colors), (None, None));
        let settings = without("palette", serde_json::json!({"colors": 5}));
        assert_eq!((settings.palette, settings.colors), (None, Some(5)));
        let settings = without("hires", serde_json::json!({"hires": 2.0}));
        assert_eq!((settings.hires, settings.size), (None, plain.size.scaled(2.0)));
        let started = serde_json::json!({"init_image": "a.png", "init_opacity": 0.5, "init_pixel_weight": 2.0});
        let settings = without("init_image", started.clone());
        assert_eq!((settings.init_image, settings.init_opacity, settings.init_pixel_weight), (None, None, None));
        assert_eq!((settings.init_weight, settings.init_noise), (plain.init_weight, plain.init_noise));
        let kept = layer(serde_json::json!({"init_image": "none", "init_opacity": 0.25}));
        assert!(combine(&[kept, recipe(started)]).unwrap_err().to_string().contains("--init-opacity"));
        // Pixel art has a few colors without a palette, too.
        let drawn = layer(serde_json::json!({"prompt": "a", "pixel_art": true, "palette": "pico-8"}));
        let settings = combine(&[layer(serde_json::json!({"palette": "none"})), drawn]).unwrap();
        assert_eq!((settings.palette, settings.colors), (None, Some(PIXEL_ART_COLORS)));
        // No palette has this name.
        assert!(Palette::load("none").is_err());
    }

    #[test]
    fn losses_are_those_of_the_strongest_layer_and_each_is_named_once() {
        let asked = |losses: &[&str]| Overrides {
            loss: Some(losses.iter().map(|loss| loss.parse().unwrap()).collect()),
            ..Overrides::default()
        };
        let of = |layers: &[Overrides]| {
            let settings = combine(layers).unwrap();
            settings.loss.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let (strong, weak) = (asked(&["tv:2", "border"]), asked(&["saturation"]));
        assert_eq!(of(&[named("a"), strong.clone(), weak.clone()]), ["tv:2", "border=#ffffff:1"]);
        assert_eq!(of(&[named("a"), asked(&["none"]), weak.clone()]), [""; 0]);
        assert_eq!(of(&[named("a"), weak]), ["saturation:1"]);
        let cells = Overrides { smoothness: Some(0.5), ..asked(&["smoothness-log"]) };
        let waves = Overrides { sharpness: Some(0.5), ..asked(&["sharpness"]) };
        for wrong in [asked(&["none", "tv"]), asked(&["tv", "saturation", "tv:2"]), cells, waves] {
            assert!(combine(&[named("a"), wrong.clone()]).is_err(), "{wrong:?}");
        }
        let apart = Overrides { smoothness: Some(0.5), sharpness: Some(0.5), ..asked(&["tv"]) };
        assert!(combine(&[named("a"), apart]).is_ok());
    }

    #[test]
    fn ranges_are_checked() {
        for wrong in [
            Overrides { cutouts: Some(0), ..named("a") },
            Overrides { learning_rate: Some(0.0), ..named("a") },
            Overrides { learning_rate: Some(f64::NAN), ..named("a") },
            Overrides { cut_noise: Some(-0.1), ..named("a") },
            Overrides { clip: Some(vec![]), ..named("a") },
            Overrides { model: Some("nonsense".into()), ..named("a") },
            Overrides::default(),
        ] {
            assert!(combine(std::slice::from_ref(&wrong)).is_err(), "{wrong:?}");
        }
    }
}

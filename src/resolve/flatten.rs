//! One layer of overrides for all of them.

use std::path::{Path, PathBuf};

use super::{init_weight, story};
use crate::settings::{OrNone, Overrides};
use crate::{Result, picture};

/// Merges layers, the strongest first, into one that means the same, for a receiver that takes only one, such as a server.
/// Leaves out what the quality or the pixel art of a stronger layer overrules. Models count as plain values. A story becomes
/// prompts and their weights.
///
/// # Errors
/// If a shape needs the size of an image that cannot be read, or a story cannot be read or has no length.
pub fn flatten(layers: &[Overrides]) -> Result<Overrides> {
    let image = layers.iter().find_map(|layer| layer.init_image.as_ref()).and_then(OrNone::value);
    let image = image.map(PathBuf::as_path);
    let mut flat = Overrides::default();
    for layer in layers.iter().rev() {
        flat = above(layer.clone(), flat, image)?;
    }
    // Whether a weight applies depends on all layers.
    flat.init_weight = init_weight::named(layers);
    story::settle(layers, &mut flat)?;
    Ok(flat)
}

/// The layer that means the same as two.
fn above(mut strong: Overrides, mut weak: Overrides, image: Option<&Path>) -> Result<Overrides> {
    if strong.quality.is_some() {
        (weak.size, weak.aspect, weak.iterations, weak.cutouts) = (None, None, None, None);
    }
    if strong.quality.is_some() || strong.iterations.is_some() {
        // More work does not end where a weaker layer stopped.
        weak.stop_at = None;
    }
    if strong.is_animated() || strong.iterations_per_frame.is_some() {
        (weak.iterations, weak.stop_at) = (None, None);
    }
    if strong.length.as_ref().is_some_and(OrNone::is_none) {
        (weak.zoom, weak.angle, weak.pan_x, weak.pan_y, weak.wander) = (None, None, None, None, None);
    }
    if strong.prompt.is_some() {
        weak.prompt_weights = None;
    }
    if strong.size.is_some() || strong.aspect.is_some() {
        let size = weak.size.take().filter(|_| strong.size.is_none());
        if let (Some(aspect), Some(size)) = (strong.aspect, size) {
            strong.aspect = None;
            strong.size = Some(aspect.at(size, || picture::dimensions(image.unwrap_or(Path::new(""))))?);
        }
        weak.aspect = None;
    }
    let is_pixel_art = strong.pixel_art == Some(true);
    if is_pixel_art {
        (weak.drawer, weak.tidy) = (None, None);
    }
    let names_palette = strong.palette.as_ref().is_some_and(|palette| !palette.is_none());
    if is_pixel_art || names_palette || strong.colors.is_some() {
        (weak.palette, weak.colors) = (None, None);
    }
    if strong.init_image.as_ref().is_some_and(OrNone::is_none) {
        (weak.init_opacity, weak.init_pixel_weight) = (None, None);
    }
    if strong.mask.as_ref().is_some_and(OrNone::is_none) {
        weak.prompt_outside = None;
    }
    if strong.pixel_size.is_some() {
        weak.pixel_scale = None;
    }
    Ok(strong.or(weak))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::models::Quality;
    use crate::resolve::combine;
    use crate::settings::{Aspect, StartNoise};

    /// A layer of settings on which the rules between layers depend.
    fn layer() -> impl Strategy<Value = Overrides> {
        let some = |values: &[usize]| proptest::option::weighted(0.3, proptest::sample::select(values.to_vec()));
        let work = (some(&[0, 1]), some(&[0, 1]), some(&[7, 9]), some(&[3, 4]), some(&[2, 5]));
        let drawn = (some(&[0]), some(&[0, 1]), some(&[0, 1, 2, 3]), some(&[0, 1]), some(&[1, 2]), some(&[0, 1]));
        let start = (some(&[0, 1]), some(&[1, 2]));
        (work, drawn, start).prop_map(|((quality, shape, iterations, stop_at, cutouts), drawn, (noise, weight))| {
            let (pixel_art, drawer, colors, pixel_size, pixel_scale, tidy) = drawn;
            let size = |index: usize| ["64x64", "96x32"][index].parse().unwrap();
            Overrides {
                quality: quality.map(|index| [Quality::Draft, Quality::Best][index]),
                size: shape.map(size),
                iterations,
                stop_at,
                cutouts,
                pixel_art: pixel_art.map(|_| true),
                tidy: tidy.map(|index| index == 1),
                drawer: drawer.map(|index| ["vqgan", "pixel"][index].into()),
                palette: colors
                    .filter(|index| *index != 2)
                    .map(|index| ["pico-8", "game-boy", "", "none"][index].parse().unwrap()),
                colors: colors.filter(|index| *index == 2).map(|_| 5),
                pixel_size: pixel_size.map(|index| ["8x8", "16x8"][index].parse().unwrap()),
                pixel_scale: pixel_scale.map(|scale| f64::from(u32::try_from(scale).unwrap())),
                init_noise: noise.map(|index| [StartNoise::None, StartNoise::Prior][index]),
                init_weight: weight.map(|weight| f64::from(u32::try_from(weight).unwrap()) / 8.0),
                ..Overrides::default()
            }
        })
    }

    proptest! {
        #[test]
        fn one_layer_draws_what_three_do(layers in [layer(), layer(), layer()]) {
            let mut layers = layers;
            layers[0].prompt = "a cat".parse().ok();
            let flat = flatten(&layers).unwrap();
            match (combine(&layers), combine(&[flat])) {
                (Ok(settings), Ok(flat)) => prop_assert_eq!(settings, flat),
                (Err(error), Err(flat)) => prop_assert_eq!(error.to_string(), flat.to_string()),
                (settings, flat) => prop_assert!(false, "{:?} and {:?}", settings, flat),
            }
        }
    }

    #[test]
    fn a_mask_is_taken_away_with_what_is_outside() {
        let layer = |json: serde_json::Value| serde_json::from_value::<Overrides>(json).unwrap();
        let masked = layer(serde_json::json!({"prompt": "a", "mask": "left", "prompt_outside": "sea"}));
        let layers = [layer(serde_json::json!({"mask": "none"})), masked];
        assert_eq!(combine(&layers).unwrap(), combine(&[flatten(&layers).unwrap()]).unwrap());
        assert_eq!(combine(&layers).unwrap().prompt_outside, None);
    }

    #[test]
    fn a_single_picture_has_no_motions() {
        let layer = |json: serde_json::Value| serde_json::from_value::<Overrides>(json).unwrap();
        let moving = json!({"prompt": "a", "length": 5, "iterations_per_frame": 3, "iterations": 15, "zoom": "1.1"});
        for single in [json!({"length": "none"}), json!({"length": "none", "iterations": 7})] {
            let layers = [layer(single), layer(moving.clone())];
            let settings = combine(&layers).unwrap();
            assert_eq!(settings, combine(&[flatten(&layers).unwrap()]).unwrap());
            assert_eq!((settings.length, settings.zoom), (None, None));
        }
        assert!(serde_json::from_value::<Overrides>(json!({"length": "long"})).is_err());
    }

    #[test]
    fn a_story_becomes_prompts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("story.txt");
        std::fs::write(&path, "a dawn\na noon\n").unwrap();
        let weights = vec!["1 = 0: 1, 3: 2".parse().unwrap()];
        let weaker = Overrides { prompt_weights: Some(weights), iterations: Some(9), ..Overrides::default() };
        let told = Overrides { story: Some(path), crossfade: Some(1), ..Overrides::default() };
        let animated = Overrides { length: Some(6.into()), ..Overrides::default() };
        for layers in [[told.clone(), animated, weaker.clone()], [Overrides::default(), told.clone(), weaker]] {
            let flat = flatten(&layers).unwrap();
            assert_eq!((flat.story.as_ref(), flat.crossfade), (None, None));
            assert_eq!(combine(&layers).unwrap(), combine(&[flat]).unwrap());
        }
        let error = flatten(&[told]).unwrap_err().to_string();
        assert!(error.contains("needs a length"), "{error}");
    }

    #[test]
    fn a_shape_reshapes_the_size_of_a_weaker_layer() {
        let aspect = |text: &str| Overrides { aspect: text.parse::<Aspect>().ok(), ..Overrides::default() };
        let size = |text: &str| Overrides { size: text.parse().ok(), ..Overrides::default() };
        let prompt = Overrides { prompt: "a cat".parse().ok(), ..Overrides::default() };
        for layers in [
            [prompt.clone(), aspect("widescreen"), size("200x100")],
            [prompt.clone(), size("200x100"), aspect("widescreen")],
            [prompt.clone(), aspect("2:1"), Overrides { quality: Some(Quality::Best), ..Overrides::default() }],
        ] {
            let flat = flatten(&layers).unwrap();
            assert_eq!(combine(&layers).unwrap(), combine(&[flat]).unwrap());
        }
        assert!(flatten(&[aspect("retain"), size("200x100")]).is_err());
    }
}

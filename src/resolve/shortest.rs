//! The way back from settings: the fewest values that mean the same.

use serde_json::{Map, Value};

use super::combine;
use crate::drawer;
use crate::models::Quality;
use crate::settings::{Overrides, Settings};

/// The values that are not left out: the prompt, and those that stand for others.
const KEPT: [&str; 3] = ["prompt", "quality", "pixel_art"];

/// The fewest values from which [`combine`] makes these settings, as a user would give them: a quality instead of the
/// values that it stands for, and nothing that is a default.
#[must_use]
pub fn shortest(settings: &Settings) -> Overrides {
    let whole = Overrides::from(settings.clone());
    let is_pixel_art = drawer::with_option("pixel_art").is_some_and(|name| name == settings.drawer);
    let qualities = Quality::ALL.iter().map(|(quality, _)| *quality).filter(|quality| *quality != Quality::Normal);
    let pixel_arts: &[Option<bool>] = if is_pixel_art { &[None, Some(true)] } else { &[None] };
    let presets = std::iter::once(None)
        .chain(qualities.map(Some))
        .flat_map(|quality| pixel_arts.iter().map(move |pixel_art| (quality, *pixel_art)));
    // Of equally short ones, the first.
    let best = presets
        .filter_map(|(quality, pixel_art)| {
            without_defaults(&Overrides { quality, pixel_art, ..whole.clone() }, settings)
        })
        .min_by_key(Map::len);
    best.and_then(|best| serde_json::from_value(Value::Object(best)).ok()).unwrap_or(whole)
}

/// The values of a layer that settings need; `None` if the layer cannot be written.
fn without_defaults(layer: &Overrides, settings: &Settings) -> Option<Map<String, Value>> {
    let Ok(Value::Object(mut values)) = serde_json::to_value(layer) else { return None };
    let names: Vec<String> = values.keys().filter(|name| !KEPT.contains(&name.as_str())).cloned().collect();
    for name in names {
        let mut fewer = values.clone();
        fewer.shift_remove(&name);
        let read = serde_json::from_value::<Overrides>(Value::Object(fewer.clone()));
        if read.is_ok_and(|read| combine(&[read]).is_ok_and(|same| same == *settings)) {
            values = fewer;
        }
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings(json: &Value) -> Settings {
        combine(&[serde_json::from_value(json.clone()).unwrap()]).unwrap()
    }

    #[test]
    fn what_was_given_is_found_again() {
        for given in [
            serde_json::json!({"prompt": "a cat"}),
            serde_json::json!({"prompt": "a cat", "quality": "draft", "seed": 7}),
            serde_json::json!({"prompt": "a cat", "quality": "best", "iterations": 3}),
            serde_json::json!({"prompt": "a cat | b:0.5", "size": "64x48", "cut_noise": 0.5, "init_noise": "codes"}),
            serde_json::json!({"prompt": "a cat", "pixel_art": true}),
            serde_json::json!({"prompt": "a cat", "pixel_art": true, "outline": true, "palette": "pico-8"}),
            serde_json::json!({"prompt": "a cat", "drawer": "pixel", "colors": 12}),
            serde_json::json!({"prompt": "a cat", "quality": "draft", "drawer": "pixel", "transparent": true}),
            serde_json::json!({"prompt": "a cat", "init_image": "a.png", "init_weight": 0.25}),
        ] {
            let shortest = serde_json::to_value(shortest(&settings(&given))).unwrap();
            assert_eq!(shortest, given);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn fewer_values_mean_the_same(
            quality in proptest::option::of(proptest::sample::select(vec!["draft", "normal", "better", "best"])),
            drawer in proptest::option::of(proptest::sample::select(vec!["vqgan", "pixel"])),
            (size, iterations, seed) in (any::<bool>(), 0_usize..300, any::<u64>()),
            (vqgan, colors, hold) in (any::<bool>(), proptest::option::of(2_usize..40), 0.0..3.0_f64),
        ) {
            let given = Overrides {
                prompt: "a cat:2 | b".parse().ok(),
                quality: quality.map(|name| name.parse().unwrap()),
                drawer: drawer.map(Into::into),
                size: size.then(|| "72x64".parse().unwrap()),
                iterations: (iterations < 200).then_some(iterations),
                seed: Some(crate::settings::Seed(seed).into()),
                vqgan: vqgan.then(|| "folder".to_owned()),
                colors,
                hold: Some(hold),
                ..Overrides::default()
            };
            let settings = combine(&[given]).unwrap();
            prop_assert_eq!(combine(&[shortest(&settings)]).unwrap(), settings);
        }
    }
}

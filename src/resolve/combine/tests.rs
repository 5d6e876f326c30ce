//! Which layer's value counts, and what goes together.
#![allow(clippy::cast_precision_loss, clippy::float_cmp)]

use super::combine;
use super::expand::PIXEL_ART_COLORS;
use crate::models::{Quality, embedded};
use crate::palette::Palette;
use crate::picture::Size;
use crate::resolve::preset;
use crate::settings::{Overrides, STYLE_WEIGHT, Settings, StartNoise, StyleName};

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

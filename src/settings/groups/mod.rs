//! The options that affect a picture: a file for each group, a block for each option. `table.rs` describes the blocks.

#[macro_use]
mod picture;
#[macro_use]
mod start;
#[macro_use]
mod masks;
#[macro_use]
mod models;
#[macro_use]
mod guidance;
#[macro_use]
mod drawer;
#[macro_use]
mod strokes;
#[macro_use]
mod waves;
#[macro_use]
mod colors;
#[macro_use]
mod machine;
#[macro_use]
mod moving_pictures;
#[macro_use]
mod motion;
#[macro_use]
mod output;

use serde::{Deserialize, Deserializer};

pub(crate) use models::check_upscaler;
pub(crate) use motion::{GROUP as ANIMATION, ITERATIONS_PER_FRAME};
pub use moving_pictures::VideoSettings;
pub(crate) use output::checked_quality;

use super::arguments::{self, number, number_or, number_or_none, signed, switch, whole_number};
use super::options::{self, OptionInfo, Setter};
use super::or_none::choice_or_none;
use super::range::Range;

join! { [picture start masks models guidance drawer strokes waves colors machine moving_pictures motion output] {} }

/// The order of the oldest settings in recipes. Settings that are not in this list follow in the order of the help, so
/// new settings need not be added.
const RECIPE_ORDER: [&str; 39] = [
    "prompt",
    "image_prompt",
    "noise_prompt",
    "drawer",
    "vqgan",
    "clip",
    "size",
    "iterations",
    "stop_at",
    "auto_stop",
    "seed",
    "cutouts",
    "cut_batch",
    "augment",
    "cut_noise",
    "optimizer",
    "learning_rate",
    "learning_rate_drops",
    "init_image",
    "init_weight",
    "init_noise",
    "pixel_shape",
    "pixel_size",
    "smoothness",
    "transparent",
    "alpha_weight",
    "palette",
    "colors",
    "palette_weight",
    "dither",
    "pixel_zoom",
    "device",
    "precision",
    "fps",
    "frame_every",
    "seconds",
    "hold",
    "boomerang",
    "gif_palette",
];

/// The position of a setting in a recipe.
fn recipe_place(name: &str) -> usize {
    RECIPE_ORDER.iter().position(|other| *other == name).unwrap_or(RECIPE_ORDER.len())
}

/// Reads a value from a file, so that a value of the wrong type is an error instead of missing.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings that recipes have always had.
    const OLDEST: &str = r#"{"prompt": "a cat", "vqgan": "embedded", "clip": ["embedded"], "size": "64x48",
        "iterations": 3, "seed": 7, "cutouts": 2, "cut_batch": "auto", "augment": "none", "cut_noise": 0.1,
        "optimizer": "adam", "learning_rate": 0.1, "learning_rate_drops": "none",
        "init_weight": 0.0, "init_noise": "codes"}"#;

    #[test]
    #[allow(clippy::float_cmp)]
    fn what_the_oldest_recipes_lack_means_what_it_meant() {
        let settings: Settings = serde_json::from_str(OLDEST).unwrap();
        assert_eq!((settings.alpha_weight, settings.palette_weight, settings.frame_every), (0.0, 0.0, 1));
        assert_eq!((settings.video(), settings.stop_at), (VideoSettings::default(), None));
        for (written, words) in [
            (OLDEST.replace(r#""seed": 7,"#, ""), "missing field `seed`"),
            (OLDEST.replace(r#""seed": 7"#, r#""sed": 7"#), "unknown field `sed`"),
            (OLDEST.replace(r#""seed": 7"#, r#""seed": 7, "hold": null"#), "invalid type: null"),
        ] {
            let error = serde_json::from_str::<Settings>(&written).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn recipes_keep_their_order() {
        let settings: Settings = serde_json::from_str(OLDEST).unwrap();
        let written = serde_json::to_value(&settings).unwrap();
        let names: Vec<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
        let left_out = ["image_prompt", "noise_prompt", "stop_at", "init_image", "pixel_size", "palette", "colors"];
        let left_out: Vec<&str> = left_out.into_iter().chain(["pixel_zoom", "seconds"]).collect();
        let expected = RECIPE_ORDER.iter().copied().filter(|name| !left_out.contains(name));
        assert_eq!(names[..expected.clone().count()], expected.collect::<Vec<_>>());
        assert_eq!(serde_json::from_value::<Settings>(written).unwrap(), settings);
    }

    #[test]
    fn every_option_says_what_it_is() {
        for option in OPTIONS {
            assert!(!option.help().is_empty() && !option.help().ends_with('.'), "{option:?}");
            assert_eq!(option.option, option.name.replace('_', "-"));
            assert!(RECIPE_ORDER.iter().all(|name| OptionInfo::of(name).is_some()));
        }
        let text = |name| OptionInfo::of(name).unwrap().default();
        assert_eq!(text("augment").as_deref(), Some("crop,perspective,jitter"));
        assert_eq!((text("fps").as_deref(), text("size"), text("seconds")), (Some("25"), None, None));
        // Requests name no files and no models, and claim no share of the machine.
        for name in [
            "init_image",
            "image_prompt",
            "mask",
            "overlay",
            "palette",
            "model",
            "vqgan",
            "clip",
            "cut_batch",
            "device",
        ] {
            assert_eq!(OptionInfo::of(name).unwrap().setter, Setter::CommandLine, "{name}");
        }
    }

    #[test]
    fn a_verb_takes_the_options_it_chooses() {
        use crate::settings::{Choice, Chosen};
        use clap::{Args, Command, FromArgMatches};

        struct Few;
        impl Choice for Few {
            fn takes(option: &OptionInfo) -> bool {
                ["clip", "hold", "auto_stop"].contains(&option.name)
            }
        }
        let read = |line: &str| {
            let command = Chosen::<Few>::augment_args(Command::new("few").no_binary_name(true));
            let matches = command.try_get_matches_from(line.split_whitespace())?;
            Ok::<_, clap::Error>(Chosen::<Few>::from_arg_matches(&matches)?.overrides)
        };
        let clip = Some(vec!["a".to_owned(), "b".to_owned()]);
        let expected = Overrides { clip, hold: Some(1.5), auto_stop: Some(true), ..Overrides::default() };
        assert_eq!(read("--clip a,b --auto-stop --hold 1.5").unwrap(), expected);
        assert_eq!(read("").unwrap(), Overrides::default());
        assert!(read("--seed 5").is_err() && read("--hold").is_err());
    }
}

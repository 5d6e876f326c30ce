//! Properties of all prompts and all settings: nothing panics, and everything written can be read again.

#![allow(clippy::unwrap_used)]

use crate::common;

use candle_core::{DType, Device, Tensor};
use common::program::Workplace;
use proptest::prelude::*;
use text2art::device::DeviceChoice;
use text2art::files::{Existing, write_whole};
use text2art::optimizer::OptimizerKind;
use text2art::output::{Recipe, ResultRecord, encode};
use text2art::picture::Size;
use text2art::progress::Figures;
use text2art::resolve::combine;
use text2art::settings::{CutBatch, Overrides, Prompts, Settings, StartNoise};

/// A number of an option's range, many of them near 0.
fn number(most: f64) -> impl Strategy<Value = f64> + Clone {
    prop_oneof![
        Just(most),
        (0.0..1.0_f64).prop_map(move |share| most * share.powi(8)).prop_filter("above 0", |x| *x > 0.0)
    ]
}

fn one_of<T: Copy + std::fmt::Debug>(all: &'static [(T, &'static str)]) -> impl Strategy<Value = T> {
    proptest::sample::select(all).prop_map(|(value, _)| value)
}

/// A text with the grammar's own characters in it.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r"[a-z |:\\0-9.-]{1,20}"].prop_filter("not empty", |text| !text.trim().is_empty())
}

/// Text as a prompt that stands for just this text.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| if matches!(c, '|' | ':' | '\\') { vec!['\\', c] } else { vec![c] }).collect()
}

fn prompts() -> impl Strategy<Value = Prompts> {
    let weight = (number(1e6), any::<bool>()).prop_map(|(size, negative)| if negative { -size } else { size });
    let prompt = (words(), weight.clone(), proptest::option::of(weight)).prop_map(|(text, weight, stop)| {
        let stop = stop.map_or_else(String::new, |stop| format!(":{stop}"));
        format!("{}:{weight}{stop}", escaped(text.trim()))
    });
    proptest::collection::vec(prompt, 1..4).prop_map(|parts| parts.join("|").parse().unwrap())
}

fn settings() -> impl Strategy<Value = Settings> {
    let amounts = (1..=1_048_576_usize, 1..=1_048_576_usize, 0..=1_000_000_usize, proptest::option::of(0..9999_usize));
    let cutouts = (1..=4096_usize, proptest::option::of(1..=4096_usize), number(10.0));
    let names = (words(), proptest::collection::vec(words(), 1..4), proptest::option::of((words(), number(1000.0))));
    let kinds = (one_of(OptimizerKind::ALL), one_of(StartNoise::ALL), proptest::option::of(0..9_usize), any::<bool>());
    let lists = (
        proptest::sample::subsequence(vec!["crop", "perspective", "affine", "flip", "jitter", "erase"], 0..=6),
        proptest::collection::vec(prop_oneof!["[0-9]{1,6}", "[1-9]?[0-9]%"], 0..4),
        proptest::collection::vec((words(), number(1e6)), 0..3),
    );
    let list = |words: Vec<String>| if words.is_empty() { "none".to_owned() } else { words.join(",") };
    (prompts(), amounts, any::<u64>(), cutouts, names, kinds, lists, number(1000.0)).prop_map(
        move |(prompt, amounts, seed, cutouts, names, kinds, lists, learning_rate)| {
            let overrides = Overrides {
                prompt: Some(prompt),
                size: Some(Size { width: amounts.0, height: amounts.1 }),
                iterations: Some(amounts.2),
                stop_at: amounts.3,
                seed: Some(seed.to_string().parse().unwrap()),
                cutouts: Some(cutouts.0),
                cut_batch: Some(cutouts.1.map_or(CutBatch::Auto, CutBatch::Count)),
                cut_noise: Some(cutouts.2),
                vqgan: Some(names.0),
                clip: Some(names.1),
                init_image: names.2.as_ref().map(|(path, _)| std::path::PathBuf::from(path).into()),
                init_weight: names.2.as_ref().map(|(_, weight)| *weight),
                optimizer: Some(kinds.0),
                init_noise: Some(kinds.1),
                device: Some(kinds.2.map_or(DeviceChoice::Auto, DeviceChoice::Cuda)),
                auto_stop: Some(kinds.3),
                augment: Some(list(lists.0.into_iter().map(str::to_owned).collect()).parse().unwrap()),
                learning_rate_drops: Some(list(lists.1).parse().unwrap()),
                image_prompt: Some(
                    lists.2.iter().map(|(file, weight)| format!("{file}:{weight}").parse().unwrap()).collect(),
                ),
                noise_prompt: Some(
                    // A word: numbers are kept in one spelling.
                    lists.2.iter().map(|(seed, weight)| format!("w{seed}:-{weight}").parse().unwrap()).collect(),
                ),
                learning_rate: Some(learning_rate),
                ..Overrides::default()
            };
            combine(&[overrides]).unwrap()
        },
    )
}

/// So many cases, whose failures are shown and not stored.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn any_text_is_a_prompt_or_an_error(text in any::<String>()) {
        if let Ok(prompts) = text.parse::<Prompts>() {
            prop_assert_eq!(prompts.to_string().parse::<Prompts>(), Ok(prompts));
        }
        if !text.trim().is_empty() {
            let prompts: Prompts = escaped(&text).parse().unwrap();
            prop_assert_eq!(prompts.all().len(), 1);
            prop_assert_eq!(&prompts.all()[0].text, text.trim());
        }
    }

    #[test]
    fn settings_survive_every_file(settings in settings()) {
        let toml = toml::to_string(&settings).unwrap();
        prop_assert_eq!(&toml::from_str::<Settings>(&toml).unwrap(), &settings);
        prop_assert_eq!(toml::from_str::<Overrides>(&toml).unwrap(), Overrides::from(settings.clone()));
        let json = serde_json::to_string(&settings).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Settings>(&json).unwrap(), &settings);
        prop_assert_eq!(&combine(&[Overrides::from(settings.clone())]).unwrap(), &settings);
        let picture = Tensor::zeros((1, 3, 2, 2), DType::F32, &Device::Cpu).unwrap();
        let result = ResultRecord { iterations_done: 1, figures: Figures { loss: Some(0.1), ..Figures::default() } };
        let png = encode(&picture, Some(&Recipe::new(settings.clone(), Vec::new(), Vec::new(), result)), None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_whole(&folder.path().join("p.png"), &png, Existing::Keep).unwrap();
        prop_assert_eq!(Recipe::read(&folder.path().join("p.png")).unwrap().settings, settings);
    }
}

proptest! {
    #![proptest_config(cases(48))]

    /// Through the program: a text it draws comes back from the recipe, any other is refused in two lines.
    #[test]
    fn any_text_can_be_drawn(text in words().prop_filter("an argument", |text| !text.contains('\0'))) {
        let workplace = Workplace::new();
        let outcome = workplace.run(&["--dry-run", "--", &text]);
        prop_assert!(!outcome.errors.contains("panicked"), "{}", outcome.errors);
        if let Ok(prompts) = text.parse::<Prompts>() {
            let settings: Settings = toml::from_str(outcome.succeeded().output_text()).unwrap();
            prop_assert_eq!(settings.prompt, prompts);
        } else {
            prop_assert_eq!(outcome.code, Some(2));
            prop_assert_eq!(outcome.errors.lines().count(), 2, "{}", outcome.errors);
        }
    }
}

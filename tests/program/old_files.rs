//! What earlier versions wrote is still read: a recipe in a picture, a checkpoint and a configuration file, with the settings
//! they were written with, in the same order.
//!
//! `tests/fixtures/README.md` says which version wrote `tests/fixtures/old`, and how.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::fixtures;
use common::program::Workplace;
use serde_json::Value;
use text2art::models::embedded::prior_record;
use text2art::output::Checkpoint;

/// The settings of `recipe.png` and of `checkpoint.png.t2a`, as `text2art info --json recipe.png` printed them when they
/// were written.
const SETTINGS: &str = concat!(
    r#"{"prompt":"a red apple | white:-0.3","noise_prompt":["5:0.25"],"drawer":"pixel","vqgan":"embedded","#,
    r#""clip":["embedded"],"size":"24x24","iterations":4,"stop_at":2,"auto_stop":false,"seed":7,"cutouts":1,"#,
    r#""cut_batch":1,"augment":"crop,flip","cut_noise":0.3,"optimizer":"radam","learning_rate":0.05,"#,
    r#""learning_rate_drops":"75%,3","init_weight":20.0,"init_noise":"prior","pixel_shape":"hex","#,
    r#""pixel_size":"24x24","smoothness":0.5,"transparent":true,"alpha_weight":0.3,"palette":"pico-8","#,
    r#""palette_weight":5.0,"dither":"none","device":"auto","precision":"tf32","fps":23.976,"frame_every":1,"#,
    r#""hold":1.5,"boomerang":true,"gif_palette":"frame"}"#,
);

/// A workplace with the old files.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    for name in ["recipe.png", "pixel-art.png", "checkpoint.png.t2a", "config.toml"] {
        workplace.write(name, std::fs::read(fixtures().join("old").join(name)).unwrap());
    }
    workplace
}

/// The settings in a picture, as text, so that their order counts.
fn settings(workplace: &Workplace, picture: &str) -> String {
    let recipe = workplace.run(&["info", picture, "--json"]).succeeded().output_json();
    recipe["settings"].to_string()
}

#[test]
fn an_old_recipe_is_shown_and_repeated() {
    let workplace = workplace();
    assert_eq!(settings(&workplace, "recipe.png"), SETTINGS);
    let outcome = workplace.run(&["--from", "recipe.png", "-o", "again.png", "-q"]).succeeded();
    assert_eq!(settings(&workplace, "again.png"), SETTINGS);
    // Priors were not recorded, so the picture may be another one.
    let prior = prior_record().sha256;
    assert!(outcome.errors.contains(&prior) && outcome.errors.contains("text2art 0.1.0"), "{}", outcome.errors);
    // As a configuration file, which has the order of the recipe.
    let shown = workplace.run(&["info", "recipe.png"]).succeeded();
    let settings: Value = serde_json::from_str(SETTINGS).unwrap();
    let lines = shown.output_text().lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = lines.filter_map(|line| line.split(" = ").next()).collect();
    assert_eq!(names, settings.as_object().unwrap().keys().collect::<Vec<_>>());
}

/// Random cells, nearly all of them strays, which pixel art has been made without since.
#[test]
fn old_pixel_art_keeps_its_cells() {
    let workplace = workplace();
    let before = settings(&workplace, "pixel-art.png");
    assert!(before.contains(r#""colors":24"#) && !before.contains("tidy"), "{before}");
    let outcome = workplace.run(&["--from", "pixel-art.png", "-o", "again.png", "-q"]).succeeded();
    assert!(!outcome.errors.contains("prior"), "it began with noise: {}", outcome.errors);
    assert_eq!(settings(&workplace, "again.png"), before);
    let pixels = |name: &str| image::load_from_memory(&workplace.read(name)).unwrap().to_rgb8();
    assert!(pixels("again.png") == pixels("pixel-art.png"));
    // Asking for pixel art today is asking for today's.
    let fewer = ["--from", "pixel-art.png", "--pixel-art", "-o", "today.png", "-q"];
    workplace.run(&fewer).succeeded();
    assert!(pixels("today.png") != pixels("pixel-art.png"));
}

#[test]
fn an_old_checkpoint_is_continued() {
    let workplace = workplace();
    // The picture is kept close to that of a prior, which was not recorded.
    let lines = workplace.refuses_somehow(&["resume", "checkpoint.png.t2a", "-n", "4", "-q"]);
    assert!(
        lines[0].contains("does not record the embedded prior") && lines[1].contains("text2art 0.1.0"),
        "{lines:?}"
    );
    let mut checkpoint = Checkpoint::read(&workplace.join("checkpoint.png.t2a")).unwrap();
    checkpoint.recipe.models.push(prior_record());
    workplace.write("checkpoint.png.t2a", checkpoint.encode().unwrap());
    workplace.run(&["resume", "checkpoint.png.t2a", "-n", "4", "-q"]).succeeded();
    // A length that is named is not one to stop at before.
    assert_eq!(settings(&workplace, "checkpoint.png"), SETTINGS.replace(r#""stop_at":2,"#, ""));
    let recipe = workplace.run(&["info", "checkpoint.png", "--json"]).succeeded().output_json();
    assert_eq!(recipe["result"]["iterations_done"], 4);
}

#[test]
fn an_old_configuration_file_is_read() {
    let workplace = workplace();
    let shown = workplace.run(&["--config", "config.toml", "--dry-run"]).succeeded();
    let lines = shown.output_text().lines().filter(|line| !line.starts_with('#'));
    let expected = String::from_utf8(workplace.read("config.toml")).unwrap();
    assert_eq!(lines.collect::<Vec<_>>(), expected.lines().collect::<Vec<_>>());
}

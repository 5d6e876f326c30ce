//! Where settings come from, and which source wins: flags, a recipe, the environment, a file.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::{Outcome, Workplace, finish};

const SMALL: &str = "a red apple --size 64x64 --cutouts 2 --iterations 2 -q";

/// Runs a line with environment variables.
fn run(workplace: &Workplace, line: &str, variables: &[(&str, &str)]) -> Outcome {
    let mut command = workplace.command();
    command.args(line.split(' ')).envs(variables.iter().copied());
    finish(&mut command)
}

#[test]
fn flags_win_over_the_environment_over_a_file() {
    let workplace = Workplace::new();
    workplace.write("settings.toml", "cutouts = 7\niterations = 8\nseed = \"cat\"\n");
    let line = "a red apple --iterations 9 --dry-run --config settings.toml";
    let outcome = run(&workplace, line, &[("TEXT2ART_CUTOUTS", "6"), ("TEXT2ART_ITERATIONS", "5")]).succeeded();
    let settings: toml::Table = outcome.output_text().parse().unwrap();
    assert_eq!(settings["iterations"].as_integer(), Some(9));
    assert_eq!(settings["cutouts"].as_integer(), Some(6));
    // The first eight bytes of SHA-256("cat"), little-endian, are more than TOML's integers hold.
    assert_eq!(settings["seed"].as_str(), Some("11805248889965490039"));
    // What a dry run prints is a file that --config reads.
    workplace.write("again.toml", outcome.output_text());
    let again = run(&workplace, "--dry-run --config again.toml", &[]).succeeded();
    assert_eq!(again.output_text(), outcome.output_text());
}

#[test]
fn a_variable_that_is_no_setting_is_a_warning() {
    let workplace = Workplace::new();
    let outcome = run(&workplace, "a red apple --dry-run", &[("TEXT2ART_SIEZ", "64x64")]).succeeded();
    assert!(outcome.errors.contains("warning: TEXT2ART_SIEZ is not a setting"), "{}", outcome.errors);
    for (variable, value) in [("TEXT2ART_SIZE", "big"), ("TEXT2ART_CUT_BATCH", "some"), ("TEXT2ART_DITHER", "none5")] {
        let outcome = run(&workplace, "a red apple --dry-run", &[(variable, value)]);
        assert_eq!(outcome.code, Some(2));
        assert!(outcome.errors.ends_with(&format!("hint: fix or unset {variable}\n")), "{}", outcome.errors);
    }
}

#[test]
fn a_recipe_is_not_mixed_with_weaker_sources() {
    let workplace = Workplace::new();
    run(&workplace, &format!("{SMALL} -o first.png"), &[]).succeeded();
    let variables = [("TEXT2ART_STOP_AT", "1"), ("TEXT2ART_ITERATIONS", "1"), ("TEXT2ART_IMAGE_PROMPT", "none.png")];
    run(&workplace, "--from first.png -o again.png -q", &variables).succeeded();
    assert!(workplace.read("first.png") == workplace.read("again.png"));
}

#[test]
fn what_no_machine_holds_is_refused() {
    let workplace = Workplace::new();
    for line in ["a --size 100000x100000 -o a.png", "a --size 1048576x1048576 -o a.png"] {
        let outcome = run(&workplace, line, &[]);
        assert_eq!(outcome.code, Some(2), "{line}");
        let told = ["of memory", "this machine has"].map(|part| outcome.errors.contains(part));
        assert_eq!(told, [true; 2], "{}", outcome.errors);
    }
    assert_eq!(run(&workplace, "a:1e40 -o a.png", &[]).code, Some(2));
}

#[test]
fn cutouts_are_saved_as_clip_sees_them() {
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.join("seen")).unwrap();
    run(&workplace, &format!("{SMALL} -o a.png --save-cutouts seen"), &[]).succeeded();
    for name in ["seen/000000-embedded.png", "seen/000001-embedded.png"] {
        let picture = image::load_from_memory(&workplace.read(name)).unwrap();
        // Two cutouts of 64 pixels, side by side.
        assert_eq!((picture.width(), picture.height()), (128, 64));
    }
    assert_eq!(run(&workplace, &format!("{SMALL} -o b.png --save-cutouts nowhere"), &[]).code, Some(2));
}

//! How the optimizer and the cutouts can be changed: `--momentum`, `--zooms`, `--cut-power` and `--center-bias`.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::{Workplace, words};
use serde_json::{Value, json};

/// A run that takes a moment. Cells change in each iteration; a few iterations of a VQGAN may choose the same codes.
const RUN: &str = "a red apple --drawer pixel --pixel-size 8x8 --size 32x32 -n 4 --cutouts 4 -q";

fn draw(workplace: &Workplace, line: &str) {
    workplace.run(&words(line)).succeeded();
}

/// The settings in a picture's recipe.
fn recipe(workplace: &Workplace, name: &str) -> Value {
    workplace.run(&["info", name, "--json"]).succeeded().output_json()["settings"].take()
}

/// Draws a picture with options that differ from the defaults, from every source, and continues a run with them: all
/// bytes are the same, and other bytes than without the options. `file` says the same as a configuration file.
pub fn is_the_same_from_everywhere(options: &str, file: &str) {
    let workplace = Workplace::new();
    draw(&workplace, &format!("{RUN} -o plain.png"));
    draw(&workplace, &format!("{RUN} {options} --threads 1 -o option.png"));
    draw(&workplace, &format!("{RUN} {options} --threads 3 -o threads.png"));
    draw(&workplace, "--from option.png -q -o again.png");
    workplace.write("file.toml", file);
    draw(&workplace, &format!("{RUN} --config file.toml -o file.png"));
    workplace.write("line.txt", format!("a red apple -- {options}\n"));
    draw(&workplace, &format!("batch line.txt {} -o batch.png", RUN.strip_prefix("a red apple").unwrap()));
    draw(&workplace, &format!("{RUN} {options} --stop-at 2 --checkpoint-every 2 -o part.png"));
    draw(&workplace, "resume part.png.t2a -n 4 -q");
    for name in ["threads", "again", "file", "batch", "part"] {
        assert!(workplace.read(&format!("{name}.png")) == workplace.read("option.png"), "{options}: {name}");
    }
    let pixels = |name: &str| image::open(workplace.join(name)).unwrap().into_rgb8();
    assert!(pixels("plain.png") != pixels("option.png"), "{options} changes nothing");
    // A recipe is complete: a weaker source adds nothing to it.
    draw(&workplace, "--from plain.png --config file.toml -q -o complete.png");
    assert!(workplace.read("complete.png") == workplace.read("plain.png"), "{options}");
}

#[test]
fn momentum_is_the_same_from_everywhere() {
    is_the_same_from_everywhere("--momentum 0", "momentum = 0\n");
    let workplace = Workplace::new();
    let outcome = workplace.run(&words("a --momentum 0.5 --optimizer rmsprop"));
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.errors.contains("the optimizer rmsprop has none"), "{}", outcome.errors);
    draw(&workplace, &format!("{RUN} -o plain.png"));
    draw(&workplace, &format!("{RUN} --momentum 0.9 -o usual.png"));
    let pixels = |name: &str| image::open(workplace.join(name)).unwrap().into_rgb8();
    assert!(pixels("plain.png") == pixels("usual.png"));
    assert_eq!(
        (&recipe(&workplace, "usual.png")["momentum"], recipe(&workplace, "plain.png").get("momentum")),
        (&json!(0.9), None)
    );
}

#[test]
fn cutouts_are_the_same_from_everywhere() {
    is_the_same_from_everywhere("--zooms 0.25,1@50%", "zooms = \"0.25,1@50%\"\n");
    is_the_same_from_everywhere("--cut-power 3", "cut_power = 3.0\n");
    is_the_same_from_everywhere("--center-bias 4", "center_bias = 4\n");
}

#[test]
fn cutouts_of_usual_values_are_the_usual_ones() {
    let workplace = Workplace::new();
    draw(&workplace, &format!("{RUN} -o plain.png"));
    draw(&workplace, &format!("{RUN} --zooms 0.5 --cut-power 1 --center-bias 0 -o same.png"));
    let pixels = |name: &str| image::open(workplace.join(name)).unwrap().into_rgb8();
    assert!(pixels("plain.png") == pixels("same.png"));
    let settings = recipe(&workplace, "same.png");
    assert_eq!((&settings["zooms"], &settings["cut_power"]), (&json!("0.5"), &json!("1")));
    assert_eq!(settings.get("center_bias"), None);
}

#[test]
fn a_longer_run_says_that_its_schedules_are_others() {
    let workplace = Workplace::new();
    draw(&workplace, &format!("{RUN} --zooms 0.5,1@50% --checkpoint-every 3 --stop-at 3 -o p.png"));
    let outcome = workplace.run(&words("resume p.png.t2a -n 8 --progress lines")).succeeded();
    let expected = "the run now has 8 iterations instead of 4: the share of zooms changes at 50%, which is iteration 4 \
                    instead of 2";
    assert!(outcome.errors.contains(expected), "{}", outcome.errors);
    // The first three iterations were those of another schedule.
    let whole = workplace.run(&["info", "p.png", "--json"]).succeeded().output_json();
    assert_eq!(whole["earlier"][0]["iterations_done"], 3);
    let refused = workplace.run(&words("a --zooms 0.5,2@50%"));
    assert_eq!(refused.code, Some(2));
    assert!(refused.errors.contains("--zooms 2 is out of range"), "{}", refused.errors);
}

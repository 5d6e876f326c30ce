//! What a picture is steered toward besides its prompts: labels.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::{Workplace, words};
use image::RgbImage;
use serde_json::{Value, json};

use crate::tuning::is_the_same_from_everywhere;

/// A run that takes a moment.
const RUN: &str = "a red apple --size 32x32 -n 4 --cutouts 4 -q";

fn draw(workplace: &Workplace, line: &str) {
    workplace.run(&words(line)).succeeded();
}

fn pixels(workplace: &Workplace, name: &str) -> RgbImage {
    image::open(workplace.join(name)).unwrap().into_rgb8()
}

/// The settings in a picture's recipe.
fn recipe(workplace: &Workplace, name: &str) -> Value {
    workplace.run(&["info", name, "--json"]).succeeded().output_json()["settings"].take()
}

/// The losses of the first iteration of a run, by name.
fn losses(workplace: &Workplace, line: &str) -> Vec<(String, f64)> {
    let outcome = workplace.run(&words(&format!("{line} --progress json"))).succeeded();
    let step = outcome.events().into_iter().find(|event| event["event"] == "step").unwrap();
    step["losses"].as_object().unwrap().iter().map(|(name, loss)| (name.clone(), loss.as_f64().unwrap())).collect()
}

#[test]
fn labels_are_the_same_from_everywhere_and_more_than_their_words() {
    is_the_same_from_everywhere(
        "--label lighthouse:2 --label tree:-0.5:-0.9",
        "label = [\"lighthouse:2\", \"tree:-0.5:-0.9\"]\n",
    );
    let workplace = Workplace::new();
    let line = "'a red apple' --size 32x32 -n 1 --cutouts 2 --label lighthouse --label 'stormy sea:0.5' -o p.png";
    let names: Vec<String> = losses(&workplace, line).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["prompt:0/embedded", "label:0/embedded", "label:1/embedded"]);
    assert_eq!(recipe(&workplace, "p.png")["label"], json!(["lighthouse", "stormy sea:0.5"]));
    let told = workplace.run(&["info", "p.png"]).succeeded();
    assert!(told.output_text().contains("# labels \"lighthouse\", \"stormy sea:0.5\"\n"), "{}", told.output_text());
    // A label is not a prompt of the same words.
    draw(&workplace, &format!("{RUN} --label lighthouse -o label.png"));
    draw(&workplace, "'a red apple | lighthouse' --size 32x32 -n 4 --cutouts 4 --init-noise none -q -o prompt.png");
    draw(&workplace, &format!("{RUN} --label lighthouse --init-noise none -o none.png"));
    assert!(pixels(&workplace, "prompt.png") != pixels(&workplace, "none.png"));
    for (line, problem) in [("a --label ''", "the text is empty"), ("a --label 'x | y'", "an option of its own")] {
        let outcome = workplace.run(&words(line));
        assert_eq!(outcome.code, Some(2));
        assert!(outcome.errors.contains(problem), "{}", outcome.errors);
    }
}

//! What a picture is steered toward besides its prompts: labels, images, and pictures without letters.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::fixtures;
use common::program::{Workplace, words};
use image::RgbImage;
use serde_json::{Value, json};

use crate::tuning::is_the_same_from_everywhere;

/// A run that takes a moment.
const RUN: &str = "a red apple --drawer pixel --pixel-size 8x8 --size 32x32 -n 4 --cutouts 4 -q";

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
    // Behind them is what holds the first picture.
    assert_eq!(names[..3], ["prompt:0/embedded", "label:0/embedded", "label:1/embedded"]);
    assert_eq!(recipe(&workplace, "p.png")["label"], json!(["lighthouse", "stormy sea:0.5"]));
    let told = workplace.run(&["info", "p.png"]).succeeded();
    assert!(told.output_text().contains("# labels \"lighthouse\", \"stormy sea:0.5\"\n"), "{}", told.output_text());
    // A label is not a prompt of the same words.
    draw(&workplace, &format!("{RUN} --label lighthouse -o label.png"));
    draw(
        &workplace,
        "'a red apple | lighthouse' --drawer pixel --pixel-size 8x8 --size 32x32 -n 4 --cutouts 4 --init-noise none -q -o prompt.png",
    );
    draw(&workplace, &format!("{RUN} --label lighthouse --init-noise none -o none.png"));
    assert!(pixels(&workplace, "prompt.png") != pixels(&workplace, "none.png"));
    for (line, problem) in [("a --label ''", "the text is empty"), ("a --label 'x | y'", "an option of its own")] {
        let outcome = workplace.run(&words(line));
        assert_eq!(outcome.code, Some(2));
        assert!(outcome.errors.contains(problem), "{}", outcome.errors);
    }
}

/// A workplace with a picture to follow.
fn with_photo() -> Workplace {
    let workplace = Workplace::new();
    workplace.write("photo.png", std::fs::read(fixtures().join("trace/init.png")).unwrap());
    workplace
}

#[test]
fn image_prompts_stop_at_their_distance() {
    let workplace = with_photo();
    let line = format!("{RUN} --image-prompt photo.png:3");
    draw(&workplace, &format!("{line} -o pulled.png"));
    // The largest distance is pi squared over two: nothing is left to do at 5, and all is at 0.
    draw(&workplace, &format!("{line} --image-stop 4.95 -o stopped.png"));
    draw(&workplace, &format!("{line} --image-stop 0 -o never.png"));
    draw(&workplace, &format!("{RUN} -o plain.png"));
    assert!(pixels(&workplace, "pulled.png") == pixels(&workplace, "never.png"));
    assert!(pixels(&workplace, "stopped.png") == pixels(&workplace, "plain.png"));
    assert!(pixels(&workplace, "pulled.png") != pixels(&workplace, "plain.png"));
    // What the picture is steered away from pulls only within the distance.
    let line = format!("{RUN} --image-prompt photo.png:-3");
    draw(&workplace, &format!("{line} -o pushed.png"));
    draw(&workplace, &format!("{line} --image-stop 4.95 -o within.png"));
    draw(&workplace, &format!("{line} --image-stop 0 -o beyond.png"));
    assert!(pixels(&workplace, "pushed.png") == pixels(&workplace, "within.png"));
    assert!(pixels(&workplace, "beyond.png") == pixels(&workplace, "plain.png"));
}

#[test]
fn images_that_are_cut_again_are_compared_cutout_by_cutout() {
    let workplace = with_photo();
    // The picture that a run starts from, cut like itself, is at no distance; as a whole, it is far from its cutouts.
    let line = "apple --size 48x32 -n 1 --cutouts 5 --init-image photo.png --drawer fft --image-prompt photo.png:2";
    let whole = losses(&workplace, &format!("{line} -o whole.png"));
    let recut = losses(&workplace, &format!("{line} --recut-images -o recut.png"));
    let loss = |losses: &[(String, f64)]| losses.iter().find(|(name, _)| name == "image-prompt:0/embedded").unwrap().1;
    assert!(loss(&recut) < 0.02 && loss(&whole) > 10.0 * loss(&recut), "{recut:?} and {whole:?}");
    let prompt = |losses: &[(String, f64)]| losses.iter().find(|(name, _)| name == "prompt:0/embedded").unwrap().1;
    assert!((prompt(&recut) - prompt(&whole)).abs() < 1e-9);
    // With a mask, the same part of both is cut.
    let masked = |more: &str| losses(&workplace, &format!("{line} --mask right:0.4 --force -o masked.png {more}"));
    let (whole, recut_part) = (masked(""), masked("--recut-images"));
    assert!(loss(&recut_part) < 0.02 && loss(&whole) > 10.0 * loss(&recut_part), "{recut_part:?} and {whole:?}");
    // However many cutouts are judged at once, each is compared with its own.
    let batches = losses(&workplace, &format!("{line} --recut-images --cut-batch 2 -o batches.png"));
    assert!((loss(&recut) - loss(&batches)).abs() < 1e-5);
    // From a recipe, in parts and with other threads, the bytes are the same.
    let line = format!("{RUN} --image-prompt photo.png:2 --noise-prompt 3:0.1 --recut-images");
    draw(&workplace, &format!("{line} --threads 1 -o one.png"));
    draw(&workplace, &format!("{line} --threads 3 -o three.png"));
    draw(&workplace, &format!("{line} --stop-at 2 --checkpoint-every 2 -o part.png"));
    draw(&workplace, "resume part.png.t2a -n 4 -q");
    draw(&workplace, "--from one.png -q -o again.png");
    for name in ["three", "part", "again"] {
        assert!(workplace.read(&format!("{name}.png")) == workplace.read("one.png"), "{name}");
    }
    draw(&workplace, &format!("{RUN} --image-prompt photo.png:2 --noise-prompt 3:0.1 --recut-images=false -o off.png"));
    assert!(pixels(&workplace, "off.png") != pixels(&workplace, "one.png"));
    assert_eq!(
        (&recipe(&workplace, "one.png")["recut_images"], recipe(&workplace, "off.png").get("recut_images")),
        (&json!(true), None)
    );
}

/// The files in the folder of the directions that `--no-text` steers toward, with their content.
fn kept(workplace: &Workplace) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let folder = workplace.root().join("home/.cache/text2art/no-text");
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn pictures_without_letters_are_the_same_from_everywhere() {
    is_the_same_from_everywhere("--no-text=2", "no_text = 2\n");
}

#[test]
fn the_direction_of_letters_is_computed_once_and_gives_the_same_bytes_without_its_file() {
    let workplace = Workplace::new();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        workplace.write(&format!("clip/{name}"), std::fs::read(fixtures().join("clip").join(name)).unwrap());
    }
    let line = "--no-text 'a red apple' --clip clip --drawer pixel --pixel-size 8x8 --size 32x32 -n 2 --cutouts 2";
    workplace.run(&words(&format!("{line} --dry-run"))).succeeded();
    assert!(kept(&workplace).is_empty(), "a dry run computes nothing");
    let names: Vec<String> =
        losses(&workplace, &format!("{line} -o first.png")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[..2], ["prompt:0/clip", "no-text/clip"]);
    let masked = losses(&workplace, &format!("{line} --mask left --prompt-outside 'a red sea' -o masked.png"));
    let names: Vec<String> = masked.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[..4], ["prompt:0/clip", "no-text/clip", "prompt-outside:0/clip", "no-text-outside/clip"]);
    assert_eq!(recipe(&workplace, "first.png")["no_text"], 0.1);
    let first = kept(&workplace);
    let [(path, content)] = first.as_slice() else { panic!("{first:?}") };
    draw(&workplace, &format!("{line} -q -o again.png"));
    // Without the file, with a damaged one, and where none can be written.
    std::fs::remove_file(path).unwrap();
    draw(&workplace, &format!("{line} -q -o computed.png"));
    assert_eq!(kept(&workplace), first);
    for damaged in [&content[..content.len() - 4], &[b"x", &content[1..]].concat(), b""] {
        std::fs::write(path, damaged).unwrap();
        draw(&workplace, &format!("{line} -q -o damaged.png --force"));
        assert_eq!(kept(&workplace), first);
        assert!(workplace.read("damaged.png") == workplace.read("first.png"));
    }
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path.parent().unwrap(), "a file").unwrap();
    draw(&workplace, &format!("{line} --threads 3 -q -o nowhere.png"));
    for name in ["again.png", "computed.png", "nowhere.png"] {
        assert!(workplace.read(name) == workplace.read("first.png"), "{name}");
    }
    // Another model has another direction; 0 is none.
    std::fs::remove_file(path.parent().unwrap()).unwrap();
    draw(&workplace, &format!("{line} -q -o clip.png"));
    draw(&workplace, "--no-text apple --clip clip,embedded --size 32x32 -n 1 --cutouts 1 -q -o both.png");
    assert_eq!(kept(&workplace).len(), 2);
    draw(&workplace, "--from first.png --no-text=0 -q -o off.png");
    assert_eq!(recipe(&workplace, "off.png").get("no_text"), None);
    assert!(pixels(&workplace, "off.png") != pixels(&workplace, "first.png"));
}

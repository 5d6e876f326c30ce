//! The losses that models compute, as users request them: the style of another picture, and a rating.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use crate::common;

use std::path::{Path, PathBuf};

use common::layouts::pickle;
use common::program::{Outcome, Workplace, finish};
use common::{fixtures, noise, text};
use image::{Rgb, RgbImage};

/// A small picture of two kinds of drawer.
const DRAWERS: [&[&str]; 2] = [
    &["a red apple", "--size", "64x64", "-n", "20", "--cutouts", "4"],
    &["a red apple", "--drawer", "pixel", "--size", "64x64", "--pixel-size", "32x32", "-n", "20", "--cutouts", "4"],
];

/// A weight that moves nothing, but shows the value of the loss.
const NEXT_TO_NOTHING: f64 = 1e-6;

/// A picture of diagonal stripes in blue and yellow.
fn stripes(path: &Path) {
    let color = |x: u32, y: u32| if ((x + y) / 8).is_multiple_of(2) { [20, 60, 220] } else { [240, 220, 40] };
    RgbImage::from_fn(96, 80, |x, y| Rgb(color(x, y))).save(path).unwrap();
}

/// The value of a loss at weight 1 in the last iteration of a run that has it with a weight.
fn last_value(outcome: &Outcome, name: &str, weight: f64) -> f64 {
    let last = outcome.events().into_iter().rfind(|event| event["event"] == "step").unwrap();
    let value = last["losses"][name].as_f64();
    value.unwrap_or_else(|| panic!("{name}: {last}")) / weight
}

fn pixels(workplace: &Workplace, name: &str) -> RgbImage {
    image::load_from_memory(&workplace.read(name)).unwrap().to_rgb8()
}

#[test]
fn a_style_gives_its_textures() {
    let workplace = Workplace::new();
    stripes(&workplace.join("stripes.png"));
    // The few codes of a small picture change little in few iterations, even if nothing holds them.
    for (drawer, most) in DRAWERS.into_iter().zip([0.98, 0.9]) {
        let draw = |loss: &str, name: &str| {
            let output = ["--init-weight", "0", "--loss", loss, "-o", name, "--force", "--progress", "json"];
            workplace.run(&[drawer, &output].concat()).succeeded()
        };
        let value = |weight: f64| last_value(&draw(&format!("style=stripes.png:{weight}"), "p.png"), "style", weight);
        let (without, with) = (value(NEXT_TO_NOTHING), value(1.0));
        println!("{drawer:?}: {without:.4} to {with:.4}");
        assert!(with < most * without, "{drawer:?}: {without} to {with}");
        draw("style=stripes.png:0", "off.png");
        draw("none", "none.png");
        assert!(pixels(&workplace, "off.png") == pixels(&workplace, "none.png"), "{drawer:?}");
    }
}

/// The file of a style is an input of the picture like any other, and everything repeats.
#[test]
fn a_picture_with_a_style_is_drawn_again() {
    let workplace = Workplace::new();
    stripes(&workplace.join("stripes.png"));
    let few = ["-n", "4", "--cutouts", "2", "--loss", "style=stripes.png", "-q", "--force"];
    for drawer in [
        &["a red apple", "--size", "48x40"][..],
        &["a red apple", "--size", "96x80", "--hires", "2"],
        &["a red apple", "--drawer", "pixel", "--transparent", "--size", "48x40", "--pixel-size", "12x10"],
    ] {
        let line = [drawer, &few].concat();
        for threads in ["1", "3"] {
            let name = format!("{threads}.png");
            workplace.run(&[&line[..], &["--threads", threads, "-o", &name]].concat()).succeeded();
        }
        assert!(workplace.read("1.png") == workplace.read("3.png"), "{drawer:?}");
        workplace.run(&["--from", "1.png", "-o", "from.png", "-q", "--force"]).succeeded();
        assert!(workplace.read("1.png") == workplace.read("from.png"), "{drawer:?}");
        let part = ["--stop-at", "2", "--checkpoint-every", "2", "-o", "part.png"];
        workplace.run(&[&line[..], &part].concat()).succeeded();
        workplace.run(&["resume", "part.png.t2a", "-n", "4", "-q", "--force"]).succeeded();
        let picture = |name: &str| image::load_from_memory(&workplace.read(name)).unwrap();
        assert!(picture("part.png") == picture("1.png"), "{drawer:?}");
    }
    let shown = workplace.run(&["info", "1.png"]).succeeded();
    assert!(shown.output_text().contains("# loss stripes.png (SHA-256 "), "{}", shown.output_text());
    RgbImage::from_pixel(20, 20, Rgb([9; 3])).save(workplace.join("stripes.png")).unwrap();
    workplace.refuses(&["--from", "1.png", "-o", "changed.png"], &["stripes.png", "the file has changed"]);
}

#[test]
fn a_style_needs_a_clip_of_convolutions() {
    let workplace = Workplace::new();
    stripes(&workplace.join("stripes.png"));
    let (transformer, resnet) = (fixtures().join("clip"), fixtures().join("clip-openai-resnet"));
    let line = ["a", "--size", "32x32", "-n", "1", "--cutouts", "1", "--loss", "style=stripes.png", "-o", "p.png"];
    for more in [&[][..], &["--dry-run"]] {
        let refused = [&line[..], &["--clip", text(&transformer)], more].concat();
        workplace.refuses(&refused, &["--loss style needs a CLIP made of convolutions"]);
    }
    let both = format!("{},{}", text(&transformer), text(&resnet));
    workplace.run(&[&line[..], &["--clip", &both]].concat()).succeeded();
}

/// A folder of weights with a small `vit-b32`, and a head for features of this length.
fn weights(workplace: &Workplace, length: usize) -> PathBuf {
    let clip = fixtures().join("clip-openai-vit");
    for file in ["open_clip_model.safetensors", "open_clip_config.json", "tokenizer.json"] {
        workplace.write(&format!("weights/vit-b32/{file}"), std::fs::read(clip.join(file)).unwrap());
    }
    let weight = noise(length, 8).into_iter().map(|value| 4.0 * value).collect();
    let tensors = [("weight".to_owned(), vec![1, length], weight), ("bias".to_owned(), vec![1], vec![5.0])];
    workplace.write("weights/aesthetic-vit-b32/sa_0_4_vit_b_32_linear.pth", pickle(tensors.into_iter(), false));
    workplace.join("weights")
}

#[test]
fn a_rating_moves_the_picture() {
    let workplace = Workplace::new();
    let weights = weights(&workplace, 48);
    let run = |arguments: &[&str]| {
        finish(workplace.command().env("TEXT2ART_WEIGHTS", &weights).args(arguments).arg("--offline"))
    };
    for drawer in DRAWERS {
        // One CLIP that has a head, and one that has none.
        let line = [drawer, &["--clip", "vit-b32,embedded", "--force"]].concat();
        let value = |weight: f64| {
            let loss = format!("aesthetic:{weight}");
            let outcome = run(&[&line[..], &["--loss", &loss, "-o", "p.png", "--progress", "json"]].concat());
            last_value(&outcome.succeeded(), "aesthetic/vit-b32", weight)
        };
        let (without, with) = (value(NEXT_TO_NOTHING), value(1.0));
        println!("{drawer:?}: {without:.4} to {with:.4}");
        assert!(with < without, "{drawer:?}: {without} to {with}");
        run(&[&line[..], &["--loss", "aesthetic:0", "-q", "-o", "off.png"]].concat()).succeeded();
        run(&[&line[..], &["-q", "-o", "none.png"]].concat()).succeeded();
        assert!(pixels(&workplace, "off.png") == pixels(&workplace, "none.png"), "{drawer:?}");
        // The recipe names the head, and repeats the picture.
        let info = workplace.run(&["info", "p.png", "--json"]).succeeded().output_json();
        let head = info["models"].as_array().unwrap().iter().find(|model| model["role"] == "aesthetic").unwrap();
        assert_eq!(head["name"].as_str(), Some("aesthetic-vit-b32"));
        assert_eq!(head["file"].as_str(), Some("sa_0_4_vit_b_32_linear.pth"));
        run(&["--from", "p.png", "-o", "again.png", "-q", "--force"]).succeeded();
        assert!(workplace.read("again.png") == workplace.read("p.png"), "{drawer:?}");
    }
}

#[test]
fn heads_that_are_missing_or_of_another_clip_are_refused() {
    let workplace = Workplace::new();
    let weights = weights(&workplace, 47);
    let line = ["a", "--size", "32x32", "-n", "1", "--cutouts", "1", "--loss", "aesthetic", "-o", "p.png", "--offline"];
    workplace.refuses(&line, &["--loss aesthetic needs a CLIP that has an aesthetic head; this run has embedded"]);
    let refused = |more: &[&str]| {
        let outcome = finish(workplace.command().env("TEXT2ART_WEIGHTS", &weights).args([&line[..], more].concat()));
        assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
        outcome.errors
    };
    let errors = refused(&["--clip", "vit-b32"]);
    assert!(errors.contains("rates features of 47 numbers, but those of vit-b32 have 48"), "{errors}");
    workplace.write("weights/aesthetic-vit-b32/sa_0_4_vit_b_32_linear.pth", b"no head");
    refused(&["--clip", "vit-b32"]);
    let other = [("weight".to_owned(), vec![2, 48], vec![0.0; 96])];
    workplace.write("weights/aesthetic-vit-b32/sa_0_4_vit_b_32_linear.pth", pickle(other.into_iter(), false));
    let errors = refused(&["--clip", "vit-b32"]);
    assert!(errors.contains("not a usable aesthetic head"), "{errors}");
    std::fs::remove_dir_all(workplace.join("weights/aesthetic-vit-b32")).unwrap();
    let errors = refused(&["--clip", "vit-b32"]);
    assert!(errors.contains("text2art models pull aesthetic-vit-b32"), "{errors}");
    // A head is no CLIP.
    let errors = refused(&["--clip", "aesthetic-vit-b32"]);
    assert!(errors.contains("aesthetic"), "{errors}");
}

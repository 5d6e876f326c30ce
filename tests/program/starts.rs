//! How a picture starts from an image, and what keeps it close to one: opacity over noise, the pull of pixels, and an image
//! that is laid over again and again.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

use crate::common;

use common::program::{Outcome, Workplace, words};
use image::{Rgb, RgbImage, Rgba, RgbaImage};

/// A small picture of cells of four pixels.
const CELLS: &str = "'a red apple' --drawer pixel --size 64x64 --pixel-size 16x16 --cutouts 2 -q --force -o p.png";

/// The color of what is laid over: one that any step changes.
const RED: [u8; 3] = [200, 60, 60];

fn picture(workplace: &Workplace, name: &str) -> RgbImage {
    image::load_from_memory(&workplace.read(name)).unwrap().to_rgb8()
}

fn draw(workplace: &Workplace, line: &str) -> RgbImage {
    workplace.run(&words(line)).succeeded();
    picture(workplace, "p.png")
}

/// A workplace with a white image, and one whose upper left quarter is red, and whose rest is transparent.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    RgbImage::from_pixel(64, 64, Rgb([255; 3])).save(workplace.join("white.png")).unwrap();
    let quarter = |x: u32, y: u32| Rgba(if x < 32 && y < 32 { [200, 60, 60, 255] } else { [0; 4] });
    RgbaImage::from_fn(64, 64, quarter).save(workplace.join("logo.png")).unwrap();
    workplace
}

/// The mean difference of the bytes of the pixels that count from a color.
fn apart(picture: &RgbImage, color: [u8; 3], counts: impl Fn(u32, u32) -> bool) -> f64 {
    let pixels = picture.enumerate_pixels().filter(|(x, y, _)| counts(*x, *y));
    let bytes = pixels.flat_map(|(_, _, pixel)| [0, 1, 2].map(|channel| pixel.0[channel].abs_diff(color[channel])));
    let bytes: Vec<f64> = bytes.map(f64::from).collect();
    bytes.iter().sum::<f64>() / bytes.len() as f64
}

fn is_in_quarter(x: u32, y: u32) -> bool {
    x < 32 && y < 32
}

#[test]
fn an_image_is_mixed_with_what_a_run_would_start_from() {
    let workplace = workplace();
    let start = |more: &str| draw(&workplace, &format!("{CELLS} -n 0 {more}"));
    let gray = "--init-noise none --init-image white.png";
    // A quarter of white and three of 128.
    for (opacity, value) in [("0.25", 160), ("0", 128), ("1", 255)] {
        let found = start(&format!("{gray} --init-opacity {opacity}"));
        assert!(found.pixels().all(|pixel| pixel.0 == [value; 3]), "{opacity}: {:?}", found.get_pixel(0, 0));
    }
    for noise in ["codes", "fractal", "prior"] {
        let mixed = start(&format!("--init-noise {noise} --init-image white.png --init-opacity 0"));
        assert!(mixed == start(&format!("--init-noise {noise}")), "{noise}");
    }
    for drawer in ["vqgan", "strokes --strokes 30", "line --strokes 5", "fft"] {
        let line =
            format!("'a red apple' --size 64x64 -n 0 --drawer {drawer} -q --force -o p.png --init-image white.png");
        let [all, half, nothing] =
            ["", "--init-opacity 0.5", "--init-opacity 0"].map(|more| draw(&workplace, &format!("{line} {more}")));
        assert!(all != half && half != nothing && all != nothing, "{drawer}");
    }
    // Only what is drawn of an inpainted picture is mixed; the rest is the image.
    let found = start(&format!("{gray} --init-opacity 0 --mask left:0.5"));
    let (inside, outside) = (|x: u32, _| x < 32, |x: u32, _| x >= 32);
    assert!(apart(&found, [128; 3], inside) == 0.0 && apart(&found, [255; 3], outside) == 0.0);
}

#[test]
fn pixels_are_kept_close_to_an_image() {
    let workplace = workplace();
    RgbImage::from_pixel(64, 64, Rgb([128; 3])).save(workplace.join("gray.png")).unwrap();
    let line = format!("{CELLS} --init-image gray.png -n 10 --learning-rate-drops none");
    let [free, weak, held] = ["", "--init-pixel-weight 0", "--init-pixel-weight 1000"].map(|more| {
        let found = draw(&workplace, &format!("{line} {more}"));
        apart(&found, [128; 3], |_, _| true)
    });
    println!("{free:.2} steps of 255 from the image, {weak:.2} with a weight of 0, {held:.2} held");
    assert!(held < free / 2.0 && (weak - free).abs() < 1e-9, "{held:.2} {free:.2}");
    let line = "'a red apple' --size 32x32 -n 1 --cutouts 1 --progress json -o q.png --init-image white.png";
    let outcome = workplace.run(&words(&format!("{line} --init-pixel-weight 2"))).succeeded();
    let step = outcome.events().into_iter().find(|event| event["event"] == "step").unwrap();
    assert!(step["losses"]["init-pixels"].as_f64().is_some_and(|loss| (0.0..1.0).contains(&loss)), "{step}");
}

#[test]
fn an_image_is_laid_over_the_picture_when_it_is_due() {
    let workplace = workplace();
    let line = format!("{CELLS} --init-noise none -n 4 --learning-rate-drops none --frames frames --overlay logo.png");
    let frames = |more: &str| -> Vec<f64> {
        let _ = std::fs::remove_dir_all(workplace.join("frames"));
        draw(&workplace, &format!("{line} {more}"));
        let mut frames = workplace.files_in("frames");
        frames.sort();
        frames.iter().map(|path| apart(&image::open(path).unwrap().to_rgb8(), RED, is_in_quarter)).collect()
    };
    let [every, second, usual]: [Vec<bool>; 3] = ["--overlay-every 1", "--overlay-every 2", ""]
        .map(|more| frames(more).iter().map(|apart| *apart == 0.0).collect());
    assert_eq!(every, [true, true, true, true, false]);
    assert_eq!(second, [true, false, true, false, false]);
    assert_eq!(usual, [true, false, false, false, false]);
    // Half of each, and half of 128.
    let half = frames("--overlay-opacity 0.5");
    assert!((half[0] - f64::from(36 + 34 + 34) / 3.0).abs() < 1.0, "{half:?}");
    // What the image leaves out is not encoded again.
    let line = "'a red apple' --size 64x64 --cutouts 1 -n 1 --learning-rate 0.000001 -q --force -o p.png";
    let (plain, laid) = (draw(&workplace, line), draw(&workplace, &format!("{line} --overlay logo.png")));
    let [before, after] = [&plain, &laid].map(|picture| apart(picture, RED, is_in_quarter));
    println!("{before:.1} steps of 255 from the image without it, {after:.1} with it");
    assert!(after < before / 2.0, "{before:.1} {after:.1}");
    let far = |x: u32, y: u32| x >= 56 && y >= 56;
    let differences = plain.enumerate_pixels().filter(|(x, y, _)| far(*x, *y));
    let most = differences.flat_map(|(x, y, pixel)| {
        let other = laid.get_pixel(x, y).0;
        [0, 1, 2].map(|channel| pixel.0[channel].abs_diff(other[channel]))
    });
    let (sum, count) = most.fold((0.0, 0.0), |(sum, count), difference| (sum + f64::from(difference), count + 1.0));
    assert!(sum / count < before / 4.0, "{:.1} far away", sum / count);
}

#[test]
fn such_runs_are_the_same_again_and_resumed() {
    let workplace = workplace();
    for (name, more) in [
        ("cells", "--drawer pixel --pixel-size 8x8 --overlay logo.png --overlay-every 2"),
        ("vqgan", "--overlay logo.png --overlay-every 2 --overlay-opacity 0.5"),
        ("average", "--overlay logo.png --overlay-every 2 --average 0.8 --hires 1.25"),
        ("tile", "--init-image white.png --init-opacity 0.3 --init-pixel-weight 3 --overlay logo.png --tile"),
        ("start", "--init-image white.png --init-opacity 0.3 --init-pixel-weight 3 --hires 1.25"),
        ("both", "--init-image white.png --init-opacity 0.3 --overlay logo.png --hires 1.25 --overlay-every 1"),
    ] {
        let line = format!("'a red apple' --size 40x40 -n 5 --cutouts 2 -q {more}");
        let run = |line: &str| -> Outcome { workplace.run(&words(line)).succeeded() };
        run(&format!("{line} -o {name}.png --threads 1"));
        let whole = workplace.read(&format!("{name}.png"));
        run(&format!("--from {name}.png -q -o {name}-again.png --threads 3"));
        assert!(workplace.read(&format!("{name}-again.png")) == whole, "{name}: recipe");
        for stop in ["2", "3"] {
            run(&format!("{line} -o {name}-{stop}.png --stop-at {stop} --checkpoint-every 1"));
            run(&format!("resume {name}-{stop}.png.t2a -n 5 -q"));
            assert!(workplace.read(&format!("{name}-{stop}.png")) == whole, "{name}: resumed after {stop}");
        }
    }
    let recipe = workplace.run(&["info", "cells.png", "--json"]).succeeded().output_json();
    assert_eq!(
        (&recipe["inputs"][0]["option"], &recipe["settings"]["overlay_opacity"]),
        (&"overlay".into(), &1.0.into())
    );
    RgbImage::new(3, 3).save(workplace.join("logo.png")).unwrap();
    workplace.refuses(&["--from", "cells.png", "-o", "new.png"], &["logo.png", "the file has changed"]);
}

#[test]
fn what_cannot_be_is_said() {
    let workplace = workplace();
    let refused = |options: &str, error: &str, hint: &str| workplace.refuses_options(options, error, hint);
    refused("--init-opacity 0.5", "--init-opacity needs an init image", "--init-image");
    refused("--init-pixel-weight 0.5", "--init-pixel-weight needs an init image", "--init-image");
    refused("--init-image white.png --init-opacity 1.5", "--init-opacity 1.5 is out of range", "from 0 to 1");
    refused("--overlay lgoo.png", "lgoo.png: file not found", "did you mean `logo.png`?");
    refused("--overlay logo.png --overlay-every 0", "--overlay-every 0 is out of range", "from 1 to");
    refused("--overlay-opacity 0", "--overlay-opacity 0 is out of range", "above 0, at most 1");
    for drawer in ["strokes", "line", "fft"] {
        let error = format!("--overlay does not work with --drawer {drawer}");
        refused(&format!("--overlay logo.png --drawer {drawer}"), &error, "choose --drawer vqgan or pixel");
    }
    refused(
        "--overlay logo.png --drawer pixel --transparent",
        "--overlay does not work with --transparent",
        "leave out",
    );
}

#[test]
fn a_recipe_is_drawn_without_its_overlay() {
    let workplace = workplace();
    let line = "cat --size 32x32 --cutouts 2 -n 2 --seed 3 -q";
    let run = |line: &str| workplace.run(&words(line)).succeeded();
    run(&format!("{line} --overlay logo.png --overlay-every 2 -o laid.png"));
    run(&format!("{line} -o plain.png"));
    run("--from laid.png --overlay none -q -o without.png");
    assert!(workplace.read("laid.png") != workplace.read("plain.png"));
    assert!(workplace.read("without.png") == workplace.read("plain.png"));
}

#[test]
fn a_recipe_is_drawn_without_its_image_and_its_palette() {
    let workplace = workplace();
    let line = "cat --size 32x32 --cutouts 2 -n 2 --seed 3 -q";
    let run = |line: &str| workplace.run(&words(line)).succeeded();
    run(&format!("{line} -o plain.png"));
    let plain = workplace.read("plain.png");
    for (name, options) in [
        ("init-image", "--init-image logo.png --init-opacity 0.5 --init-pixel-weight 2"),
        ("palette", "--palette pico-8"),
    ] {
        run(&format!("{line} {options} -o with.png"));
        assert!(workplace.read("with.png") != plain, "{name}");
        run(&format!("--from with.png --{name} none -q -o without.png"));
        assert!(workplace.read("without.png") == plain, "{name}");
        std::fs::remove_file(workplace.join("with.png")).unwrap();
        std::fs::remove_file(workplace.join("without.png")).unwrap();
    }
    // Also that of a configuration.
    workplace.write("settings.toml", "init_image = \"logo.png\"\npalette = \"pico-8\"\nhires = 2.0\n");
    run(&format!("{line} --config settings.toml --init-image none --palette none --hires none -o own.png"));
    assert!(workplace.read("own.png") == plain);
    let refused = words("cat --init-image none --init-opacity 0.5 --size 32x32");
    workplace.refuses(&refused, &["--init-opacity needs an init image"]);
}

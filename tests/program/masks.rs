//! Masks as a user gives them: what is inside follows its prompts, and what is outside follows its own or stays as it is,
//! in pictures, frames, enlarged pictures and resumed runs.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

use crate::common;

use common::program::{Outcome, Workplace, words};
use image::{Rgb, RgbImage, Rgba, RgbaImage, imageops};
use text2art::picture::{Size, cover, read};

fn picture(workplace: &Workplace, name: &str) -> RgbImage {
    image::load_from_memory(&workplace.read(name)).unwrap().to_rgb8()
}

fn draw(workplace: &Workplace, line: &str) -> Outcome {
    workplace.run(&words(line)).succeeded()
}

/// Writes a picture like a photograph: of all colors, with details.
fn write_photo(workplace: &Workplace, name: &str, width: u32, height: u32) -> RgbImage {
    let byte = |value: u32| u8::try_from(value % 256).unwrap();
    let photo =
        RgbImage::from_fn(width, height, |x, y| Rgb([byte(x * 5 + y), byte(y * 7 + x * x / 9), byte(x * y / 3)]));
    photo.save(workplace.join(name)).unwrap();
    photo
}

/// Writes a mask with a disc in the middle, white or, with `by_alpha`, opaque. Returns which pixels it leaves out.
fn write_disc(workplace: &Workplace, name: &str, side: u32, by_alpha: bool) -> Vec<bool> {
    let radius = i64::from(side) / 4;
    let is_inside = |x: u32, y: u32| {
        let from_middle = |at: u32| i64::from(at) - i64::from(side) / 2;
        from_middle(x).pow(2) + from_middle(y).pow(2) < radius * radius
    };
    let mask = RgbaImage::from_fn(side, side, |x, y| match (is_inside(x, y), by_alpha) {
        (true, _) => Rgba([255; 4]),
        (false, true) => Rgba([255, 255, 255, 0]),
        (false, false) => Rgba([0, 0, 0, 255]),
    });
    mask.save(workplace.join(name)).unwrap();
    (0..side * side).map(|at| !is_inside(at % side, at / side)).collect()
}

/// Checks that a picture is another one, bit for bit, where it is left out, and only there.
fn is_kept(found: &RgbImage, init: &RgbImage, is_outside: impl Fn(u32, u32) -> bool, shown: &str) {
    assert_eq!(found.dimensions(), init.dimensions(), "{shown}");
    let (mut inside, mut changed) = (0, 0);
    for (x, y, pixel) in found.enumerate_pixels() {
        if is_outside(x, y) {
            assert_eq!(pixel, init.get_pixel(x, y), "{shown} at {x}, {y}");
        } else {
            (inside, changed) = (inside + 1, changed + usize::from(pixel != init.get_pixel(x, y)));
        }
    }
    assert!(changed > inside / 2, "{shown}: {changed} of {inside} pixels inside changed");
}

/// How well a part of a picture fits a sentence.
fn score(workplace: &Workplace, name: &str, (left, width): (u32, u32), sentence: &str) -> f64 {
    let whole = picture(workplace, name);
    let part = imageops::crop_imm(&whole, left, 0, width, whole.height()).to_image();
    part.save(workplace.join("part.png")).unwrap();
    let found = workplace.run(&["score", "part.png", "-p", sentence, "--json"]).succeeded().output_json();
    found[0]["cosine"].as_f64().unwrap()
}

#[test]
fn what_is_inside_follows_the_prompt_and_what_is_outside_stays() {
    let workplace = Workplace::new();
    let line = "'a red apple' --mask left:0.5 --init-noise none --size 64x64 --cutouts 4 -q";
    for (drawer, iterations) in [("--drawer pixel --pixel-size 16x16", 20), ("", 20)] {
        for (iterations, name) in [(0, "before.png"), (iterations, "after.png")] {
            draw(&workplace, &format!("{line} {drawer} -n {iterations} -o {name} --force"));
        }
        let [rise, change] = [0, 32].map(|left| {
            let of = |name| score(&workplace, name, (left, 32), "a red apple");
            of("after.png") - of("before.png")
        });
        println!("{drawer}: {rise:.3} more inside, {change:.3} outside");
        assert!(rise > 0.03 && change.abs() < rise / 2.0, "{drawer}: {rise:.3} inside, {change:.3} outside");
        let (before, after) = (picture(&workplace, "before.png"), picture(&workplace, "after.png"));
        let differences = |columns: std::ops::Range<u32>| -> f64 {
            let apart = |x, y| (0..3).map(move |c| (x, y, c));
            let all = columns.flat_map(|x| (0..64).map(move |y| (x, y))).flat_map(|(x, y)| apart(x, y));
            let of = |(x, y, c): (u32, u32, usize)| {
                f64::from(after.get_pixel(x, y).0[c].abs_diff(before.get_pixel(x, y).0[c]))
            };
            all.map(of).sum::<f64>() / f64::from(32 * 64 * 3)
        };
        let (inside, outside) = (differences(0..32), differences(32..64));
        println!("{drawer}: {inside:.2} steps of 255 inside, {outside:.2} outside");
        assert!(outside < inside / 3.0, "{drawer}: {inside:.2} inside, {outside:.2} outside");
        // Cells outside are not moved at all.
        assert!(drawer.is_empty() || outside == 0.0, "{outside}");
    }
}

#[test]
fn each_side_follows_its_own_prompts() {
    let workplace = Workplace::new();
    let line = "'a red apple' --mask left:0.5 --prompt-outside 'the blue sea | a red apple:-0.3' --drawer pixel \
                --pixel-size 16x16 --init-noise none --size 64x64 --cutouts 4 -n 20 --progress json -o p.png";
    let outcome = draw(&workplace, line);
    let found = picture(&workplace, "p.png");
    let redness = |columns: std::ops::Range<u32>| -> f64 {
        let pixels = columns.flat_map(|x| (0..64).map(move |y| (x, y)));
        let redness = |(x, y)| {
            let [red, _, blue] = found.get_pixel(x, y).0;
            f64::from(red) - f64::from(blue)
        };
        pixels.map(redness).sum::<f64>() / f64::from(32 * 64)
    };
    let (inside, outside) = (redness(0..32), redness(32..64));
    println!("{inside:.1} more red than blue inside, {outside:.1} outside");
    assert!(inside > outside + 10.0, "{inside:.1} {outside:.1}");
    let step = outcome.events().into_iter().find(|event| event["event"] == "step").unwrap();
    let losses = step["losses"].as_object().unwrap();
    for name in ["prompt:0/embedded", "prompt-outside:0/embedded", "prompt-outside:1/embedded"] {
        assert!(losses.contains_key(name), "{name}: {losses:?}");
    }
    // The first picture of the embedded model has both already.
    let line = "'a red apple' --mask left:0.5 --prompt-outside 'a green frog' --size 96x96 -n 0 -q -o first.png";
    draw(&workplace, line);
    let of = |left, sentence| score(&workplace, "first.png", (left, 48), sentence);
    let (apple, frog) = (of(0, "a red apple") - of(48, "a red apple"), of(48, "a green frog") - of(0, "a green frog"));
    println!("{apple:.3} more of an apple inside, {frog:.3} more of a frog outside");
    assert!(apple > 0.05 && frog > 0.05, "{apple:.3} {frog:.3}");
}

#[test]
fn the_outside_of_an_inpainted_picture_is_the_init_image() {
    let workplace = Workplace::new();
    let photo = write_photo(&workplace, "photo.png", 48, 48);
    let is_outside = write_disc(&workplace, "disc.png", 48, false);
    assert_eq!(write_disc(&workplace, "alpha.png", 48, true), is_outside);
    let outside = |x: u32, y: u32| is_outside[(y * 48 + x) as usize];
    let line = "'a red apple' --init-image photo.png --size 48x48 -n 3 --cutouts 1 -q --force --save-every 2 -o p.png";
    for more in [
        "--mask disc.png",
        "--mask alpha.png --mask-feather 0",
        "--mask disc.png --drawer pixel --pixel-size 16x16",
        "--mask disc.png --drawer pixel --pixel-size 16x16 --palette pico-8",
        "--mask disc.png --drawer fft",
        "--mask disc.png --drawer strokes --strokes 40",
        "--mask disc.png --drawer line --strokes 9",
        "--mask disc.png --hires 1.5",
        "--mask disc.png --hires 1.5 --average 0.8",
        "--mask disc.png --drawer pixel --pixel-size 16x16 --average 0.8",
        "--mask disc.png --style watercolor",
    ] {
        let frames = workplace.join("frames");
        let _ = std::fs::remove_dir_all(&frames);
        draw(&workplace, &format!("{line} {more} --frames frames"));
        is_kept(&picture(&workplace, "p.png"), &photo, outside, more);
        let frames = workplace.files_in("frames");
        assert_eq!(frames.len(), 4, "{more}");
        for frame in frames {
            let frame = image::open(frame).unwrap().to_rgb8();
            for (x, y, pixel) in frame.enumerate_pixels().filter(|(x, y, _)| outside(*x, *y)) {
                assert_eq!(pixel, photo.get_pixel(x, y), "{more} at {x}, {y}");
            }
        }
    }
    // How a mask says what is outside does not matter.
    draw(&workplace, &format!("{line} --mask alpha.png"));
    let by_alpha = workplace.read("p.png");
    draw(&workplace, &format!("{line} --mask disc.png"));
    assert!(picture(&workplace, "p.png") == image::load_from_memory(&by_alpha).unwrap().to_rgb8());
}

/// The init image is resized to the size that is delivered, whatever that is, and not enlarged with what is drawn.
#[test]
fn the_outside_has_the_size_of_the_finished_picture() {
    let workplace = Workplace::new();
    write_photo(&workplace, "photo.png", 150, 100);
    let init = |width, height| cover(read(&workplace.join("photo.png")).unwrap(), Size { width, height }).unwrap();
    let line = "'a red apple' --mask right:0.5 --init-image photo.png -n 2 --cutouts 1 -q --force -o p.png";
    draw(&workplace, &format!("{line} --size 48x40"));
    is_kept(&picture(&workplace, "p.png"), &init(48, 40), |x, _| x < 24, "its own size");
    draw(&workplace, &format!("{line} --size 48x40 --hires 1.25"));
    is_kept(&picture(&workplace, "p.png"), &init(48, 40), |x, _| x < 24, "two passes");
    for upscaler in ["crisp", "lanczos"] {
        draw(&workplace, &format!("{line} --size 32x32 --upscale 3 --upscaler {upscaler} --save-every 1"));
        is_kept(&picture(&workplace, "p.png"), &init(96, 96), |x, _| x < 48, upscaler);
    }
    // Pixels of cells are repeated, those of the init image too.
    draw(&workplace, &format!("{line} --size 32x32 --drawer pixel --pixel-size 8x8 --upscale 2"));
    let repeated = imageops::resize(&init(32, 32), 64, 64, imageops::FilterType::Nearest);
    is_kept(&picture(&workplace, "p.png"), &repeated, |x, _| x < 32, "cells");
}

#[test]
fn an_edge_is_soft_inside_the_mask() {
    let workplace = Workplace::new();
    // One cell inside, which the first step of the optimizer makes lighter or darker by a fifth.
    RgbImage::from_pixel(64, 64, Rgb([128; 3])).save(workplace.join("gray.png")).unwrap();
    let line = "'a cat' --mask left:0.5 --init-image gray.png --size 64x64 --drawer pixel --pixel-size 2x1 -n 1 \
                --learning-rate 0.2 --learning-rate-drops none --cutouts 1 -q --force -o p.png";
    let row = |feather: &str| -> Vec<u8> {
        draw(&workplace, &format!("{line} --mask-feather {feather}"));
        let found = picture(&workplace, "p.png");
        (0..64).map(|x| found.get_pixel(x, 20).0[0].abs_diff(128)).collect()
    };
    let (hard, soft) = (row("0"), row("8"));
    assert!(hard[..32].iter().all(|apart| apart.abs_diff(51) <= 1), "{hard:?}");
    assert!(hard[32..].iter().chain(&soft[32..]).all(|apart| *apart == 0), "{hard:?} {soft:?}");
    assert!(soft[..24].iter().all(|apart| *apart == hard[0]), "{soft:?}");
    assert!(soft[23..33].iter().rev().is_sorted() && soft[31] > 0 && soft[24] > 2 * soft[30], "{soft:?}");
}

#[test]
fn the_surroundings_of_transparent_cells_are_opaque() {
    let workplace = Workplace::new();
    let photo = write_photo(&workplace, "photo.png", 32, 32);
    let line = "'a red apple' --mask top:0.5 --init-image photo.png --size 32x32 --drawer pixel --pixel-size 8x8 \
                --transparent --alpha-weight 9 --learning-rate 0.2 -n 8 --cutouts 1 -q -o p.png";
    draw(&workplace, line);
    let found = image::load_from_memory(&workplace.read("p.png")).unwrap().to_rgba8();
    assert!(found.enumerate_pixels().any(|(_, y, pixel)| y < 16 && pixel[3] == 0), "something vanished");
    for (x, y, pixel) in found.enumerate_pixels().filter(|(_, y, _)| *y >= 16) {
        let [red, green, blue] = photo.get_pixel(x, y).0;
        assert_eq!(pixel.0, [red, green, blue, 255], "{x}, {y}");
    }
}

#[test]
fn masked_runs_are_the_same_again_resumed_and_in_batches() {
    let workplace = Workplace::new();
    write_photo(&workplace, "photo.png", 40, 40);
    write_disc(&workplace, "disc.png", 40, false);
    for (name, more) in [
        ("kept", "--mask disc.png --init-image photo.png"),
        ("free", "--mask left:0.4"),
        ("both", "--mask disc.png --prompt-outside 'the sea' --drawer pixel --pixel-size 10x10"),
        ("passes", "--mask disc.png --init-image photo.png --hires 1.25"),
    ] {
        let settings = format!("--size 40x40 -n 5 --cutouts 2 {more}");
        let line = format!("'a red apple' {settings} -q");
        draw(&workplace, &format!("{line} -o {name}.png --gif --frame-every 1 --threads 1"));
        let whole = workplace.read(&format!("{name}.png"));
        draw(&workplace, &format!("{line} -o {name}-7.png --threads 7"));
        assert!(workplace.read(&format!("{name}-7.png")) == whole, "{name}: threads");
        draw(&workplace, &format!("--from {name}.png -q -o {name}-again.png"));
        assert!(workplace.read(&format!("{name}-again.png")) == whole, "{name}: recipe");
        draw(&workplace, &format!("{line} -o {name}-part.png --gif --frame-every 1 --stop-at 3 --checkpoint-every 1"));
        draw(&workplace, &format!("resume {name}-part.png.t2a -n 5 -q"));
        for end in ["png", "gif"] {
            let (part, whole) = (format!("{name}-part.{end}"), format!("{name}.{end}"));
            assert!(workplace.read(&part) == workplace.read(&whole), "{name}: resumed {end}");
        }
        workplace.write("lines.txt", format!("a red apple -- {settings} -o {name}-line.png\n"));
        draw(&workplace, "batch lines.txt -q");
        assert!(
            picture(&workplace, &format!("{name}-line.png")) == picture(&workplace, &format!("{name}.png")),
            "{name}"
        );
    }
    // The recipe knows the mask, and a run from it needs the same.
    let recipe = workplace.run(&["info", "kept.png", "--json"]).succeeded().output_json();
    let options: Vec<_> = recipe["inputs"].as_array().unwrap().iter().map(|input| input["option"].clone()).collect();
    assert_eq!(options, ["init-image", "mask"]);
    assert_eq!(recipe["settings"]["mask_feather"], 2);
    let recipe = workplace.run(&["info", "free.png", "--json"]).succeeded().output_json();
    assert_eq!((&recipe["settings"]["mask"], &recipe["settings"]["mask_feather"]), (&"left:0.4".into(), &().into()));
    write_disc(&workplace, "disc.png", 44, false);
    workplace.refuses(&["--from", "kept.png", "-o", "new.png"], &["disc.png", "the file has changed"]);
    workplace.refuses(&["resume", "kept-part.png.t2a", "-n", "7"], &["disc.png", "the file has changed"]);
    draw(&workplace, "--from kept.png --mask top -q -o new.png");
    std::fs::remove_file(workplace.join("disc.png")).unwrap();
    workplace.refuses(&["--from", "both.png", "-o", "newer.png"], &["disc.png", "missing"]);
}

#[test]
fn what_cannot_be_masked_is_said_before_any_work() {
    let workplace = Workplace::new();
    write_photo(&workplace, "photo.png", 32, 32);
    RgbImage::new(32, 32).save(workplace.join("black.png")).unwrap();
    RgbImage::from_pixel(32, 32, Rgb([255; 3])).save(workplace.join("white.png")).unwrap();
    write_disc(&workplace, "disc.png", 32, false);
    workplace.write("text.png", "no picture");
    let refused = |options: &str, error: &str, hint: &str| workplace.refuses_options(options, error, hint);
    refused("--mask dsic.png", "dsic.png: file not found", "did you mean `disc.png`?");
    refused("--mask text.png", "text.png: not an image", "give a picture");
    refused("--mask lfet:0.3", "`lfet` is not a side", "--mask");
    refused("--mask lfet:0.3", "did you mean `left`?", "--mask");
    refused("--mask left:1.5", "above 0 and below 1, as in left:0.3", "--mask");
    refused("--mask black.png", "black.png: nothing is inside the mask", "paint white");
    refused("--mask white.png --prompt-outside sea", "white.png: nothing is outside the mask", "paint black");
    refused("--prompt-outside sea", "--prompt-outside needs a mask", "--mask left:0.5");
    refused("--mask left --tile", "--mask and --tile are both given", "give only one of them");
    refused("--mask left --prompt-outside ''", "a prompt is empty", "--prompt-outside");
    refused("--mask left --mask-feather 2000", "--mask-feather 2000 is out of range", "from 0 to 1024");
    refused("--mask-feather 2000", "--mask-feather 2000 is out of range", "from 0 to 1024");
    let inpainted = "--mask disc.png --init-image photo.png";
    refused(
        &format!("{inpainted} --drawer strokes --svg"),
        "--svg cannot show an inpainted picture",
        "leave out --svg",
    );
    refused(&format!("{inpainted} --drawer strokes --reveal"), "--reveal cannot show", "give --prompt-outside");
    // With prompts for all of it, it has shapes as any other.
    draw(
        &workplace,
        &format!("cat --size 32x32 -n 1 --cutouts 1 -q -o p.png {inpainted} --prompt-outside sea --drawer line --svg"),
    );
    assert!(workplace.join("p.svg").is_file());
    // An inpainted picture is not only what was drawn.
    draw(&workplace, &format!("cat --size 32x32 -n 1 --cutouts 1 -q -o q.png {inpainted} --drawer fft"));
    workplace.refuses(&["render", "q.png"], &["q.png", "inpainted"]);
    // A mask of another shape may not be what was meant.
    write_photo(&workplace, "wide.png", 64, 32);
    let outcome = draw(&workplace, "cat --size 32x32 -n 0 -q -o r.png --mask disc.png --init-image wide.png");
    assert!(outcome.errors.contains("the mask has 32x32 pixels and the init image 64x32"), "{}", outcome.errors);
}

#[test]
fn a_recipe_is_drawn_without_its_mask() {
    let workplace = Workplace::new();
    let line = "a castle --size 32x32 --cutouts 2 -n 2 --seed 3 -q";
    draw(&workplace, &format!("{line} --mask left --prompt-outside sea -o masked.png"));
    draw(&workplace, &format!("{line} -o plain.png"));
    draw(&workplace, "--from masked.png --mask none -q -o without.png");
    assert!(workplace.read("masked.png") != workplace.read("plain.png"));
    assert!(workplace.read("without.png") == workplace.read("plain.png"));
    workplace.refuses(
        &words("--from masked.png --mask none --prompt-outside sky -o p.png"),
        &["--prompt-outside needs a mask"],
    );
}

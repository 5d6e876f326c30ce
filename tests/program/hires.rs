//! `--hires`: a small first pass, then a second one at the full size.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::{Workplace, words};
use image::{RgbImage, imageops};

/// A run of ten iterations, of which the last two draw at the full size.
const TWO_PASSES: &str = "a red apple --size 64x64 --hires 2 -n 10 --cutouts 2 --init-noise codes -q";

fn picture(workplace: &Workplace, name: &str) -> RgbImage {
    image::open(workplace.join(name)).unwrap().into_rgb8()
}

fn draw(workplace: &Workplace, line: &str) {
    workplace.run(&words(line)).succeeded();
}

/// The mean difference of two pictures' bytes.
#[allow(clippy::cast_precision_loss)]
fn difference(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let sum: u64 = one.iter().zip(other.iter()).map(|(one, other)| u64::from(one.abs_diff(*other))).sum();
    sum as f64 / one.len() as f64
}

#[test]
fn the_first_pass_is_a_small_run_and_the_second_continues_with_its_picture() {
    let workplace = Workplace::new();
    // At the end of the first pass, the picture is that of a run at half the size, enlarged.
    draw(&workplace, &format!("{TWO_PASSES} --stop-at 8 -o first.png"));
    draw(&workplace, "a red apple --size 32x32 -n 10 --stop-at 8 --cutouts 2 --init-noise codes -q -o small.png");
    let small = imageops::resize(&picture(&workplace, "small.png"), 64, 64, imageops::FilterType::Lanczos3);
    let first = picture(&workplace, "first.png");
    // Two implementations of one filter round differently.
    assert!(difference(&first, &small) < 0.5, "{}", difference(&first, &small));
    draw(&workplace, &format!("{TWO_PASSES} -o both.png"));
    let both = picture(&workplace, "both.png");
    let single = "a red apple --size 64x64 -n 10 --cutouts 2 --init-noise codes -q -o single.png";
    draw(&workplace, single);
    let (kept, other) = (difference(&both, &first), difference(&picture(&workplace, "single.png"), &first));
    assert!(both != first && kept < other / 2.0, "{kept} and {other}");
}

#[test]
fn a_recipe_is_drawn_without_its_first_pass() {
    let workplace = Workplace::new();
    draw(&workplace, &format!("{TWO_PASSES} -o both.png"));
    draw(&workplace, "a red apple --size 64x64 -n 10 --cutouts 2 --init-noise codes -q -o single.png");
    draw(&workplace, "--from both.png --hires none -q -o without.png");
    assert!(workplace.read("both.png") != workplace.read("single.png"));
    assert!(workplace.read("without.png") == workplace.read("single.png"));
}

#[test]
fn a_run_continues_in_either_pass_as_if_it_had_not_stopped() {
    let workplace = Workplace::new();
    let line = format!("{TWO_PASSES} --gif --mp4 --frame-every 1 --checkpoint-every 1");
    draw(&workplace, &format!("{line} -o whole.png"));
    for stop in [3, 8, 9] {
        let name = format!("stopped-{stop}");
        draw(&workplace, &format!("{line} --stop-at {stop} -o {name}.png"));
        draw(&workplace, &format!("resume {name}.png.t2a -n 10 -q"));
        for extension in ["png", "gif", "mp4"] {
            let (whole, resumed) = (format!("whole.{extension}"), format!("{name}.{extension}"));
            assert!(workplace.read(&resumed) == workplace.read(&whole), "{resumed}");
        }
    }
}

#[test]
fn threads_and_recipes_give_the_same_bytes() {
    let workplace = Workplace::new();
    draw(&workplace, &format!("{TWO_PASSES} --threads 1 -o one.png"));
    draw(&workplace, &format!("{TWO_PASSES} --threads 7 -o seven.png"));
    draw(&workplace, "--from one.png -q -o again.png");
    assert!(workplace.read("one.png") == workplace.read("seven.png"));
    assert!(workplace.read("one.png") == workplace.read("again.png"));
}

#[test]
fn a_size_is_that_of_the_finished_picture_and_a_quality_that_of_the_first_pass() {
    let workplace = Workplace::new();
    let size = |line: &str| {
        draw(&workplace, &format!("a red apple --hires 1.5 -n 0 --upscale 1 -q -o p.png --force {line}"));
        picture(&workplace, "p.png").dimensions()
    };
    assert_eq!(size("--size 96x80"), (96, 80));
    // A draft has 64x64 pixels.
    assert_eq!(size("--quality draft"), (96, 96));
    assert_eq!(size("--quality draft --palette nes"), (96, 96));
}

#[test]
fn what_has_no_second_pass_is_refused() {
    let workplace = Workplace::new();
    for (line, problem) in [
        ("cat --hires 2 --drawer pixel", "hires"),
        ("cat --hires 2 --auto-stop", "--hires and --auto-stop are both given"),
        ("cat --hires 4 --size 64x64", "a 64x64 picture is drawn at 16x16 first"),
        ("cat --hires 1", "--hires"),
        ("cat --hires 9", "--hires"),
    ] {
        let outcome = workplace.run(&words(&format!("{line} -o p.png")));
        assert_eq!(outcome.code, Some(2), "{line}: {}", outcome.errors);
        assert!(outcome.errors.contains(problem), "{line}: {}", outcome.errors);
    }
}

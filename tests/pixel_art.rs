//! Pixel art, as a user makes it: cells in the picture, the same bytes again, and prompts that are followed.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use common::program::Workplace;
use image::RgbImage;

/// A small picture of cells.
const SMALL: [&str; 8] = ["--drawer", "pixel", "--size", "64x64", "--pixel-size", "16x16", "-q", "--force"];
const SHAPES: [&str; 6] = ["rect", "shift", "hex", "tri", "diamond", "knit"];

fn picture(workplace: &Workplace, name: &str) -> RgbImage {
    image::load_from_memory(&workplace.read(name)).unwrap().to_rgb8()
}

fn draw(workplace: &Workplace, arguments: &[&str]) -> RgbImage {
    workplace.run(&[arguments, &["-o", "p.png"]].concat()).succeeded();
    picture(workplace, "p.png")
}

#[test]
fn rectangles_are_of_one_colour_and_of_whole_pixels() {
    let workplace = Workplace::new();
    let picture = draw(&workplace, &[&["a red apple", "-n", "3", "--cutouts", "2"][..], &SMALL].concat());
    assert_eq!(picture.dimensions(), (64, 64));
    for (x, y, colour) in picture.enumerate_pixels() {
        assert_eq!(colour, picture.get_pixel(x / 4 * 4, y / 4 * 4), "{x}, {y}");
    }
}

#[test]
fn every_shape_and_size_is_drawn_the_same_again() {
    let workplace = Workplace::new();
    for shape in SHAPES {
        for size in ["64x64", "61x37", "5x90"] {
            let line = ["a red apple", "--drawer", "pixel", "--pixel-shape", shape, "--size", size, "-n", "2"];
            let line = [&line[..], &["--cutouts", "2", "-q", "--force", "--pixel-scale", "3"]].concat();
            let (width, height) = size.split_once('x').unwrap();
            let first = draw(&workplace, &line);
            assert_eq!(first.dimensions(), (width.parse().unwrap(), height.parse().unwrap()), "{shape}");
            let again = [&line[..], &["-o", "again.png", "--threads", "1"]].concat();
            workplace.run(&again).succeeded();
            let bytes = workplace.read("p.png");
            assert!(bytes == workplace.read("again.png"), "{shape} {size}");
            workplace.run(&["--from", "p.png", "-o", "from.png", "-q", "--force"]).succeeded();
            assert!(bytes == workplace.read("from.png"), "{shape} {size}");
        }
    }
}

#[test]
fn a_start_gives_each_cell_its_mean() {
    let workplace = Workplace::new();
    let start = RgbImage::from_fn(64, 64, |x, y| {
        image::Rgb([if x % 4 < 2 { 0 } else { 200 }, u8::try_from(y / 4 * 4).unwrap(), 9])
    });
    start.save(workplace.join("start.png")).unwrap();
    let line = [&["a", "-n", "0", "--init-image", "start.png"][..], &SMALL].concat();
    let picture = draw(&workplace, &line);
    for (_, y, colour) in picture.enumerate_pixels() {
        assert_eq!(colour.0, [100, u8::try_from(y / 4 * 4).unwrap(), 9]);
    }
}

#[test]
fn a_run_goes_on_as_if_it_had_not_ended() {
    let workplace = Workplace::new();
    let line = [&["a red apple", "--cutouts", "2", "--smoothness", "0.5"][..], &SMALL].concat();
    let whole = [&line[..], &["-n", "6", "-o", "whole.png"]].concat();
    workplace.run(&whole).succeeded();
    let part = [&line[..], &["-n", "6", "--stop-at", "3", "--checkpoint-every", "3", "-o", "part.png"]].concat();
    workplace.run(&part).succeeded();
    workplace.run(&["resume", "part.png.t2a", "-n", "6", "-q", "--force"]).succeeded();
    assert!(picture(&workplace, "whole.png") == picture(&workplace, "part.png"));
}

/// Ten things the embedded model knows, each nearer to its prompt at the end than at the start, for two seeds.
#[test]
fn prompts_are_followed() {
    let prompts = [
        "a red apple on a blue background",
        "a red heart on a yellow background",
        "a green leaf on a pink background",
        "a blue fish on a red background",
        "a yellow banana on a pink background",
        "a penguin in the snow",
        "a purple octopus underwater",
        "a sailboat on the sea",
        "pencil sketch of a cat",
        "neon butterfly",
    ];
    let workplace = Workplace::new();
    let pixel = ["--drawer", "pixel", "--size", "128x128", "--pixel-size", "32x32", "-q"];
    for prompt in prompts {
        for seed in ["1", "2"] {
            let cosine = |iterations: &str| {
                let line = ["--seed", seed, "-n", iterations, "-o", "p.png", "--force"];
                workplace.run(&[&[prompt][..], &pixel, &line].concat()).succeeded();
                let scores = workplace.run(&["score", "--json", "p.png", "--prompt", prompt]).succeeded().output_json();
                scores[0]["cosine"].as_f64().unwrap()
            };
            let (start, end) = (cosine("0"), cosine("60"));
            println!("{prompt}, seed {seed}: {start:.3} to {end:.3}");
            assert!(end > start + 0.4, "{prompt}, seed {seed}: {start} to {end}");
        }
    }
}

//! Waves as a user makes them: sizes, starts, edges that go on, the same bytes again, and prompts that are followed.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

use crate::common;

use common::movie::Movie;
use common::program::Workplace;
use image::RgbImage;

/// A small picture of waves.
const SMALL: [&str; 7] = ["--drawer", "fft", "--size", "64x48", "--cutouts", "2", "-q"];

/// Things that the embedded model knows. This list is older than the defaults of the drawer.
const THINGS: [&str; 10] = [
    "a red apple",
    "a penguin in the snow",
    "a sunflower",
    "an owl",
    "a sailboat on the sea",
    "a castle",
    "a green frog on a pink background",
    "a strawberry",
    "a butterfly",
    "a red mushroom in a forest",
];

fn picture(workplace: &Workplace, name: &str) -> RgbImage {
    image::load_from_memory(&workplace.read(name)).unwrap().to_rgb8()
}

/// The mean difference of the bytes of two pictures, and the largest.
fn apart(one: &RgbImage, other: &RgbImage) -> (f64, u8) {
    assert_eq!(one.dimensions(), other.dimensions());
    let differences: Vec<u8> =
        one.as_raw().iter().zip(other.as_raw()).map(|(one, other)| one.abs_diff(*other)).collect();
    let sum: f64 = differences.iter().map(|difference| f64::from(*difference)).sum();
    (sum / differences.len() as f64, differences.into_iter().max().unwrap())
}

#[test]
fn every_size_and_start_is_drawn_the_same_again() {
    let workplace = Workplace::new();
    for (size, start) in [
        ("64x64", "codes"),
        ("61x37", "prior"),
        ("5x90", "codes"),
        ("1x1", "snow"),
        ("1x17", "none"),
        ("34x1", "fractal"),
    ] {
        let line =
            ["a red apple", "--drawer", "fft", "--size", size, "-n", "3", "--cutouts", "2", "--sharpness", "0.1"];
        let line = [&line[..], &["--init-noise", start, "-q", "--force"]].concat();
        workplace.run(&[&line[..], &["-o", "p.png"]].concat()).succeeded();
        let bytes = workplace.read("p.png");
        let (width, height) = size.split_once('x').unwrap();
        assert_eq!(picture(&workplace, "p.png").dimensions(), (width.parse().unwrap(), height.parse().unwrap()));
        for threads in ["1", "2", "7"] {
            workplace.run(&[&line[..], &["-o", "again.png", "--threads", threads]].concat()).succeeded();
            assert!(bytes == workplace.read("again.png"), "{size} with {threads} threads");
        }
        workplace.run(&["--from", "p.png", "-o", "from.png", "-q", "--force"]).succeeded();
        assert!(bytes == workplace.read("from.png"), "{size}");
    }
}

#[test]
fn a_picture_is_started_from_as_it_is() {
    let workplace = Workplace::new();
    let start = RgbImage::from_fn(63, 48, |x, y| {
        image::Rgb([
            u8::try_from(4 * x).unwrap(),
            u8::try_from(5 * y).unwrap(),
            if (x / 7 + y / 5) % 2 > 0 { 255 } else { 40 },
        ])
    });
    start.save(workplace.join("start.png")).unwrap();
    for (size, more) in [("63x48", &[][..]), ("63x48", &["--decay", "2.5", "--colorfulness", "0.7", "--contrast", "3"])]
    {
        let line = ["a", "--drawer", "fft", "-n", "0", "--size", size, "--init-image", "start.png", "-o", "p.png"];
        workplace.run(&[&line[..], more, &["-q", "--force"]].concat()).succeeded();
        // Colors keep a distance of 1 % of the range from its ends: 2.55 of 255.
        for (found, given) in picture(&workplace, "p.png").as_raw().iter().zip(start.as_raw()) {
            assert!((f64::from(*found) - f64::from(*given).clamp(2.55, 252.45)).abs() <= 0.75, "{found} for {given}");
        }
    }
}

#[test]
fn a_run_goes_on_as_if_it_had_not_ended() {
    let workplace = Workplace::new();
    for (start, name) in [("codes", "noise"), ("prior", "picture")] {
        let line = [&["a red apple", "--sharpness", "0.2", "-n", "6", "--init-noise", start][..], &SMALL].concat();
        let (whole, part) = (format!("{name}-whole.png"), format!("{name}-part.png"));
        workplace.run(&[&line[..], &["-o", &whole]].concat()).succeeded();
        workplace.run(&[&line[..], &["--stop-at", "3", "--checkpoint-every", "3", "-o", &part]].concat()).succeeded();
        workplace.run(&["resume", &format!("{part}.t2a"), "-n", "6", "-q", "--force"]).succeeded();
        assert!(picture(&workplace, &whole) == picture(&workplace, &part), "{name}");
    }
}

#[test]
fn a_batch_draws_waves_in_movies_and_in_few_colors() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a red apple\na pear -- --palette pico-8\n");
    let line = [&["batch", "a.txt", "-n", "3", "--gif", "--mp4"][..], &SMALL].concat();
    workplace.run(&line).succeeded();
    let files = workplace.files_in("");
    let with =
        |end: &str| files.iter().filter(|path| path.extension().is_some_and(|extension| extension == end)).count();
    assert_eq!((with("png"), with("gif"), with("mp4")), (2, 2, 2), "{files:?}");
    let line = [&["a pear", "-n", "2", "--palette", "red,white,navy", "--gif", "-o", "few.png"][..], &SMALL].concat();
    workplace.run(&line).succeeded();
    let few = picture(&workplace, "few.png");
    assert!(few.pixels().all(|pixel| [[255, 0, 0], [255; 3], [0, 0, 128]].contains(&pixel.0)));
    assert!(!Movie::of_gif(&workplace.join("few.gif")).frames.is_empty());
}

/// The waves in a PNG are rounded; drawn again at its size, they differ from it as little as `STEP` in
/// `src/drawer/fourier/drawing.rs` says.
#[test]
fn a_finished_picture_is_drawn_again() {
    let workplace = Workplace::new();
    for (start, more) in [("codes", &[][..]), ("prior", &["--decay", "2"]), ("codes", &["--palette", "red,white,navy"])]
    {
        let line = ["a red apple", "-n", "3", "--init-noise", start, "-o", "p.png", "--force"];
        workplace.run(&[&line[..], more, &SMALL].concat()).succeeded();
        workplace.run(&["render", "p.png", "--size", "64x48", "-o", "same.png", "-q", "--force"]).succeeded();
        workplace.run(&["render", "p.png", "--size", "320x240", "-o", "large.png", "-q", "--force"]).succeeded();
        let (mean, most) = apart(&picture(&workplace, "p.png"), &picture(&workplace, "same.png"));
        let large = picture(&workplace, "large.png");
        assert_eq!(large.dimensions(), (320, 240));
        if more.contains(&"--palette") {
            assert!(large.pixels().all(|pixel| [[255, 0, 0], [255; 3], [0, 0, 128]].contains(&pixel.0)));
        } else {
            assert!(mean < 0.3 && most <= 2, "{start} {more:?}: {mean}, {most} at most");
        }
        for threads in ["1", "7"] {
            let line =
                ["render", "p.png", "--size", "320x240", "-o", "again.png", "-q", "--force", "--threads", threads];
            workplace.run(&line).succeeded();
            assert!(workplace.read("large.png") == workplace.read("again.png"), "{start} with {threads} threads");
        }
    }
}

#[test]
fn what_waves_do_not_have_is_refused() {
    let workplace = Workplace::new();
    for option in [&["--transparent"][..], &["--outline"], &["--svg"], &["--pixel-zoom", "2"]] {
        workplace.refuses(&[&["a", "--drawer", "fft"][..], option].concat(), &[option[0], "--drawer fft"]);
    }
}

/// A random spectrum is of a picture that goes on over its edges.
#[test]
fn opposite_edges_fit_together() {
    let workplace = Workplace::new();
    let (mut seam, mut inside) = (0.0, 0.0);
    for seed in ["1", "2", "3"] {
        let line =
            ["a sunflower", "--drawer", "fft", "--init-noise", "codes", "--size", "96x80", "-n", "0", "--seed", seed];
        workplace.run(&[&line[..], &["--cutouts", "4", "-o", "p.png", "-q", "--force"]].concat()).succeeded();
        let picture = picture(&workplace, "p.png");
        let (width, height) = picture.dimensions();
        let pixel = |x: u32, y: u32| picture.get_pixel(x % width, y % height).0.map(f64::from);
        let apart = |(x, y): (u32, u32), (right, below): (u32, u32)| -> f64 {
            pixel(x, y).iter().zip(pixel(x + right, y + below)).map(|(one, other)| (one - other).abs()).sum()
        };
        let rows = |y: u32| (0..width).map(|x| apart((x, y), (0, 1))).sum::<f64>() / f64::from(width);
        let columns = |x: u32| (0..height).map(|y| apart((x, y), (1, 0))).sum::<f64>() / f64::from(height);
        seam += rows(height - 1) + columns(width - 1);
        inside += (0..height - 1).map(rows).sum::<f64>() / f64::from(height - 1);
        inside += (0..width - 1).map(columns).sum::<f64>() / f64::from(width - 1);
    }
    assert!(inside > 1.0 && seam < 1.1 * inside, "{seam} at the edges, {inside} inside");
}

/// The first and the last fit of a run.
fn fits(workplace: &Workplace, arguments: &[&str]) -> (f64, f64) {
    let line = [arguments, &["--drawer", "fft", "-o", "p.png", "--force", "--progress", "json"]].concat();
    let outcome = workplace.run(&line).succeeded();
    let finished = outcome.errors.lines().find(|line| line.contains("\"finished\"")).unwrap();
    let finished: serde_json::Value = serde_json::from_str(finished).unwrap();
    (finished["first_fit"].as_f64().unwrap(), finished["fit"].as_f64().unwrap())
}

#[test]
fn prompts_are_followed() {
    let workplace = Workplace::new();
    // Of pictures of noise next to nothing fits; the prior's fit well already. The margins are two thirds of what was measured.
    for (start, margin) in [("codes", 0.33), ("prior", 0.033)] {
        for seed in ["1", "2"] {
            let mut gain = 0.0;
            for thing in THINGS {
                let line =
                    [thing, "--size", "64x64", "-n", "25", "--cutouts", "4", "--init-noise", start, "--seed", seed];
                let (first, last) = fits(&workplace, &line);
                println!("{thing}, {start}, {seed}: {first:.3} -> {last:.3}");
                assert!(last > first, "{thing}, {start}, {seed}: {first} -> {last}");
                gain += (last - first) / THINGS.len() as f64;
            }
            println!("{start}, {seed}: {gain:.3}");
            assert!(gain > margin, "{start}, {seed}: {gain}");
        }
    }
}

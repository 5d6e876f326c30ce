//! `--average`: the picture that is shown is drawn of an average of the parameters, and the iterations are as without.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::{Workplace, words};
use image::RgbImage;

/// A run of six iterations with large steps.
const RUN: &str = "a red apple --size 32x32 -n 6 --cutouts 2 --learning-rate 0.3 --init-weight 0 -q";

fn draw(workplace: &Workplace, line: &str) {
    workplace.run(&words(line)).succeeded();
}

fn picture(workplace: &Workplace, name: &str) -> RgbImage {
    image::open(workplace.join(name)).unwrap().into_rgb8()
}

#[test]
fn cells_are_the_weighted_mean_of_those_without_it() {
    let workplace = Workplace::new();
    let line = format!("{RUN} --drawer pixel --pixel-size 8x8 --init-noise snow");
    draw(&workplace, &format!("{line} --frames plain -o plain.png"));
    for (folder, decay) in [("half", 0.5), ("most", 0.9)] {
        draw(&workplace, &format!("{line} --average {decay} --frames {folder} -o {folder}.png"));
        let mut largest = 0.0_f64;
        for frame in 0_i32..=6 {
            let plain: Vec<RgbImage> =
                (0..=frame).map(|index| picture(&workplace, &format!("plain/{index:06}.png"))).collect();
            let averaged = picture(&workplace, &format!("{folder}/{frame:06}.png"));
            let weights: Vec<f64> = (0..=frame).map(|index| f64::powi(decay, frame - index)).collect();
            let all: f64 = weights.iter().sum();
            for (place, found) in averaged.as_raw().iter().enumerate() {
                let of = |(picture, weight): (&RgbImage, &f64)| weight * f64::from(picture.as_raw()[place]);
                let expected = plain.iter().zip(&weights).map(of).sum::<f64>() / all;
                // Both are rounded to whole numbers.
                assert!((f64::from(*found) - expected).abs() < 1.5, "{folder} {frame}: {found}, {expected}");
                let last = f64::from(plain.last().unwrap().as_raw()[place]);
                largest = largest.max((f64::from(*found) - last).abs());
            }
        }
        assert!(largest > 10.0, "the average is hardly another picture: {largest}");
        assert!(workplace.read(&format!("{folder}/000006.png")) == workplace.read(&format!("{folder}.png")));
    }
}

#[test]
fn a_stopped_run_continues_with_the_same_bytes() {
    let workplace = Workplace::new();
    let hires = "a red apple --size 64x64 --hires 2 -n 10 --cutouts 2 --init-noise codes -q";
    for (name, base, more, total, stops) in [
        ("vqgan", RUN, "", 6, &[1, 4][..]),
        ("hires", hires, "", 10, &[8, 9]),
        ("pixel", RUN, "--drawer pixel --colors 4", 6, &[2, 3]),
        ("strokes", RUN, "--drawer strokes --strokes 12 --palette pico-8", 6, &[3]),
        ("fft", RUN, "--drawer fft --sharpness 0.1", 6, &[3]),
    ] {
        let line = format!("{base} {more} --average 0.8 --gif --checkpoint-every 1");
        draw(&workplace, &format!("{line} -o {name}.png"));
        for stop in stops {
            let part = format!("{name}-{stop}");
            draw(&workplace, &format!("{line} --stop-at {stop} -o {part}.png"));
            draw(&workplace, &format!("resume {part}.png.t2a -n {total} -q"));
            for extension in ["png", "gif"] {
                let (whole, resumed) = (format!("{name}.{extension}"), format!("{part}.{extension}"));
                assert!(workplace.read(&resumed) == workplace.read(&whole), "{resumed}");
            }
        }
    }
}

#[test]
fn every_source_and_number_of_threads_gives_the_same_bytes_and_zero_is_no_average() {
    let workplace = Workplace::new();
    draw(&workplace, &format!("{RUN} -o plain.png"));
    draw(&workplace, &format!("{RUN} --average 0.8 --threads 1 -o one.png"));
    draw(&workplace, &format!("{RUN} --average 0.8 --threads 5 -o five.png"));
    draw(&workplace, "--from one.png -q -o again.png");
    workplace.write("average.toml", "average = 0.8\n");
    draw(&workplace, &format!("{RUN} --config average.toml -o file.png"));
    workplace.write("line.txt", format!("{} --average 0.8\n", RUN.replace(" --size", " -- --size").replace(" -q", "")));
    draw(&workplace, "batch line.txt -q -o batch.png");
    for name in ["five", "again", "file", "batch"] {
        assert!(workplace.read(&format!("{name}.png")) == workplace.read("one.png"), "{name} is another picture");
    }
    assert!(picture(&workplace, "plain.png") != picture(&workplace, "one.png"));
    // What a recipe or a file asks for can be taken away, and then leaves no trace.
    draw(&workplace, "--from one.png --average 0 -q -o away.png");
    assert!(workplace.read("away.png") == workplace.read("plain.png"));
    draw(&workplace, "--from plain.png --config average.toml -q -o complete.png");
    assert!(workplace.read("complete.png") == workplace.read("plain.png"));
    // Without an iteration, there is nothing else to average.
    draw(&workplace, "a pear --size 32x32 -n 0 --average 0.8 -q -o still.png");
    draw(&workplace, "a pear --size 32x32 -n 0 -q -o start.png");
    assert!(picture(&workplace, "still.png") == picture(&workplace, "start.png"));
}

#[test]
fn strokes_are_averaged_in_the_svg_as_well() {
    let workplace = Workplace::new();
    let line = format!("{RUN} --drawer strokes --strokes 8");
    draw(&workplace, &format!("{line} --average 0.9 --svg a.svg -o a.png"));
    draw(&workplace, &format!("{line} --svg b.svg -o b.png"));
    assert!(workplace.read("a.svg") != workplace.read("b.svg"));
    // The PNG contains the strokes that it shows.
    draw(&workplace, "render a.png -x 1 -q");
    assert!(picture(&workplace, "a-x1.png") == picture(&workplace, "a.png"));
}

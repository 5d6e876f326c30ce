//! Finished pictures that turn into each other, and frames that fade into each other.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use crate::common;

use common::apart;
use common::movie::Movie;
use common::program::{Workplace, words};
use image::{Rgb, RgbImage};

fn pixels(workplace: &Workplace, name: &str) -> RgbImage {
    image::open(workplace.join(name)).unwrap().into_rgb8()
}

fn run(workplace: &Workplace, line: &str) {
    workplace.run(&words(line)).succeeded();
}

/// Frames of a morph of length 4 from picture to picture, in a folder. The first step, and the last one, is at most `most` of
/// the whole way.
fn check(workplace: &Workplace, pictures: &[&str], most: f64) {
    run(workplace, &format!("morph {} -o new --length 4 -q --force", pictures.join(" ")));
    let count = 4 * (pictures.len() - 1) + 1;
    let frames: Vec<RgbImage> = (0..count).map(|number| pixels(workplace, &format!("new/{number:06}.png"))).collect();
    assert!(!workplace.join(format!("new/{count:06}.png")).exists());
    for (index, name) in pictures.iter().enumerate() {
        assert!(frames[4 * index] == pixels(workplace, name), "{name} is not shown as it is");
    }
    for (index, part) in frames.chunks(4).filter(|part| part.len() == 4).enumerate() {
        let whole = apart(&part[0], &frames[4 * index + 4]);
        // The way is gradual: each frame is farther from the first, and nearer to the next picture.
        let (from, to) = (apart(&part[0], &part[1]), apart(&part[3], &frames[4 * index + 4]));
        assert!(
            from < most * whole && to < most * whole && from > 0.0 && to > 0.0,
            "{pictures:?}: {from} {to} {whole}"
        );
    }
}

#[test]
fn pictures_of_all_kinds_turn_into_each_other() {
    let workplace = Workplace::new();
    let small = "--size 36x30 -n 2 --cutouts 1 -q";
    run(&workplace, &format!("'a red apple' {small} -o a.png"));
    run(&workplace, &format!("'a green frog' {small} -o b.png"));
    RgbImage::from_fn(36, 30, |x, y| Rgb([if x > y { 200 } else { 20 }, 90, 40]))
        .save(workplace.join("c.png"))
        .unwrap();
    check(&workplace, &["a.png", "b.png"], 0.6);
    check(&workplace, &["a.png", "c.png", "b.png"], 0.6);
    // A stroke that moves by its own width looks as different as one that moves far.
    for (drawer, options, most) in
        [("pixel", "--pixel-size 6x5", 0.6), ("strokes", "--strokes 5", 1.0), ("fft", "", 0.6)]
    {
        run(&workplace, &format!("'a red apple' --drawer {drawer} {options} {small} -o d.png --force"));
        run(&workplace, &format!("'a green frog' --drawer {drawer} {options} --seed 3 {small} -o e.png --force"));
        check(&workplace, &["d.png", "e.png"], most);
    }
}

#[test]
fn cells_stay_cells() {
    let workplace = Workplace::new();
    let line = "--drawer pixel --pixel-size 4x4 --size 32x32 -n 1 --cutouts 1 -q";
    run(&workplace, &format!("'a red apple' {line} -o a.png"));
    run(&workplace, &format!("'a green frog' {line} --seed 2 -o b.png"));
    run(&workplace, "morph a.png b.png -o new --length 2 --ease linear -q");
    let middle = pixels(&workplace, "new/000001.png");
    let is_flat = |x: u32, y: u32| middle.get_pixel(x, y) == middle.get_pixel(x / 8 * 8, y / 8 * 8);
    assert!((0..32).all(|x| (0..32).all(|y| is_flat(x, y))));
}

#[test]
fn a_morph_is_a_film() {
    let workplace = Workplace::new();
    for (name, color) in [("a.png", [200, 30, 30]), ("b.png", [30, 30, 200])] {
        RgbImage::from_pixel(24, 16, Rgb(color)).save(workplace.join(name)).unwrap();
    }
    run(&workplace, "morph a.png b.png -o m.gif --length 5 --fps 10 --hold 0.5 -q");
    let movie = Movie::of_gif(&workplace.join("m.gif"));
    assert!((movie.seconds() - 1.1).abs() < 1e-9, "{}", movie.seconds());
    assert_eq!(movie.frames[0].0, pixels(&workplace, "a.png"));
    assert_eq!(movie.frames.last().unwrap().0, pixels(&workplace, "b.png"));
    run(&workplace, "morph a.png b.png -o m.mp4 --seconds 1 --fps 8 -q");
    assert_eq!(Movie::of_mp4(&workplace.join("m.mp4")).frames.len(), 8);
    run(&workplace, "morph a.png b.png -o again.mp4 --seconds 1 --fps 8 -q --threads 1");
    let outcome = workplace.run(&words("morph a.png b.png -o c.mp4 --seconds 1 --fps 8 --progress json")).succeeded();
    let events = outcome.events();
    let frames: Vec<_> = events.iter().filter_map(|event| event["frame"].as_u64()).collect();
    assert_eq!((&events[0]["event"], &events[0]["frames"]), (&"encoding".into(), &8.into()), "{events:?}");
    assert_eq!(frames, (0..8).collect::<Vec<_>>());
    let outcome = workplace.run(&words("morph a.png b.png -o d.mp4 --frame-every 20 --progress lines")).succeeded();
    // The frames 0, 20, 40 and 50
    assert!(outcome.errors.contains("frame 4 of 4"), "{}", outcome.errors);
    assert!(workplace.read("m.mp4") == workplace.read("again.mp4"));
    RgbImage::new(24, 20).save(workplace.join("tall.png")).unwrap();
    for (line, named) in [
        ("morph a.png -o x.mp4", vec!["one picture"]),
        ("morph a.png tall.png -o x.mp4", vec!["tall.png", "24x20", "24x16"]),
        ("morph a.png none.png -o x.mp4", vec!["none.png"]),
        ("morph a.png b.png -o m.gif", vec!["m.gif", "already exists"]),
        ("morph a.png b.png -o x.avi", vec!["x.avi"]),
    ] {
        workplace.refuses(&words(line), &named);
    }
}

#[test]
fn frames_fade_into_each_other() {
    let workplace = Workplace::new();
    for (name, value) in [("a.png", 0), ("b.png", 255)] {
        RgbImage::from_pixel(16, 16, Rgb([value; 3])).save(workplace.join(name)).unwrap();
    }
    run(&workplace, "video a.png b.png a.png -o v.gif --blend 1 --fps 10 -q");
    let movie = Movie::of_gif(&workplace.join("v.gif"));
    let grays: Vec<u8> = movie.frames.iter().map(|(picture, _)| picture.get_pixel(3, 3).0[0]).collect();
    // Half the light of white.
    assert_eq!(grays, [0, 188, 255, 188, 0]);
    assert!((movie.seconds() - 0.5).abs() < 1e-9);
    // The same length, and there and back.
    for (options, frames) in [
        ("--blend 3 --seconds 0.5", 5),
        ("--blend 2 --boomerang", 12),
        ("--blend 4 --seconds 0.1", 1),
        ("--blend 0", 3),
    ] {
        run(&workplace, &format!("video a.png b.png a.png -o v.mp4 --force --fps 10 -q {options}"));
        assert_eq!(Movie::of_mp4(&workplace.join("v.mp4")).frames.len(), frames, "{options}");
    }
    // A run: the movies get frames in between, and the folder gets those that were drawn.
    let small = "'a red apple' --size 32x32 -n 4 --cutouts 1 -q --learning-rate 0.5";
    run(&workplace, &format!("{small} --blend 2 --frames frames --mp4 -o p.png"));
    assert_eq!(Movie::of_mp4(&workplace.join("p.mp4")).frames.len(), 5 + 4 * 2);
    assert_eq!(std::fs::read_dir(workplace.join("frames")).unwrap().count(), 5);
    run(&workplace, "video frames -o again.mp4 --blend 2 -q");
    let (one, other) = (Movie::of_mp4(&workplace.join("p.mp4")), Movie::of_mp4(&workplace.join("again.mp4")));
    assert!(one.frames.iter().zip(&other.frames).all(|(one, other)| one.0 == other.0));
}

//! Redrawing films: what becomes of each frame, how an interrupted run continues, and what is refused.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::print_stdout)]

use crate::common;

use std::fs::File;
use std::path::Path;

use common::apart;
use common::movie::Movie;
use common::program::{Outcome, Running, Workplace, words};
use image::codecs::gif::GifEncoder;
use image::{Delay, Frame, Rgb, RgbImage};
use serde_json::Value;
use text2art::settings::{OPTIONS, OptionInfo};

/// What every film of these tests is drawn with.
const SMALL: &str = "'a red apple' -n 4 --cutouts 1 --seed 5";

/// A disk that moves over a gradient.
fn disk(side: u32, frame: u32) -> RgbImage {
    let (left, top) = (side / 4 + frame * side / 80, side / 2);
    RgbImage::from_fn(side, side, |x, y| {
        let (across, down) = (x.abs_diff(left), y.abs_diff(top));
        let byte = |value: u32| u8::try_from(value * 255 / side).unwrap();
        if across * across + down * down < side * side / 28 {
            Rgb([230, 60, 40])
        } else {
            Rgb([byte(x) / 2 + 40, 90, 200 - byte(y) / 2])
        }
    })
}

/// A workplace with a folder of so many frames, whose numbers are not padded.
fn workplace(frames: u32) -> Workplace {
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.join("film")).unwrap();
    for frame in 0..frames {
        disk(32, 2 * frame).save(workplace.join(format!("film/{}.png", frame + 8))).unwrap();
    }
    workplace
}

fn restyle(workplace: &Workplace, more: &str) -> String {
    let line = format!("restyle film {SMALL} -q {more}");
    workplace.run(&words(&line)).succeeded().output_text().to_owned()
}

fn frame(workplace: &Workplace, folder: &str, number: usize) -> Vec<u8> {
    workplace.read(&format!("{folder}/{number:06}.png"))
}

/// Starts a film, and sends a signal when two frames are done. Tries again if the film was finished before the signal. `made`
/// names the outputs, the film first.
fn interrupted(workplace: &Workplace, line: &str, signal: &str, made: &[&str]) -> Outcome {
    for _ in 0..20 {
        let mut command = workplace.command();
        let mut running = Running::start(command.args(words(line)));
        running.wait_for_lines("\"restyled\"", 2);
        running.signal(signal);
        let outcome = running.finish();
        let work = workplace.join(format!("{}.t2a-film", made[0]));
        if work.exists() && !(signal == "KILL" && workplace.join(made[0]).is_file()) {
            return outcome;
        }
        let made = made.iter().map(|name| workplace.join(name)).chain([work]);
        for path in made.filter(|path| path.exists()) {
            let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
            removed.unwrap();
        }
    }
    panic!("the film was always finished before the signal came");
}

fn recipe(workplace: &Workplace, picture: &str) -> Value {
    workplace.run(&["info", "--json", picture]).succeeded().output_json()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn each_frame_comes_from_its_own_and_from_the_one_before() {
    let workplace = workplace(4);
    assert_eq!(restyle(&workplace, "-o new"), "new\n");
    assert_eq!(names(&workplace.join("new")), ["000000.png", "000001.png", "000002.png", "000003.png"]);
    assert_eq!(names(&workplace.join("")), ["film", "new"]);
    for number in 0..4_usize {
        let name = format!("new/{number:06}.png");
        let recipe = recipe(&workplace, &name);
        // Numbers are sorted by value: 8, 9, 10, 11.
        let source = format!("film/{}.png", number + 8);
        assert_eq!(recipe["settings"]["init_image"], Value::from(source.clone()));
        assert_eq!((&recipe["inputs"][0]["path"], &recipe["settings"]["size"]), (&source.into(), &"32x32".into()));
        // Behind the first, a quarter of the iterations.
        assert_eq!(recipe["result"]["iterations_done"], Value::from(if number == 0 { 4 } else { 1 }));
        let restyled = &recipe["restyled"];
        assert_eq!((&restyled["frame"], &restyled["memory"]), (&number.into(), &0.75.into()));
        assert_eq!(image::open(workplace.join(&name)).unwrap().into_rgb8().dimensions(), (32, 32));
    }
    // The frame before decides a frame, and so does smoothing.
    restyle(&workplace, "-o alone --memory 0");
    restyle(&workplace, "-o sharp --smooth 0");
    let [new, alone, sharp] = ["new", "alone", "sharp"].map(|folder| frame(&workplace, folder, 2));
    assert!(new != alone && new != sharp && alone != sharp);
    assert!(frame(&workplace, "sharp", 0) != frame(&workplace, "new", 0));
    // Alone, a frame is what its recipe draws.
    workplace.run(&["--from", "alone/000002.png", "-q", "-o", "again.png"]).succeeded();
    let pixels = |name: &str| image::open(workplace.join(name)).unwrap().into_rgb8();
    assert!(pixels("again.png") == pixels("alone/000002.png"));
    let outcome = workplace.run(&["--from", "new/000002.png", "-o", "other.png"]).succeeded();
    assert!(outcome.errors.contains("frame 2 of a restyled film"), "{}", outcome.errors);
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    for more in ["", "--smooth 0"] {
        let workplace = workplace(30);
        restyle(&workplace, &format!("-o whole.mp4 --frames whole {more}"));
        assert_eq!(names(&workplace.join("")), ["film", "whole", "whole.mp4"]);
        let line = format!("restyle film {SMALL} --progress json -o part.mp4 --frames part {more}");
        assert_eq!(interrupted(&workplace, &line, "KILL", &["part.mp4", "part"]).code, None);
        let before = frame(&workplace, "part", 0);
        let outcome = workplace.run(&words(&line)).succeeded();
        let begun = outcome.events().into_iter().find(|event| event["event"] == "restyling").unwrap();
        assert!(begun["done"].as_u64().unwrap() >= 2 && begun["frames"] == 30, "{begun}");
        assert!(before == frame(&workplace, "part", 0));
        for number in 0..30 {
            assert!(frame(&workplace, "part", number) == frame(&workplace, "whole", number), "{more} {number}");
        }
        assert!(workplace.read("part.mp4") == workplace.read("whole.mp4"), "{more}");
        assert!(!workplace.join("part.mp4.t2a-film").exists());
    }
}

#[test]
fn an_interrupted_film_plays_and_goes_on() {
    let workplace = workplace(30);
    let line = format!("restyle film {SMALL} --progress json -o film.gif");
    let outcome = interrupted(&workplace, &line, "INT", &["film.gif"]);
    assert_eq!((outcome.code, outcome.output_text()), (Some(130), "film.gif\n"), "{}", outcome.errors);
    assert!(outcome.errors.contains("of 30 frames are drawn; run the same command again"), "{}", outcome.errors);
    let part = Movie::of_gif(&workplace.join("film.gif")).seconds();
    assert!((0.079..1.199).contains(&part), "{part}");
    // Frames that the interrupted run did not write are not replaced.
    std::fs::create_dir(workplace.join("mine")).unwrap();
    workplace.write("mine/000000.png", "mine");
    let other = format!("restyle film {SMALL} -q -o film.gif --frames mine");
    workplace.refuses(&words(&other), &["mine", "contains frames"]);
    workplace.run(&words(&line)).succeeded();
    assert!((Movie::of_gif(&workplace.join("film.gif")).seconds() - 1.2).abs() < 1e-9);
    assert_eq!(names(&workplace.join("")), ["film", "film.gif", "mine"]);
}

#[test]
fn what_was_begun_afresh_goes_on() {
    let workplace = workplace(30);
    restyle(&workplace, "-o new");
    let line = format!("restyle film {SMALL} --progress json -o new --force");
    let done = || -> u64 {
        let events = workplace.run(&words(&line)).succeeded().events();
        let begun = events.into_iter().find(|event| event["event"] == "restyling").unwrap();
        begun["done"].as_u64().unwrap()
    };
    interrupted(&workplace, &line, "INT", &["new"]);
    let frames = names(&workplace.join("new")).len() as u64;
    assert!(frames >= 2 && done() == frames, "{frames}");
    assert_eq!(names(&workplace.join("new")).len(), 30);
    assert_eq!(names(&workplace.join("")), ["film", "new"]);
    // A whole film is drawn again.
    assert_eq!(done(), 0);
}

#[test]
fn what_is_unchanged_is_not_drawn_again() {
    let workplace = workplace(4);
    let times = |folder: &str| {
        let path = |number: usize| workplace.join(format!("{folder}/{number:06}.png"));
        (0..4).map(|number| path(number).metadata().unwrap().modified().unwrap()).collect::<Vec<_>>()
    };
    let changed = |folder: &str, options: &str| -> Vec<usize> {
        let before = times(folder);
        restyle(&workplace, &format!("-o {folder} {options}"));
        let after = times(folder);
        (0..4).filter(|number| before[*number] != after[*number]).collect()
    };
    restyle(&workplace, "-o linked");
    restyle(&workplace, "-o alone --memory 0");
    assert_eq!((changed("linked", ""), changed("alone", "--memory 0")), (vec![], vec![]));
    let linked = frame(&workplace, "linked", 1);
    disk(32, 60).save(workplace.join("film/10.png")).unwrap();
    assert_eq!(changed("alone", "--memory 0"), [2]);
    // The others follow from it, and its neighbor before it has some of it.
    workplace.refuses(&words(&format!("restyle film {SMALL} -q -n 3 -o linked")), &["linked", "contains frames"]);
    restyle(&workplace, "-o linked");
    assert!(frame(&workplace, "linked", 1) != linked);
    assert_eq!(changed("linked", "--force"), [0, 1, 2, 3]);
}

#[test]
fn a_gif_keeps_its_size_and_its_times() {
    let workplace = Workplace::new();
    let mut encoder = GifEncoder::new(File::create(workplace.join("film")).unwrap());
    for (index, delay) in [40_u32, 120, 80].into_iter().enumerate() {
        let picture = image::DynamicImage::from(disk(40, 9 * u32::try_from(index).unwrap()));
        let picture = picture.crop_imm(0, 0, 40, 24).into_rgba8();
        let delay = Delay::from_numer_denom_ms(delay, 1);
        encoder.encode_frame(Frame::from_parts(picture, 0, 0, delay)).unwrap();
    }
    drop(encoder);
    restyle(&workplace, "-o new.gif --frames new");
    let movie = Movie::of_gif(&workplace.join("new.gif"));
    let times: Vec<f64> = movie.frames.iter().map(|(_, seconds)| *seconds).collect();
    assert_eq!(times.len(), 3, "{times:?}");
    for (found, expected) in times.iter().zip([0.04, 0.12, 0.08]) {
        assert!((found - expected).abs() < 1e-9, "{times:?}");
    }
    assert_eq!(movie.frames[0].0.dimensions(), (40, 24));
    let info = recipe(&workplace, "new/000002.png");
    assert_eq!((&info["settings"]["init_image"], &info["settings"]["fps"]), (&"film".into(), &25.into()));
    // With frames in between, the film takes as long; another rate is the user's.
    restyle(&workplace, "-o faded.mp4 --blend 1");
    let faded = Movie::of_mp4(&workplace.join("faded.mp4"));
    // Slots of 0.02 seconds: each frame fades as long as it is shown, and the last is shown twice as long instead.
    assert_eq!(faded.frames.len(), 2 * (1 + 3 + 2));
    assert!((faded.seconds() - 0.24).abs() < 1e-9, "{}", faded.seconds());
    let too_fast = format!("restyle film {SMALL} -q -o fast.mp4 --blend 9");
    workplace.refuses(&words(&too_fast), &["--blend 9", "250", "240"]);
    restyle(&workplace, "-o slow.mp4 --fps 2");
    assert!((Movie::of_mp4(&workplace.join("slow.mp4")).seconds() - 1.5).abs() < 1e-9);
    let bytes = workplace.read("film");
    workplace.write("film.gif", &bytes);
    let line = format!("restyle film.gif {SMALL} -o film.gif --force");
    workplace.refuses(&words(&line), &["film.gif", "would replace"]);
    workplace.write("cut", &bytes[..bytes.len() * 2 / 3]);
    workplace.refuses(&words(&format!("restyle cut {SMALL} -o cut.mp4")), &["cut: frame ", "cannot be decoded"]);
}

#[test]
fn every_drawer_draws_films() {
    let workplace = workplace(3);
    for options in [
        "--drawer pixel --pixel-size 8x8",
        "--drawer pixel --pixel-art --pixel-size 8x8 --transparent",
        "--drawer strokes --strokes 6",
        "--drawer line --strokes 3",
        "--drawer fft",
    ] {
        restyle(&workplace, &format!("-o new --force {options}"));
        for number in 0..3 {
            let name = format!("new/{number:06}.png");
            assert_eq!(image::open(workplace.join(&name)).unwrap().into_rgb8().dimensions(), (32, 32), "{options}");
        }
        assert!(frame(&workplace, "new", 0) != frame(&workplace, "new", 2), "{options}");
    }
    // With a mask, the rest of each frame is its source.
    restyle(&workplace, "-o masked --mask left:0.5");
    let pixels = |name: &str| image::open(workplace.join(name)).unwrap().into_rgb8();
    let (source, new) = (pixels("film/9.png"), pixels("masked/000001.png"));
    assert!((16..32).all(|x| (0..32).all(|y| source.get_pixel(x, y) == new.get_pixel(x, y))));
}

#[test]
fn what_cannot_be_restyled_is_refused() {
    let workplace = workplace(2);
    workplace.write("one.png", workplace.read("film/8.png"));
    std::fs::create_dir(workplace.join("mixed")).unwrap();
    disk(32, 0).save(workplace.join("mixed/1.png")).unwrap();
    disk(40, 0).save(workplace.join("mixed/2.png")).unwrap();
    std::fs::create_dir(workplace.join("bad")).unwrap();
    workplace.write("bad/1.png", workplace.read("film/8.png"));
    workplace.write("bad/2.png", "no picture");
    for (line, named) in [
        ("restyle none apple -o new.mp4", vec!["none", "not found"]),
        ("restyle one.png apple -o new.mp4", vec!["one.png", "neither a folder nor a GIF"]),
        ("restyle mixed apple -o new.mp4", vec!["mixed/2.png", "40x40", "32x32"]),
        ("restyle bad apple -o new.mp4", vec!["bad/2.png", "not an image"]),
        ("restyle film apple -o new.avi", vec!["new.avi", "unsupported file type"]),
        ("restyle film apple -o film", vec!["film", "would replace"]),
        ("restyle film apple -o film/", vec!["film", "would replace"]),
        ("restyle film apple -o new.mp4 --memory 1", vec!["--memory"]),
        ("restyle film apple -o new.mp4 --smooth 2", vec!["--smooth"]),
        ("restyle film apple -o new.mp4 --hires 2", vec!["--hires"]),
        ("restyle film apple -o new.mp4 --init-image one.png", vec!["--init-image"]),
        ("restyle film apple -o new --frames other", vec!["--frames"]),
    ] {
        workplace.refuses(&words(line), &named);
    }
}

#[test]
fn each_option_is_honored_or_refused() {
    let workplace = workplace(2);
    workplace.write("story.txt", "a dawn\na night\n");
    let refused = [
        ("init-image", "film/8.png"),
        // Its first pass must not be too small.
        ("hires", "2 --size 128x128"),
        ("average", "0.9"),
        ("stop-at", "1"),
        ("length", "4"),
        ("iterations-per-frame", "2"),
        ("zoom", "1.1"),
        ("angle", "5"),
        ("pan-x", "1"),
        ("pan-y", "1"),
        ("wander", "1"),
        ("story", "story.txt"),
        ("crossfade", "1"),
        ("prompt-weights", "'1 = 0: 1, 3: 0'"),
        ("learning-rate-keys", "'0: 0.1, 3: 0.2'"),
        ("init-weight-keys", "'0: 1, 3: 2'"),
    ];
    for (option, value) in refused {
        let line = format!("restyle film {SMALL} -o new --{option} {value}");
        workplace.refuses(&words(&line), &[&format!("--{option} does not work with `restyle`")]);
    }
    let of_animations = |option: &&OptionInfo| option.group == "Animation";
    assert!(OPTIONS.iter().filter(of_animations).all(|option| refused.iter().any(|(name, _)| *name == option.option)));
    // Everything else is in the recipe of a frame, and so in what decides it.
    let honored = "--drawer pixel --pixel-size 8x8 --palette game-boy --style watercolor --loss tv:0.5 --cut-noise 0.2 \
                   --learning-rate 0.2 --init-weight 3 --mask left:0.5 --overlay film/8.png --fps 7 --hold 1";
    restyle(&workplace, &format!("-o new {honored}"));
    let recipe = recipe(&workplace, "new/000001.png");
    for option in honored.split("--").skip(1) {
        let (name, value) = option.trim().split_once(' ').unwrap();
        let found = recipe["settings"][name.replace('-', "_")].to_string();
        assert!(found.contains(value), "{name}: {found}");
    }
}

#[test]
fn an_animation_in_the_configuration_is_not_of_films() {
    let workplace = workplace(2);
    restyle(&workplace, "-o plain");
    workplace.write("config.toml", "length = 4\nzoom = 1.1\nwander = 1\nprompt_weights = [\"1 = 0: 1, 3: 0\"]\n");
    restyle(&workplace, "-o new --config config.toml");
    for number in 0..2 {
        assert!(frame(&workplace, "new", number) == frame(&workplace, "plain", number), "{number}");
    }
}

/// The flicker of a film: how much more neighbors differ than those of its source.
fn flicker(workplace: &Workplace, folder: &str, frames: u32, side: u32) -> f64 {
    let new: Vec<RgbImage> = (0..frames)
        .map(|number| image::open(workplace.join(format!("{folder}/{number:06}.png"))).unwrap().into_rgb8())
        .collect();
    let source: Vec<RgbImage> = (0..frames).map(|frame| disk(side, frame)).collect();
    let mean =
        |film: &[RgbImage]| film.windows(2).map(|pair| apart(&pair[0], &pair[1])).sum::<f64>() / f64::from(frames - 1);
    mean(&new) - mean(&source)
}

#[test]
#[ignore = "draws 80 frames, which takes minutes"]
fn memory_halves_the_flicker() {
    let workplace = Workplace::new();
    let (frames, side) = (40, 64);
    std::fs::create_dir(workplace.join("film")).unwrap();
    for frame in 0..frames {
        disk(side, frame).save(workplace.join(format!("film/{frame}.png"))).unwrap();
    }
    let found = ["--memory 0", ""].map(|options| {
        // The film takes longer than other runs may.
        let line = format!(
            "restyle film 'a red apple on a blue table' -n 20 --cutouts 8 --seed 1 -q -o new --force {options}"
        );
        assert!(workplace.command().args(words(&line)).status().unwrap().success());
        flicker(&workplace, "new", frames, side)
    });
    println!("flicker without memory {:.2} levels, with {:.2}", found[0], found[1]);
    assert!(found[0] > 0.5 && found[1] < found[0] / 2.0, "{found:?}");
}

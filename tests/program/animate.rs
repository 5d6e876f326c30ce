//! Animations: the canvas moves as requested, each frame is the end of its iterations, an interrupted film continues with the
//! same bytes, and prompts change over the frames.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use crate::common;

use std::time::Duration;

use common::fixtures;
use common::movie::Movie;
use common::program::{Running, Workplace, words};
use image::{Rgb, RgbImage};
use serde_json::Value;
use text2art::random::Stream;

/// A run that takes a moment.
const SMALL: &str = "animate 'a red apple' --size 32x32 --cutouts 1 -q";
/// Cells of 8 by 8 pixels that only move: nothing is learned.
const CELLS: &str = "animate 'a red apple' --size 64x64 --drawer pixel --pixel-size 8x8 --init-noise snow --cutouts 1 -q \
                     --learning-rate-keys 0 --iterations-per-frame 1";

fn draw(workplace: &Workplace, line: &str) {
    workplace.run(&words(line)).succeeded();
}

fn picture(workplace: &Workplace, name: &str) -> RgbImage {
    image::open(workplace.join(name)).unwrap().into_rgb8()
}

/// The settings in the recipe of a picture.
fn settings(workplace: &Workplace, name: &str) -> Value {
    let outcome = workplace.run(&["info", "--json", name]).succeeded();
    outcome.output_json()["settings"].clone()
}

/// The colors of the cells of a frame of [`CELLS`].
fn cells(workplace: &Workplace, name: &str) -> Vec<[u8; 3]> {
    let picture = picture(workplace, name);
    (0..64).map(|cell| picture.get_pixel(cell % 8 * 8 + 4, cell / 8 * 8 + 4).0).collect()
}

/// Draws with some motion, and compares the cells of frames with those of the first one, which `before` finds.
fn cells_move(motion: &str, frames: usize, before: impl Fn(usize, usize, usize) -> (usize, usize)) {
    let workplace = Workplace::new();
    draw(&workplace, &format!("{CELLS} {motion} --length {} --frames f -o p.png", frames + 1));
    let first = cells(&workplace, "f/000000.png");
    for frame in 1..=frames {
        for (cell, found) in cells(&workplace, &format!("f/{frame:06}.png")).into_iter().enumerate() {
            let (column, row) = before(frame, cell % 8, cell / 8);
            let expected = first[row * 8 + column];
            // A mean of equal numbers may be rounded another way.
            let is_near = (0..3).all(|color| found[color].abs_diff(expected[color]) <= 1);
            assert!(is_near, "{motion}, frame {frame}, cell {cell}: {found:?}, {expected:?}");
        }
    }
}

#[test]
fn cells_move_as_documented() {
    // To the right and down, with the edge reflected.
    cells_move("--pan-x 8", 3, |frame, column, row| (column.saturating_sub(frame), row));
    cells_move("--pan-y -8", 2, |frame, column, row| (column, (row + frame).min(7)));
    // What is at the top goes to the right.
    cells_move("--angle 90", 1, |_, column, row| (row, 7 - column));
    // The keys count frames: nothing moves before frame 2.
    cells_move("--pan-x '1: 0, 2: 8'", 2, |frame, column, row| (column.saturating_sub(frame.saturating_sub(1)), row));
}

#[test]
fn without_motion_an_animation_is_a_picture() {
    let workplace = Workplace::new();
    let run = "'a red apple' --size 32x32 --cutouts 2 -q";
    draw(&workplace, &format!("{run} -n 6 --learning-rate-drops none -o plain.png"));
    for (name, motion) in [("still", ""), ("none", "--zoom 1 --angle 0 --pan-x '0: 0, 5: 0' --pan-y 0")] {
        draw(&workplace, &format!("animate {run} --length 3 --iterations-per-frame 2 {motion} -o {name}.png"));
        assert!(picture(&workplace, &format!("{name}.png")) == picture(&workplace, "plain.png"), "{name}");
    }
    draw(&workplace, &format!("animate {run} --length 3 --iterations-per-frame 2 --zoom 1.1 -o zoomed.png"));
    assert!(picture(&workplace, "zoomed.png") != picture(&workplace, "plain.png"));
}

#[test]
fn a_film_has_as_many_frames_as_asked_for() {
    let workplace = Workplace::new();
    draw(
        &workplace,
        &format!("{SMALL} --length 5 --iterations-per-frame 3 --zoom 1.05 --frames f --gif --mp4 -o p.png"),
    );
    assert_eq!(workplace.files_in("f").len(), 5);
    assert!(picture(&workplace, "f/000004.png") == picture(&workplace, "p.png"), "the picture is the last frame");
    assert_eq!(Movie::of_gif(&workplace.join("p.gif")).frames.len(), 5);
    assert_eq!(Movie::of_mp4(&workplace.join("p.mp4")).frames.len(), 5);
    // A film is written if nothing else would show it.
    draw(&workplace, &format!("{SMALL} --length 2 --iterations-per-frame 1 -o alone.png"));
    assert!(workplace.join("alone.mp4").is_file());
    for line in ["--frames g -o b.png", "--mp4 none -o c.png", "-o d.gif"] {
        // A GIF has equal frames only once.
        draw(&workplace, &format!("{SMALL} --length 2 --iterations-per-frame 1 --zoom 1.5 {line}"));
    }
    assert!(["b", "c", "d"].iter().all(|name| !workplace.join(format!("{name}.mp4")).exists()));
    assert_eq!(Movie::of_gif(&workplace.join("d.gif")).frames.len(), 2);
    let recipe = settings(&workplace, "p.png");
    assert_eq!((&recipe["length"], &recipe["iterations"], &recipe["zoom"]), (&5.into(), &15.into(), &"1.05".into()));
}

/// With every drawer and from the middle of a frame as well as from its end.
#[test]
fn a_stopped_film_continues_with_the_same_bytes() {
    let motion = "--length 4 --iterations-per-frame 3 --zoom 1.05 --angle 3 --pan-x '0: 1, 3: -2' --wander=2";
    for (drawer, options) in [
        ("vqgan", "--average 0.5"),
        ("vqgan", "--init-weight-keys '0: 2, 3: 0' --threads 1"),
        ("pixel", "--pixel-size 8x8 --transparent --colors 5"),
        ("strokes", "--strokes 12"),
        ("line", "--strokes 5"),
        ("fft", "--optimizer rmsprop"),
    ] {
        let workplace = Workplace::new();
        let line = format!("{SMALL} --drawer {drawer} {options} {motion} --mp4");
        draw(&workplace, &format!("{line} -o whole.png"));
        for stop in [6, 7] {
            draw(&workplace, &format!("{line} --stop-at {stop} --checkpoint-every 1 -o p.png --force"));
            draw(&workplace, "resume p.png.t2a -n 12 -q");
            for name in ["png", "mp4"] {
                let (whole, found) = (workplace.read(&format!("whole.{name}")), workplace.read(&format!("p.{name}")));
                assert!(found == whole, "{drawer} {options}, {name}, after {stop}");
            }
        }
        draw(&workplace, "--from whole.png -q -o again.png");
        assert!(workplace.read("again.png") == workplace.read("whole.png"), "{drawer} {options}");
    }
}

/// A picture from the recipe of a film, and a film from the recipe of a picture that was cut short.
#[test]
fn films_and_pictures_come_from_each_other() {
    let workplace = Workplace::new();
    draw(&workplace, &format!("{SMALL} --length 2 --iterations-per-frame 2 --zoom 1.1 --wander -o film.png"));
    let lines = workplace.refuses_somehow(&words("--from film.png -n 3"));
    assert!(lines[0].contains("--iterations 3 does not fit --length 2"), "{lines:?}");
    assert!(lines[1].contains("use --length none"), "{lines:?}");
    draw(&workplace, "--from film.png --length none -n 3 -q -o picture.png");
    let recipe = settings(&workplace, "picture.png");
    assert_eq!((&recipe["iterations"], &recipe["length"], &recipe["zoom"]), (&3.into(), &Value::Null, &Value::Null));
    draw(&workplace, "animate --from picture.png --length 2 --iterations-per-frame 1 -q -o other.png");
    assert_eq!(settings(&workplace, "other.png")["length"], 2);
    // A film that was cut short stays short if nothing asks for more.
    draw(&workplace, &format!("{SMALL} --length 3 --iterations-per-frame 2 --stop-at 3 -o short.png"));
    draw(&workplace, "animate --from short.png -q -o again.png");
    assert_eq!(settings(&workplace, "again.png")["stop_at"], 3);
    assert!(picture(&workplace, "again.png") == picture(&workplace, "short.png"));
}

/// The last frame of the first part is followed by another one, and has its place among the frames.
#[test]
fn an_extended_film_is_the_longer_one() {
    for each in [1, 3] {
        let workplace = Workplace::new();
        let line = format!("{SMALL} --iterations-per-frame {each} --zoom 1.1 --mp4");
        draw(&workplace, &format!("{line} --length 4 --frames g -o whole.png"));
        draw(&workplace, &format!("{line} --length 2 --frames f --checkpoint-every 1 -o p.png"));
        draw(&workplace, &format!("resume p.png.t2a -n {} -q", 4 * each));
        assert!(workplace.read("p.png") == workplace.read("whole.png"), "{each}");
        assert!(workplace.read("p.mp4") == workplace.read("whole.mp4"), "{each}");
        assert_eq!(workplace.files_in("f").len(), 4);
        for frame in 0..4 {
            let [found, expected] = ["f", "g"].map(|folder| picture(&workplace, &format!("{folder}/{frame:06}.png")));
            assert!(found == expected, "{each}, {frame}");
        }
    }
}

/// A frame is drawn again from its recipe: it is the picture after its iterations, before the canvas moves on.
#[test]
fn the_recipe_of_a_frame_draws_it_again() {
    let workplace = Workplace::new();
    draw(&workplace, &format!("{SMALL} --length 3 --iterations-per-frame 2 --zoom 1.1 --frames f -o p.png"));
    assert_eq!(settings(&workplace, "f/000001.png")["stop_at"], 4);
    draw(&workplace, "--from f/000001.png -q -o again.png");
    assert!(picture(&workplace, "again.png") == picture(&workplace, "f/000001.png"));
}

#[test]
fn lines_of_a_batch_are_animations_too() {
    let workplace = Workplace::new();
    let motion = "--length 3 --iterations-per-frame 2 --zoom 1.05 --prompt-weights '1 = 0: 1, 2: 0.5'";
    draw(&workplace, &format!("{SMALL} {motion} --mp4 -o alone.png"));
    workplace.write("lines.txt", format!("a red apple -- {motion}\n"));
    draw(&workplace, "batch lines.txt --size 32x32 --cutouts 1 -q --mp4 -o line.png");
    for name in ["png", "mp4"] {
        assert!(workplace.read(&format!("line.{name}")) == workplace.read(&format!("alone.{name}")), "{name}");
    }
    // The weights belong to a prompt, so the file has both.
    let config = "prompt = \"a red apple\"\nlength = 3\niterations_per_frame = 2\nzoom = 1.05\nprompt_weights = [\"1 = 0: 1, 2: 0.5\"]\n";
    workplace.write("film.toml", config);
    draw(&workplace, "--size 32x32 --cutouts 1 -q --config film.toml -o file.png");
    assert!(workplace.read("file.png") == workplace.read("alone.png"));
}

#[test]
fn a_story_becomes_prompts_and_their_weights() {
    let workplace = Workplace::new();
    workplace.write("story.txt", "# fruit\na red apple\na green pear\n");
    draw(
        &workplace,
        &format!(
            "{} --story story.txt --length 4 --iterations-per-frame 2 -o p.png",
            SMALL.replace(" 'a red apple'", "")
        ),
    );
    let recipe = settings(&workplace, "p.png");
    assert_eq!(recipe["prompt"], "a red apple | a green pear");
    assert_eq!(recipe["prompt_weights"], serde_json::json!(["1 = 0: 1, 2: 0", "2 = 0: 0, 2: 1"]));
    // The recipe does not need the file.
    std::fs::remove_file(workplace.join("story.txt")).unwrap();
    draw(&workplace, "--from p.png -q -o again.png");
    assert!(workplace.read("again.png") == workplace.read("p.png"));
    // A single picture has stories as well, over its iterations; the weights have an effect.
    let run = "'a red apple | a green pear' --size 32x32 --cutouts 2 -n 4 -q";
    draw(&workplace, &format!("{run} --prompt-weights '2 = 0: 0, 3: 1' -o rising.png"));
    draw(&workplace, &format!("{run} -o both.png"));
    draw(
        &workplace,
        &format!("{run} --prompt-weights '1 = 1' --prompt-weights '2 = 1' --init-noise codes -o same.png"),
    );
    draw(&workplace, &format!("{run} --init-noise codes -o plain.png"));
    assert!(picture(&workplace, "rising.png") != picture(&workplace, "both.png"));
    assert!(picture(&workplace, "same.png") == picture(&workplace, "plain.png"));
}

#[test]
fn learning_rates_follow_their_keys() {
    let workplace = Workplace::new();
    let run =
        "'a red apple' --size 32x32 --cutouts 1 -n 4 -q --drawer pixel --pixel-size 8x8 --learning-rate-drops none";
    draw(&workplace, &format!("{run} --learning-rate 0.02 -o plain.png"));
    draw(&workplace, &format!("{run} --learning-rate-keys 0.02 -o same.png"));
    draw(&workplace, &format!("{run} --learning-rate-keys '0: 0.02, 3: 0.2' -o rising.png"));
    assert!(picture(&workplace, "plain.png") == picture(&workplace, "same.png"));
    assert!(picture(&workplace, "plain.png") != picture(&workplace, "rising.png"));
}

#[test]
fn ctrl_c_leaves_a_film() {
    let workplace = Workplace::new();
    let line = "animate 'a red apple' --size 32x32 --cutouts 1 --length 10000 --iterations-per-frame 2 --zoom 1.02 \
                --progress json --mp4 -o p.png";
    let mut running = Running::start(workplace.command().args(words(line)));
    running.wait_for_lines("\"event\":\"step\"", 9);
    running.signal("INT");
    let outcome = running.finish();
    assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
    let started = outcome.events().into_iter().find(|event| event["event"] == "started").unwrap();
    assert_eq!(started["iterations_per_frame"], 2);
    let film = Movie::of_mp4(&workplace.join("p.mp4"));
    assert!(film.frames.len() >= 4, "{}", film.frames.len());
}

/// Mean and deviation of the brightness, and the mean saturation (the largest minus the smallest color), 0 to 1.
fn tones(picture: &RgbImage) -> [f64; 3] {
    let count = f64::from(picture.width() * picture.height());
    let mean = |of: &dyn Fn(&Rgb<u8>) -> f64| picture.pixels().map(of).sum::<f64>() / count / 255.0;
    let bright = |pixel: &Rgb<u8>| pixel.0.iter().map(|color| f64::from(*color)).sum::<f64>() / 3.0;
    let brightness = mean(&bright);
    let square = mean(&|pixel| bright(pixel) * bright(pixel) / 255.0);
    let spread = |pixel: &Rgb<u8>| pixel.0.iter().max().unwrap() - pixel.0.iter().min().unwrap();
    let saturation = mean(&|pixel| f64::from(spread(pixel)));
    [brightness, (square - brightness * brightness).max(0.0).sqrt(), saturation]
}

/// Nothing is learned, and the canvas moves slowly to the right and back to its place, encoded again and again.
#[test]
fn fifty_encodings_keep_the_colors() {
    let init = fixtures().join("trace/init.png");
    let init = format!("--init-image {}", init.to_str().unwrap());
    for start in ["", init.as_str()] {
        let workplace = Workplace::new();
        let run = "animate 'a red apple' --size 64x64 --cutouts 1 -q --learning-rate-keys 0 --iterations-per-frame 1";
        draw(&workplace, &format!("{run} {start} --pan-x '0: 0.5, 50: -0.5' --length 51 --frames f -o p.png"));
        let [first, last] = ["f/000000.png", "f/000049.png"].map(|name| tones(&picture(&workplace, name)));
        println!("brightness, contrast, saturation: {first:?} first, {last:?} after 49 encodings");
        assert!(picture(&workplace, "f/000000.png") != picture(&workplace, "f/000049.png"), "nothing was encoded");
        // The bounds that the help states: 3% of the range, for contrast 3% or a tenth of what it was.
        assert!((first[0] - last[0]).abs() < 0.03, "{first:?}, {last:?}");
        assert!((first[1] - last[1]).abs() < (0.1 * first[1]).max(0.03), "{first:?}, {last:?}");
        assert!((first[2] - last[2]).abs() < 0.04, "{first:?}, {last:?}");
    }
}

/// How far the left two thirds of a picture have moved to the right in another one, in whole pixels: where the mean square of
/// the difference is least.
fn moved_right(before: &RgbImage, after: &RgbImage) -> u32 {
    let (width, height) = before.dimensions();
    let apart = |shift: &u32| {
        let pixels = (8..height - 8).flat_map(|y| (4..width - 20).map(move |x| (x, y)));
        let square = |(x, y): (u32, u32)| -> u64 {
            let (one, other) = (before.get_pixel(x, y), after.get_pixel(x + shift, y));
            one.0.iter().zip(other.0).map(|(one, other)| u64::from(one.abs_diff(other)).pow(2)).sum()
        };
        pixels.map(square).sum::<u64>()
    };
    (0..=20).min_by_key(apart).unwrap()
}

/// Nothing is learned: the codes of a VQGAN alone would hold the picture in its place, since half a pixel changes none of them.
#[test]
fn slow_pans_add_up_with_a_vqgan() {
    let workplace = Workplace::new();
    let run = "animate 'a red apple' --size 64x64 --cutouts 1 -q --learning-rate-keys 0 --iterations-per-frame 1";
    draw(&workplace, &format!("{run} --pan-x 0.5 --length 25 --frames f -o p.png"));
    let [first, middle, last] = ["f/000000.png", "f/000012.png", "f/000024.png"].map(|name| picture(&workplace, name));
    let [halfway, whole] = [&middle, &last].map(|later| moved_right(&first, later));
    println!("moved by {halfway} of 6 and {whole} of 12 pixels");
    // Codes of 8 pixels show a motion in steps.
    assert!((4..=8).contains(&halfway) && (10..=14).contains(&whole), "{halfway} of 6, {whole} of 12");
}

#[test]
fn what_cannot_be_animated_is_refused() {
    let workplace = Workplace::new();
    workplace.refuses(&words("animate apple --zoom 0"), &["--zoom 0 is out of range"]);
    workplace.refuses(&words("animate apple --zoom '0: 1, 5: -1'"), &["--zoom -1 is out of range"]);
    workplace.refuses(&words("apple --zoom 1.1"), &["--zoom moves the canvas"]);
    workplace.refuses(&words("animate apple -n 5"), &["--iterations 5 does not fit --length 100"]);
    workplace.refuses(&words("animate apple --angle 1 --mask left"), &["--angle and --mask are both given"]);
    let message = workplace.refuses_somehow(&words("animate apple --zoom '0: 1, x: 2'")).join("\n");
    assert!(message.contains("column 7"), "{message}");
    draw(&workplace, &format!("{SMALL} --length 2 --iterations-per-frame 3 --checkpoint-every 1 -o p.png"));
    workplace.refuses(&words("resume p.png.t2a -n 7"), &["-n 7 is not a whole number of frames"]);
    draw(&workplace, "resume p.png.t2a -n 9 -q");
    assert_eq!(settings(&workplace, "p.png")["length"], 3);
}

#[test]
#[ignore = "takes minutes"]
fn ten_kills_change_nothing_in_300_frames() {
    let workplace = Workplace::new();
    let line = "animate 'a red apple | snow' --size 32x32 --cutouts 1 --length 300 --iterations-per-frame 2 --wander \
                --zoom 1.01 --prompt-weights '2 = 0: 0, 299: 1' --progress json --mp4";
    draw(&workplace, &format!("{line} -o whole.png"));
    let mut chance = Stream::new(3, "kills", 0);
    let mut kills = 0;
    loop {
        let first = format!("{line} --checkpoint-every 7 -o p.png --force");
        let resumes = workplace.join("p.png.t2a").exists();
        let command = if resumes { "resume p.png.t2a --progress json" } else { &first };
        let mut running = Running::start(workplace.command().args(words(command)));
        if kills < 10 {
            // Far enough that a checkpoint is written.
            running.wait_for_lines("\"event\":\"checkpoint\"", 1);
            std::thread::sleep(Duration::from_micros(chance.below(300_000) as u64));
            running.signal("KILL");
        }
        match running.finish().code {
            Some(0) => break,
            None => kills += 1,
            Some(code) => panic!("exit code {code}"),
        }
    }
    assert_eq!(kills, 10);
    for name in ["png", "mp4"] {
        assert!(workplace.read(&format!("p.{name}")) == workplace.read(&format!("whole.{name}")), "{name}");
    }
}

#[test]
#[ignore = "takes minutes"]
fn a_long_film_needs_no_more_memory() {
    let workplace = Workplace::new();
    let peak = |length: usize| {
        let line = format!("{SMALL} --length {length} --iterations-per-frame 1 --zoom 1.01 --mp4 -o p{length}.png");
        workplace.peak(&words(&line))
    };
    let (short, long) = (peak(30), peak(300));
    println!("{short:.1} MiB for 30 frames, {long:.1} MiB for 300");
    assert!(long < 1.05 * short, "{short:.1} MiB, {long:.1} MiB");
}

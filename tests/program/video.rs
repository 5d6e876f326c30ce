//! Moving pictures, made during a run or from frames on the disk: what they contain, how long each frame is shown, and
//! what is left if a run is stopped, killed or runs out of disk.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use crate::common;

use std::path::Path;

use common::movie::{Movie, boxes, distance};
use common::program::{BINARY, Running, Workplace, finish};
use image::{Rgb, RgbImage};

const SMALL: [&str; 9] = ["a", "red", "apple", "--size", "32x32", "--cutouts", "1", "--quiet", "--force"];

fn run(workplace: &Workplace, line: &str) -> String {
    let words = line.split_whitespace();
    let outcome = workplace.run(&SMALL.into_iter().chain(words).collect::<Vec<_>>()).succeeded();
    assert_eq!(outcome.errors, "", "{line}");
    outcome.output_text().to_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_run_is_seen_in_every_file() {
    let workplace = Workplace::new();
    // An odd size, and more than a second of pictures.
    let line = "apple --size 45x33 -n 30 --cutouts 1 --learning-rate 0.5 -q --gif --mp4 m.mp4 --frames frames -o p.png";
    let outcome = workplace.run(&line.split_whitespace().collect::<Vec<_>>()).succeeded();
    assert_eq!((outcome.output_text(), outcome.errors.as_str()), ("p.png\np.gif\nm.mp4\nframes\n", ""));
    assert_eq!(names(&workplace.join("")), ["frames", "m.mp4", "p.gif", "p.png"]);
    let frames = names(&workplace.join("frames"));
    assert_eq!(frames, (0..31).map(|index| format!("{index:06}.png")).collect::<Vec<_>>());
    let frames: Vec<_> =
        frames.iter().map(|name| image::open(workplace.join("frames").join(name)).unwrap().into_rgb8()).collect();
    // The last frame is the picture, recipe and all.
    assert!(workplace.read("frames/000030.png") == workplace.read("p.png"));
    let (gif, mp4) = (Movie::of_gif(&workplace.join("p.gif")), Movie::of_mp4(&workplace.join("m.mp4")));
    assert_eq!(mp4.frames.len(), 31);
    for movie in [&gif, &mp4] {
        // 31 pictures at 25 per second.
        assert!((movie.seconds() - 1.24).abs() < 1e-9, "{}", movie.seconds());
    }
    for (index, frame) in frames.iter().enumerate() {
        let time = (index as f64 + 0.5) / 25.0;
        let (in_gif, in_mp4) = (distance(gif.at(time), frame), distance(mp4.at(time), frame));
        // The difference due to palettes and halved colors is measurable, but not visible.
        assert!(in_gif < 4.0 && in_mp4 < 8.0, "frame {index}: {in_gif} and {in_mp4} levels");
    }
    assert_eq!((gif.frames[0].0.dimensions(), mp4.frames[0].0.dimensions()), ((45, 33), (46, 34)));
    // The description of the pictures comes before the pictures.
    let bytes = workplace.read("m.mp4");
    let order: Vec<_> = boxes(&bytes).into_iter().map(|(name, _)| name).collect();
    assert_eq!(order, ["ftyp", "moov", "mdat"]);
}

#[test]
fn frames_are_chosen_held_and_played_backwards() {
    let workplace = Workplace::new();
    // Options, number of frames, seconds.
    for (options, frames, seconds) in [
        ("-n 10 --frame-every 4", 4, 0.16),
        ("-n 10 --fps 10 --hold 0.5", 11 + 5, 1.6),
        ("-n 4 --fps 5 --boomerang", 5 + 3, 1.6),
        ("-n 4 --fps 5 --boomerang --hold 1", 5 + 5 + 3, 2.6),
        ("-n 10 --seconds 0.2", 5, 0.2),
        ("-n 2 --seconds 1 --fps 12.5", 13, 1.04),
        ("-n 10 --seconds 2 --hold 1 --boomerang --fps 30", 60, 2.0),
        ("-n 0", 1, 0.04),
        ("-n 0 --seconds 1", 25, 1.0),
        ("-n 3 --fps 0.5", 4, 8.0),
    ] {
        for palette in ["frame", "global"] {
            run(&workplace, &format!("{options} --gif --mp4 --gif-palette {palette} -o p.png"));
            let (gif, mp4) = (Movie::of_gif(&workplace.join("p.gif")), Movie::of_mp4(&workplace.join("p.mp4")));
            assert_eq!(mp4.frames.len(), frames, "{options}");
            assert!((mp4.seconds() - seconds).abs() < 1e-9, "{options}: {}", mp4.seconds());
            // A GIF counts hundredths of a second.
            assert!((gif.seconds() - seconds).abs() <= 0.005, "{options}: {}", gif.seconds());
            let middle = (0..frames).map(|frame| (frame as f64 + 0.5) * seconds / frames as f64);
            for time in middle {
                let distance = distance(gif.at(time), mp4.at(time));
                assert!(distance < 6.0, "{options}: {distance} levels at {time}");
            }
        }
    }
    // Forty pictures per second need fractions of hundredths; a hundred are more than a GIF shows.
    for (fps, seconds) in [("24", 41.0 / 24.0), ("40", 41.0 / 40.0), ("100", 0.41), ("240", 41.0 / 240.0)] {
        run(&workplace, &format!("-n 40 --fps {fps} -o p.gif"));
        let gif = Movie::of_gif(&workplace.join("p.gif"));
        assert!((gif.seconds() - seconds).abs() <= 0.01, "{fps}: {}", gif.seconds());
        assert!(gif.frames.iter().all(|(_, seconds)| *seconds >= 0.02), "{fps}");
    }
}

#[test]
fn a_recipe_makes_the_same_bytes_again() {
    let workplace = Workplace::new();
    let options = "-n 6 --gif a.gif --mp4 a.mp4 --fps 12.5 --hold 0.2 --boomerang --gif-palette global --seed 3";
    run(&workplace, &format!("{options} -o a.png"));
    for file in ["a.png", "a.gif", "a.mp4"] {
        let recipe = workplace.run(&["info", "--json", file]).succeeded().output_json();
        assert_eq!((&recipe["settings"]["fps"], &recipe["settings"]["seed"]), (&12.5.into(), &3.into()), "{file}");
        let again = ["--from", file, "-q", "--force", "-o", "b.png", "--gif", "--mp4"];
        workplace.run(&again).succeeded();
        for extension in ["png", "gif", "mp4"] {
            let (first, again) = (workplace.read(&format!("a.{extension}")), workplace.read(&format!("b.{extension}")));
            assert!(first == again, "{extension} of {file}");
        }
    }
    // With any number of threads, and without the other movie.
    workplace.run(&["--from", "a.gif", "-q", "--threads", "1", "-o", "c.mp4"]).succeeded();
    workplace.run(&["--from", "a.mp4", "-q", "--threads", "3", "-o", "c.gif"]).succeeded();
    assert!(workplace.read("c.mp4") == workplace.read("a.mp4") && workplace.read("c.gif") == workplace.read("a.gif"));
    assert_eq!(names(&workplace.join("")).len(), 8);
    for (name, cut) in [("a.gif", 200), ("a.mp4", 100)] {
        let bytes = workplace.read(name);
        workplace.write(&format!("cut-{name}"), &bytes[..cut]);
        workplace.refuses(&["info", &format!("cut-{name}")], &[name]);
    }
}

#[test]
fn prompts_of_any_letters_are_kept() {
    let workplace = Workplace::new();
    let prompt = "ein größerer Apfel 🍎 \"rot\"";
    workplace.run(&[prompt, "--size", "32x32", "-n", "1", "--cutouts", "1", "-q", "-o", "a.gif", "--mp4"]).succeeded();
    assert!(
        workplace.read("a.gif").is_ascii() || !workplace.read("a.gif").windows(4).any(|part| part == "ö".as_bytes())
    );
    for file in ["a.gif", "a.mp4"] {
        let recipe = workplace.run(&["info", "--json", file]).succeeded().output_json();
        assert_eq!(recipe["settings"]["prompt"], prompt, "{file}");
    }
}

#[test]
fn a_stopped_run_is_finished_and_can_be_made_again() {
    let workplace = Workplace::new();
    for (signal, options) in [("INT", ""), ("TERM", "--seconds 3 --boomerang --hold 0.2"), ("INT", "--frame-every 3")] {
        let mut command = workplace.command();
        command.args(SMALL).args(options.split_whitespace());
        command.args(["-n", "100000", "--gif", "--mp4", "-o", "p.png", "--progress", "json", "--frames", "frames"]);
        let mut running = Running::start(&mut command);
        running.wait_for_lines("\"step\"", 12);
        running.signal(signal);
        let outcome = running.finish();
        assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
        assert_eq!(outcome.output_text(), "p.png\np.gif\np.mp4\nframes\n");
        assert_eq!(names(&workplace.join("")), ["frames", "p.gif", "p.mp4", "p.png"]);
        let recipe = workplace.run(&["info", "--json", "p.mp4"]).succeeded().output_json();
        assert_eq!(recipe["settings"]["stop_at"], recipe["result"]["iterations_done"]);
        let again = Workplace::new();
        let (gif, mp4) = (workplace.argument("p.gif"), workplace.argument("p.mp4"));
        again.run(&["--from", &gif, "-q", "-o", "p.mp4", "--gif"]).succeeded();
        for (name, first) in [("p.gif", gif), ("p.mp4", mp4)] {
            assert!(again.read(name) == std::fs::read(first).unwrap(), "{name} {options}");
        }
        std::fs::remove_dir_all(workplace.join("frames")).unwrap();
    }
}

#[test]
fn a_killed_run_leaves_nothing_that_lasts() {
    let workplace = Workplace::new();
    let arguments = ["-n", "100000", "--gif", "--gif-palette", "global", "--mp4", "-o", "p.png", "--progress", "json"];
    let mut command = workplace.command();
    let mut running = Running::start(command.args(SMALL).args(arguments));
    running.wait_for_lines("\"step\"", 5);
    // Two runs cannot write the same file.
    let second = workplace.run(&SMALL.into_iter().chain(["-n", "1", "-o", "p.gif"]).collect::<Vec<_>>());
    assert!(second.code == Some(2) && second.errors.contains("another run is writing this file"), "{}", second.errors);
    running.signal("KILL");
    assert_eq!(running.finish().code, None);
    assert_eq!(names(&workplace.join("")), [".p.gif.text2art-part", ".p.mp4.text2art-part"]);
    run(&workplace, "-n 2 --gif --mp4 -o p.png");
    assert_eq!(names(&workplace.join("")), ["p.gif", "p.mp4", "p.png"]);
    assert_eq!(Movie::of_mp4(&workplace.join("p.mp4")).frames.len(), 3);
}

#[test]
fn a_resumed_run_continues_its_frames() {
    let workplace = Workplace::new();
    let line = ["apple", "--size", "32x32", "--cutouts", "1", "-n", "40", "--frame-every", "3", "--progress", "json"];
    workplace.run(&[&line[..], &["-o", "whole.png", "--frames", "whole", "--gif"]].concat()).succeeded();
    let files = ["-o", "p.png", "--gif", "--frames", "frames", "--checkpoint-every", "5"];
    let mut running = Running::start(workplace.command().args(line).args(files));
    running.wait_for_lines("\"checkpoint\"", 2);
    running.signal("KILL");
    running.finish();
    let resumed = workplace.run(&["resume", "p.png.t2a", "--progress", "json"]).succeeded();
    assert!(!resumed.events().iter().any(|event| event["event"] == "warning"), "{}", resumed.errors);
    assert_eq!(names(&workplace.join("frames")), names(&workplace.join("whole")));
    for name in names(&workplace.join("whole")) {
        let (whole, frame) = (workplace.read(&format!("whole/{name}")), workplace.read(&format!("frames/{name}")));
        assert!(whole == frame, "{name}");
    }
    assert!(workplace.read("p.gif") == workplace.read("whole.gif"));
    assert!(!workplace.join(".p.gif.text2art-part").exists());
}

#[test]
fn a_full_disk_costs_the_video_and_not_the_picture() {
    let workplace = Workplace::new();
    // A limit on the size of files that allows pictures, but not movies; its signal is ignored.
    for (files, left, last) in [
        ("-o p.png --gif --mp4", vec!["p.png"], "p.png\n"),
        ("-o p.mp4", vec!["p.png"], "p.png\n"),
        ("-o p.gif --boomerang", vec!["p.png"], "p.png\n"),
        ("-o p.png --gif --gif-palette global", vec!["p.png"], "p.png\n"),
    ] {
        let line = "a red apple --size 32x32 --cutouts 1 --learning-rate 0.5 --init-weight 0 -n 150 --progress json";
        let script = format!("ulimit -f 24; trap '' XFSZ; exec \"$0\" {line} {files}");
        let outcome = finish(workplace.command_of("sh").args(["-c", &script, BINARY]));
        assert_eq!(outcome.code, Some(1), "{files}: {}", outcome.errors);
        assert_eq!(outcome.output_text(), last, "{files}");
        assert_eq!(names(&workplace.join("")), left, "{files}");
        assert!(image::open(workplace.join("p.png")).is_ok());
        let events = outcome.events();
        let failed = events.last().unwrap();
        let message = failed["message"].as_str().unwrap();
        assert!(message.contains("File too large") && message.ends_with("; the picture was saved"), "{message}");
        assert!(events.iter().any(|event| event["event"] == "step" && event["iteration"] == 149), "{files}");
        std::fs::remove_file(workplace.join("p.png")).unwrap();
    }
}

#[test]
fn files_that_are_there_are_kept() {
    let workplace = Workplace::new();
    let line = ["a", "pear", "--size", "32x32", "-n1", "--cutouts", "1", "-q"];
    let draw = |options: &[&str]| workplace.run(&[&line[..], options].concat()).succeeded().output_text().to_owned();
    // A name is free only if it is free for all files.
    workplace.write("a-pear-0.mp4", "mine");
    assert_eq!(draw(&["--gif", "--mp4"]), "a-pear-0-2.png\na-pear-0-2.gif\na-pear-0-2.mp4\n");
    assert_eq!(draw(&["--gif", "-o", "{slug}{number}.png"]), "a-pear1.png\na-pear1.gif\n");
    assert_eq!(draw(&["--mp4={seed}.mp4", "-o", "{slug}{n}.gif"]), "a-pear2.gif\n0.mp4\n");
    assert_eq!(workplace.read("a-pear-0.mp4"), b"mine");
    workplace.refuses(&[&line[..], &["-o", "a-pear1.png", "--gif", "--force", "--mp4", "0.gif"]].concat(), &["0.gif"]);
    workplace.refuses(&[&line[..], &["-o", "x.png", "--gif", "a-pear1.gif"]].concat(), &["a-pear1.gif"]);
    workplace.refuses(&[&line[..], &["-o", "x.gif", "--gif", "y.gif"]].concat(), &["--output and --gif"]);
    // Frames of a longer run do not mix with those of a shorter one.
    run(&workplace, "-n 5 --frames frames -o p.png");
    workplace.refuses(&[&line[..], &["-o", "q.png", "--frames", "frames"]].concat(), &["frames"]);
    run(&workplace, "-n 2 --frames frames -o p.png");
    assert_eq!(names(&workplace.join("frames")), ["000000.png", "000001.png", "000002.png"]);
}

#[test]
fn the_picture_may_go_to_standard_output() {
    let workplace = Workplace::new();
    let outcome = workplace.run(&["pear", "--size", "32x32", "-n", "1", "--cutouts", "1", "-q", "-o", "-", "--gif"]);
    let outcome = outcome.succeeded();
    assert!(outcome.output.starts_with(b"\x89PNG"));
    assert!(image::load_from_memory(&outcome.output).is_ok());
    assert_eq!(names(&workplace.join("")), ["pear-0.gif"]);
}

/// Writes a frame of one color, and returns it.
fn write_colour(workplace: &Workplace, name: &str, width: u32, height: u32, colour: [u8; 3]) -> RgbImage {
    let picture = RgbImage::from_pixel(width, height, Rgb(colour));
    picture.save(workplace.join(name)).unwrap();
    picture
}

#[test]
fn frames_on_the_disk_become_a_video() {
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.join("frames")).unwrap();
    let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0], [255, 255, 255], [128, 128, 128]];
    let mut pictures: Vec<_> = (1..)
        .zip(colours)
        .map(|(number, colour)| write_colour(&workplace, &format!("frames/{number}.png"), 33, 21, colour))
        .collect();
    // Ramps of gray, with more levels than a table has colors, and with numbers above nine.
    let ramp = RgbImage::from_fn(33, 21, |x, y| Rgb([u8::try_from(x * 5 + y * 4).unwrap(); 3]));
    ramp.save(workplace.join("frames/10.png")).unwrap();
    pictures.push(ramp);
    workplace.write("frames/notes.txt", "no frame");
    for (output, options) in [("v.mp4", ""), ("v.gif", ""), ("g.gif", "--gif-palette global")] {
        let line = ["video", "frames", "-o", output, "--fps", "2", "--hold", "1.5", "--quiet"];
        let outcome =
            workplace.run(&line.into_iter().chain(options.split_whitespace()).collect::<Vec<_>>()).succeeded();
        assert_eq!((outcome.output_text(), outcome.errors.as_str()), (format!("{output}\n").as_str(), ""));
        let path = workplace.join(output);
        let movie = if output == "v.mp4" { Movie::of_mp4(&path) } else { Movie::of_gif(&path) };
        assert!((movie.seconds() - 5.0).abs() < 1e-9, "{}", movie.seconds());
        for (index, picture) in pictures.iter().enumerate() {
            let distance = distance(movie.at(index as f64 * 0.5 + 0.25), picture);
            let tolerance = if output == "v.mp4" { 2.0 } else { 0.5 };
            assert!(distance <= tolerance, "{output}, frame {index}: {distance} levels");
        }
        workplace.refuses(&["video", "frames", "-o", output], &[output, "already exists"]);
    }
    // The frames in the given order, with some left out.
    let line = ["video", "frames/3.png", "frames/1.png", "frames/2.png", "-o", "w.mp4", "--frame-every", "2", "-q"];
    workplace.run(&line).succeeded();
    let movie = Movie::of_mp4(&workplace.join("w.mp4"));
    assert_eq!(movie.frames.len(), 2);
    assert!(distance(&movie.frames[0].0, &pictures[2]) < 2.0 && distance(&movie.frames[1].0, &pictures[1]) < 2.0);
    let problem = workplace.run(&["info", "w.mp4"]);
    assert!(problem.code == Some(2) && problem.errors.contains("contains no recipe"), "{}", problem.errors);
}

#[test]
fn a_video_has_the_recipe_of_its_last_frame() {
    let workplace = Workplace::new();
    run(&workplace, "-n 6 --fps 5 --hold 1 --frame-every 2 -o p.mp4 --gif --frames frames");
    // From the run's own frames: exactly the files that the run made.
    for name in ["p.mp4", "p.gif"] {
        let copy = format!("copy-{name}");
        workplace.run(&["video", "frames", "-o", &copy, "--fps", "5", "--hold", "1", "-q"]).succeeded();
        assert!(workplace.read(&copy) == workplace.read(name), "{name}");
    }
    workplace.run(&["video", "frames", "-o", "v.gif", "--frame-every", "3", "--boomerang", "-q"]).succeeded();
    let settings = workplace.run(&["info", "--json", "v.gif"]).succeeded().output_json()["settings"].clone();
    let found = ["prompt", "frame_every", "fps", "hold", "boomerang"].map(|name| settings[name].clone());
    assert_eq!(serde_json::json!(found), serde_json::json!(["a red apple", 6, 25, 0.0, true]));
    // The recipe repeats the picture if the frames are of a whole run.
    workplace.run(&["--from", "v.gif", "-o", "again.gif", "-q"]).succeeded();
    assert!(workplace.read("again.gif") == workplace.read("v.gif"));
    // If the frames are the beginning of a run, the recipe makes the last of them.
    workplace.run(&["video", "frames/000000.png", "frames/000001.png", "-o", "w.mp4", "-q"]).succeeded();
    workplace.run(&["--from", "w.mp4", "-o", "end.png", "-q"]).succeeded();
    let pixels = |name: &str| image::open(workplace.join(name)).unwrap().into_rgb8();
    assert_eq!(pixels("end.png"), pixels("frames/000001.png"));
    // A movie that ends with a picture without a recipe has none.
    pixels("end.png").save(workplace.join("plain.png")).unwrap();
    workplace.run(&["video", "frames/000000.png", "plain.png", "-o", "x.mp4", "-q"]).succeeded();
    workplace.refuses(&["--from", "x.mp4", "-o", "y.png"], &["x.mp4", "contains no recipe"]);
}

/// A limit on the size of files, as in a run.
#[test]
fn a_full_disk_leaves_no_video() {
    let workplace = Workplace::new();
    write_colour(&workplace, "a.png", 64, 64, [250, 9, 9]);
    for (output, options) in [("v.mp4", "--fps 60 --hold 200"), ("v.gif", "--boomerang")] {
        let frames = ["a.png"; 9].join(" ");
        let script = format!("ulimit -f 8; trap '' XFSZ; exec \"$0\" video {frames} -q -o {output} {options}");
        let outcome = finish(workplace.command_of("sh").args(["-c", &script, BINARY]));
        assert_eq!((outcome.code, outcome.output_text()), (Some(1), ""), "{output}");
        assert!(outcome.errors.contains("File too large"), "{}", outcome.errors);
        assert_eq!(names(&workplace.join("")), ["a.png"]);
    }
}

#[test]
fn a_stopped_video_is_a_shorter_one() {
    let workplace = Workplace::new();
    let noise = common::noise(3 * 256 * 256, 1);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let pixels: Vec<u8> = noise.iter().map(|value| value.mul_add(127.0, 128.0) as u8).collect();
    RgbImage::from_raw(256, 256, pixels).unwrap().save(workplace.join("a.png")).unwrap();
    write_colour(&workplace, "b.png", 256, 256, [9; 3]);
    for output in ["v.mp4", "v.gif"] {
        let mut command = workplace.command();
        command.args(["video", "-o", output, "--progress", "json"]);
        let mut running = Running::start(command.args(["a.png", "b.png"].into_iter().cycle().take(10_000)));
        running.wait_for_lines("\"encoded\"", 2);
        running.signal("INT");
        let outcome = running.finish();
        assert_eq!((outcome.code, outcome.output_text()), (Some(130), format!("{output}\n").as_str()));
        let movie = match output {
            "v.mp4" => Movie::of_mp4(&workplace.join(output)),
            _ => Movie::of_gif(&workplace.join(output)),
        };
        assert!((1..10_000).contains(&movie.frames.len()), "{}", movie.frames.len());
    }
    assert_eq!(names(&workplace.join("")), ["a.png", "b.png", "v.gif", "v.mp4"]);
}

#[test]
fn sizes_of_all_kinds_are_encoded() {
    let workplace = Workplace::new();
    for (width, height) in [(1, 1), (2, 2), (1, 40), (15, 17), (16, 16), (17, 16), (201, 3)] {
        let picture = write_colour(&workplace, "one.png", width, height, [200, 100, 50]);
        for output in ["v.mp4", "v.gif"] {
            workplace.run(&["video", "one.png", "one.png", "-o", output, "--force", "-q"]).succeeded();
        }
        let (gif, mp4) = (Movie::of_gif(&workplace.join("v.gif")), Movie::of_mp4(&workplace.join("v.mp4")));
        assert_eq!((mp4.frames.len(), gif.frames.len()), (2, 1));
        assert_eq!(gif.frames[0].0, picture);
        assert!(distance(&mp4.frames[1].0, &picture) < 3.0, "{width}x{height}");
        let bytes = workplace.read("v.mp4");
        // The visible part is declared if it is not the whole picture.
        let is_cut = bytes.windows(4).any(|part| part == b"clap");
        assert_eq!(is_cut, width % 2 == 1 || height % 2 == 1 || width < 16 || height < 16, "{width}x{height}");
    }
}

#[test]
fn what_cannot_be_frames_is_refused() {
    let workplace = Workplace::new();
    write_colour(&workplace, "a.png", 20, 20, [9; 3]);
    write_colour(&workplace, "b.png", 20, 21, [9; 3]);
    write_colour(&workplace, "large.png", 3841, 2, [9; 3]);
    workplace.write("text.png", "no picture");
    let whole = workplace.read("a.png");
    workplace.write("cut.png", &whole[..whole.len() - 20]);
    std::fs::create_dir(workplace.join("empty")).unwrap();
    let refuses = |arguments: &[&str], named: &[&str]| {
        workplace.refuses(&[&["video", "-q", "-o", "v.mp4"], arguments].concat(), named);
    };
    refuses(&["a.png", "b.png"], &["b.png", "20x21", "a.png is 20x20"]);
    refuses(&["a.png", "none.png"], &["none.png"]);
    refuses(&["a.png", "text.png"], &["text.png"]);
    // The error is found only during decoding, and the file is removed.
    refuses(&["a.png", "cut.png", "a.png"], &["cut.png", "cannot be decoded"]);
    refuses(&["empty"], &["empty", "no picture"]);
    refuses(&["large.png"], &["3840x2160", "3841x2"]);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_length() {
    let workplace = Workplace::new();
    let noise = common::noise(3 * 128 * 128, 7);
    for name in ["a.png", "b.png"] {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let byte = |value: &f32| (value.mul_add(127.0, 128.0)) as u8;
        let pixels: Vec<u8> = match name {
            "a.png" => noise.iter().map(byte).collect(),
            _ => noise.iter().rev().map(byte).collect(),
        };
        RgbImage::from_raw(128, 128, pixels).unwrap().save(workplace.join(name)).unwrap();
    }
    // Noise is the hardest input for an encoder.
    workplace.run(&["video", "a.png", "b.png", "-o", "noise.mp4", "-q"]).succeeded();
    let movie = Movie::of_mp4(&workplace.join("noise.mp4"));
    for ((seen, _), name) in movie.frames.iter().zip(["a.png", "b.png"]) {
        let grey = |picture: &RgbImage| image::imageops::grayscale(picture);
        let (seen, frame) = (grey(seen), grey(&image::open(workplace.join(name)).unwrap().into_rgb8()));
        let pairs = seen.pixels().zip(frame.pixels());
        let mean = pairs.map(|(one, other)| f64::from(one.0[0].abs_diff(other.0[0]))).sum::<f64>() / 16384.0;
        assert!(mean < 20.0, "{name}: {mean} levels");
    }
    for (output, options) in
        [("v.mp4", ""), ("v.gif", ""), ("v.gif", "--gif-palette global"), ("v.mp4", "--boomerang --frame-every 2")]
    {
        let of = |count: usize| {
            let frames = ["a.png", "b.png", "b.png", "a.png"].into_iter().cycle().take(count);
            let options = ["-q", "--force", "-o", output].into_iter().chain(options.split_whitespace());
            workplace.peak(&["video"].into_iter().chain(frames).chain(options).collect::<Vec<_>>())
        };
        let (short, long) = (of(30), of(3000));
        // 3,000 of these frames are 141 MiB; their numbers, lengths and names need much less.
        assert!(long - short < 4.0, "{output} {options}: {short} MiB for 30 frames, {long} for 3000");
    }
}

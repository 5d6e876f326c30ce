//! A run that was stopped and resumed makes the movies of an uninterrupted run, byte by byte: its frames so far are
//! kept beside its checkpoint. If the frames are lost, the movies start over, and the picture is the same.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use crate::common;

use common::movie::Movie;
use common::program::{BINARY, Outcome, Running, Workplace, finish};

const SMALL: &str = "a red apple --size 32x32 --cutouts 1 --learning-rate 0.3 -q";
/// The file of the frames of `p.png`.
const FRAMES: &str = "p.png.t2a-frames";

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn draw(workplace: &Workplace, line: &str) -> Outcome {
    workplace.run(&words(&format!("{SMALL} {line}"))).succeeded()
}

/// Asserts that files are those of the uninterrupted run.
fn is_whole(workplace: &Workplace, names: &[(&str, &str)], case: &str) {
    for (name, whole) in names {
        assert!(workplace.read(name) == workplace.read(whole), "{name}: {case}");
    }
}

const PARTS: [(&str, &str); 3] = [("p.png", "whole.png"), ("p.gif", "whole.gif"), ("p.mp4", "whole.mp4")];

/// Draws a run of 12 iterations that ends after 7, with a checkpoint and frames, and the whole run.
fn part(workplace: &Workplace, options: &str) {
    draw(workplace, &format!("-n 12 --gif --mp4 {options} -o whole.png"));
    draw(workplace, &format!("-n 12 --gif --mp4 {options} --stop-at 7 --checkpoint-every 3 -o p.png"));
}

#[test]
fn a_resumed_run_makes_the_movies_of_the_unbroken_one() {
    for options in [
        "",
        "--boomerang --hold 0.2 --gif-palette global",
        "--seconds 0.4 --frame-every 2",
        "--blend 2 --boomerang",
        "--blend 3 --seconds 0.4 --frame-every 2",
        "--drawer pixel --transparent --pixel-size 8x8",
    ] {
        let workplace = Workplace::new();
        part(&workplace, options);
        assert!(workplace.join(FRAMES).is_file(), "{options}");
        // With another output, the first files stay as they are.
        let before = ["p.png.t2a", FRAMES, "p.png", "p.gif", "p.mp4"].map(|name| (name, workplace.read(name)));
        let outcome = workplace.run(&words("resume p.png.t2a -n 12 -o q.png")).succeeded();
        assert!(!outcome.errors.contains("warning"), "{options}: {}", outcome.errors);
        is_whole(&workplace, &[("q.png", "whole.png"), ("q.gif", "whole.gif"), ("q.mp4", "whole.mp4")], options);
        assert!(before.iter().all(|(name, content)| workplace.read(name) == *content), "{options}");
        // The copy has all frames of the whole run.
        assert!(workplace.join("q.png.t2a-frames").is_file());
        workplace.run(&words("resume p.png.t2a -n 12 -q")).succeeded();
        is_whole(&workplace, &PARTS, options);
        // Once more, although nothing is left to draw.
        workplace.run(&words("resume p.png.t2a -q")).succeeded();
        is_whole(&workplace, &PARTS, options);
    }
}

#[test]
fn another_output_takes_all_files_with_it() {
    let workplace = Workplace::new();
    let line = "--drawer pixel --pixel-size 8x8 --gif --svg";
    draw(&workplace, &format!("{line} -n 6 --frames whole-frames -o whole.png"));
    draw(&workplace, &format!("{line} -n 6 --frames frames --stop-at 3 --checkpoint-every 3 -o p.png"));
    let before = workplace.content();
    std::fs::create_dir(workplace.join("new")).unwrap();
    workplace.run(&words("resume p.png.t2a -n 6 -q -o new/q.png")).succeeded();
    for name in [".png", ".gif", ".svg", "-frames/000006.png"] {
        assert!(workplace.read(&format!("new/q{name}")) == workplace.read(&format!("whole{name}")), "{name}");
    }
    assert!(workplace.read("new/q-frames/000000.png") == workplace.read("frames/000000.png"));
    let after = workplace.content();
    assert!(before.iter().all(|(path, content)| after.get(path) == Some(content)));
    // As for a new run, files that exist are kept.
    workplace.write("r.svg", "mine");
    workplace.refuses(&words("resume p.png.t2a -n 6 -o r.png"), &["r.svg", "already exists"]);
    // The copy continues with its own files.
    workplace.run(&words("resume new/q.png.t2a -q")).succeeded();
    assert!(workplace.read("new/q.gif") == workplace.read("whole.gif") && !workplace.join("q.gif").exists());
}

#[test]
fn files_stay_together_wherever_the_run_is_resumed() {
    let workplace = Workplace::new();
    std::fs::create_dir_all(workplace.join("fin/out")).unwrap();
    std::fs::create_dir(workplace.join("elsewhere")).unwrap();
    let line = format!("{SMALL} -n 4 --gif --frames frames --stop-at 2 --checkpoint-every 2 -o out/p.png");
    workplace.run_in(&workplace.join("fin"), &words(&line)).succeeded();
    for (folder, checkpoint) in [
        ("elsewhere", workplace.argument("fin/out/p.png.t2a")),
        ("fin", "out/p.png.t2a".to_owned()),
        ("fin/out", "p.png.t2a".to_owned()),
    ] {
        for name in ["fin/out/p.png", "fin/out/p.gif"] {
            std::fs::remove_file(workplace.join(name)).unwrap();
        }
        let resume = ["resume", &checkpoint, "-n", "4", "-q", "--force"];
        workplace.run_in(&workplace.join(folder), &resume).succeeded();
        for name in ["fin/out/p.png", "fin/out/p.gif", "fin/frames/000004.png"] {
            assert!(workplace.join(name).is_file(), "{name} from {folder}");
        }
    }
    assert_eq!(std::fs::read_dir(workplace.join("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_kill_between_checkpoints_costs_no_frame() {
    let line = "a red apple --size 32x32 --cutouts 1 -n 60 --frame-every 2 --gif --mp4 --progress json";
    let workplace = Workplace::new();
    workplace.run(&words(&format!("{line} -o whole.png"))).succeeded();
    for signal in ["KILL", "INT"] {
        let command = format!("{line} --force --checkpoint-every 7 -o p.png");
        let mut running = Running::start(workplace.command().args(words(&command)));
        running.wait_for_lines("\"checkpoint\"", 2);
        running.signal(signal);
        assert!(matches!(running.finish().code, None | Some(130)));
        // Killed once more, soon after it continues.
        let mut running = Running::start(workplace.command().args(words("resume p.png.t2a --progress json")));
        running.wait_for_lines("\"checkpoint\"", 1);
        running.signal("KILL");
        running.finish();
        let outcome = workplace.run(&words("resume p.png.t2a --progress json")).succeeded();
        assert!(!outcome.errors.contains("\"warning\""), "{}", outcome.errors);
        is_whole(&workplace, &PARTS, signal);
    }
}

#[test]
fn a_longer_run_makes_its_movies_of_all_frames() {
    let workplace = Workplace::new();
    let line = "--learning-rate-drops none --gif --mp4";
    draw(&workplace, &format!("{line} -n 9 -o whole.png"));
    draw(&workplace, &format!("{line} -n 5 --checkpoint-every 2 -o p.png"));
    workplace.run(&words("resume p.png.t2a -n +4 -q")).succeeded();
    is_whole(&workplace, &PARTS, "9 iterations");
}

#[test]
fn without_its_frames_a_movie_starts_over() {
    let workplace = Workplace::new();
    part(&workplace, "");
    let before = ["p.png.t2a", "p.png", "p.gif", "p.mp4", FRAMES].map(|name| (name, workplace.read(name)));
    let frames = workplace.read(FRAMES);
    let mut damaged = frames.clone();
    damaged[frames.len() / 2] ^= 1;
    for (content, reason) in [
        (None, "file not found"),
        (Some(damaged), "damaged"),
        (Some(frames[..frames.len() - 1].to_vec()), "cut short"),
        (Some(b"my notes".to_vec()), "cut short"),
    ] {
        for (name, content) in &before {
            workplace.write(name, content);
        }
        match &content {
            None => std::fs::remove_file(workplace.join(FRAMES)).unwrap(),
            Some(content) => workplace.write(FRAMES, content),
        }
        let outcome = workplace.run(&words("resume p.png.t2a -n 12")).succeeded();
        for name in ["p.gif", "p.mp4"] {
            let told = format!("warning: {name} starts over after 7 iterations, without the earlier frames");
            let line = outcome.errors.lines().find(|line| line.starts_with(&told));
            assert!(line.is_some_and(|line| line.contains(reason)), "{reason}: {}", outcome.errors);
        }
        assert!(workplace.read("p.png") == workplace.read("whole.png"));
        // Pictures 7 to 12.
        assert_eq!(Movie::of_mp4(&workplace.join("p.mp4")).frames.len(), 6);
        if content.as_deref() == Some(b"my notes") {
            assert_eq!(workplace.read(FRAMES), b"my notes");
        }
    }
}

#[test]
fn frames_are_kept_for_movies_with_checkpoints_alone() {
    let workplace = Workplace::new();
    for line in
        ["-n 2 --gif -o a.png", "-n 2 --checkpoint-every 1 -o b.png", "-n 2 --frames f --checkpoint-every 1 -o c.png"]
    {
        draw(&workplace, line);
    }
    let kept = |name: &str| workplace.join(format!("{name}.png.t2a-frames")).exists();
    assert!(!kept("a") && !kept("b") && !kept("c"));
    // The frames of an earlier run with this name are removed with its checkpoint.
    draw(&workplace, "-n 2 --gif --checkpoint-every 1 --force -o b.png");
    assert!(kept("b"));
    draw(&workplace, "-n 2 --checkpoint-every 1 --force -o b.png");
    assert!(!kept("b"));
}

/// A limit on the size of files that allows the picture, but not its frames; its signal is ignored.
#[test]
fn a_full_disk_costs_the_frames_and_not_the_picture() {
    let workplace = Workplace::new();
    let line = format!("{SMALL} --init-weight 0 -n 150 --checkpoint-every 150 --gif --mp4 -o p.png");
    let line = line.replace(" -q", "").replace("0.3", "0.5");
    let script = format!("ulimit -f 24; trap '' XFSZ; exec \"$0\" {line}");
    let outcome = finish(workplace.command_of("sh").args(["-c", &script, BINARY]));
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    assert!(outcome.errors.contains(&format!("cannot write {FRAMES}")), "{}", outcome.errors);
    assert!(!workplace.join(FRAMES).exists());
    image::open(workplace.join("p.png")).unwrap();
}

#[test]
fn an_interrupted_batch_makes_whole_movies() {
    let lines = "an apple -- -n 1\na pear -- -o pear.png --gif --mp4 --frames frames\na fox -- -o fox.mp4 -n 3\n";
    let batch = words("batch a.txt --size 32x32 --cutouts 1 -n 100 --checkpoint-every 5 --progress json");
    let names = ["pear.png", "pear.gif", "pear.mp4", "frames/000000.png", "frames/000100.png", "fox.mp4"];
    let unbroken = Workplace::new();
    unbroken.write("a.txt", lines);
    unbroken.run(&batch).succeeded();
    for (signal, lost) in [("KILL", None), ("INT", None), ("KILL", Some("pear.png.t2a-frames"))] {
        let workplace = Workplace::new();
        workplace.write("a.txt", lines);
        let mut running = Running::start(workplace.command().args(&batch));
        running.wait_for_lines("\"event\":\"checkpoint\"", 4);
        running.signal(signal);
        assert!(matches!(running.finish().code, None | Some(130)));
        assert!(workplace.join("pear.png.t2a").is_file() && workplace.join("pear.png.t2a-frames").is_file());
        if let Some(name) = lost {
            std::fs::remove_file(workplace.join(name)).unwrap();
        }
        let outcome = workplace.run(&batch).succeeded();
        let events = outcome.events();
        let done =
            events.iter().filter(|event| event["event"] == "started").map(|event| event["done"].as_u64().unwrap());
        assert_eq!(done.max().unwrap() > 0, lost.is_none(), "{}", outcome.errors);
        assert_eq!(outcome.errors.contains("drawn from the beginning"), lost.is_some(), "{}", outcome.errors);
        for name in names {
            assert!(workplace.read(name) == unbroken.read(name), "{name} after {signal}");
        }
        let left = workplace.content().into_keys().find(|path| path.to_str().unwrap().contains(".t2a"));
        assert_eq!(left, None);
    }
}

//! Batches whose lines make moving pictures: which files they write, which exist already, and what a kill leaves.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use crate::common;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use common::movie::Movie;
use common::program::{BINARY, Outcome, Running, Workplace, finish};
use serde_json::Value;
use text2art::random::Stream;

/// Options that make a picture take a moment.
const SMALL: [&str; 6] = ["--size", "16x16", "--cutouts", "1", "--iterations", "3"];

fn batch(workplace: &Workplace, arguments: &[&str]) -> Outcome {
    workplace.run(&[&["batch"], arguments, &SMALL].concat())
}

fn results(workplace: &Workplace) -> Vec<Value> {
    let text = String::from_utf8(workplace.read("results.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every file in the work folder and below, and when it was written.
fn times(workplace: &Workplace) -> BTreeMap<String, SystemTime> {
    let below = workplace.join("");
    let name = |path: &Path| path.strip_prefix(&below).ok().map(|name| name.to_str().unwrap().to_owned());
    let paths = workplace.content().into_iter().filter(|(_, content)| content.is_some()).map(|(path, _)| path);
    paths.filter_map(|path| Some((name(&path)?, std::fs::metadata(&path).unwrap().modified().unwrap()))).collect()
}

/// The files other than those of the batch itself.
fn made(workplace: &Workplace) -> BTreeMap<String, SystemTime> {
    let mut times = times(workplace);
    times.retain(|name, _| !["a.txt", "a.jsonl", "a.csv", "a.toml", "results.jsonl"].contains(&name.as_str()));
    times
}

#[test]
fn a_line_makes_what_a_command_makes() {
    let workplace = Workplace::new();
    let movies = "--gif --mp4 m.mp4 --frames frames --fps 10 --hold 0.3 --boomerang -o pear.png -n 5";
    workplace.write("a.txt", format!("an apple\na pear -- {movies}\na fox -- -o fox.mp4\n"));
    let outcome = batch(&workplace, &["a.txt", "-q"]).succeeded();
    assert_eq!(outcome.errors, "");
    assert_eq!(outcome.output_text(), "an-apple-0.png\npear.png\npear.gif\nm.mp4\nframes\nfox.mp4\n");
    let alone = Workplace::new();
    let command = format!("a pear --size 16x16 --cutouts 1 -q {movies}");
    alone.run(&command.split_whitespace().collect::<Vec<_>>()).succeeded();
    alone.run(&[&["a", "fox", "-q", "-o", "fox.mp4"][..], &SMALL].concat()).succeeded();
    let files = made(&alone);
    assert_eq!(files.len(), 3 + 6 + 1);
    for name in files.keys() {
        assert!(workplace.read(name) == alone.read(name), "{name}");
    }
    assert_eq!(made(&workplace).len(), files.len() + 1);
    // 6 pictures forward, 4 backward, and 3 slots held.
    assert_eq!(Movie::of_mp4(&workplace.join("m.mp4")).frames.len(), 13);
    // Every form of file can request movies.
    let before = made(&workplace);
    workplace.write(
        "a.jsonl",
        "{\"prompt\":\"a pear\",\"gif\":true,\"mp4\":\"m.mp4\",\"frames\":\"frames\",\"fps\":10,\"hold\":0.3,\
         \"boomerang\":true,\"output\":\"pear.png\",\"iterations\":5}\n{\"prompt\":\"a fox\",\"output\":\"fox.mp4\"}\n",
    );
    workplace.write(
        "a.csv",
        "prompt,gif,mp4,frames,fps,hold,boomerang,output,iterations\na pear,true,m.mp4,frames,10,0.3,true,pear.png,5\n\
         a fox,false,,,,,,fox.mp4,\n",
    );
    workplace.write(
        "a.toml",
        "[[picture]]\nprompt = \"a pear\"\ngif = \"pear.gif\"\nmp4 = \"m.mp4\"\nframes = \"frames\"\nfps = 10\n\
         hold = 0.3\nboomerang = true\noutput = \"pear.png\"\niterations = 5\n\
         [[picture]]\nprompt = \"a fox\"\noutput = \"fox.mp4\"\ngif = false\n",
    );
    for file in ["a.jsonl", "a.csv", "a.toml"] {
        let outcome = batch(&workplace, &[file]).succeeded();
        assert!(outcome.errors.starts_with("0 drawn, 2 already done, 0 failed"), "{file}: {}", outcome.errors);
    }
    assert_eq!(made(&workplace), before);
    // The results of a batch request the same movies.
    std::fs::rename(workplace.join("results.jsonl"), workplace.join("a.jsonl")).unwrap();
    for name in before.keys() {
        std::fs::remove_file(workplace.join(name)).unwrap();
    }
    workplace.run(&["batch", "a.jsonl", "-q"]).succeeded();
    assert_eq!(made(&workplace).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    for name in files.keys() {
        assert!(workplace.read(name) == alone.read(name), "{name}");
    }
}

#[test]
fn a_line_is_finished_when_all_its_files_are() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "an apple\na pear\n");
    batch(&workplace, &["a.txt"]).succeeded();
    let pictures = made(&workplace);
    // If another movie is requested, the pictures are drawn again, with the same names.
    let outcome = batch(&workplace, &["a.txt", "--gif", "--frames", "{slug}", "--fps", "5"]).succeeded();
    assert!(outcome.errors.contains("2 drawn, 0 already done"), "{}", outcome.errors);
    let all = made(&workplace);
    assert_eq!(all.len(), 2 * (1 + 1 + 4));
    assert!(pictures.keys().all(|name| all.contains_key(name)));
    let again = |count: &str| {
        let outcome = batch(&workplace, &["a.txt", "--gif", "--frames", "{slug}", "--fps", "5"]).succeeded();
        assert!(outcome.errors.contains(count), "{}", outcome.errors);
    };
    again("0 drawn, 2 already done");
    assert_eq!(made(&workplace), all);
    // If any file is missing, its picture is drawn again.
    for name in ["an-apple-0.gif", "an-apple-0.png", "an-apple/000001.png", "an-apple/000003.png"] {
        std::fs::remove_file(workplace.join(name)).unwrap();
        again("1 drawn, 1 already done");
        assert_eq!(made(&workplace).keys().collect::<Vec<_>>(), all.keys().collect::<Vec<_>>(), "{name}");
    }
    // The frame rate changes a movie, but not a picture.
    let outcome = batch(&workplace, &["a.txt"]).succeeded();
    assert!(outcome.errors.starts_with("0 drawn, 2 already done"), "{}", outcome.errors);
    let outcome = batch(&workplace, &["a.txt", "--gif", "--fps", "7", "-q"]).succeeded();
    assert_eq!(outcome.output_text(), "an-apple-0-2.png\nan-apple-0-2.gif\na-pear-0-2.png\na-pear-0-2.gif\n");
    // Files of others are kept: the next name is used, or an explicit name is an error.
    workplace.write("a-pear-0.mp4", "mine");
    workplace.write("a.txt", "a pear -- --mp4\na pear -- --mp4 a-pear-0.mp4\na pear -- --frames an-apple\n");
    let outcome = batch(&workplace, &["a.txt"]);
    assert_eq!((outcome.code, outcome.output_text()), (Some(1), "a-pear-0-2.png\na-pear-0-2.mp4\n"));
    for (line, name) in [(2, "a-pear-0.mp4"), (3, "an-apple")] {
        let told = format!("error: a.txt line {line}: {name}: the file already exists, and is another picture");
        assert!(outcome.errors.contains(&told), "{}", outcome.errors);
    }
    assert_eq!(workplace.read("a-pear-0.mp4"), b"mine");
    // A name of another line is an error.
    workplace.write("a.txt", "a fox -- --gif f.gif\na date -- --gif f.gif\na fox -- --gif f.gif -o f.png\n");
    let outcome = batch(&workplace, &["a.txt"]);
    assert_eq!((outcome.code, outcome.output_text()), (Some(1), "a-fox-0.png\nf.gif\n"));
    let taken =
        |line: &&str| line.starts_with("error: ") && line.contains("f.gif is already the picture of a.txt line 1");
    assert_eq!(outcome.errors.lines().filter(taken).count(), 2);
}

#[test]
fn samples_have_names_of_their_own() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "an apple -- --gif -o x.png\na pear -- -o y.gif --frames f\n");
    let base = ["a.txt", "--samples", "3", "--init-noise", "codes"];
    batch(&workplace, &base).succeeded();
    let all = made(&workplace);
    assert_eq!(all.len(), 3 * 2 + 3 * (1 + 4));
    for name in ["x-0.png", "x-2.gif", "y-1.gif", "f-2/000003.png"] {
        assert!(all.contains_key(name), "no {name} among {:?}", all.keys());
    }
    assert!(results(&workplace).iter().all(|record| record["result"]["score"].is_f64()));
    // A sample that is not kept is removed with all its files, and is not drawn again.
    batch(&workplace, &[&base[..], &["--keep", "1"]].concat()).succeeded();
    let kept = made(&workplace);
    assert_eq!(kept.len(), 2 + 5, "{:?}", kept.keys());
    assert_eq!(std::fs::read_dir(workplace.join("")).unwrap().count(), 2 + 2 + 2);
    let again = batch(&workplace, &[&base[..], &["--keep", "1"]].concat()).succeeded();
    assert!(again.errors.starts_with("0 drawn, 6 already done"), "{}", again.errors);
    assert_eq!(made(&workplace), kept);
    // Without results, an existing picture is scored, and a movie without a PNG is drawn again to be scored.
    std::fs::remove_file(workplace.join("results.jsonl")).unwrap();
    let again = batch(&workplace, &base).succeeded();
    assert!(again.errors.contains("5 drawn, 1 already done"), "{}", again.errors);
    assert_eq!(made(&workplace).keys().collect::<Vec<_>>(), all.keys().collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_is_told() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "an apple\n");
    for (arguments, words) in [
        (&["--gif", "x.mp4"][..], "--gif takes a name that ends in .gif"),
        (&["-o", "x.gif", "--gif", "y.gif"], "--output and --gif both name"),
        (&["--frames", ""], "--frames needs a folder"),
        (&["-o", "{slug}.webm"], "expected .png, .jpg, .jpeg, .webp, .gif or .mp4"),
        (&["--fps", "0"], "frame rate from 0.1 to 240"),
        (&["--fps", "10000"], "frame rate from 0.1 to 240"),
        (&["--seconds", "1", "--hold", "1"], "leaves no time"),
        (&["--rank-with", "nothing", "--samples", "2"], "nothing"),
        (&["--rank-with", "embedded,./none"], "./none"),
        (&["--rank-with", "nothing", "--dry-run"], "nothing"),
    ] {
        workplace.refuses(&[&["batch", "a.txt"], arguments].concat(), &[words]);
    }
    workplace.write(
        "a.txt",
        "an apple -- --gif x.mp4\na pear -- --frames p.png -o p.png\na fox -- --gif none/f.gif\n\
         a date -- --size 70000x1 --gif\na plum -- --mp4 none\n",
    );
    let outcome = batch(&workplace, &["a.txt", "--mp4"]);
    assert_eq!((outcome.code, outcome.output_text()), (Some(1), "a-plum-0.png\n"), "{}", outcome.errors);
    for (line, words) in [
        (1, "--gif takes"),
        (2, "also the name of another output"),
        (3, "folder not found"),
        (4, "at most 65535x65535"),
    ] {
        let told = format!("error: a.txt line {line}: ");
        let found = outcome.errors.lines().find(|error| error.starts_with(&told));
        assert!(found.is_some_and(|error| error.contains(words)), "line {line}: {}", outcome.errors);
    }
    // A sheet shows PNGs.
    workplace.write("a.txt", "an apple -- --gif\na pear -- -o pear.gif\n");
    let outcome = batch(&workplace, &["a.txt", "--contact-sheet", "all.png"]);
    assert_eq!((outcome.code, outcome.output_text()), (Some(1), "an-apple-0.png\nan-apple-0.gif\n"));
    assert!(outcome.errors.contains("line 2: pear.gif is a movie, and a contact sheet needs still pictures"));
}

/// A limit on the size of files that allows pictures, but not movies; its signal is ignored.
#[test]
fn a_full_disk_costs_a_lines_video_and_not_its_picture() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "an apple -- --mp4\na pear -- -o pear.gif\na fox -- -n 1\n");
    let line = "batch a.txt --size 32x32 --cutouts 1 --learning-rate 0.5 --init-weight 0 -n 150 --results none";
    let script = format!("ulimit -f 24; trap '' XFSZ; exec \"$0\" {line}");
    let outcome = finish(workplace.command_of("sh").args(["-c", &script, BINARY]));
    assert_eq!((outcome.code, outcome.output_text()), (Some(1), "a-fox-0.png\n"), "{}", outcome.errors);
    for (line, name) in [(1, "an-apple-0.png"), (2, "pear.png")] {
        let told = format!("error: a.txt line {line}: ");
        let error = outcome.errors.lines().find(|error| error.starts_with(&told)).unwrap();
        assert!(error.contains("File too large") && error.ends_with(&format!("the picture was saved as {name}")));
        image::open(workplace.join(name)).unwrap();
    }
    assert_eq!(made(&workplace).len(), 3, "{:?}", made(&workplace).keys());
    // Without the limit, the other files are made.
    let words: Vec<_> = line.split_whitespace().collect();
    let outcome = workplace.run(&words).succeeded();
    assert!(outcome.errors.contains("2 drawn, 1 already done"), "{}", outcome.errors);
    assert_eq!(Movie::of_mp4(&workplace.join("an-apple-0.mp4")).frames.len(), 151);
}

/// Starts a batch of moving pictures again and again, killed at random points, until it is done: nothing is lost, nothing
/// is drawn twice, no file is torn, and nothing of the killed runs is left.
#[test]
fn kills_leave_nothing_half_done() {
    let mut chance = Stream::new(7, "kills", 0);
    for _ in 0..6 {
        let workplace = Workplace::new();
        workplace.write("a.txt", "a {red,green} pear -- --gif --frames {slug}\nan apple -- -o a.mp4 -n 9\na fox\n");
        let mut kills = 0;
        let mut finished = BTreeMap::new();
        loop {
            let running = Running::start(workplace.command().args(["batch", "a.txt"]).args(SMALL));
            // Each kill comes later, so that even a slow machine finishes.
            std::thread::sleep(Duration::from_micros(chance.below(250_000 + 10_000 * kills) as u64));
            running.signal("KILL");
            let outcome = running.finish();
            let now = made(&workplace);
            for (name, time) in &finished {
                assert_eq!(now.get(name), Some(time), "{name} was lost or drawn twice");
            }
            // A file under its final name is complete.
            for name in now.keys().filter(|name| !name.contains("text2art")) {
                workplace.run(&["info", name]).succeeded();
                match name.rsplit_once('.').unwrap().1 {
                    "gif" => drop(Movie::of_gif(&workplace.join(name))),
                    "mp4" => drop(Movie::of_mp4(&workplace.join(name))),
                    _ => drop(image::open(workplace.join(name)).unwrap()),
                }
            }
            // A line that was reported is finished.
            for line in outcome.output_text().lines() {
                let files = now.iter().filter(|(name, _)| name.as_str() == line);
                finished.extend(files.map(|(name, time)| (name.clone(), *time)));
            }
            match outcome.code {
                Some(0) => break,
                None => kills += 1,
                Some(_) => panic!("{}", outcome.errors),
            }
            assert!(kills < 200, "no end");
        }
        let files: Vec<_> = made(&workplace).into_keys().collect();
        assert_eq!(files.len(), 2 * (1 + 1 + 4) + 1 + 1, "{files:?}");
    }
}

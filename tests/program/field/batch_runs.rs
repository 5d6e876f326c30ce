//! Whole batches: samples with several seeds, repeated reports of failures, and checkpoints.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use text2art::output::Checkpoint;

use crate::common::batch::{SMALL, batch};
use crate::common::program::{Outcome, Running, Workplace};

/// The prompts and seeds that a batch would draw.
fn seeds(workplace: &Workplace, arguments: &[&str]) -> Vec<(String, u64)> {
    let outcome = workplace.run(&[&["batch", "--dry-run"], arguments].concat()).succeeded();
    let picture = |line: &str| {
        let picture: Value = serde_json::from_str(line).unwrap();
        (picture["prompt"].as_str().unwrap().to_owned(), picture["seed"].as_u64().unwrap())
    };
    outcome.output_text().lines().map(picture).collect()
}

#[test]
fn samples_of_several_seeds_are_different_pictures() {
    let workplace = Workplace::new();
    workplace.write("list.txt", "an apple -- --seed {1..3}\na pear -- --seed 2\n");
    workplace.write(
        "list.jsonl",
        "{\"prompt\": \"an apple\", \"seed\": [1, 2, 3]}\n{\"prompt\": \"a pear\", \"seed\": 2}\n",
    );
    workplace.write("list.csv", "prompt,seed\nan apple,1\nan apple,2\nan apple,3\na pear,2\n");
    for name in ["list.txt", "list.jsonl", "list.csv"] {
        let found = seeds(&workplace, &[name, "--samples", "3"]);
        let different: BTreeSet<_> = found.iter().collect();
        assert_eq!((found.len(), different.len()), (12, 12), "{name}: {found:?}");
        // Another prompt has its own seeds.
        let pears: Vec<u64> = found.iter().filter(|(prompt, _)| prompt == "a pear").map(|(_, seed)| *seed).collect();
        assert_eq!(pears, [2, 3, 4], "{name}");
    }
    // Each listed seed is drawn, and is followed by the next free ones.
    let listed: Vec<u64> = seeds(&workplace, &["list.txt", "--samples", "3"]).iter().map(|(_, seed)| *seed).collect();
    assert!([1, 2, 3].iter().all(|seed| listed.contains(seed)), "{listed:?}");
    workplace.write("one.txt", "an apple -- --seed 5\n");
    assert_eq!(seeds(&workplace, &["one.txt", "--samples", "3"]), [5, 6, 7].map(|seed| ("an apple".to_owned(), seed)));
    // Without samples, two lines may request the same picture.
    workplace.write("twice.txt", "an apple\nan apple\n");
    assert_eq!(seeds(&workplace, &["twice.txt"]), [0, 0].map(|seed| ("an apple".to_owned(), seed)));
    // A finished batch draws nothing again.
    batch(&workplace, &["list.txt", "--samples", "2", "-q"]).succeeded();
    let again = batch(&workplace, &["list.txt", "--samples", "2"]).succeeded();
    assert!(again.errors.starts_with("0 drawn, 8 already done"), "{}", again.errors);
}

#[test]
fn more_cannot_be_kept_than_are_drawn() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "an apple\n");
    workplace.refuses(&["batch", "a.txt", "--samples", "2", "--keep", "3"], &["--keep 3", "--samples 2"]);
    workplace.refuses(&["batch", "a.txt", "--samples", "1", "--keep", "2", "--dry-run"], &["--keep 2"]);
    workplace.run(&["batch", "a.txt", "--samples", "2", "--keep", "2", "--dry-run"]).succeeded();
}

#[test]
fn the_end_names_the_lines_that_failed() {
    let workplace = Workplace::new();
    workplace
        .write("a.txt", format!("an apple -- --sed 5\na pear\na fig -- --clip nothing\n{}", "a -- --sed\n".repeat(20)));
    let outcome = batch(&workplace, &["a.txt"]);
    assert_eq!(outcome.code, Some(1));
    let lines: Vec<&str> = outcome.errors.lines().collect();
    let [.., failed, summary] = lines[..] else { panic!("{lines:?}") };
    assert!(summary.starts_with("1 drawn, 0 already done, 22 failed, "), "{summary}");
    // The lines of the first 20 failures, and the number of others. Each error is printed once.
    assert!(failed.starts_with("failed: a.txt lines 1, ") && failed.ends_with(" and 2 more"), "{failed}");
    assert_eq!(failed.split(", ").count(), 20, "{failed}");
    let told: Vec<_> = lines.iter().filter(|line| line.contains("'--sed'")).collect();
    assert_eq!(told.iter().filter(|line| line.starts_with("error: a.txt line 1: ")).count(), 1, "{told:#?}");
    assert_eq!(told.len(), 21, "{told:#?}");
    assert!(told[0].ends_with("; did you mean `--seed`?"), "{told:#?}");
    // The failures as an event.
    let outcome = batch(&workplace, &["a.txt", "--progress", "json"]);
    let events = outcome.events();
    let failures = events.iter().find(|event| event["event"] == "failures").unwrap();
    assert_eq!((failures["failures"].as_array().unwrap().len(), &failures["more"]), (20, &2.into()));
    assert!(failures["failures"][0]["line"].is_u64() && failures["failures"][0]["message"].is_string());
    workplace.write("one.txt", "a -- --sed 5\n");
    let one = batch(&workplace, &["one.txt"]).errors;
    assert!(one.lines().any(|line| line == "failed: one.txt line 1"), "{one}");
    // Without failures, there is no such line.
    workplace.write("b.txt", "a pear\n");
    assert!(!batch(&workplace, &["b.txt"]).succeeded().errors.contains("failed:"));
}

/// A batch whose second picture takes a while.
const LINES: &str = "an apple -- -n 1\na pear -- -o pear.png\na frog -- -n 1\n";
const LONG: [&str; 8] = ["batch", "a.txt", "--size", "32x32", "--cutouts", "1", "-n", "150"];

/// Interrupts the batch in the middle of its second picture, after some checkpoints.
fn interrupted(workplace: &Workplace, arguments: &[&str], signal: &str) {
    let mut command = workplace.command();
    let mut running = Running::start(command.args(LONG).args(arguments).args(["--progress", "json"]));
    running.wait_for_lines("\"event\":\"checkpoint\"", 3);
    running.signal(signal);
    let outcome = running.finish();
    assert!(matches!(outcome.code, None | Some(130)), "{}", outcome.errors);
    assert!(!workplace.join("pear.png").exists());
    assert!(Checkpoint::read(&workplace.join("pear.png.t2a")).unwrap().state.iteration > 0);
}

/// The iterations that were done when a picture was started, from the events of the batch.
fn done_before(outcome: &Outcome) -> Vec<u64> {
    let events = outcome.events();
    events.iter().filter(|event| event["event"] == "started").map(|event| event["done"].as_u64().unwrap()).collect()
}

/// Whether there is any checkpoint.
fn has_checkpoint(workplace: &Workplace) -> bool {
    workplace.content().keys().any(|path: &std::path::PathBuf| path.extension().is_some_and(|found| found == "t2a"))
}

#[test]
fn a_batch_that_was_killed_continues_a_picture_to_the_same_bytes() {
    let unbroken = Workplace::new();
    unbroken.write("a.txt", LINES);
    unbroken.run(&[&LONG[..], &["-q"]].concat()).succeeded();
    for (lines, arguments, signal) in [
        (LINES.to_owned(), &["--checkpoint-every", "5"][..], "KILL"),
        (LINES.to_owned(), &["--checkpoint-every", "5"], "INT"),
        (LINES.replace("-o", "--checkpoint-every 5 -o"), &[], "KILL"),
    ] {
        let workplace = Workplace::new();
        workplace.write("a.txt", &lines);
        interrupted(&workplace, arguments, signal);
        let left = workplace.read("pear.png.t2a");
        let outcome = workplace.run(&[&LONG[..], arguments, &["--progress", "json"]].concat()).succeeded();
        let done = done_before(&outcome);
        assert!(done[0] > 0 && done[1] == 0, "{done:?}");
        assert!(!outcome.errors.contains("\"warning\""), "{}", outcome.errors);
        for name in ["an-apple-0.png", "pear.png", "a-frog-0.png"] {
            assert!(workplace.read(name) == unbroken.read(name), "{name} after {signal} with {lines:?}");
        }
        assert!(!has_checkpoint(&workplace));
        // A kill between the picture and the end of its checkpoint leaves one, which the next run removes.
        workplace.write("pear.png.t2a", left);
        let outcome = workplace.run(&[&LONG[..], arguments].concat()).succeeded();
        assert!(outcome.errors.starts_with("0 drawn, 3 already done"), "{}", outcome.errors);
        assert!(!has_checkpoint(&workplace));
    }
}

#[test]
fn a_checkpoint_of_another_run_is_left_alone() {
    let workplace = Workplace::new();
    let run = |line: &str| workplace.run(&[&line.split(' ').collect::<Vec<_>>()[..], &SMALL].concat()).succeeded();
    run("a fox -q -o x.png --checkpoint-every 1");
    std::fs::remove_file(workplace.join("x.png")).unwrap();
    let other = workplace.read("x.png.t2a");
    workplace.write("a.txt", "an apple -- -o x.png\n");
    let outcome = run("batch a.txt --checkpoint-every 1");
    let warnings: Vec<_> = outcome.errors.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_eq!(warnings.len(), 1, "{}", outcome.errors);
    assert!(warnings[0].contains("x.png.t2a: the checkpoint belongs to another run"), "{}", warnings[0]);
    assert!(workplace.read("x.png.t2a") == other);
    run("an apple -q -o alone.png");
    assert!(workplace.read("x.png") == workplace.read("alone.png"));
    // A file that is not a checkpoint, without and with --force.
    std::fs::remove_file(workplace.join("x.png")).unwrap();
    workplace.write("x.png.t2a", "mine");
    run("batch a.txt --checkpoint-every 1");
    assert_eq!(workplace.read("x.png.t2a"), b"mine");
    run("batch a.txt --checkpoint-every 1 --force");
    assert!(!has_checkpoint(&workplace));
    // Pictures with movies also have checkpoints, all of which are removed.
    workplace.write("b.txt", "a fig -- --gif\n");
    let outcome = run("batch b.txt --checkpoint-every 1 --progress json");
    assert!(outcome.errors.contains("\"checkpoint\"") && Path::is_file(&workplace.join("a-fig-0.gif")));
    assert!(!has_checkpoint(&workplace) && !workplace.join("a-fig-0.png.t2a-frames").exists());
}

#[test]
fn an_interrupted_batch_keeps_no_more_than_an_unbroken_one() {
    let batch = ["batch", "a.txt", "--samples", "4", "--keep", "1", "--size", "32x32", "--cutouts", "1", "-n", "40"];
    let unbroken = Workplace::new();
    unbroken.write("a.txt", "an apple\n");
    unbroken.run(&[&batch[..], &["-q"]].concat()).succeeded();
    let pictures = |workplace: &Workplace| {
        let all = workplace.content().into_iter();
        let all = all.filter(|(path, _)| path.extension().is_some_and(|extension| extension == "png"));
        all.map(|(path, content)| (path.file_name().unwrap().to_owned(), content)).collect::<Vec<_>>()
    };
    assert_eq!(pictures(&unbroken).len(), 1);
    // At most one of two pictures is the best of all.
    for signal in ["INT", "KILL"] {
        let workplace = Workplace::new();
        workplace.write("a.txt", "an apple\n");
        let mut running = Running::start(workplace.command().args(batch).args(["--progress", "json"]));
        running.wait_for_lines("\"event\":\"saved\"", 2);
        running.signal(signal);
        running.finish();
        workplace.run(&[&batch[..], &["-q"]].concat()).succeeded();
        assert!(pictures(&workplace) == pictures(&unbroken), "after {signal}");
    }
}

#[test]
fn a_picture_that_another_command_drew_is_kept() {
    let workplace = Workplace::new();
    let small = ["--size", "32x32", "--cutouts", "1", "-n", "1", "-q"];
    workplace.run(&[&["an", "apple"][..], &small].concat()).succeeded();
    let before = workplace.read("an-apple-0.png");
    workplace.write("a.txt", "an apple\n");
    let batch = [&["batch", "a.txt", "--samples", "3", "--keep", "1"][..], &small].concat();
    for _ in 0..2 {
        workplace.run(&batch).succeeded();
        assert!(workplace.read("an-apple-0.png") == before);
        // Another sample may rank first, and then exists beside it.
        let others = ["an-apple-1.png", "an-apple-2.png"].map(|name| workplace.join(name).exists());
        assert!(others != [true, true], "more than the best was kept");
    }
}

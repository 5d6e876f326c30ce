//! Batches whose lines write their cells as SVGs.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::{Outcome, Workplace};
use serde_json::{Value, json};

const SMALL: [&str; 8] = ["--size", "32x32", "--cutouts", "1", "-n", "2", "--drawer", "pixel"];

fn batch(workplace: &Workplace, arguments: &[&str]) -> Outcome {
    workplace.run(&[&["batch"], arguments, &SMALL].concat())
}

#[test]
fn a_line_writes_the_svg_that_a_command_writes() {
    let alone = Workplace::new();
    alone.run(&[&["a", "pear", "-q", "-o", "pear.png", "--svg"][..], &SMALL].concat()).succeeded();
    alone.run(&[&["a", "fig", "-q", "--svg", "cells.svg"][..], &SMALL].concat()).succeeded();
    assert!(alone.read("pear.svg").starts_with(b"<svg "));
    for (file, content) in [
        ("a.txt", "a pear -- -o pear.png --svg\na fig -- --svg cells.svg\nan apple -- --svg none\n"),
        (
            "a.jsonl",
            "{\"prompt\":\"a pear\",\"output\":\"pear.png\",\"svg\":true}\n\
             {\"prompt\":\"a fig\",\"svg\":\"cells.svg\"}\n{\"prompt\":\"an apple\",\"svg\":false}\n",
        ),
    ] {
        let workplace = Workplace::new();
        workplace.write(file, content);
        let outcome = batch(&workplace, &[file, "--svg", "-q"]).succeeded();
        assert_eq!(outcome.output_text(), "pear.png\npear.svg\na-fig-0.png\ncells.svg\nan-apple-0.png\n");
        for name in ["pear.png", "pear.svg", "a-fig-0.png", "cells.svg"] {
            assert!(workplace.read(name) == alone.read(name), "{name} of {file}");
        }
        let results = String::from_utf8(workplace.read("results.jsonl")).unwrap();
        let named: Vec<Value> =
            results.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["svg"].take()).collect();
        assert_eq!(Value::from(named), json!(["pear.svg", "cells.svg", null]));
        let outcome = batch(&workplace, &[file, "--svg"]).succeeded();
        assert!(outcome.errors.contains("0 drawn, 3 already done"), "{}", outcome.errors);
        // If either file is missing, its picture is drawn again.
        for name in ["pear.svg", "pear.png"] {
            std::fs::remove_file(workplace.join(name)).unwrap();
            let outcome = batch(&workplace, &[file, "--svg"]).succeeded();
            assert!(outcome.errors.contains("1 drawn, 2 already done"), "{name}: {}", outcome.errors);
            assert!(workplace.read(name) == alone.read(name), "{name} of {file}");
        }
        // The results of the batch request the same files.
        std::fs::rename(workplace.join("results.jsonl"), workplace.join("b.jsonl")).unwrap();
        let outcome = workplace.run(&["batch", "b.jsonl"]).succeeded();
        assert!(outcome.errors.contains("0 drawn, 3 already done"), "{}", outcome.errors);
    }
}

#[test]
fn what_is_not_its_own_is_not_replaced() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a pear\na fig -- --svg mine.svg\n");
    workplace.write("a-pear-0.svg", "mine");
    workplace.write("mine.svg", "mine");
    let outcome = batch(&workplace, &["a.txt", "--svg"]);
    assert_eq!((outcome.code, outcome.output_text()), (Some(1), "a-pear-0-2.png\na-pear-0-2.svg\n"));
    assert!(outcome.errors.contains("mine.svg: the file already exists"), "{}", outcome.errors);
    assert!(workplace.read("mine.svg") == b"mine" && workplace.read("a-pear-0.svg") == b"mine");
    // Samples that are not kept are removed with their SVGs.
    workplace.write("b.txt", "a date\n");
    batch(&workplace, &["b.txt", "--svg", "--samples", "2", "--keep", "1", "-o", "date-{seed}.png"]).succeeded();
    let is_left = |name: &str| workplace.join(name).exists();
    for seed in 0..2 {
        assert_eq!(is_left(&format!("date-{seed}.png")), is_left(&format!("date-{seed}.svg")));
    }
    assert!(is_left("date-0.png") != is_left("date-1.png"));
    // The drawer of this line has no cells.
    workplace.write("c.txt", "a plum -- --drawer vqgan\n");
    let outcome = workplace.run(&["batch", "c.txt", "--svg", "-n", "1"]);
    assert!(outcome.code == Some(1) && outcome.errors.contains("--svg does not work"), "{}", outcome.errors);
}

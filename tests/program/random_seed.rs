//! `--seed random`: a new number for each picture, which the recipe keeps.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::collections::BTreeSet;

use common::program::{Outcome, Workplace, words};
use serde_json::Value;

/// A picture that takes a moment.
const SMALL: &str = "a red apple --size 32x32 -n 1 --cutouts 1 --init-noise codes";
/// What the word stood for before: the first eight bytes of SHA-256("random"), little-endian.
const BEFORE: u64 = 6_255_398_630_169_067_940;

fn run(workplace: &Workplace, line: &str) -> Outcome {
    workplace.run(&words(line)).succeeded()
}

fn seed(workplace: &Workplace, picture: &str) -> u64 {
    let recipe = workplace.run(&["info", picture, "--json"]).succeeded().output_json();
    recipe["settings"]["seed"].as_u64().unwrap()
}

/// The seeds that a dry run of a batch prints.
fn seeds(workplace: &Workplace, line: &str) -> Vec<u64> {
    let outcome = run(workplace, line);
    let seed = |line: &str| serde_json::from_str::<Value>(line).unwrap()["seed"].as_u64().unwrap();
    outcome.output_text().lines().map(seed).collect()
}

#[test]
fn every_run_draws_a_seed_that_its_recipe_keeps() {
    let workplace = Workplace::new();
    let mut drawn = BTreeSet::new();
    for name in ["a.png", "b.png", "c.png"] {
        let outcome = run(&workplace, &format!("{SMALL} --seed random --progress lines -o {name}"));
        let seed = seed(&workplace, name);
        let last = outcome.errors.lines().last().unwrap();
        assert!(last.contains(&format!("seed {seed}")), "{seed}: {last}");
        drawn.insert(seed);
    }
    assert!(drawn.len() > 1 && !drawn.contains(&BEFORE), "{drawn:?}");
    run(&workplace, "--from a.png -o again.png -q");
    assert!(workplace.read("again.png") == workplace.read("a.png"));
    run(&workplace, "--from a.png --seed random -o other.png -q");
    assert_ne!(seed(&workplace, "other.png"), seed(&workplace, "a.png"));
    // The name has the number, too.
    let path = run(&workplace, &format!("{SMALL} --seed Random -q -o p-{{seed}}.png")).output_text().trim().to_owned();
    assert_eq!(path, format!("p-{}.png", seed(&workplace, &path)));
}

#[test]
fn every_source_can_ask_for_it() {
    let workplace = Workplace::new();
    workplace.write("settings.toml", "seed = \"random\"\n");
    let shown = |outcome: &Outcome| {
        let line = outcome.output_text().lines().find_map(|line| line.strip_prefix("seed = ")).unwrap().to_owned();
        line.parse::<u64>().unwrap()
    };
    let of_file = || shown(&run(&workplace, "an apple --config settings.toml --dry-run"));
    let of_environment = || {
        let mut command = workplace.command();
        shown(
            &common::program::finish(command.args(["an apple", "--dry-run"]).env("TEXT2ART_SEED", "random"))
                .succeeded(),
        )
    };
    let drawn: BTreeSet<u64> = [of_file(), of_file(), of_environment(), of_environment()].into();
    assert!(drawn.len() > 2 && !drawn.contains(&BEFORE), "{drawn:?}");
    // What a dry run prints draws that picture.
    let printed = run(&workplace, &format!("{SMALL} --seed random --dry-run"));
    workplace.write("printed.toml", printed.output_text());
    assert_eq!(shown(&run(&workplace, "--config printed.toml --dry-run")), shown(&printed));
}

#[test]
fn every_picture_of_a_batch_gets_its_own() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a {red,green,blue} apple\na pear -- --seed random\na fig -- --seed 7\n");
    let seeds = |line: &str| seeds(&workplace, line);
    let all = seeds("batch a.txt --dry-run --seed random");
    let drawn: BTreeSet<u64> = all[..4].iter().copied().collect();
    assert_eq!((all.len(), drawn.len(), all[4]), (5, 4, 7), "{all:?}");
    assert_ne!(seeds("batch a.txt --dry-run --seed random"), all);
    workplace.write("b.jsonl", "{\"prompt\": \"a {red,green} apple\", \"seed\": \"random\"}\n");
    let all = seeds("batch b.jsonl --dry-run");
    assert!(all.len() == 2 && all[0] != all[1], "{all:?}");
    // Samples follow from the one that was drawn.
    workplace.write("c.txt", "a pear\n");
    let all = seeds("batch c.txt --dry-run --seed random --samples 3");
    assert_eq!(all, [all[0], all[0] + 1, all[0] + 2]);
}

#[test]
fn a_recipe_with_the_word_repeats_what_the_word_meant() {
    let workplace = Workplace::new();
    run(&workplace, &format!("{SMALL} --seed {BEFORE} -o p.png -q"));
    let recipe = run(&workplace, "info p.png --json").output_text().to_owned();
    assert!(recipe.contains(&BEFORE.to_string()));
    workplace.write("old.json", recipe.replace(&BEFORE.to_string(), "\"random\""));
    run(&workplace, "--from old.json -o again.png -q");
    assert!(workplace.read("again.png") == workplace.read("p.png"));
    let line: Value = serde_json::from_slice(&workplace.read("old.json")).unwrap();
    workplace.write("old.jsonl", format!("{line}\n"));
    assert_eq!(seeds(&workplace, "batch old.jsonl --dry-run"), [BEFORE]);
}

//! A recipe records the prior that drew the first picture. With another prior, `--from` says that it draws another picture, and
//! `resume` refuses a run that still needs its first picture.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::path::Path;

use common::program::{Outcome, Workplace, words};
use serde_json::Value;
use text2art::PROGRAM;
use text2art::files::hash_file;
use text2art::output::{Checkpoint, Recipe};

/// A run that takes a moment and begins with a picture of the prior.
const SMALL: &str = "'a red apple' --size 32x32 --cutouts 1";
/// The digest of a prior that there never was.
const OTHER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// A version that there never was.
const EARLIER: &str = "text2art 0.0.9";

/// The digest of the prior inside the program.
fn digest() -> String {
    hash_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/embedded/prior/model.safetensors")).unwrap()
}

fn run(workplace: &Workplace, line: &str) -> Outcome {
    workplace.run(&words(line)).succeeded()
}

fn recipe(workplace: &Workplace, name: &str) -> Recipe {
    Recipe::read(&workplace.join(name)).unwrap()
}

/// The digest of the prior in a recipe.
fn prior(workplace: &Workplace, name: &str) -> Option<String> {
    recipe(workplace, name).prior().map(|record| record.sha256.clone())
}

/// The recipe of another version with another prior, or with none recorded.
fn of_another(recipe: &mut Recipe, sha256: Option<&str>) {
    EARLIER.clone_into(&mut recipe.program);
    match sha256 {
        Some(sha256) => sha256.clone_into(&mut recipe.models.last_mut().unwrap().sha256),
        None => drop(recipe.models.pop()),
    }
}

/// The warnings that name the prior.
fn warnings(outcome: &Outcome) -> Vec<&str> {
    outcome.errors.lines().filter(|line| line.starts_with("warning: ") && line.contains("prior")).collect()
}

#[test]
fn it_is_recorded_if_it_drew_the_first_picture() {
    let workplace = Workplace::new();
    for more in [
        "-o p.png",
        "-o cells.png --drawer pixel --pixel-size 16x16",
        "-o mixed.png --init-image p.png --init-opacity 0.5",
        "-o both.png --mask left:0.5 --prompt-outside snow",
    ] {
        run(&workplace, &format!("{SMALL} -n 1 -q {more}"));
        let name = more.split(' ').nth(1).unwrap();
        let models = recipe(&workplace, name).models;
        let last = models.last().unwrap();
        assert_eq!([&last.role, &last.name, &last.file], ["prior", "embedded", "model.safetensors"], "{more}");
        assert_eq!((&last.revision, &last.sha256), (&None, &digest()), "{more}");
        assert!(models.iter().rev().skip(1).all(|model| model.role != "prior"), "{more}");
    }
    let shown = run(&workplace, "info p.png");
    let line = format!("# prior embedded: model.safetensors (SHA-256 {})", digest());
    assert!(shown.output_text().lines().any(|shown| shown == line), "{}", shown.output_text());
    for line in [
        format!("{SMALL} --init-noise codes"),
        format!("{SMALL} --init-image p.png"),
        "'a red apple:-1' --size 32x32 --cutouts 1".to_owned(),
    ] {
        run(&workplace, &format!("{line} -n 1 -q -o without.png --force"));
        assert_eq!(prior(&workplace, "without.png"), None, "{line}");
    }
}

#[test]
fn a_recipe_of_another_prior_is_not_silently_redrawn() {
    let workplace = Workplace::new();
    run(&workplace, &format!("{SMALL} -n 1 -q -o p.png"));
    let plain = run(&workplace, "--from p.png -o again.png");
    assert_eq!(warnings(&plain), [""; 0]);
    assert!(workplace.read("again.png") == workplace.read("p.png"));
    for (name, sha256) in [("other", Some(OTHER)), ("old", None)] {
        let mut recipe = recipe(&workplace, "p.png");
        of_another(&mut recipe, sha256);
        workplace.write(&format!("{name}.json"), recipe.to_json().unwrap());
        let outcome = run(&workplace, &format!("--from {name}.json -o {name}.png"));
        let [warning] = warnings(&outcome)[..] else { panic!("{name}: {}", outcome.errors) };
        for named in [digest(), EARLIER.to_owned()].into_iter().chain(sha256.map(str::to_owned)) {
            assert!(warning.contains(&named), "{named}: {warning}");
        }
        // The new picture has today's prior.
        assert_eq!(prior(&workplace, &format!("{name}.png")), Some(digest()));
        // It is said before anything is drawn.
        let events = run(&workplace, &format!("--from {name}.json -o {name}.png --force --progress json")).events();
        let first = |is: &dyn Fn(&Value) -> bool| events.iter().position(is).unwrap();
        let warned = first(&|event| event["message"].as_str().is_some_and(|message| message.contains("prior")));
        assert!(warned < first(&|event| event["event"] == "started"), "{events:?}");
        // Where the prior draws nothing, nothing is said.
        let other = run(&workplace, &format!("--from {name}.json --init-noise codes -o codes.png --force"));
        assert_eq!(warnings(&other), [""; 0], "{name}");
    }
    // The same version with another prior.
    let mut same = recipe(&workplace, "p.png");
    of_another(&mut same, Some(OTHER));
    PROGRAM.clone_into(&mut same.program);
    workplace.write("same.json", same.to_json().unwrap());
    let outcome = run(&workplace, "--from same.json -o same.png");
    assert!(warnings(&outcome)[0].contains(&format!("the build of {PROGRAM}")), "{}", outcome.errors);
}

#[test]
fn nothing_is_said_of_recipes_that_had_no_prior() {
    let workplace = Workplace::new();
    run(&workplace, &format!("{SMALL} -n 1 -q -o p.png"));
    run(&workplace, &format!("{SMALL} -n 1 --init-image p.png -q -o image.png"));
    run(&workplace, &format!("{SMALL} -n 1 --init-noise codes -q -o codes.png"));
    // Written by hand.
    let mut bare = recipe(&workplace, "p.png");
    bare.models.clear();
    workplace.write("bare.json", bare.to_json().unwrap());
    for line in ["--from image.png", "--from codes.png", "--from codes.png --init-noise prior", "--from bare.json"] {
        assert_eq!(warnings(&run(&workplace, &format!("{line} -o again.png --force"))), [""; 0], "{line}");
    }
}

/// Writes a copy of a checkpoint whose recipe was changed.
fn forge(workplace: &Workplace, name: &str, change: impl Fn(&mut Recipe)) {
    let mut checkpoint = Checkpoint::read(&workplace.join("part.png.t2a")).unwrap();
    change(&mut checkpoint.recipe);
    workplace.write(&format!("{name}.png.t2a"), checkpoint.encode().unwrap());
}

/// A workplace with the checkpoint of a run that was stopped after an iteration, and the same checkpoint as if another version
/// with another prior had written it, or one that recorded none. Returns the picture of the whole run as well.
fn stopped(more: &str) -> (Workplace, Vec<u8>) {
    let workplace = Workplace::new();
    run(&workplace, &format!("{SMALL} {more} -n 3 -q -o whole.png"));
    run(&workplace, &format!("{SMALL} {more} -n 3 --stop-at 1 --checkpoint-every 1 -q -o part.png"));
    forge(&workplace, "other", |recipe| of_another(recipe, Some(OTHER)));
    forge(&workplace, "old", |recipe| of_another(recipe, None));
    let whole = workplace.read("whole.png");
    (workplace, whole)
}

fn pixels(bytes: &[u8]) -> Vec<u8> {
    image::load_from_memory(bytes).unwrap().to_rgb8().into_raw()
}

#[test]
fn a_run_that_needs_the_first_picture_of_another_prior_is_refused() {
    // Kept close to that picture, and with an outside that stays as it is there.
    for more in ["", "--mask left:0.5 --init-weight 0"] {
        let (workplace, whole) = stopped(more);
        for (name, sha256) in [("other", Some(OTHER)), ("old", None)] {
            let line = format!("resume {name}.png.t2a -n 3 -q");
            let lines = workplace.refuses_somehow(&words(&line));
            let [error, hint] = &lines[..] else { panic!("{lines:?}") };
            for named in [format!("{name}.png.t2a"), digest()].into_iter().chain(sha256.map(str::to_owned)) {
                assert!(error.contains(&named), "{named}: {error}");
            }
            assert!(hint.contains(EARLIER) && hint.contains("draw the picture again"), "{hint}");
            // If the picture is there, its recipe draws it.
            std::fs::copy(workplace.join("part.png"), workplace.join(format!("{name}.png"))).unwrap();
            let lines = workplace.refuses_somehow(&words(&format!("{line} --force")));
            assert!(lines[1].contains(&format!("--from {name}.png")), "{lines:?}");
        }
        run(&workplace, "resume part.png.t2a -n 3 -q");
        assert!(workplace.read("part.png") == whole, "{more}");
    }
}

#[test]
fn a_finished_run_of_another_prior_is_delivered_and_keeps_its_record() {
    let (workplace, _) = stopped("");
    for (name, sha256) in [("other", Some(OTHER)), ("old", None)] {
        run(&workplace, &format!("resume {name}.png.t2a -q"));
        assert!(pixels(&workplace.read(&format!("{name}.png"))) == pixels(&workplace.read("part.png")), "{name}");
        assert_eq!(prior(&workplace, &format!("{name}.png")).as_deref(), sha256);
        let checkpoint = Checkpoint::read(&workplace.join(format!("{name}.png.t2a"))).unwrap();
        assert_eq!(checkpoint.recipe.prior().map(|record| record.sha256.as_str()), sha256);
        // Drawn from the beginning, the picture would be another one.
        let outcome = run(&workplace, &format!("--from {name}.png -o {name}-again.png"));
        assert_eq!(warnings(&outcome).len(), 1, "{}", outcome.errors);
    }
}

#[test]
fn a_run_that_does_not_need_its_first_picture_goes_on() {
    let (workplace, whole) = stopped("--init-weight 0");
    for (name, sha256) in [("other", Some(OTHER)), ("old", None)] {
        run(&workplace, &format!("resume {name}.png.t2a -n 3 -q"));
        let picture = format!("{name}.png");
        assert!(pixels(&workplace.read(&picture)) == pixels(&whole), "{name}");
        assert_eq!(prior(&workplace, &picture).as_deref(), sha256);
        // The next one finds its files.
        run(&workplace, &format!("resume {name}.png.t2a -n +1 -q"));
    }
}

#[test]
fn a_run_can_begin_to_use_the_prior() {
    let workplace = Workplace::new();
    run(&workplace, "'a red apple:-1' --size 32x32 --cutouts 1 -n 1 --checkpoint-every 1 -q -o p.png");
    assert_eq!(prior(&workplace, "p.png"), None);
    workplace.run(&["resume", "p.png.t2a", "-n", "+1", "--prompt", "a red apple", "-q"]).succeeded();
    assert_eq!(prior(&workplace, "p.png"), Some(digest()));
    run(&workplace, "resume p.png.t2a -n +1 -q");
    assert_eq!(prior(&workplace, "p.png"), Some(digest()));
}

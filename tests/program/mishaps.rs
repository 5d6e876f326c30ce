//! What goes wrong while the program runs: numbers that run away, a full disk, a folder that vanishes, a reader that
//! goes away. No panic, no half-written file, the right exit code.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use crate::common;

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use candle_core::{Device, Tensor};
use common::fixtures;
use common::program::{BINARY, Outcome, Running, Workplace, finish};

const SMALL: [&str; 8] = ["a", "red", "apple", "--size", "32x32", "--cutouts", "1", "--quiet"];

/// The two lines of a failure: what is wrong, and what to do.
fn told(outcome: &Outcome) -> (&str, &str) {
    assert!(!outcome.errors.contains("panicked"), "{}", outcome.errors);
    let lines: Vec<&str> = outcome.errors.lines().collect();
    let [error, hint] = lines.as_slice() else { panic!("not two lines: {lines:#?}") };
    (error.strip_prefix("error: ").unwrap(), hint.strip_prefix("hint: ").unwrap())
}

/// Writes a CLIP whose first layer's products nearly run over, and do so under strong noise.
fn write_explosive_clip(workplace: &Workplace) {
    for name in ["config.json", "tokenizer.json"] {
        workplace.write(&format!("clip/{name}"), std::fs::read(fixtures().join("clip").join(name)).unwrap());
    }
    let path = fixtures().join("clip/model.safetensors");
    let mut tensors: HashMap<String, Tensor> = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    let kernels = tensors.get_mut("vision_model.embeddings.patch_embedding.weight").unwrap();
    let largest = kernels.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    *kernels = (&*kernels * f64::from(1.2e35 / largest)).unwrap();
    candle_core::safetensors::save(&tensors, workplace.join("clip/model.safetensors")).unwrap();
}

#[test]
fn the_last_good_picture_is_kept_when_numbers_run_away() {
    let workplace = Workplace::new();
    write_explosive_clip(&workplace);
    let line =
        ["--clip", "clip", "-n", "200", "--cut-noise", "10", "--seed", "3", "--checkpoint-every", "7", "-o", "p.png"];
    let outcome = workplace.run(&[&SMALL[..], &line].concat());
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    let (error, hint) = told(&outcome);
    let (what, kept) = error.split_once("; ").unwrap();
    let iteration: usize = what.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(what.starts_with("the loss or its gradient is not a finite number at iteration"), "{error}");
    assert!(kept == "the last good picture was saved" && hint.contains("--learning-rate"), "{error} {hint}");
    assert!(iteration > 0, "it ran away at once: another seed is needed");
    assert_eq!(outcome.output_text(), "p.png\n");
    // What was saved is the picture before the step that led there, and its recipe makes it again.
    let recipe = workplace.run(&["info", "p.png", "--json"]).succeeded().output_json();
    assert_eq!(recipe["settings"]["stop_at"], iteration - 1, "{recipe}");
    workplace.run(&["--from", "p.png", "-q", "-o", "again.png"]).succeeded();
    assert!(workplace.read("again.png") == workplace.read("p.png"));
    // They run away again, and leave the same picture.
    let resumed = workplace.run(&["resume", "p.png.t2a", "-q"]);
    assert_eq!((resumed.code, &told(&resumed)), (Some(1), &told(&outcome)));
    assert!(workplace.read("again.png") == workplace.read("p.png"));
}

#[test]
fn a_plateau_ends_a_run_that_asks_for_it() {
    let workplace = Workplace::new();
    // So small a step moves nothing: the loss is flat.
    let line = ["-n", "500", "--learning-rate", "0.0000001", "--augment", "none", "--cut-noise", "0", "--auto-stop"];
    workplace.run(&[&SMALL[..], &line, &["-o", "p.png"]].concat()).succeeded();
    let recipe = workplace.run(&["info", "p.png", "--json"]).succeeded().output_json();
    // Ten losses make the first average; thirty more bring nothing (session/plateau.rs).
    assert_eq!(recipe["result"]["iterations_done"], 40, "{recipe}");
    assert_eq!(recipe["settings"].get("stop_at"), None);
    workplace.run(&["--from", "p.png", "-q", "-o", "again.png"]).succeeded();
    assert!(workplace.read("again.png") == workplace.read("p.png"));
}

/// Runs a shell script in the work folder; `$0` is the program.
fn shell(workplace: &Workplace, script: &str) -> Outcome {
    std::fs::create_dir_all(workplace.join("rescue")).unwrap();
    let mut command = workplace.command_of("sh");
    finish(command.env("TMPDIR", workplace.join("rescue")).args(["-c", script, BINARY]))
}

/// Checks that a run could not write its picture, said so, left nothing there, and kept it elsewhere.
fn kept_elsewhere(workplace: &Workplace, outcome: &Outcome, folder: &Path, reason: &str) {
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    assert_eq!(outcome.output_text(), "");
    let (error, hint) = told(outcome);
    let kept = workplace.join("rescue/p.png");
    assert!(error.starts_with("cannot write ") && error.contains(reason), "{error}");
    assert!(error.ends_with(&format!("the picture was saved as {}", kept.display())) && !hint.is_empty(), "{error}");
    assert!(image::open(kept).is_ok());
    let left: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_full_disk_loses_nothing() {
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.join("full")).unwrap();
    let line = SMALL.join(" ");
    // A disk that is full, in a mount namespace of its own; not every machine lets us have one.
    let spaces = ["-m", "-rm"].into_iter().find(|option| {
        let mounted = "mount -t tmpfs -o size=4k none /tmp";
        Command::new("unshare").args([option, "sh", "-c", mounted]).output().is_ok_and(|run| run.status.success())
    });
    let Some(option) = spaces else { return };
    let script = format!(
        "exec unshare {option} sh -c 'mount -t tmpfs -o size=4k none full; head -c 4096 /dev/zero > full/filler; \
         \"$0\" {line} -n 2 -o full/p.png; code=$?; ls -A full | grep -v filler; exit $code' \"$0\""
    );
    let outcome = shell(&workplace, &script);
    // The listing of the full disk is the only output: nothing is left there.
    kept_elsewhere(&workplace, &outcome, &workplace.join("full"), "No space left");
}

#[test]
fn a_limit_on_file_sizes_loses_nothing() {
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.join("limited")).unwrap();
    // The signal of the limit ignored, writing is an error; nothing can be kept elsewhere either.
    let line = SMALL.join(" ");
    let outcome = shell(&workplace, &format!("ulimit -f 1; trap '' XFSZ; exec \"$0\" {line} -n 2 -o limited/p.png"));
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    let (error, hint) = told(&outcome);
    assert!(error.starts_with("cannot write limited/p.png") && !hint.is_empty(), "{error}");
    assert!(workplace.content().keys().all(|path| path.extension().is_none()), "something was left");
}

#[test]
fn a_folder_that_vanishes_loses_nothing() {
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.join("gone")).unwrap();
    std::fs::create_dir(workplace.join("rescue")).unwrap();
    let mut command = workplace.command();
    command.env("TMPDIR", workplace.join("rescue")).args(&SMALL[..7]);
    command.args(["-n", "60", "--progress", "json", "--save-every", "40", "-o", "gone/p.png"]);
    let mut running = Running::start(&mut command);
    running.wait_for_lines("\"step\"", 1);
    std::fs::remove_dir(workplace.join("gone")).unwrap();
    let outcome = running.finish();
    // A save on the way is no reason to lose the run.
    let warnings = outcome.events().into_iter().filter(|event| event["event"] == "warning");
    assert_eq!(warnings.count(), 1, "{}", outcome.errors);
    let failed = outcome.events().pop().unwrap();
    let text = format!("error: {}\nhint: {}\n", failed["message"].as_str().unwrap(), failed["hint"].as_str().unwrap());
    let outcome = Outcome { errors: text, ..outcome };
    kept_elsewhere(&workplace, &outcome, &workplace.join("gone"), "gone/p.png");
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let workplace = Workplace::new();
    let line = SMALL.join(" ");
    for script in [
        format!("\"$0\" {line} -n 1 -o - | head -c 0"),
        format!("\"$0\" {line} -n 1 -o p.png >&-"),
        format!("\"$0\" {line} -n 1 -o q.png | true"),
        "\"$0\" --help | true".to_owned(),
        "\"$0\" --help >&-".to_owned(),
        "\"$0\" completions bash | head -n 1".to_owned(),
        "\"$0\" man | true".to_owned(),
        format!("\"$0\" {line} --dry-run | head -n 1"),
        "\"$0\" --sed 2>&-".to_owned(),
    ] {
        let outcome = shell(&workplace, &script);
        assert!(!outcome.errors.contains("panicked") && outcome.code.is_some(), "{script}: {}", outcome.errors);
    }
    assert!(image::open(workplace.join("p.png")).is_ok() && image::open(workplace.join("q.png")).is_ok());
}

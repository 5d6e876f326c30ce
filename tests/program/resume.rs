//! A stopped run continues as if it had not been stopped, wherever it stopped; a run that cannot be continued is
//! refused.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::path::Path;
use std::time::Duration;

use common::program::{Outcome, Running, Workplace};
use common::{fixtures, text};
use serde_json::Value;
use text2art::files::{Existing, write_whole};
use text2art::models::Finder;
use text2art::output::{Checkpoint, Recipe};
use text2art::progress::{Figures, Stop};
use text2art::random::Stream;
use text2art::resolve::combine;
use text2art::session::{Models, Plan, Session, run};
use text2art::settings::{Overrides, Settings};

/// A run that takes a moment.
const SMALL: &str = "a red apple --size 32x32 --cutouts 2 --init-noise codes";
/// Like [`SMALL`], with a learning rate that does not depend on the length of the run.
const STEADY: &str = "a red apple --size 32x32 --cutouts 2 --init-noise codes --learning-rate-drops none";

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Draws a picture without interruption.
fn draw(workplace: &Workplace, line: &str, name: &str) -> Vec<u8> {
    workplace.run(&[&words(line)[..], &["-q", "-o", name]].concat()).succeeded();
    workplace.read(name)
}

/// Draws a picture with a checkpoint at its end, under `name`.
fn checkpointed(workplace: &Workplace, line: &str, name: &str) {
    draw(workplace, &format!("{line} --checkpoint-every 100"), name);
    assert!(workplace.join(format!("{name}.t2a")).is_file());
}

fn recipe(workplace: &Workplace, name: &str) -> Recipe {
    Recipe::read(&workplace.join(name)).unwrap()
}

/// The messages of an outcome's warnings.
fn warnings(outcome: &Outcome) -> Vec<&str> {
    outcome.errors.lines().filter_map(|line| line.strip_prefix("warning: ")).collect()
}

/// Draws a picture that is killed or interrupted at random points and resumed until it is done, and starts over until
/// there were `least` stops. The bytes must be those of an uninterrupted run.
fn is_the_same_after_kills(least: usize, seed: u64) {
    let workplace = Workplace::new();
    let line = format!("{SMALL} --iterations 60 --learning-rate-drops 50% --auto-stop --progress json");
    let whole = draw(&workplace, &line, "whole.png");
    let mut chance = Stream::new(seed, "kills", 0);
    let (mut kills, mut resumed) = (0, 0);
    while kills < least {
        for name in ["p.png", "p.png.t2a"] {
            let _ = std::fs::remove_file(workplace.join(name));
        }
        loop {
            let resume = workplace.join("p.png.t2a").exists();
            let first = format!("{line} --checkpoint-every 2 --save-every 7 -o p.png");
            let command = if resume { "resume p.png.t2a --progress json" } else { &first };
            let mut running = Running::start(workplace.command().args(words(command)));
            running.wait_for_lines("\"started\"", 1);
            std::thread::sleep(Duration::from_micros(chance.below(400_000) as u64));
            let signal = if chance.happens(0.7) { "KILL" } else { "INT" };
            running.signal(signal);
            let outcome = running.finish();
            // At any moment, existing files are complete.
            if workplace.join("p.png").exists() {
                image::open(workplace.join("p.png")).unwrap();
            }
            if workplace.join("p.png.t2a").exists() {
                Checkpoint::read(&workplace.join("p.png.t2a")).unwrap_or_else(|error| panic!("{error}"));
            }
            match outcome.code {
                Some(0) => break,
                None | Some(130) => (kills, resumed) = (kills + 1, resumed + usize::from(resume)),
                Some(_) => panic!("{command}: {}", outcome.errors),
            }
        }
        assert!(workplace.read("p.png") == whole, "the picture is another after {kills} kills");
    }
    assert!(resumed * 2 > kills, "{resumed} of {kills} were resumed");
}

#[test]
fn some_kills_change_nothing() {
    is_the_same_after_kills(8, 1);
}

#[test]
#[ignore = "takes minutes"]
fn a_hundred_kills_change_nothing() {
    is_the_same_after_kills(100, 2);
}

#[test]
fn ctrl_c_leaves_a_checkpoint_where_they_are_asked_for() {
    for every in [None, Some("1000000")] {
        let workplace = Workplace::new();
        let mut arguments = words(SMALL);
        arguments.extend(["--iterations", "100000", "--progress", "json", "-o", "p.png"]);
        arguments.extend(every.iter().flat_map(|every| ["--checkpoint-every", every]));
        let mut running = Running::start(workplace.command().args(arguments));
        running.wait_for_lines("\"event\":\"step\"", 3);
        running.signal("INT");
        let outcome = running.finish();
        assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
        assert_eq!(workplace.join("p.png.t2a").exists(), every.is_some());
        let told = outcome.events().into_iter().find(|event| event["event"] == "checkpoint");
        assert_eq!(told.is_some(), every.is_some());
        let done = recipe(&workplace, "p.png").result.iterations_done;
        assert!(told.is_none_or(|told| told["iteration"] == done && told["path"] == "p.png.t2a"));
    }
}

/// Settings of a run that takes a moment.
fn settings(overrides: Overrides) -> Settings {
    let small = Overrides {
        prompt: Some("a red apple | white:-0.3".parse().unwrap()),
        size: Some("40x24".parse().unwrap()),
        iterations: Some(8),
        cutouts: Some(3),
        ..Overrides::default()
    };
    combine(&[overrides, small]).unwrap()
}

#[test]
fn every_optimizer_and_start_goes_on_through_a_file() {
    let init_image = Some(fixtures().join("trace/init.png").into());
    let optimizers = ["adam", "adamw", "adamax", "adagrad", "radam", "rmsprop"].map(|name| Overrides {
        optimizer: Some(name.parse().unwrap()),
        learning_rate_drops: Some("6".parse().unwrap()),
        ..Overrides::default()
    });
    let held = Overrides { init_image, init_weight: Some(0.5), auto_stop: Some(true), ..Overrides::default() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.png.t2a");
    for overrides in optimizers.into_iter().chain([held]) {
        let settings = settings(overrides);
        let models = Models::load(&settings, &Finder::new(true, &Stop::default(), &|_| ())).unwrap();
        let plan = Plan::new(settings.clone(), &models).unwrap();
        let session = || Session::new(&plan, &models, &mut |warning| panic!("{warning}")).unwrap();
        let finish = |session: &mut Session| {
            let finished = run(session, &Stop::default(), &mut |_, _, _| Ok(())).unwrap();
            let state = session.state();
            let moments = state.optimizer.unwrap().moments.into_iter().flatten();
            let tensors = state.parameters.into_iter().chain(moments).chain([finished.picture]);
            let tensors = tensors.map(|tensor| common::values(&tensor)).collect::<Vec<_>>();
            (tensors, finished.figures, state.fit, state.plateau)
        };
        let whole = finish(&mut session());
        for stopped in [0, 1, 5, 8] {
            let mut first = session();
            for _ in 0..stopped {
                first.step().unwrap();
            }
            let state = first.state();
            let result = text2art::output::ResultRecord {
                iterations_done: stopped,
                figures: Figures { loss: state.last.as_ref().map(|last| last.loss), ..Figures::default() },
            };
            let recipe = Recipe::new(settings.clone(), models.records().unwrap(), Vec::new(), result);
            let (device, beside) = ("here".to_owned(), text2art::output::Beside::default());
            let checkpoint = Checkpoint { recipe: recipe.clone(), device, beside, state };
            write_whole(&path, &checkpoint.encode().unwrap(), Existing::Replace).unwrap();
            let found = Checkpoint::read(&path).unwrap();
            assert_eq!((&found.recipe, found.device.as_str(), &found.beside), (&recipe, "here", &checkpoint.beside));
            let mut second = session();
            second.restore(found.state).unwrap();
            assert!(finish(&mut second) == whole, "{} after {stopped}", settings.optimizer);
        }
    }
}

#[test]
fn a_run_that_is_done_can_be_made_longer() {
    let workplace = Workplace::new();
    let longer = draw(&workplace, &format!("{STEADY} -n 9"), "longer.png");
    checkpointed(&workplace, &format!("{STEADY} -n 5"), "p.png");
    let before = workplace.read("p.png");
    // If nothing is left to do, the same picture is made.
    let outcome = workplace.run(&["resume", "p.png.t2a"]).succeeded();
    assert!(workplace.read("p.png") == before && outcome.errors.contains("finished after 5"), "{}", outcome.errors);
    assert_eq!(outcome.output_text(), "p.png\n");
    let outcome = workplace.run(&["resume", "p.png.t2a", "-n", "+4"]).succeeded();
    assert!(workplace.read("p.png") == longer, "4 more are not 9");
    assert_eq!(warnings(&outcome), Vec::<&str>::new());
    // With another output, the first picture stays as it is.
    let longest = draw(&workplace, &format!("{STEADY} -n 11"), "longest.png");
    workplace.run(&["resume", "p.png.t2a", "-n", "11", "-o", "q.png"]).succeeded();
    assert!(workplace.read("q.png") == longest && workplace.read("p.png") == longer);
    assert!(workplace.join("q.png.t2a").is_file());
    workplace.refuses(&["resume", "p.png.t2a", "-n", "8"], &["-n 8", "9 iterations are already done"]);
    workplace.refuses(&["resume", "p.png.t2a", "-n", "+1000001"], &["--iterations", "out of range"]);
    for wrong in ["", "+", "some", "1.5", "-1", "+-1"] {
        let message = workplace.refuses_somehow(&["resume", "p.png.t2a", "-n", wrong]).join("\n");
        assert!(message.contains("whole number"), "{message}");
    }
}

#[test]
fn what_hangs_on_the_length_is_made_anew_and_said() {
    let workplace = Workplace::new();
    let line = format!("{SMALL} --learning-rate-drops 50%,7");
    let longer = draw(&workplace, &format!("{line} -n 20"), "longer.png");
    // Until the fourth iteration both lengths have the same learning rate ...
    checkpointed(&workplace, &format!("{line} -n 8 --stop-at 4"), "early.png");
    let outcome = workplace.run(&["resume", "early.png.t2a", "-n", "20"]).succeeded();
    assert!(workplace.read("early.png") == longer);
    let said = "the run now has 20 iterations instead of 8: the learning rate drops at 50%, which is iteration 10 instead of 4";
    assert_eq!(warnings(&outcome), [said]);
    // ... and after it, they differ.
    checkpointed(&workplace, &format!("{line} -n 8"), "late.png");
    let outcome = workplace.run(&["resume", "late.png.t2a", "-n", "+12"]).succeeded();
    assert_eq!(warnings(&outcome), [said]);
    assert!(workplace.read("late.png") != longer);
    let made = recipe(&workplace, "late.png");
    assert_eq!((made.settings.iterations, made.earlier.len()), (20, 1));
    assert_eq!((made.earlier[0].iterations_done, made.earlier[0].settings.iterations), (8, 8));
    // Its recipe cannot repeat it, and a warning says so.
    let outcome = workplace.run(&["--from", "late.png", "-o", "again.png"]).succeeded();
    assert!(warnings(&outcome)[0].contains("resumed with other settings after 8 iterations"), "{}", outcome.errors);
    assert!(workplace.read("again.png") == longer);
}

#[test]
fn what_was_stopped_is_not_called_finished() {
    let workplace = Workplace::new();
    let whole = draw(&workplace, &format!("{SMALL} -n 6"), "whole.png");
    checkpointed(&workplace, &format!("{SMALL} -n 6 --stop-at 4"), "p.png");
    let outcome = workplace.run(&["resume", "p.png.t2a"]).succeeded();
    let said = "the run stopped after 4 of 6 iterations because of --stop-at";
    assert_eq!(warnings(&outcome), [format!("{said}; -n 6 finishes it")]);
    let lines = workplace.refuses_somehow(&["resume", "p.png.t2a", "--prompt", "a pear"]);
    assert_eq!(lines, [format!("error: {said}"), "hint: add -n 6 to finish it".into()]);
    // The hint is right.
    checkpointed(&workplace, &format!("{SMALL} -n 6 --stop-at 4"), "q.png");
    workplace.run(&["resume", "q.png.t2a", "-n", "6", "-q"]).succeeded();
    assert!(workplace.read("q.png") == whole);
}

#[test]
fn frames_that_were_chosen_for_another_length_are_said() {
    let workplace = Workplace::new();
    let line = format!("{STEADY} -n 20 --stop-at 10 --seconds 0.4 --frames frames");
    checkpointed(&workplace, &line, "p.png");
    let outcome = workplace.run(&["resume", "p.png.t2a", "-n", "40"]).succeeded();
    let said = "the run now has 40 iterations instead of 20: new frames are chosen to fill 0.4 seconds; the frames in \
                frames were chosen for 20 iterations";
    assert_eq!(warnings(&outcome), [said]);
    let frames = std::fs::read_dir(workplace.join("frames")).unwrap().count();
    assert_eq!(frames, 10, "0.4 seconds of 25 a second");
}

#[test]
fn another_prompt_and_a_fresh_optimizer() {
    let workplace = Workplace::new();
    checkpointed(&workplace, &format!("{SMALL} -n 8 --stop-at 5"), "p.png");
    let go_on = |options: &[&str], name: &str| {
        workplace.run(&[&["resume", "p.png.t2a", "-n", "8", "-q", "-o", name], options].concat()).succeeded();
        workplace.read(name)
    };
    let plain = go_on(&[], "plain.png");
    assert!(plain == draw(&workplace, &format!("{SMALL} -n 8"), "whole.png"));
    let pear = go_on(&["--prompt", "a green pear | a plate:0.5"], "pear.png");
    let fresh = go_on(&["--reset-optimizer"], "fresh.png");
    assert!(pear != plain && fresh != plain);
    let made = recipe(&workplace, "pear.png");
    assert_eq!(made.settings.prompt.to_string(), "a green pear | a plate:0.5");
    assert_eq!(made.earlier[0].settings.prompt.to_string(), "a red apple");
    let info = workplace.run(&["info", "pear.png"]).succeeded();
    let line = "# resumed after 5 iterations; until then: prompt = \"a red apple\"";
    assert!(info.output_text().lines().any(|found| found.starts_with(line)), "{}", info.output_text());
    assert!(recipe(&workplace, "fresh.png").earlier[0].reset_optimizer);
    workplace.refuses(&["resume", "p.png.t2a", "--prompt", "a | | b"], &["a prompt is empty"]);
    for change in [&["--prompt", "a pear"][..], &["--reset-optimizer"]] {
        workplace.refuses(
            &[&["resume", "p.png.t2a"], change].concat(),
            &["the run stopped after 5 of 8 iterations because of --stop-at"],
        );
    }
}

#[test]
fn a_plateau_is_an_end_that_can_be_passed() {
    let workplace = Workplace::new();
    let line = format!("{SMALL} -n 400 --auto-stop --learning-rate 0.000001 --cut-noise 0 --augment none");
    checkpointed(&workplace, &line, "p.png");
    let end = recipe(&workplace, "p.png").result.iterations_done;
    assert!(end < 400);
    let before = workplace.read("p.png");
    let outcome = workplace.run(&["resume", "p.png.t2a"]).succeeded();
    assert!(
        workplace.read("p.png") == before && warnings(&outcome)[0].contains("already finished"),
        "{}",
        outcome.errors
    );
    workplace.run(&["resume", "p.png.t2a", "-n", "+3"]).succeeded();
    assert_eq!(recipe(&workplace, "p.png").result.iterations_done, end + 3);
}

#[test]
fn nothing_is_replaced_unasked() {
    let workplace = Workplace::new();
    checkpointed(&workplace, &format!("{SMALL} -n 2"), "p.png");
    std::fs::remove_file(workplace.join("p.png")).unwrap();
    // The checkpoint of an unfinished picture is not replaced.
    let again = format!("{SMALL} -n 1 --checkpoint-every 1 -o p.png");
    workplace.refuses(&words(&again), &["p.png.t2a", "already exists"]);
    // Another picture has the name of the run's own.
    let other = draw(&workplace, &format!("{SMALL} -n 1 --seed 5"), "p.png");
    workplace.refuses(&["resume", "p.png.t2a"], &["p.png", "already exists"]);
    draw(&workplace, &format!("{SMALL} -n 1"), "q.png");
    workplace.refuses(&["resume", "p.png.t2a", "-o", "q.png"], &["q.png", "already exists"]);
    assert!(workplace.read("p.png") == other);
    workplace.run(&["resume", "p.png.t2a", "--force"]).succeeded();
    assert!(workplace.read("p.png") != other);
    workplace.run(&[&words(&again)[..], &["--force"]].concat()).succeeded();
    // A default name is not that of an unfinished picture.
    let line = "apple --size 32x32 --cutouts 1 -n 1 --checkpoint-every 1 -q";
    workplace.run(&words(line)).succeeded();
    std::fs::remove_file(workplace.join("apple-0.png")).unwrap();
    assert_eq!(workplace.run(&words(line)).succeeded().output_text(), "apple-0-2.png\n");
}

#[test]
fn files_that_are_no_checkpoint() {
    let workplace = Workplace::new();
    checkpointed(&workplace, &format!("{SMALL} -n 2"), "p.png");
    let lines = workplace.refuses_somehow(&["resume", "p.png"]);
    assert_eq!(lines, ["error: p.png: this is not a text2art checkpoint", "hint: did you mean `p.png.t2a`?"]);
    let whole = workplace.read("p.png.t2a");
    // The error is reported before the picture is read.
    let refuses = |content: &[u8], words: &[&str]| {
        workplace.write("x.png.t2a", content);
        workplace.refuses(&["resume", "x.png.t2a"], &[&["x.png.t2a"], words].concat());
    };
    for length in [0, 1, 7, 8, 9, 200, 2000, whole.len() / 2, whole.len() - 1] {
        refuses(&whole[..length], &["cut short"]);
    }
    let mut longer = whole.clone();
    longer.push(0);
    refuses(&longer, &["checksum"]);
    let mut chance = Stream::new(0, "flips", 0);
    let places: Vec<usize> = (0..60).map(|_| chance.below(whole.len())).chain(0..20).collect();
    for place in places {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << chance.below(8);
        workplace.write("x.png.t2a", &damaged);
        let lines = workplace.refuses_somehow(&["resume", "x.png.t2a"]);
        let known = ["damaged", "cut short", "not a text2art checkpoint"].iter().any(|word| lines[0].contains(word));
        assert!(known, "byte {place}: {}", lines[0]);
    }
    refuses(&workplace.read("p.png"), &["not a text2art checkpoint"]);
    refuses(&std::fs::read(fixtures().join("clip/model.safetensors")).unwrap(), &["not a text2art checkpoint"]);
    refuses(b"{\"a\": 1, \"b\": 2, \"c\": 3}", &["not a text2art checkpoint"]);
    workplace.refuses(&["resume", "none.t2a"], &["none.t2a", "file not found"]);
    workplace.refuses(&["resume", "."], &["not a text2art checkpoint"]);
    workplace.write("renamed", &whole);
    workplace.refuses(&["resume", "renamed"], &["renamed", "where the picture goes"]);
    workplace.run(&["resume", "renamed", "-q", "-o", "again.png"]).succeeded();
    assert!(workplace.read("again.png") == workplace.read("p.png"));
}

/// Writes a checkpoint with a changed head and a matching checksum.
fn forge(workplace: &Workplace, source: &str, name: &str, change: impl Fn(&mut Checkpoint)) {
    let mut checkpoint = Checkpoint::read(&workplace.join(source)).unwrap();
    change(&mut checkpoint);
    workplace.write(name, checkpoint.encode().unwrap());
}

#[test]
fn checkpoints_of_other_models_devices_and_versions() {
    let workplace = Workplace::new();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        workplace.write(&format!("clip/{name}"), std::fs::read(fixtures().join("clip").join(name)).unwrap());
    }
    workplace.write("in.png", std::fs::read(fixtures().join("trace/init.png")).unwrap());
    checkpointed(&workplace, &format!("{STEADY} -n 2 --clip clip --init-image in.png"), "p.png");
    forge(&workplace, "p.png.t2a", "device.png.t2a", |checkpoint| checkpoint.device = "an abacus".into());
    forge(&workplace, "p.png.t2a", "old.png.t2a", |found| found.recipe.program = "text2art 0.0.9".into());
    forge(&workplace, "p.png.t2a", "small.png.t2a", |found| found.recipe.settings.size = "64x64".parse().unwrap());
    forge(&workplace, "p.png.t2a", "commit.png.t2a", |found| {
        found.recipe.models[0].revision = Some("../../etc".into());
    });
    for (name, word) in [("device", "an abacus"), ("old", "text2art 0.0.9")] {
        let outcome = workplace.run(&["resume", &format!("{name}.png.t2a"), "-n", "3"]).succeeded();
        let warnings = warnings(&outcome);
        assert!(warnings.len() == 1 && warnings[0].contains(word), "{}", outcome.errors);
    }
    workplace.refuses(&["resume", "small.png.t2a", "-n", "3"], &["another size"]);
    workplace.refuses(&["resume", "commit.png.t2a"], &["../../etc"]);
    // Other weights with the same shapes.
    let weights = workplace.join("clip/model.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    workplace.refuses(&["resume", "p.png.t2a", "-n", "3"], &["p.png.t2a", "clip", "SHA-256"]);
    std::fs::write(&weights, std::fs::read(fixtures().join("clip/model.safetensors")).unwrap()).unwrap();
    std::fs::copy(workplace.join("p.png"), workplace.join("in.png")).unwrap();
    workplace.refuses(&["resume", "p.png.t2a", "-n", "3"], &["in.png", "has changed"]);
    std::fs::remove_file(workplace.join("in.png")).unwrap();
    workplace.refuses(&["resume", "p.png.t2a", "-n", "3"], &["in.png", "missing"]);
}

#[test]
fn a_checkpoint_is_a_safetensors_file_anyone_reads() {
    let workplace = Workplace::new();
    checkpointed(&workplace, &format!("{SMALL} -n 2"), "p.png");
    let path = workplace.join("p.png.t2a");
    let tensors = candle_core::safetensors::load(&path, &candle_core::Device::Cpu).unwrap();
    let mut names: Vec<_> = tensors.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["first.0", "parameter.0", "picture.0", "second.0"], "{}", text(Path::new(&path)));
    assert_eq!(tensors["picture.0"].dims(), [1, 3, 32, 32]);
    let file = std::fs::read(&path).unwrap();
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&file).unwrap();
    let head: Value = serde_json::from_str(&metadata.metadata().as_ref().unwrap()["text2art checkpoint"]).unwrap();
    assert_eq!((&head["recipe"]["settings"]["prompt"], &head["optimizer_steps"]), (&"a red apple".into(), &2.into()));
}

#[test]
fn a_checkpoint_that_cannot_be_written_ends_no_run() {
    let workplace = Workplace::new();
    // A folder has the name of the checkpoint.
    std::fs::create_dir(workplace.join("p.png.t2a")).unwrap();
    let outcome = workplace.run(&[&words(SMALL)[..], &words("-n 6 --checkpoint-every 2 --force -o p.png")].concat());
    let outcome = outcome.succeeded();
    assert_eq!(warnings(&outcome).len(), 1, "{}", outcome.errors);
    assert!(warnings(&outcome)[0].contains("cannot write p.png.t2a"), "{}", outcome.errors);
    image::open(workplace.join("p.png")).unwrap();
}

//! A picture can be made again: the same command gives the same bytes, and so do its recipe, its `info` as a
//! configuration file, and the recipe of a run that was stopped.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use common::fixtures;
use common::program::{Outcome, Workplace, finish};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use text2art::files::to_hex;

/// Prompt, models and cutouts of a run that takes a moment. What happens to the cutouts is the default.
const BASE: &str = "a red apple --clip clip --vqgan vqgan/last.ckpt --cutouts 4";
/// The same with a size.
const SIZED: &str = "a red apple --clip clip --vqgan vqgan/last.ckpt --cutouts 4 --size 32x32";
/// The same with a number of iterations, too: a whole run.
const SMALL: &str = "a red apple --clip clip --vqgan vqgan/last.ckpt --cutouts 4 --size 32x32 --iterations 3";
/// The model inside the program, with as little work as shows every part of it.
const EMBEDDED: &str = "a red apple --size 64x64 --cutouts 4 --iterations 2 --init-noise codes";

/// The words of a line, and more arguments behind them.
fn with<'a>(line: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    line.split(' ').chain(more.iter().copied()).collect()
}

/// A workplace whose runs start in the folder of the fixtures, where the recipes' relative paths lead.
struct Studio(Workplace);

impl Studio {
    fn new() -> Self {
        Self(Workplace::new())
    }

    fn run(&self, arguments: &[&str], name: &str) -> Outcome {
        let path = self.0.argument(name);
        self.0.run_in(&fixtures(), &[arguments, &["-q", "-o", &path]].concat())
    }

    /// Draws a picture and returns its file's bytes.
    fn draw(&self, arguments: &[&str], name: &str) -> Vec<u8> {
        let outcome = self.run(arguments, name).succeeded();
        assert_eq!(outcome.output_text(), format!("{}\n", self.0.argument(name)));
        self.0.read(name)
    }

    /// Draws a picture by another's recipe.
    fn draw_from(&self, source: &str, arguments: &[&str], name: &str) -> Vec<u8> {
        self.draw(&[&["--from", &self.0.argument(source)], arguments].concat(), name)
    }

    fn info(&self, name: &str, options: &[&str]) -> Outcome {
        let path = self.0.argument(name);
        self.0.run_in(&fixtures(), &[&["info", path.as_str()], options].concat()).succeeded()
    }

    fn recipe(&self, name: &str) -> Value {
        let recipe = serde_json::from_str(&text_chunks(&self.0.join(name))["text2art"]).unwrap();
        assert_eq!(self.info(name, &["--json"]).output_json(), recipe);
        recipe
    }

    fn settings(&self, name: &str) -> Map<String, Value> {
        self.recipe(name)["settings"].as_object().unwrap().clone()
    }
}

/// The international text chunks of a PNG by their keywords.
fn text_chunks(path: &Path) -> BTreeMap<String, String> {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap())).read_info().unwrap();
    reader.finish().unwrap();
    let chunks = &reader.info().utf8_text;
    chunks.iter().map(|chunk| (chunk.keyword.clone(), chunk.get_text().unwrap())).collect()
}

/// The colours of a picture's file, without what is said of them.
fn colours(bytes: &[u8]) -> Vec<u8> {
    image::load_from_memory(bytes).unwrap().to_rgb8().into_raw()
}

fn sha256(path: &Path) -> String {
    to_hex(&Sha256::digest(std::fs::read(path).unwrap()))
}

#[test]
fn the_same_command_gives_the_same_bytes() {
    for line in [SMALL, EMBEDDED] {
        let studio = Studio::new();
        let first = studio.draw(&with(line, &[]), "first.png");
        assert!(studio.draw(&with(line, &[]), "quite another name.png") == first);
        assert!(studio.draw(&with(line, &["--threads", "1"]), "one.png") == first, "one thread");
        assert!(studio.draw(&with(line, &["--threads", "2"]), "two.png") == first, "two threads");
        assert!(studio.draw(&with(line, &["--threads", "7"]), "seven.png") == first, "seven threads");
        let other = studio.draw(&with(line, &["--seed", "1"]), "other.png");
        assert!(colours(&other) != colours(&first));
        let word = studio.draw(&with(line, &["--seed", "word"]), "word.png");
        assert!(studio.draw(&with(line, &["--seed", "word"]), "again.png") == word);
        assert!(colours(&word) != colours(&other));
    }
}

#[test]
fn a_recipe_gives_the_same_bytes() {
    for line in [SMALL, EMBEDDED] {
        let studio = Studio::new();
        let first = studio.draw(&with(line, &[]), "first.png");
        assert!(studio.draw_from("first.png", &[], "second.png") == first);
        assert!(studio.draw_from("second.png", &[], "third.png") == first);
        // As the server delivers it, and as `info` prints it.
        studio.0.write("plain.json", &text_chunks(&studio.0.join("first.png"))["text2art"]);
        assert!(studio.draw_from("plain.json", &[], "fourth.png") == first);
        studio.0.write("shown.json", studio.info("first.png", &["--json"]).output);
        assert!(studio.draw_from("shown.json", &[], "fifth.png") == first);
    }
    let studio = Studio::new();
    // Everything that decides a picture, with values that are not the defaults.
    let unusual = [
        &["--clip", "clip", "--vqgan", "vqgan/last.ckpt", "--cutouts", "4"][..],
        &["a castle:2 | night sky:0.5 | blurry:-0.3:-0.7 | odds 1\\:2", "--size", "37x50", "-n", "3", "-s", "word"],
        &["--init-image", "trace/init.png", "--init-weight", "0.25", "--stop-at", "2", "--cut-batch", "3"],
        &["--augment", "affine,flip,erase", "--cut-noise", "0.07", "--optimizer", "radam"],
        &["--learning-rate", "0.2", "--learning-rate-drops", "1,50%"],
    ];
    let first = studio.draw(&unusual.concat(), "unusual.png");
    assert!(studio.draw_from("unusual.png", &[], "again.png") == first);
    let first = studio.draw(&with(SMALL, &["--init-noise", "fractal"]), "fractal.png");
    assert!(studio.draw_from("fractal.png", &[], "fractal again.png") == first);
}

#[test]
fn a_recipe_keeps_every_digit() {
    let studio = Studio::new();
    for (index, digits) in ["0.38120423768821243", "0.21659939713061338", "0.12088995980580641"].iter().enumerate() {
        let (name, again) = (format!("{index}.png"), format!("{index} again.png"));
        let first = studio.draw(&with(SMALL, &["--learning-rate", digits, "--cut-noise", digits]), &name);
        let found = text_chunks(&studio.0.join(&name))["text2art"].clone();
        assert!(found.contains(&format!("\"learning_rate\":{digits},")), "{found}");
        assert!(studio.draw_from(&name, &[], &again) == first, "the recipe of {digits} gives another picture");
    }
}

#[test]
fn an_override_changes_only_what_it_names() {
    let studio = Studio::new();
    let first = studio.draw(&with(SMALL, &[]), "first.png");
    let settings = studio.settings("first.png");
    let overrides: [(&str, &str, Value); 5] = [
        ("--seed", "9", 9.into()),
        ("--learning-rate", "0.25", 0.25.into()),
        ("--iterations", "2", 2.into()),
        ("--optimizer", "adamax", "adamax".into()),
        ("--cut-noise", "0", 0.0.into()),
    ];
    for (option, value, recorded) in overrides {
        let name = format!("{option}.png");
        let bytes = studio.draw_from("first.png", &[option, value], &name);
        assert!(colours(&bytes) != colours(&first), "{option}");
        let mut expected = settings.clone();
        let key = option.trim_start_matches("--").replace('-', "_");
        assert_ne!(expected.insert(key, recorded.clone()), Some(recorded));
        assert_eq!(studio.settings(&name), expected, "{option}");
        // What is given with the recipe is what would have been given without it.
        let others = if option == "--iterations" { SIZED } else { SMALL };
        assert!(studio.draw(&with(others, &[option, value]), &format!("{option} alone.png")) == bytes);
    }
}

#[test]
fn the_recipe_says_how_the_picture_was_made() {
    let studio = Studio::new();
    studio.draw(&with(BASE, &["--init-image", "trace/init.png", "--size", "32x24", "--iterations", "3"]), "made.png");
    let recipe = studio.recipe("made.png");
    assert_eq!(recipe["format"], 1);
    assert_eq!(recipe["program"], concat!("text2art ", env!("CARGO_PKG_VERSION")));
    let settings = &recipe["settings"];
    assert_eq!((&settings["prompt"], &settings["size"]), (&"a red apple".into(), &"32x24".into()));
    assert_eq!((&settings["iterations"], &settings["seed"]), (&3.into(), &0.into()));
    let models = recipe["models"].as_array().unwrap();
    let expected = [("vqgan", "vqgan/last.ckpt", "vqgan/last.ckpt"), ("clip", "clip", "clip/model.safetensors")];
    assert_eq!(models.len(), expected.len());
    for (model, (role, name, file)) in models.iter().zip(expected) {
        assert_eq!((&model["role"], &model["name"]), (&role.into(), &name.into()));
        assert_eq!(model["file"], file.rsplit('/').next().unwrap());
        assert_eq!(model["sha256"], sha256(&fixtures().join(file)));
    }
    let [input] = recipe["inputs"].as_array().unwrap().as_slice() else { panic!("{recipe}") };
    assert_eq!((&input["option"], &input["path"]), (&"init-image".into(), &"trace/init.png".into()));
    assert_eq!(input["sha256"], sha256(&fixtures().join("trace/init.png")));
    assert_eq!(recipe["result"]["iterations_done"], 3);
    assert!(recipe["result"]["loss"].as_f64().is_some_and(|loss| loss > 0.0 && loss < 5.0));

    let chunks = text_chunks(&studio.0.join("made.png"));
    assert!(chunks["parameters"].starts_with("a red apple\n"), "{chunks:?}");
    for word in ["Iterations: 3", "Size: 32x24", "Seed: 0", "VQGAN: vqgan/last.ckpt", "CLIP: clip"] {
        assert!(chunks["parameters"].contains(word), "{word}: {chunks:?}");
    }
    // Nothing of where it was made.
    let bytes = studio.0.read("made.png");
    let folder = studio.0.root().file_name().unwrap().to_str().unwrap();
    for word in ["made.png", folder, env!("CARGO_MANIFEST_DIR")] {
        assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
        assert!(chunks.values().all(|text| !text.contains(word)), "{word}: {chunks:?}");
    }
}

#[test]
fn the_recipe_names_the_embedded_models() {
    let studio = Studio::new();
    studio.draw(&with(EMBEDDED, &[]), "made.png");
    let recipe = studio.recipe("made.png");
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/embedded");
    let models = recipe["models"].as_array().unwrap();
    assert_eq!(models.len(), 2);
    for (model, role) in models.iter().zip(["vqgan", "clip"]) {
        assert_eq!((&model["role"], &model["name"]), (&role.into(), &"embedded".into()));
        assert_eq!(model["sha256"], sha256(&weights.join(role).join("model.safetensors")));
    }
    assert_eq!(recipe["inputs"], Value::Array(vec![]));
    // The prior is the last one, if it draws the first picture.
    studio.draw(&with("a red apple --size 64x64 --cutouts 4 --iterations 1", &[]), "prior.png");
    let recipe = studio.recipe("prior.png");
    let roles: Vec<&Value> = recipe["models"].as_array().unwrap().iter().map(|model| &model["role"]).collect();
    assert_eq!(roles, ["vqgan", "clip", "prior"]);
    assert_eq!(recipe["models"][2]["sha256"], sha256(&weights.join("prior/model.safetensors")));
}

#[test]
fn any_size_is_delivered_as_asked() {
    let studio = Studio::new();
    for (line, iterations) in [(BASE, "2"), ("a red apple", "1")] {
        let name = format!("{iterations}.png");
        let bytes = studio.draw(&with(line, &["--size", "500x281", "--iterations", iterations]), &name);
        let picture = image::load_from_memory(&bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (500, 281));
        assert_eq!(studio.settings(&name)["size"], "500x281");
    }
}

#[test]
fn info_is_a_configuration_file() {
    let studio = Studio::new();
    let small = with(SMALL, &["--init-image", "trace/init.png", "--seed", "18446744073709551615"]);
    for (index, arguments) in [small, with(EMBEDDED, &[])].iter().enumerate() {
        let name = |what: &str| format!("{index} {what}.png");
        let first = studio.draw(arguments, &name("first"));
        studio.0.write("info.toml", studio.info(&name("first"), &[]).output);
        let config = studio.0.argument("info.toml");
        assert!(studio.draw(&["--config", &config], &name("second")) == first);
        // So is what a dry run prints.
        let dry = studio.0.run_in(&fixtures(), &[&arguments[..], &["--dry-run"]].concat()).succeeded();
        assert_eq!(dry.errors, "");
        studio.0.write("dry.toml", dry.output);
        let config = studio.0.argument("dry.toml");
        assert!(studio.draw(&["--config", &config], &name("third")) == first);
    }
}

#[cfg(unix)]
#[test]
fn a_stopped_run_can_be_repeated() {
    use common::program::Running;

    for signal in ["INT", "TERM", "HUP"] {
        let studio = Studio::new();
        let path = studio.0.argument("stopped.png");
        let arguments = with(SIZED, &["--iterations", "100000", "--progress", "json", "-o", &path]);
        let mut running = Running::start(studio.0.command().current_dir(fixtures()).args(arguments));
        running.wait_for_lines("\"event\":\"step\"", 3);
        running.signal(signal);
        let outcome = running.finish();
        assert_eq!(outcome.code, Some(130), "{signal}: {}", outcome.errors);
        assert_eq!(outcome.output_text(), format!("{path}\n"));
        let events = outcome.events();
        let steps = events.iter().filter(|event| event["event"] == "step").count();
        assert!((3..100_000).contains(&steps));
        let last = events.last().unwrap();
        assert_eq!((&last["event"], &last["iterations"]), (&"finished".into(), &steps.into()));

        let recipe = studio.recipe("stopped.png");
        assert_eq!(
            (&recipe["settings"]["stop_at"], &recipe["settings"]["iterations"]),
            (&steps.into(), &100_000.into())
        );
        assert_eq!(recipe["result"]["iterations_done"], steps);
        assert!(studio.draw_from("stopped.png", &[], "again.png") == studio.0.read("stopped.png"), "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn what_save_every_leaves_can_be_repeated() {
    use common::program::Running;

    let studio = Studio::new();
    let path = studio.0.argument("saved.png");
    let arguments = with(SIZED, &["--iterations", "100000", "--save-every", "2", "--progress", "json", "-o", &path]);
    let mut running = Running::start(studio.0.command().current_dir(fixtures()).args(arguments));
    running.wait_for_lines("\"event\":\"saved\"", 2);
    // Ended at once: what was saved before has to be whole.
    running.signal("KILL");
    assert_eq!(running.finish().code, None);
    let saved = studio.0.read("saved.png");
    let done = studio.recipe("saved.png")["result"]["iterations_done"].as_u64().unwrap();
    assert!(done >= 4 && done.is_multiple_of(2), "{done}");
    assert_eq!(studio.settings("saved.png")["stop_at"], done);
    let again = studio.draw_from("saved.png", &[], "again.png");
    assert!(colours(&again) == colours(&saved));
}

#[test]
fn a_recipe_stands_above_environment_and_configuration() {
    let studio = Studio::new();
    let first = studio.draw(&with(SMALL, &[]), "first.png");
    studio.0.write("../home/.config/text2art/config.toml", "iterations = 7\noptimizer = \"adagrad\"\n");
    let (from, path) = (studio.0.argument("first.png"), studio.0.argument("second.png"));
    let mut command = studio.0.command();
    command.current_dir(fixtures()).env("TEXT2ART_SEED", "5").args(["-q", "--from", &from, "-o", &path]);
    finish(&mut command).succeeded();
    assert!(studio.0.read("second.png") == first);
    // Without the recipe both count.
    let path = studio.0.argument("third.png");
    let mut command = studio.0.command();
    command.current_dir(fixtures()).env("TEXT2ART_SEED", "5").args(with(SIZED, &["-q", "-o", &path]));
    finish(&mut command).succeeded();
    let settings = studio.settings("third.png");
    assert_eq!((&settings["seed"], &settings["iterations"]), (&5.into(), &7.into()));
    assert_eq!(settings["optimizer"], "adagrad");
}

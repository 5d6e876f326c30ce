//! Every option through the real binary: its effect, and the report of a value that cannot be used, as exit code,
//! standard output and standard error. An option without a case fails.
//!
//! The cases of the options of drawing are in `groups`, those of the verbs in `verbs`. The assertions stay in this file:
//! insta takes the names of the snapshots from the module of an assertion, and their folder from its file.
//!
//! `INSTA_UPDATE=always cargo test --release --test program options::` renews the snapshots; read the difference.

#![allow(clippy::unwrap_used)]

use crate::common;

mod groups;
mod verbs;

use std::collections::BTreeSet;
use std::fmt::Write;

use common::fixtures;
use common::program::{Outcome, Workplace, words};
use groups::GENERATE;
use serde_json::{Map, Value};
use text2art::settings::OPTIONS;
use verbs::ADMIN_VERBS;

/// A run that takes a moment.
const SMALL: &str = "apple --size 32x32 --iterations 1 --cutouts 1 --quiet";
/// The same, where nothing is drawn.
const DRY: &str = "apple --dry-run";

/// A workplace with a picture, a file that is none, a folder, and models.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    let copies = [
        ("trace/init.png", "photo.png"),
        ("clip/config.json", "clip/config.json"),
        ("clip/model.safetensors", "clip/model.safetensors"),
        ("clip/tokenizer.json", "clip/tokenizer.json"),
        ("vqgan/last.ckpt", "vqgan/last.ckpt"),
        ("vqgan/model.yaml", "vqgan/model.yaml"),
        ("upscalers/compact-x2.safetensors", "compact.safetensors"),
    ];
    for (source, name) in copies {
        workplace.write(name, std::fs::read(fixtures().join(source)).unwrap());
    }
    workplace.write("text.png", "no picture");
    workplace.write("text.json", "no configuration");
    workplace.write("settings.toml", "seed = 5\n");
    workplace.write("wrong.toml", "sed = 5\n");
    workplace.write("prompts.txt", "# fruit\na {red,green} apple -- --seed 5\na pear -- --sed 5\n");
    workplace.write("one.txt", "a fig\n");
    workplace.write("empty.txt", "# nothing\n");
    workplace.write("story.txt", "a dawn\na night\n");
    std::fs::create_dir(workplace.join("folder")).unwrap();
    let small = image::RgbImage::from_pixel(32, 32, image::Rgb([9, 90, 200]));
    std::fs::create_dir(workplace.join("film")).unwrap();
    small.save(workplace.join("film/1.png")).unwrap();
    workplace.run(&words(&format!("{SMALL} -o made.png --seed 3 --checkpoint-every 1"))).succeeded();
    workplace
}

/// What hangs on the machine or the moment is left out.
fn steady(line: &str) -> String {
    let keep = |end: &str| line.find(end).map(|at| format!("{}...", &line[..at + end.len()]));
    if line.starts_with("iteration ") {
        return keep("fit ").unwrap();
    }
    if line.starts_with("enlarged tile ") || line.starts_with("frame ") {
        return keep(", ").unwrap();
    }
    if line.starts_with("done: ") {
        return keep(" iteration").unwrap();
    }
    if line.starts_with("{\"event\":\"finished\"") {
        return keep("\"loss\":").unwrap();
    }
    if line.starts_with("{\"event\":\"step\"") {
        return keep("\"loss\":").unwrap();
    }
    line.to_owned()
}

/// Commands with what came of them, and the options they were for.
struct Record {
    workplace: Workplace,
    /// What a dry run prints where nothing is said
    base: BTreeSet<String>,
    /// What a dry run of a batch prints for a line that says nothing but its prompt
    batch_base: Map<String, Value>,
    text: String,
}

impl Record {
    fn new() -> Self {
        let workplace = workplace();
        let base = workplace.run(&words(DRY)).succeeded();
        let base = base.output_text().lines().map(str::to_owned).collect();
        let batch = workplace.run(&["batch", "one.txt", "--dry-run"]).succeeded();
        let batch_base = serde_json::from_str(batch.output_text()).unwrap();
        Self { workplace, base, batch_base, text: String::new() }
    }

    /// Runs commands; of a dry run only what differs from one without options is noted, so that a new option changes no
    /// snapshot but its own.
    fn add(&mut self, lines: &[&str]) -> &mut Self {
        for line in lines {
            let outcome = self.workplace.run(&words(line));
            self.note(line, &outcome);
        }
        self
    }

    fn note(&mut self, line: &str, outcome: &Outcome) {
        writeln!(self.text, "$ text2art {line}\nexit code {}", outcome.code.unwrap()).unwrap();
        let dry = line.contains("--dry-run");
        let output = String::from_utf8_lossy(&outcome.output).into_owned();
        let output = if output.contains('\u{fffd}') { format!("({} bytes)", "some") } else { output };
        // An amount of memory hangs on the machine (`memory.rs` is about it).
        let lines = output.lines().filter(|line| !line.starts_with("# memory: about "));
        for line in lines.filter(|line| !dry || !self.base.contains(*line)) {
            let shown = if dry && line.starts_with('{') { self.changed(line) } else { steady(line) };
            writeln!(self.text, "| {shown}").unwrap();
        }
        // A path that the program completed begins with the folder of this run.
        let folder = self.workplace.join("").display().to_string();
        for line in outcome.errors.lines() {
            writeln!(self.text, "! {}", steady(&line.replace(&folder, "/folder/"))).unwrap();
        }
        self.text.push('\n');
    }

    /// What a dry run of a batch prints for a line: its prompt, its picture, and what differs from the defaults.
    fn changed(&self, line: &str) -> String {
        let mut fields: Map<String, Value> = serde_json::from_str(line).unwrap();
        fields.retain(|name, value| {
            ["prompt", "output"].contains(&name.as_str()) || self.batch_base.get(name) != Some(value)
        });
        serde_json::to_string(&fields).unwrap()
    }
}

/// The cases of a group of options, or of a verb: its name, and the lines for each option.
type Group = (&'static str, &'static [(&'static str, &'static [&'static str])]);

/// The options a help text lists.
fn options_of(help: &str) -> BTreeSet<String> {
    let is_option = |word: &&str| word.starts_with("--");
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let names = lines.filter_map(|line| line.split([' ', ',', '[', '=']).find(is_option).map(str::to_owned));
    names.filter(|name| !["--help", "--version"].contains(&name.as_str())).collect()
}

#[test]
fn every_option_of_drawing_does_what_it_says() {
    for (group, cases) in GENERATE {
        let mut record = Record::new();
        for (_, lines) in *cases {
            record.add(lines);
        }
        insta::assert_snapshot!(*group, record.text);
    }
}

#[test]
fn every_option_of_the_other_verbs_does_what_it_says() {
    for (verb, cases) in verbs::all() {
        let mut record = Record::new();
        for (_, lines) in *cases {
            record.add(lines);
        }
        insta::assert_snapshot!(format!("verb_{}", verb.replace(' ', "_")), record.text);
    }
}

#[test]
#[cfg(feature = "server")]
fn every_option_of_the_verbs_of_operators_does_what_it_says() {
    let mut record = Record::new();
    for (_, lines) in ADMIN_VERBS.iter().flat_map(|(_, cases)| *cases) {
        record.add(lines);
    }
    insta::assert_snapshot!("verb_serve_admin", record.text);
}

#[test]
fn no_option_is_without_a_case() {
    let workplace = Workplace::new();
    let help = |arguments: &[&str]| workplace.run(arguments).succeeded().output_text().to_owned();
    let tested = GENERATE.iter().flat_map(|(_, cases)| cases.iter().map(|(option, _)| (*option).to_owned()));
    assert_eq!(tested.collect::<BTreeSet<_>>(), options_of(&help(&["--help"])));
    // Those that set something of a picture are tested with their groups.
    for option in OPTIONS.iter().filter(|option| option.value.is_some()) {
        let name = option.group.to_lowercase().replace(' ', "_");
        let (_, cases) = GENERATE.iter().find(|(group, _)| *group == name).unwrap();
        assert!(cases.iter().any(|(case, _)| case.strip_prefix("--") == Some(option.option)), "{option:?}");
    }
    for (verb, cases) in verbs::all().chain(ADMIN_VERBS).filter(|(verb, _)| *verb != "generate") {
        let tested = cases.iter().map(|(option, _)| (*option).to_owned()).filter(|option| !option.is_empty());
        let mut options = options_of(&help(&words(&format!("{verb} --help"))));
        if ["animate", "batch", "study", "submit", "restyle"].contains(verb) {
            // Settings are those of drawing.
            let settings = options_of(&help(&["--help"]));
            options.retain(|option| tested.clone().any(|tested| tested == *option) || !settings.contains(option));
        }
        if verb.contains(' ') {
            // Those of the verb above it.
            let above = ["--offline", "--progress", "--data", "--config"];
            options
                .retain(|option| !above.contains(&option.as_str()) || tested.clone().any(|tested| tested == *option));
        }
        assert_eq!(tested.collect::<BTreeSet<_>>(), options, "{verb}");
    }
    let verbs_of = |before: &str| {
        let help = help(&words(&format!("{before} --help")));
        let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        // Longer descriptions go on in the next line.
        let verbs = lines.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
        verbs.map(|verb| format!("{before} {verb}").trim().to_owned()).collect::<Vec<_>>()
    };
    let verbs: BTreeSet<String> = verbs_of("").into_iter().chain(verbs_of("models")).collect();
    assert_eq!(verbs::all().map(|(verb, _)| (*verb).to_owned()).collect::<BTreeSet<_>>(), verbs);
    if cfg!(feature = "server") {
        let groups = ["user", "token", "invitation", "queue"].map(|group| format!("serve admin {group}"));
        let mut verbs: BTreeSet<String> = verbs_of("serve admin").into_iter().collect();
        for group in &groups {
            assert!(verbs.remove(group), "{group}");
            verbs.extend(verbs_of(group));
        }
        verbs.remove("serve admin help");
        assert_eq!(ADMIN_VERBS.iter().map(|(verb, _)| (*verb).to_owned()).collect::<BTreeSet<_>>(), verbs);
    }
}

#[test]
fn the_help_is_complete_and_the_short_one_fits_a_screen() {
    let workplace = Workplace::new();
    let help = |arguments: &[&str]| {
        let mut command = workplace.command();
        common::program::finish(command.env("COLUMNS", "80").args(arguments)).succeeded().output_text().to_owned()
    };
    insta::assert_snapshot!("help", help(&["--help"]));
    let short = help(&["-h"]);
    // A terminal is 80 by 24 where nobody made it larger.
    assert!(short.lines().count() <= 24 && short.lines().all(|line| line.chars().count() <= 80), "{short}");
    insta::assert_snapshot!("short_help", short);
    // What a dry run of nothing but a prompt prints is in the help, too.
    let long = help(&["--help"]).split_whitespace().collect::<Vec<_>>().join(" ");
    let settings: toml::Table = workplace.run(&words(DRY)).succeeded().output_text().parse().unwrap();
    for (name, value) in
        settings.iter().filter(|(name, _)| !["prompt", "vqgan", "clip", "cut_batch"].contains(&name.as_str()))
    {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let option = format!("--{}", name.replace('_', "-"));
        let of_option = &long[long.find(&format!("{option} <")).or_else(|| long.find(&option)).unwrap()..];
        let default = &of_option[of_option.find("[default: ").unwrap() + 10..];
        let value = value.strip_suffix(".0").unwrap_or(&value);
        assert!(default.starts_with(value), "{option}: {value} is not {}", &default[..20]);
    }
}

#[test]
fn shells_and_man_know_every_option() {
    let workplace = Workplace::new();
    let help = workplace.run(&["--help"]).succeeded();
    let options = options_of(help.output_text());
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = workplace.run(&["completions", shell]).succeeded();
        for option in &options {
            let name = option.trim_start_matches('-');
            assert!(script.output_text().contains(name), "{shell}: {option}");
        }
    }
    let page = workplace.run(&["man"]).succeeded();
    for option in &options {
        assert!(page.output_text().contains(&option.replace('-', r"\-")), "{option}");
    }
}

#[test]
fn the_doctor_sees_what_there_is() {
    let workplace = Workplace::new();
    let findings = workplace.run(&["doctor", "--json"]).succeeded().output_json();
    assert!(findings["program"].as_str().unwrap().starts_with("text2art "));
    assert!(findings["threads"].as_u64().unwrap() > 0 && findings["memory"]["total"].as_u64().unwrap() > 0);
    assert_eq!(findings["config"]["present"], false);
    let built = findings["features"].as_array().unwrap().iter().any(|feature| feature == "cuda");
    let nvidia = findings["nvidia"].as_object().unwrap();
    let without = "this program was built without CUDA";
    assert!(built || nvidia["problem"]["problem"] == without && nvidia["gpus"].as_array().unwrap().is_empty());
    let models = findings["models"].as_array().unwrap();
    assert!(models.len() == 2 && models.iter().all(|model| model["problem"].is_null()), "{models:?}");
    let text = workplace.run(&["doctor"]).succeeded();
    assert!(text.output_text().contains("model            vqgan embedded: usable"), "{}", text.output_text());
    let gpu = format!("GPU              none: {without}");
    assert!(built || text.output_text().contains(&gpu), "{}", text.output_text());
}

//! `text2art models`: listing, downloading, checking, finding, importing and removing models.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::hub::{Repository, TestHub};
use common::program::{Workplace, finish};
use common::{fixtures, text};

const SMALL: [&str; 8] = ["a red apple", "--size", "32x32", "-n", "1", "--cutouts", "1", "-q"];

fn hub() -> TestHub {
    let flax = Repository::new("acme/flax", flax_model());
    TestHub::new(vec![Repository::clip("acme/clip"), Repository::vqgan("acme/vqgan"), flax])
}

/// The small VQGAN as flax publishes it.
fn flax_model() -> Vec<(String, Vec<u8>)> {
    let file = text2art::models::container::TensorFile::open(&fixtures().join("vqgan/last.ckpt")).unwrap();
    let config = std::fs::read(fixtures().join("vqgan/config.json")).unwrap();
    vec![("flax_model.msgpack".into(), common::layouts::flax(&file)), ("config.json".into(), config)]
}

fn command(workplace: &Workplace, hub: &TestHub, arguments: &[&str]) -> Command {
    let mut command = workplace.command();
    command.env("HF_ENDPOINT", &hub.endpoint).env("TEXT2ART_NETWORK_TIMEOUT", "5").args(arguments);
    command
}

fn home(workplace: &Workplace) -> PathBuf {
    workplace.root().join("home")
}

fn converted(workplace: &Workplace) -> Vec<PathBuf> {
    let folder = home(workplace).join(".cache/text2art/converted");
    std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_list_tells_sizes_formats_licences_and_pins() {
    let workplace = Workplace::new();
    let list = workplace.run(&["models", "list", "--json"]).succeeded().output_json();
    let line = |name: &str| list.as_array().unwrap().iter().find(|line| line["name"] == name).unwrap();
    for name in [
        "imagenet-f16-16384",
        "imagenet-f16-1024",
        "imagenet-f16-16384-cc",
        "amused",
        "sber-gumbel-f8",
        "wikiart-f16-16384",
        "vit-b32",
        "vit-b16",
        "vit-l14",
        "vit-l14-336",
        "rn50",
        "rn50x4",
        "rn101",
        "laion-b32",
        "vit-b32-multilingual",
        "chinese-vit-b16",
        "aesthetic-vit-b32",
        "aesthetic-vit-b16",
        "aesthetic-vit-l14",
    ] {
        assert!(!line(name)["licence"].as_str().unwrap().is_empty());
        assert_eq!(line(name)["here"], false);
    }
    assert_eq!(
        (line("vit-b32")["bytes"].as_u64(), line("vit-b32")["pinned"].as_bool()),
        (Some(605_143_284), Some(true))
    );
    assert_eq!(
        (line("rn101")["pinned"].as_bool(), line("wikiart-f16-1024")["pinned"].as_bool()),
        (Some(false), Some(false))
    );
    let lines = workplace.run(&["models", "list"]).succeeded();
    let line = lines.output_text().lines().find(|line| line.starts_with("rn50x4")).unwrap();
    assert!(line.contains("unpinned") && line.contains("~713.0 MB") && line.contains("safetensors"), "{line}");
}

#[test]
fn models_are_fetched_found_checked_and_removed() {
    let (hub, workplace) = (hub(), Workplace::new());
    let run = |arguments: &[&str]| finish(&mut command(&workplace, &hub, arguments));
    for name in ["acme/clip", "vit-b32"] {
        let outcome = run(&["models", "path", name]);
        let told = format!("error: {name} is not downloaded\nhint: download it: text2art models pull {name}\n");
        assert_eq!((outcome.code, outcome.errors), (Some(2), told));
    }
    let outcome = run(&["models", "verify"]).succeeded();
    assert!(outcome.output.is_empty() && outcome.errors.starts_with("nothing to verify"), "{}", outcome.errors);
    assert!(hub.requests().is_empty());
    let pulled = run(&["models", "pull", "acme/clip", "acme/vqgan", "--json"]).succeeded().output_json();
    assert_eq!((pulled[0]["role"].as_str(), pulled[1]["role"].as_str()), (Some("clip"), Some("vqgan")));
    let path = run(&["models", "path", "acme/clip"]).succeeded();
    assert_eq!(Some(path.output_text().trim_end()), pulled[0]["files"][0].as_str());
    let found = run(&["models", "path", "acme/vqgan", "--json"]).succeeded().output_json();
    assert_eq!(found["commit"].as_str(), Some(Repository::new("acme/vqgan", []).commit.as_str()));
    assert_eq!(found["configuration"], pulled[1]["files"][1]);

    let checked = run(&["models", "verify", "acme/clip", "acme/vqgan", "--json"]).succeeded().output_json();
    assert_eq!(checked.as_array().unwrap().len(), 5);
    assert!(checked.as_array().unwrap().iter().all(|line| line["state"] == "right"), "{checked}");
    for file in ["model.safetensors", "config.json"] {
        let path = Path::new(path.output_text().trim_end()).with_file_name(file);
        let whole = std::fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        damaged[20] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        let outcome = run(&["models", "verify", "acme/clip"]);
        assert_eq!(outcome.code, Some(2), "{file}");
        assert_eq!(outcome.output_text().lines().filter(|line| line.starts_with("wrong")).count(), 1);
        assert!(outcome.errors.contains("text2art models pull acme/clip"), "{}", outcome.errors);
        run(&["models", "pull", "acme/clip"]).succeeded();
        assert!(std::fs::read(&path).unwrap() == whole, "{file} is not repaired");
    }
    run(&["models", "rm", "acme/clip"]).succeeded();
    assert!(!home(&workplace).join(".cache/huggingface/hub/models--acme--clip").exists());
    let outcome = run(&["models", "verify", "acme/clip"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.errors.contains("text2art models pull acme/clip"), "{}", outcome.errors);
    run(&["models", "path", "acme/vqgan"]).succeeded();
}

#[test]
fn weights_are_converted_once() {
    for name in ["acme/vqgan", "acme/flax"] {
        let (hub, workplace) = (hub(), Workplace::new());
        let draw = |output: &str, arguments: &[&str]| {
            let arguments = [&SMALL[..], &["--vqgan"], arguments, &["-o", output, "--progress", "json"]].concat();
            finish(&mut command(&workplace, &hub, &arguments)).succeeded()
        };
        let events = draw("a.png", &[name]).events();
        assert!(events.iter().any(|event| event["event"] == "converting"), "{name}");
        let files = converted(&workplace);
        assert_eq!(files.len(), 1);
        let written = files[0].metadata().unwrap().modified().unwrap();
        let events = draw("b.png", &[name, "--offline"]).events();
        assert!(events.iter().all(|event| event["event"] != "converting"), "{name}");
        assert_eq!(files[0].metadata().unwrap().modified().unwrap(), written);
        assert!(workplace.read("a.png") == workplace.read("b.png"));
        // The weights as they were published draw the same picture.
        let path = finish(&mut command(&workplace, &hub, &["models", "path", name])).succeeded();
        let published = PathBuf::from(path.output_text().trim_end());
        draw("c.png", &[text(published.parent().unwrap())]);
        let pixels = |name: &str| image::load_from_memory(&workplace.read(name)).unwrap().into_rgb8();
        assert!(pixels("a.png") == pixels("c.png"), "{name}");
        // What was damaged meanwhile is made again.
        std::fs::write(&files[0], b"nonsense").unwrap();
        draw("d.png", &[name]);
        assert!(workplace.read("a.png") == workplace.read("d.png"));
        finish(&mut command(&workplace, &hub, &["models", "rm", name])).succeeded();
        assert!(converted(&workplace).is_empty());
    }
}

#[test]
#[cfg(unix)]
fn where_nothing_can_be_kept_the_published_weights_are_read() {
    let (hub, workplace) = (hub(), Workplace::new());
    // A file in the folder's place, which root may not pass either.
    std::fs::create_dir_all(home(&workplace).join(".cache/text2art")).unwrap();
    std::fs::write(home(&workplace).join(".cache/text2art/converted"), "").unwrap();
    let outcome =
        finish(&mut command(&workplace, &hub, &[&SMALL[..], &["--vqgan", "acme/vqgan", "-o", "a.png"]].concat()));
    assert!(outcome.succeeded().errors.contains("warning: cannot convert last.ckpt"));
}

#[test]
fn models_are_imported() {
    let (hub, workplace) = (hub(), Workplace::new());
    let run = |arguments: &[&str]| finish(&mut command(&workplace, &hub, arguments));
    let folder = fixtures().join("vqgan");
    run(&["models", "import", "imagenet-f16-16384", text(&folder.join("last.ckpt"))]).succeeded();
    run(&["models", "import", "acme/clip", text(&fixtures().join("clip")), "--role", "clip"]).succeeded();
    let names = ["--vqgan", "imagenet-f16-16384", "--clip", "acme/clip", "--offline", "-o", "a.png"];
    run(&[&SMALL[..], &names].concat()).succeeded();
    let list = run(&["models", "list", "--json"]).succeeded().output_json();
    let here = list.as_array().unwrap().iter().filter(|line| line["here"] == true).map(|line| line["name"].clone());
    assert_eq!(here.collect::<Vec<_>>(), ["imagenet-f16-16384"]);
    run(&["models", "rm", "imagenet-f16-16384"]).succeeded();
    assert_eq!(run(&[&SMALL[..], &names[..5], &["-o", "b.png"]].concat()).code, Some(2));

    // What is not what the list pins, or does not load, is not taken.
    let openai = fixtures().join("clip-openai-vit");
    let outcome = run(&["models", "import", "vit-b32", text(&openai)]);
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.errors.contains("e6d1bd7789aa45192b3bf90570a789b478bae1b74ebcce7eddd908e83a2b7c31"),
        "{}",
        outcome.errors
    );
    assert_eq!(run(&["models", "import", "vit-b32", text(&folder)]).code, Some(2));
    assert_eq!(run(&["models", "import", "acme/other", text(&folder)]).code, Some(2));
    assert!(hub.requests().is_empty());
}

#[test]
fn names_that_nothing_has() {
    let workplace = Workplace::new();
    for verb in ["pull", "verify", "path", "rm"] {
        workplace.refuses(&["models", verb, "vit-b23", "--offline"], &["vit-b23"]);
    }
    workplace.refuses(&["models", "pull", "vit-b32", "--offline"], &["open_clip_model.safetensors"]);
    workplace.refuses(&["models", "pull", "acme/clip", "--offline"], &["acme/clip"]);
}

#[test]
fn imports_stand_apart_and_give_way_at_once() {
    let (hub, workplace) = (hub(), Workplace::new());
    let run = |arguments: &[&str]| finish(&mut command(&workplace, &hub, arguments));
    let fixture = fixtures().join("vqgan");
    // A file whose name says nothing, with a configuration of its name.
    std::fs::copy(fixture.join("last.ckpt"), workplace.join("odd.weights")).unwrap();
    std::fs::copy(fixture.join("model.yaml"), workplace.join("odd.yaml")).unwrap();
    run(&["models", "import", "amused", "odd.weights"]).succeeded();
    run(&["models", "import", "amused/amused-256", text(&fixture), "--role", "vqgan"]).succeeded();
    let first = run(&["models", "path", "amused"]).succeeded().output_text().to_owned();
    let second = run(&["models", "path", "amused/amused-256"]).succeeded().output_text().to_owned();
    assert!(first != second && !second.starts_with(first.trim_end()), "{first}{second}");
    // One that fails leaves what was there; another takes its place.
    assert_eq!(run(&["models", "import", "amused", text(&fixtures().join("clip"))]).code, Some(2));
    run(&["models", "path", "amused"]).succeeded();
    run(&["models", "import", "amused", text(&fixture)]).succeeded();
    run(&["models", "rm", "amused"]).succeeded();
    assert_eq!(run(&["models", "path", "amused"]).code, Some(2));
    run(&["models", "path", "amused/amused-256"]).succeeded();
    let folder = home(&workplace).join(".cache/text2art/imported");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
    let outcome = run(&["models", "import", "acme/vqgan@v2", text(&fixture), "--role", "vqgan"]);
    assert!(outcome.code == Some(2) && outcome.errors.contains("cannot have a revision"), "{}", outcome.errors);
}

#[test]
fn what_is_not_here_cannot_be_removed() {
    let workplace = Workplace::new();
    for name in ["no/such", "amused", "imagenet"] {
        workplace.refuses(&["models", "rm", name], &["no downloaded files", name]);
    }
    workplace.refuses(&["models", "verify", "imagenet"], &["imagenet-f16-16384"]);
    workplace.refuses(&["models", "path", "imagenet"], &["imagenet-f16-16384"]);
}

#[test]
fn damaged_weights_are_not_converted() {
    let (hub, workplace) = (hub(), Workplace::new());
    let run = |arguments: &[&str]| finish(&mut command(&workplace, &hub, arguments));
    run(&["models", "pull", "acme/vqgan"]).succeeded();
    let path = run(&["models", "path", "acme/vqgan"]).succeeded();
    let path = Path::new(path.output_text().trim_end());
    let whole = std::fs::read(path).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(path, damaged).unwrap();
    let outcome = run(&[&SMALL[..], &["--vqgan", "acme/vqgan", "-o", "a.png"]].concat());
    assert!(outcome.code == Some(2) && outcome.errors.contains("SHA-256"), "{}", outcome.errors);
    assert!(outcome.errors.contains("text2art models pull acme/vqgan"), "{}", outcome.errors);
    assert!(converted(&workplace).is_empty());
    run(&["models", "pull", "acme/vqgan"]).succeeded();
    assert!(std::fs::read(path).unwrap() == whole);
    run(&[&SMALL[..], &["--vqgan", "acme/vqgan", "-o", "a.png"]].concat()).succeeded();
}

/// The head of a CLIP comes from a page, here from a mirror of pages, and only the published file is taken.
#[test]
fn aesthetic_heads_are_fetched_from_their_page() {
    let address = "raw.githubusercontent.com/LAION-AI/aesthetic-predictor/6d122adad522ab246644d9dc1c6d7a3810ee255f";
    let name = format!("{address}/sa_0_4_vit_b_32_linear.pth");
    // The length is that of the published head, the content is not.
    let hub = TestHub::new(vec![Repository::new("acme/page", [(name.clone(), vec![7; 3047])])]);
    let workplace = Workplace::new();
    let run = |arguments: &[&str]| finish(command(&workplace, &hub, arguments).env("TEXT2ART_PAGES", &hub.elsewhere));
    let refused = run(&["models", "pull", "aesthetic-vit-b32"]);
    assert!(refused.code != Some(0) && refused.errors.contains("SHA-256"), "{}", refused.errors);
    assert!(!hub.requests_of(&format!("GET elsewhere /{name}")).is_empty());
    assert!(hub.requests().iter().all(|seen| seen.path == format!("elsewhere /{name}")));
    let asked = hub.requests().len();
    let offline = run(&["models", "pull", "aesthetic-vit-b32", "--offline"]);
    assert_eq!(offline.code, Some(2));
    assert!(offline.errors.contains("--offline is set"), "{}", offline.errors);
    assert_eq!(run(&["models", "path", "aesthetic-vit-b32"]).code, Some(2));
    assert_eq!(hub.requests().len(), asked);
    let outcome = finish(workplace.command().env("TEXT2ART_PAGES", "mirror").args(["models", "list"]));
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.errors.contains("TEXT2ART_PAGES: `mirror` is not a web address"), "{}", outcome.errors);
    // A copy of one's own is found by its name.
    let tensors = [("weight".to_owned(), vec![1, 3], vec![1.0; 3]), ("bias".to_owned(), vec![1], vec![0.5])];
    let head = common::layouts::pickle(tensors.into_iter(), false);
    workplace.write("head.pth", head);
    workplace.run(&["models", "import", "aesthetic-vit-b32", "head.pth"]).succeeded();
    let path = workplace.run(&["models", "path", "aesthetic-vit-b32"]).succeeded();
    assert!(path.output_text().trim_end().ends_with("imported/aesthetic-vit-b32/head.pth"), "{}", path.output_text());
    workplace.run(&["models", "rm", "aesthetic-vit-b32"]).succeeded();
    assert_eq!(workplace.run(&["models", "path", "aesthetic-vit-b32"]).code, Some(2));
}

#[test]
fn a_broken_environment_is_a_finding() {
    let workplace = Workplace::new();
    for (variable, value) in [("HF_ENDPOINT", "foo"), ("HF_TOKEN", "a b")] {
        let outcome = finish(workplace.command().arg("doctor").env(variable, value)).succeeded();
        let line = outcome.output_text().lines().find(|line| line.starts_with("environment"));
        assert!(line.is_some_and(|line| line.contains(variable)), "{}", outcome.output_text());
    }
    assert!(!workplace.run(&["doctor"]).succeeded().output_text().contains("environment"));
}

//! Models by name: where they are looked for, and in which order; without a network, too.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::hub::{Repository, TestHub};
use common::program::{Outcome, Workplace, finish};
use common::{fixtures, text};
use serde_json::Value;

const SMALL: [&str; 9] = ["a red apple", "--size", "32x32", "-n", "1", "--cutouts", "1", "--progress", "json"];
const PINNED: &str = "0123456789abcdef0123456789abcdef01234567";

fn hub() -> TestHub {
    TestHub::new(vec![Repository::clip("acme/clip").branch("refs/pr/15"), Repository::vqgan("acme/vqgan")])
}

fn command(workplace: &Workplace, hub: &TestHub, arguments: &[&str]) -> Command {
    let mut command = workplace.command();
    command.env("HF_ENDPOINT", &hub.endpoint).env("TEXT2ART_NETWORK_TIMEOUT", "5").args(arguments);
    command
}

fn draw(workplace: &Workplace, hub: &TestHub, more: &[&str]) -> Outcome {
    finish(&mut command(workplace, hub, &[&SMALL[..], more].concat()))
}

fn failure(outcome: &Outcome) -> Value {
    outcome.events().pop().unwrap()
}

/// Puts a model's files where `TEXT2ART_WEIGHTS` has them.
fn own(folder: &Path, name: &str, fixture: &str, files: &[&str]) {
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for file in files {
        std::fs::copy(fixtures().join(fixture).join(file), folder.join(file)).unwrap();
    }
}

#[test]
fn a_picture_from_repositories_and_its_recipe() {
    let (hub, workplace) = (hub(), Workplace::new());
    let names = ["--vqgan", "acme/vqgan", "--clip", "acme/clip@refs/pr/15", "-o"];
    let outcome = draw(&workplace, &hub, &[&names[..], &["a.png"]].concat()).succeeded();
    assert!(outcome.events().iter().any(|event| event["event"] == "download" && event["model"] == "acme/vqgan"));
    let recipe = workplace.run(&["info", "a.png", "--json"]).succeeded().output_json();
    let commits = [Repository::new("acme/vqgan", []).commit, Repository::new("acme/clip", []).commit];
    for (model, commit) in recipe["models"].as_array().unwrap().iter().zip(&commits) {
        assert_eq!(model["revision"].as_str(), Some(commit.as_str()), "{model}");
    }
    assert_eq!(recipe["models"][0]["file"], "last.ckpt");
    let checkpoint = std::fs::read(fixtures().join("vqgan/last.ckpt")).unwrap();
    let digest = text2art::output::to_hex(&<sha2::Sha256 as sha2::Digest>::digest(checkpoint));
    assert_eq!(recipe["models"][0]["sha256"].as_str(), Some(digest.as_str()));

    // The second time nobody is asked, and the bytes are the same.
    let asked = hub.requests().len();
    draw(&workplace, &hub, &[&names[..], &["b.png"]].concat()).succeeded();
    assert_eq!(hub.requests().len(), asked);
    assert!(workplace.read("a.png") == workplace.read("b.png"));

    // The branch moves on; the recipe stays where it was.
    hub.change("acme/vqgan", |repository| repository.commit = PINNED.into());
    finish(&mut command(&workplace, &hub, &["models", "pull", "acme/vqgan"])).succeeded();
    draw(&workplace, &hub, &["--from", "a.png", "-o", "c.png"]).succeeded();
    let recipe = workplace.run(&["info", "c.png", "--json"]).succeeded().output_json();
    assert_eq!(recipe["models"][0]["revision"].as_str(), Some(commits[0].as_str()));
    draw(&workplace, &hub, &[&names[..], &["d.png"]].concat()).succeeded();
    let recipe = workplace.run(&["info", "d.png", "--json"]).succeeded().output_json();
    assert_eq!(recipe["models"][0]["revision"].as_str(), Some(PINNED));
    assert!(workplace.read("a.png") == workplace.read("c.png"));
}

#[test]
fn a_full_cache_needs_no_network_and_a_hole_in_it_is_named() {
    let (hub, workplace) = (hub(), Workplace::new());
    let names = ["--vqgan", "acme/vqgan", "--clip", "acme/clip", "-o"];
    draw(&workplace, &hub, &[&names[..], &["a.png"]].concat()).succeeded();
    let asked = hub.requests().len();
    draw(&workplace, &hub, &[&names[..], &["b.png", "--offline"]].concat()).succeeded();
    let arguments = [&SMALL[..], &names, &["c.png"]].concat();
    finish(command(&workplace, &hub, &arguments).env("HF_HUB_OFFLINE", "1")).succeeded();
    for (name, missing) in [("clip", "tokenizer.json"), ("vqgan", "model.yaml"), ("clip", "model.safetensors")] {
        let commit = Repository::new(&format!("acme/{name}"), []).commit;
        let snapshot = format!("home/.cache/huggingface/hub/models--acme--{name}/snapshots/{commit}");
        let path = workplace.root().join(snapshot).join(missing);
        std::fs::rename(&path, workplace.join("aside")).unwrap();
        let outcome = draw(&workplace, &hub, &[&names[..], &["d.png", "--offline"]].concat());
        assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
        let failed = failure(&outcome);
        let (message, hint) = (failed["message"].as_str().unwrap(), failed["hint"].as_str().unwrap());
        assert!(message.contains(&format!("acme/{name}")), "{message}");
        if missing != "model.yaml" {
            assert!(message.contains(missing), "{message}");
        }
        let fetch = format!("text2art models pull acme/{name} --role {name}");
        assert!(hint.contains(&fetch), "{hint}");
        std::fs::rename(workplace.join("aside"), &path).unwrap();
    }
    assert_eq!(hub.requests().len(), asked, "offline, the hub was asked");
    // The command it names fetches what is missing.
    for name in ["clip", "vqgan"] {
        std::fs::remove_dir_all(workplace.root().join(format!("home/.cache/huggingface/hub/models--acme--{name}")))
            .unwrap();
    }
    finish(&mut command(&workplace, &hub, &["models", "pull", "acme/clip", "--role", "clip"])).succeeded();
    finish(&mut command(&workplace, &hub, &["models", "pull", "acme/vqgan", "--role", "vqgan"])).succeeded();
    draw(&workplace, &hub, &[&names[..], &["d.png", "--offline"]].concat()).succeeded();
    assert!(workplace.read("a.png") == workplace.read("d.png"));
}

#[test]
fn names_of_the_list_are_found_in_the_cache() {
    let workplace = Workplace::new();
    let hub = TestHub::new(Vec::new());
    // What the list pins is nothing that small weights fit: the files are put where the list has them.
    let list = workplace.run(&["models", "list", "--json"]).succeeded().output_json();
    let cache = workplace.root().join("home/.cache/huggingface/hub");
    let place = |repository: &str, commit: &str, file: &str, content: PathBuf| {
        let folder = cache.join(format!("models--{}", repository.replace('/', "--"))).join("snapshots").join(commit);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(content, folder.join(file)).unwrap();
    };
    for line in list.as_array().unwrap() {
        let (repository, revision) = (line["repository"].as_str(), line["revision"].as_str().unwrap_or_default());
        match line["name"].as_str().unwrap() {
            "vit-b32" => {
                let folder = fixtures().join("clip-openai-vit");
                for file in ["open_clip_model.safetensors", "open_clip_config.json"] {
                    place(repository.unwrap(), revision, file, folder.join(file));
                }
            }
            "imagenet-f16-1024" => {
                place(repository.unwrap(), revision, "pytorch_model.bin", fixtures().join("vqgan/last.ckpt"));
                place(repository.unwrap(), revision, "config.json", fixtures().join("vqgan/config.json"));
            }
            _ => {}
        }
    }
    let names = ["--vqgan", "imagenet-f16-1024", "--clip", "vit-b32", "--offline", "-o", "a.png"];
    let failed = failure(&draw(&workplace, &hub, &names));
    assert_eq!(failed["exit_code"], 2);
    assert!(failed["message"].as_str().unwrap().contains("tokenizer.json of openai/clip-vit-base-patch32"), "{failed}");
    assert!(failed["hint"].as_str().unwrap().contains("text2art models pull vit-b32"), "{failed}");
    let tokenizer = fixtures().join("clip-openai-vit/tokenizer.json");
    place("openai/clip-vit-base-patch32", "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268", "tokenizer.json", tokenizer);
    draw(&workplace, &hub, &names).succeeded();
    let list = workplace.run(&["models", "list", "--json"]).succeeded().output_json();
    let here = list.as_array().unwrap().iter().filter(|line| line["here"] == true).map(|line| line["name"].clone());
    assert_eq!(here.collect::<Vec<_>>(), ["imagenet-f16-1024", "vit-b32"]);
    assert!(hub.requests().is_empty());
}

#[test]
fn own_folders_come_before_the_cache() {
    let (hub, workplace) = (hub(), Workplace::new());
    let weights = workplace.join("weights");
    own(
        &weights,
        "vit-b32",
        "clip-openai-vit",
        &["open_clip_model.safetensors", "open_clip_config.json", "tokenizer.json"],
    );
    own(&weights, "acme/vqgan", "vqgan", &["last.ckpt", "model.yaml"]);
    let arguments = [&SMALL[..], &["--vqgan", "acme/vqgan", "--clip", "vit-b32", "-o", "a.png"]].concat();
    finish(command(&workplace, &hub, &arguments).env("TEXT2ART_WEIGHTS", &weights)).succeeded();
    assert!(hub.requests().is_empty());
    // A path comes before everything.
    std::fs::create_dir_all(workplace.join("acme")).unwrap();
    std::fs::rename(weights.join("acme/vqgan"), workplace.join("acme/vqgan")).unwrap();
    draw(&workplace, &hub, &["--vqgan", "acme/vqgan", "--clip", text(&weights.join("vit-b32")), "-o", "b.png"])
        .succeeded();
    assert!(hub.requests().is_empty());
}

#[test]
fn names_that_nothing_has() {
    let (hub, workplace) = (hub(), Workplace::new());
    for (arguments, word, hint) in [
        (["--clip", "vit-b23"], "vit-b23", "vit-b32"),
        (["--vqgan", "imagenet-f16-16834"], "imagenet-f16-16834", "imagenet-f16-16384"),
        (["--vqgan", "vit-b32"], "is for --clip", "--clip"),
        (["--clip", "nowhere.safetensors"], "no such file", "path"),
        (["--model", "imagnet"], "imagnet", "imagenet"),
    ] {
        let outcome = draw(&workplace, &hub, &[&arguments[..], &["-o", "a.png"]].concat());
        let failed = failure(&outcome);
        assert_eq!(outcome.code, Some(2), "{failed}");
        assert!(failed["message"].as_str().unwrap().contains(word), "{failed}");
        assert!(failed["hint"].as_str().unwrap().contains(hint), "{failed}");
    }
    assert!(hub.requests().is_empty());
}

#[test]
fn a_model_stands_for_a_vqgan_and_what_judges_it() {
    let workplace = Workplace::new();
    let settings = |arguments: &[&str]| -> toml::Table {
        let outcome = workplace.run(&[&["a", "--dry-run"], arguments].concat()).succeeded();
        outcome.output_text().parse().unwrap()
    };
    let best = settings(&["--model", "imagenet", "--quality", "best"]);
    assert_eq!(best["vqgan"].as_str(), Some("imagenet-f16-16384"));
    assert_eq!(best["clip"].as_array().unwrap().len(), 3);
    assert_eq!((best["size"].as_str(), best["iterations"].as_integer()), (Some("384x384"), Some(500)));
    let draft = settings(&["--model", "amused", "--quality", "draft", "--clip", "rn50"]);
    assert_eq!((draft["vqgan"].as_str(), draft["clip"][0].as_str()), (Some("amused"), Some("rn50")));
    // A VQGAN of any kind gets the CLIP models that suit published ones.
    let other = settings(&["--model", "acme/vqgan"]);
    assert_eq!((other["vqgan"].as_str(), other["clip"][0].as_str()), (Some("acme/vqgan"), Some("vit-b32")));
    // A quality chooses the CLIP models of a model that a weaker source names, too.
    workplace.write("settings.toml", "model = \"imagenet\"\n");
    let flagged = settings(&["--config", "settings.toml", "--quality", "draft"]);
    assert_eq!(flagged["clip"].as_array().unwrap().len(), 1);
    assert_eq!(flagged["clip"][0].as_str(), Some("vit-b16"));
}

//! Models by name: where they are looked up, in which order, and what happens without a network.

#![allow(clippy::unwrap_used)]

use crate::common;

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
    let digest = text2art::files::to_hex(&<sha2::Sha256 as sha2::Digest>::digest(checkpoint));
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
            "vit-b16" => {
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
    let names = ["--vqgan", "imagenet-f16-1024", "--clip", "vit-b16", "--offline", "-o", "a.png"];
    let failed = failure(&draw(&workplace, &hub, &names));
    assert_eq!(failed["exit_code"], 2);
    assert_eq!(failed["message"], "vit-b16 is not downloaded (tokenizer.json), and --offline is set");
    assert!(failed["hint"].as_str().unwrap().contains("text2art models pull vit-b16"), "{failed}");
    // The list knows the tokenizer's size.
    let mut content = std::fs::read(fixtures().join("clip-openai-vit/tokenizer.json")).unwrap();
    content.resize(2_224_041, b' ');
    workplace.write("tokenizer.json", content);
    let tokenizer = workplace.join("tokenizer.json");
    place("openai/clip-vit-base-patch32", "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268", "tokenizer.json", tokenizer);
    draw(&workplace, &hub, &names).succeeded();
    let list = workplace.run(&["models", "list", "--json"]).succeeded().output_json();
    let here = list.as_array().unwrap().iter().filter(|line| line["here"] == true).map(|line| line["name"].clone());
    assert_eq!(here.collect::<Vec<_>>(), ["imagenet-f16-1024", "vit-b16"]);
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
        (["--clip", "nowhere.safetensors"], "not found", "path"),
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

/// Writes a picture with the recipe of another, changed.
fn forge(workplace: &Workplace, from: &str, to: &str, change: impl FnOnce(&mut text2art::models::ModelRecord)) {
    let mut recipe = text2art::output::Recipe::read(&workplace.join(from)).unwrap();
    change(&mut recipe.models[0]);
    let picture = candle_core::Tensor::zeros((1, 3, 32, 32), candle_core::DType::F32, &candle_core::Device::Cpu);
    workplace.write(to, text2art::output::encode(&picture.unwrap(), Some(&recipe), None).unwrap());
}

#[test]
fn a_recipe_names_a_commit_and_its_weights() {
    let (hub, workplace) = (hub(), Workplace::new());
    draw(&workplace, &hub, &["--vqgan", "acme/vqgan", "-o", "a.png"]).succeeded();
    for wild in ["../../../../../outside", "main", "/etc", ""] {
        forge(&workplace, "a.png", "wild.png", |record| record.revision = Some(wild.into()));
        let before = workplace.content().len();
        let outcome = draw(&workplace, &hub, &["--from", "wild.png", "-o", "b.png"]);
        assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
        assert!(failure(&outcome)["message"].as_str().unwrap().contains("not a valid commit"), "{}", outcome.errors);
        assert_eq!(workplace.content().len(), before);
    }
    // Other weights are refused where they are here, and where they would be fetched.
    forge(&workplace, "a.png", "other.png", |record| record.sha256 = "1".repeat(64));
    let outcome = draw(&workplace, &hub, &["--from", "other.png", "-o", "b.png"]);
    assert!(outcome.code == Some(2) && outcome.errors.contains("of the recipe"), "{}", outcome.errors);
    finish(&mut command(&workplace, &hub, &["models", "rm", "acme/vqgan"])).succeeded();
    let outcome = draw(&workplace, &hub, &["--from", "other.png", "--trust", "-o", "b.png"]);
    assert!(outcome.code == Some(1) && outcome.errors.contains(&"1".repeat(64)), "{}", outcome.errors);
    // Offline, what is to be fetched is named with its commit.
    let failed = failure(&draw(&workplace, &hub, &["--from", "a.png", "--offline", "-o", "b.png"]));
    let commit = Repository::new("acme/vqgan", []).commit;
    assert!(failed["hint"].as_str().unwrap().contains(&format!("acme/vqgan@{commit}")), "{failed}");
    draw(&workplace, &hub, &["--from", "a.png", "--trust", "-o", "b.png"]).succeeded();
    assert!(workplace.read("a.png") == workplace.read("b.png"));
}

#[test]
fn a_dry_run_tells_what_the_run_would_fetch() {
    let (hub, workplace) = (hub(), Workplace::new());
    let weights = workplace.join("weights");
    let dry = |arguments: &[&str]| {
        let arguments = [&["a", "--dry-run"], arguments].concat();
        let outcome = finish(command(&workplace, &hub, &arguments).env("TEXT2ART_WEIGHTS", &weights)).succeeded();
        outcome.output_text().lines().find(|line| line.contains("to be downloaded")).unwrap_or_default().to_owned()
    };
    // Weights without a tokenizer; an empty folder; another's folder under the entry's name.
    own(&weights, "vit-b32", "clip-openai-vit", &["open_clip_model.safetensors", "open_clip_config.json"]);
    assert!(dry(&["--clip", "vit-b32"]).contains("vit-b32, tokenizer.json, 2.2 MB"), "{}", dry(&["--clip", "vit-b32"]));
    std::fs::create_dir_all(weights.join("vit-b16")).unwrap();
    assert!(dry(&["--clip", "vit-b16"]).contains("open_clip_model.safetensors"));
    own(&weights, "amused/amused-256", "vqgan", &["last.ckpt", "model.yaml"]);
    assert!(dry(&["--vqgan", "amused"]).contains("diffusion_pytorch_model.safetensors"));
    assert_eq!(dry(&["--vqgan", "amused/amused-256"]), "");
    own(&weights, "amused--other", "vqgan", &["last.ckpt", "model.yaml"]);
    assert_eq!(dry(&["--vqgan", "amused/other"]), "");
    // A part of a repository.
    finish(&mut command(&workplace, &hub, &["models", "pull", "acme/clip"])).succeeded();
    assert_eq!(dry(&["--clip", "acme/clip"]), "");
    let commit = Repository::new("acme/clip", []).commit;
    let snapshot = format!("home/.cache/huggingface/hub/models--acme--clip/snapshots/{commit}");
    std::fs::remove_file(workplace.root().join(snapshot).join("tokenizer.json")).unwrap();
    assert!(dry(&["--clip", "acme/clip"]).contains("acme/clip"));
}

#[test]
fn all_names_of_a_score_are_checked_first() {
    let (hub, workplace) = (hub(), Workplace::new());
    draw(&workplace, &hub, &["-o", "a.png"]).succeeded();
    let arguments = ["score", "a.png", "--prompt", "a", "--clip", "acme/clip,vit-b23"];
    let outcome = finish(&mut command(&workplace, &hub, &arguments));
    assert!(outcome.code == Some(2) && outcome.errors.contains("vit-b23"), "{}", outcome.errors);
    assert!(hub.requests().is_empty());
}

#[test]
#[cfg(unix)]
fn a_setting_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let (hub, workplace) = (hub(), Workplace::new());
    let value = std::ffi::OsStr::from_bytes(b"\xff");
    let outcome = finish(command(&workplace, &hub, &["a", "--dry-run"]).env("TEXT2ART_SEED", value));
    assert!(outcome.code == Some(2) && outcome.errors.contains("TEXT2ART_SEED"), "{}", outcome.errors);
}

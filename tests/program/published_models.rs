//! Every model of the list, in its published layout, loads and draws. The weights are random, so the pictures mean
//! nothing. The depths are real; the widths are real only in the slow tests, which need a few GB of memory and disk.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use crate::common;

use std::path::{Path, PathBuf};
use std::time::Instant;

use common::fixtures;
use common::layouts::{flax_of, pickle, safetensors};
use common::program::{Workplace, finish};
use common::published::{
    OpenAi, Taming, Tensors, Vision, Widths, amused, chinese, hugging_face_l14, multilingual, values,
};
use serde_json::{Value, json};

/// Tokens that the small tokenizer of the tests knows, and a few more.
const SMALL_VOCABULARY: usize = 700;
const REAL_VOCABULARY: usize = 49_408;

/// The weights and the configuration of a model of the list.
fn published(name: &str, widths: Widths) -> (Vec<u8>, Vec<u8>) {
    let real = widths == Widths::Real;
    let vocabulary = if real { REAL_VOCABULARY } else { SMALL_VOCABULARY };
    let openai = |vision: Vision, side: usize, features: usize, text: usize, quick_gelu: bool| {
        let (side, features, text) = if real { (side, features, text) } else { (small(side), 48, 64) };
        let (tensors, config) = OpenAi { vision, side, features, text, vocabulary, quick_gelu }.published();
        (safetensors(filled(tensors)), json_bytes(&config))
    };
    let transformer =
        |patch: usize, width: usize, blocks: usize| Vision::Transformer(patch, if real { width } else { 64 }, blocks);
    let resnet = |width: usize, blocks: [usize; 4]| Vision::ResNet(if real { width } else { 8 }, blocks);
    match name {
        "imagenet-f16-16384" | "imagenet-f16-16384-cc" => {
            let model = Taming::f16(widths, 16_384);
            (flax_of(filled(model.tensors())), flat_config(&model))
        }
        "imagenet-f16-1024" => {
            let model = Taming::f16(widths, 1024);
            (pickle(filled(model.tensors()), false), flat_config(&model))
        }
        "wikiart-f16-16384" | "wikiart-f16-1024" | "sber-gumbel-f8" => {
            let model = match name {
                "sber-gumbel-f8" => Taming::gumbel_f8(widths),
                "wikiart-f16-1024" => Taming::f16(widths, 1024),
                _ => Taming::f16(widths, 16_384),
            };
            let tensors = [model.tensors(), Taming::leftovers()].concat();
            (pickle(filled(tensors), true), yaml_config(&model))
        }
        "amused" => {
            let (tensors, config) = amused(widths);
            (safetensors(filled(tensors)), json_bytes(&config))
        }
        "vit-l14" => {
            let (tensors, config) = hugging_face_l14(widths, vocabulary);
            (safetensors(filled(tensors)), json_bytes(&config))
        }
        "vit-b32" => openai(transformer(32, 768, 12), 224, 512, 512, true),
        "vit-b16" => openai(transformer(16, 768, 12), 224, 512, 512, true),
        "vit-l14-336" => openai(transformer(14, 1024, 24), 336, 768, 768, true),
        "laion-b32" => openai(transformer(32, 768, 12), 224, 512, 512, false),
        "rn50" => openai(resnet(64, [3, 4, 6, 3]), 224, 1024, 512, true),
        "rn50x4" => openai(resnet(80, [4, 6, 10, 6]), 288, 640, 640, true),
        "rn101" => openai(resnet(64, [3, 4, 23, 3]), 224, 512, 512, true),
        "chinese-vit-b16" => {
            let (tensors, config) = chinese(widths, if real { 21_128 } else { SMALL_VOCABULARY });
            (pickle(filled(tensors), false), json_bytes(&config))
        }
        "vit-b32-multilingual" => {
            let (tensors, _, config) = multilingual(widths, if real { 119_547 } else { SMALL_VOCABULARY }, 48);
            (pickle(filled(tensors), false), json_bytes(&config))
        }
        other => panic!("nobody says how {other} is published"),
    }
}

/// Another file of a CLIP than weights, configuration and a tokenizer that it shares.
fn other_file(path: &str, widths: Widths) -> Vec<u8> {
    match path {
        "2_Dense/pytorch_model.bin" => {
            let features = if widths == Widths::Real { 512 } else { 48 };
            pickle(filled(multilingual(widths, SMALL_VOCABULARY, features).1), false)
        }
        "2_Dense/config.json" => json_bytes(&json!({ "activation_function": "torch.nn.modules.linear.Identity" })),
        "sentence_bert_config.json" => json_bytes(&json!({ "max_seq_length": 128, "do_lower_case": false })),
        "vocab.txt" => b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nred\napple\n".to_vec(),
        // It knows fewer tokens than the real one, which networks that know more do not mind.
        "tokenizer.json" => std::fs::read(fixtures().join("clip/tokenizer.json")).unwrap(),
        other => panic!("nobody says what is in {other}"),
    }
}

/// A side for small networks that all patches divide, as they divide the real one.
fn small(side: usize) -> usize {
    if side == 336 { 56 } else { 64 }
}

fn filled(tensors: Tensors) -> impl Iterator<Item = (String, Vec<usize>, Vec<f32>)> {
    tensors.into_iter().zip(1..).map(|((name, shape), seed)| {
        let values = values(&name, &shape, seed);
        (name, shape, values)
    })
}

fn json_bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap()
}

/// `config.json` of flax's port, which has everything in one map.
fn flat_config(model: &Taming) -> Vec<u8> {
    let (mut network, around) = model.config();
    let flat = network.as_object_mut().unwrap();
    flat.extend(around.as_object().unwrap().clone());
    flat.insert("model_type".into(), "vqgan".into());
    json_bytes(&network)
}

/// taming-transformers' YAML; JSON is YAML, too.
fn yaml_config(model: &Taming) -> Vec<u8> {
    let (network, mut parameters) = model.config();
    parameters["ddconfig"] = network;
    parameters["lossconfig"] = json!({ "target": "taming.modules.losses.DummyLoss" });
    let target = if model.gumbel { "taming.models.vqgan.GumbelVQ" } else { "taming.models.vqgan.VQModel" };
    json_bytes(&json!({ "model": { "base_learning_rate": 4.5e-6, "target": target, "params": parameters } }))
}

fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// A home whose caches hold models of the list.
struct Home(Workplace);

impl Home {
    fn with(names: &[&str], widths: Widths) -> Self {
        let home = Self(Workplace::new());
        let manifest: toml::Table = include_str!("../../weights/models.toml").parse().unwrap();
        for name in names {
            let entry =
                manifest["model"].as_array().unwrap().iter().find(|entry| entry["name"].as_str() == Some(*name));
            let entry = entry.unwrap();
            let (weights, config) = published(name, widths);
            if entry.get("tokenizer").is_some() {
                write(&home.folder(entry).join("tokenizer.json"), &other_file("tokenizer.json", widths));
            }
            for file in entry["files"].as_array().unwrap() {
                let path = file["path"].as_str().unwrap();
                let content = match file["part"].as_str().unwrap() {
                    "weights" => &weights,
                    "configuration" => &config,
                    _ => &other_file(path, widths),
                };
                write(&home.folder(entry).join(path), content);
            }
        }
        home
    }

    /// Where an entry's files are cached; a CLIP's in a folder of the user's own, as the cache holds files of
    /// the size alone that was published.
    fn folder(&self, entry: &toml::Value) -> PathBuf {
        if entry["role"].as_str() == Some("clip") {
            return self.0.root().join("home/weights").join(entry["name"].as_str().unwrap());
        }
        let cache = self.0.root().join("home/.cache");
        let Some(repository) = entry.get("repository").and_then(toml::Value::as_str) else {
            return cache.join("text2art/pages").join(entry["name"].as_str().unwrap());
        };
        let repository = cache.join("huggingface/hub").join(format!("models--{}", repository.replace('/', "--")));
        let revision = entry["revision"].as_str().unwrap();
        let pinned = revision.len() == 40;
        let commit = if pinned { revision } else { "1111111111111111111111111111111111111111" };
        if !pinned {
            write(&repository.join("refs").join(revision), commit.as_bytes());
        }
        repository.join("snapshots").join(commit)
    }

    fn draw(&self, vqgan: &str, clip: &str, size: &str, output: &str) {
        let arguments = ["a red apple", "--size", size, "-n", "1", "--cutouts", "1", "--offline", "-q"];
        let models = ["--vqgan", vqgan, "--clip", clip, "-o", output];
        let mut command = self.0.command();
        command.env("TEXT2ART_WEIGHTS", self.0.root().join("home/weights"));
        finish(command.args(arguments).args(models)).succeeded();
    }
}

fn names(role: &str) -> Vec<String> {
    let manifest: toml::Table = include_str!("../../weights/models.toml").parse().unwrap();
    let of_role = manifest["model"].as_array().unwrap().iter().filter(|entry| entry["role"].as_str() == Some(role));
    of_role.map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_vqgan_of_the_list_draws() {
    for name in names("vqgan") {
        let home = Home::with(&[&name], Widths::Small);
        home.draw(&name, "embedded", "32x32", "a.png");
        // From what was converted, too.
        home.draw(&name, "embedded", "32x32", "b.png");
        assert!(home.0.read("a.png") == home.0.read("b.png"), "{name}");
    }
}

#[test]
fn every_clip_of_the_list_judges() {
    for name in names("clip") {
        let needed = with_image_tower(&name);
        Home::with(&needed, Widths::Small).draw("embedded", &name, "64x64", "a.png");
    }
}

/// A CLIP with the one whose image tower it uses.
fn with_image_tower(name: &str) -> Vec<&str> {
    if name == "vit-b32-multilingual" { vec![name, "vit-b32"] } else { vec![name] }
}

#[test]
#[ignore = "slow: networks of the real size"]
fn the_default_pair_at_its_real_size_runs_an_iteration() {
    let home = Home::with(&["imagenet-f16-16384", "vit-b32"], Widths::Real);
    for output in ["first.png", "second.png"] {
        let begun = Instant::now();
        home.draw("imagenet-f16-16384", "vit-b32", "256x256", output);
        println!("{output}: {:.1} s", begun.elapsed().as_secs_f64());
    }
}

#[test]
#[ignore = "slow: networks of the real size"]
fn every_model_of_the_list_at_its_real_size() {
    for name in names("vqgan") {
        Home::with(&[&name], Widths::Real).draw(&name, "embedded", "64x64", "a.png");
    }
    for name in names("clip") {
        Home::with(&with_image_tower(&name), Widths::Real).draw("embedded", &name, "64x64", "a.png");
    }
}

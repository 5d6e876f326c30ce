//! What happens before the first iteration: a weight file is mapped and copied tensor by tensor, never read as a whole,
//! and hashed only if the run draws.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::print_stdout)]

use crate::common;

use std::io::Read;
use std::process::{Child, Stdio};
use std::time::Duration;

use common::layouts::safetensors;
use common::program::Workplace;
use common::{fixtures, noise};
use text2art::files::hash_file;
use text2art::models::container::TensorFile;

const EMBEDDING: &str = "text_model.embeddings.token_embedding.weight";

/// A CLIP with an embedding of so many tokens, in a folder of this name. Returns its weight file.
fn clip(workplace: &Workplace, folder: &str, tokens: usize) -> Vec<u8> {
    let source = fixtures().join("clip");
    let file = TensorFile::open(&source.join("model.safetensors")).unwrap();
    let tensors = file.names().map(|name| {
        let mut shape = file.shape(name).unwrap().to_vec();
        if name != EMBEDDING {
            return (name.to_owned(), shape, file.read(name).unwrap());
        }
        shape[0] = tokens;
        let values = noise(tokens * shape[1], 1);
        (name.to_owned(), shape, values)
    });
    let weights = safetensors(tensors);
    workplace.write(&format!("{folder}/model.safetensors"), &weights);
    let config = std::fs::read_to_string(source.join("config.json")).unwrap();
    workplace.write(
        &format!("{folder}/config.json"),
        config.replace("\"vocab_size\": 673", &format!("\"vocab_size\": {tokens}")),
    );
    workplace.write(&format!("{folder}/tokenizer.json"), std::fs::read(source.join("tokenizer.json")).unwrap());
    weights
}

/// Starts a run that has loaded its models and waits, before its first iteration, for somebody to read the warnings
/// about its long prompts, which are more than a pipe holds.
fn waiting(workplace: &Workplace, folder: &str) -> Child {
    let prompts: Vec<String> = (0..600).map(|number| format!("{number}{}", " a".repeat(80))).collect();
    let prompt = prompts.join(" | ");
    let line = ["--size", "32x32", "-n", "1", "--cutouts", "1", "--progress", "json", "--clip", folder];
    let mut command = workplace.command();
    command.arg(prompt).args(line).args(["-o", &format!("{folder}.png")]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    child.stderr.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    // Time for what would go on beside it.
    std::thread::sleep(Duration::from_millis(500));
    child
}

/// A number of a file of the process in `/proc`.
fn number(child: &Child, file: &str, name: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Lets it go on, and checks that it ends well.
fn finish(mut child: Child) {
    let mut errors = String::from("{");
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    let first = errors.lines().next().unwrap();
    let shown: String = errors.lines().skip(1).collect();
    assert!(child.wait().unwrap().success() && first.contains("longer than the 77 tokens"), "{shown}");
}

#[test]
fn a_weight_file_is_mapped_copied_once_and_hashed_later() {
    let workplace = Workplace::new();
    let small = clip(&workplace, "small", 1_000);
    let large = clip(&workplace, "large", 400_000);
    let more = (large.len() - small.len()) as f64;
    let (first, second) = (waiting(&workplace, "small"), waiting(&workplace, "large"));
    let read = |child: &Child| number(child, "io", "rchar:");
    let held = |child: &Child| 1024.0 * number(child, "status", "RssAnon:");
    let (read, held) = (read(&second) - read(&first), held(&second) - held(&first));
    println!("of {more} bytes more, {read} were read and {held} are held");
    // Neither was a file read nor hashed, which would have read it.
    assert!(read < 0.1 * more, "{read} of {more} bytes were read");
    assert!((0.9..1.2).contains(&(held / more)), "{held} bytes are held for {more}");
    finish(first);
    finish(second);
    // In the end it was hashed.
    let recipe = workplace.run(&["info", "large.png", "--json"]).succeeded().output_json();
    let digest = hash_file(&workplace.join("large/model.safetensors")).unwrap();
    let recorded = recipe["models"].as_array().unwrap().iter().any(|model| model["sha256"] == digest.as_str());
    assert!(recorded, "{recipe}");
}

//! The cache is shared with Python's `huggingface_hub`: each reads what the other has stored. `HUB_PYTHON` names a
//! Python that has the package; `.ci/run` installs one.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::path::PathBuf;
use std::process::Command;

use common::fixtures;
use common::hub::{Repository, TestHub};
use common::program::{Outcome, Workplace, finish};

const WHY: &str = "HUB_PYTHON must name a Python with huggingface_hub";
const FILES: [&str; 3] = ["config.json", "model.safetensors", "tokenizer.json"];

/// Prints where each file is, a line each.
const DOWNLOAD: &str = "
import sys
from huggingface_hub import hf_hub_download
repository, revision, *files = sys.argv[1:]
for file in files:
    print(hf_hub_download(repository, file, revision=revision))
";

fn hub() -> TestHub {
    TestHub::new(vec![Repository::clip("acme/clip").branch("refs/pr/15"), Repository::vqgan("acme/vqgan")])
}

fn with_hub<'c>(command: &'c mut Command, hub: &TestHub) -> &'c mut Command {
    command.env("HF_ENDPOINT", &hub.endpoint)
}

fn python(workplace: &Workplace, hub: &TestHub, offline: bool, arguments: &[&str]) -> Outcome {
    let python = std::env::var("HUB_PYTHON").expect(WHY);
    let mut command = workplace.command_of(python);
    with_hub(&mut command, hub).args(["-c", DOWNLOAD]).args(arguments);
    finish(command.env("HF_HUB_OFFLINE", if offline { "1" } else { "0" }))
}

/// The revisions of the CLIP: a branch, a pull request, a commit.
fn revisions() -> [String; 3] {
    ["main".into(), "refs/pr/15".into(), Repository::new("acme/clip", []).commit]
}

fn same_as_published(paths: &[PathBuf]) {
    assert_eq!(paths.len(), FILES.len());
    for (path, file) in paths.iter().zip(FILES) {
        assert!(std::fs::read(path).unwrap() == std::fs::read(fixtures().join("clip").join(file)).unwrap(), "{file}");
    }
}

#[test]
#[ignore = "needs HUB_PYTHON: .ci/run"]
fn what_python_fills_is_read_offline() {
    for revision in revisions() {
        let (hub, workplace) = (hub(), Workplace::new());
        let arguments = [&["acme/clip", revision.as_str()][..], &FILES].concat();
        python(&workplace, &hub, false, &arguments).succeeded();
        python(&workplace, &hub, false, &["acme/vqgan", "main", "last.ckpt", "model.yaml"]).succeeded();
        let asked = hub.requests().len();
        let clip = format!("acme/clip@{revision}");
        let names = ["--vqgan", "acme/vqgan", "--clip", &clip, "--offline", "-o", "a.png"];
        let small = ["a red apple", "--size", "32x32", "-n", "1", "--cutouts", "1"];
        let mut command = workplace.command();
        finish(with_hub(&mut command, &hub).args(small).args(names)).succeeded();
        assert_eq!(hub.requests().len(), asked);
        let mut command = workplace.command();
        let verified = finish(command.args(["models", "verify", &clip])).succeeded();
        assert_eq!(verified.output_text().lines().count(), 3, "{}", verified.output_text());
        assert!(verified.output_text().contains("right "), "{}", verified.output_text());
    }
}

#[test]
#[ignore = "needs HUB_PYTHON: .ci/run"]
fn what_we_fill_python_reads() {
    for revision in revisions() {
        let (hub, workplace) = (hub(), Workplace::new());
        let mut command = workplace.command();
        let name = format!("acme/clip@{revision}");
        finish(with_hub(&mut command, &hub).args(["models", "pull", &name])).succeeded();
        let arguments = [&["acme/clip", revision.as_str()][..], &FILES].concat();
        let asked = hub.requests().len();
        let offline = python(&workplace, &hub, true, &arguments).succeeded();
        assert_eq!(hub.requests().len(), asked);
        let paths: Vec<PathBuf> = offline.output_text().lines().map(PathBuf::from).collect();
        same_as_published(&paths);
        // With a network it finds that all of it is here.
        let online = python(&workplace, &hub, false, &arguments).succeeded();
        assert_eq!(online.output_text(), offline.output_text());
        let asked = hub.requests().split_off(asked);
        let mut of_files =
            asked.iter().filter(|seen| seen.path.contains("/resolve/") || seen.path.contains("elsewhere"));
        assert!(of_files.all(|seen| seen.method == "HEAD"), "{asked:#?}");
    }
}

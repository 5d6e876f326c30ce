//! The run of `tests/fixtures/trace`: eight iterations that were computed with PyTorch.

use candle_core::Device;
use serde_json::Value;
use text2art::clip::Clip;
use text2art::drawer::{Start, VqganDrawer};
use text2art::judge::{Cutouts, Framing, Judge, Perceptor, Reach, Target};
use text2art::models::{Finder, Role};
use text2art::picture::Size;
use text2art::progress::Stop;
use text2art::session::LoadedModel;
use text2art::settings::Augmentations;
use text2art::vqgan::Vqgan;

use super::program::{Outcome, Workplace};
use super::{fixtures, text};

/// The words of the run, except for the file that it writes.
const WORDS: [&str; 24] = [
    "a red apple on a blue background",
    "--clip",
    "clip",
    "--vqgan",
    "vqgan/last.ckpt",
    "--size",
    "32x32",
    "--init-image",
    "trace/init.png",
    "--iterations",
    "8",
    "--optimizer",
    "adam",
    "--learning-rate",
    "0.1",
    "--cutouts",
    "1",
    "--augment",
    "none",
    "--cut-noise",
    "0",
    "--progress",
    "json",
    "--offline",
];

/// The losses of the reference.
pub fn losses() -> Vec<f64> {
    let text = std::fs::read_to_string(fixtures().join("trace/expected.json")).unwrap();
    let trace: Value = serde_json::from_str(&text).unwrap();
    trace["losses"].as_array().unwrap().iter().map(|loss| loss.as_f64().unwrap()).collect()
}

/// Runs it with more options. Returns the picture's path and the outcome.
pub fn run(workplace: &Workplace, more: &[&str]) -> (String, Outcome) {
    let path = workplace.argument("x.png");
    let arguments = [&WORDS[..], more, &["-o", &path]].concat();
    let outcome = workplace.run_in(&fixtures(), &arguments).succeeded();
    (path, outcome)
}

/// The drawer and the judge of the run, built from the library's parts.
pub fn parts(device: &Device) -> (VqganDrawer, Judge) {
    let finder = Finder::new(true, &Stop::default(), &|_| ());
    let vqgan =
        LoadedModel::load(&finder, Role::Vqgan, text(&fixtures().join("vqgan/last.ckpt")), Vqgan::load).unwrap();
    let clip = LoadedModel::load(&finder, Role::Clip, text(&fixtures().join("clip")), Clip::load).unwrap().model;
    let feature = clip.text_feature(&clip.tokenizer().encode(WORDS[0]).unwrap()).unwrap();
    let target = Target { name: "prompt:0".into(), feature, weight: 1.0, stop: None };
    let (reach, augmentations) = (Reach::All, Augmentations::NONE);
    let cutouts =
        Cutouts { reach, count: 1, augmentations, zooms: 0.6, noise: 0.0, seed: 0, framing: Framing::default() };
    let perceptors = vec![Perceptor::new("clip".into(), clip, vec![target], cutouts).unwrap()];
    let start = text2art::picture::read(&fixtures().join("trace/init.png")).unwrap();
    let size = Size { width: 32, height: 32 };
    let drawer = VqganDrawer::new(vqgan.model, size, Start::Picture(start, 0.0), device).unwrap();
    (drawer, Judge { perceptors, batch: 1 })
}

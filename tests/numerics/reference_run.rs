//! The binary computes what the reference implementation computes: a whole run, scores and
//! reconstructions (`tests/fixtures/README.md` says what the reference is).

#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use crate::common;

use std::path::Path;

use candle_core::{Device, Tensor};
use common::program::Workplace;
use common::{fixtures, reference, relative_distance, trace, values};
use serde_json::Value;
use text2art::drawer::Drawer;
use text2art::optimizer::{Optimizer, OptimizerKind};
use text2art::picture::to_image;

/// Width, height and the 8-bit colours of a picture.
fn pixels(path: &Path) -> (u32, u32, Vec<u8>) {
    let picture = image::open(path).unwrap().to_rgb8();
    (picture.width(), picture.height(), picture.into_raw())
}

/// The largest difference, and how many values differ.
fn largest_difference(found: &[u8], expected: &[u8]) -> (u8, usize) {
    assert_eq!(found.len(), expected.len());
    let differences: Vec<u8> = found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).collect();
    (differences.iter().copied().max().unwrap(), differences.iter().filter(|difference| **difference > 0).count())
}

#[test]
fn the_losses_are_those_of_the_reference() {
    let workplace = Workplace::new();
    let (path, outcome) = trace::run(&workplace, &[]);
    assert_eq!(outcome.output_text(), format!("{path}\n"));
    let events = outcome.events();
    let steps: Vec<&Value> = events.iter().filter(|event| event["event"] == "step").collect();
    let expected = trace::losses();
    assert_eq!((steps.len(), expected.len()), (8, 8));
    for (index, (step, expected)) in steps.iter().zip(expected).enumerate() {
        assert_eq!(step["iteration"], index);
        let loss = step["loss"].as_f64().unwrap();
        assert!((loss - expected).abs() < 1e-3, "iteration {index}: {loss}, not {expected}");
        let parts = step["losses"].as_object().unwrap();
        let sum: f64 = parts.values().map(|part| part.as_f64().unwrap()).sum();
        assert!(!parts.is_empty() && (sum - loss).abs() < 1e-12, "{step}");
    }
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((names[0], &names[9..]), ("started", &["saved", "finished"][..]));
}

#[test]
fn the_picture_is_that_of_the_reference() {
    let workplace = Workplace::new();
    let (path, _) = trace::run(&workplace, &[]);
    let expected = to_image(&reference("trace/expected.safetensors")["final_image"]).unwrap().into_raw();
    let (width, height, found) = pixels(Path::new(&path));
    assert_eq!((width, height), (32, 32));
    let (largest, count) = largest_difference(&found, &expected);
    // None differ where this was written; other processors may round a value in a hundred the other way.
    assert!(largest <= 1 && count <= 30, "{count} of {} values differ, the largest by {largest}", found.len());
}

/// The run of `trace` put together from the library's parts, as `Session` does it: the first gradient
/// of the latent, the losses and the final latent.
fn trace_by_parts() -> (Tensor, Vec<f64>, Tensor) {
    let (drawer, judge) = trace::parts(&Device::Cpu);
    let (latent, groups) = (drawer.parameters(), drawer.parameter_groups());
    let mut optimizer = Optimizer::new(OptimizerKind::Adam, &groups).unwrap();
    let (mut first_gradient, mut losses) = (None, Vec::new());
    for iteration in 0..8 {
        let picture = drawer.draw().unwrap();
        let judgement = judge.judge(&picture, iteration).unwrap();
        let distances: Vec<Vec<f32>> = judgement.distances.iter().map(values).collect();
        losses.push(judge.losses(&distances).iter().map(|(_, loss)| loss).sum());
        let gradients = (picture * judgement.gradient).unwrap().sum_all().unwrap().backward().unwrap();
        let gradient = gradients.get(&latent[0]).unwrap().clone();
        first_gradient.get_or_insert(gradient.clone());
        optimizer.step(&groups, &[gradient], 0.1).unwrap();
        drawer.constrain().unwrap();
    }
    (first_gradient.unwrap(), losses, latent[0].as_detached_tensor())
}

#[test]
fn the_gradient_and_the_latent_are_those_of_the_reference() {
    let expected = reference("trace/expected.safetensors");
    let (first_gradient, losses, latent) = trace_by_parts();
    // The binary's own losses, but for the last digit in reading JSON: these are the parts it is made of.
    let (_, outcome) = trace::run(&Workplace::new(), &[]);
    let steps: Vec<Value> = outcome.events().into_iter().filter(|event| event["event"] == "step").collect();
    assert_eq!(steps.len(), losses.len());
    for (step, loss) in steps.iter().zip(losses) {
        assert!((step["loss"].as_f64().unwrap() - loss).abs() < 1e-12, "{step}, by the parts {loss}");
    }
    let gradient_distance = relative_distance(&first_gradient, &expected["first_grad"]);
    let latent_distance = relative_distance(&latent, &expected["final_z"]);
    assert!(gradient_distance < 1e-3, "{gradient_distance}");
    assert!(latent_distance < 1e-3, "{latent_distance}");
}

/// The entries of `cli/cases.json` of a kind; there must be some.
fn cases(kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(fixtures().join("cli/cases.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let cases: Vec<Value> = cases.into_iter().filter(|case| case["kind"] == kind).collect();
    assert!(!cases.is_empty());
    cases
}

#[test]
fn scores_are_those_of_the_reference() {
    let workplace = Workplace::new();
    for case in cases("score") {
        let word = |key: &str| case[key].as_str().unwrap();
        let image = format!("cli/{}", word("image"));
        let arguments = ["score", &image, "--prompt", word("prompt"), "--clip", word("clip"), "--json", "--offline"];
        let outcome = workplace.run_in(&fixtures(), &arguments).succeeded();
        let scores = outcome.output_json();
        let [score] = scores.as_array().unwrap().as_slice() else { panic!("{scores}") };
        assert_eq!(
            (&score["image"], &score["prompt"], &score["clip"]),
            (&image.into(), &case["prompt"], &case["clip"])
        );
        for (key, usual) in [("distance", 5e-4), ("cosine", 2e-4)] {
            let (found, expected) = (score[key].as_f64().unwrap(), case[key].as_f64().unwrap());
            let tolerance = case["tolerance"].as_f64().unwrap_or(usual);
            assert!((found - expected).abs() < tolerance, "{case}: {key} is {found}");
        }
    }
}

#[test]
fn reconstructions_are_those_of_the_reference() {
    let workplace = Workplace::new();
    for case in cases("reconstruct") {
        let word = |key: &str| case[key].as_str().unwrap();
        let (image, path) = (format!("cli/{}", word("image")), workplace.argument("x.png"));
        let arguments = ["reconstruct", &image, "--vqgan", word("vqgan"), "-o", &path, "--offline"];
        let outcome = workplace.run_in(&fixtures(), &arguments).succeeded();
        assert_eq!(outcome.output_text(), format!("{path}\n"));
        let (width, height, found) = pixels(Path::new(&path));
        let (expected_width, expected_height, expected) = pixels(&fixtures().join("cli").join(word("expected")));
        assert_eq!((width, height), (expected_width, expected_height));
        let (largest, count) = largest_difference(&found, &expected);
        assert!(largest <= 1, "{case}: {count} values differ, the largest by {largest}");
    }
}

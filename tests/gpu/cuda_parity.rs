//! A GPU against the reference data that also tests the processor (`clip_parity.rs`, `vqgan_parity.rs`,
//! `reference_run.rs` in `tests/numerics`), in each precision. Needs a GPU: `tests/gpu/check.sh` runs it if there is
//! one.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor, Var};
use common::program::Workplace;
use common::{fixtures, reference, relative_distance, text, trace, values};
use text2art::clip::Clip;
use text2art::device::{ComputeDevice, DeviceChoice};
use text2art::drawer::Drawer;
use text2art::gpu::Precision;
use text2art::judge::distances;
use text2art::models::{ModelFiles, Role};
use text2art::upscale::Upscaler;
use text2art::vqgan::Vqgan;

/// Precisions with the relative distance that features, and that gradients may have from the reference's: in `f32` those
/// of the processor, in the others about twice what factors of 10 and 7 bits after the point give on the virtual card.
const PRECISIONS: [(Precision, f64, f64); 3] =
    [(Precision::F32, 1e-4, 1e-3), (Precision::Tf32, 5e-3, 1e-2), (Precision::Bf16, 5e-2, 5e-2)];

fn gpu(precision: Precision) -> Device {
    ComputeDevice::open(DeviceChoice::Cuda(0), precision).expect("this test needs a GPU").tensors().clone()
}

fn moved(tensors: HashMap<String, Tensor>, device: &Device) -> HashMap<String, Tensor> {
    tensors.into_iter().map(|(name, tensor)| (name, tensor.to_device(device).unwrap())).collect()
}

#[test]
fn clip_features_and_gradients() {
    for name in ["clip", "clip-openai-vit", "clip-openai-resnet"] {
        let clip = Clip::load(&ModelFiles::open(Role::Clip, text(&fixtures().join(name))).unwrap()).unwrap();
        // Rectifiers open and close with the last bits: of so small a ResNet as this is, the gradient jumps by a tenth.
        let precisions = if name == "clip-openai-resnet" { &PRECISIONS[..1] } else { &PRECISIONS };
        for &(precision, near, near_slope) in precisions {
            let expected = moved(reference(&format!("{name}/expected.safetensors")), &gpu(precision));
            let image = Var::from_tensor(&expected["image"].to_dtype(DType::F32).unwrap()).unwrap();
            let features = clip.image_features(&image).unwrap();
            let apart = relative_distance(&features, &expected["image_features"]);
            assert!(apart < near, "{name}, {precision}: the features are off by {apart}");
            let distances = distances(&features, &expected["text_features"]).unwrap();
            let gradients = distances.mean_all().unwrap().backward().unwrap();
            let exact = fixtures().join(name).join("gradient_f64.safetensors");
            let exact = if exact.exists() {
                reference(&format!("{name}/gradient_f64.safetensors"))["gradient"].clone()
            } else {
                expected["grad_mean_distance_wrt_image"].clone()
            };
            let apart = relative_distance(gradients.get(&image).unwrap(), &exact);
            assert!(apart < near_slope, "{name}, {precision}: the gradient is off by {apart}");
        }
    }
}

#[test]
fn vqgan_codes_pictures_and_gradients() {
    for name in ["vqgan", "vqgan-gumbel", "vqgan-diffusers"] {
        let vqgan = Vqgan::load(&ModelFiles::open(Role::Vqgan, text(&fixtures().join(name))).unwrap()).unwrap();
        for (precision, near, near_slope) in PRECISIONS {
            let device = gpu(precision);
            let expected = moved(reference(&format!("{name}/expected.safetensors")), &device);
            let encoded = vqgan.encode(&expected["image"]).unwrap();
            let apart = relative_distance(&encoded, &expected["encoded"]);
            assert!(apart < near, "{name}, {precision}: the encoding is off by {apart}");
            let codes: Vec<u32> = values(&expected["indices"].to_dtype(DType::F32).unwrap())
                .into_iter()
                .map(|code| format!("{code}").parse().unwrap())
                .collect();
            if precision == Precision::F32 {
                assert_eq!(vqgan.quantize(&encoded).unwrap(), codes, "{name}");
                let found = vqgan.codebook().straight_through(&encoded).unwrap();
                let (_, _, height, width) = found.dims4().unwrap();
                let looked_up = vqgan.lookup(&vqgan.codebook().nearest(&encoded).unwrap(), height, width).unwrap();
                assert_eq!(values(&found), values(&looked_up), "{name}");
            }
            let (_, _, height, width) = encoded.dims4().unwrap();
            let latent = vqgan.lookup(&codes, height, width).unwrap().to_device(&device).unwrap();
            let latent = Var::from_tensor(&latent).unwrap();
            let decoded = vqgan.decode(&latent).unwrap();
            let apart = relative_distance(&decoded, &expected["decoded"]);
            assert!(apart < near, "{name}, {precision}: the picture is off by {apart}");
            if let Some(slopes) = expected.get("grad_z") {
                let product = (decoded * &expected["cotangent"]).unwrap();
                let gradients = product.sum_all().unwrap().backward().unwrap();
                let apart = relative_distance(gradients.get(&latent).unwrap(), slopes);
                assert!(apart < near_slope, "{name}, {precision}: the gradient is off by {apart}");
            }
        }
    }
}

#[test]
fn upscalers_enlarge_as_on_the_processor() {
    for file in ["compact-x4.safetensors", "compact-x2.safetensors", "residual-x4.pth", "residual-x2.pth"] {
        let path = fixtures().join("upscalers").join(file);
        let upscaler = Upscaler::load(&ModelFiles::open(Role::Upscaler, text(&path)).unwrap()).unwrap();
        for (precision, near, _) in PRECISIONS {
            let expected = moved(reference("upscalers/expected.safetensors"), &gpu(precision));
            let apart = relative_distance(
                &upscaler.forward(&expected["picture"]).unwrap(),
                &expected[file.split('.').next().unwrap()],
            );
            assert!(apart < near, "{file}, {precision}: the picture is off by {apart}");
        }
    }
}

/// The trace's run on the GPU: its losses and its picture's bytes.
fn run_trace(precision: Precision) -> (Vec<f64>, Vec<u8>) {
    let workplace = Workplace::new();
    let precision = precision.to_string();
    let (path, outcome) = trace::run(&workplace, &["--device", "cuda:0", "--precision", &precision]);
    let events = outcome.events();
    let steps = events.iter().filter(|event| event["event"] == "step");
    (steps.map(|step| step["loss"].as_f64().unwrap()).collect(), std::fs::read(&path).unwrap())
}

#[test]
fn the_losses_of_a_run() {
    let expected = trace::losses();
    // Where products are rounded a code flips sooner or later, and from there on it is another run.
    for (precision, compared) in [(Precision::F32, 8), (Precision::Tf32, 2)] {
        let (losses, _) = run_trace(precision);
        assert_eq!(losses.len(), expected.len());
        for (iteration, (loss, expected)) in losses.iter().zip(&expected).take(compared).enumerate() {
            assert!((loss - expected).abs() < 1e-3, "{precision}, iteration {iteration}: {loss}, not {expected}");
        }
    }
}

#[test]
fn the_first_gradient_of_a_run() {
    let expected = &reference("trace/expected.safetensors")["first_grad"];
    for (precision, near) in [(Precision::F32, 1e-3), (Precision::Tf32, 1e-2)] {
        let (drawer, judge) = trace::parts(&gpu(precision));
        let picture = drawer.draw().unwrap();
        let slopes = judge.judge(&picture, 0).unwrap().gradient;
        let gradients = (picture * slopes).unwrap().sum_all().unwrap().backward().unwrap();
        let apart = relative_distance(gradients.get(&drawer.parameters()[0]).unwrap(), expected);
        assert!(apart < near, "{precision}: the first gradient is off by {apart}");
    }
}

#[test]
fn the_same_bytes_every_time() {
    for (precision, _, _) in PRECISIONS {
        let (losses, picture) = run_trace(precision);
        for _ in 0..2 {
            assert_eq!(run_trace(precision), (losses.clone(), picture.clone()), "{precision}");
        }
    }
}

#[test]
fn a_run_is_taken_up_on_the_gpu() {
    let workplace = Workplace::new();
    let line = "a red apple --size 32x32 -n 4 --cutouts 4 --seed 1 --learning-rate-drops none --device cuda:0";
    let draw =
        |more: &[&str]| workplace.run(&line.split(' ').chain(more.iter().copied()).collect::<Vec<_>>()).succeeded();
    draw(&["-o", "whole.png"]);
    draw(&["-o", "parts.png", "--stop-at", "2", "--checkpoint-every", "100"]);
    workplace.run(&["resume", "parts.png.t2a", "--iterations", "4", "-o", "resumed.png"]).succeeded();
    let pixels = |name: &str| image::load_from_memory(&workplace.read(name)).unwrap().into_rgb8().into_raw();
    assert_eq!(pixels("resumed.png"), pixels("whole.png"));
}

#[test]
fn cells_are_drawn_on_the_gpu_as_on_the_processor() {
    let workplace = Workplace::new();
    let line = "a red apple --drawer pixel --pixel-size 12x12 --size 48x48 -n 3 --cutouts 4 --seed 1 --transparent --palette pico-8";
    let draw = |device: &str, name: &str| {
        let more = ["--device", device, "--precision", "f32", "-o", name];
        workplace.run(&line.split(' ').chain(more).collect::<Vec<_>>()).succeeded();
        image::load_from_memory(&workplace.read(name)).unwrap().into_rgba8().into_raw()
    };
    let (there, here) = (draw("cuda:0", "gpu.png"), draw("cpu", "processor.png"));
    let apart = there.iter().zip(&here).filter(|(there, here)| there != here).count();
    assert!(apart * 100 < here.len(), "{apart} of {} numbers differ", here.len());
}

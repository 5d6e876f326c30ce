//! VQGAN against `taming-transformers` and `diffusers` on random weights in the published layouts.
//!
//! `tests/fixtures/README.md` says what computed the expected values.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation)]

use crate::common;

use std::path::Path;

use candle_core::{DType, Device, Tensor, Var};
use common::{fixtures, noise_tensor, reference, relative_distance, shared_fixtures, text, values};
use text2art::frozen::Algorithms;
use text2art::models::container::TensorFile;
use text2art::models::{ModelFiles, Role};
use text2art::vqgan::Vqgan;

fn load(path: &Path) -> Vqgan {
    load_by(path, Algorithms::ByShape)
}

fn load_by(path: &Path, algorithms: Algorithms) -> Vqgan {
    Vqgan::load_by(&ModelFiles::open(Role::Vqgan, text(path)).unwrap(), algorithms).unwrap()
}

fn indices(tensor: &Tensor) -> Vec<u32> {
    tensor.flatten_all().unwrap().to_dtype(DType::U32).unwrap().to_vec1().unwrap()
}

/// Checks encoding, codes, decoding and, where the reference has it, the gradient of the latent.
fn check(vqgan: &Vqgan, name: &str) {
    let expected = reference(&format!("{name}/expected.safetensors"));
    let encoded = vqgan.encode(&expected["image"]).unwrap();
    assert!(relative_distance(&encoded, &expected["encoded"]) < 1e-4);
    let codes = vqgan.quantize(&encoded).unwrap();
    assert_eq!(codes, indices(&expected["indices"]));
    let (_, _, height, width) = encoded.dims4().unwrap();
    let latent = vqgan.lookup(&codes, height, width).unwrap();
    assert!(relative_distance(&vqgan.decode(&latent).unwrap(), &expected["decoded"]) < 1e-4);

    if let Some(expected_gradient) = expected.get("grad_z") {
        assert_eq!(values(&latent), values(&expected["z_q"]));
        let latent = Var::from_tensor(&latent).unwrap();
        let decoded = vqgan.decode(&latent).unwrap();
        let gradients = (decoded * &expected["cotangent"]).unwrap().sum_all().unwrap().backward().unwrap();
        let gradient = gradients.get(&latent).expect("no gradient of the latent");
        assert!(relative_distance(gradient, expected_gradient) < 1e-3);
    }
}

#[test]
fn taming_checkpoint() {
    check(&load(&fixtures().join("vqgan/last.ckpt")), "vqgan");
    check(&load(&fixtures().join("vqgan")), "vqgan");
}

#[test]
fn every_algorithm() {
    for algorithms in [Algorithms::Sums, Algorithms::Winograd] {
        for name in ["vqgan", "vqgan-gumbel", "vqgan-diffusers"] {
            check(&load_by(&fixtures().join(name), algorithms), name);
        }
    }
}

#[test]
fn taming_gumbel() {
    check(&load(&fixtures().join("vqgan-gumbel")), "vqgan-gumbel");
}

#[test]
fn diffusers() {
    check(&load(&fixtures().join("vqgan-diffusers")), "vqgan-diffusers");
}

#[test]
fn a_vqgan_nested_in_a_transformer() {
    // As in the coco, sflckr and faceshq checkpoints: names and configuration one level down.
    let folder = tempfile::tempdir().unwrap();
    let flat = TensorFile::open(&fixtures().join("vqgan/last.ckpt")).unwrap();
    let mut tensors = std::collections::HashMap::new();
    for name in flat.names() {
        let tensor = Tensor::from_vec(flat.read(name).unwrap(), flat.shape(name).unwrap(), &Device::Cpu).unwrap();
        tensors.insert(format!("first_stage_model.{name}"), tensor);
    }
    tensors.insert("transformer.head.weight".into(), noise_tensor(&[4, 4], 1));
    candle_core::safetensors::save(&tensors, folder.path().join("last.safetensors")).unwrap();
    let config = std::fs::read_to_string(fixtures().join("vqgan/model.yaml")).unwrap();
    let nested = config.lines().map(|line| format!("      {}\n", line.strip_prefix("  ").unwrap_or(line)));
    let nested: String = nested.skip(1).collect();
    let config = format!("model:\n  target: Net2NetTransformer\n  params:\n    first_stage_config:\n{nested}");
    std::fs::write(folder.path().join("last.yaml"), config).unwrap();
    check(&load(&folder.path().join("last.safetensors")), "vqgan");
}

#[test]
fn all_formats_hold_the_same_model() {
    let Some(shared) = shared_fixtures() else { return };
    let checkpoint = load(&fixtures().join("vqgan/last.ckpt"));
    let image = &reference("vqgan/expected.safetensors")["image"];
    let expected = values(&checkpoint.encode(image).unwrap());
    for name in ["vqgan/model.safetensors", "vqgan/flax_model.msgpack"] {
        let vqgan = load(&shared.join(name));
        assert_eq!(values(&vqgan.encode(image).unwrap()), expected, "{name}");
        check(&vqgan, "vqgan");
    }
}

#[test]
fn the_latent_always_has_a_gradient() {
    // Through the nearest code, the decoder and the clamp: every channel of every position.
    let vqgan = load(&fixtures().join("vqgan"));
    let latent = Var::from_tensor(&noise_tensor(&[1, 24, 8, 12], 3)).unwrap();
    let nearest = vqgan.codebook().straight_through(&latent).unwrap();
    let codes = vqgan.codebook().nearest(&latent).unwrap();
    assert_eq!(values(&nearest), values(&vqgan.lookup(&codes, 8, 12).unwrap()));
    let loss = vqgan.decode(&nearest).unwrap().sqr().unwrap().sum_all().unwrap();
    let gradients = loss.backward().unwrap();
    let gradient = values(gradients.get(&latent).expect("no gradient of the latent"));
    assert!(gradient.iter().all(|value| value.is_finite() && *value != 0.0));
}

#[test]
fn the_latent_is_kept_in_the_codebooks_range() {
    let vqgan = load(&fixtures().join("vqgan"));
    let codebook = vqgan.codebook();
    let all: Vec<u32> = (0..codebook.codes() as u32).collect();
    let vectors = vqgan.lookup(&all, 1, all.len()).unwrap();
    let bounds = codebook.bounds(&vectors).unwrap();
    let far = (noise_tensor(&[1, codebook.dim(), 1, all.len()], 5) * 100.0).unwrap();
    let clamped = bounds.clamp(&far).unwrap();
    let (low, high) = (vectors.min(3).unwrap(), vectors.max(3).unwrap());
    assert_eq!(values(&clamped.min(3).unwrap()), values(&low));
    assert_eq!(values(&clamped.max(3).unwrap()), values(&high));
    assert_eq!(values(&bounds.clamp(&vectors).unwrap()), values(&vectors));
}

#[test]
fn the_embedded_model() {
    // Values from f32 weights; the f16 file agrees to about 1e-2.
    let expected = reference("embedded/expected.safetensors");
    let vqgan = Vqgan::load(&ModelFiles::open(Role::Vqgan, "embedded").unwrap()).unwrap();
    let latent = vqgan.lookup(&indices(&expected["vq_indices"]), 8, 8).unwrap();
    let picture = vqgan.decode(&latent).unwrap().affine(0.5, 0.5).unwrap();
    assert!(relative_distance(&picture, &expected["vq_image"]) < 1e-2);
    for (index, encoded) in [0, 1].map(|i| (i, vqgan.encode(&expected["image"].narrow(0, i, 1).unwrap()).unwrap())) {
        assert!(relative_distance(&encoded, &expected["vq_z"].narrow(0, index, 1).unwrap()) < 1e-2);
    }
}

#[test]
fn sides_that_do_not_fit_are_refused() {
    let vqgan = load(&fixtures().join("vqgan"));
    let error = vqgan.encode(&noise_tensor(&[1, 3, 30, 32], 1)).unwrap_err();
    assert!(error.hint().contains("multiples of 4"), "{}", error.hint());
}

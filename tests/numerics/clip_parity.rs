//! CLIP against `transformers` and `open_clip` on random weights in the published layouts.
//!
//! `tests/fixtures/README.md` says what computed the expected values.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation)]

use crate::common;

use std::path::Path;

use candle_core::{DType, Device, Tensor, Var};
use candle_transformers::models::clip::text_model::{Activation, ClipTextConfig, ClipTextTransformer};
use common::layouts::flax_of;
use common::{fixtures, reference, relative_distance, shared_fixtures, text, values};
use serde_json::Value;
use text2art::clip::Clip;
use text2art::judge::distances;
use text2art::models::container::TensorFile;
use text2art::models::{ModelFiles, Part, Role, Weights};

fn load(folder: &Path) -> Clip {
    Clip::load(&ModelFiles::open(Role::Clip, text(folder)).unwrap()).unwrap()
}

/// Features of prompts as rows.
fn text_features(clip: &Clip, prompts: &[String]) -> Tensor {
    let features: Vec<Tensor> =
        prompts.iter().map(|prompt| clip.text_feature(&clip.tokenizer().encode(prompt).unwrap()).unwrap()).collect();
    Tensor::stack(&features, 0).unwrap()
}

fn expected_tokens(path: &Path) -> Vec<(String, Vec<u32>)> {
    let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let entry = |entry: &Value| {
        let text = entry.get("prompt").or(entry.get("text")).unwrap().as_str().unwrap().to_owned();
        let ids = entry["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect();
        (text, ids)
    };
    value.as_array().unwrap().iter().map(entry).collect()
}

/// Checks image features, text features, distances and the gradient of their mean.
fn check(clip: &Clip, name: &str, text_features: &Tensor) {
    let expected = reference(&format!("{name}/expected.safetensors"));
    let image = Var::from_tensor(&expected["image"]).unwrap();
    let features = clip.image_features(&image).unwrap();
    assert!(relative_distance(&features, &expected["image_features"]) < 1e-4);
    assert!(relative_distance(text_features, &expected["text_features"]) < 1e-4);

    let distances = distances(&features, text_features).unwrap();
    let difference = (&distances - &expected["distances"]).unwrap().abs().unwrap().flatten_all().unwrap().max(0);
    assert!(difference.unwrap().to_scalar::<f32>().unwrap() < 1e-5);

    let gradients = distances.mean_all().unwrap().backward().unwrap();
    let gradient = gradients.get(&image).expect("no gradient of the picture");
    let in_double = fixtures().join(name).join("gradient_f64.safetensors");
    let distance = if in_double.exists() {
        let exact = &reference(&format!("{name}/gradient_f64.safetensors"))["gradient"];
        relative_distance(gradient, exact)
    } else {
        relative_distance(gradient, &expected["grad_mean_distance_wrt_image"])
    };
    assert!(distance < 1e-3, "{name}: the gradient is off by {distance}");
}

#[test]
fn hugging_face_layout() {
    let clip = load(&fixtures().join("clip"));
    let tokens = expected_tokens(&fixtures().join("clip/expected_tokens.json"));
    for (prompt, ids) in &tokens {
        assert_eq!(clip.tokenizer().encode(prompt).unwrap().ids, *ids, "{prompt}");
    }
    let prompts: Vec<String> = tokens.into_iter().map(|(prompt, _)| prompt).collect();
    check(&clip, "clip", &text_features(&clip, &prompts));
}

#[test]
fn open_ai_layout() {
    for name in ["clip-openai-vit", "clip-openai-resnet"] {
        let clip = load(&fixtures().join(name));
        let ids = reference(&format!("{name}/expected.safetensors"))["token_ids"].to_dtype(DType::U32).unwrap();
        let features: Vec<Tensor> = ids
            .to_vec2::<u32>()
            .unwrap()
            .into_iter()
            .map(|ids| clip.text_feature(&text2art::clip::Tokens { ids, dropped: None }).unwrap())
            .collect();
        check(&clip, name, &Tensor::stack(&features, 0).unwrap());
    }
}

#[test]
fn a_pickle_holds_the_same_model() {
    let Some(shared) = shared_fixtures() else { return };
    let pickle = load(&shared.join("clip/pytorch_model.bin"));
    let mapped = load(&fixtures().join("clip"));
    let image = &reference("clip/expected.safetensors")["image"];
    assert_eq!(values(&pickle.image_features(image).unwrap()), values(&mapped.image_features(image).unwrap()));
}

#[test]
fn the_published_vocabulary() {
    // Committed nowhere for its size: where the developers keep it, it is checked.
    let Some(shared) = shared_fixtures() else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = fixtures().join("clip");
    let mut config: Value =
        serde_json::from_str(&std::fs::read_to_string(source.join("config.json")).unwrap()).unwrap();
    config["text_config"]["vocab_size"] = 49408.into();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    std::fs::copy(shared.join("clip-bpe/tokenizer.json"), folder.path().join("tokenizer.json")).unwrap();
    let mut tensors = candle_core::safetensors::load(source.join("model.safetensors"), &Device::Cpu).unwrap();
    let name = "text_model.embeddings.token_embedding.weight";
    tensors.insert(name.into(), Tensor::zeros((49408, 64), DType::F32, &Device::Cpu).unwrap());
    candle_core::safetensors::save(&tensors, folder.path().join("model.safetensors")).unwrap();

    let clip = load(folder.path());
    let tokens = expected_tokens(&shared.join("clip-bpe/expected_tokens.json"));
    assert!(tokens.len() > 10);
    for (prompt, ids) in tokens {
        assert_eq!(clip.tokenizer().encode(&prompt).unwrap().ids, ids, "{prompt}");
    }
}

#[test]
fn what_does_not_fit_the_context_is_named() {
    let clip = load(&fixtures().join("clip"));
    let prompt = "apple ".repeat(80) + "painting castle";
    let tokens = clip.tokenizer().encode(&prompt).unwrap();
    assert_eq!(tokens.ids.len(), 77);
    let dropped = tokens.dropped.unwrap();
    assert!(dropped.starts_with("apple apple") && dropped.ends_with("painting castle"), "{dropped}");
    assert_eq!(dropped.split(' ').count(), 82 - 75);
    assert_eq!(clip.tokenizer().encode("a red apple").unwrap().dropped, None);
    // A word of which only the beginning fits is named as a whole, wherever it is cut.
    for before in 66..76 {
        let prompt = "apple ".repeat(before) + &"xq".repeat(9) + &" apple".repeat(20);
        let dropped = clip.tokenizer().encode(&prompt).unwrap().dropped.unwrap();
        let first = dropped.trim_start().split(' ').next().unwrap();
        assert!(first == "apple" || first == "xq".repeat(9), "{dropped}");
    }
}

/// Where a file keeps the tensor of a name.
type Names<'a> = &'a (dyn Fn(&str) -> Vec<Part> + Sync);

#[test]
fn candles_own_text_tower_agrees_from_any_container() {
    let clip = load(&fixtures().join("clip"));
    let config = ClipTextConfig {
        vocab_size: 673,
        embed_dim: 64,
        activation: Activation::QuickGelu,
        intermediate_size: 256,
        max_position_embeddings: 77,
        pad_with: None,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        projection_dim: 48,
    };
    let safetensors = TensorFile::open(&fixtures().join("clip/model.safetensors")).unwrap();
    let tensor =
        |name: &str| (name.to_owned(), safetensors.shape(name).unwrap().to_vec(), safetensors.read(name).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flax_model.msgpack");
    let floats = safetensors.names().filter(|name| !name.ends_with("position_ids"));
    std::fs::write(&path, flax_of(floats.map(tensor))).unwrap();
    let flax = TensorFile::open(&path).unwrap();
    let same = |name: &str| vec![Part::same(name)];
    let in_flax = |name: &str| vec![Part::same(name.replace("layers.", "layers_").replace(".weight", ".kernel"))];
    let cases: [(&TensorFile, Names); 2] = [(&safetensors, &same), (&flax, &in_flax)];
    for (file, parts) in cases {
        let not_text = ["vision_model.", "visual_projection.", "logit_scale", "text_model.embeddings.position_ids"];
        let ignored = |name: &str| not_text.iter().any(|start| name.starts_with(start));
        let ((tower, projection), _) = Weights::build(file, parts, &ignored, |builder| {
            let tower = ClipTextTransformer::new(builder.pp("text_model"), &config)?;
            Ok((tower, builder.get((48, 64), "text_projection.weight")?))
        })
        .unwrap();
        for prompt in ["a red apple on a blue background", "x"] {
            let tokens = clip.tokenizer().encode(prompt).unwrap();
            let ids = Tensor::new(tokens.ids.as_slice(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
            let hidden = tower.forward_with_mask(&ids, usize::MAX).unwrap();
            let last = hidden.narrow(1, tokens.ids.len() - 1, 1).unwrap().squeeze(1).unwrap();
            let expected = last.matmul(&projection.t().unwrap()).unwrap().squeeze(0).unwrap();
            assert!(relative_distance(&clip.text_feature(&tokens).unwrap(), &expected) < 1e-5);
        }
    }
}

#[test]
fn the_embedded_model() {
    // weights/embedded/README.md: values computed in f32 from f32 weights; the f16 file agrees to about 1e-2.
    let expected = reference("embedded/expected.safetensors");
    let clip = Clip::load(&ModelFiles::open(Role::Clip, "embedded").unwrap()).unwrap();
    let unit = |features: Tensor| {
        let norm = features.sqr().unwrap().sum_keepdim(1).unwrap().sqrt().unwrap();
        features.broadcast_div(&norm).unwrap()
    };
    let image = clip.image_features(&expected["image"]).unwrap();
    assert!(relative_distance(&unit(image), &expected["image_embed"]) < 1e-2);
    let prompts = ["a red apple on a blue background".to_owned(), "pencil sketch of a cat".to_owned()];
    assert!(relative_distance(&unit(text_features(&clip, &prompts)), &expected["text_embed"]) < 1e-2);
    let ids = expected["text_ids"].to_dtype(DType::U32).unwrap().to_vec2::<u32>().unwrap();
    let ends = expected["text_eot"].to_dtype(DType::U32).unwrap().to_vec1::<u32>().unwrap();
    for ((prompt, ids), end) in prompts.iter().zip(ids).zip(ends) {
        assert_eq!(clip.tokenizer().encode(prompt).unwrap().ids, ids[..=end as usize]);
    }
}

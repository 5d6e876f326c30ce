//! Text towers other than CLIP's own against `transformers`: ten sentences in ten languages, with random weights in the
//! published layouts. `tests/fixtures/text_towers.py` computed the expected values.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_possible_truncation)]

use crate::common;

use std::path::Path;

use candle_core::{Device, Tensor};
use candle_transformers::models::chinese_clip::Activation;
use candle_transformers::models::chinese_clip::text_model::{
    ChineseClipTextConfig, ChineseClipTextTransformer, PositionEmbeddingType,
};
use common::{fixtures, reference, relative_distance, text, values};
use serde_json::Value;
use text2art::clip::Clip;
use text2art::models::container::TensorFile;
use text2art::models::{ModelFiles, Part, Role, Weights};

fn load(folder: &Path) -> Clip {
    Clip::load(&ModelFiles::open(Role::Clip, text(folder)).unwrap()).unwrap()
}

/// Copies a fixture's folder, with its folders.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(path, target).unwrap();
        }
    }
}

/// The multilingual text tower with the image tower of `clip`.
fn multilingual() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixtures().join("clip-multilingual"), folder.path());
    copy(&fixtures().join("clip"), &folder.path().join("image"));
    folder
}

/// Checks the token ids and the features of the sentences.
fn check_texts(clip: &Clip, name: &str) {
    let expected = std::fs::read_to_string(fixtures().join(name).join("expected_tokens.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let sentences = expected.as_array().unwrap();
    assert_eq!(sentences.len(), 10);
    let features = sentences.iter().map(|sentence| {
        let tokens = clip.tokenizer().encode(sentence["text"].as_str().unwrap()).unwrap();
        let ids: Vec<u32> = sentence["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect();
        assert_eq!(tokens.ids, ids, "{name}: {sentence}");
        assert_eq!(tokens.dropped, None);
        clip.text_feature(&tokens).unwrap()
    });
    let features: Vec<Tensor> = features.collect();
    let expected = &reference(&format!("{name}/expected.safetensors"))["text_features"];
    for (index, feature) in features.iter().enumerate() {
        let distance = relative_distance(feature, &expected.get(index).unwrap());
        assert!(distance < 1e-4, "{name}: sentence {index} is off by {distance}");
    }
}

#[test]
fn a_multilingual_tower_reads_ten_languages_as_transformers_does() {
    let folder = multilingual();
    let clip = load(folder.path());
    check_texts(&clip, "clip-multilingual");
    // Pictures are those of the CLIP whose image tower it uses.
    let image = &reference("clip/expected.safetensors")["image"];
    let own = load(&fixtures().join("clip"));
    assert_eq!(values(&clip.image_features(image).unwrap()), values(&own.image_features(image).unwrap()));
    assert_eq!((clip.side(), clip.config().text.context_length), (own.side(), 128));
    // Its words are not made lowercase.
    let ids = |text: &str| clip.tokenizer().encode(text).unwrap().ids;
    assert_ne!(ids("Meer"), ids("meer"));
    let long = clip.tokenizer().encode(&"Meer ".repeat(200)).unwrap();
    assert!(long.ids.len() == 128 && long.dropped.is_some());
    assert!(clip.text_feature(&long).unwrap().to_vec1::<f32>().unwrap().iter().all(|value| value.is_finite()));
}

#[test]
fn chinese_clip_reads_and_sees_as_transformers_does() {
    let clip = load(&fixtures().join("clip-chinese"));
    check_texts(&clip, "clip-chinese");
    let expected = reference("clip-chinese/expected.safetensors");
    let features = clip.image_features(&expected["image"]).unwrap();
    let distance = relative_distance(&features, &expected["image_features"]);
    assert!(distance < 1e-4, "{distance}");
    // Its tokenizer makes words lowercase.
    let ids = |text: &str| clip.tokenizer().encode(text).unwrap().ids;
    assert_eq!(ids("  APPLE "), ids("apple"));
}

#[test]
fn candles_tower_of_chinese_clip_agrees() {
    let clip = load(&fixtures().join("clip-chinese"));
    let config = ChineseClipTextConfig {
        vocab_size: clip.config().text.vocabulary,
        hidden_size: 64,
        num_hidden_layers: 3,
        num_attention_heads: 4,
        intermediate_size: 128,
        hidden_act: Activation::Gelu,
        hidden_dropout_prob: 0.0,
        attention_probs_dropout_prob: 0.0,
        max_position_embeddings: 160,
        type_vocab_size: 2,
        initializer_range: 0.02,
        initializer_factor: 1.0,
        layer_norm_eps: 1e-12,
        pad_token_id: 0,
        position_embedding_type: PositionEmbeddingType::Absolute,
        use_cache: false,
    };
    let file = TensorFile::open(&fixtures().join("clip-chinese/model.safetensors")).unwrap();
    let same = |name: &str| vec![Part::same(name)];
    let ignored =
        |name: &str| !name.starts_with("text_model.") && name != "text_projection.weight" || name.ends_with("_ids");
    let ((tower, projection), _) = Weights::build(&file, &same, &ignored, |builder| {
        let tower = ChineseClipTextTransformer::new(builder.pp("text_model"), &config)?;
        Ok((tower, builder.get((48, 64), "text_projection.weight")?))
    })
    .unwrap();
    let tokens = clip.tokenizer().encode("一座灯塔矗立在海边，油画。").unwrap();
    let ids = Tensor::new(tokens.ids.as_slice(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let pooled = tower.forward(&ids, None, None).unwrap();
    let expected = pooled.matmul(&projection.t().unwrap()).unwrap().squeeze(0).unwrap();
    assert!(relative_distance(&clip.text_feature(&tokens).unwrap(), &expected) < 1e-5);
}

#[test]
fn what_a_text_tower_alone_lacks_is_said() {
    let folder = multilingual();
    let problem = || {
        let opened = ModelFiles::open(Role::Clip, text(folder.path())).and_then(|files| Clip::load(&files).map(drop));
        let error = opened.unwrap_err();
        format!("{error}; {}", error.hint())
    };
    let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
    let dense = std::fs::read_to_string(folder.path().join("2_Dense/config.json")).unwrap();
    write("2_Dense/config.json", &dense.replace("linear.Identity", "activation.Tanh"));
    assert!(problem().contains("activation.Tanh"), "{}", problem());
    write("2_Dense/config.json", &dense);
    std::fs::remove_file(folder.path().join("2_Dense/model.safetensors")).unwrap();
    assert!(problem().contains("2_Dense/model.safetensors or 2_Dense/pytorch_model.bin is missing"), "{}", problem());
    std::fs::remove_dir_all(folder.path().join("image")).unwrap();
    assert!(problem().contains("text tower of a CLIP alone") && problem().contains("`image`"), "{}", problem());
}

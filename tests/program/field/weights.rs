//! Weights in the formats that people have: each gives the same as the ordinary file, or a correct message.

use std::path::Path;

use serde_json::json;
use text2art::models::container::TensorFile;

use crate::common::fixtures;
use crate::common::hub::{Repository, TestHub};
use crate::common::layouts::{legacy, legacy_of, pickle_in, safetensors, script};
use crate::common::program::{Workplace, finish};

/// A tensor by its name.
type Named = (String, Vec<usize>, Vec<f32>);

/// The tensors of a file of reference data.
fn tensors(file: &str) -> Vec<Named> {
    let file = TensorFile::open(&fixtures().join(file)).unwrap();
    file.names().map(|name| (name.to_owned(), file.shape(name).unwrap().to_vec(), file.read(name).unwrap())).collect()
}

fn renamed(tensors: &[Named], rename: impl Fn(&str) -> String) -> impl Iterator<Item = Named> {
    tensors
        .iter()
        .map(|(name, shape, values)| (rename(name), shape.clone(), values.clone()))
        .collect::<Vec<_>>()
        .into_iter()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap()
}

/// A workplace with a picture to look at.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.write("p.png", fixture("cli/vq_in.png"));
    workplace
}

/// How a CLIP judges the picture, to the last digit.
fn judged(workplace: &Workplace, clip: &str) -> (f64, f64) {
    let line = ["score", "p.png", "-p", "a red apple", "-p", "a blue bird", "--json", "--offline", "--clip", clip];
    let scores = workplace.run(&line).succeeded().output_json();
    (scores[0]["distance"].as_f64().unwrap(), scores[1]["distance"].as_f64().unwrap())
}

/// What a VQGAN makes of the picture.
fn redrawn(workplace: &Workplace, vqgan: &str) -> Vec<u8> {
    workplace.run(&["reconstruct", "p.png", "--vqgan", vqgan, "-o", "out.png", "--force", "--offline"]).succeeded();
    workplace.read("out.png")
}

/// Writes OpenAI's numbers beside the weights, as its archives have them.
fn with_marks(tensors: Vec<Named>) -> impl Iterator<Item = Named> {
    let marks = ["input_resolution", "context_length", "vocab_size"];
    tensors.into_iter().chain(marks.map(|mark| (mark.to_owned(), vec![], vec![1.0])))
}

fn configuration(image: &serde_json::Value, vocabulary: usize, features: usize, layers: usize) -> String {
    let text = json!({ "context_length": 77, "vocab_size": vocabulary, "width": 64, "heads": 1, "layers": layers });
    json!({ "model_cfg": {
        "embed_dim": features, "quick_gelu": true, "vision_cfg": image, "text_cfg": text,
    } })
    .to_string()
}

#[test]
fn open_ais_archives_need_no_configuration() {
    let workplace = workplace();
    // The same weights in an ordinary file (`tests/fixtures/field/tiny_clip.py`).
    workplace.write("plain/open_clip_model.safetensors", fixture("field/tiny_clip.safetensors"));
    let image = json!({ "image_size": 32, "layers": 1, "width": 64, "patch_size": 16 });
    workplace.write("plain/open_clip_config.json", configuration(&image, 700, 32, 1));
    workplace.write("archive/ViT-B-32.pt", fixture("field/tiny_clip.pt"));
    for folder in ["plain", "archive"] {
        workplace.write(&format!("{folder}/tokenizer.json"), fixture("clip/tokenizer.json"));
    }
    let expected = judged(&workplace, "plain");
    assert_eq!(judged(&workplace, "archive/ViT-B-32.pt"), expected);
    assert_eq!(judged(&workplace, "archive"), expected);
    // With a configuration beside it, that one counts.
    workplace.write("archive/open_clip_config.json", configuration(&image, 700, 32, 1));
    assert_eq!(judged(&workplace, "archive"), expected);
    workplace.write("archive/open_clip_config.json", configuration(&json!({}), 700, 32, 1));
    workplace.refuses(&["a", "--clip", "archive"], &["open_clip_config.json"]);

    // A ResNet, whose stages are counted.
    let weights = tensors("clip-openai-resnet/open_clip_model.safetensors");
    workplace.write("resnet/open_clip_model.safetensors", fixture("clip-openai-resnet/open_clip_model.safetensors"));
    let image = json!({ "image_size": 64, "layers": [1, 2, 1, 1], "width": 16 });
    workplace.write("resnet/open_clip_config.json", configuration(&image, 700, 48, 2));
    workplace.write("rn/RN50.pt", script(with_marks(weights)));
    for folder in ["resnet", "rn"] {
        workplace.write(&format!("{folder}/tokenizer.json"), fixture("clip/tokenizer.json"));
    }
    assert_eq!(judged(&workplace, "rn/RN50.pt"), judged(&workplace, "resnet"));
}

#[test]
fn what_an_archive_lacks_is_said() {
    let workplace = workplace();
    workplace.write("archive/ViT-B-32.pt", fixture("field/tiny_clip.pt"));
    workplace.refuses(&["a", "--clip", "archive/ViT-B-32.pt"], &["ViT-B-32.pt", "tokenizer.json"]);
    // A CLIP whose activation nothing tells.
    let weights = tensors("field/tiny_clip.safetensors");
    workplace.write("other/clip.pt", script(weights.into_iter()));
    workplace.refuses(&["a", "--clip", "other/clip.pt"], &["no configuration beside"]);
    workplace.write("vqgan/model.pt", script(tensors("vqgan/last.ckpt").into_iter()));
    workplace.write("vqgan/model.yaml", fixture("vqgan/model.yaml"));
    workplace.refuses(&["a", "--clip", "vqgan/model.pt"], &["no configuration beside"]);
    // As a VQGAN it is one.
    workplace.write("usual/last.ckpt", fixture("vqgan/last.ckpt"));
    workplace.write("usual/model.yaml", fixture("vqgan/model.yaml"));
    assert!(redrawn(&workplace, "vqgan") == redrawn(&workplace, "usual"));
}

#[test]
fn open_ais_archives_take_the_tokenizer_of_the_list() {
    let workplace = workplace();
    let hub = TestHub::new(Vec::new());
    // As many tokens as OpenAI's models know.
    let mut weights = tensors("field/tiny_clip.safetensors");
    let embedding = weights.iter_mut().find(|(name, ..)| name == "token_embedding.weight").unwrap();
    (embedding.1[0], embedding.2) = (49408, embedding.2.iter().copied().cycle().take(49408 * 64).collect());
    workplace.write("openai/ViT-B-32.pt", script(with_marks(weights)));
    let run = |line: &[&str]| finish(workplace.command().env("HF_ENDPOINT", &hub.endpoint).args(line));
    let name = "openai/ViT-B-32.pt";
    let outcome = run(&["score", "p.png", "-p", "a", "--offline", "--clip", name]);
    assert!(outcome.code == Some(2) && outcome.errors.contains("no tokenizer.json beside"), "{}", outcome.errors);
    assert!(outcome.errors.contains("without --offline"), "{}", outcome.errors);
    let plan = run(&["a", "--dry-run", "--clip", name]).succeeded();
    // Its size is that of weights/models.toml.
    let told = "to be downloaded: openai/ViT-B-32.pt, tokenizer.json, 2.2 MB";
    assert!(plan.output_text().contains(told), "{}", plan.output_text());
    assert!(hub.requests().is_empty());
    // The list knows where it comes from, and how large it is.
    let outcome = run(&["score", "p.png", "-p", "a", "--clip", name]);
    assert_eq!(hub.requests_of("openai/clip-vit-base-patch32").len(), hub.requests().len(), "{}", outcome.errors);
    assert!(outcome.code != Some(0) && !hub.requests().is_empty(), "{}", outcome.errors);
    let mut tokenizer = fixture("clip/tokenizer.json");
    tokenizer.resize(2_224_041, b' ');
    let commit = "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268";
    let snapshot = format!("../home/.cache/huggingface/hub/models--openai--clip-vit-base-patch32/snapshots/{commit}");
    workplace.write(&format!("{snapshot}/tokenizer.json"), &tokenizer);
    let cached = judged(&workplace, name);
    workplace.write("openai/tokenizer.json", fixture("clip/tokenizer.json"));
    assert_eq!(judged(&workplace, name), cached);
}

/// The two halves of a model's tensors as parts, and their list: names and contents.
fn parts(tensors: &[Named], stem: &str, extension: &str, write: fn(Vec<Named>) -> Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let (first, second) = tensors.split_at(tensors.len() / 2);
    let mut map = serde_json::Map::new();
    let mut files = Vec::new();
    for (number, half) in [(1, first), (2, second)] {
        let name = format!("{stem}-0000{number}-of-00002.{extension}");
        map.extend(half.iter().map(|(tensor, ..)| (tensor.clone(), name.clone().into())));
        files.push((name, write(half.to_vec())));
    }
    let list = json!({ "metadata": { "total_size": 1 }, "weight_map": map });
    files.push((format!("{stem}.{extension}.index.json"), list.to_string().into_bytes()));
    files
}

fn as_safetensors(tensors: Vec<Named>) -> Vec<u8> {
    safetensors(tensors.into_iter())
}

fn as_pickle(tensors: Vec<Named>) -> Vec<u8> {
    pickle_in(tensors.into_iter(), &[])
}

#[test]
fn weights_in_parts_are_one_model() {
    let workplace = workplace();
    let usual = judged(&workplace, fixtures().join("clip").to_str().unwrap());
    let weights = tensors("clip/model.safetensors");
    let write = |folder: &str, files: &[(String, Vec<u8>)]| {
        for (name, content) in files {
            workplace.write(&format!("{folder}/{name}"), content);
        }
        for name in ["config.json", "tokenizer.json"] {
            workplace.write(&format!("{folder}/{name}"), fixture(&format!("clip/{name}")));
        }
    };
    write("safe", &parts(&weights, "model", "safetensors", as_safetensors));
    write("pickled", &parts(&weights, "pytorch_model", "bin", as_pickle));
    assert_eq!(judged(&workplace, "safe"), usual);
    assert_eq!(judged(&workplace, "safe/model.safetensors.index.json"), usual);
    assert_eq!(judged(&workplace, "pickled"), usual);
    workplace.run(&["models", "import", "acme/parts", "safe", "--role", "clip"]).succeeded();
    assert_eq!(judged(&workplace, "acme/parts"), usual);

    let vqgan = parts(&tensors("vqgan/last.ckpt"), "model", "safetensors", as_safetensors);
    for (name, content) in vqgan
        .iter()
        .map(|(name, content)| (name.as_str(), content.clone()))
        .chain([("config.json", fixture("vqgan/config.json"))])
    {
        workplace.write(&format!("vqgan/{name}"), content);
    }
    workplace.write("usual/last.ckpt", fixture("vqgan/last.ckpt"));
    workplace.write("usual/model.yaml", fixture("vqgan/model.yaml"));
    assert!(redrawn(&workplace, "vqgan") == redrawn(&workplace, "usual"));

    // What is not whole.
    std::fs::remove_file(workplace.join("safe/model-00002-of-00002.safetensors")).unwrap();
    let missing = ["safe/model-00002-of-00002.safetensors", "missing", "model.safetensors.index.json"];
    workplace.refuses(&["a", "--clip", "safe"], &missing);
    workplace.write("safe/model-00002-of-00002.safetensors", fixture("field/tiny_clip.safetensors"));
    workplace.refuses(&["a", "--clip", "safe"], &["model-00002-of-00002.safetensors", "lacks the tensor"]);
    // A list leads nowhere else.
    for (map, named) in [
        (json!({ "a": "../p.png" }), "../p.png"),
        (json!({ "a": "/dev/zero" }), "/dev/zero"),
        (json!({ "a": "C:x" }), "C:x"),
        (json!({ "a": "model.safetensors.index.json" }), "model.safetensors.index.json"),
        (json!({ "a": ".." }), ".."),
        (json!({ "a": "" }), "\"\""),
        (json!({}), "no part"),
        (json!({ "a": 1 }), "not a list"),
    ] {
        let list = json!({ "weight_map": map }).to_string();
        workplace.write("safe/model.safetensors.index.json", list);
        workplace.refuses(&["a", "--clip", "safe"], &["model.safetensors.index.json", named]);
    }
    workplace.write("safe/model.safetensors.index.json", "no JSON");
    workplace.refuses(&["a", "--clip", "safe"], &["model.safetensors.index.json", "not a list"]);
}

#[test]
fn weights_in_parts_come_from_the_hub_and_a_recipe_knows_them() {
    let workplace = workplace();
    let mut files = parts(&tensors("clip/model.safetensors"), "model", "safetensors", as_safetensors);
    files.extend(["config.json", "tokenizer.json"].map(|name| (name.to_owned(), fixture(&format!("clip/{name}")))));
    // Those of another precision are not part of it.
    files.push(("model.fp16-00001-of-00002.safetensors".to_owned(), vec![0; 9]));
    let hub = TestHub::new(vec![Repository::new("acme/parts", files)]);
    let run = |line: &[&str]| finish(workplace.command().env("HF_ENDPOINT", &hub.endpoint).args(line));
    let small = ["a red apple", "-q", "--size", "32x32", "-n", "1", "--cutouts", "1", "--clip", "acme/parts"];
    run(&[&small[..], &["-o", "a.png"]].concat()).succeeded();
    assert!(hub.requests_of("fp16").is_empty());
    let asked = hub.requests().len();
    run(&["--from", "a.png", "-q", "-o", "b.png", "--offline"]).succeeded();
    assert!(workplace.read("a.png") == workplace.read("b.png"));
    // A part that is gone is fetched again; another one in its place is not the model of the recipe.
    let snapshot = Repository::new("acme/parts", []).commit;
    let snapshot = format!("../home/.cache/huggingface/hub/models--acme--parts/snapshots/{snapshot}");
    let part = workplace.join(format!("{snapshot}/model-00001-of-00002.safetensors"));
    std::fs::remove_file(&part).unwrap();
    let outcome = run(&[&small[..], &["-o", "c.png", "--offline"]].concat());
    assert!(outcome.code == Some(2) && outcome.errors.contains("00001-of-00002"), "{}", outcome.errors);
    run(&[&small[..], &["-o", "c.png"]].concat()).succeeded();
    assert!(hub.requests().len() > asked && workplace.read("a.png") == workplace.read("c.png"));
    let mut content = std::fs::read(&part).unwrap();
    *content.last_mut().unwrap() ^= 1;
    std::fs::remove_file(&part).unwrap();
    std::fs::write(&part, content).unwrap();
    let outcome = run(&["--from", "a.png", "-q", "-o", "d.png", "--offline"]);
    assert!(outcome.code == Some(2) && outcome.errors.contains("of the recipe"), "{}", outcome.errors);
}

#[test]
fn names_that_trainers_change_are_the_models_own() {
    let workplace = workplace();
    let weights = tensors("vqgan/last.ckpt");
    let write = |name: &str, content: Vec<u8>| {
        workplace.write(&format!("{name}/last.ckpt"), content);
        workplace.write(&format!("{name}/model.yaml"), fixture("vqgan/model.yaml"));
    };
    write("usual", fixture("vqgan/last.ckpt"));
    let usual = redrawn(&workplace, "usual");
    let before = |prefix: &'static str| move |name: &str| format!("{prefix}{name}");
    for (folder, prefix, keys) in [
        ("parallel", "module.", &["state_dict"][..]),
        ("compiled", "_orig_mod.", &["state_dict"]),
        ("both", "module._orig_mod.", &["model"]),
        ("model", "", &["model"]),
        ("nested", "", &["checkpoint", "model"]),
        ("unusual key", "", &["weights"]),
        ("part", "vqgan.", &[]),
    ] {
        write(folder, pickle_in(renamed(&weights, before(prefix)), keys));
        assert!(redrawn(&workplace, folder) == usual, "{folder}");
    }
    write("inside", pickle_in(renamed(&weights, |name| name.replacen("encoder.", "encoder._orig_mod.", 1)), &[]));
    assert!(redrawn(&workplace, "inside") == usual);
    // Of two VQGANs in a transformer's checkpoint, the one that makes the pictures.
    let other = weights
        .iter()
        .map(|(name, shape, values)| (format!("cond_stage_model.{name}"), shape.clone(), vec![0.5; values.len()]));
    write("two", pickle_in(other.chain(renamed(&weights, before("first_stage_model."))), &["state_dict"]));
    assert!(redrawn(&workplace, "two") == usual);
    // Averages lose the dots of their names (taming-transformers, `taming/modules/util.py`).
    let dotless = |name: &str| format!("model_ema.{}", name.replace('.', ""));
    let count = ("model_ema.decay".to_owned(), vec![], vec![0.99]);
    write("averages", pickle_in(renamed(&weights, dotless).chain([count]), &["state_dict"]));
    assert!(redrawn(&workplace, "averages") == usual);
    // Beside the weights themselves they do not count.
    let zeros = weights.iter().map(|(name, shape, values)| (dotless(name), shape.clone(), vec![0.0; values.len()]));
    write("averaged", pickle_in(zeros.chain(renamed(&weights, before(""))), &["state_dict"]));
    assert!(redrawn(&workplace, "averaged") == usual);
    // Converted once, as a download is.
    let hub = TestHub::new(vec![Repository::new(
        "acme/averages",
        ["last.ckpt", "model.yaml"].map(|name| (name.to_owned(), workplace.read(&format!("averages/{name}")))),
    )]);
    let line = ["reconstruct", "p.png", "--vqgan", "acme/averages", "--force", "-o", "out.png"];
    finish(workplace.command().env("HF_ENDPOINT", &hub.endpoint).args(line)).succeeded();
    assert!(workplace.read("out.png") == usual && redrawn(&workplace, "acme/averages") == usual);

    // A trainer's checkpoint of open_clip.
    workplace.write("clip/open_clip_config.json", fixture("clip-openai-vit/open_clip_config.json"));
    workplace.write("clip/tokenizer.json", fixture("clip/tokenizer.json"));
    let weights = tensors("clip-openai-vit/open_clip_model.safetensors");
    let expected = judged(&workplace, fixtures().join("clip-openai-vit").to_str().unwrap());
    for (prefix, keys) in [("module.", &["state_dict"][..]), ("clip_model.", &["state_dict"])] {
        let content = pickle_in(renamed(&weights, before(prefix)), keys);
        workplace.write("clip/open_clip_pytorch_model.bin", content);
        assert_eq!(judged(&workplace, "clip"), expected, "{prefix}");
    }
}

#[test]
fn half_precision_under_its_own_name() {
    let workplace = workplace();
    for (folder, name) in [("half", "model.fp16.safetensors"), ("usual", "model.safetensors")] {
        for file in ["config.json", "tokenizer.json"] {
            workplace.write(&format!("{folder}/{file}"), fixture(&format!("clip/{file}")));
        }
        workplace.write(&format!("{folder}/{name}"), fixture("clip/model.safetensors"));
        let name = format!("{folder}-vqgan/{}", name.replace("model", "diffusion_pytorch_model"));
        workplace.write(&name, fixture("vqgan-diffusers/diffusion_pytorch_model.safetensors"));
        workplace.write(&format!("{folder}-vqgan/config.json"), fixture("vqgan-diffusers/config.json"));
    }
    assert_eq!(judged(&workplace, "half"), judged(&workplace, "usual"));
    assert!(redrawn(&workplace, "half-vqgan") == redrawn(&workplace, "usual-vqgan"));
    // A file of any name, if there is no other.
    std::fs::rename(workplace.join("usual/model.safetensors"), workplace.join("usual/mine.safetensors")).unwrap();
    assert_eq!(judged(&workplace, "half"), judged(&workplace, "usual"));
}

#[test]
fn files_of_old_versions_of_pytorch() {
    let workplace = workplace();
    // What PyTorch itself wrote (`tests/fixtures/field/tiny_clip.py`).
    let image = json!({ "image_size": 32, "layers": 1, "width": 64, "patch_size": 16 });
    for (folder, name, content) in [
        ("plain", "open_clip_model.safetensors", "field/tiny_clip.safetensors"),
        ("old", "open_clip_pytorch_model.bin", "field/tiny_clip.bin"),
    ] {
        workplace.write(&format!("{folder}/{name}"), fixture(content));
        workplace.write(&format!("{folder}/open_clip_config.json"), configuration(&image, 700, 32, 1));
        workplace.write(&format!("{folder}/tokenizer.json"), fixture("clip/tokenizer.json"));
    }
    assert_eq!(judged(&workplace, "old"), judged(&workplace, "plain"));
    let write = |name: &str, content: &[u8]| {
        workplace.write(&format!("{name}/last.ckpt"), content);
        workplace.write(&format!("{name}/model.yaml"), fixture("vqgan/model.yaml"));
    };
    write("usual", &fixture("vqgan/last.ckpt"));
    let weights = tensors("vqgan/last.ckpt");
    let old = legacy(weights.clone().into_iter(), &["state_dict"]);
    write("trainer", &old);
    assert!(redrawn(&workplace, "trainer") == redrawn(&workplace, "usual"));
    write("cut", &old[..old.len() - 1]);
    let refuses = |name: &str, named: &[&str]| {
        workplace.refuses(&["reconstruct", "p.png", "-o", "q.png", "--vqgan", name], named);
    };
    refuses("cut", &["cut short"]);
    write("cut", &old[..4000]);
    refuses("cut", &["cut/last.ckpt", "damaged"]);
    // A pickle of something else.
    write("other", b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94K\x01s.");
    refuses("other", &["not one that torch.save wrote"]);
}

#[test]
fn nothing_in_a_pickle_is_run() {
    let workplace = workplace();
    let call = b"cposix\nsystem\n(X\x11\x00\x00\x00touch ./pwned.txttR".to_vec();
    let refuses = |content: &[u8], named: &str| {
        workplace.write("evil/last.ckpt", content);
        workplace.write("evil/model.yaml", fixture("vqgan/model.yaml"));
        workplace.refuses(&["reconstruct", "p.png", "-o", "q.png", "--vqgan", "evil"], &["evil/last.ckpt", named]);
    };
    refuses(&legacy_of(&call, &[]), "no dictionary of tensors");
    let entry = |value: &[u8]| [b"}(X\x01\x00\x00\x00a", value, b"u"].concat();
    refuses(&legacy_of(&entry(&call), &[]), "no tensor");
    // A storage of a type that nobody knows.
    let tensor = |class: &[u8]| {
        let before = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagec";
        let after = b"\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQK\x00(K\x01t(K\x01t\x89NtR";
        entry(&[before, class, after].concat())
    };
    refuses(&legacy_of(&tensor(b"my\nOwnStorage"), &[(1, vec![0; 4])]), "in an unsupported form");
    // A storage that says it is longer than any file, and a pickle that fills every memory.
    refuses(&legacy_of(&tensor(b"torch\nFloatStorage"), &[(usize::MAX, vec![0; 4])]), "cut short");
    let doubling = [&b"}"[..], &b"q\x00h\x00\x86".repeat(60)].concat();
    refuses(&legacy_of(&doubling, &[]), "too large or too deeply nested");
    assert!(!Path::new("pwned.txt").exists() && !workplace.join("pwned.txt").exists());
}

#[test]
fn the_environment_says_what_it_says_to_other_clients() {
    let hub = TestHub::new(vec![Repository::vqgan("acme/vqgan")]);
    hub.change("acme/vqgan", |repository| repository.token = Some("hf_secret".into()));
    let commit = Repository::new("acme/vqgan", []).commit;
    // huggingface_hub, `constants.py`.
    for (variables, folder) in [
        (&[("HUGGINGFACE_HUB_CACHE", "$DATA/old")][..], "data/old"),
        (&[("HUGGINGFACE_HUB_CACHE", "/nowhere"), ("HF_HUB_CACHE", "${DATA}/new")], "data/new"),
        (&[("HF_HOME", "$DATA/hf")], "data/hf/hub"),
        (&[("HF_HOME", "~/hf")], "home/hf/hub"),
        (&[("XDG_CACHE_HOME", "$DATA/cache")], "data/cache/huggingface/hub"),
    ] {
        let workplace = Workplace::new();
        let root = workplace.root().to_owned();
        std::fs::create_dir_all(root.join("data")).unwrap();
        std::fs::write(root.join("data/token"), "hf_secret\n").unwrap();
        let run = |line: &[&str]| {
            let mut command = workplace.command();
            command.env("HF_ENDPOINT", &hub.endpoint).env("DATA", root.join("data")).args(line);
            command.env("HF_TOKEN_PATH", "$DATA/token").envs(variables.iter().copied());
            finish(&mut command)
        };
        run(&["models", "pull", "acme/vqgan"]).succeeded();
        let pulled = root.join(folder).join("models--acme--vqgan/snapshots").join(&commit).join("last.ckpt");
        assert!(pulled.is_file(), "{variables:?}");
    }
    let workplace = Workplace::new();
    let run = |name: &str, value: &str| {
        let mut command = workplace.command();
        command.env("HF_ENDPOINT", &hub.endpoint).env("HUGGING_FACE_HUB_TOKEN", "hf_secret").env(name, value);
        finish(command.args(["models", "pull", "acme/vqgan"]))
    };
    let asked = hub.requests().len();
    assert!(run("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").code != Some(0));
    assert!(hub.requests()[asked..].iter().all(|seen| !seen.headers.contains_key("authorization")));
    let asked = hub.requests().len();
    assert_eq!(run("TRANSFORMERS_OFFLINE", "1").code, Some(2));
    assert_eq!(hub.requests().len(), asked);
    run("HF_HUB_OFFLINE", "0").succeeded();
}

//! Models that cannot work are refused as described in `bad_input.rs`: damaged weights, weights of another network,
//! missing files, files of another kind.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use crate::common;

use std::collections::HashMap;
use std::io::{Cursor, Write};
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use common::fixtures;
use common::program::{Outcome, Workplace};
use rmpv::Value;
use text2art::models::container::TensorFile;

/// The roles, by the option that names a model.
const ROLES: [&str; 2] = ["clip", "vqgan"];
const WEIGHTS: &str = "model/model.safetensors";

type Tensors = HashMap<String, Tensor>;

/// All tensors of a weight file of any format.
fn tensors(path: &Path) -> Tensors {
    let file = TensorFile::open(path).unwrap();
    let tensor = |name: &str| {
        let (shape, values) = (file.shape(name).unwrap(), file.read(name).unwrap());
        (name.to_owned(), Tensor::from_vec(values, shape, &Device::Cpu).unwrap())
    };
    file.names().map(tensor).collect()
}

/// A workplace with a whole model in the folder `model`, to be broken.
struct Model {
    workplace: Workplace,
    role: &'static str,
}

impl Model {
    fn new(role: &'static str) -> Self {
        let model = Self { workplace: Workplace::new(), role };
        let files =
            if role == "clip" { &["clip/config.json", "clip/tokenizer.json"][..] } else { &["vqgan/model.yaml"] };
        for file in files {
            let name = file.split_once('/').unwrap().1;
            model.write(&format!("model/{name}"), std::fs::read(fixtures().join(file)).unwrap());
        }
        model.save(&Self::whole(role));
        model
    }

    /// The tensors of the whole model.
    fn whole(role: &str) -> Tensors {
        tensors(&fixtures().join(if role == "clip" { "clip/model.safetensors" } else { "vqgan/last.ckpt" }))
    }

    fn config(&self) -> &'static str {
        if self.role == "clip" { "model/config.json" } else { "model/model.yaml" }
    }

    fn save(&self, tensors: &Tensors) {
        candle_core::safetensors::save(tensors, self.workplace.join(WEIGHTS)).unwrap();
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        self.workplace.write(name, content);
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.workplace.join(name)).unwrap();
    }

    fn arguments(&self, name: &str) -> Vec<String> {
        let option = format!("--{}", self.role);
        let arguments = ["a red apple", "--size", "32x32", "-n", "1", "--cutouts", "1", "-o", "new.png", &option, name];
        arguments.map(str::to_owned).to_vec()
    }

    fn run(&self, name: &str) -> Outcome {
        self.workplace.run(&self.arguments(name))
    }

    fn refuses(&self, name: &str, words: &[&str]) {
        self.workplace.refuses(&self.arguments(name), words);
    }
}

/// A zip archive of entries that are not compressed, as PyTorch writes them.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A flax file of some of a VQGAN's tensors.
fn flax() -> Vec<u8> {
    let encoded = |value: &Value| {
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, value).unwrap();
        bytes
    };
    let array = |shape: [u64; 2]| {
        let bytes = vec![0; usize::try_from(shape[0] * shape[1] * 4).unwrap()];
        let shape = Value::Array(shape.map(Value::from).to_vec());
        Value::Ext(1, encoded(&Value::Array(vec![shape, "float32".into(), Value::Binary(bytes)])))
    };
    let embedding = Value::Map(vec![("embedding".into(), array([64, 24]))]);
    let quantize = Value::Map(vec![("embedding".into(), embedding)]);
    let root = vec![("quantize".into(), quantize), ("post_quant_conv".into(), Value::Map(vec![]))];
    encoded(&Value::Map(root))
}

#[test]
fn whole_models_are_taken() {
    for role in ROLES {
        let model = Model::new(role);
        for (name, output) in [("model", "one.png"), (WEIGHTS, "two.png")] {
            let outcome = model.workplace.run(&[&model.arguments(name)[..], &["-q".to_owned()]].concat()).succeeded();
            assert_eq!(outcome.errors, "");
            std::fs::rename(model.workplace.join("new.png"), model.workplace.join(output)).unwrap();
        }
    }
}

#[test]
fn weight_files_that_are_damaged_or_none() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935\nsize 2058780\n";
    let page = "<!DOCTYPE html>\n<html><head><title>404</title></head><body>Not Found</body></html>\n";
    let no_pickle = zip(&[("archive/data.pkl", b"no pickle at all"), ("archive/version", b"3\n")]);
    let no_weights = zip(&[("holiday/beach.jpg", b"sand")]);
    let whole_archive = std::fs::read(fixtures().join("vqgan/last.ckpt")).unwrap();
    let flax = flax();
    for role in ROLES {
        let model = Model::new(role);
        let whole = model.workplace.read(WEIGHTS);
        let mut longer = whole.clone();
        longer.extend([0; 8]);
        let mut damaged = whole.clone();
        damaged[9..40].fill(b'?');
        let mut huge = whole.clone();
        huge[..8].fill(0xff);
        let cases: [(&str, &[u8], &str); 19] = [
            ("cut in its values", &whole[..whole.len() / 2], "cut short"),
            ("cut by a byte", &whole[..whole.len() - 1], "cut short"),
            ("cut in its header", &whole[..100], "cut short"),
            ("cut in its first number", &whole[..5], ""),
            ("longer than it says", &longer, "longer"),
            ("a damaged header", &damaged, ""),
            ("a header of 2^64 bytes", &huge, ""),
            ("no tensor", b"\x02\0\0\0\0\0\0\0{}", "no tensor"),
            ("empty", b"", "empty"),
            ("a Git LFS pointer", pointer.as_bytes(), "Git LFS"),
            ("a web page", page.as_bytes(), "web page"),
            ("a text", b"Entry not found", "text"),
            ("a pickle that is none", &no_pickle, "pickle"),
            ("an archive of something else", &no_weights, "zip archive"),
            ("an archive cut short", &whole_archive[..whole_archive.len() / 2], "cut short"),
            ("half a pickle without an archive", b"\x80\x02}q\0(X\x01\0\0\0a", "pickle"),
            ("a flax file cut short", &flax[..flax.len() - 100], "cut short"),
            ("a flax file cut shorter", &flax[..12], "cut short"),
            ("noise", &[0x93; 4000], "format"),
        ];
        for (what, content, word) in cases {
            println!("{role}: {what}");
            model.write(WEIGHTS, content);
            model.refuses("model", &[WEIGHTS, word]);
        }
        model.refuses(WEIGHTS, &[WEIGHTS]);
        // Whole files, but not of this network: flax's own file name, and PyTorch's.
        model.remove(WEIGHTS);
        let name = if role == "clip" { "model/pytorch_model.bin" } else { "model/flax_model.msgpack" };
        model.write(name, &flax);
        model.refuses("model", &[name, "tensors do not fit"]);
        model.write(name, &flax[..flax.len() - 1]);
        model.refuses("model", &[name, "cut short"]);
    }
}

#[test]
fn weights_of_another_network() {
    for (role, other) in [("clip", "vqgan"), ("vqgan", "clip")] {
        let model = Model::new(role);
        model.save(&Model::whole(other));
        model.refuses("model", &[WEIGHTS, "tensors do not fit", "missing", "unknown"]);
        model.refuses(WEIGHTS, &[WEIGHTS, "tensors do not fit"]);
        // The other's configuration, too.
        let config = fixtures().join(if role == "clip" { "vqgan/config.json" } else { "clip/config.json" });
        model.remove(model.config());
        model.write("model/config.json", std::fs::read(config).unwrap());
        model.refuses("model", &["model/config.json"]);
    }
    let published = [("clip", "vqgan-diffusers"), ("vqgan", "clip-openai-vit"), ("vqgan", "clip-openai-resnet")];
    for (role, folder) in published {
        let folder = fixtures().join(folder);
        Model::new(role).refuses(folder.to_str().unwrap(), &[folder.to_str().unwrap()]);
    }
}

#[test]
fn values_that_are_no_finite_numbers() {
    for (role, name) in [("clip", "visual_projection.weight"), ("vqgan", "decoder.conv_in.weight")] {
        for value in [f32::NAN, f32::INFINITY] {
            let model = Model::new(role);
            let mut tensors = Model::whole(role);
            let shape = tensors[name].dims().to_vec();
            let mut values: Vec<f32> = common::values(&tensors[name]);
            *values.last_mut().unwrap() = value;
            tensors.insert(name.into(), Tensor::from_vec(values, shape, &Device::Cpu).unwrap());
            model.save(&tensors);
            model.refuses("model", &[WEIGHTS, name, "finite"]);
        }
    }
}

/// Seven tensors of each network that are matrices at least.
fn seven(role: &str) -> Vec<String> {
    let prefix = if role == "clip" { "text_model.encoder.layers.0." } else { "decoder.up.1." };
    let whole = Model::whole(role);
    let mut names: Vec<String> = whole.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
    names.sort();
    names.truncate(7);
    assert_eq!(names.len(), 7, "{names:?}");
    names
}

/// How many of the names a message shows.
fn shown(message: &str, names: &[String]) -> usize {
    names.iter().filter(|name| message.contains(name.as_str())).count()
}

/// Refuses a model whose tensors do not fit; the message has `count`, and five of the names.
fn refuses_seven(role: &'static str, tensors: &Tensors, count: &str, names: &[String]) {
    let model = Model::new(role);
    model.save(tensors);
    model.refuses("model", &[WEIGHTS, count, &format!("its {} tensors", tensors.len())]);
    let errors = model.run("model").errors;
    assert_eq!(shown(&errors, names), 5, "{errors}");
}

#[test]
fn tensors_that_are_missing_misshapen_or_unknown() {
    for role in ROLES {
        let (whole, names) = (Model::whole(role), seven(role));
        let mut missing = whole.clone();
        missing.retain(|name, _| !names.contains(name));
        refuses_seven(role, &missing, "7 missing", &names);

        let mut misshapen = whole.clone();
        for name in &names {
            misshapen.insert(name.clone(), Tensor::zeros((5, 7), DType::F32, &Device::Cpu).unwrap());
        }
        refuses_seven(role, &misshapen, "7 with the wrong shape", &names);

        let surplus: Vec<String> = (0..7).map(|index| format!("painter.brushes.{index}.weight")).collect();
        let mut unknown = whole.clone();
        unknown.extend(surplus.iter().map(|name| (name.clone(), whole[&names[0]].clone())));
        refuses_seven(role, &unknown, "7 unknown", &surplus);
        let model = Model::new(role);
        model.save(&unknown);
        model.refuses("model", &["painter.brushes.0", "painter.brushes.4"]);

        // One of each kind, and the one shape that is easily mistaken: rows and columns exchanged.
        let mut mixed = whole.clone();
        mixed.remove(&names[0]);
        mixed.insert("painter.hand".into(), whole[&names[1]].clone());
        let square = |tensor: &Tensor| tensor.rank() < 2 || tensor.dims()[0] == tensor.dims()[1];
        let mut others: Vec<&String> = whole.keys().filter(|name| !square(&whole[*name])).collect();
        others.sort();
        let other = others.into_iter().find(|name| **name != names[0]).unwrap();
        mixed.insert(other.clone(), whole[other].transpose(0, 1).unwrap().contiguous().unwrap());
        let model = Model::new(role);
        model.save(&mixed);
        let kinds =
            [format!("1 missing ({}", names[0]), format!("1 with the wrong shape ({other}"), "1 unknown".into()];
        model.refuses("model", &[WEIGHTS, &kinds[0], &kinds[1], &kinds[2], "painter.hand"]);
    }
}

#[test]
fn files_that_are_missing() {
    for role in ROLES {
        let model = Model::new(role);
        model.remove(model.config());
        model.refuses(WEIGHTS, &[WEIGHTS, "configuration"]);
        model.refuses("model", &["model"]);

        let model = Model::new(role);
        model.remove(WEIGHTS);
        model.refuses("model", &["model", if role == "clip" { "no CLIP" } else { "does not contain a VQGAN" }]);
        model.refuses(WEIGHTS, &[WEIGHTS, "not found"]);
        model.refuses("nowhere/at/all", &["nowhere/at/all", "not found"]);
        std::fs::create_dir(model.workplace.join("bare")).unwrap();
        model.refuses("bare", &["bare"]);
        // The name of a model's repository, which is no path here, and may not be fetched.
        let mut offline = model.arguments("openai/clip-vit-base-patch32");
        offline.push("--offline".into());
        model.workplace.refuses(&offline, &["openai/clip-vit-base-patch32"]);
    }
    let model = Model::new("clip");
    model.remove("model/tokenizer.json");
    model.refuses("model", &[WEIGHTS, "tokenizer.json"]);
    model.refuses("embedded,model", &[WEIGHTS, "tokenizer.json"]);
    let model = Model::new("vqgan");
    for name in ["a.ckpt", "b.ckpt"] {
        model.write(&format!("model/{name}"), model.workplace.read(WEIGHTS));
    }
    model.remove(WEIGHTS);
    model.refuses("model", &["model", "2 .ckpt files"]);
}

#[test]
fn names_that_are_empty() {
    for role in ROLES {
        // There is no file to name, so the message has to name the option.
        Model::new(role).refuses("", &[&format!("--{role}")]);
    }
}

#[test]
fn configurations_that_cannot_be_used() {
    for (content, word) in [
        (&b"{\"model_type\": \"clip\","[..], "configuration"),
        (b"", "configuration"),
        (b"[1, 2", "configuration"),
        (b"{}", "configuration"),
        (b"null", "configuration"),
        (b"\xff\xfe\0", "UTF-8"),
        (b"<!DOCTYPE html><html>", "configuration"),
    ] {
        for role in ROLES {
            let model = Model::new(role);
            model.write(model.config(), content);
            model.refuses("model", &[model.config(), word]);
        }
    }
    // Readable, and of a network that cannot be.
    let clip = std::fs::read_to_string(fixtures().join("clip/config.json")).unwrap();
    let vqgan = std::fs::read_to_string(fixtures().join("vqgan/model.yaml")).unwrap();
    for (role, text, from, to) in [
        ("clip", &clip, "\"num_attention_heads\": 4", "\"num_attention_heads\": 5"),
        ("clip", &clip, "\"patch_size\": 8", "\"patch_size\": 0"),
        ("clip", &clip, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 2000000000"),
        ("clip", &clip, "\"hidden_size\": 64", "\"hidden_size\": -64"),
        ("clip", &clip, "\"hidden_act\": \"quick_gelu\"", "\"hidden_act\": \"tanh\""),
        ("vqgan", &vqgan, "ch: 32", "ch: 33"),
        ("vqgan", &vqgan, "num_res_blocks: 1", "num_res_blocks: 0"),
        ("vqgan", &vqgan, "n_embed: 64", "n_embed: 99999999999"),
        ("vqgan", &vqgan, "double_z: false", "double_z: true"),
        ("vqgan", &vqgan, "embed_dim: 24", "no_dim: 24"),
    ] {
        assert!(text.contains(from));
        let model = Model::new(role);
        model.write(model.config(), text.replacen(from, to, 1));
        model.refuses("model", &[model.config()]);
    }
}

#[test]
fn tokenizers_that_cannot_be_used() {
    let whole = std::fs::read_to_string(fixtures().join("clip/tokenizer.json")).unwrap();
    for content in ["", "{", "{}", "<html>", &whole[..whole.len() / 2], &whole.replacen("\"BPE\"", "\"Brush\"", 1)] {
        let model = Model::new("clip");
        model.write("model/tokenizer.json", content);
        model.refuses("model", &["model/tokenizer.json"]);
    }
    // It knows tokens that the model does not.
    let model = Model::new("clip");
    let config = String::from_utf8(model.workplace.read("model/config.json")).unwrap();
    model.write("model/config.json", config.replacen("\"vocab_size\": 673", "\"vocab_size\": 600", 1));
    model.refuses("model", &["model/tokenizer.json", "673", "600"]);
}

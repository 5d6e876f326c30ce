//! Models written the way they are published.

use rmpv::Value;
use text2art::models::container::TensorFile;

/// A VQGAN with taming-transformers' names as flax's msgpack, which has its own names and order of dimensions.
pub fn flax(file: &TensorFile) -> Vec<u8> {
    let names = file.names().filter(|name| !name.starts_with("loss."));
    let tensors = names.map(|name| (name.to_owned(), file.shape(name).unwrap().to_vec(), file.read(name).unwrap()));
    flax_of(tensors)
}

/// Flax's msgpack of tensors with taming-transformers' names and PyTorch's order of dimensions.
pub fn flax_of(tensors: impl Iterator<Item = (String, Vec<usize>, Vec<f32>)>) -> Vec<u8> {
    let mut root = Vec::new();
    for (name, shape, values) in tensors {
        let (path, shape, values) = renamed(&name, shape, values);
        let mut bytes = Vec::new();
        let shape = shape.into_iter().map(Value::from).collect();
        let array = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let array = Value::Array(vec![Value::Array(shape), Value::from("float32"), Value::Binary(array)]);
        rmpv::encode::write_value(&mut bytes, &array).unwrap();
        insert(&mut root, &path, Value::Ext(1, bytes));
    }
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &Value::Map(root)).unwrap();
    bytes
}

/// Keys on the way to the array, its shape and its values: `up.2.block.0` is `up_2`, `block_0`; kernels are
/// (height, width, inputs, outputs); norms have a scale, the codebook an embedding.
fn renamed(name: &str, shape: Vec<usize>, values: Vec<f32>) -> (Vec<String>, Vec<usize>, Vec<f32>) {
    let mut path: Vec<String> = Vec::new();
    for word in name.split('.') {
        match path.last_mut() {
            Some(last) if word.bytes().all(|byte| byte.is_ascii_digit()) => last.extend(["_", word]),
            _ => path.push(word.to_owned()),
        }
    }
    if path.last().is_none_or(|last| last != "weight") {
        return (path, shape, values);
    }
    let layer = path[path.len() - 2].clone();
    let last = path.last_mut().unwrap();
    if layer.starts_with("norm") {
        *last = "scale".into();
    } else if layer.starts_with("embed") {
        *last = "embedding".into();
    } else {
        *last = "kernel".into();
    }
    let (outputs, inputs, height, width) = match *shape.as_slice() {
        [outputs, inputs, height, width] if *last == "kernel" => (outputs, inputs, height, width),
        _ => return (path, shape, values),
    };
    let mut turned = Vec::with_capacity(values.len());
    for pixel in 0..height * width {
        for input in 0..inputs {
            turned.extend((0..outputs).map(|output| values[(output * inputs + input) * height * width + pixel]));
        }
    }
    (path, vec![height, width, inputs, outputs], turned)
}

fn insert(map: &mut Vec<(Value, Value)>, path: &[String], value: Value) {
    let (first, rest) = path.split_first().unwrap();
    if rest.is_empty() {
        map.push((Value::from(first.as_str()), value));
        return;
    }
    let known = map.iter().position(|(key, _)| key.as_str() == Some(first));
    let index = known.unwrap_or_else(|| {
        map.push((Value::from(first.as_str()), Value::Map(Vec::new())));
        map.len() - 1
    });
    if let Value::Map(inner) = &mut map[index].1 {
        insert(inner, rest, value);
    }
}

/// A safetensors file of tensors in single precision.
pub fn safetensors(tensors: impl Iterator<Item = (String, Vec<usize>, Vec<f32>)>) -> Vec<u8> {
    let tensors: Vec<_> = tensors.map(|(name, shape, values)| (name, shape, bytes(&values))).collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name, safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// A zip archive with a pickle, as PyTorch writes it: a dictionary of tensors, or a trainer's dictionary that has it in
/// `state_dict`.
pub fn pickle(tensors: impl Iterator<Item = (String, Vec<usize>, Vec<f32>)>, of_trainer: bool) -> Vec<u8> {
    pickle_in(tensors, if of_trainer { &["state_dict"] } else { &[] })
}

/// Like [`pickle`], with the dictionary inside others under these keys, the outermost first.
pub fn pickle_in(tensors: impl Iterator<Item = (String, Vec<usize>, Vec<f32>)>, keys: &[&str]) -> Vec<u8> {
    let (items, storages) = dictionary(tensors);
    let entries = storages.into_iter().enumerate();
    let entries = entries.map(|(number, bytes)| (format!("archive/data/{number}"), bytes));
    let pickle = ("archive/data.pkl".to_owned(), whole_pickle(&within(items, keys)));
    zipped([pickle].into_iter().chain(entries).chain([("archive/version".to_owned(), b"3\n".to_vec())]))
}

/// The pickles and bytes that PyTorch wrote before version 1.6, with the dictionary inside others under these keys.
pub fn legacy(tensors: impl Iterator<Item = (String, Vec<usize>, Vec<f32>)>, keys: &[&str]) -> Vec<u8> {
    let (items, storages) = dictionary(tensors);
    legacy_of(&within(items, keys), &storages.into_iter().map(|bytes| (bytes.len() / 4, bytes)).collect::<Vec<_>>())
}

/// Like [`legacy`], for any object, with storages numbered from 0: the number of values, and their bytes.
pub fn legacy_of(object: &[u8], storages: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut file = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.".to_vec();
    let machine = [b"}(", &text("little_endian")[..], b"\x88u"].concat();
    file.extend(whole_pickle(&machine));
    file.extend(whole_pickle(object));
    // The keys are texts and sorted as such: "10" is before "2".
    let mut keys: Vec<(String, &(usize, Vec<u8>))> =
        storages.iter().enumerate().map(|(number, storage)| (number.to_string(), storage)).collect();
    keys.sort();
    let list: Vec<u8> = keys.iter().flat_map(|(key, _)| text(key)).collect();
    file.extend(whole_pickle(&[b"](", &list[..], b"e"].concat()));
    for (_, (count, bytes)) in keys {
        file.extend((*count as u64).to_le_bytes());
        file.extend(bytes);
    }
    file
}

/// A `TorchScript` archive of a module with these parameters, in modules by the words of their names.
pub fn script(tensors: impl Iterator<Item = (String, Vec<usize>, Vec<f32>)>) -> Vec<u8> {
    #[derive(Default)]
    struct Module(std::collections::BTreeMap<String, (Vec<u8>, Module)>);
    fn attributes(module: &Module) -> Vec<u8> {
        let mut items = b"c__torch__.nn\nModule\n)\x81}(".to_vec();
        for (name, (tensor, inner)) in &module.0 {
            items.extend(text(name));
            items.extend(if inner.0.is_empty() { tensor.clone() } else { attributes(inner) });
        }
        items.extend(text("training"));
        [&items[..], b"\x89ub"].concat()
    }
    let (mut root, mut entries) = (Module::default(), Vec::new());
    for (number, (name, shape, values)) in tensors.enumerate() {
        let mut module = &mut root;
        let (path, last) = name.rsplit_once('.').unwrap_or(("", &name));
        for word in path.split('.').filter(|word| !word.is_empty()) {
            module = &mut module.0.entry(word.to_owned()).or_default().1;
        }
        module.0.insert(last.to_owned(), (tensor(number, &shape, values.len()), Module::default()));
        entries.push((format!("ViT/data/{number}"), bytes(&values)));
    }
    let pickle = ("ViT/data.pkl".to_owned(), whole_pickle(&attributes(&root)));
    let code = ["ViT/constants.pkl", "ViT/code/__torch__/nn.py"].map(|name| (name.to_owned(), b"\x80\x02).".to_vec()));
    zipped(entries.into_iter().chain([pickle]).chain(code))
}

/// A dictionary of tensors, and the bytes of their storages.
fn dictionary(tensors: impl Iterator<Item = (String, Vec<usize>, Vec<f32>)>) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut items = b"ccollections\nOrderedDict\n)R(".to_vec();
    let mut storages = Vec::new();
    for (number, (name, shape, values)) in tensors.enumerate() {
        items.extend(text(&name));
        items.extend(tensor(number, &shape, values.len()));
        storages.push(bytes(&values));
    }
    items.push(b'u');
    (items, storages)
}

/// A tensor that is all of the storage with this number.
fn tensor(number: usize, shape: &[usize], count: usize) -> Vec<u8> {
    let strides: Vec<usize> = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect();
    let mut items = b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec();
    items.extend(text("storage"));
    items.extend(b"ctorch\nFloatStorage\n");
    items.extend(text(&number.to_string()));
    items.extend(text("cpu"));
    items.extend(integer(count));
    items.extend(b"tQ");
    items.extend(integer(0));
    for sizes in [shape, &strides] {
        items.push(b'(');
        for size in sizes {
            items.extend(integer(*size));
        }
        items.push(b't');
    }
    items.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    items
}

/// An object inside dictionaries that also contain something else.
fn within(object: Vec<u8>, keys: &[&str]) -> Vec<u8> {
    keys.iter()
        .rev()
        .fold(object, |object, key| [b"}(", &text("epoch")[..], &integer(7), &text(key), &object, b"u"].concat())
}

fn whole_pickle(object: &[u8]) -> Vec<u8> {
    [b"\x80\x02", object, b"."].concat()
}

fn zipped(entries: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in entries {
        writer.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut writer, &content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn text(text: &str) -> Vec<u8> {
    [b"X", &u32::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes()].concat()
}

fn integer(number: usize) -> Vec<u8> {
    [b"J", &i32::try_from(number).unwrap().to_le_bytes()[..]].concat()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

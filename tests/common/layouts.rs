//! Models written the way they are published.

use rmpv::Value;
use text2art::models::container::TensorFile;

/// A VQGAN in taming-transformers' names as flax's msgpack, with its names and its order of dimensions.
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

//! Reads the index of a flax file: `MessagePack` maps of maps with arrays in them.
//!
//! Names and shapes stay those of flax; a name is the keys on the way to the array, joined by dots.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::Range;

use rmpv::ValueRef;
use rmpv::decode::read_value_ref_with_max_depth;

use super::values::{ElementType, Tensor};
use super::{DOWNLOAD_AGAIN, Fault, insert, quoted};

/// Deeper than the maps of any model, and shallow enough for every thread's stack.
const LARGEST_DEPTH: usize = 128;

/// The type numbers of flax for an array and for a `NumPy` scalar, which have the same format.
const EXTENSION_TYPES: [i8; 2] = [1, 3];

/// The key that marks a map as an array that flax cut into pieces.
const CHUNKED_ARRAY: &str = "__msgpack_chunked_array__";

/// Keys and values of a map, in file order.
type Map<'file> = [(ValueRef<'file>, ValueRef<'file>)];

/// Whether a file begins like a `MessagePack` map whose first key is a text.
pub(super) fn is_msgpack(file: &[u8]) -> bool {
    let key = match file {
        [0x81..=0x8f, key, ..] | [0xde, _, _, key, ..] | [0xdf, _, _, _, _, key, ..] => *key,
        _ => return false,
    };
    matches!(key, 0xa0..=0xbf | 0xd9..=0xdb)
}

/// The tensors of a flax file by name.
pub(super) fn index(file: &[u8]) -> Result<BTreeMap<String, Tensor>, Fault> {
    let mut rest = file;
    let root = read_value_ref_with_max_depth(&mut rest, LARGEST_DEPTH).map_err(|error| match error.kind() {
        ErrorKind::Unsupported => Fault::new("has maps nested deeper than in any model", DOWNLOAD_AGAIN),
        _ => Fault::damaged("is a flax file that is cut short or damaged"),
    })?;
    if !rest.is_empty() {
        return Err(Fault::damaged("is a flax file with extra data after its end"));
    }
    let mut reader = Reader { file, tensors: BTreeMap::new() };
    if let ValueRef::Map(map) = &root {
        reader.add_map("", map)?;
    }
    Ok(reader.tensors)
}

/// Collects the arrays of a file.
struct Reader<'file> {
    file: &'file [u8],
    tensors: BTreeMap<String, Tensor>,
}

impl<'file> Reader<'file> {
    /// Adds the arrays of a map; `prefix` is empty or the map's own name and a dot.
    fn add_map(&mut self, prefix: &str, map: &Map<'file>) -> Result<(), Fault> {
        for (key, value) in map {
            let Some(key) = text(key) else {
                return Err(Fault::damaged("has a key that is not text, which flax never writes"));
            };
            let name = format!("{prefix}{key}");
            let array = match value {
                ValueRef::Ext(kind, payload) if EXTENSION_TYPES.contains(kind) => self.array(payload),
                ValueRef::Map(map) if find(map, CHUNKED_ARRAY).is_some() => self.chunked_array(map),
                ValueRef::Map(map) => {
                    self.add_map(&format!("{name}."), map)?;
                    continue;
                }
                _ => continue,
            };
            let tensor = array.and_then(|array| {
                let Array { shape, element_type, ranges } = array;
                Tensor::contiguous(shape, element_type, ranges, self.file.len())
            });
            let tensor = tensor
                .ok_or_else(|| Fault::damaged(format!("has a damaged description of the tensor {}", quoted(&name))))?;
            insert(&mut self.tensors, name, tensor)?;
        }
        Ok(())
    }

    /// An array as flax stores it: shape, name of the type, and bytes in row-major order.
    fn array(&self, mut payload: &'file [u8]) -> Option<Array> {
        let fields = read_value_ref_with_max_depth(&mut payload, LARGEST_DEPTH).ok()?;
        let [ValueRef::Array(shape), type_name, ValueRef::Binary(bytes)] = fields.as_array()?.as_slice() else {
            return None;
        };
        // The bytes are part of the mapped file, so their address gives their place in it.
        let start = bytes.as_ptr().addr().checked_sub(self.file.as_ptr().addr())?;
        let range = start..start.checked_add(bytes.len())?;
        Some(Array {
            shape: shape.iter().map(size).collect::<Option<_>>()?,
            element_type: element_type(text(type_name)?),
            ranges: vec![range],
        })
    }

    /// An array of more than 2^30 bytes, which flax cuts into flat pieces.
    fn chunked_array(&self, map: &Map<'file>) -> Option<Array> {
        let shape = numbered(find(map, "shape")?)?;
        let shape = shape.into_iter().map(size).collect::<Option<_>>()?;
        let mut chunks = numbered(find(map, "chunks")?)?.into_iter().map(|chunk| match chunk {
            ValueRef::Ext(kind, payload) if EXTENSION_TYPES.contains(kind) => self.array(payload),
            _ => None,
        });
        let mut whole = Array { shape, ..chunks.next()?? };
        for chunk in chunks {
            let chunk = chunk.filter(|chunk| chunk.element_type == whole.element_type)?;
            whole.ranges.extend(chunk.ranges);
        }
        Some(whole)
    }
}

/// The description of an array in the file.
struct Array {
    shape: Vec<usize>,
    element_type: Result<ElementType, String>,
    ranges: Vec<Range<usize>>,
}

/// The text in a string or, in files of older versions, a byte string.
fn text<'value>(value: &'value ValueRef<'_>) -> Option<&'value str> {
    match value {
        ValueRef::String(text) => std::str::from_utf8(text.as_bytes()).ok(),
        ValueRef::Binary(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// A number that fits `usize`.
fn size(value: &ValueRef<'_>) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

/// The value of a key.
fn find<'map, 'file>(map: &'map Map<'file>, wanted: &str) -> Option<&'map ValueRef<'file>> {
    map.iter().find(|(key, _)| text(key) == Some(wanted)).map(|(_, value)| value)
}

/// The values of a map with the keys "0", "1", "2" and so on, which is how flax writes a list.
fn numbered<'map, 'file>(value: &'map ValueRef<'file>) -> Option<Vec<&'map ValueRef<'file>>> {
    let ValueRef::Map(map) = value else { return None };
    let mut values = BTreeMap::new();
    for (key, value) in map {
        let number: usize = text(key)?.parse().ok()?;
        values.insert(number, value);
    }
    let complete = values.len() == map.len() && values.keys().copied().eq(0..map.len());
    complete.then(|| values.into_values().collect())
}

/// The type of values that flax calls `name`, or that name if the type is unsupported.
fn element_type(name: &str) -> Result<ElementType, String> {
    Ok(match name {
        "float64" => ElementType::F64,
        "float32" => ElementType::F32,
        "float16" => ElementType::F16,
        "bfloat16" => ElementType::Bf16,
        "int64" => ElementType::I64,
        "int32" => ElementType::I32,
        "int16" => ElementType::I16,
        "int8" => ElementType::I8,
        "uint64" => ElementType::U64,
        "uint32" => ElementType::U32,
        "uint16" => ElementType::U16,
        "uint8" => ElementType::U8,
        "bool" => ElementType::Bool,
        other => return Err(other.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use rmpv::Value;

    use super::super::Format;
    use super::super::tests::{endures_damage, open, parts, refusal};
    use super::*;

    fn encode(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, value).unwrap();
        bytes
    }

    fn map<'name>(entries: impl IntoIterator<Item = (&'name str, Value)>) -> Value {
        Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    fn raw_array(shape: &[usize], type_name: &str, bytes: Vec<u8>) -> Value {
        let shape = Value::Array(shape.iter().map(|&size| size.into()).collect());
        let fields = Value::Array(vec![shape, type_name.into(), Value::Binary(bytes)]);
        Value::Ext(1, encode(&fields))
    }

    fn array(shape: &[usize], values: &[f32]) -> Value {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        raw_array(shape, "float32", bytes)
    }

    fn chunked(shape: &[usize], chunks: Vec<(&str, Value)>) -> Value {
        let names: Vec<_> = (0..shape.len()).map(|axis| axis.to_string()).collect();
        let shape = names.iter().map(String::as_str).zip(shape.iter().map(|&size| size.into()));
        map([(CHUNKED_ARRAY, true.into()), ("shape", map(shape)), ("chunks", map(chunks))])
    }

    #[test]
    fn reads_nested_maps() {
        let scalar = encode(&Value::Array(vec![
            Value::Array(vec![]),
            "int32".into(),
            Value::Binary(7_i32.to_le_bytes().to_vec()),
        ]));
        let half = raw_array(&[2], "float16", vec![0, 0x3c, 0, 0xc0]);
        let brain = raw_array(&[1, 1], "bfloat16", vec![0x80, 0x3f]);
        let root = map([
            ("decoder", map([("up_1", map([("kernel", array(&[1, 2], &[1.0, 2.0]))]))])),
            ("bias", half),
            ("brain", brain),
            ("scalar", Value::Ext(3, scalar)),
            ("step", 3.into()),
            ("complex", Value::Ext(2, vec![])),
            ("nothing", map([])),
        ]);
        let file = open(&encode(&root)).unwrap();
        assert_eq!(file.format(), Format::Msgpack);
        let names = ["bias", "brain", "decoder.up_1.kernel", "scalar"];
        assert_eq!(file.names().collect::<Vec<_>>(), names);
        assert_eq!(file.shape("decoder.up_1.kernel"), Some(&[1, 2][..]));
        assert_eq!(file.read("decoder.up_1.kernel").unwrap(), [1.0, 2.0]);
        assert_eq!(file.read("bias").unwrap(), [1.0, -2.0]);
        assert_eq!(file.read("brain").unwrap(), [1.0]);
        assert_eq!(file.read("scalar").unwrap(), [7.0]);
        assert_eq!(file.shape("scalar"), Some(&[][..]));
    }

    #[test]
    fn joins_chunked_arrays_in_the_order_of_their_numbers() {
        let numbers: Vec<_> = (0..12).map(|number| number.to_string()).collect();
        let mut chunks: Vec<_> =
            (0_u8..12).zip(&numbers).map(|(value, name)| (name.as_str(), array(&[1], &[value.into()]))).collect();
        chunks.sort_by_key(|(name, _)| name.to_string());
        let root = map([("big", chunked(&[3, 4], chunks)), ("x", array(&[1], &[1.0]))]);
        let file = open(&encode(&root)).unwrap();
        assert_eq!(file.shape("big"), Some(&[3, 4][..]));
        let expected: Vec<f32> = (0_u8..12).map(f32::from).collect();
        assert_eq!(file.read("big").unwrap(), expected);
    }

    #[test]
    fn wrong_arrays_are_refused() {
        let half = |values: usize| raw_array(&[values], "float16", vec![0; 2 * values]);
        for wrong in [
            array(&[3], &[1.0, 2.0]),
            array(&[usize::MAX, usize::MAX], &[]),
            raw_array(&[1], "float32", vec![0; 5]),
            Value::Ext(1, vec![]),
            Value::Ext(1, encode(&Value::Array(vec![]))),
            chunked(&[2], vec![]),
            chunked(&[3], vec![("0", array(&[2], &[1.0, 2.0]))]),
            chunked(&[2], vec![("0", array(&[1], &[1.0])), ("2", array(&[1], &[1.0]))]),
            chunked(&[2], vec![("0", array(&[1], &[1.0])), ("1", half(2))]),
            chunked(&[2], vec![("0", array(&[1], &[1.0])), ("1", 3.into())]),
            chunked(&[1], vec![("zero", array(&[1], &[1.0]))]),
        ] {
            let (problem, _) = refusal(&encode(&map([("a", map([("b", wrong)]))])));
            assert_eq!(problem, "has a damaged description of the tensor \"a.b\"");
        }
        let twice = map([("x", array(&[1], &[1.0])), ("x", array(&[1], &[1.0]))]);
        assert_eq!(refusal(&encode(&twice)).0, "holds the tensor \"x\" twice");
        let number = Value::Map(vec![(3.into(), array(&[1], &[1.0]))]);
        assert!(refusal(&encode(&map([("a", number)]))).0.contains("key that is not text"));
    }

    #[test]
    fn other_types_fail_only_where_they_are_read() {
        let root = map([("x", raw_array(&[2], "complex64", vec![0; 16]))]);
        let file = open(&encode(&root)).unwrap();
        assert!(parts(file.read("x").unwrap_err()).0.contains("complex64"));
    }

    #[test]
    fn what_is_no_map_of_arrays_is_refused() {
        assert_eq!(refusal(&encode(&map([("step", 3.into())]))).0, "holds no tensors");
        let mut longer = encode(&map([("x", array(&[1], &[1.0]))]));
        longer.push(0);
        assert!(refusal(&longer).0.contains("after its end"));
        let deep = b"\x81\xa1x".repeat(100_000);
        assert!(refusal(&deep).0.contains("nested deeper"));
        // Lengths of 4 GiB without the bytes.
        for huge in [&b"\xdf\xff\xff\xff\xff\xa1x"[..], b"\x81\xa1x\xc9\xff\xff\xff\xff\x01"] {
            assert!(refusal(huge).0.contains("cut short or damaged"));
        }
    }

    #[test]
    fn damage_is_endured() {
        let chunks = vec![("1", array(&[1], &[3.0])), ("0", array(&[2], &[1.0, 2.0]))];
        endures_damage(&encode(&map([
            ("conv_in", map([("kernel", array(&[2, 2], &[1.0, 2.0, 3.0, 4.0]))])),
            ("big", chunked(&[3], chunks)),
        ])));
    }
}

//! Reads the index of a flax file: `MessagePack` maps of maps with arrays in them.
//!
//! Names and shapes stay flax's own; a name is the keys on the way to the array, joined with dots.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::Range;

use rmpv::ValueRef;
use rmpv::decode::read_value_ref_with_max_depth;

use super::values::{ElementType, Tensor, element_count};
use super::{DOWNLOAD_AGAIN, Fault, insert, quoted};

/// Deeper maps than any model's, and shallow enough for every thread's stack.
const LARGEST_DEPTH: usize = 128;

/// The type numbers of flax for an array and for a `NumPy` scalar, which are stored alike.
const EXTENSION_TYPES: [i8; 2] = [1, 3];

/// The key that marks the map which stands for an array that flax cut into pieces.
const CHUNKED_ARRAY: &str = "__msgpack_chunked_array__";

/// Keys and values of a map, in the order of the file.
type Map<'file> = [(ValueRef<'file>, ValueRef<'file>)];

/// Whether a file begins as a `MessagePack` map does.
pub(super) fn is_msgpack(file: &[u8]) -> bool {
    matches!(file.first(), Some(0x80..=0x8f | 0xde | 0xdf))
}

/// The tensors of a flax file by name.
pub(super) fn index(file: &[u8]) -> Result<BTreeMap<String, Tensor>, Fault> {
    let mut rest = file;
    let root = read_value_ref_with_max_depth(&mut rest, LARGEST_DEPTH).map_err(|error| {
        match error.kind() {
            ErrorKind::Unsupported => {
                Fault::new("has maps nested deeper than a model's", DOWNLOAD_AGAIN)
            }
            _ => Fault::damaged("is a flax file that is cut short or damaged"),
        }
    })?;
    if !rest.is_empty() {
        return Err(Fault::damaged("is a flax file with something else behind its end"));
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
                return Err(Fault::damaged("has a key that is no text, which flax does not write"));
            };
            let name = format!("{prefix}{key}");
            let array = match value {
                ValueRef::Ext(kind, payload) if EXTENSION_TYPES.contains(kind) => {
                    self.array(payload)
                }
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
            let tensor = tensor.ok_or_else(|| {
                Fault::damaged(format!("has a damaged description of the tensor {}", quoted(&name)))
            })?;
            insert(&mut self.tensors, name, tensor)?;
        }
        Ok(())
    }

    /// An array as flax stores it: shape, name of the type, and bytes in row-major order.
    fn array(&self, mut payload: &'file [u8]) -> Option<Array> {
        let fields = read_value_ref_with_max_depth(&mut payload, LARGEST_DEPTH).ok()?;
        let [ValueRef::Array(shape), type_name, ValueRef::Binary(bytes)] =
            fields.as_array()?.as_slice()
        else {
            return None;
        };
        // The bytes are a part of the mapped file, found again by their address.
        let start = bytes.as_ptr().addr().checked_sub(self.file.as_ptr().addr())?;
        Some(Array {
            shape: shape.iter().map(size).collect::<Option<_>>()?,
            element_type: element_type(text(type_name)?),
            ranges: vec![start..start.checked_add(bytes.len())?],
        })
    }

    /// An array of more than 2^30 bytes, which flax cuts into flat pieces.
    fn chunked_array(&self, map: &Map<'file>) -> Option<Array> {
        let shape = numbered(find(map, "shape")?)?;
        let mut whole: Option<Array> = None;
        for chunk in numbered(find(map, "chunks")?)? {
            let ValueRef::Ext(kind, payload) = chunk else { return None };
            let chunk = self.array(payload).filter(|_| EXTENSION_TYPES.contains(kind))?;
            let [range] = chunk.ranges.as_slice() else { return None };
            let chunk_shape = chunk.shape.clone();
            // Each piece has to fit by itself: two wrong lengths could add up to the right one.
            let element_type = chunk.element_type.clone();
            Tensor::contiguous(chunk_shape, element_type, vec![range.clone()], self.file.len())?;
            match &mut whole {
                None => whole = Some(chunk),
                Some(whole) if whole.element_type == chunk.element_type => {
                    whole.ranges.extend(chunk.ranges);
                }
                Some(_) => return None,
            }
        }
        let shape = shape.into_iter().map(size).collect::<Option<Vec<_>>>()?;
        element_count(&shape)?;
        Some(Array { shape, ..whole? })
    }
}

/// What the file says of an array.
struct Array {
    shape: Vec<usize>,
    element_type: Result<ElementType, String>,
    ranges: Vec<Range<usize>>,
}

/// The text that a string or, in files of older versions, a string of bytes holds.
fn text<'value>(value: &'value ValueRef<'_>) -> Option<&'value str> {
    match value {
        ValueRef::String(text) => std::str::from_utf8(text.as_bytes()).ok(),
        ValueRef::Binary(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// A number that is a size of this machine.
fn size(value: &ValueRef<'_>) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

/// The value of a key.
fn find<'map, 'file>(map: &'map Map<'file>, wanted: &str) -> Option<&'map ValueRef<'file>> {
    map.iter().find(|(key, _)| text(key) == Some(wanted)).map(|(_, value)| value)
}

/// The values of a map whose keys are "0", "1", "2" and so on, which is how flax writes a list.
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

/// The type of values that flax calls `name`, or that name where it is not read.
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

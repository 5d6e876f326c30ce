//! Reads the index of a file that `PyTorch` wrote before version 1.6, or later on request: a few pickles, then each
//! storage's length and bytes (`torch/serialization.py`, `_legacy_save`).

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use candle_core::pickle::Object;

use super::pickle::outside;
use super::saved::{Storage, named_tensors};
use super::unpickle::{SAVE_PLAINLY, unpickle_first};
use super::values::Tensor;
use super::{Fault, insert, quoted};

/// The magic number at the beginning of such a file, in a separate pickle.
const MAGIC: &[u8] = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// The version of the format, in a separate pickle after the magic number.
const PROTOCOL: i64 = 1001;

/// Whether a file begins with any kind of pickle.
pub(super) fn is_pickle(file: &[u8]) -> bool {
    matches!(file, [0x80, 2..=5, ..])
}

/// Whether a file begins as `PyTorch` wrote it before version 1.6.
pub(super) fn is_legacy(file: &[u8]) -> bool {
    is_pickle(file) && file.get(2..).is_some_and(|rest| rest.starts_with(MAGIC))
}

/// The tensors of such a file by name.
pub(super) fn index(file: &[u8]) -> Result<BTreeMap<String, Tensor>, Fault> {
    let rest = file.get(2 + MAGIC.len()..).unwrap_or_default();
    let (protocol, rest) = unpickle_first(rest)?;
    if !matches!(protocol, Object::Int(number) if i64::from(number) == PROTOCOL) {
        return Err(Fault::new("is a pickle in an unsupported version of PyTorch's format", SAVE_PLAINLY));
    }
    let (machine, rest) = unpickle_first(rest)?;
    if is_big_endian(&machine) {
        let problem = "was saved on a big-endian machine";
        return Err(Fault::new(problem, "save the file as .safetensors, which is the same on every machine"));
    }
    let (saved, rest) = unpickle_first(rest)?;
    let (keys, rest) = unpickle_first(rest)?;
    let views = named_tensors(&saved)?;
    let storages = storages(file, file.len() - rest.len(), &saved, &keys)?;
    let mut tensors = BTreeMap::new();
    for (name, view) in views {
        let storage = storages.get(&view.storage).cloned().ok_or_else(|| outside(&name))?;
        let tensor = view.tensor(storage, file.len()).ok_or_else(|| outside(&name))?;
        insert(&mut tensors, name, tensor)?;
    }
    Ok(tensors)
}

fn is_big_endian(machine: &Object) -> bool {
    let Object::Dict(entries) = machine else { return false };
    let says = |(key, value): &(Object, Object)| matches!((key, value), (Object::Unicode(key), Object::Bool(false)) if key == "little_endian");
    entries.iter().any(says)
}

/// The place of each storage's bytes. Storages follow each other in the order of their keys, each after the number of
/// its values.
fn storages(
    file: &[u8],
    mut start: usize,
    saved: &Object,
    keys: &Object,
) -> Result<HashMap<String, Range<usize>>, Fault> {
    let Object::List(keys) = keys else { return Err(Fault::damaged("has no list of its storages")) };
    let sizes = value_sizes(saved);
    let mut storages = HashMap::new();
    for key in keys {
        let Object::Unicode(key) = key else { return Err(Fault::damaged("has a damaged list of its storages")) };
        let Some(size) = sizes.get(key.as_str()) else {
            let problem = format!("has the storage {} of an unsupported type", quoted(key));
            return Err(Fault::new(problem, SAVE_PLAINLY));
        };
        let count = file.get(start..).and_then(|rest| rest.first_chunk()).copied().map(u64::from_le_bytes);
        let first = start.checked_add(size_of::<u64>());
        let end = count.and_then(|count| usize::try_from(count).ok()?.checked_mul(*size)?.checked_add(first?));
        let range = first.zip(end).map(|(first, end)| first..end).filter(|range| range.end <= file.len());
        let range = range.ok_or_else(|| Fault::damaged("is cut short: it ends inside its tensors"))?;
        start = range.end;
        storages.insert(key.clone(), range);
    }
    Ok(storages)
}

/// Bytes of one value in each storage, by the storage's key. Includes storages without weights, since other storages
/// follow them.
fn value_sizes(saved: &Object) -> HashMap<&str, usize> {
    let mut sizes = HashMap::new();
    let mut objects = vec![saved];
    while let Some(object) = objects.pop() {
        match object {
            Object::PersistentLoad(id) => {
                if let Some(storage) = Storage::parse(id)
                    && let Some(size) = value_size(storage.class)
                {
                    sizes.insert(storage.key, size);
                }
            }
            Object::Tuple(items) | Object::List(items) => objects.extend(items),
            Object::Dict(items) => objects.extend(items.iter().flat_map(|(key, value)| [key, value])),
            Object::Reduce { callable, args } | Object::Build { callable, args } => objects.extend([&**callable, args]),
            _ => {}
        }
    }
    sizes
}

/// Bytes of one value in a storage, by the name of its `PyTorch` class.
fn value_size(class: &str) -> Option<usize> {
    Some(match class {
        "ComplexDoubleStorage" => 16,
        "DoubleStorage" | "LongStorage" | "ComplexFloatStorage" => 8,
        "FloatStorage" | "IntStorage" | "QInt32Storage" => 4,
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
        "CharStorage" | "ByteStorage" | "BoolStorage" | "QInt8Storage" | "QUInt8Storage" | "UntypedStorage" => 1,
        _ => return None,
    })
}

//! Reads the index of a `PyTorch` file: a zip archive with a pickle that describes the tensors, and an entry with the
//! bytes of each storage; or the pickles and bytes that `PyTorch` wrote before version 1.6.

use std::collections::BTreeMap;

use super::archive::{Archive, PICKLE, cut_short};
use super::legacy;
use super::saved::{named_tensors, tensors_of_module};
use super::unpickle::unpickle;
use super::values::Tensor;
use super::{Fault, insert, quoted};

/// Whether a file begins like a zip archive.
pub(super) fn is_zip(file: &[u8]) -> bool {
    file.starts_with(b"PK\x03\x04") || file.starts_with(b"PK\x05\x06")
}

/// The tensors of a `PyTorch` file by name.
pub(super) fn index(file: &[u8]) -> Result<BTreeMap<String, Tensor>, Fault> {
    if legacy::is_legacy(file) {
        return legacy::index(file);
    }
    let archive = Archive::open(file)?;
    let pickle = archive.entry(PICKLE)?;
    let pickle = file.get(pickle).ok_or_else(|| cut_short(PICKLE))?;
    let saved = unpickle(pickle)?;
    let views = if archive.is_script { tensors_of_module(&saved)? } else { named_tensors(&saved)? };
    let mut tensors = BTreeMap::new();
    for (name, view) in views {
        let storage = archive.entry(&format!("data/{}", view.storage))?;
        let tensor = view.tensor(storage, file.len()).ok_or_else(|| outside(&name))?;
        insert(&mut tensors, name, tensor)?;
    }
    Ok(tensors)
}

/// The fault of a tensor that lies outside its storage.
pub(super) fn outside(name: &str) -> Fault {
    Fault::damaged(format!("has the tensor {} outside its storage", quoted(name)))
}

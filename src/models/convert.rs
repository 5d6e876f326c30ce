//! Converts downloaded pickles and msgpack to safetensors once, so that later runs only map the weights into memory.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::container::{Format, TensorFile};
use super::{Prefix, Role};
use crate::progress::Stop;
use crate::{Error, Result};

/// Prefixes of tensors that the networks never use: discriminators, averages, optimizers.
const UNUSED: [&str; 4] = ["loss.", "model_ema.", "optimizer", "opt_state"];

/// Prefix of the names of unfinished files and folders.
pub(super) const TEMPORARY: &str = ".text2art-";
/// Age at which an unfinished file is considered abandoned.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes the unfinished files that killed runs left in a folder.
pub(super) fn remove_stale(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        let age = metadata.modified().ok().and_then(|modified| modified.elapsed().ok());
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) && age.is_some_and(|age| age > STALE) {
            // A file that cannot be removed only takes up space.
            let _ = if metadata.is_dir() {
                std::fs::remove_dir_all(entry.path())
            } else {
                std::fs::remove_file(entry.path())
            };
        }
    }
}

/// Path in a folder of the converted weights of a file with this SHA-256.
#[must_use]
pub(super) fn place(folder: &Path, sha256: &str) -> PathBuf {
    folder.join("converted").join(format!("{sha256}.safetensors"))
}

/// Whether a file should be converted.
#[must_use]
pub(super) fn is_worth_it(file: &TensorFile) -> bool {
    file.format() != Format::Safetensors
}

/// Writes the named tensors of a file as safetensors in single precision, completely or not at all.
///
/// # Errors
/// If a tensor cannot be read, the folder cannot be written, or a stop is requested.
pub(super) fn convert(file: &TensorFile, role: Role, path: &Path, stop: &Stop) -> Result<()> {
    let fault = |error: std::io::Error| Error::cache(path, &error);
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(fault)?;
    remove_stale(folder);
    let names = used_names(file, role);
    let mut temporary = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder).map_err(fault)?;
    let mut writer = BufWriter::with_capacity(1 << 20, temporary.as_file_mut());
    let header = header(file, &names)?;
    writer.write_all(&(header.len() as u64).to_le_bytes()).and_then(|()| writer.write_all(&header)).map_err(fault)?;
    for name in names {
        if stop.is_requested() {
            return Err(Error::Stopped);
        }
        for value in file.read(name)? {
            writer.write_all(&value.to_le_bytes()).map_err(fault)?;
        }
    }
    writer.flush().map_err(fault)?;
    drop(writer);
    temporary.as_file().sync_all().map_err(fault)?;
    temporary.persist(path).map(drop).map_err(|error| fault(error.error))
}

fn used_names(file: &TensorFile, role: Role) -> Vec<&str> {
    let prefix = Prefix::of(role, file);
    let used = |name: &&str| {
        let inner = prefix.inner(name);
        inner.is_some_and(|inner| role != Role::Vqgan || !UNUSED.iter().any(|prefix| inner.starts_with(prefix)))
    };
    file.names().filter(used).collect()
}

/// The JSON header in front of the values, which follow in the order of `names`.
fn header(file: &TensorFile, names: &[&str]) -> Result<Vec<u8>> {
    let mut entries = BTreeMap::new();
    let mut end = 0;
    for name in names {
        let shape = file.shape(name).unwrap_or_default();
        let start = end;
        end += shape.iter().product::<usize>() * size_of::<f32>();
        entries.insert(*name, json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] }));
    }
    let mut header = serde_json::to_vec(&entries).map_err(|error| Error::fault(error.to_string()))?;
    // The safetensors library requires that the values begin at a multiple of eight.
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive() {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vqgan/last.ckpt");
        let file = TensorFile::open(&fixture).unwrap();
        assert!(is_worth_it(&file));
        let path = place(folder.path(), "abc");
        let stale = path.with_file_name(".text2art-old");
        std::fs::create_dir_all(stale.parent().unwrap()).unwrap();
        let old = std::fs::File::create(&stale).unwrap();
        old.set_modified(std::time::SystemTime::now() - 2 * STALE).unwrap();
        let stop = Stop::default();
        convert(&file, Role::Vqgan, &path, &stop).unwrap();
        let converted = TensorFile::open(&path).unwrap();
        assert!(!is_worth_it(&converted));
        let kept: Vec<&str> = converted.names().collect();
        assert!(kept.contains(&"decoder.conv_in.weight") && !kept.iter().any(|name| name.starts_with("loss.")));
        for name in kept {
            assert_eq!(converted.shape(name), file.shape(name), "{name}");
            assert_eq!(converted.read(name).unwrap(), file.read(name).unwrap(), "{name}");
        }
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        stop.request();
        assert!(matches!(convert(&file, Role::Vqgan, &path, &stop), Err(Error::Stopped)));
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}

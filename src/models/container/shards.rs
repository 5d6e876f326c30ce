//! Weights split into several files, with a JSON list that maps each tensor to its file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{DOWNLOAD_AGAIN, Format, TensorFile, quoted, wrappers};
use crate::files::read_text;
use crate::{Error, Result};

/// The end of such a list's name, as in `model.safetensors.index.json`.
const LIST: &str = ".index.json";

/// More files than any published model has.
const MOST_FILES: usize = 1000;

/// The relevant part of the list.
#[derive(Deserialize)]
struct Stored {
    weight_map: BTreeMap<String, String>,
}

/// The tensors of each file.
pub(super) type ShardList = BTreeMap<String, Vec<String>>;

/// Whether a file is a list of parts, by its name.
#[must_use]
pub fn is_shard_list(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(LIST))
}

/// Whether a file, by its name, is a part of the weights of a list: `model-00001-of-00002.safetensors` is one of
/// `model.safetensors.index.json`.
#[must_use]
pub fn is_shard_of(list: &str, name: &str) -> bool {
    let Some((stem, extension)) = list.strip_suffix(LIST).and_then(|weights| weights.rsplit_once('.')) else {
        return false;
    };
    let number = name.strip_prefix(stem).and_then(|rest| rest.strip_suffix(extension));
    let number = number.and_then(|rest| rest.strip_prefix('-')?.strip_suffix('.'));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    number.and_then(|number| number.split_once("-of-")).is_some_and(|(one, all)| is_number(one) && is_number(all))
}

/// All files of weights: the file itself, or a list and all its parts.
///
/// # Errors
/// If a list cannot be read, or one of its parts is missing.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![path.to_owned()];
    for name in read(path)?.iter().flat_map(BTreeMap::keys) {
        let part = path.with_file_name(name);
        if !part.is_file() {
            return Err(missing(path, &part));
        }
        files.push(part);
    }
    Ok(files)
}

fn missing(list: &Path, part: &Path) -> Error {
    let list = list.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let hint = "download all parts of the model into the same folder";
    Error::file(part, format!("this part of the model is missing: {} names it", quoted(&list)), hint)
}

/// Reads a list; none if the file is not one.
pub(super) fn read(path: &Path) -> Result<Option<ShardList>> {
    if !is_shard_list(path) {
        return Ok(None);
    }
    let broken = |problem: String| Error::file(path, problem, DOWNLOAD_AGAIN);
    let text = read_text(path, DOWNLOAD_AGAIN)?;
    let stored: Stored =
        serde_json::from_str(&text).map_err(|error| broken(format!("is not a list of a model's parts: {error}")))?;
    let mut list = ShardList::new();
    for (tensor, file) in stored.weight_map {
        // The list is untrusted: it may only name files in its own folder.
        let plain = !file.starts_with('.') && !file.contains(['/', '\\', ':']) && !file.contains(char::is_control);
        if !plain || file.is_empty() || is_shard_list(Path::new(&file)) {
            return Err(broken(format!(
                "names {} as a part, which is not the name of a file beside it",
                quoted(&file)
            )));
        }
        list.entry(file).or_default().push(tensor);
    }
    match list.len() {
        0 => Err(broken("names no part of the model".into())),
        1..=MOST_FILES => Ok(Some(list)),
        count => Err(broken(format!("names {count} files; at most {MOST_FILES} are supported"))),
    }
}

/// Opens all parts of a list.
pub(super) fn open(path: &Path, list: ShardList) -> Result<TensorFile> {
    let list_name = path.file_name().unwrap_or_default().to_string_lossy();
    let (mut format, mut parts, mut all) = (Format::Safetensors, Vec::new(), BTreeMap::new());
    for (name, tensors) in list {
        let part = path.with_file_name(&name);
        if !part.is_file() {
            return Err(missing(path, &part));
        }
        let mut opened = TensorFile::open_single(&part)?;
        for tensor in tensors {
            let found = [wrappers::unwrapped(&tensor), tensor.clone()].into_iter().find_map(|name| {
                let (_, value) = opened.tensors.remove(&name)?;
                Some((name, value))
            });
            let Some((name, value)) = found else {
                let problem =
                    format!("lacks the tensor {}, which {} says is in it", quoted(&tensor), quoted(&list_name));
                return Err(Error::file(&part, problem, "download all parts of the model again"));
            };
            all.insert(name, (parts.len(), value));
        }
        format = opened.format;
        parts.extend(opened.parts);
    }
    Ok(TensorFile { path: path.to_owned(), format, parts, tensors: all })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_by_their_names() {
        let list = "model.safetensors.index.json";
        assert!(is_shard_of(list, "model-00001-of-00002.safetensors"));
        for other in ["model.safetensors", "model.fp16-00001-of-00002.safetensors", "model-1-of-x.safetensors"] {
            assert!(!is_shard_of(list, other), "{other}");
        }
        assert!(is_shard_of("pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"));
        assert!(!is_shard_of("config.json", "config-00001-of-00002.json"));
    }
}

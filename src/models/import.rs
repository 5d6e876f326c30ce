//! Imports a model from local files.

use std::path::{Path, PathBuf};

use super::container::{Format, files_of, is_shard_list};
use super::convert::{TEMPORARY, remove_stale};
use super::files::{IMAGE, ModelFiles, Role};
use super::finder::{Finder, TOKENIZER, TOKENIZER_CONFIG, VOCABULARY};
use super::located::{CLIP_PAIRS, UPSCALER_EXTENSIONS, VQGAN_WEIGHTS, locate};
use super::manifest::{Entry, FilePart};
use super::presence::imported;
use crate::files::hash_file;
use crate::{Error, Result};

/// The files beside weights and configuration that some models need.
pub(super) const OTHERS: [&str; 8] = [
    TOKENIZER,
    VOCABULARY,
    TOKENIZER_CONFIG,
    "preprocessor_config.json",
    "sentence_bert_config.json",
    "2_Dense/config.json",
    "2_Dense/model.safetensors",
    "2_Dense/pytorch_model.bin",
];

/// Copies a model into the program's own folder, where it is found by name. If this fails, an earlier import with the
/// same name stays in place. Returns the folder of the copies.
///
/// # Errors
/// If the list has a different file for this name, or the folder cannot be written.
pub fn import(finder: &Finder, name: &str, entry: Option<&Entry>, files: &ModelFiles) -> Result<PathBuf> {
    let weights = files.weights.path();
    let (weights_name, _) = names(files);
    let known = entry.and_then(|entry| entry.file(FilePart::Weights));
    let same_name = known.filter(|known| Path::new(&known.path).file_name().is_some_and(|file| *file == *weights_name));
    if let Some(expected) = same_name.and_then(|known| known.sha256.as_ref()) {
        let found = hash_file(weights)?;
        if found != *expected {
            let problem = format!("this is not {name}: expected SHA-256 {expected}, got {found}");
            return Err(Error::file(weights, problem, "download the file again"));
        }
    }
    let folder = imported(finder.hub()?.environment(), name);
    let parent = folder.parent().unwrap_or(Path::new("."));
    let fault = |error: std::io::Error| Error::cache(&folder, &error);
    std::fs::create_dir_all(parent).map_err(fault)?;
    remove_stale(parent);
    let temporary = || tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(parent).map_err(fault);
    let fresh = temporary()?;
    copy(files, fresh.path(), &fault)?;
    let old = temporary()?;
    let aside = old.path().join("old");
    let replaces = folder.exists();
    if replaces {
        std::fs::rename(&folder, &aside).map_err(fault)?;
    }
    if let Err(error) = std::fs::rename(fresh.path(), &folder) {
        if replaces {
            // If even this fails, do not remove the earlier import with its temporary folder.
            std::fs::rename(&aside, &folder).inspect_err(|_| drop(old.keep())).map_err(fault)?;
        }
        return Err(fault(error));
    }
    Ok(folder)
}

/// Copies a model's files into a folder, with those of the image tower if its text tower was published without one.
fn copy(files: &ModelFiles, folder: &Path, fault: &dyn Fn(std::io::Error) -> Error) -> Result<()> {
    let weights = files.weights.path();
    let (weights_name, config_name) = names(files);
    std::fs::copy(weights, folder.join(weights_name)).map_err(fault)?;
    for part in files_of(weights)?.iter().skip(1) {
        std::fs::copy(part, folder.join(part.file_name().unwrap_or_default())).map_err(fault)?;
    }
    // Written and not copied, since it may have been inferred from the weights.
    if let Some(name) = config_name {
        std::fs::write(folder.join(name), &files.config.text).map_err(fault)?;
    }
    for other in OTHERS {
        let (path, copy) = (weights.with_file_name(other), folder.join(other));
        if path.is_file() {
            std::fs::create_dir_all(copy.parent().unwrap_or(folder)).map_err(fault)?;
            std::fs::copy(path, copy).map_err(fault)?;
        }
    }
    if let Some(image) = &files.image {
        let folder = folder.join(IMAGE);
        std::fs::create_dir_all(&folder).map_err(fault)?;
        copy(image, &folder, fault)?;
    }
    // Refuse the copies if a lookup by name would not find them.
    locate(files.role, folder).map(drop)
}

/// File names for the copies of weights and configuration with which a folder's model is found.
fn names(files: &ModelFiles) -> (String, Option<&'static str>) {
    let text = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (weights, config) = (text(files.weights.path()), text(&files.config.path));
    let format = files.weights.format();
    match files.role {
        Role::Clip => {
            let pair = CLIP_PAIRS.iter().find(|pair| **pair == (weights.as_str(), config.as_str()));
            let inferred = files.config.path == files.weights.path();
            let open_clip = config.starts_with("open_clip") || inferred;
            let list = is_shard_list(files.weights.path());
            let usual = match (open_clip, format) {
                (true, Format::Safetensors) if list => CLIP_PAIRS[7],
                (false, Format::Safetensors) if list => CLIP_PAIRS[5],
                (false, _) if list => CLIP_PAIRS[6],
                (true, _) if list => CLIP_PAIRS[8],
                (true, Format::Safetensors) => CLIP_PAIRS[0],
                (false, Format::Safetensors) => CLIP_PAIRS[1],
                (false, _) => CLIP_PAIRS[2],
                (true, _) => CLIP_PAIRS[3],
            };
            let pair = pair.copied().unwrap_or(usual);
            (pair.0.to_owned(), Some(pair.1))
        }
        Role::Upscaler | Role::Aesthetic => {
            let extension = Path::new(&weights).extension().and_then(|extension| extension.to_str());
            let found = extension.is_some_and(|extension| UPSCALER_EXTENSIONS.contains(&extension));
            let named = if format == Format::Safetensors { "model.safetensors" } else { "model.pth" };
            (if found { weights } else { named.to_owned() }, None)
        }
        Role::Vqgan => {
            let has = |name: &str, extension: &str| Path::new(name).extension().is_some_and(|found| found == extension);
            let config = if has(&config, "json") { "config.json" } else { "model.yaml" };
            let found = VQGAN_WEIGHTS.contains(&weights.as_str()) || has(&weights, "ckpt");
            let named = match format {
                Format::Safetensors if is_shard_list(files.weights.path()) => "model.safetensors.index.json",
                _ if is_shard_list(files.weights.path()) => "pytorch_model.bin.index.json",
                Format::Safetensors => "model.safetensors",
                Format::Pickle => "pytorch_model.bin",
                Format::Msgpack => "flax_model.msgpack",
            };
            (if found { weights } else { named.to_owned() }, Some(config))
        }
    }
}

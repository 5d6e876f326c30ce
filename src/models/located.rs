//! Finds the files of a model at a path: which file holds the weights, and which the configuration.

use std::path::{Path, PathBuf};

use super::Role;
use super::container::{files_of, is_shard_list};
use crate::files::{missing, unreadable};
use crate::{Error, Result};

/// Names of weights and configuration in a folder; the first pair that exists is used.
pub(super) const CLIP_PAIRS: [(&str, &str); 9] = [
    ("open_clip_model.safetensors", "open_clip_config.json"),
    ("model.safetensors", "config.json"),
    ("pytorch_model.bin", "config.json"),
    ("open_clip_pytorch_model.bin", "open_clip_config.json"),
    ("model.fp16.safetensors", "config.json"),
    ("model.safetensors.index.json", "config.json"),
    ("pytorch_model.bin.index.json", "config.json"),
    ("open_clip_model.safetensors.index.json", "open_clip_config.json"),
    ("open_clip_pytorch_model.bin.index.json", "open_clip_config.json"),
];
pub(super) const VQGAN_WEIGHTS: [&str; 11] = [
    "vqvae/diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.safetensors",
    "model.safetensors",
    "flax_model.msgpack",
    "pytorch_model.bin",
    "vqvae/diffusion_pytorch_model.fp16.safetensors",
    "diffusion_pytorch_model.fp16.safetensors",
    "model.fp16.safetensors",
    "diffusion_pytorch_model.safetensors.index.json",
    "model.safetensors.index.json",
    "pytorch_model.bin.index.json",
];

/// How many of these an error lists; the others are variants of the same.
const SHOWN_PAIRS: usize = 4;
const SHOWN_WEIGHTS: usize = 5;

/// Extensions of weight files with any name, the most likely first. A folder may hold one file with the extension.
const CLIP_EXTENSIONS: [&str; 5] = ["safetensors", "pt", "pth", "bin", "ckpt"];
pub(super) const UPSCALER_EXTENSIONS: [&str; 4] = ["safetensors", "pth", "pt", "bin"];
const VQGAN_EXTENSIONS: [&str; 6] = ["ckpt", "safetensors", "pth", "pt", "bin", "msgpack"];

/// The extension of the archives that OpenAI publishes, from which the configuration can be read.
const ARCHIVE: &str = "pt";

/// The files of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    /// The weights, or the list of their parts
    pub(super) weights: PathBuf,
    /// The configuration; none if it may be inferred from the weights
    pub(super) config: Option<PathBuf>,
}

/// The files of the model at a path, which is a folder or a weight file.
///
/// # Errors
/// If there is no such path, no weights or no configuration.
pub(super) fn locate(role: Role, path: &Path) -> Result<Located> {
    let metadata = std::fs::metadata(path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            return Error::file(path, "file or folder not found", missing(path));
        }
        let hint = "give the path of a model's folder or weight file, or `embedded` for the built-in model";
        Error::file(path, unreadable(&error), hint)
    })?;
    let located = match (metadata.is_dir(), role) {
        (true, Role::Clip) => clip_in_folder(path)?,
        (true, Role::Vqgan) => with_config(vqgan_in_folder(path)?)?,
        (true, Role::Upscaler) => Located { weights: single_in_folder(path, "upscaler")?, config: None },
        (true, Role::Aesthetic) => Located { weights: single_in_folder(path, "aesthetic head")?, config: None },
        (false, Role::Clip) => Located { weights: path.to_owned(), config: clip_config_beside(path) },
        (false, Role::Vqgan) => with_config(path.to_owned())?,
        (false, Role::Upscaler | Role::Aesthetic) => Located { weights: path.to_owned(), config: None },
    };
    if is_shard_list(&located.weights) {
        files_of(&located.weights)?;
    }
    Ok(located)
}

fn with_config(weights: PathBuf) -> Result<Located> {
    let config = Some(config_beside(&weights)?);
    Ok(Located { weights, config })
}

fn clip_config_beside(weights: &Path) -> Option<PathBuf> {
    let open_clip = weights.file_name().is_some_and(|name| name.to_string_lossy().starts_with("open_clip"));
    let names =
        if open_clip { ["open_clip_config.json", "config.json"] } else { ["config.json", "open_clip_config.json"] };
    names.map(|name| weights.with_file_name(name)).into_iter().find(|config| config.is_file())
}

fn clip_in_folder(folder: &Path) -> Result<Located> {
    for (weights, config) in CLIP_PAIRS {
        let (weights, config) = (folder.join(weights), folder.join(config));
        if weights.is_file() && config.is_file() {
            return Ok(Located { weights, config: Some(config) });
        }
    }
    if let Some((weights, _)) = CLIP_PAIRS.iter().find(|(weights, _)| folder.join(weights).is_file()) {
        return Err(no_config(&folder.join(weights)));
    }
    let wanted = clip_files();
    let hint = format!("the folder needs {wanted}; or give the path of the weight file");
    let Some(weights) = only_of(folder, &CLIP_EXTENSIONS) else {
        return Err(Error::file(folder, "the folder holds no CLIP model", hint));
    };
    let config = clip_config_beside(&weights);
    if config.is_none() && weights.extension().is_none_or(|extension| extension != ARCHIVE) {
        return Err(no_config(&weights));
    }
    Ok(Located { weights, config })
}

fn vqgan_in_folder(folder: &Path) -> Result<PathBuf> {
    if let Some(found) = VQGAN_WEIGHTS.iter().map(|name| folder.join(name)).find(|path| path.is_file()) {
        return Ok(found);
    }
    let checkpoints = files_with_extension(folder, &["ckpt"]).len();
    if checkpoints > 1 {
        let problem = format!("the folder holds {checkpoints} .ckpt files");
        return Err(Error::file(folder, problem, "give the path of the file to use"));
    }
    only_of(folder, &VQGAN_EXTENSIONS).ok_or_else(|| {
        let hint = format!("the folder needs {}", vqgan_files());
        Error::file(folder, "the folder does not contain a VQGAN model", hint)
    })
}

/// The weight file of a model that is a single file.
fn single_in_folder(folder: &Path, what: &str) -> Result<PathBuf> {
    only_of(folder, &UPSCALER_EXTENSIONS).ok_or_else(|| {
        let hint = "give the path of the weight file, or a folder with a single .safetensors or .pth file";
        Error::file(folder, format!("the folder holds no {what}"), hint)
    })
}

/// The files that make a CLIP, for messages.
pub(super) fn clip_files() -> String {
    let pairs = CLIP_PAIRS.iter().take(SHOWN_PAIRS);
    pairs.map(|(weights, config)| format!("{weights} with {config}")).collect::<Vec<_>>().join(", or ")
}

/// The files that hold a VQGAN, for messages.
pub(super) fn vqgan_files() -> String {
    format!("one of {}, or a single .ckpt file", VQGAN_WEIGHTS[..SHOWN_WEIGHTS].join(", "))
}

fn config_beside(weights: &Path) -> Result<PathBuf> {
    let folder = weights.parent().unwrap_or(Path::new(""));
    let candidates = [
        weights.with_extension("yaml"),
        weights.with_extension("yml"),
        folder.join("model.yaml"),
        folder.join("config.yaml"),
        folder.join("config.json"),
    ];
    if let Some(found) = candidates.into_iter().find(|path| path.is_file()) {
        return Ok(found);
    }
    if let [only] = files_with_extension(folder, &["yaml", "yml"]).as_slice() {
        return Ok(only.clone());
    }
    Err(no_config(weights))
}

/// The error for weights without a configuration.
pub(super) fn no_config(weights: &Path) -> Error {
    let hint = "put the configuration that was published with the model (.json, .yaml) into the same folder";
    Error::file(weights, "there is no configuration beside these weights", hint)
}

/// The only file with an extension in a folder, for the first extension that exactly one file has.
fn only_of(folder: &Path, extensions: &[&str]) -> Option<PathBuf> {
    extensions.iter().find_map(|extension| match files_with_extension(folder, &[extension]).as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    })
}

fn files_with_extension(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|found| extensions.iter().any(|e| found == *e)))
        .collect();
    files.sort();
    files
}

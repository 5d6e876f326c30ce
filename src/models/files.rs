//! From a path to the files of a model: which file holds the weights, and which its configuration.

use std::path::{Path, PathBuf};

use super::container::TensorFile;
use super::embedded;
use crate::files::{read_regular, read_source};
use crate::{Error, Result};

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Judges pictures
    Clip,
    /// Draws them
    Vqgan,
}

impl Role {
    /// The option that names such a model.
    #[must_use]
    pub fn option(self) -> &'static str {
        match self {
            Self::Clip => "clip",
            Self::Vqgan => "vqgan",
        }
    }
}

/// The files of one model.
pub struct ModelFiles {
    /// What the model is for
    pub role: Role,
    /// What the user called it: a path, or the name of a model
    pub name: String,
    /// The weights
    pub weights: TensorFile,
    /// The configuration's text, and its path for messages
    pub config: ConfigFile,
    /// The commit of the repository they are from; none for local files
    pub commit: Option<String>,
    /// What the weights were converted from; none where they are read as they were published
    pub published: Option<Published>,
    /// The folder that holds what else belongs to the model; none for a model inside the program
    folder: Option<PathBuf>,
    /// Files of the model in other folders: name and path
    pub(super) elsewhere: Vec<(String, PathBuf)>,
    /// Other files of a model inside the program: name and content
    compiled: &'static [(&'static str, &'static [u8])],
}

/// A weight file as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its name
    pub file: String,
    /// Its SHA-256
    pub sha256: String,
}

/// A configuration file as read.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Where it is
    pub path: PathBuf,
    /// What it says
    pub text: String,
}

/// The largest configuration or tokenizer that is read, in bytes.
const LARGEST_TEXT: u64 = 64 << 20;

/// Weights and configuration in a folder, the first pair that is there.
pub(super) const CLIP_PAIRS: [(&str, &str); 4] = [
    ("open_clip_model.safetensors", "open_clip_config.json"),
    ("model.safetensors", "config.json"),
    ("pytorch_model.bin", "config.json"),
    ("open_clip_pytorch_model.bin", "open_clip_config.json"),
];
pub(super) const VQGAN_WEIGHTS: [&str; 5] = [
    "vqvae/diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.safetensors",
    "model.safetensors",
    "flax_model.msgpack",
    "pytorch_model.bin",
];

impl ModelFiles {
    /// Finds the files of the model the user named: `embedded`, a folder or a weight file.
    ///
    /// # Errors
    /// Where there is no such path, no weights or no configuration, or a file cannot be read.
    pub fn open(role: Role, name: &str) -> Result<Self> {
        if name == embedded::NAME {
            return embedded::files(role);
        }
        if name.is_empty() {
            let hint = "give the path of a model's folder or weight file, or leave the option out";
            return Err(Error::usage("a model's name is empty", hint));
        }
        let (weights, config) = locate(role, Path::new(name))?;
        let folder = weights.parent().unwrap_or(Path::new("")).to_owned();
        Self::assemble(role, name, TensorFile::open(&weights)?, config, folder)
    }

    /// The model of a weight file and a configuration; others of its files are in `folder`.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub(super) fn assemble(
        role: Role,
        name: &str,
        weights: TensorFile,
        config: PathBuf,
        folder: PathBuf,
    ) -> Result<Self> {
        let text = read_text(&config, "a model needs its configuration beside its weights: download it too")?;
        Ok(Self {
            role,
            name: name.to_owned(),
            folder: Some(folder),
            weights,
            config: ConfigFile { path: config, text },
            commit: None,
            published: None,
            elsewhere: Vec::new(),
            compiled: &[],
        })
    }

    /// The files of a model inside the program.
    pub(super) fn compiled(
        role: Role,
        name: &str,
        weights: TensorFile,
        config: ConfigFile,
        others: &'static [(&'static str, &'static [u8])],
    ) -> Self {
        let (name, elsewhere) = (name.to_owned(), Vec::new());
        let compiled = others;
        Self { role, name, weights, config, commit: None, published: None, folder: None, elsewhere, compiled }
    }

    /// Another file of the model as text, with its path; none where it has no such file.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn other(&self, name: &str) -> Result<Option<ConfigFile>> {
        let Some(folder) = &self.folder else {
            let content = self.compiled.iter().find(|(compiled, _)| *compiled == name);
            return Ok(content.map(|(_, bytes)| ConfigFile {
                path: PathBuf::from(format!("{}/{name}", self.name)),
                text: String::from_utf8_lossy(bytes).into_owned(),
            }));
        };
        let elsewhere = self.elsewhere.iter().find(|(file, _)| file == name).map(|(_, path)| path.clone());
        let path = elsewhere.unwrap_or_else(|| folder.join(name));
        if !path.exists() {
            return Ok(None);
        }
        let text = read_text(&path, "download the file again")?;
        Ok(Some(ConfigFile { path, text }))
    }
}

impl ConfigFile {
    /// The error of a configuration that cannot be used.
    pub(crate) fn error(&self, problem: impl Into<String>) -> Error {
        Error::file(&self.path, problem, "take the configuration that was published with the weights")
    }
}

/// The weights and the configuration of the model a path names: a folder or a weight file.
///
/// # Errors
/// Where there is no such path, no weights or no configuration.
pub(super) fn locate(role: Role, path: &Path) -> Result<(PathBuf, PathBuf)> {
    let metadata = std::fs::metadata(path).map_err(|error| {
        let hint = "give the path of a model's folder or weight file, or `embedded` for the model inside the program";
        Error::file(path, unreadable(&error), hint)
    })?;
    match (metadata.is_dir(), role) {
        (true, Role::Clip) => clip_in_folder(path),
        (true, Role::Vqgan) => {
            let weights = vqgan_in_folder(path)?;
            let config = config_beside(&weights)?;
            Ok((weights, config))
        }
        (false, Role::Clip) => {
            let open_clip = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("open_clip"));
            let names = if open_clip {
                ["open_clip_config.json", "config.json"]
            } else {
                ["config.json", "open_clip_config.json"]
            };
            let config = names.map(|name| path.with_file_name(name)).into_iter().find(|config| config.is_file());
            Ok((path.to_owned(), config.ok_or_else(|| no_config(path))?))
        }
        (false, Role::Vqgan) => Ok((path.to_owned(), config_beside(path)?)),
    }
}

fn clip_in_folder(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    for (weights, config) in CLIP_PAIRS {
        let (weights, config) = (folder.join(weights), folder.join(config));
        if weights.is_file() && config.is_file() {
            return Ok((weights, config));
        }
    }
    if let Some((weights, _)) = CLIP_PAIRS.iter().find(|(weights, _)| folder.join(weights).is_file()) {
        return Err(no_config(&folder.join(weights)));
    }
    let wanted = CLIP_PAIRS.map(|(weights, config)| format!("{weights} with {config}")).join(", or ");
    Err(Error::file(folder, "the folder holds no CLIP model", format!("it needs {wanted}")))
}

fn vqgan_in_folder(folder: &Path) -> Result<PathBuf> {
    if let Some(found) = VQGAN_WEIGHTS.iter().map(|name| folder.join(name)).find(|path| path.is_file()) {
        return Ok(found);
    }
    match files_with_extension(folder, &["ckpt"]).as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            let wanted = VQGAN_WEIGHTS.join(", ");
            Err(Error::file(
                folder,
                "the folder holds no VQGAN model",
                format!("it needs one of {wanted}, or one .ckpt"),
            ))
        }
        several => Err(Error::file(
            folder,
            format!("the folder holds {} .ckpt files", several.len()),
            "give the path of the one to use",
        )),
    }
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

fn no_config(weights: &Path) -> Error {
    let hint = "put the configuration that was published with the model (.json, .yaml) into the same folder";
    Error::file(weights, "there is no configuration beside these weights", hint)
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

/// Reads a small text file whole.
pub(crate) fn read_text(path: &Path, hint: &str) -> Result<String> {
    let fault = |problem: String| Error::file(path, problem, hint);
    let bytes = read_regular(path, LARGEST_TEXT).map_err(|error| fault(unreadable(&error)))?;
    String::from_utf8(bytes).map_err(|_| fault("the file is not UTF-8 text".into()))
}

/// Reads a small text whole that may also come from another program, as in `--config <(...)`.
pub(crate) fn read_text_from_anywhere(path: &Path, hint: &str) -> Result<String> {
    let fault = |problem: String| Error::file(path, problem, hint);
    let bytes = read_source(path, LARGEST_TEXT).map_err(|error| fault(unreadable(&error)))?;
    String::from_utf8(bytes).map_err(|_| fault("the file is not UTF-8 text".into()))
}

/// Checks that a configuration's number is one a published model could have.
pub(crate) fn within(name: &str, value: usize, most: usize) -> Result<(), String> {
    if (1..=most).contains(&value) { Ok(()) } else { Err(format!("{name} is {value}, not 1 to {most}")) }
}

/// What an input/output error means for a file that is to be read.
pub(crate) fn unreadable(error: &std::io::Error) -> String {
    if let Some(reason) = crate::files::reason(error) {
        return reason;
    }
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".into(),
        std::io::ErrorKind::PermissionDenied => "the file may not be read".into(),
        _ => format!("the file cannot be read: {error}"),
    }
}

//! The files of a model, opened: its weights, its configuration, and what else belongs to it.

use std::path::{Path, PathBuf};

use super::container::TensorFile;
use super::located::{Located, locate, no_config};
use super::{embedded, inferred};
use crate::files::read_text;
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

/// A configuration file as read, or what the weights say would be in it.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Where it is: the path of the weights if there is no such file
    pub path: PathBuf,
    /// What it says
    pub text: String,
}

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
        let Located { weights, config } = locate(role, Path::new(name))?;
        let folder = weights.parent().unwrap_or(Path::new("")).to_owned();
        Self::assemble(role, name, TensorFile::open(&weights)?, config, folder)
    }

    /// The model of a weight file and a configuration; others of its files are in `folder`. Without a configuration,
    /// the weights have to say what would be in it.
    ///
    /// # Errors
    /// If a file cannot be read, or there is no configuration.
    pub(super) fn assemble(
        role: Role,
        name: &str,
        weights: TensorFile,
        config: Option<PathBuf>,
        folder: PathBuf,
    ) -> Result<Self> {
        let (path, text) = if let Some(config) = config {
            let text = read_text(&config, "a model needs its configuration beside its weights: download it too")?;
            (config, text)
        } else {
            let text = inferred::configuration(&weights).ok_or_else(|| no_config(weights.path()))?;
            (weights.path().to_owned(), text)
        };
        Ok(Self {
            role,
            name: name.to_owned(),
            folder: Some(folder),
            weights,
            config: ConfigFile { path, text },
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

/// Checks that a configuration's number is one a published model could have.
pub(crate) fn within(name: &str, value: usize, most: usize) -> Result<(), String> {
    if (1..=most).contains(&value) { Ok(()) } else { Err(format!("{name} is {value}, not 1 to {most}")) }
}

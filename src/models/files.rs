//! The opened files of a model: its weights, its configuration, and the others that belong to it.

use std::path::{Path, PathBuf};

use super::container::TensorFile;
use super::located::{Located, locate, no_config};
use super::{embedded, inferred};
use crate::files::read_text;
use crate::{Error, Result};

/// The files of the last layer of a text tower that was published alone; the first one that exists is used.
pub(crate) const DENSE: [&str; 2] = ["2_Dense/model.safetensors", "2_Dense/pytorch_model.bin"];

/// The folder of the image tower beside a text tower that was published alone.
pub(super) const IMAGE: &str = "image";

/// The role of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Judges pictures
    Clip,
    /// Draws pictures
    Vqgan,
    /// Enlarges pictures
    Upscaler,
    /// Rates pictures by the features of a CLIP
    Aesthetic,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Clip, Self::Vqgan, Self::Upscaler, Self::Aesthetic];

    /// The names that need no files: models and filters inside the program.
    #[must_use]
    pub fn built_in(self) -> &'static [&'static str] {
        match self {
            Self::Clip | Self::Vqgan => &[embedded::NAME],
            Self::Upscaler => &["crisp", "lanczos", "nearest"],
            Self::Aesthetic => &[],
        }
    }

    /// Whether a model is only a weight file, without a configuration.
    #[must_use]
    pub fn is_single_file(self) -> bool {
        matches!(self, Self::Upscaler | Self::Aesthetic)
    }

    /// The name of the role: the option that names a model of this role, if there is one.
    #[must_use]
    pub fn option(self) -> &'static str {
        match self {
            Self::Clip => "clip",
            Self::Vqgan => "vqgan",
            Self::Upscaler => "upscaler",
            Self::Aesthetic => "aesthetic",
        }
    }
}

/// The files of one model.
pub struct ModelFiles {
    /// The model's role
    pub role: Role,
    /// The name that the user gave: a path, or the name of a model
    pub name: String,
    /// The weights
    pub weights: TensorFile,
    /// The configuration's text, and its path for messages
    pub config: ConfigFile,
    /// The commit of the repository that the files are from; none for local files
    pub commit: Option<String>,
    /// The file that the weights were converted from; none if they are read as published
    pub published: Option<Published>,
    /// The CLIP whose image tower belongs to this model, if this is a text tower that was published alone
    pub image: Option<Box<ModelFiles>>,
    /// The folder with the model's other files; none for the embedded model
    folder: Option<PathBuf>,
    /// Files of the model in other folders, by name and path
    pub(super) elsewhere: Vec<(String, PathBuf)>,
    /// Other files of the embedded model, by name and content
    compiled: &'static [(&'static str, &'static [u8])],
}

/// A published weight file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its name
    pub file: String,
    /// Its SHA-256
    pub sha256: String,
}

/// The content of a configuration file, or the configuration inferred from the weights.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Its path, or the path of the weights if there is no such file
    pub path: PathBuf,
    /// Its content
    pub text: String,
}

impl ModelFiles {
    /// Finds the files of a model named by the user: `embedded`, a folder or a weight file.
    ///
    /// # Errors
    /// If there is no such path, no weights or no configuration, or a file cannot be read.
    pub fn open(role: Role, name: &str) -> Result<Self> {
        if name == embedded::NAME {
            return embedded::files(role);
        }
        if name.is_empty() {
            let hint = "give the path of a model's folder or weight file, or omit the option";
            return Err(Error::usage("the model's name is empty", hint));
        }
        let Located { weights, config } = locate(role, Path::new(name))?;
        let folder = weights.parent().unwrap_or(Path::new("")).to_owned();
        let files = Self::assemble(role, name, TensorFile::open(&weights)?, config, folder)?;
        files.with_image(|files| {
            let hint = format!("put the CLIP that it was trained for into the folder `{IMAGE}` beside the weights");
            Err(Error::file(files.weights.path(), "this is the text tower of a CLIP alone", hint))
        })
    }

    /// These files with those of the image tower, if this is a text tower that was published alone. They are in a folder
    /// beside the weights, or come from `find`.
    ///
    /// # Errors
    /// If there is no image tower, or the model found for it has none either.
    pub(super) fn with_image(mut self, find: impl FnOnce(&Self) -> Result<Self>) -> Result<Self> {
        if self.is_text_alone() {
            let beside = self.folder.as_ref().map(|folder| folder.join(IMAGE)).filter(|folder| folder.is_dir());
            let image = match beside {
                Some(folder) => {
                    let Located { weights, config } = locate(Role::Clip, &folder)?;
                    let name = folder.to_string_lossy().into_owned();
                    Self::assemble(Role::Clip, &name, TensorFile::open(&weights)?, config, folder)?
                }
                None => find(&self)?,
            };
            if image.is_text_alone() {
                let problem = "this is the text tower of a CLIP alone, but an image tower is needed here";
                let hint = format!("put a whole CLIP into the folder `{IMAGE}` beside the weights of {}", self.name);
                return Err(Error::file(image.weights.path(), problem, hint));
            }
            self.image = Some(Box::new(image));
        }
        Ok(self)
    }

    /// Whether this is a text tower that was published alone.
    fn is_text_alone(&self) -> bool {
        let config = serde_json::from_str::<serde_json::Value>(&self.config.text).ok();
        let kind = config.as_ref().and_then(|config| config["model_type"].as_str());
        self.role == Role::Clip && kind == Some("distilbert")
    }

    /// The weights of the last layer of a text tower that was published alone.
    #[must_use]
    pub fn dense(&self) -> Option<PathBuf> {
        DENSE.iter().filter(|_| self.image.is_some()).find_map(|name| self.beside(name))
    }

    /// The path of another file of the model, such as `2_Dense/config.json`; none if there is no such file.
    #[must_use]
    pub fn beside(&self, name: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.is_file())
    }

    /// The model of a weight file and a configuration, with its other files in `folder`. Without a configuration, it is
    /// inferred from the weights.
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
            let text = read_text(&config, "download the model's configuration into the folder of its weights")?;
            (config, text)
        } else {
            let text = match role {
                // Its dimensions are read off its weights.
                Role::Upscaler | Role::Aesthetic => String::new(),
                Role::Clip | Role::Vqgan => {
                    inferred::configuration(&weights).ok_or_else(|| no_config(weights.path()))?
                }
            };
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
            image: None,
            elsewhere: Vec::new(),
            compiled: &[],
        })
    }

    /// The files of a model that is compiled in.
    pub(super) fn compiled(
        role: Role,
        name: &str,
        weights: TensorFile,
        config: ConfigFile,
        others: &'static [(&'static str, &'static [u8])],
    ) -> Self {
        let (name, elsewhere) = (name.to_owned(), Vec::new());
        let compiled = others;
        let (commit, published, image, folder) = (None, None, None, None);
        Self { role, name, weights, config, commit, published, image, folder, elsewhere, compiled }
    }

    /// Another file of the model as text, with its path; none if the model has no such file.
    ///
    /// # Errors
    /// If the file exists but cannot be read.
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
    /// The error for a configuration that cannot be used.
    pub(crate) fn error(&self, problem: impl Into<String>) -> Error {
        Error::file(&self.path, problem, "use the configuration that was published with the weights")
    }
}

/// Checks that a number in a configuration is plausible for a published model.
pub(crate) fn within(name: &str, value: usize, most: usize) -> Result<(), String> {
    if (1..=most).contains(&value) { Ok(()) } else { Err(format!("{name} is {value}; expected 1 to {most}")) }
}

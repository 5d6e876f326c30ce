//! A loaded model, with what a recipe records of it.

use std::sync::{Arc, OnceLock};

use candle_core::Tensor;

use super::source::Source;
use crate::Result;
use crate::models::{Finder, ModelFiles, ModelRecord, Role};

/// A loaded model and its source.
pub struct LoadedModel<M> {
    /// The name that the user gave
    pub name: String,
    /// The model
    pub model: Arc<M>,
    source: Arc<Source>,
    /// The sources of its parts that were published apart, with their names: the image tower of a multilingual CLIP
    beside: Vec<(String, Arc<Source>)>,
}

/// What the source of the last layer of a text tower is called, behind the name of the model.
const DENSE: &str = "2_Dense";

/// The clone shares the model.
impl<M> Clone for LoadedModel<M> {
    fn clone(&self) -> Self {
        let Self { name, model, source, beside } = self;
        Self { name: name.clone(), model: model.clone(), source: source.clone(), beside: beside.clone() }
    }
}

impl<M> LoadedModel<M> {
    /// Loads a model by name.
    ///
    /// # Errors
    /// If the files cannot be found or downloaded, or do not fit, or if the user interrupts.
    pub fn load(finder: &Finder, role: Role, name: &str, load: impl FnOnce(&ModelFiles) -> Result<M>) -> Result<Self> {
        let files = finder.open(role, name)?;
        let model = load(&files)?;
        finder.check_stop()?;
        let mut beside = Vec::new();
        if let Some(image) = &files.image {
            beside.push((image.name.clone(), Arc::new(Source::of(image)?)));
        }
        if let Some(path) = files.dense() {
            let source = Source::of_file(role, files.commit.clone(), path)?;
            beside.push((format!("{name}/{DENSE}"), Arc::new(source)));
        }
        let source = Arc::new(Source::of(&files)?);
        Ok(Self { name: name.to_owned(), model: Arc::new(model), source, beside })
    }

    /// A model of random weights, which no recipe can name.
    pub(crate) fn random(role: Role, name: &str, model: M) -> Self {
        let source = Arc::new(Source::without_file(role));
        Self { name: name.to_owned(), model: Arc::new(model), source, beside: Vec::new() }
    }

    /// The size of the weight file in bytes; 0 for a model inside the program.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        if self.source.compiled { 0 } else { self.source.bytes }
    }

    /// The size of the model inside the program in bytes; 0 for a model from a file.
    #[must_use]
    pub fn compiled_bytes(&self) -> u64 {
        if self.source.compiled { self.source.bytes } else { 0 }
    }

    /// What `--no-text` steers toward, if it was needed.
    pub(in crate::session) fn without_text(&self) -> &OnceLock<Tensor> {
        &self.source.without_text
    }

    /// The record of this model in a recipe. Waits until the file is hashed.
    ///
    /// # Errors
    /// If the file could not be read again.
    pub fn record(&self) -> Result<ModelRecord> {
        self.source.record(&self.name)
    }

    /// The records of this model and of its parts that were published apart. Waits until all files are hashed.
    ///
    /// # Errors
    /// If a file could not be read again.
    pub fn records(&self) -> Result<Vec<ModelRecord>> {
        let beside = self.beside.iter().map(|(name, source)| source.record(name));
        std::iter::once(self.record()).chain(beside).collect()
    }

    /// Starts to hash the files.
    pub(super) fn start_hashing(&self) {
        self.source.start_hashing();
        self.beside.iter().for_each(|(_, source)| source.start_hashing());
    }
}

//! The models of a run, loaded once for any number of pictures.

use std::sync::Arc;
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

use crate::clip::Clip;
use crate::models::{ModelFiles, Role};
use crate::output::{ModelRecord, hash_file, to_hex};
use crate::settings::Settings;
use crate::vqgan::Vqgan;
use crate::{Error, Result};

/// A model that is loaded, and where it came from.
pub struct LoadedModel<M> {
    /// What the user called it
    pub name: String,
    /// The model
    pub model: Arc<M>,
    source: Source,
}

/// A weight file whose hash is computed beside the run.
struct Source {
    role: Role,
    file: String,
    bytes: u64,
    /// Inside the program, not read from a disk
    compiled: bool,
    hash: std::sync::Mutex<Hash>,
}

enum Hash {
    Running(JoinHandle<Result<String>>),
    Known(String),
}

/// All models of a run.
pub struct Models {
    /// What draws
    pub vqgan: LoadedModel<Vqgan>,
    /// What judges
    pub clips: Vec<LoadedModel<Clip>>,
}

impl<M> LoadedModel<M> {
    /// Loads a model by name.
    ///
    /// # Errors
    /// Where its files are missing or do not fit.
    pub fn load(role: Role, name: &str, load: impl FnOnce(&ModelFiles) -> Result<M>) -> Result<Self> {
        let files = ModelFiles::open(role, name)?;
        let model = load(&files)?;
        let path = files.weights.path().to_owned();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let hash = match files.weights.static_bytes() {
            Some(bytes) => Hash::Known(to_hex(&Sha256::digest(bytes))),
            None => Hash::Running(std::thread::spawn(move || hash_file(&path))),
        };
        let (bytes, compiled) = (files.weights.bytes(), matches!(hash, Hash::Known(_)));
        let source = Source { role, file, bytes, compiled, hash: hash.into() };
        Ok(Self { name: name.to_owned(), model: Arc::new(model), source })
    }

    /// A model of random weights, which no recipe can name.
    pub(crate) fn random(role: Role, name: &str, model: M) -> Self {
        let source =
            Source { role, file: String::new(), bytes: 0, compiled: false, hash: Hash::Known(String::new()).into() };
        Self { name: name.to_owned(), model: Arc::new(model), source }
    }

    /// The size of its weight file, in bytes; 0 for a model inside the program.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        if self.source.compiled { 0 } else { self.source.bytes }
    }

    /// How many bytes of the program it is.
    #[must_use]
    pub fn compiled_bytes(&self) -> u64 {
        if self.source.compiled { self.source.bytes } else { 0 }
    }

    /// What a recipe says of this model. Waits until its file is hashed.
    ///
    /// # Errors
    /// Where the file could not be read again.
    pub fn record(&self) -> Result<ModelRecord> {
        Ok(ModelRecord {
            role: self.source.role.name().into(),
            name: self.name.clone(),
            revision: None,
            file: self.source.file.clone(),
            sha256: self.source.sha256()?,
        })
    }
}

impl Source {
    fn sha256(&self) -> Result<String> {
        let fault = || Error::fault("the thread that hashes a model's file failed");
        let mut hash = self.hash.lock().map_err(|_| fault())?;
        let known = match std::mem::replace(&mut *hash, Hash::Known(String::new())) {
            Hash::Known(known) => known,
            Hash::Running(thread) => thread.join().map_err(|_| fault())??,
        };
        *hash = Hash::Known(known.clone());
        Ok(known)
    }
}

impl Models {
    /// Loads what settings name.
    ///
    /// # Errors
    /// Where a model's files are missing or do not fit.
    pub fn load(settings: &Settings) -> Result<Self> {
        let vqgan = LoadedModel::load(Role::Vqgan, &settings.vqgan, Vqgan::load)?;
        let clip = |name: &String| LoadedModel::load(Role::Clip, name, Clip::load);
        Ok(Self { vqgan, clips: settings.clip.iter().map(clip).collect::<Result<_>>()? })
    }

    /// What a recipe says of them.
    ///
    /// # Errors
    /// Where a file could not be read again.
    pub fn records(&self) -> Result<Vec<ModelRecord>> {
        let mut records = vec![self.vqgan.record()?];
        for clip in &self.clips {
            records.push(clip.record()?);
        }
        Ok(records)
    }
}

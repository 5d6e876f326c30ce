//! Where a model came from, and the hash of its bytes.

use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, OnceLock, PoisonError};

use candle_core::Tensor;
use sha2::{Digest, Sha256};

use crate::files::{hash_open_files, open_regular, to_hex, unreadable};
use crate::models::container::files_of;
use crate::models::{ModelFiles, ModelRecord, Role};
use crate::{Error, Result};

/// The source of a model, which is hashed while the run draws.
pub(super) struct Source {
    role: Role,
    commit: Option<String>,
    file: String,
    pub(super) bytes: u64,
    /// Whether the model is inside the program, not read from a disk
    pub(super) compiled: bool,
    hash: Mutex<Hash>,
    /// What `--no-text` steers toward, for a CLIP, if it was needed
    pub(super) without_text: OnceLock<Tensor>,
}

enum Hash {
    /// Not started yet
    Open(Content),
    /// Queued or running on a thread of the thread pool
    Running(Receiver<Result<String>>),
    Known(String),
}

/// The bytes of a model. Files stay open, so that these are the ones that were read, even if the names now belong to
/// other files.
enum Content {
    Files(Vec<(File, PathBuf)>),
    Compiled(&'static [u8]),
}

impl Content {
    /// Opens files, which stay open.
    fn opened(paths: Vec<PathBuf>) -> Result<Self> {
        let open = |path: PathBuf| {
            let file = open_regular(&path).map_err(|error| Error::file(&path, unreadable(&error), "restore it"))?;
            Ok((file, path))
        };
        paths.into_iter().map(open).collect::<Result<_>>().map(Self::Files)
    }

    fn hash(&self) -> Result<String> {
        match self {
            Self::Files(files) => hash_open_files(files),
            Self::Compiled(bytes) => Ok(to_hex(&Sha256::digest(bytes))),
        }
    }
}

impl Source {
    /// The source of a model's weights.
    ///
    /// # Errors
    /// If a file cannot be opened again.
    pub(super) fn of(files: &ModelFiles) -> Result<Self> {
        let path = files.weights.path().to_owned();
        let name_of_file = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (file, hash) = match (&files.published, files.weights.static_bytes()) {
            (Some(published), _) => (published.file.clone(), Hash::Known(published.sha256.clone())),
            (None, Some(bytes)) => (name_of_file(), Hash::Open(Content::Compiled(bytes))),
            (None, None) => (name_of_file(), Hash::Open(Content::opened(files_of(&path)?)?)),
        };
        let (bytes, compiled) = (files.weights.bytes(), files.weights.static_bytes().is_some());
        let image = files.image.as_ref().map_or(0, |image| image.weights.bytes());
        let (role, commit, hash, without_text) = (files.role, files.commit.clone(), hash.into(), OnceLock::new());
        Ok(Self { role, commit, file, bytes: bytes.max(image), compiled, hash, without_text })
    }

    /// The source of a single file of a repository.
    ///
    /// # Errors
    /// If the file cannot be opened again.
    pub(super) fn of_file(role: Role, commit: Option<String>, path: PathBuf) -> Result<Self> {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let hash = Hash::Open(Content::opened(vec![path])?).into();
        Ok(Self { role, commit, file, bytes: 0, compiled: false, hash, without_text: OnceLock::new() })
    }

    /// The source of a model that was never in a file.
    pub(super) fn without_file(role: Role) -> Self {
        let (file, hash) = (String::new(), Hash::Known(String::new()).into());
        Self { role, commit: None, file, bytes: 0, compiled: false, hash, without_text: OnceLock::new() }
    }

    /// The record of a model of this source with this name. Waits until the files are hashed.
    ///
    /// # Errors
    /// If a file could not be read again.
    pub(super) fn record(&self, name: &str) -> Result<ModelRecord> {
        Ok(ModelRecord {
            role: self.role.option().into(),
            name: name.to_owned(),
            revision: self.commit.clone(),
            file: self.file.clone(),
            sha256: self.sha256()?,
        })
    }

    /// Starts hashing on a thread of the thread pool, unless it has started.
    pub(super) fn start_hashing(&self) {
        let mut hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*hash, Hash::Open(_)) {
            return;
        }
        let (sender, receiver) = channel();
        if let Hash::Open(content) = std::mem::replace(&mut *hash, Hash::Running(receiver)) {
            rayon::spawn(move || {
                // The receiver may be gone.
                let _ = sender.send(content.hash());
            });
        }
    }

    fn sha256(&self) -> Result<String> {
        self.start_hashing();
        let mut hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match &*hash {
            Hash::Known(known) => return Ok(known.clone()),
            Hash::Running(receiver) => receiver.recv().ok().transpose()?,
            Hash::Open(_) => None,
        };
        let known = known.ok_or_else(|| Error::fault("the thread that hashes a model's file failed"))?;
        *hash = Hash::Known(known.clone());
        Ok(known)
    }
}

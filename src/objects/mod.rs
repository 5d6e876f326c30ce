//! The store of objects: pictures, movies, checkpoints and uploads, under keys that are written once.

use std::path::Path;

use axum::body::Bytes;
use futures_util::stream::BoxStream;

use crate::error::{Error, Result};

/// A store of objects.
#[derive(Clone)]
pub struct Objects {}

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its length
    pub bytes: u64,
    /// Its SHA-256, as hexadecimal digits
    pub sha256: String,
}

/// An object that is read.
pub struct Opened {
    /// Its length
    pub bytes: u64,
    /// Its bytes
    pub stream: BoxStream<'static, Result<Bytes>>,
}

impl Objects {
    /// The store in a folder.
    ///
    /// # Errors
    /// If the folder cannot be used.
    pub fn folder(_: &Path) -> Result<Self> {
        Ok(Self {})
    }

    /// Reads an object.
    ///
    /// # Errors
    /// If it is missing or larger than `most`.
    #[allow(clippy::unused_async)]
    pub async fn read(&self, _: &str, _: u64) -> Result<Vec<u8>> {
        Err(Error::fault("stub"))
    }

    /// Opens an object.
    ///
    /// # Errors
    /// If it is missing.
    #[allow(clippy::unused_async)]
    pub async fn open(&self, _: &str) -> Result<Opened> {
        Err(Error::fault("stub"))
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// If the store fails.
    #[allow(clippy::unused_async)]
    pub async fn delete(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

/// Whether an error says that an object is missing.
#[must_use]
pub fn is_missing(_: &Error) -> bool {
    false
}

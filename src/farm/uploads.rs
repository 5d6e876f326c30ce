//! The files that the pictures of a batch use. Files with the same content are uploaded once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;

use super::lock;
use crate::client::Server;
use crate::files::hash_file;
use crate::output::InputRecord;
use crate::{Error, Result};

/// What to do if a file cannot be uploaded as it was.
const AGAIN: &str = "run the batch again once the file no longer changes";

/// The names of uploaded files in requests, by SHA-256.
#[derive(Default)]
pub(super) struct Uploads(Mutex<HashMap<String, String>>);

impl Uploads {
    /// The name of a file in requests. Uploads the file unless one with the same content was uploaded. `inputs` has its digest.
    ///
    /// # Errors
    /// If the file cannot be read, changes meanwhile, or the server does not take it.
    pub(super) fn name(&self, server: &Server, path: &Path, inputs: &[InputRecord]) -> Result<String> {
        let digest = inputs.iter().find(|input| input.path == path).map(|input| &input.sha256);
        let digest = digest.ok_or_else(|| Error::fault("a file of a picture has no digest"))?;
        // Held during the upload, so that other threads with the same file wait for it.
        let mut names = lock(&self.0);
        if let Some(name) = names.get(digest) {
            return Ok(name.clone());
        }
        let name = server.upload(path)?;
        // The recipe and the key of the job refer to the earlier contents of the file.
        if hash_file(path)? != *digest {
            return Err(Error::file(path, "the file changed during the upload", AGAIN));
        }
        names.insert(digest.clone(), name.clone());
        Ok(name)
    }
}

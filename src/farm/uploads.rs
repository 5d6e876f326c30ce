//! The files of a batch that its pictures are made from: each content is uploaded once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;

use super::lock;
use crate::client::Server;
use crate::output::InputRecord;
use crate::{Error, Result};

/// What requests call the files that were uploaded, by their SHA-256.
#[derive(Default)]
pub(super) struct Uploads(Mutex<HashMap<String, String>>);

impl Uploads {
    /// What requests call a file, which is uploaded unless another one with its content was. `inputs` has its digest.
    ///
    /// # Errors
    /// If the file cannot be read, or the server does not take it.
    pub(super) fn name(&self, server: &Server, path: &Path, inputs: &[InputRecord]) -> Result<String> {
        let digest = inputs.iter().find(|input| input.path == path).map(|input| &input.sha256);
        let digest = digest.ok_or_else(|| Error::fault("a file of a picture has no digest"))?;
        // Held during the upload, for which others with the same file wait.
        let mut names = lock(&self.0);
        if let Some(name) = names.get(digest) {
            return Ok(name.clone());
        }
        let name = server.upload(path)?;
        names.insert(digest.clone(), name.clone());
        Ok(name)
    }
}

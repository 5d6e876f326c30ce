//! Which requested files are on this machine, and which digests they must have.

use std::path::{Path, PathBuf};

use super::fetch::{Hub, Origin, Request};
use super::repository::{Repository, is_sha256};
use crate::files::hash_file;
use crate::{Error, Result};

impl Hub {
    /// The path of a requested file of any size; none if it is not on this machine.
    #[must_use]
    pub fn find(&self, request: &Request) -> Option<PathBuf> {
        match &request.origin {
            Origin::Repository(repository) => self.cache().find(repository, &request.file),
            Origin::Page { path, .. } => path.is_file().then(|| path.clone()),
        }
    }

    /// Removes a file with the wrong size or digest, so that it is downloaded again.
    ///
    /// # Errors
    /// If the file cannot be read or removed.
    pub fn discard_damaged(&self, request: &Request) -> Result<()> {
        let Some(path) = self.find(request) else { return Ok(()) };
        let length = path.metadata().map_or(0, |metadata| metadata.len());
        let right = request.bytes.is_none_or(|bytes| bytes == length)
            && match self.expected_digest(request, &path) {
                Some(expected) => hash_file(&path)? == expected,
                None => true,
            };
        match &request.origin {
            _ if right => Ok(()),
            Origin::Repository(repository) => self.cache().discard(repository, &request.file),
            Origin::Page { path, .. } => std::fs::remove_file(path).map_err(|error| Error::cache(path, &error)),
        }
    }

    /// The SHA-256 a file must have: the known one, the one in its name in the cache, or the first one seen.
    #[must_use]
    pub fn expected_digest(&self, request: &Request, path: &Path) -> Option<String> {
        let by_name = || {
            let content = path.canonicalize().ok()?;
            let name = content.file_name()?.to_str()?;
            (is_sha256(name) && content.parent()?.ends_with("blobs")).then(|| name.to_owned())
        };
        let seen = || match &request.origin {
            Origin::Repository(repository) => {
                let commit = self.cache().commit(repository)?;
                self.digests().seen(&origin_of(&repository.at(&commit)), &request.file)
            }
            Origin::Page { url, .. } => self.digests().seen(&origin_of_page(url), &request.file),
        };
        request.sha256.clone().or_else(by_name).or_else(seen)
    }

    /// Forgets the first digest seen of a file.
    pub fn forget(&self, request: &Request) {
        match &request.origin {
            Origin::Repository(repository) => {
                if let Some(commit) = self.cache().commit(repository) {
                    self.digests().forget(&origin_of(&repository.at(&commit)), &request.file);
                }
            }
            Origin::Page { url, .. } => self.digests().forget(&origin_of_page(url), &request.file),
        }
    }
}

/// The name under which digests of a repository's files at a commit are kept.
pub(super) fn origin_of(repository: &Repository) -> String {
    format!("{}/{}", repository.as_repo().folder_name(), repository.revision)
}

/// The name under which the digest of a web page's file is kept.
pub(super) fn origin_of_page(url: &str) -> String {
    crate::files::to_hex(&<sha2::Sha256 as sha2::Digest>::digest(url))
}

//! The SHA-256 of files without a published one: the first one seen is kept, and a different one is an error.

use std::path::PathBuf;

use super::cache::create_folder_of;
use super::repository::is_sha256;
use crate::files::{Existing, small_text, write_whole};
use crate::{Error, Result};

/// The folder of digests, each in a small file.
#[derive(Clone, Debug)]
pub struct Digests {
    folder: PathBuf,
}

impl Digests {
    /// The digests in a folder, which need not exist yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, origin: &str, file: &str) -> PathBuf {
        self.folder.join(origin).join(format!("{file}.sha256"))
    }

    /// The digest of a file of an origin (a repository's folder and commit); none if it was never seen.
    #[must_use]
    pub fn seen(&self, origin: &str, file: &str) -> Option<String> {
        let digest = small_text(&self.path(origin, file))?;
        Some(digest.trim().to_owned()).filter(|digest| is_sha256(digest))
    }

    /// Keeps the digest of a file, unless there is one already.
    ///
    /// # Errors
    /// If the digest cannot be written.
    pub fn keep(&self, origin: &str, file: &str, digest: &str) -> Result<()> {
        let path = self.path(origin, file);
        if self.seen(origin, file).is_some() {
            return Ok(());
        }
        create_folder_of(&path)?;
        match write_whole(&path, digest.as_bytes(), Existing::Replace) {
            Err(Error::Write { path, source }) => Err(Error::cache(path, &source)),
            written => written,
        }
    }

    /// Forgets the digest of a file.
    pub fn forget(&self, origin: &str, file: &str) {
        // A digest without a file is already forgotten.
        let _ = std::fs::remove_file(self.path(origin, file));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_digest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let digests = Digests::new(folder.path().join("digests"));
        let (first, other) = ("1".repeat(64), "2".repeat(64));
        assert_eq!(digests.seen("a/b", "c/d"), None);
        digests.keep("a/b", "c/d", &first).unwrap();
        digests.keep("a/b", "c/d", &first).unwrap();
        digests.keep("a/b", "c/d", &other).unwrap();
        assert_eq!(digests.seen("a/b", "c/d"), Some(first));
        digests.forget("a/b", "c/d");
        assert_eq!(digests.seen("a/b", "c/d"), None);
    }
}

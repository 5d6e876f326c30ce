//! Paths as text in JSON.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

/// Writes a path as a string; each byte sequence that is not UTF-8 becomes a replacement character.
pub(crate) fn path_as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// Writes a path as [`path_as_text`] does, or null if there is none.
#[allow(clippy::ref_option, reason = "serde passes the field")]
pub(crate) fn optional_path_as_text<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_deref().map(Path::to_string_lossy).serialize(serializer)
}

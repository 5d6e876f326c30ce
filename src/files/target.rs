//! Whether a file can be written under a name.

use std::path::Path;

use super::link::end_of_links;
use super::{Existing, check_folder};
use crate::{Error, Result};

/// Whether a file can be written under this name, before any work; and what to do with one that is there.
///
/// # Errors
/// If it names a folder, something else that is not a regular file, or a file that is to be kept, or if no file can be made
/// in its folder.
pub fn check_target(path: &Path, force: bool) -> Result<Existing> {
    if path.is_dir() {
        return Err(Error::file(path, "this is a folder", "name a file in it"));
    }
    if path.exists() && !force {
        return Err(Error::file(path, "the file is already there", "choose another name, or replace it with --force"));
    }
    check_folder(path)?;
    let place = end_of_links(path).unwrap_or_else(|_| path.to_owned());
    if std::fs::metadata(&place).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(Error::file(path, "this is not a regular file", "choose another name"));
    }
    Ok(if force { Existing::Replace } else { Existing::Keep })
}

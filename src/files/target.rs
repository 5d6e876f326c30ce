//! Checks that a file can be written under a name.

use std::path::Path;

use super::link::end_of_links;
use super::{Existing, check_folder, check_new_folder};
use crate::{Error, Result};

/// Checks before any work that a file can be written under this name, and returns what to do with an existing one.
///
/// # Errors
/// If the name is that of a folder, of something else that is not a regular file, or of a file that must be kept, or if
/// no file can be created in its folder.
pub fn check_target(path: &Path, force: bool) -> Result<Existing> {
    check_target_with(path, force, check_folder)
}

/// Checks a name as [`check_target`] does, if folders that are missing will be created.
///
/// # Errors
/// As for [`check_target`], if the folders cannot be created.
pub fn check_new_target(path: &Path, force: bool) -> Result<Existing> {
    check_target_with(path, force, check_new_folder)
}

fn check_target_with(path: &Path, force: bool, check_folder: impl Fn(&Path) -> Result<()>) -> Result<Existing> {
    if path.is_dir() {
        return Err(Error::file(path, "this is a folder", "give the name of a file in it"));
    }
    if path.exists() && !force {
        return Err(Error::file(
            path,
            "the file already exists",
            "choose another name, or add ‹force› to replace the file",
        ));
    }
    check_folder(path)?;
    let place = end_of_links(path).unwrap_or_else(|_| path.to_owned());
    if std::fs::metadata(&place).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(Error::file(path, "this is not a regular file", "choose another name"));
    }
    Ok(if force { Existing::Replace } else { Existing::Keep })
}

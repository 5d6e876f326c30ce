//! The kinds of files that the program writes, and whether a name can be used for one.

use std::path::Path;

use super::link::end_of_links;
use super::{Existing, check_folder};
use crate::{Error, Result};

/// A kind of file that the program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A single picture
    Png,
    /// A moving picture
    Gif,
    /// A moving picture as H.264 video
    Mp4,
}

impl Kind {
    /// The extension of the names of such files.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Mp4 => "mp4",
        }
    }
}

/// The kind of a file, by the extension of its name.
///
/// # Errors
/// If the extension is not that of one of `kinds`.
pub fn kind_of(path: &Path, kinds: &[Kind]) -> Result<Kind> {
    let extension = path.extension().unwrap_or_default();
    let kind = kinds.iter().find(|kind| extension.eq_ignore_ascii_case(kind.extension()));
    kind.copied().ok_or_else(|| {
        let extensions: Vec<String> = kinds.iter().map(|kind| format!(".{}", kind.extension())).collect();
        let expected = match extensions.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            _ => extensions.concat(),
        };
        let hint = format!("give the output a name that ends in {expected}");
        Error::file(path, format!("unsupported file type; expected {expected}"), hint)
    })
}

/// Checks before any work that a file can be written under this name, and returns what to do with an existing one.
///
/// # Errors
/// If the name is that of a folder, of something else that is not a regular file, or of a file that must be kept, or if
/// no file can be created in its folder.
pub fn check_target(path: &Path, force: bool) -> Result<Existing> {
    if path.is_dir() {
        return Err(Error::file(path, "this is a folder", "give the name of a file in it"));
    }
    if path.exists() && !force {
        return Err(Error::file(
            path,
            "the file already exists",
            "choose another name, or add --force to replace the file",
        ));
    }
    check_folder(path)?;
    let place = end_of_links(path).unwrap_or_else(|_| path.to_owned());
    if std::fs::metadata(&place).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(Error::file(path, "this is not a regular file", "choose another name"));
    }
    Ok(if force { Existing::Replace } else { Existing::Keep })
}

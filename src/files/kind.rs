//! What kinds of files there are, and whether one can have a name.

use std::path::Path;

use super::link::end_of_links;
use super::{Existing, check_folder};
use crate::{Error, Result};

/// A kind of files the program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One picture
    Png,
    /// Pictures that move
    Gif,
    /// Pictures that move, with H.264
    Mp4,
}

impl Kind {
    const NAMES: [(Self, &'static str, &'static str); 3] =
        [(Self::Png, "PNG", "png"), (Self::Gif, "GIF", "gif"), (Self::Mp4, "MP4", "mp4")];

    /// What the name of such a file ends in.
    #[must_use]
    pub fn extension(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, ..)| *kind == self).map_or("", |(.., extension)| extension)
    }
}

/// Which of these kinds a file of this name is.
///
/// # Errors
/// Where it is none of them.
pub fn kind_of(path: &Path, kinds: &[Kind]) -> Result<Kind> {
    let extension = path.extension().unwrap_or_default();
    let kind = kinds.iter().find(|kind| extension.eq_ignore_ascii_case(kind.extension()));
    kind.copied().ok_or_else(|| {
        let of = |kind: &Kind| Kind::NAMES.iter().find(|(other, ..)| other == kind);
        let names = kinds.iter().filter_map(of).map(|(_, name, _)| *name).collect::<Vec<_>>().join(" or ");
        let extensions = kinds.iter().map(|kind| format!(".{}", kind.extension())).collect::<Vec<_>>().join(" or ");
        let hint = format!("give the output a name that ends in {extensions}");
        Error::file(path, format!("what is written here is {names}"), hint)
    })
}

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

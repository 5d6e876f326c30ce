//! Results on standard output.

use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::output::{Existing, check_folder};
use crate::{Error, Result};

/// A kind of files the program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Png,
    Gif,
    Mp4,
}

impl Kind {
    const NAMES: [(Self, &'static str, &'static str); 3] =
        [(Self::Png, "PNG", "png"), (Self::Gif, "GIF", "gif"), (Self::Mp4, "MP4", "mp4")];

    /// What the name of such a file ends in.
    pub(super) fn extension(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, ..)| *kind == self).map_or("", |(.., extension)| extension)
    }
}

/// Which of these kinds a file of this name is.
pub(super) fn kind_of(path: &Path, kinds: &[Kind]) -> Result<Kind> {
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
pub(super) fn check_target(path: &Path, force: bool) -> Result<Existing> {
    if path.is_dir() {
        return Err(Error::file(path, "this is a folder", "name a file in it"));
    }
    if path.exists() && !force {
        return Err(Error::file(path, "the file is already there", "choose another name, or replace it with --force"));
    }
    check_folder(path)?;
    Ok(if force { Existing::Replace } else { Existing::Keep })
}

/// Writes to standard output; that nobody reads it any more is no error.
pub(super) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Writes a line to standard output.
pub(super) fn print_line(line: &str) -> anyhow::Result<()> {
    print(format!("{line}\n").as_bytes())
}

//! Results on standard output.

use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::output::{Existing, check_folder};
use crate::{Error, Result};

/// Whether a PNG can be written under this name, before any work; and what to do with a file that is there.
pub(super) fn check_target(path: &Path, force: bool) -> Result<Existing> {
    if path.is_dir() {
        return Err(Error::file(path, "this is a folder", "name a file in it"));
    }
    if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("png")) {
        return Err(Error::file(path, "the program writes PNG pictures", "give the output a name that ends in .png"));
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

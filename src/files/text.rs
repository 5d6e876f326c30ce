//! Reads whole text files, and says why one cannot be read.

use std::path::Path;

use super::missing::missing;
use super::read::{read_regular, read_source, reason};
use crate::{Error, Result};

/// The largest text that is read, in bytes.
const LARGEST_TEXT: u64 = 64 << 20;

/// Reads a whole text file.
pub(crate) fn read_text(path: &Path, hint: &str) -> Result<String> {
    let fault = |problem: String| Error::file(path, problem, hint);
    let bytes = read_regular(path, LARGEST_TEXT).map_err(|error| fault(unreadable(&error)))?;
    String::from_utf8(bytes).map_err(|_| fault("the file is not UTF-8 text".into()))
}

/// The error for a file that the user named and that cannot be read. `hint` is about the kind of file; if there is no
/// file, the hint is about its path instead.
pub(crate) fn unreadable_file(path: &Path, error: &std::io::Error, hint: &str) -> Error {
    let is_missing = error.kind() == std::io::ErrorKind::NotFound;
    Error::file(path, unreadable(error), if is_missing { missing(path) } else { hint.to_owned() })
}

/// Reads a whole text, which may also come from another program, as in `--config <(...)`.
pub(crate) fn read_text_from_anywhere(path: &Path, hint: &str) -> Result<String> {
    let bytes = read_source(path, LARGEST_TEXT).map_err(|error| unreadable_file(path, &error, hint))?;
    String::from_utf8(bytes).map_err(|_| Error::file(path, "the file is not UTF-8 text", hint))
}

/// Describes an input/output error of reading a file.
pub(crate) fn unreadable(error: &std::io::Error) -> String {
    if let Some(reason) = reason(error) {
        return reason;
    }
    match error.kind() {
        std::io::ErrorKind::NotFound => "file not found".into(),
        std::io::ErrorKind::PermissionDenied => "no permission to read the file".into(),
        _ => format!("the file cannot be read: {error}"),
    }
}

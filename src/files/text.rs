//! Reads whole text files, and says why one cannot be read.

use std::path::Path;

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

/// Reads a whole text, which may also come from another program, as in `--config <(...)`.
pub(crate) fn read_text_from_anywhere(path: &Path, hint: &str) -> Result<String> {
    let fault = |problem: String| Error::file(path, problem, hint);
    let bytes = read_source(path, LARGEST_TEXT).map_err(|error| fault(unreadable(&error)))?;
    String::from_utf8(bytes).map_err(|_| fault("the file is not UTF-8 text".into()))
}

/// Describes an input/output error of reading a file.
pub(crate) fn unreadable(error: &std::io::Error) -> String {
    if let Some(reason) = reason(error) {
        return reason;
    }
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".into(),
        std::io::ErrorKind::PermissionDenied => "no permission to read the file".into(),
        _ => format!("the file cannot be read: {error}"),
    }
}

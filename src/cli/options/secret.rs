//! Hides the values of options that may contain a password, if an error message would repeat them.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The options whose values may contain a password.
const SECRET: [&str; 5] = ["--database", "--database-listen", "--storage", "--storage-endpoint", "--smtp"];
/// The text that replaces such a value.
const HIDDEN: &str = "...";

/// Removes a value that may contain a password from an error about a command line.
pub(in crate::cli) fn concealed(mut error: clap::Error) -> clap::Error {
    let is_secret = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => {
            SECRET.contains(&argument.split([' ', '=', '[']).next().unwrap_or_default())
        }
        _ => false,
    };
    if is_secret && matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
        error.insert(ContextKind::InvalidValue, ContextValue::String(HIDDEN.to_owned()));
    }
    error
}

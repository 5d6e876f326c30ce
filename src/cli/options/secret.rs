//! Options whose values may contain a password, which is not repeated when a value is wrong.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// These options.
const SECRET: [&str; 5] = ["--database", "--database-listen", "--storage", "--storage-endpoint", "--smtp"];
/// What is shown in place of a value.
const HIDDEN: &str = "...";

/// An error about a command line, without a value that may contain a password.
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

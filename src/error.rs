//! The library's error: what is wrong, and what the user can do about it.

use std::path::{Path, PathBuf};

/// What the library returns where something can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong. The message says what is wrong; [`Error::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option's value cannot be used.
    #[error("{message}")]
    Usage {
        /// What is wrong
        message: String,
        /// What to do
        hint: String,
    },
    /// A file that was named, or that a model needs, cannot be used.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file
        path: PathBuf,
        /// What is wrong with it
        problem: String,
        /// What to do
        hint: String,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Where it was to be
        path: PathBuf,
        /// What the system said
        source: std::io::Error,
    },
    /// The network, or a machine on it, failed.
    #[error("{message}")]
    Network {
        /// What is wrong
        message: String,
        /// What to do
        hint: String,
    },
    /// A cache of downloaded files could not be written.
    #[error("{}: {problem}", path.display())]
    Cache {
        /// The file or folder
        path: PathBuf,
        /// What is wrong with it
        problem: String,
        /// What to do
        hint: String,
    },
    /// The user stopped a download, a conversion or the loading of a model.
    #[error("stopped before there was a result")]
    Stopped,
    /// The loss or the picture is no finite number any more.
    #[error("the loss or its gradient is not a finite number at iteration {iteration}")]
    NotFinite {
        /// The first iteration whose loss was none
        iteration: usize,
    },
    /// The tensor library reported a fault.
    #[error("the computation failed: {0}")]
    Compute(#[from] candle_core::Error),
}

impl Error {
    /// An option's value cannot be used.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// A file cannot be used.
    pub fn file(path: impl AsRef<Path>, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::File { path: path.as_ref().to_owned(), problem: problem.into(), hint: hint.into() }
    }

    /// The network failed.
    pub fn network(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Network { message: message.into(), hint: hint.into() }
    }

    /// A cache's file could not be written.
    pub fn cache(path: impl AsRef<Path>, source: &std::io::Error) -> Self {
        let (problem, hint) = match source.kind() {
            std::io::ErrorKind::StorageFull => {
                ("the disk is full".into(), "free some space, or set HF_HOME to a folder on another disk")
            }
            _ => (
                format!("the cache cannot be written: {source}"),
                "make the folder writable, or set HF_HOME to another folder",
            ),
        };
        Self::Cache { path: path.as_ref().to_owned(), problem, hint: hint.into() }
    }

    /// A fault of the program's own, or of a library it uses.
    pub(crate) fn fault(message: impl Into<String>) -> Self {
        Self::Compute(candle_core::Error::Msg(message.into()))
    }

    /// What the user can do about it, as one line.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Usage { hint, .. }
            | Self::File { hint, .. }
            | Self::Network { hint, .. }
            | Self::Cache { hint, .. } => hint.clone(),
            Self::Stopped => "the same command begins again; a download goes on from what came".into(),
            Self::Write { source, .. } => match source.kind() {
                std::io::ErrorKind::NotFound => "create the folder first, or choose another with --output".into(),
                std::io::ErrorKind::StorageFull => "free some space, or choose another disk with --output".into(),
                _ => "choose a path you may write to with --output".into(),
            },
            Self::NotFinite { .. } => "try smaller weights or a smaller --learning-rate".into(),
            Self::Compute(_) => "this is a fault of the program: please report it with the command you ran".into(),
        }
    }

    /// Whether the user can mend it before any work is done (exit code 2), or not (exit code 1).
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Usage { .. } | Self::File { .. })
    }
}

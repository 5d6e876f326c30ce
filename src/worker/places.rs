//! The layout of the folder that a server and its workers share.

use std::path::{Path, PathBuf};

/// The places in the folder of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The file of the database
    pub database: PathBuf,
    /// The folder of the pictures and other objects
    pub objects: PathBuf,
    /// The folder in which workers draw
    pub work: PathBuf,
}

impl Places {
    /// The places in a folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { database: folder.join("text2art.db"), objects: folder.join("objects"), work: folder.join("work") }
    }
}

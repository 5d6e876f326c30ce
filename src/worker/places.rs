//! Where a server and its workers keep what they share: in a folder, or on other machines.

use std::path::{Path, PathBuf};

use crate::database::{Address, Database};
use crate::error::Result;
use crate::objects::{Objects, Storage};

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

/// What is kept on other machines, and not in the data folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// The database
    pub database: Option<Address>,
    /// The direct address of the database, for notifications
    pub database_listen: Option<Address>,
    /// The pictures and other objects
    pub storage: Option<Storage>,
}

impl Places {
    /// The places in a folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { database: folder.join("text2art.db"), objects: folder.join("objects"), work: folder.join("work") }
    }

    /// Connects to the database; without one elsewhere, it is a file in the folder.
    ///
    /// # Errors
    ///
    /// If the database cannot be used.
    pub async fn open_database(&self, elsewhere: &Elsewhere) -> Result<Database> {
        match &elsewhere.database {
            Some(address) => Database::shared(address, elsewhere.database_listen.as_ref()).await,
            None => Database::open(&self.database).await,
        }
    }

    /// Opens the store of objects; without one elsewhere, it is in the folder.
    ///
    /// # Errors
    ///
    /// If the store cannot be used.
    pub async fn open_objects(&self, elsewhere: &Elsewhere) -> Result<Objects> {
        match &elsewhere.storage {
            Some(storage) => Objects::bucket(storage).await,
            None => Objects::folder(&self.objects),
        }
    }
}

//! Where a server and its workers keep what they share: in a folder, or on other machines.

use std::path::{Path, PathBuf};

use super::waiting::Waiting;
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

    /// Connects to the database on another machine, or to a file in the folder if there is none. `waiting` says how long to
    /// wait for another machine; without it, there is a single try.
    ///
    /// # Errors
    ///
    /// If the database cannot be used.
    pub async fn open_database(&self, elsewhere: &Elsewhere, waiting: Option<&Waiting<'_>>) -> Result<Database> {
        let Some(address) = &elsewhere.database else { return Database::open(&self.database).await };
        let open = async || Database::shared(address, elsewhere.database_listen.as_ref()).await;
        match waiting {
            Some(waiting) => waiting.open(&format!("the database {address}"), open).await,
            None => open().await,
        }
    }

    /// Opens the object store on another machine, or in the folder if there is none. `waiting` is as for the database.
    ///
    /// # Errors
    ///
    /// If the store cannot be used.
    pub async fn open_objects(&self, elsewhere: &Elsewhere, waiting: Option<&Waiting<'_>>) -> Result<Objects> {
        let Some(storage) = &elsewhere.storage else { return Objects::folder(&self.objects) };
        let open = async || Objects::bucket(storage).await;
        match waiting {
            Some(waiting) => waiting.open(&format!("the storage {}", storage.place()), open).await,
            None => open().await,
        }
    }
}

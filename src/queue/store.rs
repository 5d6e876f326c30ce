//! The store of objects that belongs to the database.

use super::Queue;
use super::statements::{FORGET_STORE, NAME_STORE, STORE, STORE_WRITTEN};
use crate::database::{Id, Row};
use crate::error::{Error, Result};

/// The store that belongs to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The id, which the store contains as well
    pub id: Id,
    /// Whether the id was written to the store; if not, the next check writes it
    pub written: bool,
}

impl Queue {
    /// The store that belongs to the database; none if no store does yet.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn store(&self) -> Result<Option<Store>> {
        self.database.rows(STORE, &[]).await?.first().map(Store::read).transpose()
    }

    /// Records a store with a new id, unless the database already has one. Returns the store of the database.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached, or the system has no random numbers.
    pub async fn name_store(&self) -> Result<Store> {
        self.database.rows(NAME_STORE, &[Id::random()?.as_str().into()]).await?;
        self.store().await?.ok_or_else(|| Error::fault("the database forgot which store belongs to it"))
    }

    /// Records that this id was written to the store.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn store_written(&self, id: &Id) -> Result<()> {
        self.database.rows(STORE_WRITTEN, &[id.as_str().into()]).await.map(drop)
    }

    /// Forgets which store belongs to the database: for a copy of a database, which gets its own store.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn forget_store(&self) -> Result<()> {
        self.database.rows(FORGET_STORE, &[]).await.map(drop)
    }
}

impl Store {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self { id: Id::stored(row.text("id")?), written: row.whole("written")? == 1 })
    }
}

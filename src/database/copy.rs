//! Copies of a database, and whether one is whole.

use std::path::Path;
use std::time::Duration;

use super::Database;
use crate::error::{Error, Result};

/// The longest time for copying a database, or for reading all of it.
const LONGEST: Duration = Duration::from_mins(30);

impl Database {
    /// Writes a copy of the database, as it is at one moment, into a file that is new or empty. Others may write meanwhile.
    ///
    /// # Errors
    ///
    /// If the database is no file of `SQLite`, cannot be read, or the copy cannot be written.
    pub(crate) async fn copy(&self, to: &Path) -> Result<()> {
        let Some(to) = to.to_str() else {
            return Err(Error::file(to, "this name cannot be given to the database", "choose a name of plain letters"));
        };
        self.rows_within(LONGEST, "VACUUM INTO $1", &[to.into()]).await.map(drop)
    }

    /// Checks that a file of `SQLite` is not damaged.
    ///
    /// # Errors
    ///
    /// If it is, or cannot be read.
    pub(crate) async fn check(&self) -> Result<()> {
        let rows = self.rows_within(LONGEST, "PRAGMA quick_check(1)", &[]).await?;
        match rows.first().map(|row| row.text("quick_check")).transpose()?.as_deref() {
            Some("ok") => Ok(()),
            _ => Err(Error::network("the database is damaged", "restore the database from a backup")),
        }
    }
}

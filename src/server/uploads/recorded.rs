//! The objects that rows of uploads name, for backups.

use super::statements::{FORGET, OBJECT, OBJECTS};
use crate::database::Database;
use crate::error::Result;

/// The rows of uploads in a database, whose objects may be elsewhere.
pub(in crate::server) struct Recorded {
    database: Database,
}

impl Recorded {
    pub(in crate::server) fn new(database: Database) -> Self {
        Self { database }
    }

    /// The keys of the objects in order, from the first one after a key.
    pub(in crate::server) async fn objects_after(&self, key: &str, limit: u32) -> Result<Vec<String>> {
        let rows = self.database.rows(OBJECTS, &[key.into(), i64::from(limit).into()]).await?;
        rows.iter().map(|row| row.text("object")).collect()
    }

    /// The SHA-256 of an object, as its row has it.
    pub(in crate::server) async fn digest_of(&self, key: &str) -> Result<Option<String>> {
        self.database.rows(OBJECT, &[key.into()]).await?.first().map(|row| row.text("sha256")).transpose()
    }

    /// Removes the upload of an object that is gone.
    pub(in crate::server) async fn forget_object(&self, key: &str) -> Result<()> {
        self.database.rows(FORGET, &[key.into()]).await.map(drop)
    }
}

//! The gallery: pictures that their owners published, and who likes them.
//!
//! - **A published picture has a name of its own**, so that its address tells nothing about the job that drew it. Its files
//!   are those of the job, which lives as long as its picture is published, however old it is.
//! - **It goes with its job, and with its owner.** Deleting either deletes the picture and its likes.
//! - **Nobody likes a picture twice.** The number of its likes is kept beside it, and changes in one transaction with them.
//! - **An operator hides a picture**, and says why. Its owner cannot bring it back.

mod likes;
mod list;
mod picture;
mod publish;
mod statements;
#[cfg(test)]
mod tests;
mod words;

pub use list::{LONGEST_LIST, Order, Place, Search};
pub use picture::{Hidden, Picture};
pub use publish::{NewPicture, Published, Withdrawn};
pub use words::LONGEST_SEARCH;

use crate::database::Database;
use crate::error::Result;

/// The longest title, in characters.
pub const LONGEST_TITLE: usize = 100;
/// The longest reason for hiding a picture, in characters.
pub const LONGEST_REASON: usize = 500;

/// The tables of the gallery, the oldest change first. A published text is never changed: a change is a new file.
const TABLES: &[&str] = &[include_str!("migrations/0001_pictures.sql")];

/// The gallery in a database. Clones share their connections.
#[derive(Clone)]
pub struct Gallery {
    database: Database,
}

impl Gallery {
    /// The gallery in a database that has the tables of the queue and the accounts.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Makes the tables that are missing, or changes those of an older version.
    ///
    /// # Errors
    ///
    /// If the database belongs to a newer version, or cannot be reached.
    pub async fn migrate(&self) -> Result<()> {
        self.database.migrate("gallery", TABLES).await
    }
}

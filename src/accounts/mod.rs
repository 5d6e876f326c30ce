//! Who may use a server: users, their tokens and sessions, and how much each may ask for.

use crate::database::Database;
use crate::error::Result;

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Draw, and manage what is theirs
    User,
    /// Also see and manage the jobs of others
    Operator,
    /// Also manage users
    Admin,
}

/// The accounts in a database.
#[derive(Clone)]
pub struct Accounts {}

impl Accounts {
    /// The accounts in a database.
    #[must_use]
    pub fn new(_: Database) -> Self {
        Self {}
    }

    /// Makes the tables that are missing.
    ///
    /// # Errors
    /// If the database cannot be reached.
    #[allow(clippy::unused_async)]
    pub async fn migrate(&self) -> Result<()> {
        Ok(())
    }
}

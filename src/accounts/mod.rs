//! Who may use a server: users, their tokens and sessions, and how much each may ask for.
//!
//! - **A user** has a name, a role and limits. Its [`User::id`] owns jobs: a later user of the same name gets none of them.
//! - **A token** (`t2a_...`) stands for a user in programs. Its scope may be narrower than the user's role.
//! - **A session** stands for a user in a browser, as a cookie.
//! - **An invitation** lets one person register, and a **reset** sets a forgotten password; each is a link that works once.
//!
//! Passwords are stored as argon2id. Tokens, cookies and links are 32 random bytes, of which only the SHA-256 is stored. A disabled
//! user can use none of them.

mod departures;
mod invitations;
mod passwords;
mod resets;
mod secrets;
mod sessions;
mod statements;
#[cfg(test)]
mod tests;
mod tokens;
mod users;

pub use invitations::{INVITATION_LASTS, Invitation, Registered};
pub use resets::{Changed, RESET_LASTS};
pub(crate) use secrets::Hash as SecretHash;
pub use secrets::Secret;
pub use sessions::{SESSION_LASTS, Session};
pub use tokens::{Access, NewToken, Scope, Token};
pub use users::{Changes, Limits, Login, NewUser, Role, User};

use crate::database::Database;
use crate::error::Result;

/// The tables of the accounts, the oldest change first. A published text is never changed: a change is a new file.
const TABLES: &[&str] = &[include_str!("migrations/0001_users.sql"), include_str!("migrations/0002_links.sql")];

/// The accounts in a database. Clones share their connections.
#[derive(Clone)]
pub struct Accounts {
    database: Database,
}

impl Accounts {
    /// The accounts in a database.
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
        self.database.migrate("accounts", TABLES).await
    }
}

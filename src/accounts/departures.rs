//! Users who delete their accounts. What else the server has of them is deleted by and by, and this room remembers of whom
//! something may be left.

use super::statements::{DEPART, DEPARTED, FORGET_DEPARTED, REMEMBER_DEPARTED};
use super::{Accounts, User};
use crate::error::Result;

/// How many departed users are looked up at a time.
const AT_A_TIME: i64 = 100;

impl Accounts {
    /// Removes a user with its tokens, sessions and links, and remembers that what the user owns is to be deleted. Returns
    /// whether the user is gone: the last admin stays, who alone could let others be admins.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn depart(&self, user: &User) -> Result<bool> {
        let mut transaction = self.database.begin().await?;
        // Two admins who leave at once would each see the other stay.
        transaction.hold("text2art admins").await?;
        if transaction.rows(DEPART, &[user.id.as_str().into()]).await?.is_empty() {
            return Ok(false);
        }
        transaction.rows(REMEMBER_DEPARTED, &[user.id.as_str().into()]).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The [`User::id`]s of users who left and of whom something may be left; at most 100.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn departed(&self) -> Result<Vec<String>> {
        self.database.rows(DEPARTED, &[AT_A_TIME.into()]).await?.iter().map(|row| row.text("owner")).collect()
    }

    /// Forgets a user of whom nothing is left, if that user left ten minutes ago: a request that began before may still
    /// have added something.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn forget_departed(&self, owner: &str) -> Result<()> {
        self.database.rows(FORGET_DEPARTED, &[owner.into()]).await.map(drop)
    }
}

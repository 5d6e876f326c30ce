//! Sessions: secrets that stand for a user in a browser.

use std::time::Duration;

use super::secrets::{Hash, Secret};
use super::statements::{BEGIN_SESSION, END_SESSION, SESSION_USER, TRIM_SESSIONS};
use super::{Accounts, User};
use crate::error::Result;

/// How long a session lasts after the login.
pub const SESSION_LASTS: Duration = Duration::from_hours(30 * 24);
/// How many sessions a user may have; the oldest ends if there are more.
const MOST_SESSIONS: i64 = 20;

impl Accounts {
    /// Begins a session of a user. The secret belongs into a cookie.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn begin_session(&self, user: &User) -> Result<Secret> {
        let secret = Secret::random("")?;
        let lasts = i64::try_from(SESSION_LASTS.as_millis()).unwrap_or(i64::MAX / 4);
        let owner = user.id.as_str();
        let mut transaction = self.database.begin().await?;
        // Room for the new one first: in the same millisecond, it would not be told from an older one.
        transaction.rows(TRIM_SESSIONS, &[owner.into(), (MOST_SESSIONS - 1).into()]).await?;
        transaction.rows(BEGIN_SESSION, &[secret.hash().as_str().into(), owner.into(), lasts.into()]).await?;
        transaction.commit().await?;
        Ok(secret)
    }

    /// Whose session it is; `None` if it is over, or its user is disabled.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn by_session(&self, sent: &str) -> Result<Option<User>> {
        let Some(hash) = Hash::of(sent) else { return Ok(None) };
        let rows = self.database.rows(SESSION_USER, &[hash.as_str().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if !hash.is(&row.text("hash")?) {
            return Ok(None);
        }
        User::read(row).map(Some)
    }

    /// Ends a session, if there is one.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn end_session(&self, sent: &str) -> Result<()> {
        let Some(hash) = Hash::of(sent) else { return Ok(()) };
        self.database.rows(END_SESSION, &[hash.as_str().into()]).await.map(drop)
    }
}

//! Sessions: secrets that stand for a user in a browser.

use std::time::Duration;

use super::secrets::{Hash, Secret};
use super::statements::{
    BEGIN_SESSION, END_OWN_SESSION, END_RESETS, END_SESSION, END_SESSIONS, SESSION_SEEN, SESSION_USER, SESSIONS,
    SET_PASSWORD, TRIM_SESSIONS,
};
use super::{Accounts, User};
use crate::database::{Id, Row, Transaction, milliseconds};
use crate::error::Result;

/// How long a session lasts after the login.
pub const SESSION_LASTS: Duration = Duration::from_hours(30 * 24);
/// How many sessions a user may have; the oldest ends if there are more.
const MOST_SESSIONS: i64 = 20;
/// The most characters that are kept of what a browser calls itself.
const LONGEST_CLIENT: usize = 300;
/// How many digits of its hash name a session: too few to find the hash or the secret, enough to be its alone.
const NAME_LENGTH: usize = 26;

/// A session, without its secret. Times are milliseconds since 1970 by the clock of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names the session
    pub id: Id,
    /// What its browser called itself at the login; anything that a stranger may write
    pub client: Option<String>,
    /// When it began
    pub created: i64,
    /// When it was last used, to the minute
    pub seen: Option<i64>,
    /// When it ends
    pub expires: i64,
}

impl Accounts {
    /// Begins a session of a user in a browser that calls itself so. The secret belongs into a cookie.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn begin_session(&self, user: &User, client: Option<&str>) -> Result<Secret> {
        let secret = Secret::random("")?;
        let owner = user.id.as_str();
        let client: Option<String> =
            client.map(|client| client.chars().filter(|sign| !sign.is_control()).take(LONGEST_CLIENT).collect());
        let mut transaction = self.database.begin().await?;
        // Room for the new one first: in the same millisecond, it would not be told from an older one.
        transaction.rows(TRIM_SESSIONS, &[owner.into(), (MOST_SESSIONS - 1).into()]).await?;
        let values =
            [secret.hash().as_str().into(), owner.into(), milliseconds(SESSION_LASTS).into(), client.as_deref().into()];
        transaction.rows(BEGIN_SESSION, &values).await?;
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
        // To the minute: a write for each request would be a write too many.
        if row.whole("stale")? == 1 {
            self.database.rows(SESSION_SEEN, &[hash.as_str().into()]).await?;
        }
        User::read(row).map(Some)
    }

    /// The sessions of a user by its [`User::id`], the newest first.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn sessions(&self, owner: &str) -> Result<Vec<Session>> {
        self.database.rows(SESSIONS, &[owner.into(), MOST_SESSIONS.into()]).await?.iter().map(Session::read).collect()
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

    /// Ends the session of a name, if it is one of an owner. Returns whether it was.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn end_session_of(&self, owner: &str, id: &Id) -> Result<bool> {
        Ok(!self.database.rows(END_OWN_SESSION, &[owner.into(), id.as_str().into()]).await?.is_empty())
    }

    /// Ends all sessions of an owner but the one of a secret, if one is given.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn end_other_sessions(&self, owner: &str, kept: Option<&str>) -> Result<()> {
        let kept = kept.and_then(Hash::of);
        let values = [owner.into(), kept.as_ref().map(Hash::as_str).into()];
        self.database.rows(END_SESSIONS, &values).await.map(drop)
    }
}

/// Gives a user a password with this hash, and ends its links for a forgotten one and its sessions but one, if one is to
/// be kept. Returns whether there is such a user.
pub(super) async fn renew_password(
    transaction: &mut Transaction<'_>,
    id: &str,
    hash: &str,
    kept: Option<&Hash>,
) -> Result<bool> {
    let found = !transaction.rows(SET_PASSWORD, &[id.into(), hash.into()]).await?.is_empty();
    transaction.rows(END_RESETS, &[id.into()]).await?;
    transaction.rows(END_SESSIONS, &[id.into(), kept.map(Hash::as_str).into()]).await?;
    Ok(found)
}

impl Session {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: Id::stored(row.text("hash")?.chars().take(NAME_LENGTH).collect()),
            client: row.maybe_text("client")?,
            created: row.whole("created")?,
            seen: row.maybe_whole("seen")?,
            expires: row.whole("expires")?,
        })
    }

    /// Whether this is the session of a secret.
    #[must_use]
    pub fn is(&self, sent: &str) -> bool {
        Hash::of(sent).is_some_and(|hash| hash.as_str().starts_with(self.id.as_str()))
    }
}

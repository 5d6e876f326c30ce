//! Other passwords: by the current one, or by a link for those who forgot it.

use std::time::Duration;

use super::secrets::{Hash, Secret};
use super::sessions::renew_password;
use super::statements::{BEGIN_RESET, PASSWORD, RESET_OWNER, TRIM_RESETS, USE_RESET};
use super::{Accounts, Login, User, passwords};
use crate::database::{Transaction, milliseconds};
use crate::error::Result;

/// How long a link for a forgotten password is valid.
pub const RESET_LASTS: Duration = Duration::from_hours(1);
/// How many links of a user may be valid at once; the oldest ends if there are more.
const MOST_RESETS: i64 = 5;

/// What became of a change of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// The user has the new password.
    Yes,
    /// The current password is wrong.
    Wrong,
    /// Too many passwords wait to be compared.
    Busy,
}

impl Accounts {
    /// Makes a link with which a user can set another password once. The secret cannot be shown again.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn begin_reset(&self, user: &User, lasts: Duration) -> Result<Secret> {
        let mut transaction = self.database.begin().await?;
        let secret = self.begin_reset_within(&mut transaction, &user.id, lasts).await?;
        transaction.commit().await?;
        Ok(secret)
    }

    /// The same for the user of an id, within a transaction.
    pub(crate) async fn begin_reset_within(
        &self,
        transaction: &mut Transaction<'_>,
        owner: &str,
        lasts: Duration,
    ) -> Result<Secret> {
        let secret = Secret::random("")?;
        // Room for the new one first: in the same millisecond, it would not be told from an older one.
        transaction.rows(TRIM_RESETS, &[owner.into(), (MOST_RESETS - 1).into()]).await?;
        transaction
            .rows(BEGIN_RESET, &[secret.hash().as_str().into(), owner.into(), milliseconds(lasts).into()])
            .await?;
        Ok(secret)
    }

    /// Whose password a link sets; `None` if it is unknown, used or too old, or its user is disabled.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn by_reset(&self, sent: &str) -> Result<Option<User>> {
        let Some(hash) = Hash::of(sent) else { return Ok(None) };
        let rows = self.database.rows(RESET_OWNER, &[hash.as_str().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if !hash.is(&row.text("hash")?) {
            return Ok(None);
        }
        User::read(row).map(Some)
    }

    /// Sets the password of the user of a link, ends all sessions and links of the user, and returns the user; `None`
    /// as for [`Accounts::by_reset`]. Tokens stay valid.
    ///
    /// # Errors
    ///
    /// If the password cannot be used, too many are hashed, or the database cannot be reached.
    pub async fn reset_password(&self, sent: &str, password: &str) -> Result<Option<User>> {
        let Some(user) = self.by_reset(sent).await? else { return Ok(None) };
        passwords::check(password)?;
        let hash = passwords::hash(password).await?;
        let Some(link) = Hash::of(sent) else { return Ok(None) };
        let mut transaction = self.database.begin().await?;
        // Of two that use it at once, the second finds nothing.
        if transaction.rows(USE_RESET, &[link.as_str().into()]).await?.is_empty() {
            return Ok(None);
        }
        renew_password(&mut transaction, &user.id, &hash, None).await?;
        transaction.commit().await?;
        Ok(Some(user))
    }

    /// Gives a user who knows the current password another one, and ends all sessions and links of the user but the
    /// session of a secret, if one is given. Tokens stay valid.
    ///
    /// # Errors
    ///
    /// If the new password cannot be used, or the database cannot be reached.
    pub async fn change_password(
        &self,
        user: &User,
        current: &str,
        password: &str,
        kept: Option<&str>,
    ) -> Result<Changed> {
        passwords::check(password)?;
        match self.by_password(&user.name, current).await? {
            Login::As(found) if found.id == user.id => {}
            Login::As(_) | Login::Wrong => return Ok(Changed::Wrong),
            Login::Busy => return Ok(Changed::Busy),
        }
        let hash = passwords::hash(password).await?;
        let kept = kept.and_then(Hash::of);
        let mut transaction = self.database.begin().await?;
        renew_password(&mut transaction, &user.id, &hash, kept.as_ref()).await?;
        transaction.commit().await?;
        Ok(Changed::Yes)
    }

    /// Whether a user has a password, with which it could log in.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn has_password(&self, user: &User) -> Result<bool> {
        let rows = self.database.rows(PASSWORD, &[user.name.as_str().into()]).await?;
        rows.first().map_or(Ok(false), |row| Ok(row.maybe_text("password")?.is_some()))
    }
}

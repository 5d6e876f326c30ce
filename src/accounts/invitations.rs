//! Invitations: secrets that let one person each register.

use std::time::Duration;

use super::secrets::{Hash, Secret};
use super::statements::{
    CREATE_INVITATION, CREATE_USER, INVITATION, INVITATIONS, TRIM_INVITATIONS, USE_INVITATION, USED_BY,
    WITHDRAW_INVITATION,
};
use super::{Accounts, NewUser, User, passwords};
use crate::database::{Id, Row, milliseconds};
use crate::error::{Error, Result};

/// How long an invitation is valid if nothing is said.
pub const INVITATION_LASTS: Duration = Duration::from_hours(7 * 24);
/// How long an invitation may be valid.
const LONGEST: Duration = Duration::from_hours(366 * 24);
/// The most invitations that are listed, used and unused.
const LONGEST_LIST: i64 = 1000;
/// How many invitations may be unused at once.
const MOST_INVITATIONS: i64 = 1000;
const LONGEST_NOTE: usize = 100;

/// An invitation, without its secret. Times are milliseconds since 1970 by the clock of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Names the invitation
    pub id: Id,
    /// Whom it is for, in the words of who made it
    pub note: String,
    /// When it was made
    pub created: i64,
    /// When it becomes invalid
    pub expires: i64,
    /// When someone registered with it
    pub used: Option<i64>,
    /// The name of the user who did, if there is such a user still
    pub used_by: Option<String>,
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// This user was added.
    As(User),
    /// There is a user of this name already.
    Taken,
    /// The invitation is unknown, used, withdrawn or too old.
    Uninvited,
}

impl Accounts {
    /// Makes an invitation with a note about whom it is for. The secret cannot be shown again.
    ///
    /// # Errors
    ///
    /// If the note or the time cannot be used, 1000 invitations are unused, or the database cannot be reached.
    pub async fn invite(&self, note: &str, lasts: Duration) -> Result<(Invitation, Secret)> {
        if note.chars().count() > LONGEST_NOTE || note.contains(char::is_control) {
            return Err(Error::usage(
                "the note about the invitation cannot be used",
                format!("say whom it is for in at most {LONGEST_NOTE} characters"),
            ));
        }
        if lasts.is_zero() || lasts > LONGEST {
            return Err(Error::usage("an invitation cannot last so long", "choose a time from 1s to 366d"));
        }
        let secret = Secret::random("")?;
        let values = [
            Id::random()?.as_str().into(),
            secret.hash().as_str().into(),
            note.into(),
            milliseconds(lasts).into(),
            MOST_INVITATIONS.into(),
        ];
        let mut transaction = self.database.begin().await?;
        transaction.hold("text2art invitations").await?;
        transaction.rows(TRIM_INVITATIONS, &[]).await?;
        let rows = transaction.rows(CREATE_INVITATION, &values).await?;
        let Some(made) = rows.first().map(Invitation::read).transpose()? else {
            return Err(Error::usage(
                format!("{MOST_INVITATIONS} invitations are unused already"),
                "withdraw those that are no longer needed",
            ));
        };
        transaction.commit().await?;
        Ok((made, secret))
    }

    /// The invitations, the newest first, at most 1000. Those that were used or are too old stay for 30 days.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn invitations(&self) -> Result<Vec<Invitation>> {
        self.database.rows(INVITATIONS, &[LONGEST_LIST.into()]).await?.iter().map(Invitation::read).collect()
    }

    /// Whether someone could register with this invitation.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn is_invited(&self, sent: &str) -> Result<bool> {
        let Some(hash) = Hash::of(sent) else { return Ok(false) };
        let rows = self.database.rows(INVITATION, &[hash.as_str().into()]).await?;
        rows.first().map_or(Ok(false), |row| Ok(hash.is(&row.text("hash")?)))
    }

    /// Makes an unused invitation invalid. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn withdraw_invitation(&self, id: &Id) -> Result<bool> {
        Ok(!self.database.rows(WITHDRAW_INVITATION, &[id.as_str().into()]).await?.is_empty())
    }

    /// Adds a user who came with an invitation, which is used up by that; or without one, if none is asked for.
    ///
    /// # Errors
    ///
    /// If a field cannot be used, too many passwords are hashed, or the database cannot be reached.
    pub async fn register(&self, user: &NewUser, invitation: Option<&str>) -> Result<Registered> {
        // Who is not invited learns nothing about names, and costs nothing.
        if let Some(sent) = invitation
            && !self.is_invited(sent).await?
        {
            return Ok(Registered::Uninvited);
        }
        user.check()?;
        if self.user(&user.name).await?.is_some() {
            return Ok(Registered::Taken);
        }
        let password = match &user.password {
            Some(password) => Some(passwords::hash(password).await?),
            None => None,
        };
        let mut transaction = self.database.begin().await?;
        let mut used = None;
        if let Some(sent) = invitation {
            let Some(hash) = Hash::of(sent) else { return Ok(Registered::Uninvited) };
            let rows = transaction.rows(USE_INVITATION, &[hash.as_str().into()]).await?;
            let Some(row) = rows.first() else { return Ok(Registered::Uninvited) };
            used = Some(row.text("id")?);
        }
        let rows = transaction.rows(CREATE_USER, &user.values(&Id::random()?, password.as_deref())).await?;
        let Some(added) = rows.first().map(User::read).transpose()? else { return Ok(Registered::Taken) };
        if let Some(id) = used {
            transaction.rows(USED_BY, &[id.as_str().into(), added.id.as_str().into()]).await?;
        }
        transaction.commit().await?;
        Ok(Registered::As(added))
    }
}

impl Invitation {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: Id::stored(row.text("id")?),
            note: row.text("note")?,
            created: row.whole("created")?,
            expires: row.whole("expires")?,
            used: row.maybe_whole("used")?,
            used_by: row.maybe_text("name")?,
        })
    }
}

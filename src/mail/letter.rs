//! Letters that wait to be sent: what they say, and putting them into the outbox.

use serde::{Deserialize, Serialize};

use super::statements::{ADDRESS, BLOCKED, LATELY, PUT};
use super::{Address, Mail};
use crate::database::{Id, Transaction, Value, milliseconds};
use crate::error::{Error, Result};

/// A letter that no job is about. Each has a secret link, so there is no `Debug`.
#[derive(Clone, Copy)]
pub enum Letter<'l> {
    /// Asks whoever has an address to confirm that it is the one of a user
    Confirm {
        /// The id of the user
        owner: &'l str,
        /// The name of the user
        name: &'l str,
        /// The address, which nobody confirmed
        address: &'l Address,
        /// The link, such as `/mail/confirm/SECRET`
        path: &'l str,
    },
    /// Lets a user who forgot the password choose another one; goes to the confirmed address, also if letters are stopped
    Reset {
        /// The id of the user
        owner: &'l str,
        /// The name of the user
        name: &'l str,
        /// The link, such as `/reset/SECRET`
        path: &'l str,
    },
    /// Invites somebody who is no user yet
    Invitation {
        /// The name of the user who invites
        from: &'l str,
        /// The address, as the one who invites typed it
        address: &'l Address,
        /// The link, such as `/join/SECRET`
        path: &'l str,
    },
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It waits to be sent.
    Waits,
    /// The user has no confirmed address.
    NoAddress,
    /// The owner of the address wants no letters.
    Stopped,
    /// So many letters of this kind were written lately that another one would be spam.
    Often,
    /// The server sends no mail.
    NotConfigured,
}

/// What a letter says, as the outbox has it.
#[derive(Serialize, Deserialize)]
pub(super) struct Payload {
    /// The name of the user, or of the one who invites
    pub name: String,
    /// The secret link
    pub path: String,
}

/// A letter's kind, its user, its address, and what it says.
struct Parts<'l> {
    kind: &'static str,
    owner: Option<&'l str>,
    name: &'l str,
    path: &'l str,
}

impl Mail {
    /// Puts a letter into the outbox.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn put(&self, letter: &Letter<'_>) -> Result<Put> {
        // What is looked up once must not be looked up within a transaction.
        self.prepare().await?;
        let mut transaction = self.database.begin().await?;
        let put = self.put_within(&mut transaction, letter).await?;
        if put == Put::Waits {
            transaction.commit().await?;
            self.tell_senders();
        }
        Ok(put)
    }

    /// Puts a letter into the outbox, within a transaction. Call [`Mail::prepare`] before it begins.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub(crate) async fn put_within(&self, transaction: &mut Transaction<'_>, letter: &Letter<'_>) -> Result<Put> {
        if !self.is_configured() {
            return Ok(Put::NotConfigured);
        }
        let Parts { kind, owner, name, path } = letter.parts();
        let found;
        let address = match letter {
            Letter::Confirm { address, .. } | Letter::Invitation { address, .. } => *address,
            Letter::Reset { owner, .. } => {
                let rows = transaction.rows(ADDRESS, &[(*owner).into()]).await?;
                let confirmed = rows.first().map(|row| row.maybe_text("address")).transpose()?.flatten();
                let Some(confirmed) = confirmed else { return Ok(Put::NoAddress) };
                found = confirmed.parse().map_err(|_| Error::fault("the database has an address that is none"))?;
                &found
            }
        };
        let hash = self.hash_of(address).await?;
        if kind != "reset" && !transaction.rows(BLOCKED, &[hash.as_str().into()]).await?.is_empty() {
            return Ok(Put::Stopped);
        }
        let limits = &self.rules.limits;
        let values: [Value; 5] = [
            kind.into(),
            owner.into(),
            hash.as_str().into(),
            milliseconds(limits.of_owner.1).into(),
            milliseconds(limits.to_address.1).into(),
        ];
        let rows = transaction.rows(LATELY, &values).await?;
        if let Some(row) = rows.first()
            && (row.whole("of_owner")? >= limits.of_owner.0 || row.whole("to_address")? >= limits.to_address.0)
        {
            return Ok(Put::Often);
        }
        let payload = Payload { name: name.to_owned(), path: path.to_owned() };
        let payload = serde_json::to_string(&payload).map_err(|_| Error::fault("cannot write a letter"))?;
        let id = Id::random()?;
        let message = format!("{id}.{kind}");
        let values: [Value; 7] = [
            id.as_str().into(),
            kind.into(),
            owner.into(),
            address.as_str().into(),
            hash.as_str().into(),
            message.as_str().into(),
            payload.as_str().into(),
        ];
        transaction.rows(PUT, &values).await?;
        Ok(Put::Waits)
    }

    /// Looks up what [`Mail::put_within`] needs, once for the life of the process.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub(crate) async fn prepare(&self) -> Result<()> {
        self.key.get_or_try_init(|| self.accounts.own_secret("mail")).await.map(drop)
    }
}

impl<'l> Letter<'l> {
    fn parts(&self) -> Parts<'l> {
        match *self {
            Self::Confirm { owner, name, path, .. } => Parts { kind: "confirm", owner: Some(owner), name, path },
            Self::Reset { owner, name, path } => Parts { kind: "reset", owner: Some(owner), name, path },
            Self::Invitation { from, path, .. } => Parts { kind: "invitation", owner: None, name: from, path },
        }
    }
}

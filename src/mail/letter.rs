//! Letters that wait to be sent: what they say, and putting them into the outbox.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::statements::{ADDRESS, BLOCKED, LATELY, PUT};
use super::{Address, Kind, Mail};
use crate::accounts::User;
use crate::database::{Id, Transaction, Value, milliseconds};
use crate::error::{Error, Result};

/// A letter that no job is about. It has a secret link, so there is no `Debug`.
pub(super) struct Letter<'l> {
    pub kind: Kind,
    /// The id of the user
    pub owner: &'l str,
    /// The name of the user
    pub name: &'l str,
    pub recipient: &'l Address,
    /// The link, such as `/mail/confirm/SECRET`
    pub path: &'l str,
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
    /// The name of the user
    pub name: String,
    /// The secret link
    pub path: String,
}

impl Mail {
    /// Puts a letter into the outbox with a link by which a user who forgot the password chooses another one. The path of
    /// the link begins with `path`, and is valid for a while. The letter goes to the confirmed address, also if letters are
    /// stopped. Unless it waits to be sent, there is no such link.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn put_reset(&self, user: &User, path: &str, lasts: Duration) -> Result<Put> {
        self.prepare().await?;
        let owner = user.id.as_str();
        let mut transaction = self.database.begin().await?;
        let rows = transaction.rows(ADDRESS, &[owner.into()]).await?;
        let confirmed = rows.first().map(|row| row.maybe_text("address")).transpose()?.flatten();
        let Some(confirmed) = confirmed else { return Ok(Put::NoAddress) };
        let recipient = &confirmed.parse().map_err(|_| Error::fault("the database has an address that is none"))?;
        let secret = self.accounts.begin_reset_within(&mut transaction, owner, lasts).await?;
        let path = &format!("{path}{}", secret.reveal());
        let letter = Letter { kind: Kind::Reset, owner, name: &user.name, recipient, path };
        let put = self.put_within(&mut transaction, &letter).await?;
        if put == Put::Waits {
            transaction.commit().await?;
            self.tell_senders();
        }
        Ok(put)
    }

    /// Puts a letter into the outbox, within a transaction. Call [`Mail::prepare`] before it begins.
    pub(super) async fn put_within(&self, transaction: &mut Transaction<'_>, letter: &Letter<'_>) -> Result<Put> {
        if !self.is_configured() {
            return Ok(Put::NotConfigured);
        }
        let Letter { kind, owner, name, recipient, path } = *letter;
        let hash = self.hash_of(recipient).await?;
        if kind != Kind::Reset && !transaction.rows(BLOCKED, &[hash.as_str().into()]).await?.is_empty() {
            return Ok(Put::Stopped);
        }
        let limits = &self.rules.limits;
        let values: [Value; 5] = [
            kind.as_str().into(),
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
        let message = format!("{id}.{}", kind.as_str());
        let values: [Value; 7] = [
            id.as_str().into(),
            kind.as_str().into(),
            owner.into(),
            recipient.as_str().into(),
            hash.as_str().into(),
            message.as_str().into(),
            payload.as_str().into(),
        ];
        transaction.rows(PUT, &values).await?;
        Ok(Put::Waits)
    }

    /// Looks up what [`Mail::put_within`] needs, once for the life of the process: within a transaction, nothing else can
    /// be looked up.
    pub(super) async fn prepare(&self) -> Result<()> {
        self.key.get_or_try_init(|| self.accounts.own_secret("mail")).await.map(drop)
    }
}

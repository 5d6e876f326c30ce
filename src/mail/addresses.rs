//! The addresses of users: one each, which its owner confirmed by a link in a letter.

use super::letter::{Letter, Put};
use super::statements::{
    ADDRESS, CONFIRM, FORGET_EMPTY, FORGET_ENDED, FORGET_PENDING, PENDING, REMOVE, REMOVE_WAITING, SET_PENDING,
    UNBLOCK_OWN,
};
use super::{Address, Kind, Mail};
use crate::accounts::{Secret, SecretHash};
use crate::database::{Value, milliseconds};
use crate::error::Result;

/// The address of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnAddress {
    /// The confirmed address
    pub confirmed: Option<String>,
    /// Another one that waits to be confirmed
    pub pending: Option<String>,
    /// Whether the owner of the confirmed address stopped the letters to it
    pub stopped: bool,
}

/// What a link that confirms an address stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The name of the user
    pub name: String,
    /// The address
    pub address: String,
}

impl Mail {
    /// The address of a user; an empty one for anyone who is not a user.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn address_of(&self, owner: &str) -> Result<OwnAddress> {
        let rows = self.database.rows(ADDRESS, &[owner.into()]).await?;
        let Some(row) = rows.first() else { return Ok(OwnAddress::default()) };
        Ok(OwnAddress {
            confirmed: row.maybe_text("address")?,
            pending: row.maybe_text("pending")?,
            stopped: row.whole("stopped")? > 0,
        })
    }

    /// Sends a letter with a link that confirms the address of a user. Until it is used, an earlier address stays.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn ask_to_confirm(&self, owner: &str, name: &str, address: &Address) -> Result<Put> {
        let secret = Secret::random("")?;
        let path = format!("/mail/confirm/{}", secret.reveal());
        let letter = Letter { kind: Kind::Confirm, owner, name, recipient: address, path: &path };
        let hash = self.hash_of(address).await?;
        let mut transaction = self.database.begin().await?;
        let put = self.put_within(&mut transaction, &letter).await?;
        if put == Put::Waits {
            let values: [Value; 5] = [
                owner.into(),
                address.as_str().into(),
                hash.as_str().into(),
                secret.hash().as_str().into(),
                milliseconds(self.rules.link_lasts).into(),
            ];
            transaction.rows(SET_PENDING, &values).await?;
            transaction.commit().await?;
            self.tell_senders();
        }
        Ok(put)
    }

    /// What the secret of a link would confirm; `None` if it was used, is too old, or another one took its place.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn confirmation(&self, secret: &str) -> Result<Option<Confirmation>> {
        let Some(hash) = SecretHash::of(secret) else { return Ok(None) };
        let rows = self.database.rows(PENDING, &[hash.as_str().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if !hash.is(&row.text("token")?) {
            return Ok(None);
        }
        Ok(Some(Confirmation { name: row.text("name")?, address: row.text("pending")? }))
    }

    /// Confirms the address that the secret of a link stands for. Returns the user whose address it is now.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn confirm(&self, secret: &str) -> Result<Option<String>> {
        let Some(hash) = SecretHash::of(secret) else { return Ok(None) };
        let rows = self.database.rows(CONFIRM, &[hash.as_str().into()]).await?;
        rows.first().map(|row| row.text("owner")).transpose()
    }

    /// Forgets the address of a user, and the letters that wait for it. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn remove_address(&self, owner: &str) -> Result<bool> {
        let mut transaction = self.database.begin().await?;
        let removed = !transaction.rows(REMOVE, &[owner.into()]).await?.is_empty();
        transaction.rows(REMOVE_WAITING, &[owner.into()]).await?;
        transaction.commit().await?;
        Ok(removed)
    }

    /// Lets a user get letters again, who stopped them. Returns whether this is new.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn allow(&self, owner: &str) -> Result<bool> {
        Ok(!self.database.rows(UNBLOCK_OWN, &[owner.into()]).await?.is_empty())
    }

    /// Forgets what is no longer needed: letters that ended long ago, and addresses that nobody confirmed. Returns how
    /// many letters.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn tidy(&self) -> Result<usize> {
        let forgotten = self.database.rows(FORGET_ENDED, &[milliseconds(self.rules.keep).into()]).await?;
        self.database.rows(FORGET_PENDING, &[]).await?;
        self.database.rows(FORGET_EMPTY, &[]).await?;
        Ok(forgotten.len())
    }
}

//! Stopping letters: each one has a link that does so without a login.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::statements::{BLOCK, BLOCKED, UNBLOCK};
use super::{Address, Mail};
use crate::error::Result;
use crate::files::to_hex;

/// The bytes of a hash of an address, and as many that prove where it comes from.
const HALF: usize = 16;

/// The right to stop the letters to an address, from a link in one of them. It does not tell the address.
pub struct StopToken([u8; HALF]);

impl StopToken {
    fn hash(&self) -> String {
        to_hex(&self.0)
    }
}

impl Mail {
    /// What is stored of an address where the address itself must not be. Only this server can compute it.
    pub(super) async fn hash_of(&self, address: &Address) -> Result<String> {
        Ok(to_hex(&self.digest("address", address.as_str().as_bytes()).await?))
    }

    /// The secret of the link that stops the letters to an address: always the same one.
    pub(super) async fn stop_token(&self, address: &Address) -> Result<String> {
        let hash = self.digest("address", address.as_str().as_bytes()).await?;
        let proof = self.digest("stop", &hash).await?;
        Ok(URL_SAFE_NO_PAD.encode([hash, proof].concat()))
    }

    /// Reads the secret of a link; `None` if this server did not make it.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn read_stop_token(&self, secret: &str) -> Result<Option<StopToken>> {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(secret.as_bytes().get(..64).unwrap_or(secret.as_bytes())) else {
            return Ok(None);
        };
        let Some((hash, proof)) = bytes.split_first_chunk::<HALF>() else { return Ok(None) };
        let right = self.digest("stop", hash).await?;
        Ok(bool::from(right.ct_eq(proof)).then_some(StopToken(*hash)))
    }

    /// Stops all letters to an address. Returns whether this is new.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn stop(&self, token: &StopToken) -> Result<bool> {
        Ok(!self.database.rows(BLOCK, &[token.hash().as_str().into()]).await?.is_empty())
    }

    /// Allows letters to an address again. Returns whether this is new.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn allow_again(&self, token: &StopToken) -> Result<bool> {
        Ok(!self.database.rows(UNBLOCK, &[token.hash().as_str().into()]).await?.is_empty())
    }

    /// Whether the letters to an address are stopped.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn is_stopped(&self, token: &StopToken) -> Result<bool> {
        Ok(!self.database.rows(BLOCKED, &[token.hash().as_str().into()]).await?.is_empty())
    }

    /// The first half of a keyed SHA-256: nothing follows from it for longer texts.
    async fn digest(&self, purpose: &str, text: &[u8]) -> Result<[u8; HALF]> {
        let key = self.key.get_or_try_init(|| self.accounts.own_secret("mail")).await?;
        let whole = Sha256::new().chain_update(key.reveal()).chain_update(purpose).chain_update([0]).chain_update(text);
        let mut half = [0; HALF];
        half.copy_from_slice(&whole.finalize()[..HALF]);
        Ok(half)
    }
}

//! Secrets that the server makes up: random, and stored only as hashes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Accounts;
use super::statements::{KEEP_SECRET, OWN_SECRET};
use crate::database::random_bytes;
use crate::error::Result;
use crate::files::to_hex;

/// The longest text that is hashed: no secret is longer.
const LONGEST: usize = 100;

/// A token or a cookie in clear, which is shown once and stored nowhere; or a secret of the server itself.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// 32 random bytes in base 64 behind a prefix.
    pub(crate) fn random(prefix: &str) -> Result<Self> {
        Ok(Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))))
    }

    /// The secret as text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> Hash {
        Hash(to_hex(&Sha256::digest(self.0.as_bytes())))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

impl Accounts {
    /// A secret of the server itself, which is the same in all its processes and at each start.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn own_secret(&self, name: &str) -> Result<Secret> {
        let new = Secret::random("")?;
        self.database.rows(KEEP_SECRET, &[name.into(), new.reveal().into()]).await?;
        let rows = self.database.rows(OWN_SECRET, &[name.into()]).await?;
        // Another process may have been faster.
        rows.first().map_or(Ok(new), |row| Ok(Secret(row.text("secret")?)))
    }
}

/// What is stored of a secret. Its 256 random bits need no slow hash.
pub(crate) struct Hash(String);

impl Hash {
    /// The hash of what someone sent; `None` if it cannot be a secret.
    pub(crate) fn of(sent: &str) -> Option<Self> {
        let plain = sent.len() <= LONGEST && sent.bytes().all(|byte| byte.is_ascii_graphic());
        plain.then(|| Self(to_hex(&Sha256::digest(sent.as_bytes()))))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a stored hash is the same. The database found it by an index, in a time that may tell how many digits
    /// were right; those of the hash tell nothing about the secret, and this takes the same time for all.
    pub(crate) fn is(&self, stored: &str) -> bool {
        self.0.as_bytes().ct_eq(stored.as_bytes()).into()
    }
}

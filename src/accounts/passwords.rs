//! Passwords: argon2id, away from the threads that answer requests, and only two at once.

use std::sync::LazyLock;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Result};

/// The fewest characters of a password, as in OWASP's ASVS 5.0, 6.2.1.
const SHORTEST: usize = 8;
/// The most bytes of a password that are hashed.
const LONGEST: usize = 1024;
/// A hash takes 19 MiB and a core for some tens of milliseconds: who sends many waits.
const AT_ONCE: usize = 2;
/// The longest wait for the turn of a password.
const TURN_WAIT: Duration = Duration::from_secs(10);

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);
/// The hash to compare with if the user does not exist, so that the time does not reveal this.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hashed("nobody's password").ok());

/// Refuses a password that is too short or too long.
pub(super) fn check(password: &str) -> Result<()> {
    if password.chars().count() < SHORTEST {
        return Err(Error::usage(
            "the password is too short",
            format!("choose one of at least {SHORTEST} characters, such as four words"),
        ));
    }
    if password.len() > LONGEST {
        return Err(Error::usage("the password is too long", format!("choose one of at most {LONGEST} bytes")));
    }
    Ok(())
}

/// The hash of a password, as a PHC string.
pub(super) async fn hash(password: &str) -> Result<String> {
    let password = password.to_owned();
    let busy = || Error::network("too many passwords are hashed at this moment", "try again in a few seconds");
    in_turn(move || hashed(&password)).await?.ok_or_else(busy)?
}

/// Whether a password has this hash; `None` if too many others wait for an answer. Without a hash, it takes the same
/// time.
pub(super) async fn verify(password: &str, hash: Option<String>) -> Result<Option<bool>> {
    if password.len() > LONGEST {
        return Ok(Some(false));
    }
    let password = normal(password);
    in_turn(move || {
        let known = hash.is_some();
        let Some(hash) = hash.or_else(|| NOBODY.clone()) else { return Ok(false) };
        let hash = PasswordHash::new(&hash)
            .map_err(|error| Error::fault(format!("the database has a password that is no PHC string: {error}")))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && known)
    })
    .await?
    .transpose()
}

/// Does something beside the threads that answer requests, when it is its turn; `None` if that takes too long.
async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<Option<T>> {
    // The semaphore is never closed.
    let Ok(Ok(turn)) = tokio::time::timeout(TURN_WAIT, TURNS.acquire()).await else { return Ok(None) };
    // The turn goes with the work: if the request is dropped, the work goes on.
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    done.await.map(Some).map_err(|error| Error::fault(format!("a password could not be hashed: {error}")))
}

fn hashed(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(normal(password).as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| Error::fault(format!("a password could not be hashed: {error}")))
}

/// The same letters in one spelling: keyboards differ in how they write `é`.
fn normal(password: &str) -> String {
    password.nfc().collect()
}

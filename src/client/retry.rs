//! Retries: how often, after how long, and when not.

use std::time::Duration;

use crate::progress::Stop;
use crate::{Error, Result};

/// Why a request failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The next one may succeed
    Again {
        /// What is wrong, in case none succeeds
        message: String,
        /// What to do then
        hint: String,
        /// How long the server asked to wait
        wait: Option<Duration>,
    },
    /// Nothing listens at the address; only a server that is about to start again answers soon
    Nobody(Error),
    /// Every one would fail
    Never(Error),
}

/// Attempts before giving up.
const MOST_ATTEMPTS: u32 = 4;
/// Time before the second attempt; doubles before each further one.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

impl Failure {
    pub(super) fn again(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Again { message: message.into(), hint: hint.into(), wait: None }
    }

    /// The error, if nothing is tried again.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Again { message, hint, .. } => Error::network(message, hint),
            Self::Nobody(error) | Self::Never(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Never(error)
    }
}

/// Repeats `attempt` until it succeeds, cannot succeed, or has failed too often.
pub(super) fn retry<T>(stop: &Stop, mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T> {
    let mut failed = 0;
    loop {
        let failure = match attempt() {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        if stop.is_requested() {
            return Err(Error::Stopped);
        }
        let Failure::Again { message, hint, wait } = failure else { return Err(failure.into_error()) };
        failed += 1;
        if let Some(wait) = wait.filter(|wait| *wait > LONGEST_WAIT) {
            return Err(Error::network(message, format!("{hint}; not before {} s have passed", wait.as_secs())));
        }
        if failed >= MOST_ATTEMPTS {
            return Err(Error::network(format!("{message} ({failed} attempts)"), hint));
        }
        stop.sleep(wait.unwrap_or_else(|| FIRST_WAIT * 2_u32.pow(failed - 1)))?;
    }
}

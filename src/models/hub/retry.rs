//! Retries: how often, after how long, and when not.

use std::time::Duration;

use crate::progress::Stop;
use crate::{Error, Result};

/// Why an attempt failed.
pub(super) enum Failure {
    /// The next attempt may succeed
    Again {
        /// What is wrong, in case no attempt succeeds
        message: String,
        /// How long the server asked us to wait
        wait: Option<Duration>,
        /// Whether this attempt made progress that the next one can build on
        progressed: bool,
    },
    /// Every attempt would fail
    Never(Error),
}

/// Attempts without progress before giving up.
const MOST_ATTEMPTS: u32 = 4;
/// Time before the second attempt; doubles before each further one.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Failure {
    pub(super) fn again(message: impl Into<String>) -> Self {
        Self::Again { message: message.into(), wait: None, progressed: false }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Never(error)
    }
}

/// Repeats `attempt` until it succeeds, cannot succeed, or has failed too often.
pub(super) fn retry<T>(stop: &Stop, mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T> {
    let (mut failed, mut came) = (0, false);
    loop {
        let failure = attempt();
        if stop.is_requested() {
            return Err(Error::Stopped);
        }
        match failure {
            Ok(value) => return Ok(value),
            Err(Failure::Never(error)) => return Err(error),
            Err(Failure::Again { message, wait, progressed }) => {
                failed = if progressed { 1 } else { failed + 1 };
                came |= progressed;
                if failed >= MOST_ATTEMPTS {
                    let hint = if came {
                        "try again later: the partial download is kept and will be resumed"
                    } else {
                        "check the network and HF_ENDPOINT, or use downloaded models with ‹offline›"
                    };
                    return Err(Error::network(format!("{message} ({failed} attempts)"), hint));
                }
                if let Some(wait) = wait.filter(|wait| *wait > LONGEST_WAIT) {
                    let hint = format!("try again in {} seconds", wait.as_secs());
                    return Err(Error::network(message, hint));
                }
                stop.sleep(wait.unwrap_or_else(|| FIRST_WAIT * 2_u32.pow(failed - 1)))?;
            }
        }
    }
}

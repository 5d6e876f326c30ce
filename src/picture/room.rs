//! How much memory reading a picture may take.

use crate::machine::{self, in_words};

/// The most memory that reading may take, in bytes.
const MOST: u64 = 2 << 30;
/// Up to this many bytes, the machine's memory is not checked.
const LITTLE: u64 = 64 << 20;
/// The share of the available memory that reading a picture may take.
const SHARE: (u64, u64) = (3, 4);

/// Returns why a picture that takes `needed` bytes is not read, if it is not.
pub(super) fn check(needed: u64, what: &str) -> Result<(), String> {
    let limit = if let Some(allowed) = machine::allowed_memory().filter(|allowed| needed > *allowed) {
        format!("‹max-memory› allows {}", in_words(allowed))
    } else if needed > MOST {
        format!("the limit is {}", in_words(MOST))
    } else if needed <= LITTLE {
        return Ok(());
    } else if let Some(room) = machine::room().map(|room| room / SHARE.1 * SHARE.0).filter(|room| needed > *room) {
        let limited = if machine::address_space().is_some() { " (ulimit -v)" } else { "" };
        format!("{} are available{limited}", in_words(room))
    } else {
        return Ok(());
    };
    Err(format!("reading {what} takes about {} of memory; {limit}", in_words(needed)))
}

//! How much memory reading a picture may take.

use crate::machine::{self, in_words};

/// What may be taken at most, in bytes.
const MOST: u64 = 2 << 30;
/// The machine is not asked about so many bytes.
const LITTLE: u64 = 64 << 20;
/// What reading a picture may take of what there is, as a share.
const SHARE: (u64, u64) = (3, 4);

/// Says why what takes so many bytes is not read, if it is not.
pub(super) fn check(needed: u64, what: &str) -> Result<(), String> {
    let limit = if let Some(allowed) = machine::allowed_memory().filter(|allowed| needed > *allowed) {
        format!("--max-memory allows {}", in_words(allowed))
    } else if needed > MOST {
        format!("the limit is {}", in_words(MOST))
    } else if needed <= LITTLE {
        return Ok(());
    } else if let Some(room) = machine::room().map(|room| room / SHARE.1 * SHARE.0).filter(|room| needed > *room) {
        let limited = if machine::address_space().is_some() { " (ulimit -v)" } else { "" };
        format!("there are {} for it{limited}", in_words(room))
    } else {
        return Ok(());
    };
    Err(format!("{what} need about {} of memory to be read; {limit}", in_words(needed)))
}

//! Reads passwords. They are never arguments, which other users of the machine can see.

use std::io::{IsTerminal, stdin};

use crate::cli::terminal::{answer, hidden};
use crate::progress::Stop;
use crate::{Error, Result};

/// Asks for a password twice, unseen; or reads a line of standard input if it is no terminal.
pub(super) fn read(stop: &Stop) -> Result<String> {
    if !stdin().is_terminal() {
        let line = answer(stop)?.ok_or_else(|| {
            Error::usage("there is no password in standard input", "write it there, or use a terminal to be asked")
        })?;
        return Ok(line);
    }
    let password = hidden("Password: ", stop)?;
    if hidden("The same again: ", stop)? != password {
        return Err(Error::usage("the two passwords are not the same", "run the command again"));
    }
    Ok(password)
}

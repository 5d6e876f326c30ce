//! Questions to the user at the terminal.

use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

use super::{above, line, visible};
use crate::progress::Stop;
use crate::{Error, Result};

/// Time between two checks for a stop while waiting for an answer.
const INTERVAL: Duration = Duration::from_millis(50);

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 4096;

/// Writes a statement and below it a question to standard error, and reads the answer from standard input. Any answer
/// but yes means no. Characters that are unsafe to show are escaped.
///
/// # Errors
/// [`Error::Stopped`] if the run is stopped before there is an answer; another error if no thread can be started.
pub(in crate::cli) fn confirmed(statement: &str, question: &str, stop: &Stop) -> Result<bool> {
    line(statement);
    let asked = above(|| {
        let mut errors = io::stderr().lock();
        write!(errors, "{} [y/N] ", visible(question)).and_then(|()| errors.flush())
    });
    // Nobody can answer a question that was not shown.
    if asked.is_err() {
        return Ok(false);
    }
    let answer = answer(stop)?.unwrap_or_default().trim().to_lowercase();
    Ok(answer == "y" || answer == "yes")
}

/// Writes a question to standard error, and reads the answer from the terminal without showing it.
///
/// # Errors
/// [`Error::Stopped`] if the run is stopped before there is an answer; another error if there is none, the terminal shows
/// what is typed in any case, or no thread can be started.
#[cfg(feature = "server")]
pub(in crate::cli) fn hidden(question: &str, stop: &Stop) -> Result<String> {
    let unseen = Unseen::begin()?;
    let asked = above(|| {
        let mut errors = io::stderr().lock();
        write!(errors, "{}", visible(question)).and_then(|()| errors.flush())
    });
    let read = if asked.is_ok() { answer(stop) } else { Ok(None) };
    drop(unseen);
    // The key that ended the answer was not shown either.
    line("");
    read?.ok_or_else(|| Error::usage("nothing was typed", "run the command again, or write to standard input"))
}

/// Reads a line of standard input without its end; `None` if there is none.
///
/// # Errors
/// [`Error::Stopped`] if the run is stopped before there is a line; another error if no thread can be started.
pub(in crate::cli) fn answer(stop: &Stop) -> Result<Option<String>> {
    // The read has its own thread, since a signal does not end it.
    let (sender, answers) = channel();
    let read = move || {
        let mut answer = String::new();
        let read = io::stdin().lock().take(LONGEST_ANSWER).read_line(&mut answer);
        let _ = sender.send(read.map(|_| answer));
    };
    Builder::new().name("answer".into()).spawn(read).map_err(|error| Error::thread(&error))?;
    loop {
        match answers.recv_timeout(INTERVAL) {
            Ok(Ok(line)) if line.is_empty() => return Ok(None),
            Ok(Ok(line)) => return Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned())),
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) if stop.is_requested() => return Err(Error::Stopped),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// A terminal that does not show what is typed, until this is dropped.
#[cfg(all(feature = "server", unix))]
struct Unseen(rustix::termios::Termios);

#[cfg(all(feature = "server", unix))]
impl Unseen {
    fn begin() -> Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

        let fault = |error: rustix::io::Errno| {
            Error::usage(format!("the terminal cannot hide what is typed: {error}"), "write it to standard input")
        };
        let before = tcgetattr(io::stdin()).map_err(fault)?;
        let mut hiding = before.clone();
        hiding.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hiding).map_err(fault)?;
        Ok(Self(before))
    }
}

#[cfg(all(feature = "server", unix))]
impl Drop for Unseen {
    fn drop(&mut self) {
        // If it fails, the terminal is gone.
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Flush, &self.0);
    }
}

/// Other systems have no such terminals.
#[cfg(all(feature = "server", not(unix)))]
struct Unseen;

#[cfg(all(feature = "server", not(unix)))]
impl Unseen {
    fn begin() -> Result<Self> {
        Err(Error::usage("this terminal cannot hide what is typed", "write it to standard input"))
    }
}

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
const LONGEST_ANSWER: u64 = 1024;

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
            Ok(Ok(answer)) => {
                let answer = answer.trim().to_lowercase();
                return Ok(answer == "y" || answer == "yes");
            }
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Ok(false),
            Err(RecvTimeoutError::Timeout) if stop.is_requested() => return Err(Error::Stopped),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

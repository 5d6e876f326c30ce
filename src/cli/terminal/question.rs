//! Questions to whoever is at the terminal.

use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

use super::{above, line, visible};
use crate::progress::Stop;
use crate::{Error, Result};

/// Time between two looks at whether the run is to stop while an answer is waited for.
const INTERVAL: Duration = Duration::from_millis(50);

/// Longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 1024;

/// Writes a statement to standard error and beneath it a question, whose answer on standard input is no unless it is
/// yes. What is unsafe to show in either is escaped.
///
/// # Errors
/// [`Error::Stopped`] if it is to stop before there is an answer; or if no thread can be started.
pub(in crate::cli) fn confirmed(statement: &str, question: &str, stop: &Stop) -> Result<bool> {
    line(statement);
    let asked = above(|| {
        let mut errors = io::stderr().lock();
        write!(errors, "{} [y/N] ", visible(question)).and_then(|()| errors.flush())
    });
    // A question that cannot be shown is answered by nobody.
    if asked.is_err() {
        return Ok(false);
    }
    // Read on a thread of its own, which a signal need not end.
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

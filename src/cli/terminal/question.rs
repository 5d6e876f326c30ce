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
    let answer = answer(stop)?.unwrap_or_default().to_lowercase();
    Ok(answer == "y" || answer == "yes")
}

/// Reads a line from standard input; none if it cannot be read.
fn answer(stop: &Stop) -> Result<Option<String>> {
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
            Ok(Ok(answer)) => return Ok(Some(answer.trim().to_owned())),
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) if stop.is_requested() => return Err(Error::Stopped),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Reads a line that nobody may see from standard input: what is typed at a terminal is not shown. The question is for
/// whoever types. None if standard input cannot be read.
///
/// # Errors
/// [`Error::Stopped`] if a stop is requested before there is a line; another error if no thread can be started.
#[cfg(feature = "server")]
pub(in crate::cli) fn secret(question: &str, stop: &Stop) -> Result<Option<String>> {
    use std::io::IsTerminal;

    // Until the end of this function, however it ends.
    let _hidden = io::stdin().is_terminal().then(|| {
        let hidden = echo::Hidden::start();
        above(|| {
            let mut errors = io::stderr().lock();
            let _ = write!(errors, "{}", visible(question)).and_then(|()| errors.flush());
        });
        hidden
    });
    answer(stop)
}

/// A terminal that does not show what is typed.
#[cfg(all(feature = "server", unix))]
mod echo {
    use std::io;

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// Until it is dropped, typing is not shown.
    pub(super) struct Hidden(Option<Termios>);

    impl Hidden {
        pub(super) fn start() -> Self {
            let Ok(before) = tcgetattr(io::stdin()) else { return Self(None) };
            let mut hidden = before.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            hidden.local_modes.insert(LocalModes::ECHONL);
            let is_set = tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).is_ok();
            Self(Some(before).filter(|_| is_set))
        }
    }

    impl Drop for Hidden {
        fn drop(&mut self) {
            if let Some(before) = &self.0 {
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
            }
        }
    }
}

#[cfg(all(feature = "server", not(unix)))]
mod echo {
    /// Typing is shown here.
    pub(super) struct Hidden;

    impl Hidden {
        pub(super) fn start() -> Self {
            Self
        }
    }
}

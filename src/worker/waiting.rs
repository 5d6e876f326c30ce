//! Waits at startup for a database or storage on another machine, which may start later than this process.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::setup::Shutdown;
use crate::error::{Error, Result};

/// How long to wait at most.
const LIMIT: Duration = Duration::from_mins(1);
/// The pause before the next try.
const PAUSE: Duration = Duration::from_secs(2);

/// How a process waits at startup for services on other machines.
pub struct Waiting<'t> {
    limit: Duration,
    pause: Duration,
    stop: Shutdown,
    tell: &'t (dyn Fn(String) + Sync),
}

impl<'t> Waiting<'t> {
    /// Waits up to a minute, or until `stop` is requested; `tell` gets a message when the wait begins, and when it
    /// succeeds.
    #[must_use]
    pub fn new(stop: &Shutdown, tell: &'t (dyn Fn(String) + Sync)) -> Self {
        Self { limit: LIMIT, pause: PAUSE, stop: stop.clone(), tell }
    }

    /// Opens a service, and tries again while its machine does not answer. `what` is its name and address.
    ///
    /// # Errors
    ///
    /// If access is refused, or there is no answer in time; [`Error::Stopped`] if a shutdown is requested.
    pub(super) async fn open<T>(&self, what: &str, open: impl AsyncFn() -> Result<T>) -> Result<T> {
        let end = Instant::now() + self.limit;
        let seconds = self.limit.as_secs();
        let mut stop = self.stop.clone();
        let mut last: Option<Error> = None;
        loop {
            let tried = tokio::select! {
                biased;
                () = stop.requested() => return Err(Error::Stopped),
                tried = timeout_at(end, Box::pin(open())) => tried,
            };
            let is_first = last.is_none();
            let error = match tried {
                Ok(Err(error @ Error::Network { .. })) => error,
                Ok(opened) => {
                    if opened.is_ok() && !is_first {
                        (self.tell)(format!("{what} is available now"));
                    }
                    return opened;
                }
                Err(_) => {
                    last.unwrap_or_else(|| Error::network("there was no answer", "check the address and the network"))
                }
            };
            if Instant::now() + self.pause >= end {
                let problem = format!("{what} did not become available within {seconds} s: {error}");
                return Err(Error::network(problem, error.hint()));
            }
            if is_first {
                (self.tell)(format!("{what} is not available yet: {error}; trying again for up to {seconds} s"));
            }
            last = Some(error);
            tokio::select! {
                () = stop.requested() => return Err(Error::Stopped),
                () = sleep(self.pause) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const WHAT: &str = "the database postgres://art@db/art";

    /// Opens with these limits, and returns how often it was tried and what was told.
    fn opened(
        limit: Duration,
        stop: &Shutdown,
        result: impl Fn(usize) -> Result<usize>,
    ) -> (Result<usize>, usize, Vec<String>) {
        let (tries, told) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let tell = |message: String| told.lock().unwrap().push(message);
        let waiting = Waiting { limit, pause: Duration::from_millis(1), ..Waiting::new(stop, &tell) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let opened = runtime.block_on(waiting.open(WHAT, async || result(tries.fetch_add(1, Ordering::SeqCst))));
        let tries = tries.load(Ordering::SeqCst);
        (opened, tries, told.into_inner().unwrap())
    }

    fn away() -> Error {
        Error::network("connection refused", "check the ‹database›")
    }

    #[test]
    fn what_starts_later_is_waited_for() {
        let (_switch, stop) = Shutdown::new();
        let limit = Duration::from_hours(1);
        let (result, tries, told) = opened(limit, &stop, |tries| if tries < 3 { Err(away()) } else { Ok(7) });
        assert_eq!((result.unwrap(), tries), (7, 4));
        let yet = "is not available yet: connection refused; trying again for up to 3600 s";
        assert_eq!(told, [format!("{WHAT} {yet}"), format!("{WHAT} is available now")]);
        let (result, tries, told) = opened(limit, &stop, |_| Ok(7));
        assert_eq!((result.unwrap(), tries, told), (7, 1, Vec::new()));
    }

    #[test]
    fn what_is_refused_is_not_tried_again() {
        let (_switch, stop) = Shutdown::new();
        let refused = |_| Err(Error::usage("wrong password", "correct it"));
        let (result, tries, told) = opened(Duration::from_hours(1), &stop, refused);
        assert!(result.unwrap_err().is_usage());
        assert_eq!((tries, told), (1, Vec::new()));
    }

    #[test]
    fn waiting_has_an_end() {
        let (_switch, stop) = Shutdown::new();
        let (result, tries, told) = opened(Duration::from_millis(50), &stop, |_| Err(away()));
        let error = result.unwrap_err();
        assert!(tries > 0 && told.len() < 2 && !error.is_usage(), "{tries} {told:?}");
        assert_eq!(error.to_string(), format!("{WHAT} did not become available within 0 s: connection refused"));
        assert_eq!(error.hint(), "check the --database");
    }

    #[test]
    fn a_silent_machine_is_given_up_and_a_shutdown_ends_the_waiting() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (switch, stop) = Shutdown::new();
        let tell = |_: String| ();
        let waiting = Waiting { limit: Duration::from_millis(20), ..Waiting::new(&stop, &tell) };
        let silent = waiting.open(WHAT, async || std::future::pending::<Result<()>>().await);
        let error = runtime.block_on(silent).unwrap_err();
        assert!(error.to_string().ends_with("there was no answer"), "{error}");
        switch.request();
        let waiting = Waiting::new(&stop, &tell);
        let ended = runtime.block_on(waiting.open(WHAT, async || std::future::pending::<Result<()>>().await));
        assert!(matches!(ended, Err(Error::Stopped)));
    }
}

//! Waiting for a server that is temporarily unavailable.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::lock;
use crate::progress::{Event, Stop};
use crate::{Error, Result};

/// How long a server may be unavailable.
const LONGEST: Duration = Duration::from_secs(300);
/// The pause before the next try.
const PAUSE: Duration = Duration::from_secs(2);

/// What is known about a server's outages.
pub(super) struct Patience {
    stop: Stop,
    pause: Duration,
    /// When the server last answered
    heard: Mutex<Instant>,
    is_away: AtomicBool,
    /// What ended the batch
    fault: Mutex<Option<(String, String)>>,
}

impl Patience {
    pub(super) fn new(stop: &Stop) -> Self {
        Self {
            stop: stop.clone(),
            pause: PAUSE,
            heard: Instant::now().into(),
            is_away: AtomicBool::new(false),
            fault: Mutex::default(),
        }
    }

    /// Does something with the server, retrying while the server is unavailable.
    ///
    /// # Errors
    /// If it fails for another reason, or for too long; [`Error::Stopped`] if the batch is stopped, which also happens if the
    /// server stays unavailable.
    pub(super) fn with<T>(&self, tell: &dyn Fn(Event), mut act: impl FnMut() -> Result<T>) -> Result<T> {
        let mut failing: Option<Instant> = None;
        loop {
            let error = match act() {
                Err(error @ Error::Network { .. }) => error,
                done => {
                    // A refusal is an answer, too.
                    if !matches!(done, Err(Error::Stopped)) {
                        self.hear(tell);
                    }
                    return done;
                }
            };
            if self.stop.is_requested() {
                return Err(Error::Stopped);
            }
            let is_first = failing.is_none();
            let since = *failing.get_or_insert_with(Instant::now);
            if since.elapsed() >= LONGEST {
                if *lock(&self.heard) > since {
                    // The server answers other requests, so the problem is this request.
                    return Err(error);
                }
                let minutes = LONGEST.as_secs() / 60;
                let hint = "the jobs continue on the server: run the same command again later to fetch the pictures"
                    .to_owned();
                lock(&self.fault).get_or_insert((format!("{error}, for {minutes} minutes"), hint));
                self.stop.request();
                return Err(Error::Stopped);
            }
            // Once for each: if the server answers other requests, it would seem to come and go.
            if is_first && !self.is_away.swap(true, Ordering::SeqCst) {
                tell(Event::Warning { message: format!("{error}; trying again") });
            }
            self.stop.sleep(self.pause)?;
        }
    }

    /// Why the batch was stopped, if the server stayed unavailable.
    pub(super) fn fault(&self) -> Option<Error> {
        lock(&self.fault).clone().map(|(message, hint)| Error::network(message, hint))
    }

    fn hear(&self, tell: &dyn Fn(Event)) {
        *lock(&self.heard) = Instant::now();
        if self.is_away.swap(false, Ordering::SeqCst) {
            tell(Event::Warning { message: "the server answers again".into() });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn a_server_that_comes_back_is_waited_for_and_told_once() {
        let patience = Patience::new(&Stop::default());
        let told = RefCell::new(Vec::new());
        let tell = |event| {
            let Event::Warning { message } = event else { panic!("{event:?}") };
            told.borrow_mut().push(message);
        };
        let mut tries = 0;
        let answer = patience.with(&tell, || {
            tries += 1;
            if tries == 1 { Err(Error::network("no answer", "wait")) } else { Ok(7) }
        });
        assert_eq!((answer.unwrap(), tries), (7, 2));
        assert_eq!(told.into_inner(), ["no answer; trying again", "the server answers again"]);
        let refused: Result<()> = patience.with(&|_| {}, || Err(Error::usage("no", "yes")));
        assert!(refused.unwrap_err().is_usage() && patience.fault().is_none());
    }

    #[test]
    fn a_single_request_that_fails_again_and_again_is_told_once() {
        let patience = Patience { pause: Duration::from_millis(1), ..Patience::new(&Stop::default()) };
        let told = RefCell::new(Vec::new());
        let tell = |event: Event| told.borrow_mut().push(format!("{event:?}"));
        let mut tries = 0;
        let answer = patience.with(&tell, || {
            tries += 1;
            // Meanwhile, the server answers another request.
            patience.with(&tell, || Ok(())).unwrap();
            if tries < 6 { Err(Error::network("no answer", "wait")) } else { Ok(()) }
        });
        answer.unwrap();
        let told = told.into_inner();
        assert!(tries == 6 && told.len() == 2, "{told:?}");
        assert!(
            told[0].contains("no answer; trying again") && told[1].contains("the server answers again"),
            "{told:?}"
        );
    }

    #[test]
    fn nothing_is_tried_again_after_a_stop() {
        let stop = Stop::default();
        let patience = Patience::new(&stop);
        stop.request();
        let failed: Result<()> = patience.with(&|_| {}, || Err(Error::network("no answer", "wait")));
        assert!(matches!(failed, Err(Error::Stopped)));
    }
}

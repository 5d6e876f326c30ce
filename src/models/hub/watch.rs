//! Ends requests when a stop is requested, also those that wait for an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::progress::Stop;
use crate::{Error, Result};

/// How often to check whether requests must stop.
const INTERVAL: Duration = Duration::from_millis(50);

/// Watches for a stop until it is dropped.
pub(crate) struct Watch {
    /// Ends the watching thread
    done: Arc<AtomicBool>,
}

impl Watch {
    /// Lets the requests of an agent end when `stop` is requested.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(crate) fn start(agent: &ureq::Agent, stop: &Stop) -> Result<Self> {
        let done = Arc::new(AtomicBool::new(false));
        let watched = (agent.clone(), stop.clone(), done.clone());
        let watch = move || {
            let (agent, stop, done) = watched;
            while !done.load(Ordering::Relaxed) {
                if stop.is_requested() {
                    agent.shutdown();
                    return;
                }
                std::thread::sleep(INTERVAL);
            }
        };
        std::thread::Builder::new().name("requests".into()).spawn(watch).map_err(|error| Error::thread(&error))?;
        Ok(Self { done })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
    }
}

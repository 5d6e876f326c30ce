//! Ctrl-C where work goes on elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use super::interrupt::{exit, system};
use crate::progress::Stop;

/// Time in which two signals are one press of Ctrl-C, which a shell may pass on to a program that also got it.
const ONE_PRESS: Duration = Duration::from_millis(50);
/// Time between two looks for another signal.
const LOOK: Duration = Duration::from_millis(20);

/// What ends a program that follows work elsewhere, which goes on without it.
pub(in crate::cli) struct Detach {
    /// Ends the following
    pub(in crate::cli) stop: Stop,
    /// Requested by another Ctrl-C
    again: Stop,
    /// Whether the first signal was a Ctrl-C
    by_key: Arc<AtomicBool>,
}

/// The first Ctrl-C, SIGTERM or SIGHUP stops following work elsewhere. Another Ctrl-C asks to stop the work as well, and
/// a third one ends the program.
pub(in crate::cli) fn detach_on_signal() -> anyhow::Result<Detach> {
    let detach = Detach { stop: Stop::default(), again: Stop::default(), by_key: Arc::default() };
    let (stop, again, by_key) = (detach.stop.clone(), detach.again.clone(), detach.by_key.clone());
    let mut first: Option<Instant> = None;
    system::listen(move |signal| match first {
        None => {
            by_key.store(signal == SIGINT, Ordering::SeqCst);
            first = Some(Instant::now());
            stop.request();
        }
        Some(first) if signal == SIGINT && first.elapsed() >= ONE_PRESS => {
            if again.is_requested() {
                exit();
            }
            again.request();
        }
        Some(_) => {}
    })?;
    Ok(detach)
}

impl Detach {
    /// Whether the user can press Ctrl-C again, rather than a program having ended this one.
    pub(in crate::cli) fn is_by_key(&self) -> bool {
        self.by_key.load(Ordering::SeqCst)
    }

    /// Waits for another Ctrl-C, but not longer than `time`.
    pub(in crate::cli) fn is_pressed_again(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while !self.again.is_requested() && Instant::now() < end {
            std::thread::sleep(LOOK);
        }
        self.again.is_requested()
    }
}

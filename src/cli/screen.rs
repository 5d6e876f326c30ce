//! What stands at the bottom of the terminal now, shared with the thread that receives signals.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar};

use super::report::line;

/// The bars that are shown now. Lines from another thread are written above them.
#[derive(Default)]
pub(super) struct Screen {
    bars: Mutex<Option<Bars>>,
    interrupted: AtomicBool,
}

/// A bar, or several that are drawn together.
#[derive(Clone)]
pub(super) enum Bars {
    One(ProgressBar),
    Several(MultiProgress),
}

impl Screen {
    /// Notes which bars are shown from now on.
    pub(super) fn set(&self, bars: Option<Bars>) {
        *self.bars.lock().unwrap_or_else(PoisonError::into_inner) = bars;
    }

    /// Writes a line above the bars.
    pub(super) fn say(&self, text: &str) {
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.interrupted.store(true, Ordering::SeqCst);
        match bars {
            Some(Bars::One(bar)) => bar.suspend(|| line(text)),
            Some(Bars::Several(bars)) => bars.suspend(|| line(text)),
            None => line(text),
        }
    }

    /// Whether a line was written since the last call: a preview no longer stands right above the bar then.
    pub(super) fn was_interrupted(&self) -> bool {
        self.interrupted.swap(false, Ordering::SeqCst)
    }
}

//! Files written while the picture is drawn.

use std::path::Path;

use candle_core::Tensor;

use super::super::report::Reporter;
use crate::output::{Existing, encode, side_by_side, slug, write_whole};
use crate::session::{Event, Session};
use crate::{Error, Result};

/// What is written beside the iterations. That it cannot be is no reason to lose the run: it is told once.
#[derive(Default)]
pub(super) struct Aside {
    /// Whether the picture was written under its name
    pub(super) saved: bool,
    failed: bool,
}

impl Aside {
    pub(super) fn write(&mut self, reporter: &Reporter, write: impl FnOnce() -> Result<Option<Event>>) -> Result<()> {
        match write() {
            Ok(Some(event)) => {
                self.saved |= matches!(event, Event::Saved { .. });
                reporter.tell(&event);
            }
            Err(error @ Error::Write { .. }) if !self.failed => {
                self.failed = true;
                let message = format!("{error}; the picture goes on, and is written when it is done");
                reporter.tell(&Event::Warning { message });
            }
            Ok(None) | Err(Error::Write { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Writes an iteration's cutouts, side by side, a file for each perceptor.
pub(super) fn save_cutouts(folder: &Path, session: &Session, picture: &Tensor, iteration: usize) -> Result<()> {
    for (name, cutouts) in session.look(picture, iteration)? {
        let path = folder.join(format!("{iteration:06}-{}.png", slug(&name)));
        write_whole(&path, &encode(&side_by_side(&cutouts)?, None)?, Existing::Replace)?;
    }
    Ok(())
}

//! Files written while the picture is drawn.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use candle_core::Tensor;

use super::{Delivery, Progress};
use crate::files::{Existing, check_folder, read_regular, slug, write_whole};
use crate::output::encode;
use crate::picture::side_by_side;
use crate::progress::Event;
use crate::session::Session;
use crate::{Error, Result};

/// Writes what stands beside the iterations. A failure is no reason to lose the run: it is reported once.
pub(super) struct Writer<'a> {
    progress: &'a dyn Progress,
    delivery: Delivery,
    /// Whether the picture was written under its name
    pub(super) saved: bool,
    failed: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(progress: &'a dyn Progress, delivery: Delivery) -> Self {
        Self { progress, delivery, saved: false, failed: false }
    }

    /// Writes something, and tells what.
    ///
    /// # Errors
    /// What `write` returns, but that a file cannot be written.
    pub(super) fn write(&mut self, write: impl FnOnce() -> Result<Option<Event>>) -> Result<()> {
        match write() {
            Ok(Some(event)) => {
                self.saved |= matches!(event, Event::Saved { .. });
                self.progress.tell(event);
            }
            Err(error @ Error::Write { .. }) if !self.failed => {
                self.failed = true;
                let consequence = match self.delivery {
                    Delivery::Always => "the run continues, and the picture is written at its end",
                    Delivery::WhenDone => "the run continues without checkpoints",
                };
                self.progress.tell(Event::Warning { message: format!("{error}; {consequence}") });
            }
            Ok(None) | Err(Error::Write { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Writes an iteration's cutouts, side by side, a file for each perceptor. What is there already must be replaced or be
/// the same.
pub(super) fn save_cutouts(
    (folder, existing): &(PathBuf, Existing),
    session: &Session,
    picture: &Tensor,
    iteration: usize,
) -> Result<()> {
    for (name, cutouts) in session.look(picture, iteration)? {
        let path = folder.join(format!("{iteration:06}-{}.png", slug(&name)));
        let bytes = encode(&side_by_side(&cutouts)?, None)?;
        match write_whole(&path, &bytes, *existing) {
            Err(Error::Write { path, source }) if source.kind() == ErrorKind::AlreadyExists => {
                // An earlier part of the run may have written the same.
                if !read_regular(&path, bytes.len() as u64).is_ok_and(|found| found == bytes) {
                    let message = "the file already exists; --force replaces it";
                    return Err(Error::Write { path, source: std::io::Error::new(source.kind(), message) });
                }
            }
            written => written?,
        }
    }
    Ok(())
}

/// Whether cutouts can be written into a folder, before any work; and what to do with a file that is there.
///
/// # Errors
/// If they cannot, or the folder holds some and they are not to be replaced.
pub fn check_cutouts(folder: &Path, force: bool) -> Result<Existing> {
    check_folder(&folder.join("cutouts.png"))?;
    if force {
        return Ok(Existing::Replace);
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    if entries.map(|entry| entry.file_name()).any(|name| is_name(&name.to_string_lossy())) {
        let hint = "choose another folder, or replace the cutouts with --force";
        return Err(Error::file(folder, "the folder already contains cutouts", hint));
    }
    Ok(Existing::Keep)
}

/// Whether cutouts could have this name.
fn is_name(name: &str) -> bool {
    let number = name.strip_suffix(".png").and_then(|name| name.split_once('-')).map_or("", |(number, _)| number);
    number.len() >= 6 && number.bytes().all(|digit| digit.is_ascii_digit())
}

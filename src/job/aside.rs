//! Files that are written while the picture is drawn.

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

/// Writes files during the run. If writing fails, the run continues, and the first failure is reported.
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

    /// Writes something, and reports the event.
    ///
    /// # Errors
    /// If `write` returns an error other than [`Error::Write`].
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

/// Writes the cutouts of an iteration side by side, one file per perceptor. A file that already exists must be
/// replaceable or have the same content.
pub(super) fn save_cutouts(
    (folder, existing): &(PathBuf, Existing),
    session: &Session,
    picture: &Tensor,
    iteration: usize,
) -> Result<()> {
    for (name, cutouts) in session.look(picture, iteration)? {
        let path = folder.join(format!("{iteration:06}-{}.png", slug(&name)));
        let bytes = encode(&side_by_side(&cutouts)?, None, None)?;
        match write_whole(&path, &bytes, *existing) {
            Err(Error::Write { path, source }) if source.kind() == ErrorKind::AlreadyExists => {
                // An earlier part of the run may have written the same file.
                if !read_regular(&path, bytes.len() as u64).is_ok_and(|found| found == bytes) {
                    let message = "the file already exists; ‹force› replaces it";
                    return Err(Error::Write { path, source: std::io::Error::new(source.kind(), message) });
                }
            }
            written => written?,
        }
    }
    Ok(())
}

/// Checks, before any work, that cutouts can be written into a folder. Returns what to do with a file that already
/// exists.
///
/// # Errors
/// If they cannot, or the folder contains cutouts that must not be replaced.
pub fn check_cutouts(folder: &Path, force: bool) -> Result<Existing> {
    check_folder(&folder.join("cutouts.png"))?;
    if force {
        return Ok(Existing::Replace);
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    if entries.map(|entry| entry.file_name()).any(|name| is_name(&name.to_string_lossy())) {
        let hint = "choose another folder, or replace the cutouts with ‹force›";
        return Err(Error::file(folder, "the folder already contains cutouts", hint));
    }
    Ok(Existing::Keep)
}

/// Whether a file of cutouts could have this name.
fn is_name(name: &str) -> bool {
    let number = name.strip_suffix(".png").and_then(|name| name.split_once('-')).map_or("", |(number, _)| number);
    number.len() >= 6 && number.bytes().all(|digit| digit.is_ascii_digit())
}

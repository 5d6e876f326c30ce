//! The checkpoints of a run, written beside its picture.

use std::path::{Path, PathBuf};

use super::aside::Writer;
use crate::files::{Existing, frames_of, remove_if_present, write_whole};
use crate::output::{Beside, KeptFrames, Saver, is_due};
use crate::progress::Event;
use crate::session::Session;
use crate::settings::Settings;
use crate::video::{Keeping, Recording, remove_kept_frames};
use crate::{Error, Result};

/// How a run's checkpoints are written.
pub struct Checkpoints {
    /// The path of the checkpoint
    pub path: PathBuf,
    /// The iterations from one checkpoint to the next, or the frames of an animation; the end of the run always writes one
    pub every: u64,
    /// What the checkpoint records about the other files
    pub beside: Beside,
    /// The frames so far of a run that continues: the path of their checkpoint, and their extent
    pub earlier_frames: Option<(PathBuf, KeptFrames)>,
}

impl Checkpoints {
    /// The file of frames beside the checkpoint.
    #[must_use]
    pub fn frames(&self) -> PathBuf {
        frames_of(&self.path)
    }

    /// Where frames are kept for the checkpoint.
    pub(super) fn keeping(&self) -> Keeping {
        let earlier = self.earlier_frames.as_ref();
        let earlier = earlier.map(|(checkpoint, kept)| (frames_of(checkpoint), kept.clone()));
        Keeping { path: self.frames(), earlier }
    }

    /// Whether a checkpoint is due.
    pub(super) fn is_due(&self, session: &Session) -> bool {
        is_due(in_iterations(Some(self.every), session.settings()), session.iteration())
    }

    /// Writes a checkpoint, after the frames that belong to it.
    pub(super) fn save(
        &mut self,
        session: &Session,
        saver: &mut Saver,
        recording: &Recording,
        writer: &mut Writer,
    ) -> Result<()> {
        self.beside.kept_frames = recording.settle();
        writer.write(|| {
            let bytes = saver.checkpoint(session, self.beside.clone())?.encode()?;
            // Before the run it was checked that an existing file may be replaced.
            write_whole(&self.path, &bytes, Existing::Replace)?;
            Ok(Some(Event::Checkpoint { path: self.path.clone(), iteration: session.iteration() }))
        })
    }
}

/// How often something happens, in iterations: an animation counts frames.
pub(super) fn in_iterations(every: Option<u64>, settings: &Settings) -> Option<u64> {
    let each = settings.iterations_of_frame().unwrap_or(1) as u64;
    every.map(|every| every.saturating_mul(each))
}

/// Removes a checkpoint and its frames.
///
/// # Errors
/// If a file cannot be removed.
pub fn remove_checkpoint(path: &Path) -> Result<()> {
    // Frames are useless without their checkpoint.
    remove_kept_frames(&frames_of(path))?;
    remove_if_present(path).map_err(|source| Error::Write { path: path.to_owned(), source })
}

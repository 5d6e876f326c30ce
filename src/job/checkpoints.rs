//! Where a run stands, written beside its picture.

use std::path::{Path, PathBuf};

use super::aside::Writer;
use crate::files::{Existing, frames_of, write_whole};
use crate::output::{Beside, KeptFrames, Saver, is_due};
use crate::progress::Event;
use crate::session::Session;
use crate::video::{Keeping, Recording, remove_kept_frames};
use crate::{Error, Result};

/// How a run's checkpoints are written.
pub struct Checkpoints {
    /// Their file
    pub path: PathBuf,
    /// One every so many iterations; that of the end is written whenever it comes
    pub every: u64,
    /// What they say of the other files
    pub beside: Beside,
    /// The frames so far of a run that continues: the checkpoint they are beside, and how far they go
    pub earlier_frames: Option<(PathBuf, KeptFrames)>,
}

impl Checkpoints {
    /// The file of the frames beside them.
    #[must_use]
    pub fn frames(&self) -> PathBuf {
        frames_of(&self.path)
    }

    /// Where frames are kept for them.
    pub(super) fn keeping(&self) -> Keeping {
        let earlier = self.earlier_frames.as_ref();
        let earlier = earlier.map(|(checkpoint, kept)| (frames_of(checkpoint), kept.clone()));
        Keeping { path: self.frames(), earlier }
    }

    /// Whether one is due.
    pub(super) fn is_due(&self, session: &Session) -> bool {
        is_due(Some(self.every), session.iteration())
    }

    /// Writes one, with the frames before it.
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
            // What was there was asked for before the run.
            write_whole(&self.path, &bytes, Existing::Replace)?;
            Ok(Some(Event::Checkpoint { path: self.path.clone(), iteration: session.iteration() }))
        })
    }
}

/// Removes a checkpoint with its frames.
///
/// # Errors
/// If one of them cannot be removed.
pub fn remove_checkpoint(path: &Path) -> Result<()> {
    // Frames without a checkpoint are of use to nobody.
    remove_kept_frames(&frames_of(path))?;
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

//! Checkpoints of a batch's pictures: a picture that was interrupted continues from its own, and from no other.

use std::path::{Path, PathBuf};

use super::files::is_same;
use crate::files::{Existing, checkpoint_of, write_whole};
use crate::output::{Beside, Checkpoint, InputRecord, Saver, is_due};
use crate::progress::Event;
use crate::session::{Models, Session, SessionState};
use crate::settings::Settings;
use crate::{Error, PROGRAM, Result};

/// How a picture's checkpoints are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// One every so many iterations
    pub every: u64,
    /// Whether one that is there is replaced, whatever it is of
    pub replace: bool,
}

/// A picture's checkpoints while it is drawn.
pub(super) struct Keeper {
    path: PathBuf,
    every: u64,
    failed: bool,
}

impl Keeper {
    /// Begins to keep the checkpoints of a picture, whose run continues from the state if there is one. One of another
    /// run is left alone with a warning, and nothing is kept then.
    pub(super) fn begin(
        output: &Path,
        checkpoints: Checkpoints,
        (settings, inputs): (&Settings, &[InputRecord]),
        (models, session): (&Models, &Session),
        tell: &dyn Fn(Event),
    ) -> Result<(Option<Self>, Option<SessionState>)> {
        let Checkpoints { every, replace } = checkpoints;
        let path = checkpoint_of(output);
        let keeper = |path| Some(Self { path, every, failed: false });
        if replace || !path.exists() {
            return Ok((keeper(path), None));
        }
        let problem = match Checkpoint::read(&path) {
            Ok(found) => {
                let records = models.records()?;
                let digests = found.recipe.models.iter().map(|model| &model.sha256);
                let is_own = is_of(&found, settings)
                    && found.recipe.inputs == inputs
                    && digests.eq(records.iter().map(|model| &model.sha256))
                    && (found.recipe.program.as_str(), found.device) == (PROGRAM, session.device().kind());
                if is_own {
                    return Ok((keeper(path), Some(found.state)));
                }
                format!("{}: the checkpoint is of another run", path.display())
            }
            Err(error) => error.to_string(),
        };
        let message = format!("{problem}; it is left alone, and this picture is drawn without checkpoints");
        tell(Event::Warning { message });
        Ok((None, None))
    }

    /// Writes a checkpoint if one is due, or if this is the last one of a run that stops. A failure to write one is
    /// reported once, and is no reason to lose the picture.
    pub(super) fn save(
        &mut self,
        session: &Session,
        saver: &mut Saver,
        is_last: bool,
        tell: &dyn Fn(Event),
    ) -> Result<()> {
        if !is_last && !is_due(Some(self.every), session.iteration()) {
            return Ok(());
        }
        let beside = Beside { checkpoint_every: Some(self.every), ..Beside::default() };
        let bytes = saver.checkpoint(session, beside)?.encode()?;
        match write_whole(&self.path, &bytes, Existing::Replace) {
            Ok(()) => {
                tell(Event::Checkpoint { path: self.path.clone(), iteration: session.iteration() });
                Ok(())
            }
            Err(error @ Error::Write { .. }) => {
                if !std::mem::replace(&mut self.failed, true) {
                    tell(Event::Warning { message: format!("{error}; the picture is drawn without checkpoints") });
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the checkpoint of a picture that is done: a batch would fill the disk with them.
    pub(super) fn remove(self, tell: &dyn Fn(Event)) {
        if let Err(error) = remove(&self.path) {
            tell(Event::Warning { message: error.to_string() });
        }
    }
}

/// Removes what a run that was killed between writing its picture and removing its checkpoint left.
///
/// # Errors
/// If it cannot be removed.
pub(super) fn remove_own(output: &Path, settings: &Settings) -> Result<()> {
    let path = checkpoint_of(output);
    if path.exists() && Checkpoint::read(&path).is_ok_and(|found| is_of(&found, settings)) {
        remove(&path)?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Whether a checkpoint is of a picture with these settings from the beginning.
fn is_of(checkpoint: &Checkpoint, settings: &Settings) -> bool {
    is_same(&checkpoint.recipe.settings, settings) && checkpoint.recipe.earlier.is_empty()
}

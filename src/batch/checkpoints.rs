//! Checkpoints of a batch's pictures: an interrupted picture continues only from its own checkpoint.

use std::path::Path;

use super::files::is_same;
use crate::device::ComputeDevice;
use crate::files::{checkpoint_of, frames_of};
use crate::job::{self, Resumed, remove_checkpoint};
use crate::models::ModelRecord;
use crate::output::{Beside, Checkpoint, InputRecord, Product, Products};
use crate::progress::Event;
use crate::session::{Models, prior_record};
use crate::settings::Settings;
use crate::video::{Folder, Timeline, check_kept_frames};
use crate::{PROGRAM, Result};

/// How a picture's checkpoints are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// The iterations from one checkpoint to the next
    pub every: u64,
    /// Whether an existing checkpoint is replaced, whatever it belongs to
    pub replace: bool,
}

/// How a picture's checkpoints are written, and the state that its run continues from if there is a checkpoint. A
/// checkpoint of another run is kept with a warning, and the picture is then drawn without checkpoints.
///
/// # Errors
/// If the file of a model cannot be read.
pub(super) fn begin(
    checkpoints: Checkpoints,
    products: &Products,
    (settings, inputs): (&Settings, &[InputRecord]),
    (models, device): (&Models, &ComputeDevice),
    tell: &dyn Fn(Event),
) -> Result<(Option<job::Checkpoints>, Option<Resumed>)> {
    let Checkpoints { every, replace } = checkpoints;
    let path = checkpoint_of(products.output());
    let mut beside = Beside { checkpoint_every: Some(every), ..Beside::of(products) };
    if beside.check_names().is_err() {
        // The batch finds the files by its lines.
        beside.files.clear();
    }
    let kept = |earlier_frames| Some(job::Checkpoints { path: path.clone(), every, beside, earlier_frames });
    if replace || !path.exists() {
        return Ok((kept(None), None));
    }
    let problem = match Checkpoint::read(&path) {
        Ok(mut found) => {
            let prior = prior_record(settings);
            let records: Vec<ModelRecord> = models.records()?.into_iter().chain(prior.clone()).collect();
            let digests = found.recipe.models.iter().map(|model| &model.sha256);
            let is_own = is_of(&found, settings)
                && found.recipe.inputs == inputs
                && digests.eq(records.iter().map(|model| &model.sha256))
                && (found.recipe.program.as_str(), &found.device) == (PROGRAM, &device.kind());
            if is_own && let Some(problem) = missing(&found, products) {
                tell(Event::Warning { message: format!("{problem}; the picture is drawn from the beginning") });
                return Ok((kept(None), None));
            }
            if is_own {
                let earlier = found.beside.kept_frames.take().map(|frames| (path.clone(), frames));
                return Ok((kept(earlier), Some(Resumed { state: found.state, earlier: Vec::new(), prior })));
            }
            format!("{}: the checkpoint belongs to another run", path.display())
        }
        Err(error) => error.to_string(),
    };
    let message = format!("{problem}; the file is kept, and the picture is drawn without checkpoints");
    tell(Event::Warning { message });
    Ok((None, None))
}

/// What is missing from the frames so far: without them, the moving pictures would differ from those of an
/// uninterrupted run.
fn missing(checkpoint: &Checkpoint, products: &Products) -> Option<String> {
    let Checkpoint { recipe, beside, state, .. } = checkpoint;
    let timeline = Timeline::of(&recipe.settings);
    let count = timeline.frames_before(state.iteration);
    let lacks = |product: &&Product| product.kind.is_folder() && !Folder::has_first(&product.path, count);
    if let Some(folder) = products.moving().find(lacks) {
        return Some(format!("{}: frames before the checkpoint are missing", folder.path.display()));
    }
    let movie = products.movies().next().filter(|_| state.iteration > 0)?;
    match &beside.kept_frames {
        Some(kept) => {
            check_kept_frames(&frames_of(&checkpoint_of(products.output())), kept).err().map(|error| error.to_string())
        }
        None => Some(format!("{}: the checkpoint has no frames for this file", movie.path.display())),
    }
}

/// Removes the checkpoint of a run that was killed after it wrote its picture.
///
/// # Errors
/// If the checkpoint cannot be removed.
pub(super) fn remove_own(output: &Path, settings: &Settings) -> Result<()> {
    let path = checkpoint_of(output);
    if path.exists() && Checkpoint::read(&path).is_ok_and(|found| is_of(&found, settings)) {
        remove_checkpoint(&path)?;
    }
    Ok(())
}

/// Whether a checkpoint belongs to a picture drawn with these settings from the beginning.
fn is_of(checkpoint: &Checkpoint, settings: &Settings) -> bool {
    is_same(&checkpoint.recipe.settings, settings) && checkpoint.recipe.earlier.is_empty()
}

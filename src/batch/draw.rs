//! Draws one picture of a batch.

use std::path::PathBuf;

use image::RgbImage;

use super::checkpoints;
use super::plan::{Sample, Work};
use super::score::score;
use crate::clip::Clip;
use crate::device::ComputeDevice;
use crate::files::Existing;
use crate::job::{Aside, Delivery, Done, Job, Limits, Progress};
use crate::output::{Encoding, Recipe};
use crate::picture::to_image;
use crate::progress::{Event, Stop};
use crate::session::{LoadedModel, Models};
use crate::{Error, Result, picture};

/// The result of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Its recipe
    pub recipe: Box<Recipe>,
    /// How well the picture fits its prompt, if it was scored
    pub score: Option<f64>,
    /// The drawing time in seconds, if the picture was drawn on a server, where it may also have waited
    pub seconds: Option<f64>,
}

/// The models, the device and the limits of a run.
#[derive(Clone, Copy)]
pub(super) struct Means<'a> {
    pub(super) models: &'a Models,
    pub(super) device: &'a ComputeDevice,
    pub(super) limits: Limits,
}

/// Passes on the events of a run.
struct Teller<'a>(&'a dyn Fn(Event));

impl Progress for Teller<'_> {
    fn tell(&self, event: Event) {
        (self.0)(event);
    }
}

/// Draws a sample, or reads its picture if that exists already. `judges`, if there are any, score the picture.
///
/// # Errors
/// If the sample cannot be drawn, scored or written; [`Error::Stopped`] if the run was stopped: in that case only its
/// checkpoint and frames in a folder are written.
pub(super) fn draw(
    sample: &Sample,
    means: Means,
    judges: &[LoadedModel<Clip>],
    stop: &Stop,
    tell: &dyn Fn(Event),
) -> Result<Drawn> {
    let (recipe, picture) = match &sample.work {
        Work::Draw(replaced) => draw_and_write(sample, replaced, means, stop, tell)?,
        Work::Score(recipe) => (*recipe.clone(), picture::read(sample.files.output())?),
        Work::Nothing(_) => return Err(Error::fault("a finished picture was to be drawn")),
    };
    // The picture in the file is scored, so that the score does not depend on when this happens.
    let score = (!judges.is_empty()).then(|| score(&picture, &sample.settings.prompt, judges)).transpose()?;
    Ok(Drawn { recipe: Box::new(recipe), score, seconds: None })
}

/// Draws a sample and writes its files; files in `replaced` may exist. Returns the picture as its file shows it.
fn draw_and_write(
    sample: &Sample,
    replaced: &[PathBuf],
    means: Means,
    stop: &Stop,
    tell: &dyn Fn(Event),
) -> Result<(Recipe, RgbImage)> {
    let Means { models, device, limits } = means;
    let settings = sample.settings.clone();
    let inputs = Recipe::inputs(&settings)?;
    let products = sample.files.clone().with_existing(|product| {
        Ok(if replaced.contains(&product.path) { Existing::Replace } else { Existing::Keep })
    })?;
    let (mut aside, mut resumed) = (Aside::default(), None);
    if let Some(checkpoints) = sample.checkpoints {
        let (of, with) = ((&settings, inputs.as_slice()), (models, device));
        (aside.checkpoints, resumed) = checkpoints::begin(checkpoints, &products, of, with, tell)?;
    }
    let job = Job { settings, products, limits, inputs, resumed, aside, delivery: Delivery::WhenDone };
    let Done { recipe, picture, saved, failed, .. } = job.run(models, device, stop, &Teller(tell))?;
    if let Some(error) = failed {
        return Err(without_it(error, saved));
    }
    let is_exact = |path: &PathBuf| Encoding::of(path, recipe.settings.picture_quality).is_exact();
    let shown = match saved.filter(|path| !is_exact(path)) {
        Some(path) => picture::read(&path)?,
        None => to_image(&picture)?,
    };
    Ok((recipe, shown))
}

/// The error if a file beside the picture failed; it says where the picture was saved.
fn without_it(error: Error, saved: Option<PathBuf>) -> Error {
    match (error, saved) {
        (Error::Write { path, source }, Some(kept)) => {
            let message = format!("{source}; the picture was saved as {}", kept.display());
            Error::Write { path, source: std::io::Error::new(source.kind(), message) }
        }
        (error, _) => error,
    }
}

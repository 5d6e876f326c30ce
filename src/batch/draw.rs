//! One picture of a batch.

use std::path::{Path, PathBuf};

use image::RgbImage;

use super::checkpoints::Keeper;
use super::files::Files;
use super::plan::{Sample, Work};
use super::score::score;
use crate::clip::Clip;
use crate::files::{Existing, write_beside, write_whole};
use crate::output::{Recipe, Saver, encode};
use crate::picture::to_image;
use crate::progress::{Event, Stop};
use crate::session::memory::refuse_above_room;
use crate::session::{End, LoadedModel, Models, Plan, Session, run};
use crate::video::Recording;
use crate::{Error, Result, picture};

/// How a picture came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Its recipe
    pub recipe: Box<Recipe>,
    /// How well it fits its prompt, if that was asked for
    pub score: Option<f64>,
}

/// What pictures share that are drawn at the same time on a device.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// How many there are
    pub(super) jobs: usize,
    /// The most memory they may take together, in bytes
    pub(super) max_memory: Option<u64>,
}

/// Draws a sample or, if it is there, scores it. `judges` say how well it fits its prompt, if there are some;
/// it has its share of the room.
///
/// # Errors
/// If it cannot be drawn, scored or written; [`Error::Stopped`] if it was stopped: its files are not written then,
/// but for frames in a folder.
pub(super) fn draw(
    sample: &Sample,
    models: &Models,
    judges: &[LoadedModel<Clip>],
    room: Room,
    stop: &Stop,
    tell: &dyn Fn(Event),
) -> Result<Drawn> {
    let (recipe, picture) = match &sample.work {
        Work::Draw(replaced) => draw_and_write(sample, replaced, models, room, stop, tell)?,
        Work::Score(recipe) => (*recipe.clone(), picture::read(&sample.files.output)?),
        Work::Nothing(_) => return Err(Error::fault("a picture that is done was to be drawn")),
    };
    // What is in the file is judged, so that it does not matter when.
    let score = (!judges.is_empty()).then(|| score(&picture, &sample.settings.prompt, judges)).transpose()?;
    Ok(Drawn { recipe: Box::new(recipe), score })
}

/// Draws a sample and writes its files; those of `replaced` may be there. Returns the picture as its file has it.
fn draw_and_write(
    sample: &Sample,
    replaced: &[PathBuf],
    models: &Models,
    room: Room,
    stop: &Stop,
    tell: &dyn Fn(Event),
) -> Result<(Recipe, RgbImage)> {
    let inputs = Recipe::inputs(&sample.settings)?;
    let Room { jobs, max_memory } = room;
    let plan = Plan::within(max_memory.map(|bytes| bytes / jobs.max(1) as u64), sample.settings.clone(), models)?;
    if jobs > 1 {
        let needed = plan.memory().saturating_mul(jobs as u64);
        let what = format!("{jobs} pictures at the same time");
        refuse_above_room(needed, plan.device(), &what, "choose fewer --jobs")?;
    }
    let mut session = Session::new(&plan, models, &mut |message| tell(Event::Warning { message }))?;
    let mut keeper = None;
    if let Some(checkpoints) = sample.checkpoints {
        let picture = (&sample.settings, inputs.as_slice());
        let (kept, state) = Keeper::begin(&sample.files.output, checkpoints, picture, (models, &session), tell)?;
        if let Some(state) = state {
            session.restore(state)?;
        }
        keeper = kept;
    }
    let mut saver = Saver::new(plan.settings(), inputs, models, Vec::new());
    let existing = |path: &Path| {
        let may_be_there = replaced.iter().any(|replaced| replaced == path);
        if may_be_there { Existing::Replace } else { Existing::Keep }
    };
    let outputs = sample.files.moving.outputs(|path| Ok(existing(path)))?;
    let mut recording = Recording::start(&outputs, plan.settings(), 0)?;
    let finished = run(&mut session, stop, &mut |event, picture, session| {
        if let (Event::Step { iteration, .. }, Some(picture)) = (&event, picture) {
            // The picture this iteration judged is that after `iteration` steps.
            let loss = session.last().and_then(|last| last.loss_before);
            let warn = &mut |message| tell(Event::Warning { message });
            recording.see(*iteration, || session.delivered(picture), || saver.recipe(*iteration, loss, true), warn)?;
        }
        let is_step = matches!(event, Event::Step { .. });
        tell(event);
        match keeper.as_mut().filter(|_| is_step) {
            Some(keeper) => keeper.save(session, &mut saver, false, tell),
            None => Ok(()),
        }
    })?;
    match finished.end {
        End::Done | End::Plateau => {}
        End::Stopped => {
            if let Some(keeper) = keeper.as_mut().filter(|_| session.iteration() > 0) {
                keeper.save(&session, &mut saver, true, tell)?;
            }
            return Err(Error::Stopped);
        }
        End::Fault(fault) => return Err(fault),
    }
    let recipe = saver.recipe(finished.iterations, finished.loss, false)?;
    let bytes = encode(&finished.picture, Some(&recipe))?;
    if sample.files.has_picture() {
        let path = &sample.files.output;
        write_whole(path, &bytes, existing(path))?;
        tell(Event::Saved { path: path.clone() });
        if let Some(keeper) = keeper {
            keeper.remove(tell);
        }
    }
    for file in recording.finish(finished.iterations, &finished.picture, recipe.clone()) {
        let path = file.map_err(|error| without_moving(error, &sample.files, &bytes))?;
        tell(Event::Saved { path });
    }
    Ok((recipe, to_image(&finished.picture)?))
}

/// What is said if a moving picture failed: the picture is not lost with it.
fn without_moving(error: Error, files: &Files, picture: &[u8]) -> Error {
    let kept = if files.has_picture() {
        Ok(files.output.clone())
    } else {
        write_beside(&files.output.with_extension("png"), picture, Existing::Keep)
    };
    match (error, kept) {
        (Error::Write { path, source }, Ok(kept)) => {
            let message = format!("{source}; the picture was saved as {}", kept.display());
            Error::Write { path, source: std::io::Error::new(source.kind(), message) }
        }
        (error, _) => error,
    }
}

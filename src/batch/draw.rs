//! One picture of a batch.

use super::plan::{Sample, Work};
use super::score::score;
use crate::clip::Clip;
use crate::output::{Existing, Recipe, ResultRecord, encode, write_whole};
use crate::session::memory::refuse_above_total;
use crate::session::{End, Event, LoadedModel, Models, Plan, Session, Stop, run};
use crate::{Error, Result, picture};

/// How a picture came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Its recipe
    pub recipe: Box<Recipe>,
    /// How well it fits its prompt, where that was asked for
    pub score: Option<f64>,
}

/// What pictures share that are drawn at the same time.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// How many there are
    pub(super) jobs: usize,
    /// The most memory they may take together, in bytes
    pub(super) max_memory: Option<u64>,
}

/// Draws a sample or, where it is there, scores it. `judges` say how well it fits its prompt, where there are some;
/// it has its share of the room.
///
/// # Errors
/// Where it cannot be drawn, scored or written; [`Error::Stopped`] where it was stopped, with nothing written.
pub(super) fn draw(
    sample: &Sample,
    models: &Models,
    judges: &[LoadedModel<Clip>],
    room: Room,
    stop: &Stop,
    tell: &dyn Fn(Event),
) -> Result<Drawn> {
    let recipe = match &sample.work {
        Work::Draw(existing) => Box::new(draw_and_write(sample, *existing, models, room, stop, tell)?),
        Work::Score(recipe) => recipe.clone(),
        Work::Nothing(_) => return Err(Error::fault("a picture that is done was to be drawn")),
    };
    // What is in the file is judged, so that it does not matter when.
    let judge = || score(&picture::read(&sample.output)?, &sample.settings.prompt, judges);
    let score = (!judges.is_empty()).then(judge).transpose()?;
    Ok(Drawn { recipe, score })
}

fn draw_and_write(
    sample: &Sample,
    existing: Existing,
    models: &Models,
    room: Room,
    stop: &Stop,
    tell: &dyn Fn(Event),
) -> Result<Recipe> {
    let inputs = Recipe::inputs(&sample.settings)?;
    let Room { jobs, max_memory } = room;
    let plan = Plan::within(max_memory.map(|bytes| bytes / jobs.max(1) as u64), sample.settings.clone(), models)?;
    if jobs > 1 {
        let needed = plan.memory().saturating_mul(jobs as u64);
        refuse_above_total(needed, &format!("{jobs} pictures at the same time"), "choose fewer --jobs")?;
    }
    let mut session = Session::new(&plan, models, &mut |message| tell(Event::Warning { message }))?;
    let finished = run(&mut session, stop, &mut |event, _, _| {
        tell(event);
        Ok(())
    })?;
    match finished.end {
        End::Done | End::Plateau => {}
        End::Stopped => return Err(Error::Stopped),
        End::Fault(fault) => return Err(fault),
    }
    let result = ResultRecord { iterations_done: finished.iterations, loss: finished.loss };
    let recipe = Recipe::new(plan.settings().clone(), models.records()?, inputs, result);
    write_whole(&sample.output, &encode(&finished.picture, Some(&recipe))?, existing)?;
    tell(Event::Saved { path: sample.output.clone() });
    Ok(recipe)
}

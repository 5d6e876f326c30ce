//! A whole run, from the first iteration to the last or to the stop.

use candle_core::Tensor;

use super::Session;
use crate::progress::{Ending, Event, Stop};
use crate::{Error, Result};

/// Why a run ended.
#[derive(Debug)]
pub enum End {
    /// All iterations are done
    Done,
    /// The loss fell no further, and the settings ask to stop then
    Plateau,
    /// Someone asked it to stop
    Stopped,
    /// The loss was no finite number, or the GPU's memory was used up; the picture is the last good one
    Fault(Error),
}

impl End {
    /// The same, without what failed.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self {
            Self::Done => Ending::Done,
            Self::Plateau => Ending::Settled,
            Self::Stopped => Ending::Interrupted,
            Self::Fault(_) => Ending::Failed,
        }
    }
}

/// How a run ended.
pub struct Finished {
    /// The picture as [`Session::picture`] has it
    pub picture: Tensor,
    /// Iterations done
    pub iterations: usize,
    /// The last iteration's loss; none without an iteration
    pub loss: Option<f64>,
    /// Why it ended
    pub end: End,
}

/// Told of each event, with the picture an iteration drew.
pub type Watch<'a> = dyn FnMut(Event, Option<&Tensor>, &Session) -> Result<()> + 'a;

/// Runs a session to its end, or until `stop` is requested, and tells `watch`.
///
/// # Errors
/// If the computation fails, or what `watch` returns.
pub fn run(session: &mut Session, stop: &Stop, watch: &mut Watch) -> Result<Finished> {
    let settings = session.settings().clone();
    let total = settings.iterations_to_run();
    let (width, height) = (settings.size.width, settings.size.height);
    let (done, seed) = (session.iteration(), settings.seed.0);
    let gpu = session.device().gpu().map(ToString::to_string);
    watch(Event::Started { iterations: total, done, width, height, seed, gpu }, None, session)?;
    let end = loop {
        if session.is_settled() {
            break End::Plateau;
        }
        if session.iteration() >= total {
            break End::Done;
        }
        if stop.is_requested() {
            break End::Stopped;
        }
        match session.step() {
            Ok((step, picture)) => {
                let event = Event::Step { iteration: step.iteration, loss: step.loss, losses: step.losses };
                watch(event, Some(&picture), session)?;
            }
            Err(error @ (Error::NotFinite { .. } | Error::GpuMemory)) => break End::Fault(error),
            Err(error) => return Err(error),
        }
    };
    session.halt()?;
    let (picture, iterations, loss) = match (session.last(), &end) {
        // What the last step made has no finite loss, or is not drawn yet; what it was made from is there.
        (Some(last), End::Fault(_)) => (session.delivered(&last.picture)?, session.iteration() - 1, last.loss_before),
        (last, _) => (session.picture()?, session.iteration(), last.map(|last| last.loss)),
    };
    Ok(Finished { picture, iterations, loss, end })
}

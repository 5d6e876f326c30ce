//! A whole run, from the first iteration to the last one or to an interruption.

use candle_core::Tensor;

use super::{Session, Step};
use crate::drawer::{self, Drawing};
use crate::picture::Size;
use crate::progress::{Ending, Event, Figures, Stop};
use crate::{Error, Result};

/// Why a run ended.
#[derive(Debug)]
pub enum End {
    /// All iterations are done
    Done,
    /// The loss stopped improving, and the settings ask to stop then
    Plateau,
    /// A stop was requested
    Stopped,
    /// The loss was not finite, or the GPU ran out of memory; the picture is the last good one
    Fault(Error),
}

impl End {
    /// This ending as an event reports it.
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
    /// The picture as [`Session::picture`] returns it
    pub picture: Tensor,
    /// What the picture is made of; none if it cannot be drawn again at another size
    pub drawing: Option<Drawing>,
    /// The number of iterations
    pub iterations: usize,
    /// The loss of the last iteration, and how well the picture fits
    pub figures: Figures,
    /// Why the run ended
    pub end: End,
}

/// Receives each event, with the picture if an iteration drew one.
pub type Watch<'a> = dyn FnMut(Event, Option<&Tensor>, &Session) -> Result<()> + 'a;

/// Runs a session to its end, or until `stop` is requested, and reports each event to `watch`.
///
/// # Errors
/// If the computation or `watch` fails.
pub fn run(session: &mut Session, stop: &Stop, watch: &mut Watch) -> Result<Finished> {
    let settings = session.settings().clone();
    let total = settings.iterations_to_run();
    let Size { width, height } = drawer::of(&settings.drawer)?.finished_size(&settings);
    let (done, seed) = (session.iteration(), settings.seed.0);
    let gpu = session.device().gpu().map(ToString::to_string);
    let iterations_per_frame = settings.iterations_of_frame();
    let started = Event::Started { iterations: total, done, width, height, seed, gpu, iterations_per_frame };
    watch(started, None, session)?;
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
                let Step { iteration, loss, fit, losses } = step;
                let event = Event::Step { iteration, loss, fit, losses };
                watch(event, Some(&picture), session)?;
            }
            Err(error @ (Error::NotFinite { .. } | Error::GpuMemory)) => break End::Fault(error),
            Err(error) => return Err(error),
        }
    };
    session.halt()?;
    let (picture, iterations, loss) = match (session.last(), &end) {
        // The result of the last step has no finite loss or was not drawn; deliver the picture before it.
        (Some(last), End::Fault(_)) => (session.delivered(&last.picture)?, session.iteration() - 1, last.loss_before),
        (last, _) => (session.picture()?, session.iteration(), last.map(|last| last.loss)),
    };
    // After a fault, the parameters are not those of the picture.
    let drawing = if matches!(end, End::Fault(_)) { None } else { session.drawing()? };
    let figures = session.figures(&picture, loss)?;
    Ok(Finished { picture, drawing, iterations, figures, end })
}

//! A whole run, from the first iteration to the last or to the stop.

use candle_core::Tensor;

use super::{Event, Session, Stop};
use crate::{Error, Result};

/// How a run ended.
pub struct Finished {
    /// The picture: `[1, 3, height, width]` with values from 0 to 1
    pub picture: Tensor,
    /// Iterations done
    pub iterations: usize,
    /// The last iteration's loss; none without an iteration
    pub loss: Option<f64>,
    /// Someone asked it to stop
    pub stopped: bool,
    /// The loss was no finite number; the picture is the last good one
    pub fault: Option<Error>,
}

/// Told of each event, with the picture an iteration judged.
pub type Watch<'a> = dyn FnMut(Event, Option<&Tensor>, &Session) -> Result<()> + 'a;

/// Runs a session to its end, or until `stop` is requested, and tells `watch`.
///
/// # Errors
/// Where the computation fails, or what `watch` returns.
pub fn run(session: &mut Session, stop: &Stop, watch: &mut Watch) -> Result<Finished> {
    let total = session.settings().iterations_to_run();
    let size = session.settings().size;
    let seed = session.settings().seed.0;
    let started = Event::Started { iterations: total, width: size.width, height: size.height, seed };
    watch(started, None, session)?;
    let mut loss = None;
    // The picture last judged, the iterations and the loss before it
    let mut last_good = None;
    let mut fault = None;
    while session.iteration() < total && !stop.is_requested() {
        match session.step() {
            Ok((step, picture)) => {
                let before = loss.replace(step.loss);
                let iteration = step.iteration;
                let event = Event::Step { iteration: step.iteration, loss: step.loss, losses: step.losses };
                watch(event, Some(&picture), session)?;
                last_good = Some((picture, iteration, before));
            }
            Err(error @ Error::NotFinite { .. }) => {
                fault = Some(error);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    let (picture, iterations, loss) = match (last_good, &fault) {
        (Some(good), Some(_)) => good,
        _ => (session.picture()?, session.iteration(), loss),
    };
    let stopped = session.iteration() < total && fault.is_none();
    Ok(Finished { picture, iterations, loss, stopped, fault })
}

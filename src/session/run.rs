//! A whole run, from the first iteration to the last or to the stop.

use candle_core::Tensor;

use super::plateau::Plateau;
use super::{Event, Session, Stop};
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
    /// The loss was no finite number; the picture is the last good one
    Fault(Error),
}

/// How a run ended.
pub struct Finished {
    /// The picture: `[1, 3, height, width]` with values from 0 to 1
    pub picture: Tensor,
    /// Iterations done
    pub iterations: usize,
    /// The last iteration's loss; none without an iteration
    pub loss: Option<f64>,
    /// Why it ended
    pub end: End,
}

/// Told of each event, with the picture an iteration judged.
pub type Watch<'a> = dyn FnMut(Event, Option<&Tensor>, &Session) -> Result<()> + 'a;

/// Runs a session to its end, or until `stop` is requested, and tells `watch`.
///
/// # Errors
/// Where the computation fails, or what `watch` returns.
pub fn run(session: &mut Session, stop: &Stop, watch: &mut Watch) -> Result<Finished> {
    let settings = session.settings().clone();
    let total = settings.iterations_to_run();
    let (width, height) = (settings.size.width, settings.size.height);
    watch(Event::Started { iterations: total, width, height, seed: settings.seed.0 }, None, session)?;
    let mut plateau = settings.auto_stop.then(Plateau::default);
    let mut loss = None;
    // The picture last judged, the iterations and the loss before it
    let mut last_good = None;
    let mut end = End::Done;
    while session.iteration() < total {
        if stop.is_requested() {
            end = End::Stopped;
            break;
        }
        match session.step() {
            Ok((step, picture)) => {
                let before = loss.replace(step.loss);
                let iteration = step.iteration;
                let event = Event::Step { iteration, loss: step.loss, losses: step.losses };
                watch(event, Some(&picture), session)?;
                last_good = Some((picture, iteration, before));
                let factor = settings.learning_rate_drops.factor(iteration, settings.iterations);
                if plateau.as_mut().is_some_and(|plateau| plateau.reached(step.loss, factor)) {
                    end = End::Plateau;
                    break;
                }
            }
            Err(error @ Error::NotFinite { .. }) => {
                end = End::Fault(error);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    let (picture, iterations, loss) = match (last_good, &end) {
        (Some(good), End::Fault(_)) => good,
        _ => (session.picture()?, session.iteration(), loss),
    };
    Ok(Finished { picture, iterations, loss, end })
}

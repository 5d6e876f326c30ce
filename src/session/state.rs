//! The state of a session, and a session that continues from it.

use candle_core::{Tensor, Var};

use super::Session;
use super::average::Average;
use super::camera::FrameStart;
use super::coloring::Coloring;
use super::fit::FitSoFar;
use super::plateau::Plateau;
use super::second_pass::{SecondPass, of_another_run};
use crate::Result;
use crate::optimizer::OptimizerState;

/// The state of a session besides its settings, models and input files. With it, a run continues as if it had not been
/// interrupted. Random numbers need no state: their streams depend only on the seed and the iteration.
#[derive(Clone)]
pub struct SessionState {
    /// The number of iterations so far
    pub iteration: usize,
    /// The parameters of the drawer
    pub parameters: Vec<Tensor>,
    /// The state of the optimizer; none to start over
    pub optimizer: Option<OptimizerState>,
    /// The average of the parameters of all iterations so far, if the settings ask for it; none to start over
    pub average: Option<Average>,
    /// The course of the loss, if the settings ask to stop when it stops improving; none to start over
    pub plateau: Option<Plateau>,
    /// The colors that were chosen from the picture, if settings ask for that
    pub palette: Option<Vec<[u8; 3]>>,
    /// The last iteration; none before the first
    pub last: Option<Judged>,
    /// How well the picture fits its prompts so far; none to start over
    pub fit: Option<FitSoFar>,
    /// The picture that the second pass began with, at full size; none if it has not begun
    pub enlarged: Option<Tensor>,
    /// The canvas at the start of the last frame that began with a motion; none if the canvas has not moved
    pub frame_start: Option<FrameStart>,
}

/// The picture that an iteration judged.
#[derive(Clone)]
pub struct Judged {
    /// The picture as it was drawn, before the iteration's step
    pub picture: Tensor,
    /// The loss of the picture
    pub loss: f64,
    /// The loss of the iteration before; none in the first iteration
    pub loss_before: Option<f64>,
}

impl Session {
    /// The state after the last iteration, from which a session can continue.
    #[must_use]
    pub fn state(&self) -> SessionState {
        let (parameters, optimizer) = if let Some(Ok(next)) = &self.ahead {
            (next.before.parameters.clone(), next.before.optimizer.clone())
        } else {
            let parameters = self.drawer.parameters().iter().map(Var::as_detached_tensor).collect();
            (parameters, self.optimizer.state().clone())
        };
        let average = self.average_of_finished().cloned();
        SessionState {
            iteration: self.iteration,
            parameters,
            optimizer: Some(optimizer),
            average,
            plateau: self.plateau.clone(),
            palette: self.coloring.as_ref().and_then(Coloring::found).map(<[_]>::to_vec),
            last: self.last.clone(),
            fit: self.fit,
            enlarged: self.second_pass.as_ref().and_then(SecondPass::enlarged).cloned(),
            frame_start: self.frame_start.clone(),
        }
    }

    /// Continues from the state of a session with the same drawer and size.
    ///
    /// # Errors
    /// If the parameters of the drawer have other shapes.
    pub fn restore(&mut self, state: SessionState) -> Result<()> {
        self.ahead = None;
        if let Some(enlarged) = state.enlarged {
            self.begin_second_pass(enlarged)?;
        }
        if let Some(start) = state.frame_start {
            self.begin_frame(start)?;
        }
        let parameters = self.drawer.parameters();
        restore_parameters(&parameters, &state.parameters)?;
        if let Some(optimizer) = state.optimizer {
            self.optimizer.restore(optimizer)?;
        }
        self.average = match state.average.filter(|_| self.settings.average.is_some()) {
            Some(average) => Some(average.beside(&parameters)?),
            None => None,
        };
        self.averaged.take();
        if let (Some(plateau), Some(saved)) = (&mut self.plateau, state.plateau) {
            *plateau = saved;
        }
        if let (Some(coloring), Some(palette)) = (&mut self.coloring, state.palette) {
            coloring.restore(palette)?;
        }
        (self.iteration, self.last, self.fit) = (state.iteration, state.last, state.fit);
        Ok(())
    }
}

/// Gives the parameters of a drawer the values that they had before.
///
/// # Errors
/// If there are more or fewer of them, or they had other shapes.
pub(super) fn restore_parameters(parameters: &[Var], saved: &[Tensor]) -> Result<()> {
    let fits = |(parameter, saved): (&Var, &Tensor)| parameter.dims() == saved.dims();
    if parameters.len() != saved.len() || !parameters.iter().zip(saved).all(fits) {
        return Err(of_another_run());
    }
    for (parameter, saved) in parameters.iter().zip(saved) {
        parameter.set(&saved.to_device(parameter.device())?)?;
    }
    Ok(())
}

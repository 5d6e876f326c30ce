//! The state of a session.

use candle_core::{Tensor, Var};

use super::average::Average;
use super::camera::FrameStart;
use super::fit::FitSoFar;
use super::plateau::Plateau;
use super::second_pass::of_another_run;
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

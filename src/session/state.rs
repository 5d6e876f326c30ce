//! What a session remembers.

use candle_core::Tensor;

use super::plateau::Plateau;
use crate::optimizer::OptimizerState;

/// All that a session remembers besides its settings, models and input files: with it a run goes on as if it
/// had not been interrupted. Random numbers need nothing here: their streams hang on the seed and the iteration.
#[derive(Clone)]
pub struct SessionState {
    /// Iterations done
    pub iteration: usize,
    /// What the drawer draws from
    pub parameters: Vec<Tensor>,
    /// What the optimizer remembers; none to begin afresh
    pub optimizer: Option<OptimizerState>,
    /// How the loss fell, where the settings ask to stop when it falls no further; none to begin afresh
    pub plateau: Option<Plateau>,
    /// The picture's own colors, where they are asked for and were found
    pub palette: Option<Vec<[u8; 3]>>,
    /// The last iteration; none before the first
    pub last: Option<Judged>,
}

/// What an iteration judged.
#[derive(Clone)]
pub struct Judged {
    /// The picture as it was drawn, before the iteration's step
    pub picture: Tensor,
    /// The picture's loss
    pub loss: f64,
    /// The loss of the iteration before; none in the first
    pub loss_before: Option<f64>,
}

//! What draws: parameters that turn into a picture.

mod start;
mod vqgan;

use candle_core::{Tensor, Var};

pub use start::StartNoise;
pub use vqgan::{Start, VqganDrawer};

use crate::Result;

/// Turns its parameters into a picture. Below this border nothing knows which drawer it is.
pub trait Drawer: Send {
    /// The picture `[1, 3, height, width]` with values from 0 to 1, recorded back to the parameters.
    ///
    /// # Errors
    /// Where the computation fails.
    fn draw(&self) -> Result<Tensor>;

    /// What an optimiser moves.
    fn parameters(&self) -> Vec<Var>;

    /// Brings the parameters back into their range after a step.
    ///
    /// # Errors
    /// Where the computation fails.
    fn constrain(&self) -> Result<()>;

    /// A loss of the drawer's own, with its name: a recorded number, already weighted.
    ///
    /// # Errors
    /// Where the computation fails.
    fn own_loss(&self) -> Result<Option<(&'static str, Tensor)>> {
        Ok(None)
    }
}

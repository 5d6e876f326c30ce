//! What draws: parameters that turn into a picture.

mod pixel;
mod start;
mod vqgan;

use candle_core::{Tensor, Var};
use image::RgbImage;

pub use pixel::{Grid, MOST_CELLS, PixelArt, PixelDrawer, PixelShape};
pub use start::{Start, StartNoise};
pub use vqgan::VqganDrawer;

use crate::Result;

/// What there is to draw with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DrawerKind {
    /// A VQGAN, whose latent is moved
    #[default]
    Vqgan,
    /// Cells, whose colours are moved
    Pixel,
}

crate::settings::text::named_values!(DrawerKind, "drawer", { Vqgan => "vqgan", Pixel => "pixel" });

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

    /// Losses of the drawer's own, with their names: recorded numbers, already weighted.
    ///
    /// # Errors
    /// Where the computation fails.
    fn own_losses(&self) -> Result<Vec<(&'static str, Tensor)>> {
        Ok(Vec::new())
    }
}

/// `[3, height, width]` with values from 0 to 1.
fn to_values(image: &RgbImage) -> Vec<f32> {
    let channel = |channel: usize| image.pixels().map(move |pixel| f32::from(pixel[channel]) / 255.0);
    (0..3).flat_map(channel).collect()
}

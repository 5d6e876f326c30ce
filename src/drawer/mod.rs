//! Drawers: parameters that turn into a picture. Each drawer is a file or a folder here, and an entry in [`ALL`].

mod blueprint;
mod drawing;
mod fourier;
mod list;
mod motion;
mod pixel;
mod start;
mod strokes;
mod vqgan;

use candle_core::{Tensor, Var};
use image::RgbImage;

pub use blueprint::{Blueprint, Effort, Loaded};
pub use drawing::{Between, Drawing, Parts, Render, Reveal, Vector, reveal, vector};
pub use fourier::{FourierDrawer, Look};
pub use list::of;
pub(crate) use list::{limit_names, refusal, with_option};
pub use motion::Motion;
pub(crate) use pixel::repeating;
pub use pixel::{Finish, Grid, MOST_CELLS, PixelArt, PixelDrawer};
pub use start::Start;
#[cfg(test)]
pub(crate) use strokes::Strokes;
pub use vqgan::VqganDrawer;

use crate::optimizer::ParameterGroup;
use crate::palette::{Dither, Palette};
use crate::picture::{to_colours, to_values};
use crate::random::Stream;
use crate::{Error, Result};

/// All drawers, in the order in which they are shown.
pub static ALL: &[&dyn Blueprint] =
    &[&vqgan::VqganBlueprint, &pixel::PixelBlueprint, &strokes::STROKES, &strokes::LINE, &fourier::FourierBlueprint];

/// The name of the loss of a drawer that keeps its parameters close to the starting point.
pub const INIT: &str = "init";

/// Turns its parameters into a picture. Nothing past this border knows which drawer it is.
pub trait Drawer: Send {
    /// Draws the picture, recorded so that gradients reach the parameters: values from 0 to 1, `[1, 3, height, width]`,
    /// or `[1, 4, height, width]` with straight alpha.
    ///
    /// # Errors
    /// If the computation fails.
    fn draw(&self) -> Result<Tensor>;

    /// The parameters that an optimizer changes, with the learning rate of each group; always in the same order.
    fn parameter_groups(&self) -> Vec<ParameterGroup>;

    /// The parameters of all groups, in order.
    #[must_use]
    fn parameters(&self) -> Vec<Var> {
        self.parameter_groups().into_iter().flat_map(|group| group.parameters).collect()
    }

    /// Brings the parameters back into their range after a step.
    ///
    /// # Errors
    /// If the computation fails.
    fn constrain(&self) -> Result<()>;

    /// The picture to deliver, from one that was drawn or from the current parameters: limited to the colors of a
    /// palette if there is one, and without parts that are more transparent than opaque.
    ///
    /// # Errors
    /// If the computation fails, or the picture is not of this drawer.
    fn deliver(&self, drawn: Option<&Tensor>, colors: Option<(&Palette, Dither)>) -> Result<Tensor> {
        let picture = match drawn {
            Some(drawn) => drawn.detach(),
            None => self.draw()?.detach(),
        };
        match colors {
            Some((palette, dither)) => in_palette(&picture, palette, dither),
            None => Ok(picture),
        }
    }

    /// What the picture that [`Drawer::deliver`] makes of the current parameters is made of, with the same colors; none if
    /// such pictures cannot be drawn again at another size.
    ///
    /// # Errors
    /// If the computation fails.
    fn drawing(&self, _colors: Option<(&Palette, Dither)>) -> Result<Option<Drawing>> {
        Ok(None)
    }

    /// Changes the parameters so that the picture is another one of the same size where `touched` is true, with a value for
    /// each pixel, row by row. What the parameters are kept close to stays. Only drawers with the option `overlay` can.
    ///
    /// # Errors
    /// If the drawer cannot, or the computation fails.
    fn repaint(&self, _picture: RgbImage, _touched: &[bool]) -> Result<()> {
        Err(Error::fault("this drawer cannot paint over its picture"))
    }

    /// Moves the canvas: the parameters become those of the picture after the motion. A motion that changes nothing leaves
    /// every bit unchanged. The starting point that the parameters are kept close to stays the same. Parameters that have
    /// left the picture may be replaced by random ones from the stream. Not for tiled pictures.
    ///
    /// # Errors
    /// If the computation fails.
    fn move_canvas(&mut self, motion: &Motion, stream: &mut Stream) -> Result<()>;

    /// What the parameters cannot hold of the canvas since the last motion, in host memory: with it, slow motions add up. None
    /// if nothing has moved, and for drawers whose parameters move exactly.
    #[must_use]
    fn remainder(&self) -> Option<&Tensor> {
        None
    }

    /// Takes the remainder of the run that the parameters come from.
    ///
    /// # Errors
    /// If a drawer of this kind and size cannot have such a remainder.
    fn restore_remainder(&mut self, remainder: Option<Tensor>) -> Result<()> {
        match remainder {
            Some(_) => Err(Error::fault("this drawer leaves no remainder of a motion")),
            None => Ok(()),
        }
    }

    /// Makes the current parameters the new starting point, if parameters are kept close to a starting point.
    ///
    /// # Errors
    /// If the computation fails.
    fn hold_here(&mut self) -> Result<()>;

    /// The drawer's own losses by name: weighted numbers, recorded so that gradients reach the parameters. The loss `init`
    /// keeps the parameters close to the starting point.
    ///
    /// # Errors
    /// If the computation fails.
    fn own_losses(&self) -> Result<Vec<(&'static str, Tensor)>> {
        Ok(Vec::new())
    }
}

/// Limits a picture `[1, 3, height, width]`, or `[1, 4, height, width]` with straight alpha, to the colors of a
/// palette. Invisible pixels pass no dithering errors to their neighbors.
///
/// # Errors
/// If the tensor has another shape.
fn in_palette(picture: &Tensor, palette: &Palette, dither: Dither) -> Result<Tensor> {
    let (_, channels, height, width) = picture.dims4()?;
    let mut colors = to_colours(picture)?;
    let alphas = (channels > 3).then(|| picture.narrow(1, 3, 1)).transpose()?;
    if let Some(alphas) = &alphas {
        let hidden = palette.colours()[0].map(|channel| f32::from(channel) / 255.0);
        let values = alphas.flatten_all()?.to_vec1::<f32>()?;
        colors.iter_mut().zip(values).filter(|(_, alpha)| *alpha == 0.0).for_each(|(color, _)| *color = hidden);
    }
    let indexed = palette.apply(&colors, width, dither);
    let colored = Tensor::from_vec(to_values(&indexed.to_rgb(), 3), (1, 3, height, width), picture.device())?;
    match alphas {
        Some(alphas) => Ok(Tensor::cat(&[colored, alphas], 1)?),
        None => Ok(colored),
    }
}

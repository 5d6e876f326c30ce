//! The drawer of waves, whose parameters are the spectrum of the picture (Olah, Mordvintsev and Schubert, "Feature
//! Visualization", 2017; with CLIP in aphantasia).

mod blueprint;
mod colors;
mod drawing;
mod gains;
mod sharpness;
mod start;
#[cfg(test)]
mod tests;
mod tone;
mod transform;
mod waves;

use std::cell::Cell;

use candle_core::{Device, Tensor, Var};

use super::motion::Motion;
use super::start::{Start, picture as noise_picture};
use super::{Drawer, Drawing, INIT};
use crate::device::bring;
use crate::frozen::{Middle, Network, Padding, SquareSum, Step};
use crate::optimizer::ParameterGroup;
use crate::palette::{Dither, Palette};
use crate::picture::{Size, Tile, to_values};
use crate::random::Stream;
use crate::settings::{Settings, StartNoise};
use crate::{Result, picture};
pub(super) use blueprint::FourierBlueprint;
use drawing::Finished;
use sharpness::Sharpness;
use tone::{Contrast, Tone};
use waves::Waves;

/// What the waves of a picture that starts from a picture are multiplied by, times their usual deviation. It does not affect
/// the first picture. A fifth of the usual contrast makes each step a fifth as large as from noise: larger steps leave specks
/// of the strongest colors in details (`weights/embedded/README.md`).
const FIXED_CONTRAST: f64 = 0.22;

/// The look of a picture of waves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// How fast the strength of waves falls with their frequency
    pub decay: f64,
    /// How much hue there is beside brightness
    pub colorfulness: f64,
    /// The standard deviation of the waves of a picture that starts from noise
    pub contrast: f64,
    /// The weight of the loss that keeps details
    pub sharpness: f64,
    /// How the picture is tiled, if it is
    pub tile: Option<Tile>,
}

impl Look {
    /// The look of aphantasia's `clip_fft.py`.
    pub const USUAL: Self = Self { decay: 1.5, colorfulness: 1.8, contrast: 1.1, sharpness: 0.0, tile: None };

    /// The look that settings ask for.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let Settings { decay, colorfulness, contrast, sharpness, tile, .. } = *settings;
        Self {
            decay: decay.unwrap_or(Self::USUAL.decay),
            colorfulness: colorfulness.unwrap_or(Self::USUAL.colorfulness),
            contrast: contrast.unwrap_or(Self::USUAL.contrast),
            sharpness: sharpness.unwrap_or(Self::USUAL.sharpness),
            tile,
        }
    }
}

/// Draws by optimizing the spectrum of a picture.
pub struct FourierDrawer {
    /// `[3, height, width / 2 + 1, 2]`, with the width of the picture, or twice that for a half drop: real and imaginary
    /// parts, in units of a random spectrum before its gains
    spectrum: Var,
    look: Look,
    size: Size,
    contrast: Contrast,
    /// From the spectrum to the sum of the waves and back
    waves: Waves<f32>,
    /// From the spectrum to the picture
    synthesis: Network,
    /// The weighted losses of the picture, by name
    losses: Vec<(&'static str, Network)>,
    /// The weight that keeps the picture close to its starting point; 0 if it is not kept close
    hold: f64,
    /// The picture that was drawn last, if the losses need it
    drawn: Cell<Option<Tensor>>,
}

impl FourierDrawer {
    /// Creates a drawer for a picture of this size, on a device.
    ///
    /// # Errors
    /// If the starting picture cannot be resized to this size.
    pub fn new(look: Look, size: Size, start: Start, device: &Device) -> Result<Self> {
        let waves = Waves::tiled(size, look.decay, look.tile);
        let dimensions = Waves::<f32>::dimensions(Waves::<f32>::size_of(size, look.tile));
        let count = dimensions.iter().product();
        let matrix = colors::matrix(look.colorfulness);
        let mut losses = Vec::new();
        let mut held_to = |values: Vec<f32>, weight: f64| {
            if weight > 0.0 {
                losses.push((INIT, Network::of(SquareSum::mean_from(values, weight))));
            }
        };
        let hold = if let Start::Picture(_, hold) = &start { *hold } else { 0.0 };
        let given = match start {
            Start::Noise(StartNoise::Codes, stream) => Err(stream),
            Start::Noise(noise, stream) => Ok((noise_picture(noise, size, look.tile, stream), 0.0)),
            Start::Picture(image, hold) => Ok((to_values(&picture::cover(image, size)?, 3), hold)),
        };
        let (spectrum, contrast) = match given {
            // Random codes mean a random spectrum.
            Err(stream) => (start::random(count, stream), Contrast::Deviation(look.contrast)),
            Ok((mut values, hold)) => {
                let (least, most) = start::LIMITS;
                for value in &mut values {
                    *value = value.clamp(least, most);
                }
                held_to(values.clone(), hold);
                let factor = FIXED_CONTRAST / start::DEVIATION;
                let values = if look.tile == Some(Tile::HalfDrop) { beside_copy(&values, size) } else { values };
                (start::of_picture(values, &waves, &matrix, factor, count), Contrast::Fixed(factor))
            }
        };
        if look.sharpness > 0.0 {
            losses.push(("sharpness", Network::of(Sharpness::new(size, look.tile, look.sharpness))));
        }
        let spectrum = Var::from_tensor(&Tensor::from_vec(spectrum, &dimensions, device)?)?;
        let mut steps = vec![Step::layer(waves.clone()), Step::layer(Tone { contrast, matrix })];
        if let Some(tile) = look.tile.filter(|tile| *tile == Tile::HalfDrop) {
            // Without the copy beside it.
            let copy = Padding { top: 0, bottom: 0, left: 0, right: size.width };
            steps.push(Step::layer(Middle::of(tile, copy)));
        }
        let synthesis = Network::new(steps);
        Ok(Self { spectrum, look, size, contrast, waves, synthesis, losses, hold, drawn: Cell::new(None) })
    }

    /// The networks that draw the picture and that judge it.
    #[cfg(test)]
    pub(crate) fn networks(&self) -> impl Iterator<Item = &Network> {
        std::iter::once(&self.synthesis).chain(self.losses.iter().map(|(_, loss)| loss))
    }

    /// The picture, recorded.
    fn picture(&self) -> Result<Tensor> {
        Ok(self.synthesis.forward(self.spectrum.as_tensor())?)
    }
}

/// Planes `[channels, height, width]` with a copy on the right that is half a picture lower.
fn beside_copy(values: &[f32], size: Size) -> Vec<f32> {
    let Size { width, height } = size;
    let rows = values.chunks_exact(width);
    let mut both = Vec::with_capacity(2 * values.len());
    for (index, row) in rows.enumerate() {
        let (plane, line) = (index / height, index % height);
        let beside = plane * height + (line + height / 2) % height;
        both.extend_from_slice(row);
        both.extend_from_slice(&values[beside * width..][..width]);
    }
    both
}

impl Drawer for FourierDrawer {
    fn draw(&self) -> Result<Tensor> {
        let picture = self.picture()?;
        if !self.losses.is_empty() {
            self.drawn.set(Some(picture.clone()));
        }
        Ok(picture)
    }

    fn parameter_groups(&self) -> Vec<ParameterGroup> {
        vec![ParameterGroup::new(vec![self.spectrum.clone()])]
    }

    /// The waves of the current spectrum, each with what it is multiplied by in the picture.
    fn drawing(&self, colors: Option<(&Palette, Dither)>) -> Result<Option<Drawing>> {
        let size = Waves::<f32>::size_of(self.size, self.look.tile);
        if size.width.saturating_mul(size.height) > drawing::MOST_PIXELS {
            return Ok(None);
        }
        let waves = &self.waves;
        let spectrum = self.spectrum.as_detached_tensor().flatten_all()?.to_vec1::<f32>()?;
        let mut planes = vec![0.0; 3 * size.width * size.height];
        waves.planes(&spectrum, &mut planes);
        let tone = Tone { contrast: self.contrast, matrix: colors::matrix(self.look.colorfulness) };
        let factor = tone.factor(&planes);
        let colors = colors.map(|(palette, _)| palette.colours().to_vec()).unwrap_or_default();
        let amplitude = |row: usize, bin: usize| waves.gain(row, bin) * factor;
        Ok(Finished::new(size, self.look.colorfulness, colors, &spectrum, amplitude).to_drawing())
    }

    /// Every spectrum is a picture; the one before the step is forgotten.
    fn constrain(&self) -> Result<()> {
        self.drawn.take();
        Ok(())
    }

    /// Moves the sum of the waves before it becomes colors, so that no color is limited on the way.
    fn move_canvas(&mut self, motion: &Motion, _: &mut Stream) -> Result<()> {
        if motion.is_none() {
            return Ok(());
        }
        let waves = &self.waves;
        let Size { width, height } = Waves::<f32>::size_of(self.size, self.look.tile);
        let mut spectrum = bring(&self.spectrum.as_detached_tensor())?.flatten_all()?.to_vec1::<f32>()?;
        let mut planes = vec![0.0; 3 * width * height];
        waves.planes(&spectrum, &mut planes);
        let moved = motion.of(&Tensor::from_vec(planes, (1, 3, height, width), &Device::Cpu)?)?;
        waves.spectrum(&moved.flatten_all()?.to_vec1::<f32>()?, &mut spectrum);
        self.spectrum.set(&Tensor::from_vec(spectrum, self.spectrum.shape(), self.spectrum.device())?)?;
        self.drawn.take();
        Ok(())
    }

    fn hold_here(&mut self) -> Result<()> {
        if self.hold > 0.0 {
            let values = bring(&self.picture()?.detach())?.flatten_all()?.to_vec1::<f32>()?;
            let held = Network::of(SquareSum::mean_from(values, self.hold));
            self.losses.iter_mut().filter(|(name, _)| *name == INIT).for_each(|(_, loss)| *loss = held.clone());
        }
        Ok(())
    }

    /// The losses of the picture that was drawn last, whose gradient then reaches the spectrum in the same pass.
    fn own_losses(&self) -> Result<Vec<(&'static str, Tensor)>> {
        if self.losses.is_empty() {
            return Ok(Vec::new());
        }
        let picture = match self.drawn.take() {
            Some(drawn) => drawn,
            None => self.picture()?,
        };
        let judge = |(name, loss): &(&'static str, Network)| -> Result<_> { Ok((*name, loss.forward(&picture)?)) };
        self.losses.iter().map(judge).collect()
    }
}

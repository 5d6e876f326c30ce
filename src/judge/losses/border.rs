//! The losses that give the edge of the picture a color, or the edge of another picture.

use std::path::{Path, PathBuf};

use super::measure::{BYTES, Measure};
use super::visible::{Visible, share};
use super::{Loss, LossValue, Seen, Verdict, fitted_memory, sizes};
use crate::frozen::MemoryOf;
use crate::picture::{self, Size, to_values};
use crate::settings::{Color, Settings};
use crate::{Error, Result};

/// The width of the border as a share of the shorter side, as in pixray.
const WIDTH: f64 = 0.05;
/// What the losses are multiplied by at weight 1.
const SCALE: f64 = 10.0;

/// The mean square, over the values in the border, of the difference to a color (the loss `edge` in pixray, without its pull
/// at the rest of the picture).
pub(super) struct Border {
    /// Red, green and blue, 0 to 1
    color: [f64; 3],
}

impl Border {
    /// A border of a color.
    pub fn new(color: Color) -> Self {
        Self { color: color.0.map(|byte| f64::from(byte) / 255.0) }
    }
}

impl Measure for Border {
    const SCALE: f64 = SCALE;

    fn measure(&self, seen: &Visible, factor: f64) -> (f64, Vec<f32>) {
        measure(seen, factor, |channel, _| self.color[channel])
    }
}

/// The same difference to the border of another picture.
pub(super) struct Frame {
    name: &'static str,
    weight: f64,
    path: PathBuf,
    /// The sizes that are drawn
    sizes: Vec<Size>,
    /// The middle of the other picture at each size, `[3, height, width]`, once it has been read
    fitted: Vec<(Size, Vec<f32>)>,
}

impl Frame {
    /// A border like that of the picture in a file, for a run with these settings.
    pub fn new(name: &'static str, weight: f64, path: &Path, settings: &Settings) -> Self {
        Self { name, weight, path: path.to_owned(), sizes: sizes(settings), fitted: Vec::new() }
    }
}

impl Loss for Frame {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&mut self) -> Result<()> {
        let picture = picture::read(&self.path)?;
        let fitted = self.sizes.iter().map(|size| Ok((*size, to_values(&picture::cover(picture.clone(), *size)?, 3))));
        self.fitted = fitted.collect::<Result<_>>()?;
        Ok(())
    }

    fn judge(&mut self, seen: &Seen) -> Result<Option<Verdict>> {
        let visible = seen.visible()?;
        let (_, values) = self
            .fitted
            .iter()
            .find(|(size, _)| *size == visible.size)
            .ok_or_else(|| Error::fault("the picture of a border was not read at the size that is drawn"))?;
        let area = visible.area();
        let aim = |channel: usize, pixel: usize| f64::from(values[channel * area + pixel]);
        let (loss, slopes) = measure(visible, self.weight * SCALE, aim);
        Ok(Some(Verdict { loss: LossValue::Known(loss), gradient: visible.gradient(seen.picture, slopes)? }))
    }

    fn memory(&self, size: Size, _: MemoryOf) -> Result<u64> {
        Ok(BYTES.saturating_mul((size.width as u64).saturating_mul(size.height as u64)))
    }

    /// The other picture at both sizes. Reading it is estimated where all input images are.
    fn kept(&self, size: Size) -> u64 {
        fitted_memory(size)
    }
}

/// The width of the border of a picture in pixels, at least 1.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn width_of(size: Size) -> usize {
    ((size.width.min(size.height) as f64 * WIDTH).round() as usize).max(1)
}

/// The mean square of the difference within the border, times a factor, and its slopes. `aim` has the value for each channel
/// and pixel.
fn measure(seen: &Visible, factor: f64, aim: impl Fn(usize, usize) -> f64 + Sync) -> (f64, Vec<f32>) {
    let (Size { width, height }, wide) = (seen.size, width_of(seen.size));
    let inner = width.saturating_sub(2 * wide) * height.saturating_sub(2 * wide);
    let each = share(factor, 3 * (seen.area() - inner));
    let is_near = |place: usize, side: usize| place < wide || place + wide >= side;
    let apart = |channel: usize, pixel: usize| {
        let is_border = is_near(pixel % width, width) || is_near(pixel / width, height);
        if is_border { seen.value(channel, pixel) - aim(channel, pixel) } else { 0.0 }
    };
    let [sum] = seen.sums(|pixel| [(0..3).map(|channel| apart(channel, pixel).powi(2)).sum()]);
    (each * sum, seen.slopes(|channel, pixel| 2.0 * each * apart(channel, pixel)))
}

//! Losses of the picture itself, in addition to the perceptors: those of options, in [`ALL`], and those of `--loss`, in
//! [`asked`]. Each is a file here; losses with formulas that are alike share one.

mod border;
mod differences;
mod gram;
mod measure;
mod nearness;
mod palette;
mod saturation;
mod style;
mod symmetry;
#[cfg(test)]
mod tests;
mod vignette;
mod visible;

use std::cell::OnceCell;
use std::sync::Arc;

use candle_core::Tensor;

use border::{Border, Frame};
use differences::{Evening, Sharpness, Smoothness, Variation};
use measure::measured;
use saturation::Saturation;
use style::Style;
use symmetry::Symmetry;
use vignette::Vignette;
use visible::Visible;

use crate::clip::Clip;
use crate::frozen::MemoryOf;
use crate::palette::Palette;
use crate::picture::Size;
use crate::settings::{Color, LossAim, LossKind, PictureLoss, Settings};
use crate::{Error, Result};

/// Creates the loss if the settings ask for it.
type Constructor = fn(&Settings) -> Option<Box<dyn Loss>>;

/// The losses of options of their own, in the order in which they are summed and shown. Those of `--loss` follow.
const ALL: &[Constructor] = &[palette::new, nearness::new];

/// The losses that settings ask for, in a run with these CLIP models. Perceptors compute the loss `aesthetic`, since they have
/// the features that the loss depends on ([`super::Perceptor::rating()`]).
///
/// # Errors
/// If a loss does not work with the models.
pub fn losses(settings: &Settings, clips: &[Arc<Clip>]) -> Result<Vec<Box<dyn Loss>>> {
    let own = ALL.iter().filter_map(|new| new(settings)).map(Ok);
    let of_picture = settings.losses().filter(|loss| loss.weight != 0.0 && loss.kind != LossKind::Aesthetic);
    own.chain(of_picture.map(|loss| asked(loss, settings, clips))).collect()
}

/// A loss of `--loss`.
fn asked(loss: &PictureLoss, settings: &Settings, clips: &[Arc<Clip>]) -> Result<Box<dyn Loss>> {
    let (name, weight) = (loss.kind.name(), loss.weight);
    let color = match (&loss.aim, loss.kind) {
        (Some(LossAim::Color(color)), _) => *color,
        (Some(LossAim::Picture(path)), LossKind::Style) => {
            return Ok(Box::new(Style::new(name, weight, path.as_ref(), settings, clips)?));
        }
        (Some(LossAim::Picture(path)), _) => return Ok(Box::new(Frame::new(name, weight, path.as_ref(), settings))),
        (None, _) => Color([255; 3]),
    };
    let tile = settings.tile;
    let evening = |of: Evening| measured(loss, Smoothness { of, tile });
    Ok(match loss.kind {
        LossKind::Saturation => measured(loss, Saturation),
        LossKind::Symmetry => measured(loss, Symmetry::LeftRight),
        LossKind::SymmetryTopBottom => measured(loss, Symmetry::TopBottom),
        LossKind::SymmetryHalfTurn => measured(loss, Symmetry::HalfTurn),
        LossKind::Smoothness => evening(Evening::Plain),
        LossKind::SmoothnessClipped => evening(Evening::Clipped),
        LossKind::SmoothnessLog => evening(Evening::Log),
        LossKind::Tv => measured(loss, Variation { tile }),
        LossKind::Sharpness => measured(loss, Sharpness { tile }),
        LossKind::Border => measured(loss, Border::new(color)),
        LossKind::Vignette => measured(loss, Vignette::new(color)),
        // Perceptors compute the first, and the second always has a picture.
        LossKind::Aesthetic | LossKind::Style => {
            return Err(Error::fault(format!("{name} is not a function of pixels")));
        }
    })
}

/// The sizes that are drawn: a second pass has another one.
fn sizes(settings: &Settings) -> Vec<Size> {
    let mut sizes = vec![settings.first_size(), settings.size];
    sizes.dedup();
    sizes
}

/// What an image kept at all sizes takes as numbers, in bytes.
fn fitted_memory(size: Size) -> u64 {
    (12_u64 + 12).saturating_mul((size.width as u64).saturating_mul(size.height as u64))
}

/// A loss of the picture, whatever drew it.
pub trait Loss: Send {
    /// The name that progress and events show.
    fn name(&self) -> &'static str;

    /// Reads what the loss needs, before anything is judged.
    ///
    /// # Errors
    /// If a file cannot be read.
    fn prepare(&mut self) -> Result<()> {
        Ok(())
    }

    /// The loss of a picture and its gradient; none if the loss does not apply in this iteration.
    ///
    /// # Errors
    /// If the computation fails, or the tensor is not a picture.
    fn judge(&mut self, seen: &Seen) -> Result<Option<Verdict>>;

    /// The peak memory of judging a picture of this size, besides the picture itself and what the loss keeps, in bytes.
    ///
    /// # Errors
    /// If a model cannot take the picture's size.
    fn memory(&self, size: Size, of: MemoryOf) -> Result<u64>;

    /// The memory of what the loss keeps during the whole run, whose finished picture has this size, in bytes.
    fn kept(&self, _size: Size) -> u64 {
        0
    }
}

/// The input of a loss.
pub struct Seen<'a> {
    /// The picture as it was drawn, detached, values from 0 to 1: `[1, 3, height, width]`, or `[1, 4, height, width]`
    /// with straight alpha
    pub picture: &'a Tensor,
    /// The number of the iteration, from 0
    pub iteration: usize,
    /// The palette of the picture; none if there is no palette, or if it is not known yet
    pub palette: Option<&'a Palette>,
    /// The gray that perceptors see behind a transparent picture, 0 to 1
    pub gray: f64,
    /// What is visible, once a loss has asked for it
    visible: OnceCell<Visible>,
}

impl<'a> Seen<'a> {
    /// A picture, the number of its iteration, its palette, and the gray behind it.
    #[must_use]
    pub fn new(picture: &'a Tensor, iteration: usize, palette: Option<&'a Palette>, gray: f64) -> Self {
        Self { picture, iteration, palette, gray, visible: OnceCell::new() }
    }

    /// What is visible of the picture. Waits for the device of the picture.
    fn visible(&self) -> Result<&Visible> {
        if let Some(visible) = self.visible.get() {
            return Ok(visible);
        }
        let visible = Visible::of(self.picture, self.gray)?;
        Ok(self.visible.get_or_init(|| visible))
    }
}

/// The output of a loss.
pub struct Verdict {
    /// The weighted loss
    pub loss: LossValue,
    /// The gradient of the weighted loss, with the shape and on the device of the picture
    pub gradient: Tensor,
}

/// The value of a loss, known or still being computed on the device of the picture.
pub enum LossValue {
    /// The value; the loss waited for the device
    Known(f64),
    /// A tensor with one `f32`, which may not be computed yet
    Computed(Tensor),
}

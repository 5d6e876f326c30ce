//! What the losses have in common that look at what is visible of the picture.

use super::visible::Visible;
use super::{Loss, LossValue, Seen, Verdict};
use crate::Result;
use crate::frozen::MemoryOf;
use crate::picture::Size;
use crate::settings::PictureLoss;

/// What each pixel of the picture takes, in bytes: as it was drawn (16) and as it is visible (12), the slopes without and
/// with alpha (12 and 16), a number for the pixel (8), and the sum of two gradients (16).
pub(super) const BYTES: u64 = 80;

/// A function of what is visible of a picture. It is computed on the CPU, in double precision.
pub(super) trait Measure: Send + Sync {
    /// What the function is multiplied by at weight 1, so that it has a visible effect beside the distance to a prompt, which
    /// is about 0.5
    const SCALE: f64;

    /// The function times `factor`, and its slopes `[3, height, width]`.
    fn measure(&self, seen: &Visible, factor: f64) -> (f64, Vec<f32>);
}

/// A loss that is a function of what is visible.
struct Measured<M> {
    name: &'static str,
    /// The weight times the scale
    factor: f64,
    measure: M,
}

/// A loss with the weight that is asked for.
pub(super) fn measured<M: Measure + 'static>(loss: &PictureLoss, measure: M) -> Box<dyn Loss> {
    Box::new(Measured { name: loss.kind.name(), factor: loss.weight * M::SCALE, measure })
}

impl<M: Measure> Loss for Measured<M> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn judge(&mut self, seen: &Seen) -> Result<Option<Verdict>> {
        let visible = seen.visible()?;
        let (loss, slopes) = self.measure.measure(visible, self.factor);
        Ok(Some(Verdict { loss: LossValue::Known(loss), gradient: visible.gradient(seen.picture, slopes)? }))
    }

    fn memory(&self, size: Size, _: MemoryOf) -> Result<u64> {
        Ok(BYTES.saturating_mul((size.width as u64).saturating_mul(size.height as u64)))
    }
}

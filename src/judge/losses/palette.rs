//! The pull toward the colors of a palette.

use candle_core::Tensor;
use rayon::prelude::*;

use super::{Loss, LossValue, Seen, Verdict};
use crate::Result;
use crate::frozen::MemoryOf;
use crate::palette::oklab;
use crate::picture::{Size, to_colours};
use crate::settings::Settings;

/// Pulls each pixel toward the nearest color of the palette.
struct PalettePull {
    weight: f64,
    iterations: usize,
}

/// Creates the pull for pictures that are limited to a palette.
pub(super) fn new(settings: &Settings) -> Option<Box<dyn Loss>> {
    let pull = PalettePull { weight: settings.palette_weight, iterations: settings.iterations };
    settings.has_few_colors().then(|| Box::new(pull) as _)
}

impl Loss for PalettePull {
    fn name(&self) -> &'static str {
        "palette"
    }

    /// The mean square of the distance in OKLab between each pixel and the nearest color of the palette. The weight
    /// grows linearly and reaches its full value in the last iteration. The gradient of alpha is zero.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn judge(&mut self, seen: &Seen) -> Result<Option<Verdict>> {
        let Some(palette) = seen.palette.filter(|_| self.weight > 0.0) else { return Ok(None) };
        let grown = ((seen.iteration + 1) as f64 / self.iterations.max(1) as f64).min(1.0);
        let picture = seen.picture;
        let colors = to_colours(picture)?;
        let share = self.weight * grown / colors.len() as f64;
        let pulls: Vec<(f32, [f32; 3])> = colors
            .into_par_iter()
            .with_min_len(1 << 10)
            .map(|color| {
                let lab = oklab::of_unit_srgb(color);
                let aim = palette.perceived()[palette.nearest(lab)];
                let apart: [f32; 3] = std::array::from_fn(|axis| lab[axis] - aim[axis]);
                let slope = oklab::slope(color, apart.map(|apart| 2.0 * apart));
                (apart.iter().map(|apart| apart * apart).sum(), slope.map(|slope| slope * share as f32))
            })
            .collect();
        let loss: f64 = pulls.iter().map(|(square, _)| f64::from(*square)).sum::<f64>() * share;
        let mut slopes = Vec::with_capacity(picture.elem_count());
        (0..3).for_each(|channel| slopes.extend(pulls.iter().map(|(_, slope)| slope[channel])));
        slopes.resize(picture.elem_count(), 0.0);
        let gradient = Tensor::from_vec(slopes, picture.shape(), picture.device())?;
        Ok(Some(Verdict { loss: LossValue::Known(loss), gradient }))
    }

    /// The picture, the pull of each pixel, and the slopes, once as numbers and once as a tensor.
    fn memory(&self, size: Size, _: MemoryOf) -> Result<u64> {
        Ok((12 + 16 + 2 * 12) * (size.width.saturating_mul(size.height) as u64))
    }
}

//! How transparent cells are: an alpha for each, which is pulled down, so that those a prompt does not need vanish.

use candle_core::{DType, Device, Tensor, Var};

use super::roughness::roughness;
use crate::Result;
use crate::picture::Size;

/// What alphas begin with: in sight, and with room on both sides.
const START: f64 = 0.75;
/// Cells below this are left out in the end.
const DROPPED: f64 = 0.5;
/// How much less the middle is pulled down than the edges, where what is drawn seldom is: the deviation of a bell, as a
/// share of half a side (pixray's `--alpha_use_g`, `--alpha_gamma`).
const BELL: f64 = 0.5;
/// How strongly neighbors are held together beside that pull: without it every other cell of a plane vanishes.
const TOGETHER: f64 = 12.0;

/// The alphas of cells.
pub(super) struct Alphas {
    /// `[1, 1, rows, columns]` of the lattice, values from 0 to 1
    pub(super) values: Var,
    weight: f64,
    /// How strongly each is pulled down, of the same shape; their mean is 1
    pulls: Tensor,
}

impl Alphas {
    /// Those of a lattice, pulled down with a weight.
    pub(super) fn new(lattice: Size, weight: f64, device: &Device) -> Result<Self> {
        let Size { width, height } = lattice;
        let start = Tensor::full(START, (1, 1, height, width), device)?.to_dtype(DType::F32)?;
        let places = (0..height).flat_map(|row| (0..width).map(move |column| (column, row)));
        let pulls: Vec<f64> = places
            .map(|(column, row)| {
                let square = from_middle(column, width).powi(2) + from_middle(row, height).powi(2);
                // The middle of a single cell is pulled, too.
                1.0 + f64::EPSILON - (-square / (2.0 * BELL * BELL)).exp()
            })
            .collect();
        let pulls = Tensor::from_vec(pulls, (1, 1, height, width), &Device::Cpu)?;
        let pulls = pulls.broadcast_div(&pulls.mean_all()?)?.to_dtype(DType::F32)?.to_device(device)?;
        Ok(Self { values: Var::from_tensor(&start)?, weight, pulls })
    }

    /// Brings them back into their range.
    pub(super) fn constrain(&self) -> Result<()> {
        Ok(self.values.set(&self.values.clamp(0.0, 1.0)?.detach())?)
    }

    /// What pulls them down, by its weight: the mean of a (2 - a), whose slope is steep at 0 and none at 1, so that cells
    /// are in sight or not, and few are half so; and the mean square of neighbors' differences.
    pub(super) fn loss(&self) -> Result<Tensor> {
        let values = self.values.as_tensor();
        let down = values.affine(-1.0, 2.0)?.mul(values)?.mul(&self.pulls)?.mean_all()?;
        let loss = match roughness(values)? {
            Some(roughness) => (down + (roughness * TOGETHER)?)?,
            None => down,
        };
        Ok((loss * self.weight)?)
    }
}

/// Where a cell lies between the middle, 0, and the edges, -1 and 1.
#[allow(clippy::cast_precision_loss)]
fn from_middle(at: usize, count: usize) -> f64 {
    (2 * at + 1) as f64 / count as f64 - 1.0
}

/// Cells `[1, 4, rows, columns]` in sight or not at all.
pub(super) fn drop_cells(cells: &Tensor) -> Result<Tensor> {
    let in_sight = cells.narrow(1, 3, 1)?.ge(DROPPED)?.to_dtype(cells.dtype())?;
    Ok(Tensor::cat(&[cells.narrow(1, 0, 3)?, in_sight], 1)?)
}

/// Brings cells `[1, 4, rows, columns]` to pixels by a linear map of each channel: what is transparent adds no color.
pub(super) fn blend(cells: &Tensor, to_pixels: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let alphas = cells.narrow(1, 3, 1)?;
    let pixels = to_pixels(&Tensor::cat(&[cells.narrow(1, 0, 3)?.broadcast_mul(&alphas)?, alphas], 1)?)?;
    let alphas = pixels.narrow(1, 3, 1)?.contiguous()?;
    // Where nothing is in sight there is no color either.
    let colors = pixels.narrow(1, 0, 3)?.broadcast_div(&alphas.maximum(f32::MIN_POSITIVE)?)?;
    Ok(Tensor::cat(&[colors, alphas], 1)?)
}

//! The transparency of cells: each has an alpha, which is pulled down so that cells that the prompt does not need
//! vanish.

use candle_core::{DType, Device, Tensor, Var};

use super::roughness::roughness;
use crate::Result;
use crate::picture::{Size, Tile};

/// The alpha at the start: visible, with room in both directions.
const START: f64 = 0.75;
/// Cells with an alpha below this are left out at the end.
const DROPPED: f64 = 0.5;
/// The standard deviation of a bell curve, as a share of half a side. The middle, which usually holds the subject, is
/// pulled down less than the edges (`--alpha_use_g` and `--alpha_gamma` in pixray).
const BELL: f64 = 0.5;
/// The weight that keeps the alphas of neighbors alike: without it, every other cell of an area vanishes.
const TOGETHER: f64 = 12.0;

/// The alphas of cells.
pub(super) struct Alphas {
    /// `[1, 1, rows, columns]`, values from 0 to 1
    pub(super) values: Var,
    tile: Option<Tile>,
    weight: f64,
    /// How strongly each alpha is pulled down, of the same shape; the mean is 1
    pulls: Tensor,
}

impl Alphas {
    /// Creates the alphas of a lattice, which are pulled down with a weight. A picture that is tiled has no middle between
    /// edges that continue each other.
    pub(super) fn new(lattice: Size, tile: Option<Tile>, weight: f64, device: &Device) -> Result<Self> {
        let Size { width, height } = lattice;
        let start = Tensor::full(START, (1, 1, height, width), device)?.to_dtype(DType::F32)?;
        let places = (0..height).flat_map(|row| (0..width).map(move |column| (column, row)));
        let pulls: Vec<f64> = places
            .map(|(column, row)| {
                let across = if tile.is_some_and(Tile::wraps_across) { 0.0 } else { from_middle(column, width) };
                let down = if tile.is_some_and(Tile::wraps_down) { 0.0 } else { from_middle(row, height) };
                let square = across.powi(2) + down.powi(2);
                // A grid of one cell has only a middle, which must be pulled as well.
                1.0 + f64::EPSILON - (-square / (2.0 * BELL * BELL)).exp()
            })
            .collect();
        let pulls = Tensor::from_vec(pulls, (1, 1, height, width), &Device::Cpu)?;
        let pulls = pulls.broadcast_div(&pulls.mean_all()?)?.to_dtype(DType::F32)?.to_device(device)?;
        Ok(Self { values: Var::from_tensor(&start)?, tile, weight, pulls })
    }

    /// Clamps the alphas to their range.
    pub(super) fn constrain(&self) -> Result<()> {
        Ok(self.values.set(&self.values.clamp(0.0, 1.0)?.detach())?)
    }

    /// The weighted loss that pulls the alphas down: the mean of a (2 - a), whose slope is steep at 0 and zero at 1, so
    /// that few cells are half visible, and the mean square of the differences between neighbors.
    pub(super) fn loss(&self) -> Result<Tensor> {
        let values = self.values.as_tensor();
        let down = values.affine(-1.0, 2.0)?.mul(values)?.mul(&self.pulls)?.mean_all()?;
        let loss = match roughness(values, self.tile)? {
            Some(roughness) => (down + (roughness * TOGETHER)?)?,
            None => down,
        };
        Ok((loss * self.weight)?)
    }
}

/// The place of a cell between the edges, -1 and 1; the middle is 0.
#[allow(clippy::cast_precision_loss)]
fn from_middle(at: usize, count: usize) -> f64 {
    (2 * at + 1) as f64 / count as f64 - 1.0
}

/// Makes each of the cells `[1, 4, rows, columns]` either opaque or transparent.
pub(super) fn drop_cells(cells: &Tensor) -> Result<Tensor> {
    let in_sight = cells.narrow(1, 3, 1)?.ge(DROPPED)?.to_dtype(cells.dtype())?;
    Ok(Tensor::cat(&[cells.narrow(1, 0, 3)?, in_sight], 1)?)
}

/// Turns cells `[1, 4, rows, columns]` into pixels with a linear map of each channel. Transparent cells add no color.
pub(super) fn blend(cells: &Tensor, to_pixels: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let alphas = cells.narrow(1, 3, 1)?;
    let pixels = to_pixels(&Tensor::cat(&[cells.narrow(1, 0, 3)?.broadcast_mul(&alphas)?, alphas], 1)?)?;
    let alphas = pixels.narrow(1, 3, 1)?.contiguous()?;
    // A pixel without visible cells has no color: avoid a division by zero.
    let colors = pixels.narrow(1, 0, 3)?.broadcast_div(&alphas.maximum(f32::MIN_POSITIVE)?)?;
    Ok(Tensor::cat(&[colors, alphas], 1)?)
}

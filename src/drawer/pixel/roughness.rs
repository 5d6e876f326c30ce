//! The difference between neighboring cells.

use candle_core::Tensor;

use crate::Result;

/// The mean square of the difference between neighbors of `[1, channels, rows, columns]`, across and down; none where
/// there are no neighbors.
pub(super) fn roughness(cells: &Tensor) -> Result<Option<Tensor>> {
    let mut total = None;
    for dimension in [2, 3] {
        let count = cells.dim(dimension)?;
        if count > 1 {
            let next = cells.narrow(dimension, 1, count - 1)?;
            let difference = (next - cells.narrow(dimension, 0, count - 1)?)?.sqr()?.mean_all()?;
            total = Some(match total {
                Some(total) => (difference + total)?,
                None => difference,
            });
        }
    }
    Ok(total)
}

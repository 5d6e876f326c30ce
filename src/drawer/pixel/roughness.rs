//! The difference between neighboring cells.

use candle_core::Tensor;

use crate::Result;
use crate::picture::Tile;

/// The mean square of the difference between neighbors of `[1, channels, rows, columns]`, across and down; none where
/// there are no neighbors. In a picture that is tiled, cells at the edges are neighbors of those of its copies.
pub(super) fn roughness(cells: &Tensor, tile: Option<Tile>) -> Result<Option<Tensor>> {
    let mut total = None;
    for (dimension, wraps) in [(2, tile.is_some_and(Tile::wraps_down)), (3, tile.is_some_and(Tile::wraps_across))] {
        let count = cells.dim(dimension)?;
        if count > 1 {
            let mut next = cells.narrow(dimension, 1, count - 1)?;
            let mut own = cells.narrow(dimension, 0, count - 1)?;
            if wraps {
                next = Tensor::cat(&[next, first_of_copy(cells, dimension, tile)?], dimension)?;
                own = cells.clone();
            }
            let difference = (next - own)?.sqr()?.mean_all()?;
            total = Some(match total {
                Some(total) => (difference + total)?,
                None => difference,
            });
        }
    }
    Ok(total)
}

/// The first row or column of the copy after the last one.
fn first_of_copy(cells: &Tensor, dimension: usize, tile: Option<Tile>) -> Result<Tensor> {
    let first = cells.narrow(dimension, 0, 1)?;
    let rows = cells.dim(2)?;
    let drop = if dimension == 3 { tile.map_or(0, |tile| tile.drop_of(rows)) } else { 0 };
    if drop == 0 {
        return Ok(first);
    }
    Ok(Tensor::cat(&[first.narrow(2, drop, rows - drop)?, first.narrow(2, 0, drop)?], 2)?)
}

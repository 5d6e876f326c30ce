//! The nearest of some vectors on a device: a product of all positions with all vectors, in parts.

use candle_core::Result;

use crate::frozen::NearestVectors;
use crate::frozen::cuda::accelerator::{Buffer, Factor, Product, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

/// Maximum numbers of a product: 64 MiB. A constant bound on the memory.
const MOST: usize = 1 << 24;

pub(crate) struct NearestOnDevice {
    /// `[count, length]`
    vectors: Buffer,
    half_norms: Buffer,
    count: usize,
    length: usize,
}

impl NearestOnDevice {
    pub fn new(layer: &NearestVectors, on: &dyn Accelerator) -> Result<Self> {
        Ok(Self {
            vectors: on.upload(bytemuck::cast_slice(layer.values()))?,
            half_norms: on.upload(bytemuck::cast_slice(layer.half_norms()))?,
            count: layer.count(),
            length: layer.length(),
        })
    }
}

impl Resident for NearestOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let Self { vectors, half_norms, count, length } = self;
        let positions = shape[2] * shape[3];
        let most = (MOST / count).clamp(1, positions);
        let products = on.allocate(most * count)?;
        for picture in (0..shape[0]).map(|index| index * length * positions) {
            for first in (0..positions).step_by(most) {
                let rows = most.min(positions - first);
                on.multiply(&Product {
                    rows,
                    columns: *count,
                    depth: *length,
                    count: 1,
                    left: Factor::new(x.at(picture + first), positions).transposed(),
                    right: Factor::new(vectors.at(0), *length).transposed(),
                    destination: Factor::new(products.at(0), *count),
                    scale: 1.0,
                    accumulate: false,
                })?;
                let (count, length) = (int(*count)?, int(*length)?);
                launch!(
                    on,
                    "nearest",
                    "nearest_vector",
                    [rows, 1],
                    &products,
                    half_norms,
                    vectors,
                    y.at(picture),
                    count,
                    length,
                    long(first),
                    long(positions),
                )?;
            }
        }
        Ok(())
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        if dy.at(0).address() == dx.at(0).address() { Ok(()) } else { on.copy(dy, dx) }
    }
}

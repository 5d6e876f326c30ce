//! The warp on a device; backwards it adds integers (`warp.cu`).

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::Result;

use crate::frozen::cuda::accelerator::{Buffer, blocks, blocks_of_rows, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::frozen::{Border, View, Warp};

/// Number of blocks that search for the largest gradient.
const BLOCKS: usize = 64;
/// Usable bits of an integer: all but the sign and one to spare.
const BITS: u32 = 62;

pub(crate) struct WarpOnDevice {
    layer: Warp,
    /// The views for the last size of the picture, on which the taps depend
    views: Mutex<Option<([usize; 2], Arc<Buffer>)>>,
}

impl WarpOnDevice {
    pub fn new(layer: &Warp) -> Self {
        Self { layer: layer.clone(), views: Mutex::default() }
    }

    /// `struct View` of `warp.cu`, for each view.
    #[allow(clippy::cast_precision_loss)]
    fn views(&self, on: &dyn Accelerator, shape: &[usize]) -> Result<Arc<Buffer>> {
        let size = [shape[2], shape[3]];
        // A thread that failed left the data intact.
        let mut last = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, views)) = &*last
            && *of == size
        {
            return Ok(views.clone());
        }
        let record = |view: &View| {
            let (border, fill) = match view.border {
                Border::Fill(value) => (0.0, f64::from(value)),
                Border::Edge => (1.0, 0.0),
                Border::Reflection => (2.0, 0.0),
            };
            let taps = self.layer.taps(&view.matrix, size.into()) as f64;
            view.matrix.0.into_iter().chain([taps, border, fill])
        };
        let records: Vec<f64> = self.layer.views.iter().flat_map(record).collect();
        let views = Arc::new(on.upload(bytemuck::cast_slice(&records))?);
        *last = Some((size, views.clone()));
        Ok(views)
    }

    /// Number of pixels of a view.
    fn pixels(&self) -> usize {
        self.layer.size.0 * self.layer.size.1
    }

    fn grid(&self) -> [usize; 2] {
        blocks_of_rows(self.layer.views.len(), self.pixels())
    }

    /// Channels, and the sides of the picture and of a view.
    fn sizes(&self, shape: &[usize]) -> Result<[i32; 5]> {
        let (height, width) = self.layer.size;
        Ok([int(shape[1])?, int(shape[2])?, int(shape[3])?, int(height)?, int(width)?])
    }
}

impl Resident for WarpOnDevice {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let views = self.views(on, shape)?;
        let [channels, height, width, rows, columns] = self.sizes(shape)?;
        launch!(on, "warp", "warp_forward", self.grid(), x, &**views, y, channels, height, width, rows, columns,)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let views = self.views(on, shape)?;
        let [channels, height, width, rows, columns] = self.sizes(shape)?;
        let largest = on.allocate(BLOCKS)?;
        launch!(on, "warp", "warp_largest", [BLOCKS, 1], dy, &largest, long(dy.len()))?;
        // Two words each.
        let sums = on.allocate(2 * dx.len())?;
        launch!(on, "elements", "fill", blocks(sums.len()), &sums, 0.0, long(sums.len()))?;
        // The worst case: all pixels add to the same one.
        let most = self.layer.views.len() * self.pixels();
        let bits = (BITS - most.next_power_of_two().ilog2()).cast_signed();
        let found = int(BLOCKS)?;
        launch!(
            on,
            "warp",
            "warp_scatter",
            self.grid(),
            dy,
            &**views,
            &largest,
            &sums,
            found,
            bits,
            channels,
            height,
            width,
            rows,
            columns,
        )?;
        launch!(on, "warp", "warp_gather", blocks(dx.len()), &sums, &largest, dx, found, bits, long(dx.len()))
    }
}

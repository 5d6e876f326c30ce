//! Layer normalization on a device.

use candle_core::Result;

use crate::frozen::LayerNorm;
use crate::frozen::cuda::accelerator::{Buffer, int};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

pub(crate) struct LayerNormOnDevice {
    scale: Buffer,
    shift: Buffer,
    epsilon: f32,
}

impl LayerNormOnDevice {
    #[allow(clippy::cast_possible_truncation)]
    pub fn new(layer: &LayerNorm, on: &dyn Accelerator) -> Result<Self> {
        let scale = on.upload(bytemuck::cast_slice(&layer.scale))?;
        let shift = on.upload(bytemuck::cast_slice(&layer.shift))?;
        Ok(Self { scale, shift, epsilon: layer.epsilon as f32 })
    }
}

impl Resident for LayerNormOnDevice {
    fn forward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (rows, channels) = (x.len() / self.scale.len(), int(self.scale.len())?);
        let (scale, shift) = (&self.scale, &self.shift);
        launch!(on, "layer_norm", "layer_norm_forward", [rows, 1], x, scale, shift, y, channels, self.epsilon)
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (rows, channels) = (x.len() / self.scale.len(), int(self.scale.len())?);
        launch!(on, "layer_norm", "layer_norm_backward", [rows, 1], x, dy, &self.scale, dx, channels, self.epsilon)
    }
}

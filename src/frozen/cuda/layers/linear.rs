//! The fully connected layer on a device: a product in both directions.

use candle_core::Result;

use crate::frozen::Linear;
use crate::frozen::cuda::accelerator::{Buffer, Factor, Product, blocks_of_rows, int};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};

pub(crate) struct LinearOnDevice {
    /// `[outputs, inputs]`
    weight: Buffer,
    bias: Option<Buffer>,
    inputs: usize,
    outputs: usize,
}

impl LinearOnDevice {
    pub fn new(layer: &Linear, on: &dyn Accelerator) -> Result<Self> {
        let (inputs, outputs) = (layer.inputs, layer.outputs);
        let rows = || {
            let mut rows = Vec::with_capacity(inputs * outputs);
            layer.weight.chunks(layer.stride).for_each(|row| rows.extend_from_slice(&row[..inputs]));
            rows
        };
        let weight = on.upload_made(inputs * outputs, &rows)?;
        let bias = layer.bias.as_ref().map(|bias| on.upload(bytemuck::cast_slice(bias))).transpose()?;
        Ok(Self { weight, bias, inputs, outputs })
    }
}

impl Resident for LinearOnDevice {
    fn forward(&self, on: &dyn Accelerator, _: &[usize], input: &Slice, output: &Slice) -> Result<()> {
        if let Some(bias) = &self.bias {
            let grid = blocks_of_rows(input.len() / self.inputs, self.outputs);
            launch!(on, "elements", "fill_rows", grid, output, bias, int(self.outputs)?)?;
        }
        on.multiply(&Product {
            rows: input.len() / self.inputs,
            columns: self.outputs,
            depth: self.inputs,
            count: 1,
            left: Factor::new(input.at(0), self.inputs),
            right: Factor::new(self.weight.at(0), self.inputs).transposed(),
            destination: Factor::new(output.at(0), self.outputs),
            scale: 1.0,
            accumulate: self.bias.is_some(),
        })
    }

    fn backward(&self, on: &dyn Accelerator, _: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        on.multiply(&Product {
            rows: dy.len() / self.outputs,
            columns: self.inputs,
            depth: self.outputs,
            count: 1,
            left: Factor::new(dy.at(0), self.outputs),
            right: Factor::new(self.weight.at(0), self.inputs),
            destination: Factor::new(dx.at(0), self.inputs),
            scale: 1.0,
            accumulate: false,
        })
    }
}

//! Counts the GPU memory of passes: runs them on a device that computes and stores nothing, and only counts what the
//! layers request.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, PoisonError};

use candle_core::Result;

use super::accelerator::{Accelerator, Argument, Buffer, Convolve, Kernel, Product, Slice};
use super::execution::{OnDevice, Residents};
use crate::frozen::Step;
use crate::frozen::network::Memory;
use crate::frozen::network::tally::Tally;
use crate::gpu::Precision;

/// Counts the GPU memory of a network.
#[derive(Default)]
pub struct GpuCount {
    counter: Counter,
    residents: Residents,
    /// Held while a thread counts
    turn: Mutex<()>,
}

/// A device that only counts.
#[derive(Default)]
struct Counter {
    /// Bytes that layers copied from host memory
    brought: AtomicU64,
    /// Whether convolutions copy their numbers to 16 bits
    in_halves: AtomicBool,
    /// Bytes in use
    held: Tally,
}

/// An address that is never read.
const NOWHERE: u64 = 1 << 20;

impl GpuCount {
    /// Bytes of the layers' weights, known after the first pass.
    #[must_use]
    pub fn weights(&self) -> u64 {
        self.counter.brought.load(Relaxed)
    }

    /// Like `tally::of_passes`, on a GPU. The steps must be the same in every call.
    ///
    /// # Errors
    /// If a layer cannot take its input, or cannot run on a GPU.
    pub(in crate::frozen) fn of_passes(
        &self,
        steps: &[Step],
        input_shape: &[usize],
        tracked: bool,
        recomputed: &[usize],
        precision: Precision,
    ) -> Result<Memory> {
        // A thread that failed left the data intact.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let execution = OnDevice { accelerator: &self.counter, residents: &self.residents };
        self.counter.in_halves.store(precision == Precision::Bf16, Relaxed);
        let allocate = |shape: &[usize]| self.counter.allocate(shape.iter().product());
        self.counter.held.of_passes(&execution, allocate, steps, input_shape, tracked, recomputed)
    }
}

impl Accelerator for Counter {
    fn id(&self) -> usize {
        usize::MAX
    }

    fn allocate(&self, length: usize) -> Result<Buffer> {
        Ok(Buffer::new(NOWHERE, length, Box::new(self.held.hold_bytes(4 * length as u64))))
    }

    fn upload(&self, bytes: &[u8]) -> Result<Buffer> {
        self.upload_made(bytes.len() / 4, &Vec::new)
    }

    fn upload_made(&self, length: usize, _: &dyn Fn() -> Vec<f32>) -> Result<Buffer> {
        self.brought.fetch_add(4 * length as u64, Relaxed);
        Ok(Buffer::new(NOWHERE, length, Box::new(())))
    }

    fn copy(&self, _: &Slice, _: &Slice) -> Result<()> {
        Ok(())
    }

    fn launch(&self, _: Kernel, _: [usize; 2], _: &[Argument]) -> Result<()> {
        Ok(())
    }

    fn multiply(&self, _: &Product) -> Result<()> {
        Ok(())
    }

    /// The workspace of cuDNN's algorithm is known only on the card; this is the maximum allowed.
    #[cfg(feature = "cudnn")]
    fn convolve(&self, convolution: &Convolve) -> Result<bool> {
        let own = convolution.shape.is_padded_alike();
        if own {
            let numbers = if self.in_halves.load(Relaxed) { convolution.shape.counts().iter().sum() } else { 0 };
            let words = super::cudnn::workspace(&convolution.shape).div_ceil(4);
            drop(self.allocate(words + super::halves::words(numbers))?);
        }
        Ok(own)
    }

    #[cfg(not(feature = "cudnn"))]
    fn convolve(&self, _: &Convolve) -> Result<bool> {
        Ok(false)
    }

    #[cfg(test)]
    fn download(&self, slice: &Slice) -> Vec<f32> {
        vec![0.0; slice.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen::{Activation, Linear, Network};

    /// The expected amounts are counted by hand, in `f32` numbers; on the host they are nearly the same (`tally.rs`).
    #[test]
    fn what_passes_hold_of_a_gpu_is_counted() {
        let linear = |inputs: usize, outputs: usize| {
            Step::layer(Linear::new(vec![0.0; inputs * outputs], Some(vec![0.0; outputs]), inputs, outputs))
        };
        let network = Network::new(vec![linear(100, 300), Step::layer(Activation::Relu), linear(300, 10)]);
        let count = GpuCount::default();
        let memory = |tracked| count.of_passes(&network.steps, &[100], tracked, &[], Precision::F32).unwrap();
        // Input, its copy, the first layer's output; then the caller's input, that output, the second's.
        assert_eq!(memory(false), Memory { kept: 0, peak: 4 * 700 });
        // Backwards: the 300 kept, their gradient (in place for the activation), input, output and its gradient.
        assert_eq!(memory(true), Memory { kept: 4 * 300, peak: 4 * 720 });
        assert_eq!(count.weights(), 4 * (30_000 + 300 + 3_000 + 10), "they came once");
        assert_eq!(count.counter.held.now(), 0);
    }
}

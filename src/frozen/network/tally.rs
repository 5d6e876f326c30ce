//! Counts the memory of passes by running them with buffers that hold only their size.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use candle_core::Result;

use super::Memory;
use super::passes::{Execution, Gradient, Rows, Values, back, run};
use crate::frozen::{Layer, Step};

/// Counts the bytes in use.
#[derive(Clone, Default)]
pub(in crate::frozen) struct Tally(Arc<Count>);

#[derive(Default)]
struct Count {
    now: AtomicU64,
    peak: AtomicU64,
}

/// A buffer's size, counted until it is dropped.
#[derive(Default)]
pub(in crate::frozen) struct Held {
    bytes: u64,
    tally: Tally,
}

/// Approximate memory of steps for an input shape: forward and, if the input is tracked, backward.
pub(in crate::frozen) fn of_passes(
    steps: &[Step],
    input_shape: &[usize],
    tracked: bool,
    recomputed: &[usize],
) -> Result<Memory> {
    let tally = Tally::default();
    tally.of_passes(&tally, |shape| Ok(tally.hold(shape)), steps, input_shape, tracked, recomputed)
}

fn bytes_of(shape: &[usize]) -> u64 {
    shape.iter().fold(4_u64, |bytes, &side| bytes.saturating_mul(side as u64))
}

impl Tally {
    /// The memory of passes run by any execution; `allocate` returns memory that this tally counts.
    pub(in crate::frozen) fn of_passes<E: Execution>(
        &self,
        execution: &E,
        allocate: impl Fn(&[usize]) -> Result<E::Buffer>,
        steps: &[Step],
        input_shape: &[usize],
        tracked: bool,
        recomputed: &[usize],
    ) -> Result<Memory> {
        self.0.peak.store(self.now(), Relaxed);
        // The caller's input, and the network's copy of it.
        let _input = allocate(input_shape)?;
        let x = Values { shape: input_shape.to_vec(), values: Arc::new(allocate(input_shape)?) };
        let mut records = Vec::new();
        let output = run(execution, steps, x, tracked.then_some(&mut records), recomputed)?;
        let kept = self.now().saturating_sub(bytes_of(input_shape)).saturating_sub(bytes_of(&output.shape));
        if tracked {
            let gradient = allocate(&output.shape)?;
            back(execution, steps, records, Gradient::Lent(&*gradient))?;
        }
        Ok(Memory { kept, peak: self.0.peak.load(Relaxed) })
    }

    pub(in crate::frozen) fn now(&self) -> u64 {
        self.0.now.load(Relaxed)
    }

    fn hold(&self, shape: &[usize]) -> Held {
        self.hold_bytes(bytes_of(shape))
    }

    pub(in crate::frozen) fn hold_bytes(&self, bytes: u64) -> Held {
        // No other thread counts while a pass is running.
        let now = self.now().saturating_add(bytes);
        self.0.now.store(now, Relaxed);
        self.0.peak.fetch_max(now, Relaxed);
        Held { bytes, tally: self.clone() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let now = self.tally.now().saturating_sub(self.bytes);
        self.tally.0.now.store(now, Relaxed);
    }
}

impl Deref for Held {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &[]
    }
}

impl Execution for Tally {
    type View = [f32];
    type Buffer = Held;

    fn forward(&self, layer: &dyn Layer, shape: &[usize], _: &[f32], output_shape: &[usize]) -> Result<Held> {
        let output = self.hold(output_shape);
        drop(self.hold(&[layer.working_memory(shape)]));
        Ok(output)
    }

    fn backward(
        &self,
        layer: &dyn Layer,
        shape: &[usize],
        _: Option<&[f32]>,
        output_gradient: Gradient<Self>,
    ) -> Result<Held> {
        let (gradient, _output_gradient) = match (layer.in_place(), output_gradient) {
            (Some(_), Gradient::Own(gradient)) => (gradient, None),
            (_, gradient) => (self.hold(shape), Some(gradient)),
        };
        let output_shape = layer.output_shape(shape)?;
        drop(self.hold(&[layer.working_memory(&output_shape)]));
        Ok(gradient)
    }

    fn join(&self, _: &[f32], _: &[f32], rows: Rows) -> Result<Held> {
        Ok(self.hold(&[rows.count, rows.joined()]))
    }

    fn split(&self, _: &[f32], rows: Rows) -> Result<(Held, Held)> {
        Ok((self.hold(&[rows.count, rows.first]), self.hold(&[rows.count, rows.second])))
    }

    fn sum(&self, first: Held, _: &[f32]) -> Result<Held> {
        Ok(first)
    }

    /// Used only for a block whose first branch is empty, which no model has.
    fn copy(&self, _: &[f32]) -> Result<Held> {
        Ok(Held::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen::{Activation, Linear, MemoryOf, Network};

    fn linear(inputs: usize, outputs: usize) -> Step {
        Step::layer(Linear::new(vec![0.0; inputs * outputs], None, inputs, outputs))
    }

    /// The expected amounts are counted by hand, in `f32` numbers.
    #[test]
    fn what_passes_hold_is_counted() {
        let steps = vec![linear(100, 300), Step::layer(Activation::Relu), linear(300, 10)];
        let network = Network::new(steps);
        // Input, its copy, the first layer's output; then the caller's input, that output, the second's.
        assert_eq!(network.memory(&[100], false, MemoryOf::Host).unwrap(), Memory { kept: 0, peak: 4 * 700 });
        // Backwards: the 300 kept, their gradient (in place for the activation), input, output and its gradient.
        assert_eq!(network.memory(&[100], true, MemoryOf::Host).unwrap(), Memory { kept: 4 * 300, peak: 4 * 720 });
    }

    #[test]
    fn a_block_that_is_computed_again_keeps_its_input() {
        let block = || Step::residual(vec![linear(100, 300), Step::layer(Activation::Relu), linear(300, 100)]);
        let network = Network::new(vec![block(), block(), block()]);
        let kept = |blocks| network.recomputing(blocks).memory(&[100], true, MemoryOf::Host).unwrap().kept / 4;
        assert_eq!([0, 1, 2, 3].map(kept), [900, 700, 500, 300]);
        let peak = |blocks| network.recomputing(blocks).memory(&[100], true, MemoryOf::Host).unwrap().peak;
        assert!(peak(0) > peak(3));
    }
}

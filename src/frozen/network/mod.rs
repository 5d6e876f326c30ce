//! Layers in sequence, recorded as one operation of the tensor library.
//!
//! The library's own recording would keep every layer's input and add every gradient to zeros. A
//! network keeps only the inputs its layers need, drops each as soon as the backward pass has used it,
//! and passes gradients on directly. It can keep only the input of a block and recompute the rest in the
//! backward pass (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016): the same bits, with less
//! memory and more time.

pub(super) mod buffer;
pub(super) mod passes;
pub(super) mod tally;
pub(super) mod with_gradient;

use std::sync::{Arc, Mutex};

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Error, Layout, Result, Shape, Tensor};

use super::{Layer, Middle, Repeat};
use crate::picture::Tile;
use buffer::Buffer;
use passes::{Computed, Execution, Gradient, Record, Values, back, joined_shape, run};

/// One step of a network. A clone shares the layers.
#[derive(Clone)]
pub enum Step {
    /// A layer
    Layer(Arc<dyn Layer>),
    /// A block: the sum of two branches applied to the same input; an empty branch returns the input
    Sum(Vec<Step>, Vec<Step>),
    /// The channels of two branches applied to the same input, those of the first in front; an empty branch returns the
    /// input
    Join(Vec<Step>, Vec<Step>),
}

impl Step {
    /// A layer as a step.
    pub fn layer(layer: impl Layer) -> Self {
        Self::Layer(Arc::new(layer))
    }

    /// x + branch(x)
    #[must_use]
    pub fn residual(branch: Vec<Self>) -> Self {
        Self::Sum(branch, Vec::new())
    }

    /// The steps that see the copies of a picture where this step sees zeros around it. They share its layers.
    fn tiled(&self, tile: Tile) -> Vec<Self> {
        let all = |steps: &[Self]| steps.iter().flat_map(|step| step.tiled(tile)).collect();
        match self {
            Self::Layer(layer) => match layer.rim() {
                Some(rim) => vec![
                    Self::layer(Repeat::around(tile, rim.wider)),
                    Self::Layer(layer.clone()),
                    Self::layer(Middle::of(tile, rim.cut)),
                ],
                None => vec![Self::Layer(layer.clone())],
            },
            Self::Sum(first, second) => vec![Self::Sum(all(first), all(second))],
            Self::Join(first, second) => vec![Self::Join(all(first), all(second))],
        }
    }

    /// Whether the backward pass of any layer in the step reads the layer's input.
    pub(in crate::frozen) fn needs_input(&self) -> bool {
        match self {
            Self::Layer(layer) => layer.needs_input(),
            Self::Sum(first, second) | Self::Join(first, second) => first.iter().chain(second).any(Self::needs_input),
        }
    }

    pub(in crate::frozen) fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match self {
            Self::Layer(layer) => layer.output_shape(input_shape),
            Self::Sum(first, _) => branch_shape(first, input_shape),
            Self::Join(first, second) => {
                joined_shape(&branch_shape(first, input_shape)?, &branch_shape(second, input_shape)?)
            }
        }
    }

    /// The sum of `of` over all layers, given each layer and its input shape.
    fn total(&self, input_shape: &[usize], of: &impl Fn(&dyn Layer, &[usize]) -> u64) -> Result<u64> {
        match self {
            Self::Layer(layer) => {
                layer.output_shape(input_shape)?;
                Ok(of(layer.as_ref(), input_shape))
            }
            Self::Sum(first, second) | Self::Join(first, second) => {
                Ok(total(first, input_shape, of)? + total(second, input_shape, of)?)
            }
        }
    }
}

/// The shape that the steps of a branch return.
fn branch_shape(steps: &[Step], input_shape: &[usize]) -> Result<Vec<usize>> {
    steps.iter().try_fold(input_shape.to_vec(), |shape, step| step.output_shape(&shape))
}

fn total(steps: &[Step], input_shape: &[usize], of: &impl Fn(&dyn Layer, &[usize]) -> u64) -> Result<u64> {
    let mut shape = input_shape.to_vec();
    let mut total = 0;
    for step in steps {
        total += step.total(&shape, of)?;
        shape = step.output_shape(&shape)?;
    }
    Ok(total)
}

/// The memory that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryOf {
    /// Memory of the host
    Host,
    /// Memory of a GPU that computes with a precision
    Gpu(crate::gpu::Precision),
}

/// The memory of a pass, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Memory kept from the forward pass until the backward pass
    pub kept: u64,
    /// Peak memory
    pub peak: u64,
}

/// Steps in sequence.
#[derive(Clone)]
pub struct Network {
    pub(in crate::frozen) steps: Arc<Vec<Step>>,
    recomputed: usize,
    /// The layers in the memory of GPUs
    #[cfg(feature = "cuda")]
    pub(in crate::frozen) residents: Arc<super::cuda::execution::Residents>,
    /// Counts the memory that the network would take on a GPU
    count: Arc<super::cuda::GpuCount>,
}

impl Network {
    /// A network of steps, in order.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Self {
        Self {
            steps: Arc::new(steps),
            recomputed: 0,
            #[cfg(feature = "cuda")]
            residents: Arc::default(),
            count: Arc::default(),
        }
    }

    /// A network of one layer.
    pub fn of(layer: impl Layer) -> Self {
        Self::new(vec![Step::layer(layer)])
    }

    /// The same network, except that it keeps only the input of `blocks` blocks, those that save the most, and
    /// recomputes them in the backward pass.
    #[must_use]
    pub fn recomputing(&self, blocks: usize) -> Self {
        Self { recomputed: blocks, ..self.clone() }
    }

    /// The same network for pictures that are tiled: at edges that continue each other, its layers see the copies of a
    /// picture instead of zeros. So a picture that moves by whole multiples of all strides gives the result that moves
    /// likewise, but for the order of sums over all pixels. The layers are shared, and so is the count of the memory of a
    /// GPU; the tiled network must live as long as this one if that is counted.
    #[must_use]
    pub fn tiled(&self, tile: Tile) -> Self {
        Self {
            recomputed: self.recomputed,
            // The weights are counted once, whichever network copies them.
            count: self.count.clone(),
            ..Self::new(self.steps.iter().flat_map(|step| step.tiled(tile)).collect())
        }
    }

    /// The network in consecutive parts: each ends after the number of steps in `ends`, which is in ascending order. Steps after
    /// the last end are left out. The parts share the layers, on any device.
    #[must_use]
    pub fn parts(&self, ends: &[usize]) -> Vec<Self> {
        let part = |(start, end): (usize, &usize)| {
            let steps = self.steps.get(start..*end).unwrap_or_default().to_vec();
            Self { steps: Arc::new(steps), recomputed: 0, ..self.clone() }
        };
        std::iter::once(0).chain(ends.iter().copied()).zip(ends).map(part).collect()
    }

    /// The dimensions of the output for an input of these dimensions.
    ///
    /// # Errors
    /// If a layer cannot take its input.
    pub fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        branch_shape(&self.steps, input_shape)
    }

    /// Number of blocks.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Sum(..))).count()
    }

    /// Approximate memory of a forward pass for an input shape, and of a backward pass if the input is
    /// tracked.
    ///
    /// # Errors
    /// If a layer cannot take its input.
    pub fn memory(&self, input_shape: &[usize], tracked: bool, of: MemoryOf) -> Result<Memory> {
        let recomputed = if tracked { self.recomputed_steps(input_shape)? } else { Vec::new() };
        match of {
            MemoryOf::Host => tally::of_passes(&self.steps, input_shape, tracked, &recomputed),
            MemoryOf::Gpu(precision) => self.count.of_passes(&self.steps, input_shape, tracked, &recomputed, precision),
        }
    }

    /// Bytes of the weights in a GPU's memory; 0 before [`Network::memory`] was called for a GPU.
    #[must_use]
    pub fn resident_memory(&self) -> u64 {
        self.count.weights()
    }

    /// Floating-point operations of the matrix products of a forward pass ([`Layer::operations`]).
    ///
    /// # Errors
    /// If a layer cannot take its input.
    pub fn operations(&self, input_shape: &[usize]) -> Result<u64> {
        total(&self.steps, input_shape, &|layer, shape| layer.operations(shape))
    }

    /// Minimum of bytes that a forward pass reads and writes, once per layer, without weights.
    ///
    /// # Errors
    /// If a layer cannot take its input.
    pub fn traffic(&self, input_shape: &[usize]) -> Result<u64> {
        let count = |shape: &[usize]| shape.iter().product::<usize>() as u64;
        let of_layer = |layer: &dyn Layer, shape: &[usize]| {
            let written = layer.output_shape(shape).map_or(0, |output| count(&output));
            4 * (count(shape) + written)
        };
        total(&self.steps, input_shape, &of_layer)
    }

    /// Bytes of memory that the first pass allocates and keeps for all later ones ([`Layer::lasting_memory`]).
    ///
    /// # Errors
    /// If a layer cannot take its input.
    pub fn lasting_memory(&self, input_shape: &[usize]) -> Result<u64> {
        total(&self.steps, input_shape, &|layer, shape| 4 * layer.lasting_memory(shape) as u64)
    }

    /// Applies the network to a tensor. If the tensor is tracked, so is the result, whose gradient can be
    /// taken only once.
    ///
    /// # Errors
    /// If a layer cannot take its input or cannot run on the tensor's device, or the tensor is not `f32`.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let forward = Forward {
            network: self.clone(),
            records: input.track_op().then(Mutex::default),
            #[cfg(feature = "cuda")]
            records_on_device: input.track_op().then(Mutex::default),
        };
        input.contiguous()?.apply_op1(forward)
    }

    /// The steps to recompute in the backward pass, in ascending order. Of blocks that save the same amount, the
    /// first is preferred: when it is recomputed, the records of the others are gone.
    pub(in crate::frozen) fn recomputed_steps(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        if self.recomputed == 0 {
            return Ok(Vec::new());
        }
        let mut blocks = Vec::new();
        let mut shape = input_shape.to_vec();
        for (index, step) in self.steps.iter().enumerate() {
            if matches!(step, Step::Sum(..)) {
                let kept = tally::of_passes(std::slice::from_ref(step), &shape, true, &[])?.kept;
                blocks.push((kept, index));
            }
            shape = step.output_shape(&shape)?;
        }
        blocks.sort_by_key(|&(kept, index)| (std::cmp::Reverse(kept), index));
        let mut steps: Vec<usize> = blocks.iter().map(|(_, index)| *index).take(self.recomputed).collect();
        steps.sort_unstable();
        Ok(steps)
    }
}

/// A pass, recorded as an operation of the tensor library.
pub(in crate::frozen) struct Forward {
    pub(in crate::frozen) network: Network,
    /// None if nothing is recorded
    records: Option<Mutex<Vec<Record<Buffer>>>>,
    /// The records of a pass on a GPU
    #[cfg(feature = "cuda")]
    pub(in crate::frozen) records_on_device: super::cuda::operation::Records,
}

struct Backward<'a>(&'a Forward);

fn contiguous_values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) =
        layout.contiguous_offsets().ok_or_else(|| Error::Msg("a network needs a contiguous input".into()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

impl CustomOp1 for Forward {
    fn name(&self) -> &'static str {
        "frozen network"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = Arc::new(Buffer::copy_of(contiguous_values(storage, layout)?));
        let x = Values { shape: layout.dims().to_vec(), values };
        let steps = &self.network.steps;
        let output = match &self.records {
            None => run(&Computed, steps, x, None, &[])?,
            Some(records) => {
                let recomputed = self.network.recomputed_steps(&x.shape)?;
                let mut kept = Vec::new();
                let output = run(&Computed, steps, x, Some(&mut kept), &recomputed)?;
                *records.lock().map_err(|_| Error::Msg("a thread of the network failed".into()))? = kept;
                output
            }
        };
        let own = Arc::try_unwrap(output.values).or_else(|shared| Computed.copy(&shared))?;
        let shape = Shape::from(output.shape);
        Ok((CpuStorage::F32(own.into_vec()), shape))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        storage: &candle_core::CudaStorage,
        layout: &Layout,
    ) -> Result<(candle_core::CudaStorage, Shape)> {
        super::cuda::operation::forward(self, storage, layout)
    }

    fn bwd(&self, input: &Tensor, _output: &Tensor, output_gradient: &Tensor) -> Result<Option<Tensor>> {
        input.apply_op2_no_bwd(&output_gradient.contiguous()?, &Backward(self)).map(Some)
    }
}

impl CustomOp2 for Backward<'_> {
    fn name(&self) -> &'static str {
        "frozen network, backward"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        input_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let steps = &self.0.network.steps;
        let records = taken(self.0.records.as_ref(), steps)?;
        let gradient = Gradient::Lent(contiguous_values(gradient, gradient_layout)?);
        let gradient: Vec<f32> = match back(&Computed, steps, records, gradient)? {
            Gradient::Own(gradient) => gradient.into_vec(),
            Gradient::Lent(gradient) => gradient.to_vec(),
        };
        Ok((CpuStorage::F32(gradient), input_layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        _: &candle_core::CudaStorage,
        input_layout: &Layout,
        gradient: &candle_core::CudaStorage,
        gradient_layout: &Layout,
    ) -> Result<(candle_core::CudaStorage, Shape)> {
        let gradient = super::cuda::operation::backward(self.0, gradient, gradient_layout)?;
        Ok((gradient, input_layout.shape().clone()))
    }
}

/// Takes the records of steps, which is possible only once.
pub(in crate::frozen) fn taken<B>(records: Option<&Mutex<Vec<Record<B>>>>, steps: &[Step]) -> Result<Vec<Record<B>>> {
    let records = records.and_then(|records| records.lock().ok());
    let records = records.map(|mut records| std::mem::take(&mut *records)).unwrap_or_default();
    if records.len() != steps.len() {
        return Err(Error::Msg("the gradient of a network can be taken only once".into()));
    }
    Ok(records)
}

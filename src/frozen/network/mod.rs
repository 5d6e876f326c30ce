//! Layers in sequence, recorded as one operation of the tensor library.
//!
//! The library's own recording would keep every layer's input and add every gradient to zeros. A
//! network keeps the inputs its layers ask for, drops each as soon as the backward pass has used it,
//! and hands gradients on as they are. Of blocks it may keep the input alone and compute the rest again on
//! the way back (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016): the same bits, in less
//! memory and more time.

pub(super) mod buffer;
pub(super) mod passes;
pub(super) mod tally;
pub(super) mod with_gradient;

use std::sync::{Arc, Mutex};

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Error, Layout, Result, Shape, Tensor};

use super::Layer;
use buffer::Buffer;
use passes::{Computed, Execution, Gradient, Record, Values, back, run};

/// One step of a network.
pub enum Step {
    /// A layer
    Layer(Box<dyn Layer>),
    /// A block: the sum of what two branches make of the same input; an empty branch is the input itself
    Sum(Vec<Step>, Vec<Step>),
}

impl Step {
    /// A layer as a step.
    pub fn layer(layer: impl Layer) -> Self {
        Self::Layer(Box::new(layer))
    }

    /// x + branch(x)
    #[must_use]
    pub fn residual(branch: Vec<Self>) -> Self {
        Self::Sum(branch, Vec::new())
    }

    /// Whether the backward pass of a layer in it reads the layer's input.
    pub(in crate::frozen) fn needs_input(&self) -> bool {
        match self {
            Self::Layer(layer) => layer.needs_input(),
            Self::Sum(first, second) => first.iter().chain(second).any(Self::needs_input),
        }
    }

    pub(in crate::frozen) fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match self {
            Self::Layer(layer) => layer.output_shape(input_shape),
            Self::Sum(first, _) => first.iter().try_fold(input_shape.to_vec(), |shape, step| step.output_shape(&shape)),
        }
    }

    /// The sum of what `of` says of each layer and its input.
    fn total(&self, input_shape: &[usize], of: &impl Fn(&dyn Layer, &[usize]) -> u64) -> Result<u64> {
        match self {
            Self::Layer(layer) => {
                layer.output_shape(input_shape)?;
                Ok(of(layer.as_ref(), input_shape))
            }
            Self::Sum(first, second) => Ok(total(first, input_shape, of)? + total(second, input_shape, of)?),
        }
    }
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

/// Whose memory is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryOf {
    /// The machine's
    Host,
    /// A GPU's that computes in a precision
    Gpu(crate::gpu::Precision),
}

/// What a pass takes of memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What is kept from the forward pass until the backward pass
    pub kept: u64,
    /// The most at any time
    pub peak: u64,
}

/// Steps in sequence.
#[derive(Clone)]
pub struct Network {
    pub(in crate::frozen) steps: Arc<Vec<Step>>,
    recomputed: usize,
    /// What lies of it in the memory of GPUs
    #[cfg(feature = "cuda")]
    pub(in crate::frozen) residents: Arc<super::cuda::execution::Residents>,
    /// Counts what it would take there
    count: Arc<super::cuda::GpuCount>,
}

impl Network {
    /// The steps, the first first.
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

    /// The same network, which keeps the input alone of so many blocks and computes what is in them again
    /// on the way back: of those first that save the most.
    #[must_use]
    pub fn recomputing(&self, blocks: usize) -> Self {
        Self { recomputed: blocks, ..self.clone() }
    }

    /// How many blocks there are.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Sum(..))).count()
    }

    /// About how much memory a pass forward takes for an input of this shape, and one back where the input is
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

    /// Bytes of its weights in a GPU's memory; none before [`Network::memory`] was asked of one.
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

    /// Bytes that a forward pass reads and writes at least where each layer does so once, its weights aside.
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

    /// How many bytes of memory a pass makes once and keeps for all others ([`Layer::lasting_memory`]).
    ///
    /// # Errors
    /// If a layer cannot take its input.
    pub fn lasting_memory(&self, input_shape: &[usize]) -> Result<u64> {
        total(&self.steps, input_shape, &|layer, shape| 4 * layer.lasting_memory(shape) as u64)
    }

    /// What the network makes of a tensor. Where the tensor is tracked the result is, too; its gradient
    /// can be taken once.
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

    /// Which steps are computed again on the way back, in ascending order. Of blocks that save the same the
    /// first is taken first: when it is computed again, what the others keep is gone.
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

/// A pass that is recorded as an operation of the tensor library.
pub(in crate::frozen) struct Forward {
    pub(in crate::frozen) network: Network,
    /// None if nothing is recorded
    records: Option<Mutex<Vec<Record<Buffer>>>>,
    /// The same, of a pass on a GPU
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

/// The records of steps, which are there once.
pub(in crate::frozen) fn taken<B>(records: Option<&Mutex<Vec<Record<B>>>>, steps: &[Step]) -> Result<Vec<Record<B>>> {
    let records = records.and_then(|records| records.lock().ok());
    let records = records.map(|mut records| std::mem::take(&mut *records)).unwrap_or_default();
    if records.len() != steps.len() {
        return Err(Error::Msg("the gradient of a network can be taken once".into()));
    }
    Ok(records)
}

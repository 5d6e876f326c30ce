//! Layers in sequence, recorded as one operation of the tensor library.
//!
//! The library's own recording would keep every layer's input and add every gradient to zeros. A
//! network keeps the inputs its layers ask for, drops each as soon as the backward pass has used it,
//! and hands gradients on as they are.

use std::sync::{Arc, Mutex};

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Error, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::Layer;
use super::buffer::Buffer;

/// One step of a network.
pub enum Step {
    /// A layer
    Layer(Box<dyn Layer>),
    /// The sum of what two branches make of the same input; an empty branch is the input itself
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
pub struct Network(Arc<Vec<Step>>);

/// What the forward pass keeps for the backward pass, a record a step.
enum Record {
    /// The shape of a layer's input, and the input where the layer needs it
    Layer(Vec<usize>, Option<Arc<Buffer>>),
    /// Those of two branches
    Sum(Vec<Record>, Vec<Record>),
}

/// A tensor on its way through a network.
struct Values {
    shape: Vec<usize>,
    values: Arc<Buffer>,
}

impl Network {
    /// The steps, the first first.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Self {
        Self(Arc::new(steps))
    }

    /// About how much memory a pass forward and back takes, for an input of this shape.
    ///
    /// # Errors
    /// Where a layer cannot take its input.
    pub fn memory(&self, input_shape: &[usize]) -> Result<Memory> {
        let demand = measure(&self.0, input_shape.to_vec())?;
        // Backwards the records are still there, beside a gradient on each side of a layer.
        let backward = demand.kept.saturating_add(demand.largest.saturating_mul(3));
        Ok(Memory { kept: demand.kept, peak: demand.peak.max(backward) })
    }

    /// Floating-point operations of the matrix products of a forward pass ([`Layer::operations`]).
    ///
    /// # Errors
    /// Where a layer cannot take its input.
    pub fn operations(&self, input_shape: &[usize]) -> Result<u64> {
        Ok(count(&self.0, input_shape.to_vec())?.0)
    }

    /// What the network makes of a tensor. Where the tensor is tracked the result is, too; its gradient
    /// can be taken once.
    ///
    /// # Errors
    /// Where a layer cannot take its input, or the tensor is not `f32` on the CPU.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let forward = Forward { network: self.clone(), records: input.track_op().then(Mutex::default) };
        input.contiguous()?.apply_op1(forward)
    }
}

/// What steps take of memory, in bytes.
struct Demand {
    output_shape: Vec<usize>,
    /// What the records hold at the end
    kept: u64,
    /// The most at any time
    peak: u64,
    /// The largest tensor
    largest: u64,
}

fn measure(steps: &[Step], input_shape: Vec<usize>) -> Result<Demand> {
    let bytes = |shape: &[usize]| shape.iter().fold(4_u64, |bytes, &side| bytes.saturating_mul(side as u64));
    let largest = bytes(&input_shape);
    let mut total = Demand { output_shape: input_shape, kept: 0, peak: largest, largest };
    for step in steps {
        let input = bytes(&total.output_shape);
        let (output_shape, kept, peak) = match step {
            Step::Layer(layer) => {
                let output_shape = layer.output_shape(&total.output_shape)?;
                // A convolution works on a padded copy of its input.
                let peak = input.saturating_mul(2).saturating_add(bytes(&output_shape));
                (output_shape, if layer.needs_input() { input } else { 0 }, peak)
            }
            Step::Sum(first, second) => {
                let left = measure(first, total.output_shape.clone())?;
                let right = measure(second, total.output_shape.clone())?;
                total.largest = total.largest.max(left.largest).max(right.largest);
                let output = bytes(&left.output_shape);
                let during_right = left.kept.saturating_add(output).saturating_add(right.peak);
                (left.output_shape, left.kept.saturating_add(right.kept), left.peak.max(during_right))
            }
        };
        total.peak = total.peak.max(total.kept.saturating_add(peak));
        total.kept = total.kept.saturating_add(kept);
        total.largest = total.largest.max(bytes(&output_shape));
        total.output_shape = output_shape;
    }
    Ok(total)
}

/// Operations of steps, and the shape of what comes out.
fn count(steps: &[Step], mut shape: Vec<usize>) -> Result<(u64, Vec<usize>)> {
    let mut total = 0;
    for step in steps {
        let (operations, output) = match step {
            Step::Layer(layer) => {
                let output = layer.output_shape(&shape)?;
                (layer.operations(&shape), output)
            }
            Step::Sum(first, second) => {
                let (second, _) = count(second, shape.clone())?;
                let (first, output) = count(first, shape)?;
                (first + second, output)
            }
        };
        total += operations;
        shape = output;
    }
    Ok((total, shape))
}

fn run(steps: &[Step], mut x: Values, mut records: Option<&mut Vec<Record>>) -> Result<Values> {
    for step in steps {
        x = match step {
            Step::Layer(layer) => {
                let shape = layer.output_shape(&x.shape)?;
                let mut output = fresh(layer.as_ref(), &shape);
                layer.forward(&x.shape, &x.values, &mut output);
                if let Some(records) = &mut records {
                    records.push(Record::Layer(x.shape, layer.needs_input().then_some(x.values)));
                }
                Values { shape, values: Arc::new(output) }
            }
            Step::Sum(first, second) => {
                let mut kept = (Vec::new(), Vec::new());
                let recording = records.is_some();
                let input = Values { shape: x.shape.clone(), values: x.values.clone() };
                let left = run(first, input, recording.then_some(&mut kept.0))?;
                let right = run(second, x, recording.then_some(&mut kept.1))?;
                if left.shape != right.shape {
                    return Err(Error::Msg(format!("branches give {:?} and {:?}", left.shape, right.shape)));
                }
                if let Some(records) = &mut records {
                    records.push(Record::Sum(kept.0, kept.1));
                }
                Values { shape: left.shape, values: Arc::new(sum(left.values, &right.values)) }
            }
        };
    }
    Ok(x)
}

/// Memory for what a layer writes.
fn fresh(layer: &dyn Layer, shape: &[usize]) -> Buffer {
    let length = shape.iter().product();
    if layer.overwrites() { Buffer::any(length) } else { Buffer::zeros(length) }
}

/// A gradient that is lent, or one's own.
enum Gradient<'a> {
    Lent(&'a [f32]),
    Own(Buffer),
}

impl std::ops::Deref for Gradient<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Lent(gradient) => gradient,
            Self::Own(gradient) => gradient,
        }
    }
}

/// The gradient of the input, given that of the output.
fn back(steps: &[Step], mut records: Vec<Record>, mut gradient: Gradient) -> Buffer {
    for step in steps.iter().rev() {
        let input_gradient = match (step, records.pop()) {
            (Step::Layer(layer), Some(Record::Layer(shape, input))) => {
                let mut input_gradient = fresh(layer.as_ref(), &shape);
                let input = input.as_deref().map_or(&[][..], |input| input);
                layer.backward(&shape, input, &gradient, &mut input_gradient);
                input_gradient
            }
            (Step::Sum(first, second), Some(Record::Sum(left, right))) => {
                let left = back(first, left, Gradient::Lent(&gradient));
                let right = back(second, right, gradient);
                sum(Arc::new(left), &right)
            }
            // `run` made one record of its kind for each step.
            _ => unreachable!("a record of another step"),
        };
        gradient = Gradient::Own(input_gradient);
    }
    match gradient {
        Gradient::Lent(gradient) => Buffer::copy_of(gradient),
        Gradient::Own(gradient) => gradient,
    }
}

/// Adds slices; into the first one's memory where nobody else holds it.
fn sum(first: Arc<Buffer>, second: &[f32]) -> Buffer {
    const TILE: usize = 1 << 15;
    let mut total = Arc::unwrap_or_clone(first);
    total.par_chunks_mut(TILE).zip(second.par_chunks(TILE)).for_each(|(total, second)| {
        for (total, term) in total.iter_mut().zip(second) {
            *total += term;
        }
    });
    total
}

struct Forward {
    network: Network,
    /// None where nothing is recorded
    records: Option<Mutex<Vec<Record>>>,
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
        let output = match &self.records {
            None => run(&self.network.0, x, None)?,
            Some(records) => {
                let mut kept = Vec::new();
                let output = run(&self.network.0, x, Some(&mut kept))?;
                *records.lock().map_err(|_| Error::Msg("a thread of the network failed".into()))? = kept;
                output
            }
        };
        let shape = Shape::from(output.shape);
        Ok((CpuStorage::F32(Arc::unwrap_or_clone(output.values).into_vec()), shape))
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
        let steps = &self.0.network.0;
        let records = self.0.records.as_ref().and_then(|records| records.lock().ok());
        let records = records.map(|mut records| std::mem::take(&mut *records)).unwrap_or_default();
        if records.len() != steps.len() {
            return Err(Error::Msg("the gradient of a network can be taken once".into()));
        }
        let gradient = back(steps, records, Gradient::Lent(contiguous_values(gradient, gradient_layout)?)).into_vec();
        Ok((CpuStorage::F32(gradient), input_layout.shape().clone()))
    }
}

//! The forward and backward passes over a network's steps, and the records kept between them.
//!
//! The same code computes on the host ([`Computed`]) and on a GPU (`cuda/execution.rs`), and counts the memory that
//! this takes (`tally.rs`).

use std::ops::Deref;
use std::sync::Arc;

use candle_core::{Error, Result};
use rayon::prelude::*;

use super::branch_shape;
use super::buffer::Buffer;
use crate::frozen::{Layer, Step};

/// Executes the operations of passes.
pub(in crate::frozen) trait Execution {
    /// The borrowed numbers of a tensor
    type View: ?Sized;

    /// The owned numbers of a tensor
    type Buffer: Default + Deref<Target = Self::View>;

    /// Applies a layer to its input.
    fn forward(
        &self,
        layer: &dyn Layer,
        shape: &[usize],
        input: &Self::View,
        output_shape: &[usize],
    ) -> Result<Self::Buffer>;

    /// The gradient of a layer's input; `input` is present if the layer needs it.
    fn backward(
        &self,
        layer: &dyn Layer,
        shape: &[usize],
        input: Option<&Self::View>,
        gradient: Gradient<Self>,
    ) -> Result<Self::Buffer>;

    /// The channels of two tensors, those of `first` in front.
    fn join(&self, first: &Self::View, second: &Self::View, rows: Rows) -> Result<Self::Buffer>;

    /// The two tensors that [`Execution::join`] joined.
    fn split(&self, joined: &Self::View, rows: Rows) -> Result<(Self::Buffer, Self::Buffer)>;

    /// The sum of two tensors, in the memory of the first.
    fn sum(&self, first: Self::Buffer, second: &Self::View) -> Result<Self::Buffer>;

    /// Copies a tensor's numbers.
    fn copy(&self, values: &Self::View) -> Result<Self::Buffer>;
}

/// Computes on the host.
pub(in crate::frozen) struct Computed;

/// A tensor between the steps of a network.
pub(in crate::frozen) struct Values<B> {
    pub(in crate::frozen) shape: Vec<usize>,
    pub(in crate::frozen) values: Arc<B>,
}

/// How the channels of two tensors lie in one: each element of a batch is a row of the first, then one of the second.
#[derive(Clone, Copy, Debug)]
pub(in crate::frozen) struct Rows {
    /// Number of elements in the batch
    pub(in crate::frozen) count: usize,
    /// Number of values in a row of the first tensor
    pub(in crate::frozen) first: usize,
    /// Number of values in a row of the second tensor
    pub(in crate::frozen) second: usize,
}

impl Rows {
    fn of(first: &[usize], second: &[usize]) -> Self {
        let row = |shape: &[usize]| shape[1..].iter().product();
        Self { count: first[0], first: row(first), second: row(second) }
    }

    /// The number of values in a row of the joined tensor.
    pub(in crate::frozen) fn joined(self) -> usize {
        self.first + self.second
    }
}

/// What the forward pass keeps of a step for the backward pass.
pub(in crate::frozen) enum Record<B> {
    /// The shape of a layer's input, and the input if the layer needs it
    Layer(Vec<usize>, Option<Arc<B>>),
    /// The records of two branches
    Sum(Vec<Record<B>>, Vec<Record<B>>),
    /// The records of two branches whose channels are joined
    Join(Vec<Record<B>>, Vec<Record<B>>, Rows),
    /// The input of a block that is recomputed in the backward pass
    Input(Values<B>),
}

/// A borrowed or an owned gradient.
pub(in crate::frozen) enum Gradient<'a, E: Execution + ?Sized> {
    Lent(&'a E::View),
    Own(E::Buffer),
}

impl<B> Clone for Values<B> {
    fn clone(&self) -> Self {
        Self { shape: self.shape.clone(), values: self.values.clone() }
    }
}

impl<E: Execution> Gradient<'_, E> {
    /// The gradient in memory of its own.
    pub(in crate::frozen) fn into_own(self, execution: &E) -> Result<E::Buffer> {
        match self {
            Self::Own(gradient) => Ok(gradient),
            Self::Lent(gradient) => execution.copy(gradient),
        }
    }
}

impl<E: Execution> Deref for Gradient<'_, E> {
    type Target = E::View;

    fn deref(&self) -> &E::View {
        match self {
            Self::Lent(gradient) => gradient,
            Self::Own(gradient) => gradient,
        }
    }
}

/// Runs steps. If records are requested, steps whose index is in `recomputed` keep only their input.
pub(in crate::frozen) fn run<E: Execution>(
    execution: &E,
    steps: &[Step],
    mut x: Values<E::Buffer>,
    mut records: Option<&mut Vec<Record<E::Buffer>>>,
    recomputed: &[usize],
) -> Result<Values<E::Buffer>> {
    for (index, step) in steps.iter().enumerate() {
        let mut recording = records.as_deref_mut();
        if recomputed.contains(&index)
            && let Some(records) = recording.take()
        {
            records.push(Record::Input(x.clone()));
        }
        x = match step {
            Step::Layer(layer) => {
                let shape = layer.output_shape(&x.shape)?;
                let output = execution.forward(layer.as_ref(), &x.shape, &x.values, &shape)?;
                if let Some(records) = recording {
                    records.push(Record::Layer(x.shape, layer.needs_input().then_some(x.values)));
                }
                Values { shape, values: Arc::new(output) }
            }
            Step::Sum(first, second) => {
                let mut kept = (Vec::new(), Vec::new());
                let left = run(execution, first, x.clone(), recording.is_some().then_some(&mut kept.0), &[])?;
                let right = run(execution, second, x, recording.is_some().then_some(&mut kept.1), &[])?;
                if left.shape != right.shape {
                    return Err(Error::Msg(format!("branches return {:?} and {:?}", left.shape, right.shape)));
                }
                if let Some(records) = recording {
                    records.push(Record::Sum(kept.0, kept.1));
                }
                let own = Arc::try_unwrap(left.values).or_else(|shared| execution.copy(&shared))?;
                let sum = execution.sum(own, &right.values)?;
                Values { shape: left.shape, values: Arc::new(sum) }
            }
            Step::Join(first, second) => {
                let mut kept = (Vec::new(), Vec::new());
                let left = run(execution, first, x.clone(), recording.is_some().then_some(&mut kept.0), &[])?;
                let right = run(execution, second, x, recording.is_some().then_some(&mut kept.1), &[])?;
                let shape = joined_shape(&left.shape, &right.shape)?;
                let rows = Rows::of(&left.shape, &right.shape);
                if let Some(records) = recording {
                    records.push(Record::Join(kept.0, kept.1, rows));
                }
                let joined = execution.join(&left.values, &right.values, rows)?;
                Values { shape, values: Arc::new(joined) }
            }
        };
    }
    Ok(x)
}

/// The shape of two tensors whose channels are joined.
pub(in crate::frozen) fn joined_shape(first: &[usize], second: &[usize]) -> Result<Vec<usize>> {
    let ([batch, channels, rest @ ..], [other, more, others @ ..]) = (first, second) else {
        return Err(Error::Msg(format!("branches return {first:?} and {second:?}, without channels")));
    };
    if batch != other || rest != others {
        return Err(Error::Msg(format!("branches return {first:?} and {second:?}")));
    }
    Ok([*batch, channels + more].iter().chain(rest).copied().collect())
}

/// The records of steps, which are run only up to the last one that needs its input.
fn record<E: Execution>(execution: &E, steps: &[Step], mut x: Values<E::Buffer>) -> Result<Vec<Record<E::Buffer>>> {
    let mut records = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        if steps[index + 1..].iter().any(Step::needs_input) {
            x = run(execution, std::slice::from_ref(step), x, Some(&mut records), &[])?;
            continue;
        }
        let shape = step.output_shape(&x.shape)?;
        records.push(match step {
            Step::Layer(layer) => Record::Layer(x.shape, layer.needs_input().then_some(x.values)),
            Step::Sum(first, second) => {
                Record::Sum(record(execution, first, x.clone())?, record(execution, second, x)?)
            }
            Step::Join(first, second) => {
                let rows = Rows::of(&branch_shape(first, &x.shape)?, &branch_shape(second, &x.shape)?);
                Record::Join(record(execution, first, x.clone())?, record(execution, second, x)?, rows)
            }
        });
        // The values are no longer needed.
        x = Values { shape, values: Arc::default() };
    }
    Ok(records)
}

/// The gradient of the input, from that of the output.
pub(in crate::frozen) fn back<'a, E: Execution>(
    execution: &E,
    steps: &[Step],
    mut records: Vec<Record<E::Buffer>>,
    mut gradient: Gradient<'a, E>,
) -> Result<Gradient<'a, E>> {
    for step in steps.iter().rev() {
        let input_gradient = match (step, records.pop()) {
            (Step::Layer(layer), Some(Record::Layer(shape, input))) => {
                execution.backward(layer.as_ref(), &shape, input.as_deref().map(Deref::deref), gradient)?
            }
            (Step::Sum(first, second), Some(Record::Sum(left, right))) => {
                back_of_sum(execution, (first, left), (second, right), gradient)?
            }
            (Step::Join(first, second), Some(Record::Join(left, right, rows))) => {
                let (of_left, of_right) = execution.split(&gradient, rows)?;
                drop(gradient);
                let left = back(execution, first, left, Gradient::Own(of_left))?.into_own(execution)?;
                let right = back(execution, second, right, Gradient::Own(of_right))?;
                execution.sum(left, &right)?
            }
            (Step::Sum(first, second), Some(Record::Input(x))) => {
                let left = record(execution, first, x.clone())?;
                let right = record(execution, second, x)?;
                back_of_sum(execution, (first, left), (second, right), gradient)?
            }
            // `run` makes a record of the matching kind for each step.
            _ => unreachable!("a record of another step"),
        };
        gradient = Gradient::Own(input_gradient);
    }
    Ok(gradient)
}

/// A branch of a block, with its records.
type Branch<'a, B> = (&'a [Step], Vec<Record<B>>);

/// The gradient of a block's input.
fn back_of_sum<E: Execution>(
    execution: &E,
    (first, left): Branch<E::Buffer>,
    (second, right): Branch<E::Buffer>,
    gradient: Gradient<E>,
) -> Result<E::Buffer> {
    let left = back(execution, first, left, Gradient::Lent(&*gradient))?.into_own(execution)?;
    let right = back(execution, second, right, gradient)?;
    execution.sum(left, &right)
}

impl Execution for Computed {
    type View = [f32];
    type Buffer = Buffer;

    fn forward(&self, layer: &dyn Layer, shape: &[usize], input: &[f32], output_shape: &[usize]) -> Result<Buffer> {
        let mut output = fresh(layer, output_shape);
        layer.forward(shape, input, &mut output);
        Ok(output)
    }

    fn backward(
        &self,
        layer: &dyn Layer,
        shape: &[usize],
        input: Option<&[f32]>,
        gradient: Gradient<Self>,
    ) -> Result<Buffer> {
        let input = input.unwrap_or_default();
        match (layer.in_place(), gradient) {
            (Some(layer), Gradient::Own(mut gradient)) => {
                layer.backward_in_place(shape, input, &mut gradient);
                Ok(gradient)
            }
            (_, gradient) => {
                let mut input_gradient = fresh(layer, shape);
                layer.backward(shape, input, &gradient, &mut input_gradient);
                Ok(input_gradient)
            }
        }
    }

    fn join(&self, first: &[f32], second: &[f32], rows: Rows) -> Result<Buffer> {
        let mut joined = Buffer::any(rows.count * rows.joined());
        let sources = first.chunks(rows.first).zip(second.chunks(rows.second));
        for (joined, (first, second)) in joined.chunks_mut(rows.joined()).zip(sources) {
            joined[..rows.first].copy_from_slice(first);
            joined[rows.first..].copy_from_slice(second);
        }
        Ok(joined)
    }

    fn split(&self, joined: &[f32], rows: Rows) -> Result<(Buffer, Buffer)> {
        let (mut first, mut second) = (Buffer::any(rows.count * rows.first), Buffer::any(rows.count * rows.second));
        let targets = first.chunks_mut(rows.first).zip(second.chunks_mut(rows.second));
        for (joined, (first, second)) in joined.chunks(rows.joined()).zip(targets) {
            first.copy_from_slice(&joined[..rows.first]);
            second.copy_from_slice(&joined[rows.first..]);
        }
        Ok((first, second))
    }

    fn sum(&self, mut first: Buffer, second: &[f32]) -> Result<Buffer> {
        const TILE: usize = 1 << 15;
        first.par_chunks_mut(TILE).zip(second.par_chunks(TILE)).for_each(|(total, second)| {
            for (total, term) in total.iter_mut().zip(second) {
                *total += term;
            }
        });
        Ok(first)
    }

    fn copy(&self, values: &[f32]) -> Result<Buffer> {
        Ok(Buffer::copy_of(values))
    }
}

/// Memory for the output of a layer.
fn fresh(layer: &dyn Layer, shape: &[usize]) -> Buffer {
    let length = shape.iter().product();
    if layer.overwrites() { Buffer::any(length) } else { Buffer::zeros(length) }
}

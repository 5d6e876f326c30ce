//! Differentiable layers whose weights are frozen.
//!
//! Only the drawer's own parameters are trained, so a layer here owns its weights and its backward
//! pass returns the gradient of its input and nothing else. Each layer is a [`Layer`]: plain loops
//! over `f32` slices in both directions; this module turns it into one recorded operation of the
//! tensor library. Work is split by fixed tiles, never by the number of threads, so the same input
//! gives the same bits on one core and on many.

mod activation;
mod affine;
mod attention;
mod clamp;
mod convolution;
mod disjoint;
mod group_norm;
mod layer_norm;
mod linear;
mod pool;
mod product;
mod retouch;
mod shifted;
mod tokens;
mod unfolded;
mod upsample;
mod vector;
mod warp;

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Error, Layout, Result, Shape, Tensor};

pub use activation::Activation;
pub use affine::ChannelAffine;
pub use attention::{Attention, AttentionLayout};
pub use clamp::Clamp;
pub use convolution::{Convolution, Padding, Window};
pub use group_norm::GroupNorm;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use pool::{AveragePool, MeanMaxPool};
pub use product::{Matrix, MatrixMut, Products, multiply};
pub use retouch::{Rectangle, Retouch, Touch};
pub use tokens::{ClassToken, MeanToken, Patches};
pub use upsample::Upsample;
pub use warp::{Border, Filter, Homography, View, Warp};

/// One layer: a function of a contiguous `f32` tensor, and the gradient of its input.
pub trait Layer: Send + Sync + 'static {
    /// The name that errors show.
    fn name(&self) -> &'static str;

    /// The dimensions of the output.
    ///
    /// # Errors
    /// Where the layer cannot take an input of these dimensions.
    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>>;

    /// Writes every element of `output`, which comes filled with zeros.
    fn forward(&self, input_shape: &[usize], input: &[f32], output: &mut [f32]);

    /// Writes the gradient of the input, given that of the output; `input_gradient` comes filled
    /// with zeros.
    fn backward(&self, input_shape: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]);
}

/// Applies a layer, recording it where the input is tracked.
///
/// # Errors
/// Where the layer cannot take the input's dimensions, or the input is not `f32` on the CPU.
pub fn apply<L: Layer>(layer: &Arc<L>, input: &Tensor) -> Result<Tensor> {
    input.contiguous()?.apply_op1(Forward(layer.clone()))
}

struct Forward<L>(Arc<L>);
struct Backward<L>(Arc<L>);

impl<L: Layer> CustomOp1 for Forward<L> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let input = contiguous_values(storage, layout)?;
        let shape = self.0.output_shape(layout.dims())?;
        let mut output = vec![0.0; shape.iter().product()];
        self.0.forward(layout.dims(), input, &mut output);
        Ok((CpuStorage::F32(output), Shape::from(shape)))
    }

    fn bwd(&self, input: &Tensor, _output: &Tensor, output_gradient: &Tensor) -> Result<Option<Tensor>> {
        let gradient = output_gradient.contiguous()?;
        input.apply_op2_no_bwd(&gradient, &Backward(self.0.clone())).map(Some)
    }
}

impl<L: Layer> CustomOp2 for Backward<L> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        input_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let input = contiguous_values(input, input_layout)?;
        let gradient = contiguous_values(gradient, gradient_layout)?;
        let mut input_gradient = vec![0.0; input.len()];
        self.0.backward(input_layout.dims(), input, gradient, &mut input_gradient);
        Ok((CpuStorage::F32(input_gradient), input_layout.shape().clone()))
    }
}

fn contiguous_values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) =
        layout.contiguous_offsets().ok_or_else(|| Error::Msg("a frozen layer needs a contiguous input".into()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// The error of a layer that cannot take `shape`.
fn unexpected_shape<T>(layer: &str, expected: &str, shape: &[usize]) -> Result<T> {
    Err(Error::Msg(format!("{layer} takes {expected}, not {shape:?}")))
}

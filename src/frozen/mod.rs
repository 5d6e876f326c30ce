//! Differentiable layers whose weights are frozen.
//!
//! Only the drawer's own parameters are trained, so a layer owns its weights, and its backward pass
//! returns only the gradient of its input. Each layer is a [`Layer`]: plain loops over `f32` slices
//! in both directions and, in a build with CUDA, kernels on a GPU (`cuda/`). A [`Network`] of layers
//! is one recorded operation of the tensor library. Work is split into fixed tiles, never by the
//! number of threads, so the same input gives the same bits on one core and on many. Unless its file
//! mentions memory, a layer holds only its weights and what its passes read and write.

mod arithmetic;
pub mod cuda;
mod layers;
mod network;

use std::any::Any;

use candle_core::{Error, Result, Tensor};

pub(crate) use arithmetic::peak::multiply_in_registers;
pub(crate) use arithmetic::product::{Matrix, MatrixMut, Products, multiply, multiply_weights};
pub(crate) use arithmetic::vector::sigmoid;
pub use layers::activation::Activation;
pub use layers::affine::ChannelAffine;
pub use layers::attention::{Attention, AttentionLayout};
pub use layers::clamp::Clamp;
pub use layers::convolution::{Algorithms, Convolution, Padding, Window};
pub use layers::doubling::DoublingConvolution;
pub use layers::group_norm::GroupNorm;
pub use layers::layer_norm::LayerNorm;
pub use layers::linear::Linear;
pub use layers::nearest::NearestVectors;
pub(crate) use layers::nearest::index_of_largest;
pub use layers::pool::{AveragePool, MeanMaxPool};
pub use layers::rectifier::LeakyRectifier;
pub use layers::repeat::{Middle, Repeat, Rim};
pub use layers::retouch::{Rectangle, Retouch, Touch};
pub use layers::shuffle::{PixelShuffle, PixelUnshuffle};
pub use layers::squares::SquareSum;
pub use layers::tokens::{ClassToken, FirstToken, MeanToken, Patches};
pub use layers::upsample::Upsample;
pub(crate) use layers::warp::GRADIENT_GROUP;
pub use layers::warp::{Border, Filter, Homography, View, Warp};
pub use network::buffer::release_memory;
pub use network::with_gradient::with_gradient;
pub use network::{Memory, MemoryOf, Network, Step};

/// Number of threads assumed in estimates of memory, which must not depend on the machine.
const THREADS: usize = 4;

/// A layer: a function of a contiguous `f32` tensor, and the gradient of its input.
pub trait Layer: Any + Send + Sync {
    /// The layer's name in errors.
    fn name(&self) -> &'static str;

    /// The dimensions of the output.
    ///
    /// # Errors
    /// If the layer cannot take an input of these dimensions.
    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>>;

    /// Floating-point operations of the matrix products for an input of these dimensions, where a
    /// multiplication and an addition count as two; the backward pass nominally has the same number.
    fn operations(&self, _input_shape: &[usize]) -> u64 {
        0
    }

    /// Whether both passes write every element, whatever their output memory held before; if not, the memory
    /// is filled with zeros first.
    fn overwrites(&self) -> bool {
        false
    }

    /// How the layer sees beyond the edges of a picture; none if what it makes of a pixel hangs on that pixel alone, or on
    /// all pixels alike.
    fn rim(&self) -> Option<Rim> {
        None
    }

    /// Approximate number of elements that a pass holds beside its input and output; `read` is the shape
    /// of the input or, in the backward pass, of the output's gradient.
    fn working_memory(&self, _read: &[usize]) -> usize {
        0
    }

    /// Approximate number of elements that the layer computes in its first pass and keeps for all later ones.
    fn lasting_memory(&self, _input_shape: &[usize]) -> usize {
        0
    }

    /// Computes `output`.
    fn forward(&self, input_shape: &[usize], input: &[f32], output: &mut [f32]);

    /// Whether the backward pass reads the input; if not, it gets an empty one.
    fn needs_input(&self) -> bool;

    /// The layer as an [`InPlace`] one, if its gradients need no separate memory.
    fn in_place(&self) -> Option<&dyn InPlace> {
        None
    }

    /// Computes the gradient of the input from the gradient of the output.
    fn backward(&self, input_shape: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]);

    /// The layer in the memory of a GPU.
    ///
    /// # Errors
    /// If the layer cannot run there, or the memory does not suffice.
    fn resident(&self, _on: &dyn cuda::Accelerator) -> Result<Box<dyn cuda::Resident>> {
        Err(Error::Msg(format!("{} cannot run on a GPU", self.name())))
    }
}

/// Inside `impl Layer`: defines how the layer is copied to a GPU, `|layer, on| resident`.
macro_rules! on_gpu {
    (|$layer:ident, $on:ident| $resident:expr) => {
        fn resident(
            &self,
            $on: &dyn $crate::frozen::cuda::Accelerator,
        ) -> candle_core::Result<Box<dyn $crate::frozen::cuda::Resident>> {
            let $layer = self;
            Ok(Box::new($resident))
        }
    };
}
pub(crate) use on_gpu;

/// Inside `impl Layer` of an [`InPlace`] layer: its gradient, also where the output's gradient is still needed.
macro_rules! in_place {
    () => {
        fn in_place(&self) -> Option<&dyn $crate::frozen::InPlace> {
            Some(self)
        }

        fn backward(&self, shape: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
            input_gradient.copy_from_slice(output_gradient);
            $crate::frozen::InPlace::backward_in_place(self, shape, input, input_gradient);
        }
    };
}
pub(crate) use in_place;

/// A layer that can compute the gradient of its input in the memory of the output's gradient.
pub trait InPlace {
    /// Turns the gradient of the output into that of the input.
    fn backward_in_place(&self, input_shape: &[usize], input: &[f32], gradient: &mut [f32]);
}

/// Applies a single layer, and records it if the input is tracked.
///
/// # Errors
/// If the layer cannot take the input's dimensions, cannot run on the input's device, or the input is not `f32`.
pub fn apply(layer: impl Layer, input: &Tensor) -> Result<Tensor> {
    Network::of(layer).forward(input)
}

/// The error for a layer that cannot take `shape`.
fn unexpected_shape<T>(layer: &str, expected: &str, shape: &[usize]) -> Result<T> {
    Err(Error::Msg(format!("{layer} takes {expected}, not {shape:?}")))
}

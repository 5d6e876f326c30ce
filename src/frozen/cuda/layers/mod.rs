//! The layers' twins on a device. Each file has one layer, or a few similar ones.

mod activation;
mod affine;
mod attention;
mod clamp;
mod convolution;
mod distance;
mod doubling;
mod group_norm;
mod layer_norm;
mod linear;
mod mosaic;
mod nearest;
mod pool;
mod retouch;
mod slopes;
mod squares;
mod tokens;
mod unfolding;
mod upsample;
mod warp;

pub(crate) use affine::AffineOnDevice;
pub(crate) use convolution::ConvolutionOnDevice;
pub(crate) use distance::SphericalDistanceOnDevice;
pub(crate) use doubling::DoublingOnDevice;
pub(crate) use group_norm::GroupNormOnDevice;
pub(crate) use layer_norm::LayerNormOnDevice;
pub(crate) use linear::LinearOnDevice;
pub(crate) use mosaic::{SparseOnDevice, SparseRows};
pub(crate) use nearest::NearestOnDevice;
pub(crate) use retouch::RetouchOnDevice;
pub(crate) use slopes::SlopesOnDevice;
pub(crate) use squares::SquareSumOnDevice;
pub(crate) use tokens::{ClassTokenOnDevice, MeanTokenOnDevice};
pub(crate) use warp::WarpOnDevice;

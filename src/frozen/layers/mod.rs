//! The layers. Each file has one layer, or a few similar ones.

pub(super) mod activation;
pub(super) mod affine;
pub(super) mod attention;
pub(super) mod clamp;
pub(super) mod convolution;
pub(super) mod doubling;
pub(super) mod group_norm;
pub(super) mod layer_norm;
pub(super) mod linear;
pub(super) mod nearest;
pub(super) mod pool;
pub(super) mod rectifier;
pub(super) mod repeat;
pub(super) mod retouch;
pub(super) mod shuffle;
pub(super) mod squares;
pub(super) mod tokens;
pub(super) mod upsample;
pub(super) mod warp;

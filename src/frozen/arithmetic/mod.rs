//! What layers compute with: matrix products, vectorized loops, and ways to convolve.

#[cfg(target_arch = "x86_64")]
mod blocked;
pub(super) mod disjoint;
#[cfg(target_arch = "x86_64")]
mod pack;
pub(super) mod panel;
pub(super) mod peak;
pub(super) mod pointwise;
pub(super) mod processor;
pub(super) mod product;
pub(super) mod shifted;
#[cfg(target_arch = "x86_64")]
mod tile;
pub(super) mod unfolded;
pub(super) mod vector;
pub(super) mod winograd;

//! What layers compute with: matrix products, vectorized loops, and ways to convolve.

pub(super) mod disjoint;
pub(super) mod panel;
pub(super) mod product;
pub(super) mod shifted;
pub(super) mod unfolded;
pub(super) mod vector;
pub(super) mod winograd;

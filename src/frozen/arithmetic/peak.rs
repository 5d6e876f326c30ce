//! Measures the processor's peak rate of multiplications and additions, to compare products with.

use std::hint::black_box;

use pulp::{Arch, Simd, WithSimd};

/// The number of sums, which do not wait for each other: as many as a tile of a product has.
const CHAINS: usize = 12;
/// The number of additions to each sum, which take some milliseconds.
const ROUNDS: usize = 4_000_000;

/// Multiplies and adds numbers that stay in registers, on all threads, and returns the number of operations.
pub fn multiply_in_registers() -> u64 {
    rayon::broadcast(|_| Arch::new().dispatch(Chains)).into_iter().sum()
}

struct Chains;

impl WithSimd for Chains {
    type Output = u64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> u64 {
        let (factor, summand) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(0.001)));
        let mut sums = [simd.splat_f32s(1.0); CHAINS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_e_f32s(*sum, factor, summand);
            }
        }
        black_box(sums);
        (2 * CHAINS * ROUNDS * size_of::<S::f32s>() / size_of::<f32>()) as u64
    }
}

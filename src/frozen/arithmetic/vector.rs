//! Loops over slices in the widest vectors of the processor, and functions for these loops.
//!
//! Everything here gives the same bits with every instruction set: sums run in sixteen fixed lanes,
//! and no multiplication is fused with an addition.

/// Runs a loop compiled for the processor's instruction set; everything it calls must be inlined.
#[inline]
pub fn vectorized<R>(body: impl FnOnce() -> R) -> R {
    struct Body<F>(F);
    impl<R, F: FnOnce() -> R> pulp::NullaryFnOnce for Body<F> {
        type Output = R;
        #[inline(always)]
        fn call(self) -> R {
            (self.0)()
        }
    }
    pulp::Arch::new().dispatch(Body(body))
}

const LANES: usize = 16;
/// Lanes are summed in f32 over a block and blocks in f64, so long sums keep their precision.
pub const BLOCK: usize = 1024;

/// Sum of `term` over the elements of slices of the same length.
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
pub fn sum<const N: usize>(slices: [&[f32]; N], term: impl Fn([f32; N]) -> f32) -> f64 {
    let length = slices[0].len();
    assert!(slices.iter().all(|slice| slice.len() == length));
    let mut total = 0.0;
    for start in (0..length).step_by(BLOCK) {
        let end = length.min(start + BLOCK);
        let block = slices.map(|slice| slice[start..end].as_chunks::<LANES>());
        let mut lanes = [0.0f32; LANES];
        for index in 0..block[0].0.len() {
            // Without a check for each element, the lanes become vectors.
            let chunks = block.map(|(chunks, _)| &chunks[index]);
            for (lane, value) in lanes.iter_mut().enumerate() {
                *value += term(chunks.map(|chunk| chunk[lane]));
            }
        }
        let mut rest = 0.0f32;
        for index in 0..block[0].1.len() {
            rest += term(block.map(|(_, rest)| rest[index]));
        }
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                lanes[lane] += lanes[lane + width];
            }
            width /= 2;
        }
        total += f64::from(lanes[0] + rest);
    }
    total
}

/// e to the power of `x`, within two units in the last place; saturates outside ±87.
///
/// Range reduction and polynomial of the Cephes library's `expf`.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const ROUNDER: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to an integer
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let whole = shifted - ROUNDER;
    let r = (x - whole * LN_2_HIGH) - whole * LN_2_LOW;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5e-1;
    let mantissa = p * r * r + r + 1.0;
    // The low bits of `shifted` hold the integer; they become the exponent of a power of two.
    let power = f32::from_bits(shifted.to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(127) << 23);
    mantissa * power
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The error function, within 1.5e-7 (Abramowitz and Stegun, 7.1.26).
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let magnitude = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * magnitude);
    let polynomial = ((((1.061_405_4 * t - 1.453_152_1) * t + 1.421_413_8) * t - 0.284_496_72) * t + 0.254_829_6) * t;
    (1.0 - polynomial * exp(-magnitude * magnitude)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_and_erf_agree_with_f64() {
        for step in -8700..=8700_i16 {
            let x = f32::from(step) / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 3e-7, "exp({x})");
        }
        // erf(0.5), erf(1), erf(2): Abramowitz and Stegun, table 7.1
        for (x, exact) in [(0.5, 0.520_499_9), (1.0, 0.842_700_8), (2.0, 0.995_322_3), (-1.0, -0.842_700_8)] {
            assert!((erf(x) - exact).abs() < 4e-7, "erf({x})");
        }
    }

    #[test]
    fn sums_are_exact_to_f32() {
        let exact: f64 = (0..10_007).map(|i| 1.0 / f64::from(i + 1)).sum();
        #[allow(clippy::cast_precision_loss)]
        let numbers: Vec<f32> = (1..=10_007).map(|i| i as f32).collect();
        let found = sum([numbers.as_slice()], |[number]| 1.0 / number);
        assert!((found / exact - 1.0).abs() < 1e-6);
    }

    #[test]
    #[allow(clippy::float_cmp)] // sums of small whole numbers are exact
    fn sums_take_each_element_once() {
        for length in [0_u16, 1, 15, 16, 17, 1000, 1024, 1025, 3000] {
            let first: Vec<f32> = (0..length).map(|i| f32::from(i % 7)).collect();
            let second: Vec<f32> = (0..length).map(|i| f32::from(i % 5)).collect();
            let expected: i32 = (0..length).map(|i| i32::from(i % 7) * i32::from(i % 5) + 1).sum();
            assert!(sum([&first[..], &second[..]], |[a, b]| a * b + 1.0) == f64::from(expected), "{length}");
        }
    }
}

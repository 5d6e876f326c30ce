//! Sorts pixels by their place in a tile, and back.

use pulp::Simd;

use super::points::TILE;

/// Tiles that are sorted at once: as many as an AVX2 vector has lanes.
pub const GROUP: usize = 8;

/// The pixels of a group of tiles, [place in the tile][tile].
type Sorted = [[f32; GROUP]; TILE];

/// Whether the vectors are those of AVX2 or wider, and the processor has its instructions.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn has_avx2<S: Simd>() -> bool {
    size_of::<S::f32s>() >= size_of::<[f32; GROUP]>()
}

/// Sorts the first `GROUP · step` pixels of a line by their place in a tile's step, which is 2 or 4.
#[inline(always)]
pub fn sorted<S: Simd>(_: S, step: usize, line: &[f32]) -> Sorted {
    let line = &line[..GROUP * step];
    let mut sorted = [[0.0; GROUP]; TILE];
    #[cfg(target_arch = "x86_64")]
    if has_avx2::<S>() {
        // SAFETY: the line has as many pixels, and the processor has AVX2.
        unsafe {
            if step == 4 {
                avx2::sort_fours(line.as_ptr(), &mut sorted);
            } else {
                avx2::sort_pairs(line.as_ptr(), &mut sorted);
            }
        }
        return sorted;
    }
    for (tile, pixels) in line.chunks_exact(step).enumerate() {
        for (sorted, pixel) in sorted.iter_mut().zip(pixels) {
            sorted[tile] = *pixel;
        }
    }
    sorted
}

/// Writes the first `step` numbers of each tile, tile by tile; the step is 2 or 4, and the line has `GROUP · step` pixels.
#[inline(always)]
pub fn mix<S: Simd>(_: S, step: usize, sorted: &Sorted, line: &mut [f32]) {
    let line = &mut line[..GROUP * step];
    #[cfg(target_arch = "x86_64")]
    if has_avx2::<S>() {
        // SAFETY: the line has as many pixels, and the processor has AVX2.
        unsafe {
            if step == 4 {
                avx2::mix_fours(sorted, line.as_mut_ptr());
            } else {
                avx2::mix_pairs(sorted, line.as_mut_ptr());
            }
        }
        return;
    }
    for (tile, pixels) in line.chunks_exact_mut(step).enumerate() {
        for (sorted, pixel) in sorted.iter().zip(pixels) {
            *pixel = sorted[tile];
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256, _mm_loadu_ps, _mm256_castpd_ps, _mm256_castps_pd, _mm256_castps128_ps256, _mm256_insertf128_ps,
        _mm256_loadu_ps, _mm256_permute2f128_ps, _mm256_permute4x64_pd, _mm256_shuffle_ps, _mm256_storeu_ps,
        _mm256_unpackhi_ps, _mm256_unpacklo_ps,
    };

    use super::{GROUP, Sorted};

    /// Turns the 4x4 numbers in the lower and in the upper halves.
    #[inline(always)]
    unsafe fn turned([a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
        // SAFETY: the processor has AVX2, as the callers guarantee.
        unsafe {
            let (ab, more_ab) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            let (cd, more_cd) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
            [
                _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd),
                _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd),
                _mm256_shuffle_ps::<0b01_00_01_00>(more_ab, more_cd),
                _mm256_shuffle_ps::<0b11_10_11_10>(more_ab, more_cd),
            ]
        }
    }

    /// # Safety
    /// There must be 32 pixels, and the processor must have AVX2.
    #[inline(always)]
    pub unsafe fn sort_fours(pixels: *const f32, sorted: &mut Sorted) {
        // SAFETY: the caller guarantees this.
        unsafe {
            let tiles = [0, 1, 2, 3].map(|tile| {
                let (lower, upper) = (_mm_loadu_ps(pixels.add(4 * tile)), _mm_loadu_ps(pixels.add(4 * (tile + 4))));
                _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(lower), upper)
            });
            for (sorted, vector) in sorted.iter_mut().zip(turned(tiles)) {
                _mm256_storeu_ps(sorted.as_mut_ptr(), vector);
            }
        }
    }

    /// # Safety
    /// There must be 16 pixels, and the processor must have AVX2.
    #[inline(always)]
    pub unsafe fn sort_pairs(pixels: *const f32, sorted: &mut Sorted) {
        // SAFETY: the caller guarantees this.
        unsafe {
            let (a, b) = (_mm256_loadu_ps(pixels), _mm256_loadu_ps(pixels.add(GROUP)));
            let order =
                |mixed: __m256| _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_castps_pd(mixed)));
            _mm256_storeu_ps(sorted[0].as_mut_ptr(), order(_mm256_shuffle_ps::<0b10_00_10_00>(a, b)));
            _mm256_storeu_ps(sorted[1].as_mut_ptr(), order(_mm256_shuffle_ps::<0b11_01_11_01>(a, b)));
        }
    }

    /// # Safety
    /// There must be 32 pixels, and the processor must have AVX2.
    #[inline(always)]
    pub unsafe fn mix_fours(sorted: &Sorted, pixels: *mut f32) {
        // SAFETY: the caller guarantees this.
        unsafe {
            let [a, b, c, d] = turned([0, 1, 2, 3].map(|place: usize| _mm256_loadu_ps(sorted[place].as_ptr())));
            _mm256_storeu_ps(pixels, _mm256_permute2f128_ps::<0x20>(a, b));
            _mm256_storeu_ps(pixels.add(GROUP), _mm256_permute2f128_ps::<0x20>(c, d));
            _mm256_storeu_ps(pixels.add(2 * GROUP), _mm256_permute2f128_ps::<0x31>(a, b));
            _mm256_storeu_ps(pixels.add(3 * GROUP), _mm256_permute2f128_ps::<0x31>(c, d));
        }
    }

    /// # Safety
    /// There must be 16 pixels, and the processor must have AVX2.
    #[inline(always)]
    pub unsafe fn mix_pairs(sorted: &Sorted, pixels: *mut f32) {
        // SAFETY: the caller guarantees this.
        unsafe {
            let [a, b] = [0, 1].map(|place: usize| _mm256_loadu_ps(sorted[place].as_ptr()));
            let (lower, upper) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            _mm256_storeu_ps(pixels, _mm256_permute2f128_ps::<0x20>(lower, upper));
            _mm256_storeu_ps(pixels.add(GROUP), _mm256_permute2f128_ps::<0x31>(lower, upper));
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, clippy::cast_precision_loss)] // copies are exact
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    struct ThereAndBack(usize);

    impl WithSimd for ThereAndBack {
        type Output = (Vec<f32>, Sorted, Vec<f32>);

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let line: Vec<f32> = (0..GROUP * self.0).map(|index| index as f32).collect();
            let sorted = sorted(simd, self.0, &line);
            let mut mixed = vec![f32::NAN; line.len()];
            mix(simd, self.0, &sorted, &mut mixed);
            (line, sorted, mixed)
        }
    }

    #[test]
    fn pixels_are_sorted_and_mixed_again() {
        for step in [2, 4] {
            for run in
                [|step| Arch::new().dispatch(ThereAndBack(step)), |step| ThereAndBack(step).with_simd(pulp::Scalar)]
            {
                let (line, sorted, mixed) = run(step);
                for place in 0..step {
                    for tile in 0..GROUP {
                        assert!(sorted[place][tile] == line[tile * step + place], "step {step}");
                    }
                }
                assert!(mixed == line, "step {step}");
            }
        }
    }
}

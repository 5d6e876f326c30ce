//! The inner kernel of `blocked.rs`: a few rows by two vectors of columns, summed in registers.

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use pulp::Simd;

/// Rows of a tile. Two vectors for each row, the two of a panel and a number of the left side fill the sixteen
/// registers of AVX2; twelve sums are enough to keep both of a core's multipliers busy.
pub const ROWS: usize = 6;
/// Columns of a tile, and of a panel: two vectors of AVX2, one cache line.
pub const WIDTH: usize = 16;

/// A tile of a product: `ROWS` or fewer rows by `WIDTH` columns.
#[derive(Clone, Copy)]
pub struct Tile {
    /// The first row of the left side, and the distance between its rows
    pub left: *const f32,
    pub left_row: usize,
    /// `[depth, WIDTH]` of the right side
    pub panel: *const f32,
    /// The tile's first element, and the distance between its rows
    pub destination: *mut f32,
    pub stride: usize,
    pub depth: usize,
    /// Whether the sums start from 0, instead of the values in the destination
    pub fresh: bool,
    /// A row of the left side to fetch into the cache in the meantime; the row need not exist
    pub next: *const f32,
}

impl Tile {
    /// Adds the products of all depths to each sum, in order.
    ///
    /// # Safety
    /// The left side must hold `HEIGHT` rows and `depth` depths, the panel `depth` depths, and the destination `HEIGHT` rows
    /// of `WIDTH` elements that nothing else uses in the meantime. A vector must be half as wide as a panel.
    #[inline(always)]
    unsafe fn sum<S: Simd, const HEIGHT: usize>(self, simd: S) {
        let lanes = size_of::<S::f32s>() / size_of::<f32>();
        debug_assert_eq!(2 * lanes, WIDTH);
        // SAFETY: the caller guarantees that every element exists. Any address may be fetched into the cache.
        unsafe {
            let load = |from: *const f32| {
                [from.cast::<S::f32s>().read_unaligned(), from.add(lanes).cast::<S::f32s>().read_unaligned()]
            };
            let mut sums = [[simd.splat_f32s(0.0); 2]; HEIGHT];
            if !self.fresh {
                for (row, sums) in sums.iter_mut().enumerate() {
                    *sums = load(self.destination.add(row * self.stride));
                }
            }
            let (mut left, mut panel, mut next) = (self.left, self.panel, self.next);
            let mut rest = self.depth;
            while rest > 0 {
                // As many depths as a cache line of the left side holds.
                let now = rest.min(WIDTH);
                rest -= now;
                _mm_prefetch::<_MM_HINT_T0>(next.cast());
                next = next.wrapping_add(WIDTH);
                for _ in 0..now {
                    let right = load(panel);
                    for (row, sums) in sums.iter_mut().enumerate() {
                        let value = simd.splat_f32s(*left.add(row * self.left_row));
                        sums[0] = simd.mul_add_e_f32s(value, right[0], sums[0]);
                        sums[1] = simd.mul_add_e_f32s(value, right[1], sums[1]);
                    }
                    left = left.wrapping_add(1);
                    panel = panel.wrapping_add(WIDTH);
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                let line = self.destination.add(row * self.stride);
                line.cast::<S::f32s>().write_unaligned(sums[0]);
                line.add(lanes).cast::<S::f32s>().write_unaligned(sums[1]);
            }
        }
    }

    /// Like [`Tile::sum`], for a tile of which only the first `columns` columns exist.
    ///
    /// # Safety
    /// As for [`Tile::sum`], but the rows of the destination have only `columns` elements.
    #[inline(always)]
    pub unsafe fn sum_in<S: Simd, const HEIGHT: usize>(self, simd: S, columns: usize) {
        if columns == WIDTH {
            // SAFETY: the caller guarantees this.
            unsafe { self.sum::<S, HEIGHT>(simd) };
            return;
        }
        let mut whole = [[0.0; WIDTH]; HEIGHT];
        // SAFETY: the rows have `columns` elements, and `whole` has as many rows of the width of a tile.
        unsafe {
            if !self.fresh {
                for (row, whole) in whole.iter_mut().enumerate() {
                    let line = self.destination.add(row * self.stride);
                    line.copy_to_nonoverlapping(whole.as_mut_ptr(), columns);
                }
            }
            Self { destination: whole.as_mut_ptr().cast(), stride: WIDTH, ..self }.sum::<S, HEIGHT>(simd);
            for (row, whole) in whole.iter().enumerate() {
                let line = self.destination.add(row * self.stride);
                line.copy_from_nonoverlapping(whole.as_ptr(), columns);
            }
        }
    }

    /// Fetches the destination of a tile into the cache; the destination need not exist.
    #[inline(always)]
    pub fn fetch(destination: *const f32, stride: usize) {
        for row in 0..ROWS {
            let line = destination.wrapping_add(row * stride);
            // SAFETY: any address may be fetched into the cache.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(line.cast());
                // Rows are not aligned to cache lines.
                _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(WIDTH - 1).cast());
            }
        }
    }
}

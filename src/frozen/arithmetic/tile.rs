//! The inner kernel of `blocked.rs`: a few rows by two vectors of columns, summed in registers.

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use pulp::Simd;
use pulp::x86::{V3, V4};

use super::pack::View;

/// Elements of a cache line.
pub const LINE: usize = 16;

/// The size of tiles, which depends on the registers of an instruction set. Two vectors for each row, the two of a panel and
/// a number of the left side fit into the registers.
pub trait Registers: Simd {
    /// Rows of a tile
    const ROWS: usize;
    /// Columns of a tile, and of a panel: two vectors
    const WIDTH: usize = 2 * size_of::<Self::f32s>() / size_of::<f32>();
}

impl Registers for V3 {
    // Twelve sums are enough to keep both of a core's multipliers busy.
    const ROWS: usize = 6;
}

impl Registers for V4 {
    // With fourteen rows, which would fit as well, products are slower.
    const ROWS: usize = 12;
}

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
    /// What the sums start from, at the place of the tile; if none, they start from 0
    pub from: Option<View>,
    /// A row of the left side to fetch into the cache in the meantime; the row need not exist
    pub next: *const f32,
    /// The first element of the next tile of the destination, to fetch in the meantime as well
    pub following: *const f32,
}

impl Tile {
    /// Adds the products of all depths to each sum, in order.
    ///
    /// # Safety
    /// The left side must hold `HEIGHT` rows and `depth` depths, the panel `depth` depths, and `from`, if given, and
    /// `destination` `HEIGHT` rows of `WIDTH` elements; those of `destination`, `stride` apart, nothing else uses meanwhile.
    #[inline(always)]
    unsafe fn sum<S: Registers, const HEIGHT: usize>(self, simd: S, destination: *mut f32, stride: usize) {
        let lanes = size_of::<S::f32s>() / size_of::<f32>();
        // SAFETY: the caller guarantees that every element exists. Any address may be fetched into the cache.
        unsafe {
            let load = |from: *const f32| {
                [from.cast::<S::f32s>().read_unaligned(), from.add(lanes).cast::<S::f32s>().read_unaligned()]
            };
            let mut sums = [[simd.splat_f32s(0.0); 2]; HEIGHT];
            if let Some(from) = self.from {
                for (row, sums) in sums.iter_mut().enumerate() {
                    *sums = load(from.at(row, 0).start);
                }
            }
            let (mut left, mut panel, mut next) = (self.left, self.panel, self.next);
            let (mut rest, mut fetched) = (self.depth, 0);
            while rest > 0 {
                // As many depths as a cache line of the left side holds.
                let now = rest.min(LINE);
                rest -= now;
                _mm_prefetch::<_MM_HINT_T0>(next.cast());
                next = next.wrapping_add(LINE);
                if fetched < S::ROWS {
                    // One row at a time, because a core waits for few lines at once.
                    fetch::<S>(self.following.wrapping_add(fetched * self.stride));
                    fetched += 1;
                }
                // Four depths share the addresses of the rows, whose additions would compete with the multiplications.
                for _ in 0..now / 4 {
                    add(simd, left, self.left_row, load(panel), &mut sums);
                    add(simd, left.add(1), self.left_row, load(panel.add(S::WIDTH)), &mut sums);
                    add(simd, left.add(2), self.left_row, load(panel.add(2 * S::WIDTH)), &mut sums);
                    add(simd, left.add(3), self.left_row, load(panel.add(3 * S::WIDTH)), &mut sums);
                    left = left.wrapping_add(4);
                    panel = panel.wrapping_add(4 * S::WIDTH);
                }
                for _ in 0..now % 4 {
                    add(simd, left, self.left_row, load(panel), &mut sums);
                    left = left.wrapping_add(1);
                    panel = panel.wrapping_add(S::WIDTH);
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                let line = destination.add(row * stride);
                line.cast::<S::f32s>().write_unaligned(sums[0]);
                line.add(lanes).cast::<S::f32s>().write_unaligned(sums[1]);
            }
        }
    }

    /// Like [`Tile::sum`] with the tile's own destination, of which only the first `columns` columns exist.
    ///
    /// # Safety
    /// As for [`Tile::sum`], but the rows of the destination and of `from` have only `columns` elements.
    #[inline(always)]
    pub unsafe fn sum_in<S: Registers, const HEIGHT: usize>(self, simd: S, columns: usize) {
        if columns == S::WIDTH {
            // SAFETY: the caller guarantees this.
            unsafe { self.sum::<S, HEIGHT>(simd, self.destination, self.stride) };
            return;
        }
        let mut whole = [[simd.splat_f32s(0.0); 2]; HEIGHT];
        let place: *mut f32 = whole.as_mut_ptr().cast();
        // SAFETY: the rows have `columns` elements, and `whole` has as many rows of the width of a tile.
        unsafe {
            let from = self.from.map(|from| {
                for row in 0..HEIGHT {
                    from.at(row, 0).start.copy_to_nonoverlapping(place.add(row * S::WIDTH), columns);
                }
                View { start: place, row: S::WIDTH, column: 1 }
            });
            Self { from, ..self }.sum::<S, HEIGHT>(simd, place, S::WIDTH);
            for row in 0..HEIGHT {
                let line = self.destination.add(row * self.stride);
                line.copy_from_nonoverlapping(place.add(row * S::WIDTH), columns);
            }
        }
    }
}

/// Adds the products of one depth to the sums of a tile.
///
/// # Safety
/// `left` must be followed by an element of each row, `apart` from each other.
#[inline(always)]
unsafe fn add<S: Simd, const HEIGHT: usize>(
    simd: S,
    left: *const f32,
    apart: usize,
    right: [S::f32s; 2],
    sums: &mut [[S::f32s; 2]; HEIGHT],
) {
    for (row, sums) in sums.iter_mut().enumerate() {
        // SAFETY: the caller guarantees that the element exists.
        let value = simd.splat_f32s(unsafe { *left.add(row * apart) });
        sums[0] = simd.mul_add_e_f32s(value, right[0], sums[0]);
        sums[1] = simd.mul_add_e_f32s(value, right[1], sums[1]);
    }
}

/// Fetches a row of a tile into the cache; the row need not exist.
#[inline(always)]
fn fetch<S: Registers>(row: *const f32) {
    // SAFETY: any address may be fetched into the cache.
    unsafe {
        for column in (0..S::WIDTH).step_by(LINE) {
            _mm_prefetch::<_MM_HINT_T0>(row.wrapping_add(column).cast());
        }
        // Rows are not aligned to cache lines.
        _mm_prefetch::<_MM_HINT_T0>(row.wrapping_add(S::WIDTH - 1).cast());
    }
}

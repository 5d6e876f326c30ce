//! Copies parts of matrices in the order in which the kernel of `tile.rs` reads them.

use std::arch::x86_64::{
    _MM_HINT_T0, _mm_prefetch, _mm256_loadu_ps, _mm256_permute2f128_ps, _mm256_setzero_ps, _mm256_shuffle_ps,
    _mm256_storeu_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};

use super::tile::{LINE, Registers};

/// Lanes of a vector.
const LANES: usize = 8;
/// How many rows ahead are fetched into the cache.
const AHEAD: usize = 8;

/// A matrix, given by its first element and the distances between neighbors, in elements.
#[derive(Clone, Copy)]
pub struct View {
    pub start: *const f32,
    pub row: usize,
    pub column: usize,
}

impl View {
    #[inline(always)]
    pub fn at(self, row: usize, column: usize) -> Self {
        Self { start: self.start.wrapping_add(row * self.row + column * self.column), ..self }
    }
}

/// The distance between panels of a depth, in elements: one row more, because panels that are a multiple of 4 KiB apart share
/// the same cache lines and evict each other.
#[inline(always)]
pub const fn panel_size<S: Registers>(depth: usize) -> usize {
    (depth + 1) * S::WIDTH
}

/// Writes `depth` rows of `columns` as panels `[depth, WIDTH]`, [`panel_size`] apart; zeros fill the last panel.
///
/// # Safety
/// The view must have these rows and columns, `panels` must have room for them, and the processor must have AVX2.
#[inline(always)]
pub unsafe fn panels<S: Registers>(view: View, depth: usize, columns: usize, panels: *mut f32) {
    let (whole, size) = (columns / S::WIDTH, panel_size::<S>(depth));
    // SAFETY: the caller guarantees that all places are inside the view and the panels. Any address may be fetched into the
    // cache.
    unsafe {
        if view.column == 1 {
            // All panels side by side: one panel alone would read only one cache line of each page.
            for k in 0..depth {
                let ahead = view.at(k + AHEAD, 0).start;
                for panel in 0..whole {
                    for column in (0..S::WIDTH).step_by(LINE) {
                        _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(panel * S::WIDTH + column).cast());
                    }
                    let (from, to) = (view.at(k, panel * S::WIDTH).start, panels.add(panel * size + k * S::WIDTH));
                    from.copy_to_nonoverlapping(to, S::WIDTH);
                }
            }
        } else {
            for panel in 0..whole {
                let (from, to) = (view.at(0, panel * S::WIDTH), panels.add(panel * size));
                // Eight depths at a time if they are neighbors in memory.
                let turned = if view.row == 1 { depth / LANES * LANES } else { 0 };
                for k in (0..turned).step_by(LANES) {
                    for column in (0..S::WIDTH).step_by(LANES) {
                        turn::<S>(from.at(k, column).start, view.column, to.add(k * S::WIDTH + column));
                    }
                }
                some::<S>(from.at(turned, 0), depth - turned, S::WIDTH, to.add(turned * S::WIDTH));
            }
        }
        if whole * S::WIDTH < columns {
            let to = panels.add(whole * size);
            to.write_bytes(0, depth * S::WIDTH);
            some::<S>(view.at(0, whole * S::WIDTH), depth, columns - whole * S::WIDTH, to);
        }
    }
}

/// Writes the first `columns` columns of a panel.
#[inline(always)]
unsafe fn some<S: Registers>(view: View, depth: usize, columns: usize, panel: *mut f32) {
    for k in 0..depth {
        for column in 0..columns {
            // SAFETY: as for `panels`.
            unsafe { *panel.add(k * S::WIDTH + column) = *view.at(k, column).start };
        }
    }
}

/// Writes eight columns, each of eight neighbors, as eight rows of a panel. The columns are `apart` from each other.
#[inline(always)]
unsafe fn turn<S: Registers>(from: *const f32, apart: usize, to: *mut f32) {
    // SAFETY: as for `panels`.
    unsafe {
        let mut pairs = [_mm256_setzero_ps(); LANES];
        for index in 0..LANES / 2 {
            let [first, second] = [0, 1].map(|more| _mm256_loadu_ps(from.add((2 * index + more) * apart)));
            pairs[2 * index] = _mm256_unpacklo_ps(first, second);
            pairs[2 * index + 1] = _mm256_unpackhi_ps(first, second);
        }
        let mut fours = [_mm256_setzero_ps(); LANES];
        for half in [0, LANES / 2] {
            for index in 0..2 {
                let (first, second) = (pairs[half + index], pairs[half + index + 2]);
                fours[half + 2 * index] = _mm256_shuffle_ps::<0b01_00_01_00>(first, second);
                fours[half + 2 * index + 1] = _mm256_shuffle_ps::<0b11_10_11_10>(first, second);
            }
        }
        for index in 0..LANES / 2 {
            let (first, second) = (fours[index], fours[index + LANES / 2]);
            _mm256_storeu_ps(to.add(index * S::WIDTH), _mm256_permute2f128_ps::<0x20>(first, second));
            _mm256_storeu_ps(to.add((index + LANES / 2) * S::WIDTH), _mm256_permute2f128_ps::<0x31>(first, second));
        }
    }
}

/// Copies rows to places that are `apart` from each other. The columns of the view must be neighbors in memory.
///
/// # Safety
/// The view must have these rows and columns, and `to` must have room for them.
#[inline(always)]
pub unsafe fn rows(view: View, rows: usize, depth: usize, apart: usize, to: *mut f32) {
    for row in 0..rows {
        // SAFETY: the caller guarantees this.
        unsafe { view.at(row, 0).start.copy_to_nonoverlapping(to.add(row * apart), depth) };
    }
}

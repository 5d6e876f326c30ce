//! Products with a panel: `[rows, depth] · [depth, WIDTH]`, for the many small products of a transformed
//! convolution, which the GEMM library would repack each time.
//!
//! This is the inner kernel of Goto and van de Geijn, Anatomy of high-performance matrix multiplication, 2008,
//! without their packing: a block of a few rows by two vectors of columns is summed in registers over the whole
//! depth; nothing is copied. An element's sum runs through the depth in order, so it does not depend on its place.

use pulp::{Arch, Simd, WithSimd};

/// Columns of a panel: a multiple of twice the lanes of any instruction set.
pub const WIDTH: usize = 32;
/// Vectors of columns in a block.
const VECTORS: usize = 2;

/// The left side of a product: element (row, depth) lies at `row · row_stride + depth · depth_stride`.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    pub values: &'a [f32],
    pub rows: usize,
    pub depth: usize,
    pub row_stride: usize,
    pub depth_stride: usize,
}

/// Writes `left · right` into the row-major `destination` `[rows, WIDTH]`; `right` is `[depth, WIDTH]`. Only the first
/// `columns` columns are needed, and others may be left out.
///
/// # Panics
/// If the lengths do not match the dimensions.
pub fn multiply_panel(destination: &mut [f32], left: Left, right: &[f32], columns: usize) {
    let last = left.rows.saturating_sub(1) * left.row_stride + left.depth.saturating_sub(1) * left.depth_stride;
    assert!(left.rows > 0 && left.depth > 0 && last < left.values.len());
    assert!(destination.len() == left.rows * WIDTH && right.len() == left.depth * WIDTH && columns <= WIDTH);
    Arch::new().dispatch(Product { destination, left, right, columns });
}

struct Product<'a> {
    destination: &'a mut [f32],
    left: Left<'a>,
    right: &'a [f32],
    columns: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        // The sums, two vectors of the right side and one number of the left must fit into the registers.
        if S::REGISTER_COUNT >= 32 { self.run::<S, 8>(simd) } else { self.run::<S, 6>(simd) }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize>(&mut self, simd: S) {
        let step = VECTORS * size_of::<S::f32s>() / size_of::<f32>();
        for column in (0..self.columns).step_by(step) {
            let whole = self.left.rows / ROWS * ROWS;
            for row in (0..whole).step_by(ROWS) {
                self.block::<S, ROWS>(simd, row, column);
            }
            let mut row = whole;
            if self.left.rows - row >= 4 {
                self.block::<S, 4>(simd, row, column);
                row += 4;
            }
            if self.left.rows - row >= 2 {
                self.block::<S, 2>(simd, row, column);
                row += 2;
            }
            for row in row..self.left.rows {
                self.block::<S, 1>(simd, row, column);
            }
        }
    }

    /// `ROWS` rows by two vectors of columns.
    #[inline(always)]
    fn block<S: Simd, const ROWS: usize>(&mut self, simd: S, row: usize, column: usize) {
        let lanes = size_of::<S::f32s>() / size_of::<f32>();
        let Left { values, depth, row_stride, depth_stride, .. } = self.left;
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let mut left = values[row * row_stride..].as_ptr();
        let mut right = self.right[column..].as_ptr();
        for _ in 0..depth {
            // SAFETY: `multiply_panel` checked that the panel has this depth, and that all rows and depths lie inside `values`.
            unsafe {
                let vectors: [S::f32s; VECTORS] =
                    std::array::from_fn(|vector| right.add(vector * lanes).cast::<S::f32s>().read_unaligned());
                for (i, sums) in sums.iter_mut().enumerate() {
                    let value = simd.splat_f32s(*left.add(i * row_stride));
                    for (sum, right) in sums.iter_mut().zip(vectors) {
                        *sum = simd.mul_add_e_f32s(value, right, *sum);
                    }
                }
            }
            left = left.wrapping_add(depth_stride);
            right = right.wrapping_add(WIDTH);
        }
        for (i, sums) in sums.iter().enumerate() {
            let line = &mut self.destination[(row + i) * WIDTH + column..][..VECTORS * lanes];
            let (line, _) = S::as_mut_simd_f32s(line);
            line.copy_from_slice(sums);
        }
    }
}

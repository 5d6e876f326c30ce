//! Products of many rows with frozen weights, on processors with AVX2 and FMA or with AVX-512.
//!
//! The loops are those of Goto and van de Geijn, Anatomy of high-performance matrix multiplication, 2008, but with the roles
//! of the caches swapped: a block of the weights, 96 columns wide or 384 with AVX-512, is copied to the second-level cache.
//! A few rows of the left side at a time are read in place, through the first-level cache, for the whole block. While a tile
//! is summed, the next rows of the left side and the next tile of the destination are fetched. The threads of the GEMM
//! library wait for each other after each step of the depth; these blocks wait for nothing.
//!
//! Each element is one chain of fused multiplications and additions through the whole depth, starting from its column's bias or
//! 0. So its bits do not depend on how the product is divided, or on other rows and columns.
//!
//! The copies take 307 KiB per thread with AVX2, and 597 KiB with AVX-512.

use std::cell::RefCell;

use pulp::x86::{V3, V4};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::pack::{self, View};
use super::product::{Matrix, MatrixMut};
use super::tile::{LINE, Registers, Tile};

/// The size of blocks, which depends on the caches that processors with an instruction set have.
trait Blocking: Registers {
    /// Largest number of columns of a block: each of its tiles fetches one of the next rows
    const COLUMNS: usize = Self::ROWS * Self::WIDTH;
    /// Largest depth of a block
    const DEPTH: usize;
    /// Largest number of rows of a block
    const HEIGHT: usize;
    /// Smallest number of rows of blocks that only serve to occupy threads, because each block copies its columns of the
    /// weights
    const LOWEST: usize;
    /// Room for a block of the weights, in elements
    const PANELS: usize = Self::ROWS * pack::panel_size::<Self>(Self::DEPTH);
    /// Distance between copies of rows of the left side, in elements
    const APART: usize = Self::DEPTH + LINE;
}

impl Blocking for V3 {
    // 288 KiB with the columns, and three quarters of the first-level cache with a row of tiles.
    const DEPTH: usize = 768;
    const HEIGHT: usize = 80 * Self::ROWS;
    const LOWEST: usize = 16 * Self::ROWS;
}

impl Blocking for V4 {
    // 577 KiB with the columns, which leaves room in a second-level cache of 1 MiB, and 18 KiB with a row of tiles.
    const DEPTH: usize = 384;
    const HEIGHT: usize = 200 * Self::ROWS;
    const LOWEST: usize = 32 * Self::ROWS;
}

/// Largest number of rows of a tile at the end of a block, which keeps the multipliers busy.
const FEW: usize = 6;
/// Number of blocks that leaves few threads without work at the end. If there are too few columns for so many, blocks have
/// fewer rows. If there are fewer blocks than threads, blocks have fewer columns.
const BLOCKS: usize = 8;
/// Rows that are this many elements (4 KiB) apart, or a multiple, share the same cache lines and evict each other.
const PAGE: usize = 1024;
/// A product with fewer multiplications than this is not worth several threads.
const WORTHWHILE: usize = 1 << 19;

/// A cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code, reason = "read and written through pointers")] [f32; LINE]);

/// A thread's memory for the copies.
struct Scratch {
    right: Vec<Line>,
    left: Vec<Line>,
}

impl Scratch {
    const fn new() -> Self {
        Self { right: Vec::new(), left: Vec::new() }
    }

    /// Makes room for a block.
    fn reserve<S: Blocking>(&mut self) {
        for (lines, elements) in [(&mut self.right, S::PANELS), (&mut self.left, S::ROWS * S::APART)] {
            lines.resize(lines.len().max(elements / LINE), Line([0.0; LINE]));
        }
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch::new()) };
}

/// A product. Neighboring columns of the destination and of the left side are neighbors in memory.
#[derive(Clone, Copy)]
struct Product {
    destination: *mut f32,
    stride: usize,
    left: View,
    right: View,
    rows: usize,
    columns: usize,
    depth: usize,
    /// What the sums start from, the same for all rows; if none, they start from 0
    bias: Option<View>,
}

// SAFETY: `multiply` borrows the slices behind the pointers until all threads are done, and each thread writes only to its
// own block.
unsafe impl Send for Product {}
// SAFETY: as above.
unsafe impl Sync for Product {}

/// A block of the destination.
struct Block<'a, S> {
    simd: S,
    product: &'a Product,
    row: usize,
    rows: usize,
    column: usize,
    columns: usize,
    /// Room for the copies
    right: *mut f32,
    copies: *mut f32,
}

/// Like [`super::product::multiply_weights`]; returns false if the product must be computed elsewhere.
pub fn multiply(destination: &mut MatrixMut, left: Matrix, right: Matrix, bias: Option<&[f32]>) -> bool {
    if let Some(simd) = V4::try_new() {
        multiply_with(simd, destination, left, right, bias)
    } else {
        V3::try_new().is_some_and(|simd| multiply_with(simd, destination, left, right, bias))
    }
}

fn multiply_with<S: Blocking>(
    simd: S,
    destination: &mut MatrixMut,
    left: Matrix,
    right: Matrix,
    bias: Option<&[f32]>,
) -> bool {
    if left.columns == 0 || left.column_stride != 1 || destination.column_stride != 1 {
        return false;
    }
    let view =
        |matrix: Matrix| View { start: matrix.values.as_ptr(), row: matrix.row_stride, column: matrix.column_stride };
    let product = Product {
        destination: destination.values.as_mut_ptr(),
        stride: destination.row_stride,
        left: view(left),
        right: view(right),
        rows: left.rows,
        columns: right.columns,
        depth: left.columns,
        bias: bias.map(|bias| View { start: bias.as_ptr(), row: 0, column: 1 }),
    };
    product.run(simd);
    true
}

impl Product {
    /// The number of rows and columns of a block.
    fn division<S: Blocking>(&self, threads: usize) -> [usize; 2] {
        let across = self.columns.div_ceil(S::COLUMNS).max(1);
        let down = BLOCKS.div_ceil(across).min(self.rows / S::LOWEST);
        let down = down.max(self.rows.div_ceil(S::HEIGHT)).max(1);
        let height = self.rows.div_ceil(down).next_multiple_of(S::ROWS).max(S::ROWS);
        if across * down >= threads {
            return [height, S::COLUMNS];
        }
        let width = self.columns.div_ceil(threads.div_ceil(down)).next_multiple_of(S::WIDTH);
        [height, width.clamp(S::WIDTH, S::COLUMNS)]
    }

    fn run<S: Blocking>(&self, simd: S) {
        let work = self.rows.saturating_mul(self.columns).saturating_mul(self.depth);
        let threads = if work >= WORTHWHILE { rayon::current_num_threads() } else { 1 };
        let [height, width] = self.division::<S>(threads);
        let across = self.columns.div_ceil(width);
        let blocks = across * self.rows.div_ceil(height);
        let block = |index: usize| {
            let (row, column) = (index / across * height, index % across * width);
            SCRATCH.with_borrow_mut(|scratch| {
                scratch.reserve::<S>();
                let Scratch { right, left } = scratch;
                let block = Block {
                    simd,
                    product: self,
                    row,
                    rows: height.min(self.rows - row),
                    column,
                    columns: width.min(self.columns - column),
                    right: right.as_mut_ptr().cast(),
                    copies: left.as_mut_ptr().cast(),
                };
                Simd::vectorize(simd, block);
            });
        };
        if threads > 1 {
            (0..blocks).into_par_iter().for_each(block);
        } else {
            (0..blocks).for_each(block);
        }
    }
}

impl<S: Blocking> WithSimd for Block<'_, S> {
    type Output = ();

    #[inline(always)]
    fn with_simd<Same: Simd>(self, _: Same) {
        // `Same` is `S`, but only `S` is known to have a blocking.
        self.compute();
    }
}

impl<S: Blocking> Block<'_, S> {
    #[inline(always)]
    fn compute(&self) {
        let Product { destination, stride, left, right, depth, bias, .. } = *self.product;
        let unfinished = View { start: destination, row: stride, column: 1 };
        for first in (0..depth).step_by(S::DEPTH) {
            let deep = S::DEPTH.min(depth - first);
            // SAFETY: the views were checked against their slices on creation, and `self.right` has room for a whole block.
            unsafe { pack::panels::<S>(right.at(first, self.column), deep, self.columns, self.right) };
            let from = if first == 0 { bias } else { Some(unfinished) };
            let mut row = 0;
            while row < self.rows {
                let rest = self.rows - row;
                let height = if rest < S::ROWS { FEW.min(rest) } else { S::ROWS };
                let given = left.at(self.row + row, first);
                let mut read = given;
                if given.row.is_multiple_of(PAGE) {
                    // SAFETY: as above, and `self.copies` has room for `ROWS` rows of the largest depth.
                    unsafe { pack::rows(given, height, deep, S::APART, self.copies) };
                    read = View { start: self.copies, row: S::APART, column: 1 };
                }
                self.tiles(row, height, read, given, deep, from);
                row += height;
            }
        }
    }

    /// Computes all tiles of a few rows. The kernel reads the left side from `read`, which is `given` or a copy of it.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn tiles(&self, row: usize, height: usize, read: View, given: View, depth: usize, from: Option<View>) {
        let (simd, Product { destination, stride, .. }) = (self.simd, *self.product);
        let line = destination.wrapping_add((self.row + row) * stride + self.column);
        for (panel, column) in (0..self.columns).step_by(S::WIDTH).enumerate() {
            let place = line.wrapping_add(column);
            let following = if column + S::WIDTH < self.columns {
                place.wrapping_add(S::WIDTH)
            } else {
                line.wrapping_add(height * stride)
            };
            let tile = Tile {
                left: read.start,
                left_row: read.row,
                panel: self.right.wrapping_add(panel * pack::panel_size::<S>(depth)),
                destination: place,
                stride,
                depth,
                from: from.map(|from| from.at(self.row + row, self.column + column)),
                // Each tile of a block fetches one of the next rows.
                next: given.at(height + panel, 0).start,
                following,
            };
            let columns = S::WIDTH.min(self.columns - column);
            // SAFETY: `read` holds these rows, the panel was written to this depth, a bias has a number for each column, and the
            // destination is borrowed exclusively, by blocks that do not overlap.
            unsafe {
                match height {
                    12 if S::ROWS == 12 => tile.sum_in::<S, 12>(simd, columns),
                    6 => tile.sum_in::<S, 6>(simd, columns),
                    5 => tile.sum_in::<S, 5>(simd, columns),
                    4 => tile.sum_in::<S, 4>(simd, columns),
                    3 => tile.sum_in::<S, 3>(simd, columns),
                    2 => tile.sum_in::<S, 2>(simd, columns),
                    _ => tile.sum_in::<S, 1>(simd, columns),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers with many digits.
    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        let number = |index: usize| u16::try_from((index + seed) * 7919 % 2003).unwrap();
        (0..count).map(|index| f32::from(number(index)) / 997.0 - 1.0).collect()
    }

    /// The distances between neighboring rows and columns of a matrix, and the number of elements that it spans.
    #[derive(Clone, Copy, Debug)]
    struct Layout {
        row: usize,
        column: usize,
        size: usize,
    }

    impl Layout {
        fn new(rows: usize, columns: usize, row: usize, column: usize) -> Self {
            Self { row, column, size: (rows - 1) * row + (columns - 1) * column + 1 }
        }

        /// Rows one after the other, without and with gaps between them.
        fn of_rows(rows: usize, columns: usize) -> [Self; 2] {
            [columns, columns + 3].map(|row| Self::new(rows, columns, row, 1))
        }

        /// The same, and also transposed, and with gaps everywhere.
        fn all(rows: usize, columns: usize) -> [Self; 4] {
            let [dense, apart] = Self::of_rows(rows, columns);
            [dense, apart, Self::new(rows, columns, 1, rows + 2), Self::new(rows, columns, 2 * columns, 2)]
        }

        fn at(self, row: usize, column: usize) -> usize {
            row * self.row + column * self.column
        }
    }

    /// Compares a product with sums of fused multiplications in order, which must have the same bits. Compares these with
    /// sums in f64.
    #[allow(clippy::cast_precision_loss, clippy::float_cmp)]
    fn check<S: Blocking>(
        simd: S,
        [rows, columns, depth]: [usize; 3],
        [of_left, of_right, to]: [Layout; 3],
        bias: Option<&[f32]>,
    ) {
        let (left, right, before) = (numbers(of_left.size, 1), numbers(of_right.size, 2), numbers(to.size, 3));
        let mut found = before.clone();
        let mut destination = MatrixMut::new(&mut found, rows, columns, to.row, to.column);
        let (a, b) = (
            Matrix::new(&left, rows, depth, of_left.row, of_left.column),
            Matrix::new(&right, depth, columns, of_right.row, of_right.column),
        );
        assert!(multiply_with(simd, &mut destination, a, b, bias));
        let mut expected = before;
        for row in 0..rows {
            for column in 0..columns {
                let place = &mut expected[to.at(row, column)];
                let mut sum = bias.map_or(0.0, |bias| bias[column]);
                let (mut exact, mut size) = (f64::from(sum), f64::from(sum.abs()));
                for k in 0..depth {
                    let (a, b) = (left[of_left.at(row, k)], right[of_right.at(k, column)]);
                    sum = a.mul_add(b, sum);
                    let product = f64::from(a) * f64::from(b);
                    (exact, size) = (exact + product, size + product.abs());
                }
                let error = (f64::from(sum) - exact).abs();
                assert!(error <= size * (depth + 1) as f64 * f64::from(f32::EPSILON), "{rows} x {columns} x {depth}");
                *place = sum;
            }
        }
        // This includes the elements in the gaps.
        assert!(found == expected, "{rows} x {columns} x {depth}: {of_left:?}, {of_right:?}, {to:?}");
    }

    /// Calls a function for each instruction set that the processor has: those with AVX-512 also have AVX2.
    macro_rules! with_each {
        ($function:ident) => {
            if let Some(simd) = V3::try_new() {
                $function(simd);
            }
            if let Some(simd) = V4::try_new() {
                $function(simd);
            }
        };
    }

    #[test]
    fn products_are_sums_in_order() {
        with_each!(check_sums);
    }

    fn check_sums<S: Blocking>(simd: S) {
        let shapes = [
            [1, 1, 1],
            [1, 40, 3],
            [6, 16, 8],
            [7, 17, 9],
            [13, 1, 50],
            [12, 32, 16],
            [25, 65, 31],
            [50, 50, 64],
            // More than a block deep, high and wide.
            [9, 20, S::DEPTH + 5],
            [S::HEIGHT + 7, 18, 5],
            [5, 2 * S::COLUMNS + 3, 2],
            // Rows that share cache lines, and are copied.
            [8, 5, PAGE],
        ];
        for shape @ [rows, columns, depth] in shapes {
            for left in Layout::of_rows(rows, depth) {
                for right in Layout::all(depth, columns) {
                    for to in Layout::of_rows(rows, columns) {
                        for bias in [None, Some(numbers(columns, 4).as_slice())] {
                            check(simd, shape, [left, right, to], bias);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_has_the_same_bits_whatever_the_others() {
        with_each!(check_rows);
    }

    #[allow(clippy::float_cmp)] // the same bits
    fn check_rows<S: Blocking>(simd: S) {
        let (rows, columns, depth) = (70, 130, 900);
        let (left, right) = (numbers(rows * depth, 1), numbers(depth * columns, 2));
        let right = Matrix::dense(&right, depth, columns);
        let mut whole = vec![f32::NAN; rows * columns];
        let mut destination = MatrixMut::dense(&mut whole, rows, columns);
        assert!(multiply_with(simd, &mut destination, Matrix::dense(&left, rows, depth), right, None));
        for row in [0, 33, rows - 1] {
            let mut part = vec![f32::NAN; columns];
            let left = Matrix::dense(&left[row * depth..][..depth], 1, depth);
            assert!(multiply_with(simd, &mut MatrixMut::dense(&mut part, 1, columns), left, right, None));
            assert!(part == whole[row * columns..][..columns], "row {row}");
        }
    }

    #[test]
    fn an_empty_product_is_left_to_others() {
        with_each!(check_empty);
    }

    fn check_empty<S: Blocking>(simd: S) {
        let (left, right) = (Matrix::dense(&[], 2, 0), Matrix::dense(&[], 0, 2));
        assert!(!multiply_with(simd, &mut MatrixMut::dense(&mut [0.0; 4], 2, 2), left, right, None));
        let (left, right) = (Matrix::dense(&[], 0, 2), Matrix::dense(&[1.0; 4], 2, 2));
        assert!(multiply_with(simd, &mut MatrixMut::dense(&mut [], 0, 2), left, right, None));
    }
}

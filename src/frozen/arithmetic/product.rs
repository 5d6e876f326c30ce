//! Matrix products over strided views of slices, computed by `blocked.rs` or by the GEMM library. Only this file calls the
//! library (the `gemm` crate), which copies blocks of both sides into its own memory.

/// A view of `rows` x `columns` numbers inside a slice.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

/// Like [`Matrix`], but writable.
pub struct MatrixMut<'a> {
    pub(super) values: &'a mut [f32],
    rows: usize,
    columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

/// Options of a product.
#[derive(Clone, Copy)]
pub struct Products {
    /// Adds to the destination instead of replacing its content.
    pub accumulate: bool,
    /// Uses all threads for this product; off if the caller runs several products in parallel.
    pub parallel: bool,
    /// Factor of the product.
    pub scale: f32,
}

impl<'a> Matrix<'a> {
    /// A view; distances between neighbors are given in elements.
    ///
    /// # Panics
    /// If the view reaches past the slice.
    #[must_use]
    pub fn new(values: &'a [f32], rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> Self {
        assert_inside(values.len(), rows, columns, row_stride, column_stride);
        Self { values, rows, columns, row_stride, column_stride }
    }

    /// A row-major matrix that fills the start of the slice.
    #[must_use]
    pub fn dense(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::new(values, rows, columns, columns, 1)
    }

    /// The transposed matrix.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

impl<'a> MatrixMut<'a> {
    /// A view; distances between neighbors are given in elements.
    ///
    /// # Panics
    /// If the view reaches past the slice.
    #[must_use]
    pub fn new(values: &'a mut [f32], rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> Self {
        assert_inside(values.len(), rows, columns, row_stride, column_stride);
        Self { values, rows, columns, row_stride, column_stride }
    }

    /// A row-major matrix that fills the start of the slice.
    #[must_use]
    pub fn dense(values: &'a mut [f32], rows: usize, columns: usize) -> Self {
        Self::new(values, rows, columns, columns, 1)
    }

    fn fill_rows(&mut self, row: &[f32]) {
        for start in (0..self.rows).map(|index| index * self.row_stride) {
            for (column, value) in row.iter().enumerate() {
                self.values[start + column * self.column_stride] = *value;
            }
        }
    }
}

fn assert_inside(length: usize, rows: usize, columns: usize, row_stride: usize, column_stride: usize) {
    let last = || {
        let down = rows.saturating_sub(1).checked_mul(row_stride)?;
        down.checked_add(columns.saturating_sub(1).checked_mul(column_stride)?)
    };
    let inside = rows == 0 || columns == 0 || last().is_some_and(|last| last < length);
    assert!(inside, "a matrix view reaches past its slice");
}

/// `destination = scale * left · right`, or `destination += ...`.
///
/// The order of an element's sum over the inner dimension depends only on the shapes and the
/// processor, so tiles of a product equal the whole product, and threads change nothing.
///
/// # Panics
/// If the shapes do not match.
pub fn multiply(destination: &mut MatrixMut, left: Matrix, right: Matrix, how: Products) {
    assert_shapes(destination, left, right);
    let parallelism = if how.parallel { gemm::Parallelism::Rayon(0) } else { gemm::Parallelism::None };
    let alpha = if how.accumulate { 1.0 } else { 0.0 };
    // SAFETY: the views were checked against their slices on creation, the destination is borrowed
    // exclusively, and strides fit in isize because slices do.
    unsafe {
        gemm::gemm(
            destination.rows,
            destination.columns,
            left.columns,
            destination.values.as_mut_ptr(),
            destination.column_stride.cast_signed(),
            destination.row_stride.cast_signed(),
            how.accumulate,
            left.values.as_ptr(),
            left.column_stride.cast_signed(),
            left.row_stride.cast_signed(),
            right.values.as_ptr(),
            right.column_stride.cast_signed(),
            right.row_stride.cast_signed(),
            alpha,
            how.scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// `destination = bias + rows · weights` on all threads, for frozen weights and batches of any number of rows; `bias` has a
/// number for each column, or is 0. The kernel depends only on the processor, never on the number of rows.
///
/// # Panics
/// If the shapes do not match.
pub fn multiply_weights(destination: &mut MatrixMut, rows: Matrix, weights: Matrix, bias: Option<&[f32]>) {
    assert_shapes(destination, rows, weights);
    assert!(bias.is_none_or(|bias| bias.len() == weights.columns), "a bias has another number of columns");
    #[cfg(target_arch = "x86_64")]
    if super::blocked::multiply(destination, rows, weights, bias) {
        return;
    }
    if let Some(bias) = bias {
        destination.fill_rows(bias);
    }
    multiply(destination, rows, weights, Products { accumulate: bias.is_some(), parallel: true, scale: 1.0 });
}

fn assert_shapes(destination: &MatrixMut, left: Matrix, right: Matrix) {
    assert!(left.columns == right.rows, "inner dimensions of a product differ");
    assert!(
        destination.rows == left.rows && destination.columns == right.columns,
        "the destination of a product has other dimensions"
    );
}

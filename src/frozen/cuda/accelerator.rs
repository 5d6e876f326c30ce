//! The interface from layers to a device: memory, kernels and matrix products, executed in the order of the requests.

use std::any::Any;
use std::marker::PhantomData;
use std::ops::Deref;

use candle_core::{Error, Result};

use crate::frozen::{Padding, Window};

/// Threads of a block, for every kernel (`THREADS` of `kernels/common.cuh`).
pub const THREADS: usize = 256;

/// A function in a file of `kernels/`, whose name is without extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kernel {
    /// The file
    pub file: &'static str,
    /// The function
    pub name: &'static str,
}

/// Numbers of 32 bits in a device's memory.
#[derive(Debug, Default)]
pub struct Slice {
    address: u64,
    length: usize,
}

/// A [`Slice`] whose memory is released when it is dropped.
#[derive(Default)]
pub struct Buffer {
    slice: Slice,
    owner: Option<Box<dyn Any + Send + Sync>>,
}

/// The start of a view into a [`Slice`].
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    address: u64,
    lifetime: PhantomData<&'a Slice>,
}

/// An argument of a kernel.
#[derive(Clone, Copy, Debug)]
pub enum Argument<'a> {
    /// A pointer
    Place(Place<'a>),
    /// An `int`
    Int(i32),
    /// A `long long`
    Long(i64),
    /// A `float`
    Float(f32),
}

/// A side of a product: row-major matrices, optionally transposed.
#[derive(Clone, Copy, Debug)]
pub struct Factor<'a> {
    /// Start of the first matrix
    pub place: Place<'a>,
    /// Distance from one stored row to the next, in numbers
    pub stride: usize,
    /// Whether rows and columns are swapped
    pub transposed: bool,
    /// Distance from one matrix of a batch to the next, in numbers
    pub apart: usize,
}

/// `destination = scale · left · right`, or `+=`, for each of a batch of matrices.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a> {
    /// Rows of the destination and of the left side
    pub rows: usize,
    /// Columns of the destination and of the right side
    pub columns: usize,
    /// Columns of the left side, rows of the right
    pub depth: usize,
    /// Number of matrices
    pub count: usize,
    /// `[rows, depth]`
    pub left: Factor<'a>,
    /// `[depth, columns]`
    pub right: Factor<'a>,
    /// `[rows, columns]`, never transposed
    pub destination: Factor<'a>,
    /// Factor of the product
    pub scale: f32,
    /// Adds to the destination instead of replacing it
    pub accumulate: bool,
}

/// The sizes of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvolutionShape {
    /// Number of pictures
    pub batch: usize,
    /// Channels of the pictures
    pub channels: usize,
    /// Channels of the output
    pub outputs: usize,
    /// Height and width of the pictures
    pub picture: (usize, usize),
    /// Height and width of the output
    pub output: (usize, usize),
    /// Side and stride of the kernels, and the zeros above and on the left
    pub window: Window,
}

/// `output = kernels ⋆ pictures`, or `+=`, where ⋆ is the cross-correlation that networks call convolution.
#[derive(Clone, Copy, Debug)]
pub struct Convolve<'a> {
    /// The sizes
    pub shape: ConvolutionShape,
    /// `[outputs, channels, side, side]`
    pub kernels: Place<'a>,
    /// `[batch, channels, height, width]`
    pub input: Place<'a>,
    /// `[batch, outputs, height, width]`
    pub output: Place<'a>,
    /// Adds to the output instead of replacing it
    pub accumulate: bool,
}

/// A device that executes the requests of layers in order. Arguments must match the kernel's parameters and stay
/// inside the given memory: they are not checked.
pub trait Accelerator: Send + Sync {
    /// Identifies the device.
    fn id(&self) -> usize;

    /// Uninitialized memory for `length` numbers of 32 bits.
    ///
    /// # Errors
    /// If there is not enough memory left.
    fn allocate(&self, length: usize) -> Result<Buffer>;

    /// Copies host memory, whose length is a multiple of four bytes.
    ///
    /// # Errors
    /// If there is not enough memory left.
    fn upload(&self, bytes: &[u8]) -> Result<Buffer>;

    /// Copies the numbers that `make` returns; a device that keeps no numbers need not call `make`.
    ///
    /// # Errors
    /// If there is not enough memory left.
    fn upload_made(&self, _length: usize, make: &dyn Fn() -> Vec<f32>) -> Result<Buffer> {
        self.upload(bytemuck::cast_slice(&make()))
    }

    /// Copies all of `source` to the start of `target`.
    ///
    /// # Errors
    /// If the device fails.
    fn copy(&self, source: &Slice, target: &Slice) -> Result<()>;

    /// Runs a kernel in a grid of blocks of [`THREADS`] threads.
    ///
    /// # Errors
    /// If the kernel is missing or the device fails.
    fn launch(&self, kernel: Kernel, blocks: [usize; 2], arguments: &[Argument]) -> Result<()>;

    /// Computes a product.
    ///
    /// # Errors
    /// If the device fails.
    fn multiply(&self, product: &Product) -> Result<()>;

    /// Computes a convolution if the device has its own algorithm for it; otherwise does nothing and returns false.
    ///
    /// # Errors
    /// If the device fails.
    fn convolve(&self, _: &Convolve) -> Result<bool> {
        Ok(false)
    }

    /// Copies numbers to the host.
    #[cfg(test)]
    fn download(&self, slice: &Slice) -> Vec<f32>;
}

impl ConvolutionShape {
    /// Sizes of the pictures, the kernels and the output, in numbers.
    #[must_use]
    pub const fn counts(&self) -> [usize; 3] {
        let Self { batch, channels, outputs, picture, output, window } = *self;
        [
            batch * channels * picture.0 * picture.1,
            outputs * channels * window.side * window.side,
            batch * outputs * output.0 * output.1,
        ]
    }

    /// Whether the padding is the same above and below, and on the left and the right.
    #[must_use]
    pub fn is_padded_alike(&self) -> bool {
        let Padding { top, left, .. } = self.window.padding;
        let alike = Window { padding: Padding { top, bottom: top, left, right: left }, ..self.window };
        alike.output_size(self.picture.0, self.picture.1) == Some(self.output)
    }
}

impl Slice {
    /// A view of memory that the caller keeps alive.
    #[must_use]
    pub const fn new(address: u64, length: usize) -> Self {
        Self { address, length }
    }

    /// Number of elements.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether the slice is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The place of the number at `offset`.
    ///
    /// # Panics
    /// If the offset lies past the end.
    #[must_use]
    pub fn at(&self, offset: usize) -> Place<'_> {
        assert!(offset <= self.length, "a place past the end of a device's memory");
        Place { address: self.address + 4 * offset as u64, lifetime: PhantomData }
    }

    /// The start of the slice, as a kernel argument.
    #[must_use]
    pub fn start(&self) -> Argument<'_> {
        Argument::Place(self.at(0))
    }
}

impl Buffer {
    /// Memory that is released with its owner.
    #[must_use]
    pub fn new(address: u64, length: usize, owner: Box<dyn Any + Send + Sync>) -> Self {
        Self { slice: Slice::new(address, length), owner: Some(owner) }
    }

    /// The owner of the memory.
    #[must_use]
    pub fn into_owner(self) -> Option<Box<dyn Any + Send + Sync>> {
        self.owner
    }
}

impl Deref for Buffer {
    type Target = Slice;

    fn deref(&self) -> &Slice {
        &self.slice
    }
}

impl Place<'_> {
    /// The address on the device.
    #[must_use]
    pub const fn address(self) -> u64 {
        self.address
    }
}

impl<'a> From<&'a Buffer> for Argument<'a> {
    fn from(buffer: &'a Buffer) -> Self {
        buffer.start()
    }
}

impl<'a> From<&'a Slice> for Argument<'a> {
    fn from(slice: &'a Slice) -> Self {
        slice.start()
    }
}

impl<'a> From<Place<'a>> for Argument<'a> {
    fn from(place: Place<'a>) -> Self {
        Self::Place(place)
    }
}

impl From<i32> for Argument<'_> {
    fn from(value: i32) -> Self {
        Self::Int(value)
    }
}

impl From<i64> for Argument<'_> {
    fn from(value: i64) -> Self {
        Self::Long(value)
    }
}

impl From<f32> for Argument<'_> {
    fn from(value: f32) -> Self {
        Self::Float(value)
    }
}

impl From<bool> for Argument<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i32::from(value))
    }
}

impl<'a> Factor<'a> {
    /// A row-major matrix with rows `stride` numbers apart.
    #[must_use]
    pub const fn new(place: Place<'a>, stride: usize) -> Self {
        Self { place, stride, transposed: false, apart: 0 }
    }

    /// A matrix for each of a batch, each `apart` numbers after the previous one.
    #[must_use]
    pub const fn each(self, apart: usize) -> Self {
        Self { apart, ..self }
    }

    /// The transposed matrix.
    #[must_use]
    pub const fn transposed(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }
}

/// Number of blocks with a thread for each of `count` elements.
#[must_use]
pub const fn blocks(count: usize) -> [usize; 2] {
    [count.div_ceil(THREADS), 1]
}

/// A grid with a row of blocks for each of `rows`, with a thread for each of `columns` elements. If a grid cannot have
/// that many, each thread processes several elements (`step_in_row` of `kernels/common.cuh`).
#[must_use]
pub const fn blocks_of_rows(rows: usize, columns: usize) -> [usize; 2] {
    const MOST: usize = 65535;
    let needed = columns.div_ceil(THREADS);
    [rows, if needed < MOST { needed } else { MOST }]
}

/// Converts a size to a kernel's `int`.
///
/// # Errors
/// If the size is 2³¹ or more.
pub fn int(size: usize) -> Result<i32> {
    i32::try_from(size).map_err(|_| Error::Msg(format!("{size} is too large for a CUDA kernel")))
}

/// Converts a number of elements to a kernel's `long long`.
#[must_use]
pub const fn long(count: usize) -> i64 {
    count.cast_signed() as i64
}

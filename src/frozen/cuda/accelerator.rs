//! What layers ask of a device: memory, kernels and matrix products, one after the other as they were asked for.

use std::any::Any;
use std::marker::PhantomData;
use std::ops::Deref;

use candle_core::{Error, Result};

use crate::frozen::{Padding, Window};

/// Threads of a block, for every kernel (`THREADS` of `kernels/common.cuh`).
pub const THREADS: usize = 256;

/// A function in a file of `kernels/`, named without its ending.
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

/// A [`Slice`] that is given back to its device when it is dropped.
#[derive(Default)]
pub struct Buffer {
    slice: Slice,
    owner: Option<Box<dyn Any + Send + Sync>>,
}

/// Where a view into a [`Slice`] begins.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    address: u64,
    lifetime: PhantomData<&'a Slice>,
}

/// What a kernel is given, in the order of its parameters.
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

/// A side of a product: row-major matrices, or what they are transposed.
#[derive(Clone, Copy, Debug)]
pub struct Factor<'a> {
    /// Where the first begins
    pub place: Place<'a>,
    /// Numbers from one row to the next, as they lie
    pub stride: usize,
    /// Rows and columns change places
    pub transposed: bool,
    /// Numbers from one matrix of a batch to the next
    pub apart: usize,
}

/// `destination = scale · left · right`, or `+=`, for each of a batch of matrices.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a> {
    /// Of the destination and of the left side
    pub rows: usize,
    /// Of the destination and of the right side
    pub columns: usize,
    /// Columns of the left side, rows of the right
    pub depth: usize,
    /// How many matrices
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

/// What is convolved with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvolutionShape {
    /// How many pictures
    pub batch: usize,
    /// Of the pictures
    pub channels: usize,
    /// Channels of the output
    pub outputs: usize,
    /// Height and width of the pictures
    pub picture: (usize, usize),
    /// Height and width of the output
    pub output: (usize, usize),
    /// The kernels' side, step, and the zeros above and on the left
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

/// A device that carries out what layers ask for, in order. What is passed to it must fit the kernel's parameters and
/// stay inside the memory that is named: it is not checked.
pub trait Accelerator: Send + Sync {
    /// Tells this device from others.
    fn id(&self) -> usize;

    /// Memory for so many numbers of 32 bits, which hold anything.
    ///
    /// # Errors
    /// If there is no such memory left.
    fn allocate(&self, length: usize) -> Result<Buffer>;

    /// A copy of host memory, whose length is a multiple of four bytes.
    ///
    /// # Errors
    /// If there is no such memory left.
    fn upload(&self, bytes: &[u8]) -> Result<Buffer>;

    /// A copy of as many numbers as `make` makes, which a device that keeps none need not call.
    ///
    /// # Errors
    /// If there is no such memory left.
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

    /// Computes a convolution, where the device has a way of its own for it; false where it has none, and nothing was
    /// done.
    ///
    /// # Errors
    /// If the device fails.
    fn convolve(&self, _: &Convolve) -> Result<bool> {
        Ok(false)
    }

    /// The numbers, on the host.
    #[cfg(test)]
    fn download(&self, slice: &Slice) -> Vec<f32>;
}

impl ConvolutionShape {
    /// How many numbers the pictures, the kernels and the output are.
    #[must_use]
    pub const fn counts(&self) -> [usize; 3] {
        let Self { batch, channels, outputs, picture, output, window } = *self;
        [
            batch * channels * picture.0 * picture.1,
            outputs * channels * window.side * window.side,
            batch * outputs * output.0 * output.1,
        ]
    }

    /// Whether the output is that of a picture with as many zeros below as above, and on the right as on the left.
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

    /// How many numbers there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The place of the number at `offset`.
    ///
    /// # Panics
    /// If it lies past the end.
    #[must_use]
    pub fn at(&self, offset: usize) -> Place<'_> {
        assert!(offset <= self.length, "a place past the end of a device's memory");
        Place { address: self.address + 4 * offset as u64, lifetime: PhantomData }
    }

    /// Its begin, as a kernel's argument.
    #[must_use]
    pub fn start(&self) -> Argument<'_> {
        Argument::Place(self.at(0))
    }
}

impl Buffer {
    /// Memory that is given back with its owner.
    #[must_use]
    pub fn new(address: u64, length: usize, owner: Box<dyn Any + Send + Sync>) -> Self {
        Self { slice: Slice::new(address, length), owner: Some(owner) }
    }

    /// What owns the memory.
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
    /// A row-major matrix; its rows lie `stride` numbers apart.
    #[must_use]
    pub const fn new(place: Place<'a>, stride: usize) -> Self {
        Self { place, stride, transposed: false, apart: 0 }
    }

    /// One matrix for each of a batch, `apart` numbers from one to the next.
    #[must_use]
    pub const fn each(self, apart: usize) -> Self {
        Self { apart, ..self }
    }

    /// What it is with rows and columns exchanged.
    #[must_use]
    pub const fn transposed(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }
}

/// How many blocks have a thread for each of `count` elements.
#[must_use]
pub const fn blocks(count: usize) -> [usize; 2] {
    [count.div_ceil(THREADS), 1]
}

/// A grid with a row of blocks for each of `rows`, which have a thread for each of `columns` elements; where those would
/// be more than a grid may have, threads go on with others (`step_in_row` of `kernels/common.cuh`).
#[must_use]
pub const fn blocks_of_rows(rows: usize, columns: usize) -> [usize; 2] {
    const MOST: usize = 65535;
    let needed = columns.div_ceil(THREADS);
    [rows, if needed < MOST { needed } else { MOST }]
}

/// A size as kernels take it.
///
/// # Errors
/// If it is beyond 2³¹.
pub fn int(size: usize) -> Result<i32> {
    i32::try_from(size).map_err(|_| Error::Msg(format!("{size} is more than a CUDA kernel counts to")))
}

/// A number of elements as kernels take it.
#[must_use]
pub const fn long(count: usize) -> i64 {
    count.cast_signed() as i64
}

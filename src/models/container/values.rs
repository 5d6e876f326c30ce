//! The place of a tensor's values in a file, and their conversion to `f32`.

use std::ops::Range;

use half::{bf16, f16};
use rayon::prelude::*;

/// Fewer values than this are converted by one thread.
const VALUES_PER_TASK: usize = 1 << 16;

/// Maximum number of values of a tensor that repeats its storage (with a stride of 0).
const LARGEST_REPETITION: usize = 1 << 24;

/// The supported types of values, all little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElementType {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

impl ElementType {
    /// Bytes of one value.
    fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// Appends the values in `bytes`.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "weights are used as f32, and values beyond its range become infinite"
    )]
    fn widen(self, bytes: &[u8], values: &mut Vec<f32>) {
        match self {
            Self::F64 => append(bytes, values, |value| f64::from_le_bytes(value) as f32),
            Self::F32 => append(bytes, values, f32::from_le_bytes),
            Self::F16 => append(bytes, values, |value| f16::from_le_bytes(value).to_f32()),
            Self::Bf16 => append(bytes, values, |value| bf16::from_le_bytes(value).to_f32()),
            Self::I64 => append(bytes, values, |value| i64::from_le_bytes(value) as f32),
            Self::I32 => append(bytes, values, |value| i32::from_le_bytes(value) as f32),
            Self::I16 => append(bytes, values, |value| i16::from_le_bytes(value).into()),
            Self::I8 => append(bytes, values, |value| i8::from_le_bytes(value).into()),
            Self::U64 => append(bytes, values, |value| u64::from_le_bytes(value) as f32),
            Self::U32 => append(bytes, values, |value| u32::from_le_bytes(value) as f32),
            Self::U16 => append(bytes, values, |value| u16::from_le_bytes(value).into()),
            Self::U8 => append(bytes, values, |value| u8::from_le_bytes(value).into()),
            Self::Bool => append(bytes, values, |[value]| f32::from(value != 0)),
        }
    }
}

/// Applies `widen` to each `SIZE` bytes, and appends the results.
fn append<const SIZE: usize>(bytes: &[u8], values: &mut Vec<f32>, widen: impl Fn([u8; SIZE]) -> f32 + Send + Sync) {
    let (elements, _) = bytes.as_chunks();
    let elements = elements.par_iter().with_min_len(VALUES_PER_TASK);
    values.par_extend(elements.map(|element| widen(*element)));
}

/// The product of the sizes; none if it overflows.
fn element_count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size))
}

/// One tensor of a file: its shape, and the place of its values in the file.
#[derive(Debug)]
pub(super) struct Tensor {
    shape: Vec<usize>,
    count: usize,
    /// The type of the values, or its name if it is unsupported.
    element_type: Result<ElementType, String>,
    layout: Layout,
}

/// The layout of the values in the file.
#[derive(Debug)]
enum Layout {
    /// One after the other, in row-major order.
    Contiguous(Vec<Range<usize>>),
    /// The value at an index is at the index times the strides, counted in values of `span`.
    Strided { span: Range<usize>, strides: Vec<usize> },
}

impl Tensor {
    /// A tensor whose values follow each other in row-major order, in one or more ranges of a
    /// file of `file_size` bytes; `None` if its shape does not fit these ranges.
    pub(super) fn contiguous(
        shape: Vec<usize>,
        element_type: Result<ElementType, String>,
        ranges: Vec<Range<usize>>,
        file_size: usize,
    ) -> Option<Self> {
        let count = element_count(&shape)?;
        if ranges.iter().any(|range| range.start > range.end || range.end > file_size) {
            return None;
        }
        if let Ok(element_type) = &element_type {
            let size = element_type.size();
            let stored = ranges.iter().try_fold(0_usize, |sum, range| sum.checked_add(range.len()));
            if stored != count.checked_mul(size) || ranges.iter().any(|range| range.len() % size != 0) {
                return None;
            }
        }
        Some(Self { shape, count, element_type, layout: Layout::Contiguous(ranges) })
    }

    /// A view of a storage: the value at an index is `offset` + index · strides values into the
    /// range `storage` of a file of `file_size` bytes; `None` if it reaches beyond its storage.
    pub(super) fn strided(
        shape: Vec<usize>,
        strides: Vec<usize>,
        offset: usize,
        element_type: ElementType,
        storage: Range<usize>,
        file_size: usize,
    ) -> Option<Self> {
        let count = element_count(&shape)?;
        if strides.len() != shape.len() || storage.start > storage.end || storage.end > file_size {
            return None;
        }
        if count == 0 {
            return Self::contiguous(shape, Ok(element_type), Vec::new(), file_size);
        }
        let mut span_length = 1_usize;
        let mut row_major = true;
        let mut expected_stride = 1_usize;
        for (&size, &stride) in shape.iter().zip(&strides).rev() {
            span_length = stride.checked_mul(size - 1)?.checked_add(span_length)?;
            row_major &= size == 1 || stride == expected_stride;
            expected_stride = expected_stride.checked_mul(size)?;
        }
        if count > span_length.max(LARGEST_REPETITION) {
            return None;
        }
        let start = offset.checked_mul(element_type.size())?.checked_add(storage.start)?;
        let end = span_length.checked_mul(element_type.size())?.checked_add(start)?;
        if end > storage.end {
            return None;
        }
        let span = start..end;
        if row_major {
            return Self::contiguous(shape, Ok(element_type), vec![span], file_size);
        }
        let layout = Layout::Strided { span, strides };
        Some(Self { shape, count, element_type: Ok(element_type), layout })
    }

    /// Sizes of the dimensions.
    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of values.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The values in row-major order, from the bytes of the tensor's file; or the name of their type
    /// if it is unsupported.
    pub(super) fn read(&self, file: &[u8]) -> Result<Vec<f32>, &str> {
        let element_type = self.element_type.as_ref().map_err(String::as_str)?;
        let mut values = Vec::new();
        match &self.layout {
            Layout::Contiguous(ranges) => {
                values.reserve_exact(self.count);
                for range in ranges {
                    element_type.widen(file.get(range.clone()).unwrap_or_default(), &mut values);
                }
            }
            Layout::Strided { span, strides } => {
                let mut stored = Vec::new();
                element_type.widen(file.get(span.clone()).unwrap_or_default(), &mut stored);
                let indices = (0..self.count).into_par_iter().with_min_len(VALUES_PER_TASK);
                values.par_extend(indices.map(|index| {
                    let position = self.position(index, strides);
                    stored.get(position).copied().unwrap_or(f32::NAN)
                }));
            }
        }
        Ok(values)
    }

    /// The position in the span of the value with a row-major `index`.
    fn position(&self, mut index: usize, strides: &[usize]) -> usize {
        let mut position = 0;
        for (&size, &stride) in self.shape.iter().zip(strides).rev() {
            position += index % size * stride;
            index /= size;
        }
        position
    }
}

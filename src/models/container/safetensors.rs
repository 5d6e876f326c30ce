//! Reads the index of a safetensors file: a JSON header of names, types, shapes and byte ranges.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, Metadata};

use super::values::{ElementType, Tensor};
use super::{Fault, quoted};

/// Bytes of the header's length, which the file begins with.
const LENGTH_SIZE: usize = size_of::<u64>();

/// The format's own limit for its header.
const LARGEST_HEADER: usize = 100_000_000;

/// Whether a file begins as a safetensors file does.
pub(super) fn is_safetensors(file: &[u8]) -> bool {
    header_size(file).is_some() && file.get(LENGTH_SIZE) == Some(&b'{')
}

/// Bytes of the JSON header, where the file begins with a credible length of it.
fn header_size(file: &[u8]) -> Option<usize> {
    let length = u64::from_le_bytes(*file.first_chunk()?);
    usize::try_from(length).ok().filter(|size| (2..=LARGEST_HEADER).contains(size))
}

/// The tensors of a safetensors file by name.
pub(super) fn index(file: &[u8]) -> Result<BTreeMap<String, Tensor>, Fault> {
    let Some(header_size) = header_size(file) else {
        return Err(Fault::damaged("does not begin with the header of a safetensors file"));
    };
    let data_start = LENGTH_SIZE + header_size;
    let Some(header) = file.get(LENGTH_SIZE..data_start) else {
        return Err(Fault::damaged("is cut short: its header is not complete"));
    };
    // `SafeTensors::read_metadata` adds up unchecked sizes; reading the header alone does not.
    let metadata: Metadata = serde_json::from_slice(header)
        .map_err(|_| Fault::damaged("has a damaged safetensors header"))?;
    let expected_size = metadata.data_len().checked_add(data_start);
    if expected_size != Some(file.len()) {
        let problem = match expected_size {
            Some(size) if size < file.len() => "is longer than its header says",
            _ => "is cut short: it is smaller than its header says",
        };
        return Err(Fault::damaged(problem));
    }
    let mut tensors = BTreeMap::new();
    for (name, info) in metadata.tensors() {
        let (start, end) = info.data_offsets;
        let range = data_start.saturating_add(start)..data_start.saturating_add(end);
        let tensor = Tensor::contiguous(
            info.shape.clone(),
            element_type(info.dtype),
            vec![range],
            file.len(),
        );
        let tensor = tensor.ok_or_else(|| {
            Fault::damaged(format!("gives the tensor {} more values than bytes", quoted(&name)))
        })?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

/// The type of values that a safetensors file calls `dtype`, or its name where it is not read.
fn element_type(dtype: Dtype) -> Result<ElementType, String> {
    Ok(match dtype {
        Dtype::F64 => ElementType::F64,
        Dtype::F32 => ElementType::F32,
        Dtype::F16 => ElementType::F16,
        Dtype::BF16 => ElementType::Bf16,
        Dtype::I64 => ElementType::I64,
        Dtype::I32 => ElementType::I32,
        Dtype::I16 => ElementType::I16,
        Dtype::I8 => ElementType::I8,
        Dtype::U64 => ElementType::U64,
        Dtype::U32 => ElementType::U32,
        Dtype::U16 => ElementType::U16,
        Dtype::U8 => ElementType::U8,
        Dtype::BOOL => ElementType::Bool,
        other => return Err(other.to_string()),
    })
}

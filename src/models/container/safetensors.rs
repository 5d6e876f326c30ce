//! Reads the index of a safetensors file: a JSON header of names, types, shapes and byte ranges.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, Metadata};

use super::values::{ElementType, Tensor};
use super::{Fault, quoted};

/// Bytes of the header's length at the beginning of the file.
const LENGTH_SIZE: usize = size_of::<u64>();

/// The format's own limit for its header.
const LARGEST_HEADER: usize = 100_000_000;

/// Whether a file begins like a safetensors file.
pub(super) fn is_safetensors(file: &[u8]) -> bool {
    header_size(file).is_some() && file.get(LENGTH_SIZE) == Some(&b'{')
}

/// Bytes of the JSON header, if the file begins with a plausible length.
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
    // `SafeTensors::read_metadata` adds up unchecked sizes; parsing the header alone does not.
    let metadata: Metadata =
        serde_json::from_slice(header).map_err(|_| Fault::damaged("has a damaged safetensors header"))?;
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
        let tensor = Tensor::contiguous(info.shape.clone(), element_type(info.dtype), vec![range], file.len());
        let tensor = tensor.ok_or_else(|| {
            Fault::damaged(format!("describes more values than bytes for the tensor {}", quoted(&name)))
        })?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

/// The type of values that a safetensors file calls `dtype`, or its name if the type is unsupported.
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

#[cfg(test)]
mod tests {
    use half::{bf16, f16};
    use safetensors::tensor::{TensorView, serialize};

    use super::super::tests::{endures_damage, open, parts, refusal};
    use super::super::{Format, TensorFile};
    use super::*;

    fn file(tensors: &[(&str, Dtype, &[usize], &[u8])]) -> Vec<u8> {
        let view = |&(name, dtype, shape, bytes): &(_, _, &[usize], _)| {
            (name, TensorView::new(dtype, shape.to_vec(), bytes).unwrap())
        };
        serialize(tensors.iter().map(view), None).unwrap()
    }

    fn bytes(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn reads_names_shapes_and_values() {
        let bias = bytes(&[0.5, -1.0]);
        let weight = bytes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let content = file(&[
            ("weight", Dtype::F32, &[2, 3], &weight),
            ("bias", Dtype::F32, &[2], &bias),
            ("empty", Dtype::F32, &[0, 4], &[]),
            ("scale", Dtype::F32, &[], &bytes(&[7.0])),
        ]);
        let opened = open(&content).unwrap();
        let compiled_in = TensorFile::from_static("built in", content.clone().leak()).unwrap();
        assert_eq!(compiled_in.path().to_str(), Some("built in"));
        for file in [opened, compiled_in] {
            assert_eq!(file.format(), Format::Safetensors);
            assert_eq!(file.names().collect::<Vec<_>>(), ["bias", "empty", "scale", "weight"]);
            assert_eq!(file.shape("weight"), Some(&[2, 3][..]));
            assert_eq!(file.shape("absent"), None);
            assert_eq!(file.read("weight").unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
            assert_eq!(file.read("bias").unwrap(), [0.5, -1.0]);
            assert!(file.read("empty").unwrap().is_empty());
            assert_eq!(file.read("scale").unwrap(), [7.0]);
            let (problem, _) = parts(file.read("absent").unwrap_err());
            assert_eq!(problem, "the tensor \"absent\" is missing");
        }
    }

    #[test]
    fn widens_every_type() {
        fn le<const SIZE: usize, T: Copy>(values: [T; 2], bytes: fn(T) -> [u8; SIZE]) -> Vec<u8> {
            values.map(bytes).concat()
        }
        let cases = [
            (Dtype::F64, le([0.1, -2.0], f64::to_le_bytes), [0.1, -2.0]),
            (Dtype::F32, le([0.1, -2.0], f32::to_le_bytes), [0.1, -2.0]),
            (Dtype::F16, le([0.5, -6e-8].map(f16::from_f32), f16::to_le_bytes), [0.5, -5.960_464_5e-8]),
            (Dtype::BF16, le([1e38, -0.5].map(bf16::from_f32), bf16::to_le_bytes), [9.969_21e37, -0.5]),
            (Dtype::I64, le([1 << 40, -3], i64::to_le_bytes), [1_099_511_627_776.0, -3.0]),
            (Dtype::U64, le([1 << 63, 3], u64::to_le_bytes), [9_223_372_036_854_775_808.0, 3.0]),
            (Dtype::I32, le([70_000, -3], i32::to_le_bytes), [70_000.0, -3.0]),
            (Dtype::U32, le([1 << 31, 3], u32::to_le_bytes), [2_147_483_648.0, 3.0]),
            (Dtype::I16, le([300, -3], i16::to_le_bytes), [300.0, -3.0]),
            (Dtype::U16, le([65_535, 3], u16::to_le_bytes), [65_535.0, 3.0]),
            (Dtype::I8, le([127, -3], i8::to_le_bytes), [127.0, -3.0]),
            (Dtype::U8, le([255, 3], u8::to_le_bytes), [255.0, 3.0]),
            (Dtype::BOOL, vec![1, 0], [1.0, 0.0]),
        ];
        for (dtype, bytes, expected) in cases {
            let file = open(&file(&[("x", dtype, &[2], &bytes)])).unwrap();
            assert_eq!(file.read("x").unwrap(), expected, "{dtype}");
        }
    }

    #[test]
    fn widens_many_values_in_order() {
        let values: Vec<f32> = (0_u16..50_000).flat_map(|value| [f32::from(value); 5]).collect();
        let file = open(&file(&[("x", Dtype::F32, &[250_000], &bytes(&values))])).unwrap();
        assert!(file.read("x").unwrap() == values);
    }

    #[test]
    fn other_types_fail_only_where_they_are_read() {
        let content = file(&[("packed", Dtype::F8_E4M3, &[2], &[1, 2]), ("x", Dtype::F32, &[1], &bytes(&[3.0]))]);
        let file = open(&content).unwrap();
        assert_eq!(file.read("x").unwrap(), [3.0]);
        let (problem, hint) = parts(file.read("packed").unwrap_err());
        assert!(problem.contains("\"packed\"") && problem.contains("F8_E4M3"), "{problem}");
        assert_eq!(hint, "convert the file to float32 or float16");
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        let beyond_f32 = 1e300_f64.to_le_bytes();
        let cases = [
            (Dtype::F32, f32::NAN.to_le_bytes().to_vec()),
            (Dtype::F32, f32::NEG_INFINITY.to_le_bytes().to_vec()),
            (Dtype::F16, f16::INFINITY.to_le_bytes().to_vec()),
            (Dtype::BF16, bf16::NAN.to_le_bytes().to_vec()),
            (Dtype::F64, beyond_f32.to_vec()),
        ];
        for (dtype, value) in cases {
            let file = open(&file(&[("decoder.x", dtype, &[1], &value)])).unwrap();
            let (problem, _) = parts(file.read("decoder.x").unwrap_err());
            assert_eq!(problem, "the tensor \"decoder.x\" has a value that is not a finite number");
        }
    }

    #[test]
    fn damaged_headers_are_refused() {
        let with_header = |header: &str, data: usize| {
            let mut content = (header.len() as u64).to_le_bytes().to_vec();
            content.extend_from_slice(header.as_bytes());
            content.resize(content.len() + data, 0);
            content
        };
        let one = |dtype: &str, shape: &str, end: u64| {
            format!(r#"{{"x":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[0,{end}]}}}}"#)
        };
        assert!(open(&with_header(&one("F32", "[2]", 8), 8)).is_ok());
        let huge = "[9223372036854775807,9223372036854775807]";
        for (header, data) in [
            (one("F32", "[2]", 8), 7),
            (one("F32", "[2]", 8), 9),
            (one("F32", "[3]", 8), 8),
            (one("F32", huge, 8), 8),
            (one("XYZ", "[2]", 8), 8),
            ("{}".into(), 0),
            ("{\"x\":3}".into(), 0),
            ("{not json".into(), 8),
            (format!("{{\"x\":{}", "[".repeat(100_000)), 8),
        ] {
            refusal(&with_header(&header, data));
        }
        assert_eq!(refusal(&with_header("{}", 0)).0, "holds no tensors");
        // Sizes whose sum with the header's overflows.
        let size = (1_u64 << 61) - 8;
        let tensor = |index: u64| {
            let (start, end) = (index * size, (index + 1).wrapping_mul(size));
            let shape = size / 8;
            format!(r#""{index}":{{"dtype":"F64","shape":[{shape}],"data_offsets":[{start},{end}]}}"#)
        };
        let mut tensors: Vec<_> = (0..8).map(tensor).collect();
        let (start, end) = (8 * size, u64::MAX - 7);
        let shape = (end - start) / 8;
        tensors.push(format!(r#""8":{{"dtype":"F64","shape":[{shape}],"data_offsets":[{start},{end}]}}"#));
        refusal(&with_header(&format!("{{{}}}", tensors.join(",")), 0));
    }

    #[test]
    fn damage_is_endured() {
        endures_damage(&file(&[
            ("a.weight", Dtype::F32, &[2, 2], &bytes(&[1.0, 2.0, 3.0, 4.0])),
            ("a.bias", Dtype::F16, &[2], &[0; 4]),
        ]));
    }
}

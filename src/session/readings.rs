//! Numbers of an iteration brought from where they were computed, all at once: a GPU is waited for a single time.

use candle_core::Tensor;

use crate::Result;

/// The numbers of each tensor; all are `f32` and on one device.
///
/// # Errors
/// Where what was computed failed.
pub(super) fn read_together(tensors: &[Tensor]) -> Result<Vec<Vec<f32>>> {
    let flat = tensors.iter().map(|tensor| tensor.detach().flatten_all()).collect::<candle_core::Result<Vec<_>>>()?;
    if flat.is_empty() {
        return Ok(Vec::new());
    }
    let mut numbers = Tensor::cat(&flat, 0)?.to_vec1::<f32>()?.into_iter();
    Ok(flat.iter().map(|tensor| numbers.by_ref().take(tensor.elem_count()).collect()).collect())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn tensors_are_told_apart() {
        let tensor = |values: &[f32], shape: &[usize]| Tensor::from_slice(values, shape, &Device::Cpu).unwrap();
        let (pairs, number) = (tensor(&[1.0, 2.0, 3.0, 4.0], &[2, 2]), tensor(&[5.0], &[]));
        let read = read_together(&[pairs.t().unwrap(), number]).unwrap();
        assert_eq!(read, [vec![1.0, 3.0, 2.0, 4.0], vec![5.0]]);
        assert!(read_together(&[]).unwrap().is_empty());
    }
}

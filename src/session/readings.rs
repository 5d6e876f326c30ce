//! Fetches all numbers of an iteration at once, to wait for a GPU only once.

use candle_core::Tensor;

use crate::Result;
use crate::device::{ComputeDevice, Moment};

/// The numbers of some tensors, which are all `f32` and on one device. They may not be computed yet.
pub(super) struct Readings {
    /// All numbers in one tensor; none if there are no tensors
    numbers: Option<Tensor>,
    /// The number of elements of each tensor
    counts: Vec<usize>,
}

impl Readings {
    /// Prepares to read these tensors. Does not wait.
    ///
    /// # Errors
    /// If the computation cannot be launched.
    pub(super) fn of(tensors: &[Tensor]) -> Result<Self> {
        let flat: Vec<Tensor> =
            tensors.iter().map(|tensor| tensor.detach().flatten_all()).collect::<candle_core::Result<_>>()?;
        let numbers = (!flat.is_empty()).then(|| Tensor::cat(&flat, 0)).transpose()?;
        Ok(Self { numbers, counts: flat.iter().map(Tensor::elem_count).collect() })
    }

    /// Waits until the moment `computed` and returns the numbers of each tensor.
    ///
    /// # Errors
    /// If the computation failed.
    pub(super) fn read(&self, device: &ComputeDevice, computed: &Moment) -> Result<Vec<Vec<f32>>> {
        let numbers = match &self.numbers {
            Some(numbers) => device.fetch(numbers, computed)?.to_vec1::<f32>()?,
            None => Vec::new(),
        };
        let mut numbers = numbers.into_iter();
        Ok(self.counts.iter().map(|count| numbers.by_ref().take(*count).collect()).collect())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn tensors_are_told_apart() {
        let processor = ComputeDevice::processor();
        let read =
            |tensors: &[Tensor]| Readings::of(tensors).unwrap().read(&processor, &processor.moment().unwrap()).unwrap();
        let tensor = |values: &[f32], shape: &[usize]| Tensor::from_slice(values, shape, &Device::Cpu).unwrap();
        let (pairs, number) = (tensor(&[1.0, 2.0, 3.0, 4.0], &[2, 2]), tensor(&[5.0], &[]));
        assert_eq!(read(&[pairs.t().unwrap(), number]), [vec![1.0, 3.0, 2.0, 4.0], vec![5.0]]);
        assert!(read(&[]).is_empty());
    }
}

//! Brings numbers to the machine's memory while a device continues with later work.

use candle_core::{Device, Tensor};

use super::{ComputeDevice, Moment};
use crate::Result;

impl ComputeDevice {
    /// Copies a tensor of `f32` on this device to the machine's memory. Waits only for work before the moment when the
    /// tensor was computed.
    ///
    /// # Errors
    /// If the device fails.
    pub fn fetch(&self, tensor: &Tensor, computed: &Moment) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if let (Some(copies), Moment::Gpu(computed)) = (&self.copies, computed)
            && let Some(fetched) = beside(copies, tensor, computed)?
        {
            return Ok(fetched);
        }
        let _ = computed;
        bring(tensor)
    }
}

/// Copies a tensor of `f32` to the machine's memory. Waits for all work that its device was asked for.
///
/// # Errors
/// If the device fails.
pub(crate) fn bring(tensor: &Tensor) -> Result<Tensor> {
    let there = tensor.to_device(&Device::Cpu)?;
    #[cfg(feature = "cuda")]
    if tensor.device().is_cuda() {
        crate::gpu::traffic::count_to_host(4 * tensor.elem_count());
        // The driver does not promise that such a copy is complete when its call returns.
        tensor.device().synchronize()?;
    }
    Ok(there)
}

/// Copies on a separate stream; none if the tensor is not on a GPU, or its numbers are not contiguous.
#[cfg(feature = "cuda")]
fn beside(
    copies: &std::sync::Arc<candle_core::cuda::cudarc::driver::CudaStream>,
    tensor: &Tensor,
    computed: &candle_core::cuda::cudarc::driver::CudaEvent,
) -> candle_core::Result<Option<Tensor>> {
    use candle_core::{Error, Storage};
    let (storage, layout) = tensor.storage_and_layout();
    let (Storage::Cuda(storage), Some((start, end))) = (&*storage, layout.contiguous_offsets()) else {
        return Ok(None);
    };
    let values = storage.as_cuda_slice::<f32>()?.slice(start..end);
    let mut numbers = vec![0.0_f32; end - start];
    copies.wait(computed).map_err(Error::wrap)?;
    copies.memcpy_dtoh(&values, &mut numbers).map_err(Error::wrap)?;
    copies.synchronize().map_err(Error::wrap)?;
    crate::gpu::traffic::count_to_host(4 * numbers.len());
    Tensor::from_vec(numbers, layout.shape(), &Device::Cpu).map(Some)
}

//! The driver's pool, from which a GPU's memory is allocated.

use candle_core::cuda::cudarc::driver::sys::{self, CUmemPool_attribute};
use candle_core::cuda::cudarc::driver::{CudaStream, DriverError};

/// The pool of a stream's device; none if the driver has none.
fn pool(stream: &CudaStream) -> Result<Option<sys::CUmemoryPool>, DriverError> {
    let context = stream.context();
    if !context.has_async_alloc() {
        return Ok(None);
    }
    context.bind_to_thread()?;
    let mut pool = std::ptr::null_mut();
    // SAFETY: the driver writes one address.
    unsafe { sys::cuDeviceGetDefaultMemPool(&raw mut pool, context.cu_device()) }.result()?;
    Ok(Some(pool))
}

fn set(pool: sys::CUmemoryPool, attribute: CUmemPool_attribute, mut value: u64) -> Result<(), DriverError> {
    // SAFETY: the driver reads one number.
    unsafe { sys::cuMemPoolSetAttribute(pool, attribute, (&raw mut value).cast()) }.result()
}

/// Keeps freed memory for later allocations, if the driver can. Otherwise it returns to the system whenever the host
/// waits for the card.
///
/// # Errors
/// If the driver fails.
pub fn keep_memory(stream: &CudaStream) -> Result<(), DriverError> {
    let threshold = CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    pool(stream)?.map_or(Ok(()), |pool| set(pool, threshold, u64::MAX))
}

/// Returns unused memory to the system, so that it can be allocated in other pieces.
///
/// # Errors
/// If the driver fails.
pub fn give_back(stream: &CudaStream) -> Result<(), DriverError> {
    // SAFETY: the pool is the driver's own.
    pool(stream)?.map_or(Ok(()), |pool| unsafe { sys::cuMemPoolTrimTo(pool, 0) }.result())
}

fn get(pool: sys::CUmemoryPool, attribute: CUmemPool_attribute) -> Option<u64> {
    let mut bytes = 0_u64;
    // SAFETY: the driver writes one number.
    unsafe { sys::cuMemPoolGetAttribute(pool, attribute, (&raw mut bytes).cast()) }.result().ok()?;
    Some(bytes)
}

/// Unused memory that the pool holds, in bytes.
pub(crate) fn unused_memory(stream: &CudaStream) -> u64 {
    let unused = |pool| {
        let held = get(pool, CUmemPool_attribute::CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT)?;
        Some(held.saturating_sub(get(pool, CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_CURRENT)?))
    };
    pool(stream).ok().flatten().and_then(unused).unwrap_or(0)
}

/// The most memory that was in use at a time since the last reset, in bytes; none if the driver does not report it.
pub(crate) fn peak_memory(stream: &CudaStream) -> Option<u64> {
    get(pool(stream).ok()??, CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH)
}

/// Restarts [`peak_memory`], if the driver can.
pub(crate) fn reset_peak_memory(stream: &CudaStream) {
    if let Ok(Some(pool)) = pool(stream) {
        // If this fails, peaks are those since the start.
        let _ = set(pool, CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH, 0);
    }
}

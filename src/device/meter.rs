//! The time and the memory that work takes on a device. On a GPU, the time is that of its own work, measured by events
//! between the pieces of work, and the memory is what was allocated from its pool.

use std::time::Instant;

use super::ComputeDevice;
use crate::{Result, machine};

/// A point in a device's work.
pub enum Moment {
    /// On the processor, which works while the caller waits
    Host(Instant),
    /// On a GPU: reached when everything requested before is done
    #[cfg(feature = "cuda")]
    Gpu(candle_core::cuda::cudarc::driver::CudaEvent),
}

impl Moment {
    /// The seconds from this moment to a later one. Waits until the later moment is reached.
    ///
    /// # Errors
    /// If the moments are those of different devices, or the GPU fails.
    pub fn seconds_until(&self, later: &Self) -> Result<f64> {
        match (self, later) {
            (Self::Host(earlier), Self::Host(later)) => Ok(later.duration_since(*earlier).as_secs_f64()),
            #[cfg(feature = "cuda")]
            (Self::Gpu(earlier), Self::Gpu(later)) => {
                Ok(f64::from(earlier.elapsed_ms(later).map_err(candle_core::Error::wrap)?) / 1e3)
            }
            #[cfg(feature = "cuda")]
            _ => Err(crate::Error::fault("moments of two devices were compared")),
        }
    }
}

impl ComputeDevice {
    /// The point that the device's work has reached.
    ///
    /// # Errors
    /// If the GPU fails.
    pub fn moment(&self) -> Result<Moment> {
        #[cfg(feature = "cuda")]
        if let candle_core::Device::Cuda(device) = &self.device {
            let timed = candle_core::cuda::cudarc::driver::sys::CUevent_flags::CU_EVENT_DEFAULT;
            let event = device.cuda_stream().record_event(Some(timed)).map_err(candle_core::Error::wrap)?;
            return Ok(Moment::Gpu(event));
        }
        Ok(Moment::Host(Instant::now()))
    }

    /// The most memory that was in use at a time since the last reset, in bytes; none if the system does not report it.
    #[must_use]
    pub fn peak_memory(&self) -> Option<u64> {
        #[cfg(feature = "cuda")]
        if let candle_core::Device::Cuda(device) = &self.device {
            return crate::gpu::pool::peak_memory(&device.cuda_stream());
        }
        machine::peak_memory()
    }

    /// Restarts [`ComputeDevice::peak_memory`], if the system can.
    pub fn reset_peak_memory(&self) {
        #[cfg(feature = "cuda")]
        if let candle_core::Device::Cuda(device) = &self.device {
            crate::gpu::pool::reset_peak_memory(&device.cuda_stream());
            return;
        }
        machine::reset_peak_memory();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_tells_time_and_memory() {
        let processor = ComputeDevice::processor();
        let (earlier, later) = (processor.moment().unwrap(), processor.moment().unwrap());
        assert!(earlier.seconds_until(&later).unwrap() >= 0.0);
        let held = std::hint::black_box(vec![1_u8; 64 << 20]);
        processor.reset_peak_memory();
        assert!(processor.peak_memory().is_none_or(|peak| peak > held.len() as u64));
    }
}

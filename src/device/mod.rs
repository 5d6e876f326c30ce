//! The device that pictures are computed on: the processor, or a GPU that was opened and tried.

mod choice;
#[cfg(feature = "cuda")]
mod driver;
#[cfg(not(feature = "cuda"))]
#[path = "no_driver.rs"]
mod driver;
mod fetch;
mod meter;

use candle_core::Device;

pub use choice::DeviceChoice;
pub use driver::{gpus, survey};
pub(crate) use fetch::bring;
pub use meter::Moment;

use crate::frozen::MemoryOf;
use crate::gpu::{Gpu, Obstacle, Precision};
use crate::{Error, Result, machine};

/// An opened device that pictures are computed on.
#[derive(Clone, Debug)]
pub struct ComputeDevice {
    device: Device,
    gpu: Option<Gpu>,
    precision: Precision,
    passed_over: Option<Obstacle>,
    /// The stream that brings numbers to the host while the GPU's other stream continues
    #[cfg(feature = "cuda")]
    copies: Option<std::sync::Arc<candle_core::cuda::cudarc::driver::CudaStream>>,
}

impl ComputeDevice {
    /// The processor.
    #[must_use]
    pub fn processor() -> Self {
        Self {
            device: Device::Cpu,
            gpu: None,
            precision: Precision::F32,
            passed_over: None,
            #[cfg(feature = "cuda")]
            copies: None,
        }
    }

    /// Opens the chosen device. A process opens a GPU once for each precision: a second call returns the same tensors'
    /// device. `auto` is the first usable GPU, else the processor, which has its own precision.
    ///
    /// # Errors
    /// If the program or the machine has no such device, or the device cannot be used.
    pub fn open(choice: DeviceChoice, precision: Precision) -> Result<Self> {
        match choice {
            DeviceChoice::Cpu => Ok(Self::processor()),
            DeviceChoice::Cuda(number) => driver::open(number, precision)
                .map_err(|obstacle| Error::usage(format!("‹device› {choice}: {obstacle}"), obstacle.hint)),
            DeviceChoice::Auto if !cfg!(feature = "cuda") => Ok(Self::processor()),
            DeviceChoice::Auto => Ok(driver::open_first(precision)
                .unwrap_or_else(|obstacle| Self { passed_over: Some(obstacle), ..Self::processor() })),
        }
    }

    /// The device on which tensors are created.
    #[must_use]
    pub fn tensors(&self) -> &Device {
        &self.device
    }

    /// The GPU; none if this is the processor.
    #[must_use]
    pub fn gpu(&self) -> Option<&Gpu> {
        self.gpu.as_ref()
    }

    /// The precision of its matrix products.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Why this is the processor although `auto` looked for a GPU.
    #[must_use]
    pub fn passed_over(&self) -> Option<&Obstacle> {
        self.passed_over.as_ref()
    }

    /// The device's total memory, in bytes; the largest number if the system does not report it. It may affect what is
    /// computed.
    #[must_use]
    pub fn total_memory(&self) -> u64 {
        match &self.gpu {
            Some(gpu) => gpu.total_memory,
            None => machine::memory().map_or(u64::MAX, |memory| memory.total),
        }
    }

    /// The memory that a run can take, in bytes. On a GPU, this is what was free when it was opened; on the processor,
    /// all of the machine's memory, for which the system makes room, or as much of it as this process may have (`ulimit
    /// -v`). It may lead to refusing a run, but never affects what is computed.
    #[must_use]
    pub fn room(&self) -> u64 {
        let gpu = self.gpu.as_ref();
        let of_machine = || self.total_memory().min(machine::address_space().unwrap_or(u64::MAX));
        gpu.map_or_else(of_machine, |gpu| gpu.free_memory.unwrap_or(gpu.total_memory))
    }

    /// The kind of memory that networks take on this device.
    #[must_use]
    pub fn memory_of(&self) -> MemoryOf {
        #[cfg(feature = "cuda")]
        if self.gpu.is_some() {
            return MemoryOf::Gpu(self.precision);
        }
        MemoryOf::Host
    }

    /// The memory that a run can take, in words.
    #[must_use]
    pub fn room_in_words(&self) -> String {
        let total = machine::in_words(self.total_memory());
        match &self.gpu {
            Some(gpu) => format!("{gpu} has {total}, of which {} is free", machine::in_words(self.room())),
            None if self.room() < self.total_memory() => {
                format!("this process can use {} (ulimit -v)", machine::in_words(self.room()))
            }
            None => format!("this machine has {total}"),
        }
    }

    /// The kind of the device. The same settings give the same bytes on devices of the same kind.
    #[must_use]
    pub fn kind(&self) -> String {
        match &self.gpu {
            Some(gpu) => format!("cuda, {}, compute capability {}", gpu.name, gpu.compute_capability),
            None => format!("cpu, {}, {}", std::env::consts::ARCH, machine::instruction_set()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::ComputeCapability;

    /// A card that no test machine has.
    fn card(total: u64, free: u64) -> ComputeDevice {
        let name = "NVIDIA Abacus".to_owned();
        let compute_capability = ComputeCapability { major: 8, minor: 6 };
        let gpu = Gpu { number: 1, name, compute_capability, total_memory: total, free_memory: Some(free) };
        ComputeDevice { gpu: Some(gpu), ..ComputeDevice::processor() }
    }

    #[test]
    fn a_run_has_what_is_free_on_a_gpu() {
        let device = card(8 << 30, 3 << 30);
        assert_eq!((device.total_memory(), device.room()), (8 << 30, 3 << 30));
        assert_eq!(device.room_in_words(), "cuda:1 (NVIDIA Abacus) has 8.0 GiB, of which 3.0 GiB is free");
        let processor = ComputeDevice::processor();
        assert_eq!(processor.room(), processor.total_memory());
        assert!(processor.room_in_words().starts_with("this machine has "));
    }

    #[test]
    fn devices_of_another_kind_are_told_apart() {
        assert_eq!(card(1, 1).kind(), "cuda, NVIDIA Abacus, compute capability 8.6");
        assert!(ComputeDevice::processor().kind().starts_with("cpu, "));
    }

    #[test]
    fn the_processor_is_always_there() {
        let processor = ComputeDevice::open(DeviceChoice::Cpu, Precision::Bf16).unwrap();
        assert!(processor.gpu().is_none() && processor.passed_over().is_none());
        assert!(processor.tensors().is_cpu());
        assert_eq!(processor.precision(), Precision::F32);
        ComputeDevice::open(DeviceChoice::Auto, Precision::F32).unwrap();
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_build_without_cuda_says_so() {
        let error = ComputeDevice::open(DeviceChoice::Cuda(3), Precision::F32).unwrap_err();
        assert_eq!(error.to_string(), "--device cuda:3: this program was built without CUDA");
        assert!(ComputeDevice::open(DeviceChoice::Auto, Precision::F32).unwrap().passed_over().is_none());
    }
}

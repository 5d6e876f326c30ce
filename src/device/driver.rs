//! Asks NVIDIA's driver about its GPUs, and opens and tries one of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use candle_core::Device;
#[cfg(feature = "cudnn")]
use candle_core::cuda::cudarc::cudnn::CudnnError;
use candle_core::cuda::cudarc::driver::sys::{CUdevice_attribute, cuDriverGetVersion};
use candle_core::cuda::cudarc::driver::{CudaContext, DriverError, result};
use candle_core::cuda::{CudaError, kernels};

use super::ComputeDevice;
use crate::frozen::cuda;
use crate::gpu::ptx::Target;
use crate::gpu::{ComputeCapability, Gpu, GpuFinding, GpuFindings, Obstacle, Precision, pool, ptx};

/// The oldest GPUs worth building for: the first with TF32 and bf16.
const OLDEST: ComputeCapability = ComputeCapability { major: 8, minor: 0 };

/// Opens the GPU of this number.
pub(super) fn open(number: usize, precision: Precision) -> Result<ComputeDevice, Obstacle> {
    tried(&look(number)?, precision)
}

/// Opens the first usable GPU, or says what is wrong with the first one.
pub(super) fn open_first(precision: Precision) -> Result<ComputeDevice, Obstacle> {
    let mut first = open(0, precision);
    for number in 1..count()? {
        if first.is_ok() {
            break;
        }
        first = open(number, precision).or(first);
    }
    first
}

/// The GPUs of this machine that this program is built for, as the driver describes them. None is opened.
#[must_use]
pub fn gpus() -> Vec<Gpu> {
    let target = Target::of(kernels::FILL.ptx());
    let fits = |gpu: &Gpu| target.as_ref().is_none_or(|target| target.fits(gpu.compute_capability));
    (0..count().unwrap_or(0)).filter_map(|number| look(number).ok()).filter(fits).collect()
}

/// Everything found about NVIDIA's GPUs, each of which is tried.
#[must_use]
pub fn survey() -> GpuFindings {
    let mut findings = GpuFindings {
        // The version of the kernel module; under WSL there is none.
        driver: std::fs::read_to_string("/sys/module/nvidia/version").ok().map(|text| text.trim().to_owned()),
        driver_cuda: driver_cuda(),
        built_cuda: ptx::toolkit(kernels::FILL.ptx()).map(str::to_owned),
        built_for: Target::of(kernels::FILL.ptx()).map(|target| target.to_string()),
        ..GpuFindings::default()
    };
    let found = count().and_then(|count| (0..count).map(find).collect());
    match found {
        Ok(gpus) => findings.gpus = gpus,
        Err(obstacle) => findings.problem = Some(obstacle),
    }
    findings
}

fn find(number: usize) -> Result<GpuFinding, Obstacle> {
    let gpu = look(number)?;
    Ok(match tried(&gpu, Precision::default()) {
        Ok(device) => GpuFinding { gpu: device.gpu.unwrap_or(gpu), problem: None },
        Err(obstacle) => GpuFinding { gpu, problem: Some(obstacle) },
    })
}

/// The number of GPUs, at least one.
fn count() -> Result<usize, Obstacle> {
    result::init().map_err(of_driver)?;
    let count = result::device::get_count().map_err(of_driver)?;
    usize::try_from(count).ok().filter(|count| *count > 0).ok_or_else(|| of_code("CUDA_ERROR_NO_DEVICE"))
}

/// What the driver reports about a GPU without opening it.
fn look(number: usize) -> Result<Gpu, Obstacle> {
    let count = count()?;
    let ordinal = i32::try_from(number).ok().filter(|_| number < count).ok_or_else(|| {
        let there =
            if count == 1 { "one GPU, cuda:0".into() } else { format!("{count} GPUs, cuda:0 to cuda:{}", count - 1) };
        Obstacle::new(format!("this machine has {there}"), "choose one of these, or omit ‹device›")
    })?;
    let device = result::device::get(ordinal).map_err(of_driver)?;
    let name = result::device::get_name(device).map_err(of_driver)?;
    // SAFETY: the device came from the driver.
    let total = unsafe { result::device::total_mem(device) }.map_err(of_driver)?;
    let attribute = |attribute| {
        // SAFETY: as above.
        let value = unsafe { result::device::get_attribute(device, attribute) }.map_err(of_driver)?;
        Ok(u32::try_from(value).unwrap_or(0))
    };
    let compute_capability = ComputeCapability {
        major: attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
        minor: attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
    };
    Ok(Gpu { number, name, compute_capability, total_memory: total as u64, free_memory: None })
}

/// Opens and tries a GPU. It is kept: a process opens each GPU once for each precision. A failure is not kept, since the
/// next job of a process may find the GPU free.
fn tried(gpu: &Gpu, precision: Precision) -> Result<ComputeDevice, Obstacle> {
    static OPENED: Mutex<BTreeMap<(usize, Precision), ComputeDevice>> = Mutex::new(BTreeMap::new());
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(device) = opened.get(&(gpu.number, precision)) {
        return Ok(device.clone());
    }
    let device = begin(gpu.clone(), precision)?;
    opened.insert((gpu.number, precision), device.clone());
    Ok(device)
}

/// Opens a GPU, has its driver translate a kernel, and starts the libraries, so that anything that would fail later
/// fails here.
fn begin(mut gpu: Gpu, precision: Precision) -> Result<ComputeDevice, Obstacle> {
    let kernel = kernels::FILL.ptx();
    let target = Target::of(kernel);
    let other_gpu = || {
        let Gpu { name, compute_capability, .. } = &gpu;
        let made_for = target.map_or_else(|| "other GPUs".to_owned(), |target| target.to_string());
        let problem =
            format!("{name} has compute capability {compute_capability}; this program is built for {made_for}");
        let ComputeCapability { major, minor } = *compute_capability;
        let hint = if *compute_capability < OLDEST {
            format!("use a GPU of compute capability {OLDEST} or newer, or ‹device› cpu")
        } else {
            format!("build the program with CUDA_COMPUTE_CAP={major}{minor} (text2art help gpu), or use ‹device› cpu")
        };
        Obstacle::new(problem, hint)
    };
    if target.is_some_and(|target| !target.fits(gpu.compute_capability)) {
        return Err(other_gpu());
    }
    let context = CudaContext::new(gpu.number).map_err(of_driver)?;
    context.load_module(kernel.into()).map_err(|error| match code(error).as_str() {
        "CUDA_ERROR_UNSUPPORTED_PTX_VERSION" => old_driver(kernel),
        "CUDA_ERROR_INVALID_PTX" | "CUDA_ERROR_NO_BINARY_FOR_GPU" | "CUDA_ERROR_INVALID_IMAGE" => other_gpu(),
        other => of_code(other),
    })?;
    // Not `new_cuda`, whose stream differs from thread to thread: pictures are drawn in several threads.
    let device = Device::new_cuda_with_stream(gpu.number).map_err(|error| of_library(&error))?;
    cuda::prepare(&device, precision).map_err(|error| of_library(&error))?;
    let stream = device.as_cuda_device().map_err(|error| of_library(&error))?.cuda_stream();
    // Without the memory of the libraries, and with what the pool of an earlier run holds for the next one.
    let (free, _) = result::mem_get_info().map_err(of_driver)?;
    gpu.free_memory = Some(free as u64 + pool::unused_memory(&stream));
    let copies = Some(stream.context().new_stream().map_err(of_driver)?);
    Ok(ComputeDevice { device, gpu: Some(gpu), precision, passed_over: None, copies })
}

fn old_driver(kernel: &str) -> Obstacle {
    let built = ptx::toolkit(kernel).unwrap_or("(a newer version)");
    let known = driver_cuda().unwrap_or_else(|| "(an older version)".into());
    Obstacle::new(
        format!("the driver is too old: it supports CUDA {known}, but this program was built with CUDA {built}"),
        format!("install a driver that supports CUDA {built} (check with nvidia-smi), or use ‹device› cpu"),
    )
}

/// The newest CUDA version that the driver supports, such as `13.0`.
fn driver_cuda() -> Option<String> {
    let mut version = 0;
    // SAFETY: the driver writes one number; it may be asked before it is initialized.
    unsafe { cuDriverGetVersion(&raw mut version) }.result().ok()?;
    Some(format!("{}.{}", version / 1000, version % 1000 / 10))
}

/// The name of an error code. `Display` would ask the driver, which may be broken.
fn code(error: DriverError) -> String {
    format!("{:?}", error.0)
}

fn of_driver(error: DriverError) -> Obstacle {
    of_code(&code(error))
}

fn of_code(code: &str) -> Obstacle {
    let hidden = std::env::var_os("CUDA_VISIBLE_DEVICES").map(|value| value.to_string_lossy().into_owned());
    Obstacle::of_driver(code, hidden.as_deref())
}

/// Why the tensor library could not open a GPU that the driver had opened.
fn of_library(error: &candle_core::Error) -> Obstacle {
    let (library, status) = match cause(error) {
        Some(CudaError::Cuda(error)) => return of_driver(*error),
        Some(CudaError::Cublas(error)) => ("cuBLAS", format!("{:?}", error.0)),
        Some(CudaError::Curand(error)) => ("cuRAND", format!("{:?}", error.0)),
        _ => cudnn_status(error).map_or_else(|| ("the tensor library", error.to_string()), |status| ("cuDNN", status)),
    };
    if crate::error::is_out_of_memory(&status) {
        return of_code(&status);
    }
    let built = ptx::toolkit(kernels::FILL.ptx()).unwrap_or("(another version)");
    Obstacle::new(
        format!("{library} failed to start ({status})"),
        format!("install the libraries of CUDA {built} and a driver that supports it, or use ‹device› cpu"),
    )
}

/// The status that cuDNN reported, if any.
#[cfg(feature = "cudnn")]
fn cudnn_status(error: &candle_core::Error) -> Option<String> {
    cause::<CudnnError>(error).map(|error| format!("{:?}", error.0))
}

#[cfg(not(feature = "cudnn"))]
fn cudnn_status(_: &candle_core::Error) -> Option<String> {
    None
}

/// The error of a CUDA library inside an error of the tensor library.
fn cause<T: std::error::Error + 'static>(error: &candle_core::Error) -> Option<&T> {
    match error {
        candle_core::Error::Cuda(error) => error.downcast_ref(),
        candle_core::Error::WithBacktrace { inner, .. } | candle_core::Error::Context { inner, .. } => cause(inner),
        _ => None,
    }
}

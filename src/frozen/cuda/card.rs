//! A GPU: the tensor library's device and stream, the loaded kernels, cuBLAS with its own workspace, and cuDNN in
//! programs that are built with it.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::cuda_backend::cudarc::cublas::{CudaBlas, sys as cublas};
use candle_core::cuda_backend::cudarc::driver::{
    CudaFunction, CudaModule, CudaSlice, CudaStream, DevicePtr, LaunchConfig, PushKernelArg, sys as driver,
};
use candle_core::cuda_backend::{CudaDevice, DeviceId};
use candle_core::{CudaStorage, Error, Result};

#[cfg(feature = "cudnn")]
use super::accelerator::Convolve;
use super::accelerator::{Accelerator, Argument, Buffer, Kernel, Product, Slice, THREADS};
#[cfg(feature = "cudnn")]
use super::cudnn::Cudnn;
use crate::gpu::{Precision, count_to_gpu, pool};

// `ptx(file)`: the kernels of a file, compiled by `build.rs`.
include!(concat!(env!("OUT_DIR"), "/ptx.rs"));

/// Bytes of cuBLAS's workspace, which together with the shapes decides the algorithm: NVIDIA recommends 32 MiB for
/// Hopper and later.
const WORKSPACE: usize = 32 << 20;

/// Bytes of host memory that the driver stages before its call returns (CUDA Driver API, API synchronization behavior):
/// the uploads of an iteration are smaller, and are not waited for.
const STAGED: usize = 64 << 10;

/// The cards in use, by the tensor library's device.
static CARDS: Mutex<Vec<(DeviceId, Arc<Card>)>> = Mutex::new(Vec::new());

/// A GPU.
pub struct Card {
    number: usize,
    device: CudaDevice,
    stream: Arc<CudaStream>,
    /// The loaded modules by file
    modules: Mutex<HashMap<&'static str, Arc<CudaModule>>>,
    functions: Mutex<HashMap<Kernel, CudaFunction>>,
    blas: CudaBlas,
    /// The arithmetic of products
    arithmetic: cublas::cublasComputeType_t,
    #[cfg(feature = "cudnn")]
    cudnn: Mutex<Cudnn>,
    /// cuBLAS's workspace, which must live as long as its handle
    _workspace: CudaSlice<u8>,
}

impl Card {
    /// Sets up a device of the tensor library, only once and with the first precision.
    ///
    /// # Errors
    /// If cuBLAS or cuDNN cannot be set up.
    pub fn prepare(device: &CudaDevice, precision: Precision) -> Result<()> {
        let mut cards = locked(&CARDS);
        if cards.iter().all(|(id, _)| *id != device.id()) {
            let card = Arc::new(Self::new(device, cards.len(), precision)?);
            cards.push((device.id(), card));
        }
        Ok(())
    }

    /// The card of a prepared device.
    ///
    /// # Errors
    /// If the device was not prepared.
    pub fn of(device: &CudaDevice) -> Result<Arc<Self>> {
        let cards = locked(&CARDS);
        let found = cards.iter().find(|(id, _)| *id == device.id());
        found.map(|(_, card)| card.clone()).ok_or_else(|| Error::Msg("the GPU was not prepared for layers".into()))
    }

    fn new(device: &CudaDevice, number: usize, precision: Precision) -> Result<Self> {
        // SAFETY: all work runs in order on the device's only stream, and so needs no events between uses.
        unsafe { device.disable_event_tracking() };
        let stream = device.cuda_stream();
        pool::keep_memory(&stream).map_err(Error::wrap)?;
        let blas = CudaBlas::new(stream.clone()).map_err(Error::wrap)?;
        // SAFETY: the workspace is never read before it is written.
        let workspace = unsafe { stream.alloc::<u8>(WORKSPACE) }.map_err(Error::wrap)?;
        let (address, _) = workspace.device_ptr(&stream);
        // SAFETY: the workspace lives as long as the handle.
        let status = unsafe { cublas::cublasSetWorkspace_v2(*blas.handle(), address as *mut c_void, WORKSPACE) };
        status.result().map_err(Error::wrap)?;
        #[cfg(feature = "cudnn")]
        let cudnn = Cudnn::new(stream.cu_stream().cast(), precision)?;
        Ok(Self {
            number,
            device: device.clone(),
            stream,
            modules: Mutex::default(),
            functions: Mutex::default(),
            blas,
            arithmetic: match precision {
                Precision::F32 => cublas::cublasComputeType_t::CUBLAS_COMPUTE_32F,
                Precision::Tf32 => cublas::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32,
                Precision::Bf16 => cublas::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_16BF,
            },
            #[cfg(feature = "cudnn")]
            cudnn: Mutex::new(cudnn),
            _workspace: workspace,
        })
    }

    /// Returns the unused memory of all cards to the system, and forgets the plans for shapes.
    pub fn forget_runs() {
        let cards = locked(&CARDS);
        for (_, card) in &*cards {
            // Released memory is free only after the card has executed the release. A card that fails now also fails in
            // the next run, which reports it.
            let _ = card.stream.synchronize().and_then(|()| pool::give_back(&card.stream));
            #[cfg(feature = "cudnn")]
            locked(&card.cudnn).forget_plans();
        }
    }

    /// The memory of a tensor, which the caller keeps alive.
    #[must_use]
    pub fn view(&self, values: &CudaSlice<f32>) -> Slice {
        let (address, _) = values.device_ptr(&self.stream);
        Slice::new(address, values.len())
    }

    /// Converts a buffer to the tensor library's storage.
    ///
    /// # Errors
    /// If the buffer does not belong to this card.
    pub fn storage(&self, buffer: Buffer) -> Result<CudaStorage> {
        let owner = buffer.into_owner().and_then(|owner| owner.downcast::<CudaSlice<f32>>().ok());
        let values = owner.ok_or_else(|| Error::Msg("a buffer does not belong to this card".into()))?;
        Ok(CudaStorage::wrap_cuda_slice(*values, self.device.clone()))
    }

    fn buffer(&self, values: CudaSlice<f32>) -> Buffer {
        let slice = self.view(&values);
        Buffer::new(slice.at(0).address(), slice.len(), Box::new(values))
    }

    fn function(&self, kernel: Kernel) -> Result<CudaFunction> {
        let mut functions = locked(&self.functions);
        if let Some(function) = functions.get(&kernel) {
            return Ok(function.clone());
        }
        let mut modules = locked(&self.modules);
        let module = if let Some(module) = modules.get(kernel.file) {
            module.clone()
        } else {
            let ptx = ptx(kernel.file).ok_or_else(|| Error::Msg(format!("there is no kernel {kernel:?}")))?;
            let module = self.stream.context().load_module(ptx.into()).map_err(Error::wrap)?;
            modules.insert(kernel.file, module.clone());
            module
        };
        let function = module.load_function(kernel.name).map_err(Error::wrap)?;
        functions.insert(kernel, function.clone());
        Ok(function)
    }
}

impl Accelerator for Card {
    fn id(&self) -> usize {
        self.number
    }

    fn allocate(&self, length: usize) -> Result<Buffer> {
        // SAFETY: layers write before they read.
        let values = unsafe { self.stream.alloc::<f32>(length) };
        let values = match values {
            Err(error) if error.0 == driver::CUresult::CUDA_ERROR_OUT_OF_MEMORY => {
                // Released memory is free only after the card has executed the release, and may be fragmented.
                self.stream.synchronize().map_err(Error::wrap)?;
                pool::give_back(&self.stream).map_err(Error::wrap)?;
                // SAFETY: as above.
                unsafe { self.stream.alloc::<f32>(length) }
            }
            values => values,
        };
        Ok(self.buffer(values.map_err(Error::wrap)?))
    }

    fn upload(&self, bytes: &[u8]) -> Result<Buffer> {
        count_to_gpu(bytes.len());
        let buffer = self.allocate(bytes.len() / 4)?;
        let (to, from) = (buffer.at(0).address(), bytes.as_ptr().cast());
        self.stream.context().bind_to_thread().map_err(Error::wrap)?;
        // SAFETY: both have the same length.
        let status = unsafe { driver::cuMemcpyHtoDAsync_v2(to, from, 4 * buffer.len(), self.stream.cu_stream()) };
        status.result().map_err(Error::wrap)?;
        if bytes.len() > STAGED {
            // Until then, the driver may still read the source.
            self.stream.synchronize().map_err(Error::wrap)?;
        }
        Ok(buffer)
    }

    fn copy(&self, source: &Slice, target: &Slice) -> Result<()> {
        let (from, to, bytes) = (source.at(0).address(), target.at(0).address(), 4 * source.len());
        assert!(source.len() <= target.len(), "a copy is longer than its target");
        self.stream.context().bind_to_thread().map_err(Error::wrap)?;
        // SAFETY: both are device memory of at least that length.
        let status = unsafe { driver::cuMemcpyDtoDAsync_v2(to, from, bytes, self.stream.cu_stream()) };
        status.result().map_err(Error::wrap)
    }

    fn launch(&self, kernel: Kernel, blocks: [usize; 2], arguments: &[Argument]) -> Result<()> {
        let size = |count: usize| u32::try_from(count).map_err(Error::wrap);
        let grid_dim = (size(blocks[0])?, size(blocks[1])?, 1);
        let block_dim = (size(THREADS)?, 1, 1);
        let function = self.function(kernel)?;
        let addresses: Vec<u64> = arguments
            .iter()
            .map(|argument| if let Argument::Place(place) = argument { place.address() } else { 0 })
            .collect();
        let mut launch = self.stream.launch_builder(&function);
        for (argument, address) in arguments.iter().zip(&addresses) {
            match argument {
                Argument::Place(_) => launch.arg(address),
                Argument::Int(value) => launch.arg(value),
                Argument::Long(value) => launch.arg(value),
                Argument::Float(value) => launch.arg(value),
            };
        }
        // SAFETY: layers pass the arguments that their kernels expect, which the emulation in the tests checks.
        unsafe { launch.launch(LaunchConfig { grid_dim, block_dim, shared_mem_bytes: 0 }) }.map_err(Error::wrap)?;
        Ok(())
    }

    /// The library's matrices are column-major, so it gets the transposed sides in reverse order.
    fn multiply(&self, product: &Product) -> Result<()> {
        let size = |size: usize| i32::try_from(size).map_err(Error::wrap);
        let operation = |transposed: bool| {
            if transposed { cublas::cublasOperation_t::CUBLAS_OP_T } else { cublas::cublasOperation_t::CUBLAS_OP_N }
        };
        let Product { left, right, destination, .. } = product;
        let (alpha, beta) = (product.scale, if product.accumulate { 1.0_f32 } else { 0.0 });
        let float = cublas::cudaDataType_t::CUDA_R_32F;
        self.stream.context().bind_to_thread().map_err(Error::wrap)?;
        // SAFETY: the caller guarantees that the views are valid; the scalars are on the host, the handle's default.
        let status = unsafe {
            cublas::cublasGemmStridedBatchedEx(
                *self.blas.handle(),
                operation(right.transposed),
                operation(left.transposed),
                size(product.columns)?,
                size(product.rows)?,
                size(product.depth)?,
                (&raw const alpha).cast(),
                right.place.address() as *const c_void,
                float,
                size(right.stride)?,
                right.apart.cast_signed() as i64,
                left.place.address() as *const c_void,
                float,
                size(left.stride)?,
                left.apart.cast_signed() as i64,
                (&raw const beta).cast(),
                destination.place.address() as *mut c_void,
                float,
                size(destination.stride)?,
                destination.apart.cast_signed() as i64,
                size(product.count)?,
                self.arithmetic,
                cublas::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )
        };
        status.result().map_err(Error::wrap)
    }

    #[cfg(feature = "cudnn")]
    fn convolve(&self, convolution: &Convolve) -> Result<bool> {
        self.stream.context().bind_to_thread().map_err(Error::wrap)?;
        locked(&self.cudnn).convolve(convolution, self)
    }

    #[cfg(test)]
    fn download(&self, slice: &Slice) -> Vec<f32> {
        let mut values = vec![0.0_f32; slice.len()];
        let (target, bytes) = (values.as_mut_ptr().cast(), 4 * slice.len());
        self.stream.context().bind_to_thread().unwrap();
        // SAFETY: the slice is device memory, and the host waits until it is copied.
        unsafe { driver::cuMemcpyDtoHAsync_v2(target, slice.at(0).address(), bytes, self.stream.cu_stream()) }
            .result()
            .unwrap();
        self.stream.synchronize().unwrap();
        values
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that failed left the data intact.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

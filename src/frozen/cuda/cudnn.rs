//! Convolutions by cuDNN. For each shape, the algorithm is the first one proposed by cuDNN's heuristics that is
//! deterministic and works; nothing is timed, and nothing depends on free memory.

use std::collections::HashMap;
use std::ffi::{c_int, c_void};

use candle_core::cuda_backend::cudarc::cudnn::{CudnnError, result, sys};
use candle_core::{Error, Result};

use super::accelerator::{Accelerator, Buffer, ConvolutionShape, Convolve, int};
use super::halves;
use crate::error::is_out_of_memory;
use crate::gpu::Precision;

use sys::cudnnConvolutionFwdAlgoPerf_t as Algorithm;

/// Upper limit for an algorithm's workspace, in bytes; it is also limited to four times the convolved numbers, which
/// Winograd's algorithm needs.
const WORKSPACE: usize = 256 << 20;

/// Maximum bytes of an algorithm's workspace for a shape.
#[must_use]
pub fn workspace(shape: &ConvolutionShape) -> usize {
    (4 * 4 * shape.counts().iter().sum::<usize>()).min(WORKSPACE)
}

/// Room for cuDNN's eight algorithms (`CUDNN_CONVOLUTION_FWD_ALGO_COUNT`), each with and without tensor cores.
const ALGORITHMS: u8 = 16;

/// cuDNN on a stream of a GPU, with its plans for the shapes so far.
pub struct Cudnn {
    handle: sys::cudnnHandle_t,
    precision: Precision,
    /// The plan for each shape; none if cuDNN cannot convolve the shape
    plans: HashMap<ConvolutionShape, Option<Plan>>,
}

// SAFETY: a handle may be used by any thread that the GPU's context is bound to, one thread at a time.
unsafe impl Send for Cudnn {}

impl Cudnn {
    /// Starts cuDNN on a stream, whose context is bound to the thread.
    ///
    /// # Errors
    /// If cuDNN does not start.
    pub fn new(stream: sys::cudaStream_t, precision: Precision) -> Result<Self> {
        let cudnn = Self { handle: result::create_handle().map_err(named)?, precision, plans: HashMap::new() };
        // SAFETY: the handle was just created.
        unsafe { result::set_stream(cudnn.handle, stream) }.map_err(named)?;
        Ok(cudnn)
    }

    /// Like [`super::Accelerator::convolve`], on the GPU whose context is bound to the thread.
    ///
    /// # Errors
    /// If cuDNN or the device fails.
    pub fn convolve(&mut self, convolution: &Convolve, on: &dyn Accelerator) -> Result<bool> {
        let shape = convolution.shape;
        if !self.plans.contains_key(&shape) {
            let plan = self.plan(&shape, self.precision == Precision::Bf16)?;
            self.plans.insert(shape, plan);
        }
        while let Some(Some(plan)) = self.plans.get_mut(&shape) {
            match plan.convolve(self.handle, convolution, on)? {
                Ok(()) => return Ok(true),
                Err(error) if is_out_of_memory(&format!("{:?}", error.0)) => return Err(named(error)),
                // A proposed algorithm may fail to run: then try the next one, like PyTorch. If the GPU itself is at
                // fault, whatever runs next reports it.
                Err(_) if plan.choose_next().map_err(named)? => {}
                Err(_) => {
                    let next = if plan.in_halves { self.plan(&shape, false)? } else { None };
                    self.plans.insert(shape, next);
                }
            }
        }
        Ok(false)
    }

    /// Forgets the plans, with the algorithms that failed.
    pub fn forget_plans(&mut self) {
        self.plans.clear();
    }

    /// The plan for a shape, in bf16 or, if there is no algorithm for that, in full precision; none if the padding is
    /// asymmetric, the shape is too large for cuDNN, or no algorithm may be used.
    fn plan(&self, shape: &ConvolutionShape, in_halves: bool) -> Result<Option<Plan>> {
        if !shape.is_padded_alike() {
            return Ok(None);
        }
        match Plan::new(self, shape, &Sizes::new(shape)?, in_halves) {
            Ok(Some(plan)) => Ok(Some(plan)),
            Err(error) if !is_unsupported(error) => Err(named(error)),
            _ if in_halves => self.plan(shape, false),
            _ => Ok(None),
        }
    }

    /// Whether an algorithm has the requested precision and is deterministic.
    fn may_use(&self, algorithm: &Algorithm, shape: &ConvolutionShape) -> bool {
        // If tensor cores are permitted, algorithms without them are as well.
        let is_exact = algorithm.mathType == sys::cudnnMathType_t::CUDNN_FMA_MATH;
        algorithm.status == sys::cudnnStatus_t::CUDNN_STATUS_SUCCESS
            && algorithm.determinism == sys::cudnnDeterminism_t::CUDNN_DETERMINISTIC
            && algorithm.memory <= workspace(shape)
            && (is_exact || self.precision != Precision::F32)
            // Half precision does not have enough range for a decoder's activations.
            && algorithm.mathType != sys::cudnnMathType_t::CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION
    }
}

impl Drop for Cudnn {
    fn drop(&mut self) {
        // SAFETY: the handle is not shared. If this fails, its remains end with the process.
        let _ = unsafe { result::destroy_handle(self.handle) };
    }
}

/// A shape in cuDNN's types.
struct Sizes {
    input: [c_int; 4],
    kernels: [c_int; 4],
    output: [c_int; 4],
    /// Vertical, horizontal
    padding: [c_int; 2],
    stride: c_int,
}

impl Sizes {
    fn new(shape: &ConvolutionShape) -> Result<Self> {
        let ConvolutionShape { batch, channels, outputs, picture, output, window } = *shape;
        let (batch, channels, outputs, side) = (int(batch)?, int(channels)?, int(outputs)?, int(window.side)?);
        Ok(Self {
            input: [batch, channels, int(picture.0)?, int(picture.1)?],
            kernels: [outputs, channels, side, side],
            output: [batch, outputs, int(output.0)?, int(output.1)?],
            padding: [int(window.padding.top)?, int(window.padding.left)?],
            stride: int(window.stride)?,
        })
    }
}

/// The plan for a shape.
struct Plan {
    input: sys::cudnnTensorDescriptor_t,
    kernels: sys::cudnnFilterDescriptor_t,
    convolution: sys::cudnnConvolutionDescriptor_t,
    output: sys::cudnnTensorDescriptor_t,
    /// The allowed algorithms, the best last; the last one is used
    algorithms: Vec<Algorithm>,
    /// Whether it convolves bf16, summed in f32
    in_halves: bool,
}

impl Plan {
    /// A plan with the allowed algorithms; none if there are none.
    fn new(
        cudnn: &Cudnn,
        shape: &ConvolutionShape,
        sizes: &Sizes,
        in_halves: bool,
    ) -> std::result::Result<Option<Self>, CudnnError> {
        let mut plan = Self {
            input: result::create_tensor_descriptor()?,
            kernels: result::create_filter_descriptor()?,
            convolution: result::create_convolution_descriptor()?,
            output: result::create_tensor_descriptor()?,
            algorithms: Vec::new(),
            in_halves,
        };
        plan.describe(sizes, cudnn.precision)?;
        plan.algorithms = plan.proposed(cudnn)?;
        plan.algorithms.retain(|algorithm| cudnn.may_use(algorithm, shape));
        plan.algorithms.reverse();
        Ok(plan.use_last()?.then_some(plan))
    }

    /// Drops the current algorithm. Returns false if there is no other one.
    fn choose_next(&mut self) -> std::result::Result<bool, CudnnError> {
        self.algorithms.pop();
        self.use_last()
    }

    fn use_last(&self) -> std::result::Result<bool, CudnnError> {
        let Some(algorithm) = self.algorithms.last() else { return Ok(false) };
        if !self.in_halves {
            // With a different math type, it would be a different algorithm.
            // SAFETY: the descriptor is set.
            unsafe { result::set_convolution_math_type(self.convolution, algorithm.mathType) }?;
        }
        Ok(true)
    }

    fn describe(&self, sizes: &Sizes, precision: Precision) -> std::result::Result<(), CudnnError> {
        let (layout, float) = (sys::cudnnTensorFormat_t::CUDNN_TENSOR_NCHW, sys::cudnnDataType_t::CUDNN_DATA_FLOAT);
        let numbers = if self.in_halves { sys::cudnnDataType_t::CUDNN_DATA_BFLOAT16 } else { float };
        let arithmetic = match precision {
            // Tensor cores multiply bf16 by default; requesting them explicitly gave oneDNN NaN (its issue 1583).
            _ if self.in_halves => sys::cudnnMathType_t::CUDNN_DEFAULT_MATH,
            Precision::F32 => sys::cudnnMathType_t::CUDNN_FMA_MATH,
            Precision::Tf32 | Precision::Bf16 => sys::cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
        };
        let mode = sys::cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION;
        let ([down, right], stride) = (sizes.padding, sizes.stride);
        // SAFETY: the descriptors were created.
        unsafe {
            result::set_tensor4d_descriptor(self.input, layout, numbers, sizes.input)?;
            result::set_filter4d_descriptor(self.kernels, numbers, layout, sizes.kernels)?;
            result::set_convolution2d_descriptor(self.convolution, down, right, stride, stride, 1, 1, mode, float)?;
            result::set_convolution_math_type(self.convolution, arithmetic)?;
            result::set_tensor4d_descriptor(self.output, layout, numbers, sizes.output)
        }
    }

    /// Convolves numbers of 32 bits. The outer error is the device's, the inner one cuDNN's.
    fn convolve(
        &self,
        handle: sys::cudnnHandle_t,
        convolution: &Convolve,
        on: &dyn Accelerator,
    ) -> Result<std::result::Result<(), CudnnError>> {
        let Some(algorithm) = self.algorithms.last() else {
            return Ok(Err(CudnnError(sys::cudnnStatus_t::CUDNN_STATUS_NOT_SUPPORTED)));
        };
        let words = algorithm.memory.div_ceil(4);
        let workspace = if words == 0 { Buffer::default() } else { on.allocate(words)? };
        if !self.in_halves {
            return Ok(self.run(handle, algorithm, convolution, &workspace));
        }
        let Convolve { shape, accumulate, .. } = *convolution;
        let [pictures, kernels, outputs] = shape.counts();
        let input = halves::narrowed(on, convolution.input, pictures)?;
        let weights = halves::narrowed(on, convolution.kernels, kernels)?;
        let output = on.allocate(halves::words(outputs))?;
        let (input, kernels, place) = (input.at(0), weights.at(0), output.at(0));
        let of_halves = Convolve { shape, kernels, input, output: place, accumulate: false };
        if let Err(error) = self.run(handle, algorithm, &of_halves, &workspace) {
            return Ok(Err(error));
        }
        halves::widen(on, &output, convolution.output, outputs, accumulate)?;
        Ok(Ok(()))
    }

    /// Convolves numbers of the plan's type.
    fn run(
        &self,
        handle: sys::cudnnHandle_t,
        algorithm: &Algorithm,
        convolution: &Convolve,
        workspace: &Buffer,
    ) -> std::result::Result<(), CudnnError> {
        let (alpha, beta) = (1.0_f32, if convolution.accumulate { 1.0_f32 } else { 0.0 });
        // SAFETY: the caller guarantees that the places are valid; the scalars are on the host.
        unsafe {
            result::convolution_forward(
                handle,
                (&raw const alpha).cast(),
                self.input,
                convolution.input.address() as *const c_void,
                self.kernels,
                convolution.kernels.address() as *const c_void,
                self.convolution,
                algorithm.algo,
                workspace.at(0).address() as *mut c_void,
                algorithm.memory,
                (&raw const beta).cast(),
                self.output,
                convolution.output.address() as *mut c_void,
            )
        }
    }

    /// The algorithms that cuDNN proposes, the probably fastest first.
    fn proposed(&self, cudnn: &Cudnn) -> std::result::Result<Vec<Algorithm>, CudnnError> {
        let mut algorithms: Vec<Algorithm> = Vec::with_capacity(usize::from(ALGORITHMS));
        let mut count = 0;
        // SAFETY: the descriptors are set; at most as many algorithms are written as there is room for.
        unsafe {
            result::get_convolution_forward_algorithm(
                cudnn.handle,
                self.input,
                self.kernels,
                self.convolution,
                self.output,
                c_int::from(ALGORITHMS),
                &raw mut count,
                algorithms.as_mut_ptr(),
            )?;
            algorithms.set_len(usize::try_from(count).unwrap_or_default());
        }
        Ok(algorithms)
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: the descriptors are not shared.
        unsafe {
            let _ = result::destroy_tensor_descriptor(self.input);
            let _ = result::destroy_filter_descriptor(self.kernels);
            let _ = result::destroy_convolution_descriptor(self.convolution);
            let _ = result::destroy_tensor_descriptor(self.output);
        }
    }
}

/// Whether cuDNN does not support a request (`CUDNN_STATUS_NOT_SUPPORTED` and its more specific variants, whose numbers
/// go from there to the next thousand).
fn is_unsupported(error: CudnnError) -> bool {
    let first = sys::cudnnStatus_t::CUDNN_STATUS_NOT_SUPPORTED as u32;
    (first..first + 1000).contains(&(error.0 as u32))
}

/// Converts cuDNN's error, which names cuDNN and the status.
fn named(error: CudnnError) -> Error {
    Error::Cuda(Box::new(error))
}

//! Measures how long the parts of an iteration take, how much they compute, and how this compares with the speed of the
//! machine.

mod stages;
mod work;

use candle_core::{DType, Tensor};
use serde::Serialize;

pub use stages::measure;
pub use work::{Work, models};

use crate::Result;
use crate::device::ComputeDevice;
use crate::frozen::{Layer, Linear, Matrix, MatrixMut, Network, multiply_in_registers, multiply_weights};
use crate::gpu::Traffic;

/// The measurements of a part of an iteration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// The name of the part
    pub name: &'static str,
    /// The median time of all repetitions; on a GPU, the time that the GPU works
    pub seconds: f64,
    /// The nominal work of the matrix products; none if there are hardly any
    pub gigaflop: Option<f64>,
    /// The work per second
    pub gigaflop_per_second: Option<f64>,
    /// The least amount that the layers read and write, each once
    pub gigabyte: Option<f64>,
    /// The amount read and written per second
    pub gigabyte_per_second: Option<f64>,
    /// The peak memory of the process, or the peak memory it used on the GPU, in bytes; none if the system does not
    /// report it
    pub peak_memory: Option<u64>,
}

impl Stage {
    #[allow(clippy::cast_precision_loss)]
    fn new(name: &'static str, seconds: f64, amount: Amount, peak_memory: Option<u64>) -> Self {
        let billions = |count: u64| (count > 0).then_some(count as f64 / 1e9);
        let (gigaflop, gigabyte) = (billions(amount.operations), billions(amount.bytes));
        let per_second = |billions: Option<f64>| billions.map(|billions| billions / seconds);
        let (gigaflop_per_second, gigabyte_per_second) = (per_second(gigaflop), per_second(gigabyte));
        Self { name, seconds, gigaflop, gigaflop_per_second, gigabyte, gigabyte_per_second, peak_memory }
    }
}

/// How the time of an iteration is divided.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shares {
    /// Drawing, and the gradient of the parameters
    pub drawer: f64,
    /// Cutouts and their gradient
    pub cutouts: f64,
    /// The CLIP models and their gradient
    pub clip: f64,
}

impl Shares {
    /// The share of each part in the time that all parts of an iteration take together, 0 to 1.
    fn of(stages: &[Stage]) -> Self {
        let seconds = |part: &str| -> f64 {
            stages.iter().filter(|stage| stage.name.starts_with(part)).map(|stage| stage.seconds).sum()
        };
        let all = seconds("").max(f64::MIN_POSITIVE);
        Self { drawer: seconds("decoder") / all, cutouts: seconds("cutouts") / all, clip: seconds("CLIP") / all }
    }
}

/// The amount of work of a part of an iteration.
#[derive(Clone, Copy, Default)]
struct Amount {
    /// Floating-point operations of matrix products
    operations: u64,
    /// Bytes read and written
    bytes: u64,
}

/// The measurements of one configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Everything before the first iteration: loading or creating models, the prompt, the starting point
    pub start: Stage,
    /// The parts of an iteration, each run by itself
    pub stages: Vec<Stage>,
    /// How the time is divided among the parts
    pub shares: Shares,
    /// Whole iterations
    pub iteration: Stage,
    /// The rate of the device: a product of two matrices of 2048 x 2048, or of 4096 x 4096 on a GPU
    pub product: Stage,
    /// The rate of an iteration as a share of the rate of the device
    pub share: Option<f64>,
    /// The rate of multiplications and additions in registers, on all threads; none on a GPU
    pub peak: Option<Stage>,
    /// The rate of the product as a share of this peak
    pub peak_share: Option<f64>,
    /// The linear layers of ViT-B/32 on 16 cutouts, forward and backward; none on a GPU
    pub linear: Vec<Stage>,
    /// The rate at which the GPU copies its memory
    pub copy: Option<Stage>,
    /// The rate at which an iteration reads and writes as a share of the copying rate
    pub copy_share: Option<f64>,
    /// The bytes copied between host and GPU in an iteration
    pub traffic: Option<Traffic>,
    /// How long the host takes to launch an iteration on a GPU, in seconds
    pub asking: Option<f64>,
    /// The peak memory so far in bytes; none if the system does not report it
    pub peak_memory: Option<u64>,
    /// The memory that the plan estimated, in bytes
    pub estimated_memory: u64,
}

/// The median of times in seconds.
fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or_default()
}

/// The median time of a piece of work in seconds, after a run to warm up. Dropping the result is not timed.
fn timed<T>(device: &ComputeDevice, repetitions: usize, mut piece: impl FnMut() -> Result<T>) -> Result<f64> {
    let mut once = || {
        let started = device.moment()?;
        let _made = piece()?;
        started.seconds_until(&device.moment()?)
    };
    once()?;
    Ok(median((0..repetitions.max(5)).map(|_| once()).collect::<Result<_>>()?))
}

/// The rate of a matrix product that is large enough to hide every other cost.
fn product(device: &ComputeDevice, repetitions: usize) -> Result<Stage> {
    let (name, side) =
        if device.gpu().is_some() { ("product of 4096 x 4096", 4096) } else { ("product of 2048 x 2048", 2048) };
    let numbers = numbers(side * side);
    let seconds = if device.gpu().is_some() {
        let matrix = Tensor::from_slice(&numbers, (1, side, side), device.tensors())?;
        let network = Network::of(Linear::new(numbers, None, side, side));
        timed(device, repetitions, || Ok(network.forward(&matrix)?))?
    } else {
        let mut destination = vec![0.0; side * side];
        timed(device, repetitions, || {
            let matrix = Matrix::dense(&numbers, side, side);
            multiply_weights(&mut MatrixMut::dense(&mut destination, side, side), matrix, matrix, None);
            Ok(())
        })?
    };
    let amount = Amount { operations: 2 * (side as u64).pow(3), bytes: 0 };
    Ok(Stage::new(name, seconds, amount, device.peak_memory()))
}

/// The rate of multiplications and additions of numbers that stay in registers.
fn peak(device: &ComputeDevice, repetitions: usize) -> Result<Option<Stage>> {
    if device.gpu().is_some() {
        return Ok(None);
    }
    let mut operations = 0;
    let seconds = timed(device, repetitions, || {
        operations = multiply_in_registers();
        Ok(())
    })?;
    Ok(Some(Stage::new("peak of the processor", seconds, Amount { operations, bytes: 0 }, device.peak_memory())))
}

/// The linear layers of ViT-B/32 alone, on as many tokens as 16 cutouts have.
fn linear(device: &ComputeDevice, repetitions: usize) -> Result<Vec<Stage>> {
    const SHAPE: [usize; 2] = [16, 50];
    const LAYERS: [(&str, &str, usize, usize); 4] = [
        ("linear 768 to 2304", "linear 768 to 2304 back", 768, 2304),
        ("linear 768 to 768", "linear 768 to 768 back", 768, 768),
        ("linear 768 to 3072", "linear 768 to 3072 back", 768, 3072),
        ("linear 3072 to 768", "linear 3072 to 768 back", 3072, 768),
    ];
    let mut stages = Vec::new();
    if device.gpu().is_some() {
        return Ok(stages);
    }
    for (forward, backward, inputs, outputs) in LAYERS {
        let layer = Linear::new(numbers(inputs * outputs), Some(vec![0.0; outputs]), inputs, outputs);
        let (shape, rows) = ([SHAPE[0], SHAPE[1], inputs], SHAPE[0] * SHAPE[1]);
        let amount = Amount { operations: layer.operations(&shape), bytes: 0 };
        let (mut input, mut output) = (numbers(rows * inputs), vec![0.0; rows * outputs]);
        let seconds = timed(device, repetitions, || {
            layer.forward(&shape, &input, &mut output);
            Ok(())
        })?;
        stages.push(Stage::new(forward, seconds, amount, device.peak_memory()));
        let seconds = timed(device, repetitions, || {
            layer.backward(&shape, &[], &output, &mut input);
            Ok(())
        })?;
        stages.push(Stage::new(backward, seconds, amount, device.peak_memory()));
    }
    Ok(stages)
}

/// The rate at which a GPU copies its own memory.
fn copy(device: &ComputeDevice, repetitions: usize) -> Result<Option<Stage>> {
    const COUNT: usize = 1 << 26;
    if device.gpu().is_none() {
        return Ok(None);
    }
    let numbers = Tensor::zeros(COUNT, DType::F32, device.tensors())?;
    let seconds = timed(device, repetitions, || Ok(numbers.copy()?))?;
    let amount = Amount { operations: 0, bytes: 2 * 4 * COUNT as u64 };
    Ok(Some(Stage::new("copy of 256 MiB", seconds, amount, device.peak_memory())))
}

/// Numbers that are easy to multiply.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|index| f32::from(u8::try_from(index % 251).unwrap_or(0))).collect()
}

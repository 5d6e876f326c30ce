//! How long the parts of an iteration take, how much they compute, and how near that is to what the
//! machine can do.

mod stages;
mod work;

use std::time::Instant;

use candle_core::Tensor;
use serde::Serialize;

pub use stages::measure;
pub use work::{Work, models};

use crate::device::ComputeDevice;
use crate::frozen::{Linear, Matrix, MatrixMut, Network, Products, Step, multiply};
use crate::{Result, machine};

/// What a part of an iteration takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// Which part
    pub name: &'static str,
    /// Time, on a GPU of its own work: the median of all repetitions
    pub seconds: f64,
    /// Nominal work of its matrix products; none where there are none to speak of
    pub gigaflop: Option<f64>,
    /// Work a second
    pub gigaflop_per_second: Option<f64>,
    /// The most memory of the process during it, or of the GPU's that it was given, in bytes, where the system tells
    pub peak_memory: Option<u64>,
}

impl Stage {
    fn new(name: &'static str, seconds: f64, operations: u64, peak_memory: Option<u64>) -> Self {
        #[allow(clippy::cast_precision_loss)]
        let gigaflop = (operations > 0).then_some(operations as f64 / 1e9);
        let gigaflop_per_second = gigaflop.map(|gigaflop| gigaflop / seconds);
        Self { name, seconds, gigaflop, gigaflop_per_second, peak_memory }
    }
}

/// What was measured of one configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// All that comes before the first iteration: models (random ones are made), prompt, start
    pub start: Stage,
    /// The parts of an iteration, each run by itself
    pub stages: Vec<Stage>,
    /// Whole iterations
    pub iteration: Stage,
    /// The device's own rate: a product of two matrices of 2048 x 2048, on a GPU of 8192 x 8192
    pub product: Stage,
    /// The iteration's rate as a share of the machine's
    pub share: Option<f64>,
    /// The most memory of the process until now, in bytes, where the system tells
    pub peak_memory: Option<u64>,
    /// What the plan thought it would be
    pub estimated_memory: u64,
}

/// The middle one of some times, in seconds.
fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or_default()
}

/// The rate of a large product of matrices: large enough that nothing but the product counts.
fn product(device: &ComputeDevice, repetitions: usize) -> Result<Stage> {
    let repetitions = repetitions.max(5);
    if device.gpu().is_none() {
        return Ok(product_on_processor(repetitions));
    }
    let numbers = numbers(8192);
    let matrix = Tensor::from_slice(&numbers, (1, 8192, 8192), device.tensors())?;
    let network = Network::new(vec![Step::layer(Linear::new(numbers, None, 8192, 8192))]);
    let mut seconds = Vec::new();
    for _ in 0..=repetitions {
        let started = device.moment()?;
        let product = network.forward(&matrix)?;
        seconds.push(started.seconds_until(&device.moment()?)?);
        drop(product);
    }
    // The first one warms up.
    seconds.remove(0);
    Ok(Stage::new("product of 8192 x 8192", median(seconds), 2 * 8192_u64.pow(3), device.peak_memory()))
}

fn product_on_processor(repetitions: usize) -> Stage {
    const SIDE: usize = 2048;
    let left = numbers(SIDE);
    let mut destination = vec![0.0; SIDE * SIDE];
    let mut once = || {
        let started = Instant::now();
        let (matrix, how) =
            (Matrix::dense(&left, SIDE, SIDE), Products { accumulate: false, parallel: true, scale: 1.0 });
        multiply(&mut MatrixMut::dense(&mut destination, SIDE, SIDE), matrix, matrix, how);
        started.elapsed().as_secs_f64()
    };
    once();
    let seconds = median((0..repetitions).map(|_| once()).collect());
    Stage::new("product of 2048 x 2048", seconds, 2 * (SIDE as u64).pow(3), machine::peak_memory())
}

/// A square matrix of numbers that are easy to multiply.
fn numbers(side: usize) -> Vec<f32> {
    (0..side * side).map(|index| f32::from(u8::try_from(index % 251).unwrap_or(0))).collect()
}

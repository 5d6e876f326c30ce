//! Helpers that several tests share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout
)]

pub mod batch;
pub mod hub;
pub mod layouts;
pub mod movie;
mod noise;
mod parts;
pub mod plain;
pub mod program;
mod prompts;
pub mod published;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod smtp;
pub mod trace;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use image::RgbImage;
pub use noise::noise;
#[allow(unused_imports, reason = "not every test program counts")]
pub use parts::parts;
#[allow(unused_imports, reason = "not every test program draws")]
pub use prompts::PROMPTS;

/// The mean difference of two pictures, in steps of 255.
pub fn apart(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let pairs = one.as_raw().iter().zip(other.as_raw());
    pairs.map(|(one, other)| f64::from(one.abs_diff(*other))).sum::<f64>() / one.as_raw().len() as f64
}

/// A tensor of deterministic numbers that look random.
pub fn noise_tensor(shape: &[usize], seed: u64) -> Tensor {
    Tensor::from_vec(noise(shape.iter().product(), seed), shape, &Device::Cpu).unwrap()
}

/// All values, row by row.
pub fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// ‖a − b‖ / ‖b‖
pub fn relative_distance(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.dims(), expected.dims());
    let (found, expected) = (values(found), values(expected));
    let square = |x: f32| f64::from(x) * f64::from(x);
    let difference: f64 = found.iter().zip(&expected).map(|(a, b)| square(a - b)).sum();
    let norm: f64 = expected.iter().map(|b| square(*b)).sum();
    assert!(difference.is_finite() && norm > 0.0);
    (difference / norm).sqrt()
}

/// The project's folder. Cargo names it when it runs a test, which may have been built elsewhere.
fn project() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// A folder of the project's own reference data.
pub fn fixtures() -> PathBuf {
    project().join("tests/fixtures")
}

/// Reference data too large to keep in the project, in a folder next to it; none if there is no such folder.
pub fn shared_fixtures() -> Option<PathBuf> {
    let folder = project().join("../shared/fixtures");
    folder.is_dir().then_some(folder)
}

/// The tensors of a reference file.
pub fn reference(name: &str) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(fixtures().join(name), &Device::Cpu).unwrap()
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

//! Compares every layer on a GPU with the same layer on the CPU, in both directions and on random shapes: on the card
//! if there is one and the program is built for it, otherwise in the emulation of the kernels.

mod drawers;
mod layers;
mod networks;
#[path = "../../../../tests/common/noise.rs"]
#[allow(clippy::cast_precision_loss)]
mod noise;
#[path = "../../../../tests/common/strategies.rs"]
mod strategies;

use std::sync::Arc;

use candle_core::{Device, Tensor};
use image::RgbImage;
use proptest::prelude::*;

use super::Resident;
use super::accelerator::{Accelerator, Slice};
use super::emulation::Emulation;
use super::execution::{OnDevice, Residents};
use super::layers::StrokesOnDevice;
use crate::drawer::{Drawer, Finish, FourierDrawer, Look, PixelArt, PixelDrawer, Start, Strokes};
use crate::frozen::network::passes::{Computed, Execution, Gradient, Record, Values, back, run};
use crate::frozen::*;
use crate::judge::{Slope, Slopes, distances_to};
use crate::picture::{Size, Tile};
use crate::random::Stream;
use crate::settings::{PixelShape, StartNoise};
use noise::noise;
use strategies::{touches, views};

/// Maximum difference of sums in a different order, relative to the norm.
const TOLERANCE: f64 = 3e-6;

/// The card, if there is one.
#[cfg(feature = "cuda")]
fn device() -> &'static dyn Accelerator {
    use std::sync::OnceLock;

    use super::card::Card;

    static CARD: OnceLock<Option<Arc<Card>>> = OnceLock::new();
    let card = || match candle_core::Device::new_cuda_with_stream(0) {
        Ok(candle_core::Device::Cuda(device)) => {
            Card::prepare(&device, crate::gpu::Precision::F32).unwrap();
            Some(Card::of(&device).unwrap())
        }
        found => {
            // Set by the virtual card's `run.sh`.
            assert!(std::env::var_os("TEXT2ART_TESTS_NEED_CARD").is_none(), "there is no card: {:?}", found.err());
            None
        }
    };
    match CARD.get_or_init(card) {
        Some(card) => card.as_ref(),
        None => Emulation::shared(),
    }
}

#[cfg(not(feature = "cuda"))]
fn device() -> &'static dyn Accelerator {
    Emulation::shared()
}

/// ‖found − expected‖ / ‖expected‖
fn distance(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>();
    let apart = square(&mut found.iter().zip(expected).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    let length = square(&mut expected.iter().map(|x| f64::from(*x)));
    if apart == 0.0 { 0.0 } else { (apart / length).sqrt() }
}

/// Runs steps forward and back by an execution, and returns the output and the input's gradient.
fn passes<E: Execution>(
    execution: &E,
    steps: &[Step],
    recomputed: &[usize],
    (shape, input): (&[usize], E::Buffer),
    gradient: &E::View,
    host: impl Fn(&E::View) -> Vec<f32>,
) -> (Vec<f32>, Vec<f32>) {
    let mut records: Vec<Record<E::Buffer>> = Vec::new();
    let x = Values { shape: shape.to_vec(), values: Arc::new(input) };
    let output = run(execution, steps, x, Some(&mut records), recomputed).unwrap();
    let input_gradient = back(execution, steps, records, Gradient::Lent(gradient)).unwrap();
    (host(&output.values), host(&input_gradient))
}

fn output_length(steps: &[Step], shape: &[usize]) -> usize {
    let output = steps.iter().fold(shape.to_vec(), |shape, step| step.output_shape(&shape).unwrap());
    output.iter().product()
}

/// Compares steps on the device with the same steps on the host.
fn compare_steps(steps: &[Step], recomputed: &[usize], shape: &[usize], input: &[f32], seed: u64, tolerance: f64) {
    let on = device();
    let gradient = noise(output_length(steps, shape), seed + 1);
    let copied = Computed.copy(input).unwrap();
    let expected = passes(&Computed, steps, recomputed, (shape, copied), &gradient, <[f32]>::to_vec);
    let residents = Residents::default();
    let execution = OnDevice { accelerator: on, residents: &residents };
    let there = on.upload(bytemuck::cast_slice(&gradient)).unwrap();
    let on_device = || {
        let input = on.upload(bytemuck::cast_slice(input)).unwrap();
        passes(&execution, steps, recomputed, (shape, input), &there, |slice| on.download(slice))
    };
    let found = on_device();
    let apart = (distance(&found.0, &expected.0), distance(&found.1, &expected.1));
    assert!(apart.0 < tolerance, "{shape:?}: the values differ by {}", apart.0);
    assert!(apart.1 < tolerance, "{shape:?}: the gradient differs by {}", apart.1);
    let bits = |(values, gradient): &(Vec<f32>, Vec<f32>)| -> Vec<u32> {
        values.iter().chain(gradient).map(|value| value.to_bits()).collect()
    };
    assert!(bits(&found) == bits(&on_device()), "{shape:?}: other bytes the second time");
}

/// Compares a layer with itself on the host, both with separate memory for its backward pass and in place.
fn compare_near(layer: impl Layer, shape: &[usize], seed: u64, tolerance: f64) {
    let input = noise(shape.iter().product(), seed);
    let in_place = layer.in_place().is_some();
    let mut steps = vec![Step::layer(layer)];
    compare_steps(&steps, &[], shape, &input, seed, tolerance);
    if in_place {
        // With a layer after it, the incoming gradient belongs to the network.
        steps.push(Step::layer(Activation::Silu));
        compare_steps(&steps, &[], shape, &input, seed, 4.0 * tolerance);
    }
}

fn compare(layer: impl Layer, shape: &[usize], seed: u64) {
    compare_near(layer, shape, seed, TOLERANCE);
}

fn sides() -> impl Strategy<Value = (usize, usize)> {
    let side = || prop_oneof![1..=9_usize, 10..=40_usize];
    (side(), side())
}

fn convolution(inputs: usize, outputs: usize, window: Window, seed: u64) -> Convolution {
    let weight = noise(outputs * inputs * window.side * window.side, seed + 2);
    Convolution::new(weight, noise(outputs, seed + 3), inputs, outputs, window)
}

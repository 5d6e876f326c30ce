//! From waves to colors: contrast, correlation of the colors, and a sigmoid.

use rayon::prelude::*;

use super::colors::Matrix;
use super::transform::Number;
use crate::frozen::cuda::layers::ToneOnDevice;
use crate::frozen::{Layer, on_gpu, sigmoid};

/// Pixels in a task.
const TASK: usize = 1 << 12;

/// Waves with a smaller deviation than this count as if they had it, so that plain ones have a contrast.
const LEAST_DEVIATION: f64 = 1e-6;

/// What waves are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Contrast {
    /// A number, so that a picture stays as it is
    Fixed(f64),
    /// The number that gives the waves of all three channels together this standard deviation
    Deviation(f64),
}

/// A number whose sigmoid can be computed.
pub(super) trait Logistic: Number {
    fn sigmoid(self) -> Self;
    fn of(value: f64) -> Self;
}

impl Logistic for f32 {
    #[inline(always)]
    fn sigmoid(self) -> Self {
        sigmoid(self)
    }

    #[allow(clippy::cast_possible_truncation)]
    fn of(value: f64) -> Self {
        value as Self
    }
}

impl Logistic for f64 {
    fn sigmoid(self) -> Self {
        1.0 / (1.0 + (-self).exp())
    }

    fn of(value: f64) -> Self {
        value
    }
}

/// σ(matrix · waves · contrast), for each pixel of three planes.
pub(super) struct Tone {
    pub(super) contrast: Contrast,
    pub(super) matrix: Matrix,
}

/// The mean and the standard deviation of numbers.
#[derive(Clone, Copy)]
struct Spread {
    mean: f64,
    deviation: f64,
}

impl Tone {
    /// What these waves are multiplied by.
    pub(super) fn factor<T: Logistic>(&self, waves: &[T]) -> f64 {
        match self.contrast {
            Contrast::Fixed(factor) => factor,
            Contrast::Deviation(wanted) => wanted / spread(waves).deviation,
        }
    }

    pub(super) fn picture<T: Logistic>(&self, waves: &[T], picture: &mut [T]) {
        let factor = self.factor(waves);
        let matrix = self.matrix.map(|row| row.map(|value| T::of(value * factor)));
        let [red, green, blue] = planes(waves);
        let outputs = planes_mut(picture).map(|plane| plane.par_chunks_mut(TASK));
        let [reds, greens, blues] = outputs;
        reds.zip(greens).zip(blues).enumerate().for_each(|(task, ((reds, greens), blues))| {
            let first = task * TASK;
            for offset in 0..reds.len() {
                let at = first + offset;
                let mixed = mix(&matrix, [red[at], green[at], blue[at]]).map(T::sigmoid);
                [reds[offset], greens[offset], blues[offset]] = mixed;
            }
        });
    }

    /// The gradient of the waves from that of the picture. With y = factor · waves and u = matrixᵀ · (gradient · p (1 -
    /// p)), it is factor · u for a fixed factor. A factor of wanted / σ adds -factor · (waves - μ) · Σ u waves / (n σ²).
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn gradient<T: Logistic>(&self, waves: &[T], gradient: &[T], waves_gradient: &mut [T]) {
        let factor = self.factor(waves);
        let matrix = self.matrix.map(|row| row.map(|value| T::of(value * factor)));
        let transposed: [[T; 3]; 3] = std::array::from_fn(|row| std::array::from_fn(|column| matrix[column][row]));
        let ([red, green, blue], of) = (planes(waves), planes(gradient));
        let [reds, greens, blues] = planes_mut(waves_gradient).map(|plane| plane.par_chunks_mut(TASK));
        let tasks = reds.zip(greens).zip(blues).enumerate().map(|(task, ((reds, greens), blues))| {
            let first = task * TASK;
            let mut along = 0.0;
            for offset in 0..reds.len() {
                let at = first + offset;
                let pixel = [red[at], green[at], blue[at]];
                let mixed = mix(&matrix, pixel).map(T::sigmoid);
                let slopes: [T; 3] =
                    std::array::from_fn(|color| of[color][at] * mixed[color] * (T::one() - mixed[color]));
                let moved = mix(&transposed, slopes);
                along += (0..3).map(|color| wide(moved[color] * pixel[color])).sum::<f64>();
                [reds[offset], greens[offset], blues[offset]] = moved;
            }
            along
        });
        // Gathered in order before they are summed, so that the sum does not depend on the number of threads.
        let along = tasks.collect::<Vec<f64>>().into_iter().sum::<f64>();
        if let Contrast::Deviation(_) = self.contrast {
            let Spread { mean, deviation } = spread(waves);
            let variance = deviation * deviation;
            // Each of the gradients above has the factor already.
            let slope = T::of(along / (waves.len() as f64 * variance));
            let mean = T::of(mean);
            waves_gradient.par_chunks_mut(TASK).zip(waves.par_chunks(TASK)).for_each(|(gradients, waves)| {
                for (gradient, wave) in gradients.iter_mut().zip(waves) {
                    *gradient = *gradient - (*wave - mean) * slope;
                }
            });
        }
    }
}

#[inline(always)]
fn mix<T: Number>(matrix: &[[T; 3]; 3], [first, second, third]: [T; 3]) -> [T; 3] {
    matrix.map(|row| row[0] * first + row[1] * second + row[2] * third)
}

fn wide<T: Number>(value: T) -> f64 {
    value.to_f64().unwrap_or_default()
}

/// The three planes of a picture.
fn planes<T>(values: &[T]) -> [&[T]; 3] {
    let area = values.len() / 3;
    [&values[..area], &values[area..2 * area], &values[2 * area..]]
}

fn planes_mut<T>(values: &mut [T]) -> [&mut [T]; 3] {
    let area = values.len() / 3;
    let (first, others) = values.split_at_mut(area);
    let (second, third) = others.split_at_mut(area);
    [first, second, third]
}

/// Sums in fixed tasks and in order.
#[allow(clippy::cast_precision_loss)]
fn spread<T: Logistic>(values: &[T]) -> Spread {
    let mean_of = |term: &(dyn Fn(f64) -> f64 + Sync)| {
        let sums = values.par_chunks(TASK).map(|values| values.iter().map(|value| term(wide(*value))).sum::<f64>());
        sums.collect::<Vec<f64>>().into_iter().sum::<f64>() / values.len().max(1) as f64
    };
    let mean = mean_of(&|value| value);
    Spread { mean, deviation: mean_of(&|value| (value - mean) * (value - mean)).sqrt().max(LEAST_DEVIATION) }
}

impl Layer for Tone {
    fn name(&self) -> &'static str {
        "tone"
    }

    fn output_shape(&self, input_shape: &[usize]) -> candle_core::Result<Vec<usize>> {
        match input_shape {
            [1, 3, _, _] => Ok(input_shape.to_vec()),
            _ => Err(candle_core::Error::Msg(format!("tone takes [1, 3, height, width], not {input_shape:?}"))),
        }
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        true
    }

    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        self.picture(input, output);
    }

    fn backward(&self, _: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        self.gradient(input, output_gradient, input_gradient);
    }

    on_gpu!(|layer, on| {
        let (number, deviates) = match layer.contrast {
            Contrast::Fixed(factor) => (factor, false),
            Contrast::Deviation(wanted) => (wanted, true),
        };
        ToneOnDevice::new(layer.matrix, number, deviates, on)?
    });
}

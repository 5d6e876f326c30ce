//! The layers written plainly, in f64: what the fast ones are compared with.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use text2art::frozen::{Activation, Border, Padding, View, Window};

/// Height and width.
pub type Size = (usize, usize);

/// `[inputs, height, width]` by `[outputs, inputs, side, side]`, one result at a time.
pub fn convolution(input: &[f64], (height, width): Size, kernels: &Kernels) -> Vec<f64> {
    let (rows, columns) = kernels.output_size((height, width));
    (0..kernels.outputs * rows * columns)
        .map(|index| {
            let (output, y, x) = (index / (rows * columns), index / columns % rows, index % columns);
            convolved(input, (height, width), kernels, output, (y, x))
        })
        .collect()
}

/// Kernels of a convolution, `[outputs, inputs, side, side]`, and their bias.
pub struct Kernels {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
    pub inputs: usize,
    pub outputs: usize,
    pub window: Window,
}

impl Kernels {
    pub fn output_size(&self, (height, width): Size) -> Size {
        let Window { side, stride, padding: Padding { top, bottom, left, right } } = self.window;
        ((height + top + bottom - side) / stride + 1, (width + left + right - side) / stride + 1)
    }
}

/// One result of a convolution.
pub fn convolved(input: &[f64], (height, width): Size, kernels: &Kernels, output: usize, (y, x): Size) -> f64 {
    let Window { side, stride, padding } = kernels.window;
    let mut sum = f64::from(kernels.bias[output]);
    for channel in 0..kernels.inputs {
        for tap in 0..side * side {
            let (row, column) = (y * stride + tap / side, x * stride + tap % side);
            let (Some(row), Some(column)) = (row.checked_sub(padding.top), column.checked_sub(padding.left)) else {
                continue;
            };
            if row < height && column < width {
                let weight = kernels.weight[(output * kernels.inputs + channel) * side * side + tap];
                sum += f64::from(weight) * input[(channel * height + row) * width + column];
            }
        }
    }
    sum
}

/// The gradient of one input of a convolution of stride 1, given that of its results.
pub fn convolved_back(gradient: &[f64], size: Size, kernels: &Kernels, input: usize, (row, column): Size) -> f64 {
    let Window { side, padding, .. } = kernels.window;
    let (rows, columns) = kernels.output_size(size);
    let mut sum = 0.0;
    for output in 0..kernels.outputs {
        for tap in 0..side * side {
            let (y, x) = ((row + padding.top).checked_sub(tap / side), (column + padding.left).checked_sub(tap % side));
            if let (Some(y), Some(x)) = (y, x)
                && y < rows
                && x < columns
            {
                let weight = kernels.weight[(output * kernels.inputs + input) * side * side + tap];
                sum += f64::from(weight) * gradient[(output * rows + y) * columns + x];
            }
        }
    }
    sum
}

/// A plane of pixels sampled at points −1..1, each with four weighted neighbours.
pub fn sampled(plane: &[f64], (height, width): Size, view: &View, (rows, columns): Size) -> Vec<f64> {
    let centre = |index: usize, length: usize| (2 * index + 1) as f64 / length as f64 - 1.0;
    let sample = |index: usize| {
        let (x, y) = view.matrix.map(centre(index % columns, columns), centre(index / columns, rows));
        let place = |coordinate: f64, length: usize| {
            let position = ((coordinate + 1.0) * length as f64 - 1.0) / 2.0;
            match view.border {
                Border::Fill(_) => position,
                Border::Edge => position.clamp(0.0, length as f64 - 1.0),
                Border::Reflection => {
                    let folded = (position + 0.5).rem_euclid(2.0 * length as f64);
                    (folded.min(2.0 * length as f64 - folded) - 0.5).clamp(0.0, length as f64 - 1.0)
                }
            }
        };
        let (column, row) = (place(x, width), place(y, height));
        let neighbours = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)].map(|(down, right)| {
            let (y, x) = (row.floor() + down, column.floor() + right);
            let weight = (1.0 - (row - y).abs()) * (1.0 - (column - x).abs());
            let inside = (0.0..height as f64).contains(&y) && (0.0..width as f64).contains(&x);
            let outside = if let Border::Fill(value) = view.border { f64::from(value) } else { 0.0 };
            weight * if inside { plane[y as usize * width + x as usize] } else { outside }
        });
        neighbours.iter().sum()
    };
    (0..rows * columns).map(sample).collect()
}

/// Each pixel of `[channels, height, width]` four times.
pub fn doubled(input: &[f64], (height, width): Size) -> Vec<f64> {
    let rows = input.chunks(width).flat_map(|row| [row, row]);
    let doubled: Vec<f64> = rows.flat_map(|row| row.iter().flat_map(|x| [*x, *x])).collect();
    assert_eq!(doubled.len() % (4 * height * width), 0);
    doubled
}

/// W x + b of each row.
pub fn linear(input: &[f64], weight: &[f32], bias: &[f32]) -> Vec<f64> {
    let inputs = weight.len() / bias.len();
    let row = |x: &[f64]| -> Vec<f64> {
        let product = |w: &[f32]| w.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>();
        weight.chunks(inputs).zip(bias).map(|(w, b)| product(w) + f64::from(*b)).collect()
    };
    input.chunks(inputs).flat_map(row).collect()
}

/// Mean 0 and variance 1.
fn normalised(values: &[f64], epsilon: f64) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
    values.iter().map(|x| (x - mean) / (variance + epsilon).sqrt()).collect()
}

/// Each row normalised, scaled and shifted.
pub fn layer_norm(input: &[f64], scale: &[f32], shift: &[f32], epsilon: f64) -> Vec<f64> {
    let affine = |(index, x): (usize, f64)| x * f64::from(scale[index]) + f64::from(shift[index]);
    input.chunks(scale.len()).flat_map(|row| normalised(row, epsilon).into_iter().enumerate().map(affine)).collect()
}

/// Each group of channels of `[channels, area]` normalised, scaled and shifted, SiLU behind it.
pub fn group_norm_silu(input: &[f64], scale: &[f32], shift: &[f32], groups: usize, epsilon: f64) -> Vec<f64> {
    let (channels, size) = (scale.len(), input.len() / groups);
    let area = input.len() / channels;
    let values = input.chunks(size).flat_map(|group| normalised(group, epsilon)).enumerate();
    let affine = |(index, x): (usize, f64)| x * f64::from(scale[index / area]) + f64::from(shift[index / area]);
    values.map(affine).map(|x| x / (1.0 + (-x).exp())).collect()
}

/// Attention of packed `[tokens, 3·width]`, queries, keys and values side by side.
pub fn attention(packed: &[f64], tokens: usize, heads: usize, causal: bool) -> Vec<f64> {
    let width = packed.len() / tokens / 3;
    let head_width = width / heads;
    let part = |part: usize, token: usize, channel: usize| packed[token * 3 * width + part * width + channel];
    let mut output = vec![0.0; tokens * width];
    for (index, value) in output.iter_mut().enumerate() {
        let (token, channel) = (index / width, index % width);
        let first = channel / head_width * head_width;
        let seen = if causal { token + 1 } else { tokens };
        let score = |other: usize| {
            let product = (first..first + head_width).map(|c| part(0, token, c) * part(1, other, c)).sum::<f64>();
            (product / (head_width as f64).sqrt()).exp()
        };
        let total: f64 = (0..seen).map(score).sum();
        *value = (0..seen).map(|other| score(other) / total * part(2, other, channel)).sum();
    }
    output
}

/// The activation of one number.
pub fn activation(kind: Activation, x: f64) -> f64 {
    match kind {
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::QuickGelu => x / (1.0 + (-1.702 * x).exp()),
        Activation::Gelu => x * normal_distribution(x),
        Activation::Relu => x.max(0.0),
    }
}

/// Φ(x) by its series, as far as f64 tells (Abramowitz and Stegun, 26.2.10).
fn normal_distribution(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    for index in 1..200 {
        term *= -x * x / f64::from(2 * index);
        sum += term / f64::from(2 * index + 1);
    }
    0.5 + sum / (2.0 * std::f64::consts::PI).sqrt()
}

//! The layers written plainly, in f64: references for the fast ones.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use text2art::frozen::{Activation, Border, Clamp, Padding, Touch, View, Window};

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

/// A plane of pixels sampled at points −1..1, each from four weighted neighbors.
pub fn sampled(plane: &[f64], (height, width): Size, view: &View, (rows, columns): Size) -> Vec<f64> {
    let center = |index: usize, length: usize| (2 * index + 1) as f64 / length as f64 - 1.0;
    let sample = |index: usize| {
        let (x, y) = view.matrix.map(center(index % columns, columns), center(index / columns, rows));
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
        let neighbors = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)].map(|(down, right)| {
            let (y, x) = (row.floor() + down, column.floor() + right);
            let weight = (1.0 - (row - y).abs()) * (1.0 - (column - x).abs());
            let inside = (0.0..height as f64).contains(&y) && (0.0..width as f64).contains(&x);
            let outside = if let Border::Fill(value) = view.border { f64::from(value) } else { 0.0 };
            weight * if inside { plane[y as usize * width + x as usize] } else { outside }
        });
        neighbors.iter().sum()
    };
    (0..rows * columns).map(sample).collect()
}

/// Like [`sampled`], with each pixel the mean of k x k samples.
pub fn sampled_by_area(plane: &[f64], size: Size, view: &View, (rows, columns): Size) -> Vec<f64> {
    // The span of a middle pixel in the source, by differences.
    let span = |x: f64, y: f64| {
        let step = 1e-4;
        let (ahead, back) = (view.matrix.map(step * x, step * y), view.matrix.map(-step * x, -step * y));
        let along = |difference: f64, length: usize| difference / (2.0 * step) * length as f64 / 2.0;
        along(ahead.0 - back.0, size.1).hypot(along(ahead.1 - back.1, size.0))
    };
    let widest = span(2.0 / columns as f64, 0.0).max(span(0.0, 2.0 / rows as f64));
    let side = (widest.ceil() as usize).clamp(1, 8);
    let fine = (side * rows, side * columns);
    pooled(&sampled(plane, size, view, fine), fine, side)
}

/// Each pixel of `[channels, height, width]` repeated as a square of four.
pub fn doubled(input: &[f64], (height, width): Size) -> Vec<f64> {
    let rows = input.chunks(width).flat_map(|row| [row, row]);
    let doubled: Vec<f64> = rows.flat_map(|row| row.iter().flat_map(|x| [*x, *x])).collect();
    assert_eq!(doubled.len() % (4 * height * width), 0);
    doubled
}

/// Planes `[planes · side², height, width]` as squares `[planes, side · height, side · width]`.
pub fn shuffled(input: &[f64], (height, width): Size, side: usize) -> Vec<f64> {
    let (rows, columns) = (side * height, side * width);
    let planes = input.len() / (rows * columns);
    let places = (0..planes).flat_map(|plane| (0..rows).map(move |row| (plane, row)));
    let places = places.flat_map(|(plane, row)| (0..columns).map(move |column| (plane, row, column)));
    let from = |(plane, row, column): (usize, usize, usize)| {
        let channel = plane * side * side + row % side * side + column % side;
        input[(channel * height + row / side) * width + column / side]
    };
    places.map(from).collect()
}

/// The mean of each `side` x `side` square of a plane; any rest is dropped.
pub fn pooled(plane: &[f64], (height, width): Size, side: usize) -> Vec<f64> {
    let (rows, columns) = (height / side, width / side);
    let mean = |index: usize| {
        let (top, left) = (index / columns * side, index % columns * side);
        let square = (0..side * side).map(|tap| plane[(top + tap / side) * width + left + tap % side]);
        square.sum::<f64>() / (side * side) as f64
    };
    (0..rows * columns).map(mean).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn maximum(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// The means of the channels of `[channels, area]`, then their maxima.
pub fn mean_and_maximum(input: &[f64], area: usize) -> Vec<f64> {
    input.chunks(area).map(mean).chain(input.chunks(area).map(maximum)).collect()
}

/// The gradient of the input of [`mean_and_maximum`]; the first of equal maxima has it.
pub fn mean_and_maximum_back(input: &[f64], gradient: &[f64], area: usize) -> Vec<f64> {
    let (of_means, of_maxima) = gradient.split_at(gradient.len() / 2);
    let mut result = Vec::new();
    for ((channel, of_mean), of_maximum) in input.chunks(area).zip(of_means).zip(of_maxima) {
        let largest = (0..area).fold(0, |best, index| if channel[index] > channel[best] { index } else { best });
        let at = |index| of_mean / area as f64 + if index == largest { *of_maximum } else { 0.0 };
        result.extend((0..area).map(at));
    }
    result
}

/// `[channels, height, width]` cut into squares `[squares, channels, side, side]`.
pub fn patches(input: &[f64], (height, width): Size, side: usize) -> Vec<f64> {
    let (channels, area) = (input.len() / (height * width), side * side);
    let pixel = |index: usize| {
        let (square, channel, tap) = (index / area / channels, index / area % channels, index % area);
        let row = square / (width / side) * side + tap / side;
        let column = square % (width / side) * side + tap % side;
        input[(channel * height + row) * width + column]
    };
    (0..input.len()).map(pixel).collect()
}

/// A token put before the others, with the positions added.
pub fn class_token(tokens: &[f64], class: &[f32], positions: &[f32]) -> Vec<f64> {
    let tokens = class.iter().map(|x| f64::from(*x)).chain(tokens.iter().copied());
    tokens.zip(positions).map(|(x, position)| x + f64::from(*position)).collect()
}

/// The pixels of `[channels, area]` as tokens, with their mean put before them and the positions added.
pub fn mean_token(input: &[f64], area: usize, positions: &[f32]) -> Vec<f64> {
    let tokens = input.chunks(area).map(mean).chain(transposed(input, area));
    tokens.zip(positions).map(|(x, position)| x + f64::from(*position)).collect()
}

/// `[rows, columns]` to `[columns, rows]`.
pub fn transposed(values: &[f64], columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns).copied()).collect()
}

/// Each channel of `[channels, area]` scaled and shifted.
pub fn channel_affine(input: &[f64], scale: &[f32], shift: &[f32]) -> Vec<f64> {
    let area = input.len() / scale.len();
    let affine = |(index, x): (usize, &f64)| x * f64::from(scale[index / area]) + f64::from(shift[index / area]);
    input.iter().enumerate().map(affine).collect()
}

/// The gradient of a clamped number. Outside the range it counts only if a step against it leads back.
pub fn clamped_back(clamp: Clamp, x: f64, gradient: f64) -> f64 {
    let above = x > f64::from(clamp.maximum) && gradient < 0.0;
    let below = x < f64::from(clamp.minimum) && gradient > 0.0;
    if above || below { 0.0 } else { gradient }
}

/// `[3, height, width]` with its colors transformed, noise added and a rectangle painted over.
pub fn retouched(input: &[f64], width: usize, touch: &Touch) -> Vec<f64> {
    let area = input.len() / 3;
    let value = |index: usize| {
        let (channel, row, column) = (index / area, index % area / width, index % width);
        if let Some(erased) = touch.erased
            && (erased.top..erased.top + erased.height).contains(&row)
            && (erased.left..erased.left + erased.width).contains(&column)
        {
            return f64::from(touch.fill);
        }
        let color = |from: usize| f64::from(touch.colours[3 * channel + from]) * input[from * area + index % area];
        let turned: f64 = (0..3).map(color).sum();
        turned + f64::from(touch.noise) * retouching_noise(touch.noise_seed, index as u64)
    };
    (0..input.len()).map(value).collect()
}

/// The sum of four uniform 16-bit numbers, taken from a splitmix64 generator's output at `index` (Steele et al., 2014),
/// minus its mean and divided by its deviation.
fn retouching_noise(seed: u64, index: u64) -> f64 {
    let state = seed.wrapping_add((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let first = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let second = (first ^ (first >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let hash = second ^ (second >> 31);
    let uniform = |part: u64| (hash >> (16 * part) & 0xFFFF) as f64 / 65535.0 - 0.5;
    (0..4).map(uniform).sum::<f64>() / (4.0_f64 / 12.0).sqrt()
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

/// Values shifted and scaled to mean 0 and variance 1.
fn normalized(values: &[f64], epsilon: f64) -> Vec<f64> {
    let mean = mean(values);
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
    values.iter().map(|x| (x - mean) / (variance + epsilon).sqrt()).collect()
}

/// Each row normalized, scaled and shifted.
pub fn layer_norm(input: &[f64], scale: &[f32], shift: &[f32], epsilon: f64) -> Vec<f64> {
    let affine = |(index, x): (usize, f64)| x * f64::from(scale[index]) + f64::from(shift[index]);
    input.chunks(scale.len()).flat_map(|row| normalized(row, epsilon).into_iter().enumerate().map(affine)).collect()
}

/// Each group of channels of `[channels, area]` normalized, scaled and shifted.
pub fn group_norm(input: &[f64], scale: &[f32], shift: &[f32], groups: usize, epsilon: f64) -> Vec<f64> {
    let values = input.chunks(input.len() / groups).flat_map(|group| normalized(group, epsilon));
    channel_affine(&values.collect::<Vec<f64>>(), scale, shift)
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

/// Φ(x) by its series, as exactly as f64 allows (Abramowitz and Stegun, 26.2.10).
fn normal_distribution(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    for index in 1..200 {
        term *= -x * x / f64::from(2 * index);
        sum += term / f64::from(2 * index + 1);
    }
    0.5 + sum / (2.0 * std::f64::consts::PI).sqrt()
}

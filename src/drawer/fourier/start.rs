//! The spectrum that a picture starts with.

use std::f64::consts::TAU;

use super::colors::{Matrix, inverse};
use super::waves::Waves;
use crate::random::Stream;

/// The standard deviation of a random spectrum, and so of its waves: the default of aphantasia's `clip_fft.py`.
pub(super) const DEVIATION: f64 = 0.07;
/// Colors are limited to this share from black and white: those themselves are infinitely far away.
pub(super) const LIMITS: (f32, f32) = (0.01, 0.99);

/// A random spectrum of `count` numbers.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn random(count: usize, stream: &mut Stream) -> Vec<f32> {
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        // Box and Muller, 1958; 1 - x is never 0.
        let radius = DEVIATION * (-2.0 * (1.0 - stream.unit()).ln()).sqrt();
        let (sine, cosine) = (TAU * stream.unit()).sin_cos();
        values.extend([(radius * cosine) as f32, (radius * sine) as f32]);
    }
    values.truncate(count);
    values
}

/// The spectrum of a picture `[3, height, width]` with values within [`LIMITS`], which is drawn again with this matrix and
/// factor: the inverse of each step, the sigmoid's first.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn of_picture(
    mut picture: Vec<f32>,
    waves: &Waves<f32>,
    matrix: &Matrix,
    factor: f64,
    count: usize,
) -> Vec<f32> {
    let back = inverse(matrix).map(|row| row.map(|value| value / factor));
    let area = picture.len() / 3;
    let (reds, others) = picture.split_at_mut(area);
    let (greens, blues) = others.split_at_mut(area);
    for ((red, green), blue) in reds.iter_mut().zip(greens).zip(blues) {
        let logits = [*red, *green, *blue].map(|value| (f64::from(value) / (1.0 - f64::from(value))).ln());
        let channel = |row: [f64; 3]| (row[0] * logits[0] + row[1] * logits[1] + row[2] * logits[2]) as f32;
        [*red, *green, *blue] = back.map(channel);
    }
    let mut spectrum = vec![0.0; count];
    waves.spectrum(&picture, &mut spectrum);
    spectrum
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_have_the_deviation() {
        let values = random(20_001, &mut Stream::new(1, "test", 0));
        let of = |term: fn(f64) -> f64| {
            values.iter().map(|value| term(f64::from(*value) / DEVIATION)).sum::<f64>() / values.len() as f64
        };
        // Moments of the normal distribution: 0, 1 and 3, within four times their deviations.
        assert!(of(|x| x).abs() < 0.03 && (of(|x| x * x) - 1.0).abs() < 0.04 && (of(|x| x.powi(4)) - 3.0).abs() < 0.3);
    }
}

//! Gram matrices of features: which channels are strong in the same places, regardless of where the places are (Gatys
//! et al., "Image Style Transfer Using Convolutional Neural Networks", 2016).

use rayon::prelude::*;

use crate::frozen::{Matrix, MatrixMut, Products, multiply};

/// For each pair of channels of features, the mean of their product over all places.
pub(super) struct Gram {
    /// `[channels, channels]`
    values: Vec<f32>,
    channels: usize,
    /// The sum of the squares of all values
    square: f64,
}

impl Gram {
    /// The Gram matrix of features `[channels, places]`.
    pub fn of(features: &[f32], channels: usize) -> Self {
        let places = features.len() / channels.max(1);
        let mut values = vec![0.0; channels * channels];
        let features = Matrix::dense(features, channels, places);
        multiply(
            &mut MatrixMut::dense(&mut values, channels, channels),
            features,
            features.transposed(),
            Products { accumulate: false, parallel: true, scale: one_over(places) },
        );
        let square = sum(channels, |at| f64::from(values[at]).powi(2));
        Self { values, channels, square }
    }

    /// How far the Gram matrix G of other features `[channels, places]` is from this one, S: the square of the distance
    /// relative to the squares of both, |G − S|² / (|G|² + |S|²). This is 0 if they are the same, and 1 if they have nothing
    /// in common, whatever the network. Also returns the slopes with respect to the features. Both are times `factor`.
    ///
    /// The slope with respect to G is M = 2 ((1 − d) G − S) / (|G|² + |S|²), where d is the distance, and that with respect to
    /// the features F is 2 M F / places.
    #[allow(clippy::cast_possible_truncation)]
    pub fn distance(&self, features: &[f32], factor: f64) -> (f64, Vec<f32>) {
        let (channels, mut found) = (self.channels, Self::of(features, self.channels));
        let both = found.square + self.square;
        let mut slopes = vec![0.0; features.len()];
        if both <= f64::MIN_POSITIVE {
            return (0.0, slopes);
        }
        let apart = |at: usize| f64::from(found.values[at]) - f64::from(self.values[at]);
        let distance = sum(channels, |at| apart(at).powi(2)) / both;
        let scale = 2.0 * factor / both;
        let of_gram = |(found, wanted): (&mut f32, &f32)| {
            *found = (scale * ((1.0 - distance) * f64::from(*found) - f64::from(*wanted))) as f32;
        };
        found.values.par_iter_mut().zip(&self.values).for_each(of_gram);
        let places = features.len() / channels.max(1);
        multiply(
            &mut MatrixMut::dense(&mut slopes, channels, places),
            Matrix::dense(&found.values, channels, channels),
            Matrix::dense(features, channels, places),
            Products { accumulate: false, parallel: true, scale: 2.0 * one_over(places) },
        );
        (factor * distance, slopes)
    }
}

#[allow(clippy::cast_precision_loss)]
fn one_over(places: usize) -> f32 {
    1.0 / places.max(1) as f32
}

/// The sum over all values of a square matrix, always in the same order.
fn sum(channels: usize, of: impl Fn(usize) -> f64 + Sync) -> f64 {
    let row = |row: usize| (row * channels..(row + 1) * channels).map(&of).sum::<f64>();
    // Gathered in order before they are summed.
    let rows: Vec<f64> = (0..channels).into_par_iter().map(row).collect();
    rows.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[allow(clippy::cast_possible_truncation)]
    fn random(seed: u64, count: usize) -> Vec<f32> {
        let mut stream = Stream::new(seed, "test", 0);
        (0..count).map(|_| stream.between(-0.5, 1.0) as f32).collect()
    }

    /// The distance by its formula, in double precision.
    #[allow(clippy::cast_precision_loss)]
    fn by_hand(one: &[f64], other: &[f64], channels: usize) -> f64 {
        let gram = |features: &[f64]| -> Vec<f64> {
            let places = features.len() / channels;
            let of = |a: usize, b: usize| {
                let products = (0..places).map(|at| features[a * places + at] * features[b * places + at]);
                products.sum::<f64>() / places as f64
            };
            (0..channels * channels).map(|at| of(at / channels, at % channels)).collect()
        };
        let (one, other) = (gram(one), gram(other));
        let square = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
        let apart: Vec<f64> = one.iter().zip(&other).map(|(one, other)| one - other).collect();
        square(&apart) / (square(&one) + square(&other))
    }

    fn widened(values: &[f32]) -> Vec<f64> {
        values.iter().map(|value| f64::from(*value)).collect()
    }

    #[test]
    fn distances_are_as_by_hand_and_slopes_those_of_them() {
        // The pictures need not have the same number of places.
        let (channels, wanted, features) = (5, random(1, 5 * 12), random(2, 5 * 7));
        let gram = Gram::of(&wanted, channels);
        let (distance, slopes) = gram.distance(&features, 3.0);
        let (wanted, features) = (widened(&wanted), widened(&features));
        let expected = 3.0 * by_hand(&features, &wanted, channels);
        assert!((distance - expected).abs() < 1e-6, "{distance}, {expected}");
        for (index, slope) in slopes.iter().enumerate() {
            let at = |change: f64| {
                let mut moved = features.clone();
                moved[index] += change;
                3.0 * by_hand(&moved, &wanted, channels)
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((difference - f64::from(*slope)).abs() < 1e-5, "{index}: {difference}, {slope}");
        }
        assert!(slopes.iter().any(|slope| slope.abs() > 1e-2));
    }

    #[test]
    fn distances_end_at_zero_and_one() {
        let features = random(3, 4 * 9);
        let (distance, slopes) = Gram::of(&features, 4).distance(&features, 1.0);
        assert!(distance == 0.0 && slopes.iter().all(|slope| slope.abs() < 1e-6), "{distance}");
        // Other channels are strong.
        let (distance, _) = Gram::of(&[1.0, 2.0, 0.0, 0.0], 2).distance(&[0.0, 0.0, 3.0, 1.0], 1.0);
        assert!((distance - 1.0).abs() < 1e-12, "{distance}");
        // Nothing is like nothing.
        assert_eq!(Gram::of(&[0.0; 6], 2).distance(&[0.0; 4], 1.0), (0.0, vec![0.0; 4]));
    }
}

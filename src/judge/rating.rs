//! The loss `aesthetic`: how far the cutouts are from the best rating, according to an aesthetic head of the CLIP that judges.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};

use super::Cutout;
use crate::clip::AestheticHead;
use crate::frozen::{Layer, Network};

/// The target rating, and the factor of the squared difference from it (pixray, `aesthetic`).
const BEST: f64 = 10.0;
const FACTOR: f64 = 0.02;

/// A head that rates what a perceptor sees.
pub(super) struct Rating {
    /// The head for the features of the perceptor
    pub head: Arc<AestheticHead>,
    /// How much the loss counts
    pub weight: f64,
}

/// Which cutouts of an iteration are rated: the wides, since the rating of a part says little about the picture, or all
/// cutouts if there are no wides.
#[derive(Clone, Copy)]
pub(super) struct Rated {
    wides: usize,
    all: usize,
}

impl Rated {
    /// Counts the cutouts of an iteration.
    pub fn of(cutouts: &[Cutout]) -> Self {
        Self { wides: cutouts.iter().filter(|cutout| !cutout.zoom).count(), all: cutouts.len() }
    }

    /// How much the rating of a cutout counts in a mean over all cutouts, so that the result is the mean over the rated cutouts.
    #[allow(clippy::cast_precision_loss)]
    fn share(self, cutout: &Cutout) -> f64 {
        match (self.wides, cutout.zoom) {
            (0, _) => 1.0,
            (_, true) => 0.0,
            (wides, false) => self.all as f64 / wides as f64,
        }
    }
}

impl Rating {
    /// For each cutout, 0.02 (a · f + b − 10)² times its share, where f is its feature at unit length, and a and b come from
    /// the head: features `[batch, features]` to `[batch, 1]`. Computes on the host; the gradient of the features is
    /// recorded.
    ///
    /// # Errors
    /// If the features are not those that the head rates.
    pub fn losses(&self, features: &Tensor, cutouts: &[Cutout], rated: Rated) -> Result<Tensor> {
        let shares = cutouts.iter().map(|cutout| rated.share(cutout)).collect();
        let layer = Missing { head: self.head.clone(), shares };
        // There are few numbers, and the shares change in each iteration, so a twin for GPUs would not pay off.
        Network::of(layer).forward(&features.to_device(&Device::Cpu)?)?.to_device(features.device())
    }
}

/// From features to the squared differences from the best rating, times a factor and a share for each row.
struct Missing {
    head: Arc<AestheticHead>,
    shares: Vec<f64>,
}

/// The length of a feature, and its rating. A feature of zeros has no direction, and gets the bias.
fn rate(head: &AestheticHead, feature: &[f32]) -> (f64, f64) {
    let dot = |other: &[f32]| feature.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let length = dot(feature).sqrt();
    let along = if length > 0.0 { dot(head.weight()) / length } else { 0.0 };
    (length, along + f64::from(head.bias()))
}

impl Layer for Missing {
    fn name(&self) -> &'static str {
        "rating"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, length] if length == self.head.weight().len() && batch == self.shares.len() => Ok(vec![batch, 1]),
            _ => Err(candle_core::Error::Msg(format!(
                "{} features of length {} expected, not {input_shape:?}",
                self.shares.len(),
                self.head.weight().len()
            ))),
        }
    }

    #[allow(clippy::cast_possible_truncation)]
    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        let features = input.chunks(self.head.weight().len());
        for ((feature, share), loss) in features.zip(&self.shares).zip(output) {
            let (_, rating) = rate(&self.head, feature);
            *loss = (share * FACTOR * (rating - BEST).powi(2)) as f32;
        }
    }

    fn needs_input(&self) -> bool {
        true
    }

    /// ∂(a · f / ‖f‖)/∂f = (a − (a · u) u) / ‖f‖ with u = f / ‖f‖.
    #[allow(clippy::cast_possible_truncation)]
    fn backward(&self, _: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let weight = self.head.weight();
        let rows = input.chunks(weight.len()).zip(input_gradient.chunks_mut(weight.len()));
        for (((feature, slopes), share), gradient) in rows.zip(&self.shares).zip(output_gradient) {
            let (length, rating) = rate(&self.head, feature);
            if length == 0.0 {
                slopes.fill(0.0);
                continue;
            }
            let along = rating - f64::from(self.head.bias());
            let factor = f64::from(*gradient) * share * 2.0 * FACTOR * (rating - BEST) / length;
            for ((slope, a), f) in slopes.iter_mut().zip(weight).zip(feature) {
                *slope = (factor * (f64::from(*a) - along * f64::from(*f) / length)) as f32;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)]
mod tests {
    use candle_core::Var;

    use super::*;
    use crate::judge::{Cutouts, Framing, Reach};
    use crate::random::Stream;

    fn random(seed: u64, count: usize) -> Vec<f32> {
        let mut stream = Stream::new(seed, "test", 0);
        (0..count).map(|_| stream.between(-1.0, 1.0) as f32).collect()
    }

    /// Cutouts of which this share are zooms.
    fn cutouts(count: usize, zooms: f64) -> Vec<Cutout> {
        let cutouts = Cutouts {
            reach: Reach::All,
            count,
            augmentations: "crop".parse().unwrap(),
            zooms,
            noise: 0.0,
            seed: 1,
            framing: Framing::default(),
        };
        cutouts.draw(0, 32, 32)
    }

    fn rating() -> Rating {
        Rating { head: Arc::new(AestheticHead::new(random(1, 6), 0.25)), weight: 1.0 }
    }

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn the_mean_is_over_wides() {
        let (rating, features) = (rating(), random(2, 5 * 6));
        let tensor = Tensor::from_slice(&features, (5, 6), &Device::Cpu).unwrap();
        // The formula in other words: the feature is made a unit vector first.
        let by_hand = |row: usize| {
            let feature: Vec<f64> = features[row * 6..][..6].iter().map(|value| f64::from(*value)).collect();
            let length = feature.iter().map(|value| value * value).sum::<f64>().sqrt();
            let weighted = feature.iter().zip(rating.head.weight()).map(|(f, a)| f / length * f64::from(*a));
            0.02 * (weighted.sum::<f64>() + 0.25 - 10.0).powi(2)
        };
        for (zooms, some_wides) in [(0.6, true), (0.0, true), (1.0, false)] {
            let cutouts = cutouts(5, zooms);
            let rows: Vec<usize> = (0..5).filter(|row| !some_wides || !cutouts[*row].zoom).collect();
            let losses = numbers(&rating.losses(&tensor, &cutouts, Rated::of(&cutouts)).unwrap());
            let mean = losses.iter().map(|loss| f64::from(*loss)).sum::<f64>() / 5.0;
            #[allow(clippy::cast_precision_loss)]
            let expected = rows.iter().map(|row| by_hand(*row)).sum::<f64>() / rows.len() as f64;
            assert!((mean - expected).abs() < 1e-5, "{zooms}: {mean}, {expected}");
            assert_eq!(losses.iter().filter(|loss| **loss != 0.0).count(), rows.len(), "{zooms}");
        }
        let fewer = tensor.narrow(0, 0, 4).unwrap();
        let cutouts = cutouts(5, 0.5);
        assert!(rating.losses(&fewer, &cutouts, Rated::of(&cutouts)).is_err());
    }

    #[test]
    fn gradients_are_those_of_the_loss() {
        let (rating, values, cutouts) = (rating(), random(3, 3 * 6), cutouts(3, 0.3));
        let rated = Rated::of(&cutouts);
        let losses = |values: &[f32]| {
            let features = Var::from_slice(values, (3, 6), &Device::Cpu).unwrap();
            let losses = rating.losses(&features, &cutouts, rated).unwrap();
            (features, losses)
        };
        let (features, all) = losses(&values);
        let slopes = [0.5_f32, -1.0, 2.0];
        let slopes_of_rows = Tensor::new(&slopes, &Device::Cpu).unwrap().reshape((3, 1)).unwrap();
        let gradients = (all * slopes_of_rows).unwrap().sum_all().unwrap().backward().unwrap();
        let gradient = numbers(gradients.get(&features).unwrap());
        // The formula in double precision, whose differences are exact enough.
        let head: Vec<f64> = rating.head.weight().iter().map(|value| f64::from(*value)).collect();
        let exact = |values: &[f64]| -> f64 {
            let row = |(row, slope): (usize, &f32)| {
                let feature = &values[row * 6..][..6];
                let length = feature.iter().map(|value| value * value).sum::<f64>().sqrt();
                let along = feature.iter().zip(&head).map(|(f, a)| f * a).sum::<f64>() / length;
                f64::from(*slope) * rated.share(&cutouts[row]) * 0.02 * (along + 0.25 - 10.0).powi(2)
            };
            slopes.iter().enumerate().map(row).sum()
        };
        let wide: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
        for (index, slope) in gradient.iter().enumerate() {
            let at = |change: f64| {
                let mut moved = wide.clone();
                moved[index] += change;
                exact(&moved)
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((difference - f64::from(*slope)).abs() < 1e-5, "{index}: {difference}, {slope}");
        }
        assert!(gradient.iter().any(|slope| slope.abs() > 1e-3));
        // A feature without a direction is not moved, and breaks nothing.
        let (features, all) = losses(&[0.0; 18]);
        let gradients = all.sum_all().unwrap().backward().unwrap();
        assert!(numbers(gradients.get(&features).unwrap()).iter().all(|slope| *slope == 0.0));
    }
}

//! The loss that makes colors stronger.

use super::measure::Measure;
use super::visible::{Visible, share};

/// The colorfulness of a picture below zero: √(σ₁² + σ₂²) + 0.3 √(μ₁² + μ₂²) of the means μ and the deviations σ of
/// R − G and of (R + G) / 2 − B (Hasler and Süsstrunk, "Measuring colourfulness in natural images", 2003, section 7; the
/// loss of this name in pixray).
pub(super) struct Saturation;

/// How much the mean color counts beside the deviation.
const MEAN_SHARE: f64 = 0.3;

impl Measure for Saturation {
    const SCALE: f64 = 2.0;

    fn measure(&self, seen: &Visible, factor: f64) -> (f64, Vec<f32>) {
        let opponents = |pixel: usize| {
            let [red, green, blue] = [0, 1, 2].map(|channel| seen.value(channel, pixel));
            [red - green, red.midpoint(green) - blue]
        };
        let each = share(1.0, seen.area());
        let means = seen.sums(opponents).map(|sum| sum * each);
        let apart = |pixel: usize| {
            let [first, second] = opponents(pixel);
            [first - means[0], second - means[1]]
        };
        let [variance] = seen.sums(|pixel| [apart(pixel).iter().map(|apart| apart * apart).sum()]);
        let (deviation, mean) = ((variance * each).sqrt(), means[0].hypot(means[1]));
        // A gray picture has no direction toward color.
        let inverse = |length: f64| if length > 0.0 { 1.0 / length } else { 0.0 };
        let (of_deviation, of_mean) = (each * inverse(deviation), MEAN_SHARE * each * inverse(mean));
        let slopes = seen.slopes(|channel, pixel| {
            let apart = apart(pixel);
            let [first, second] = [0, 1].map(|axis| of_deviation * apart[axis] + of_mean * means[axis]);
            -factor * [first + second / 2.0, second / 2.0 - first, -second][channel]
        });
        (-factor * (deviation + MEAN_SHARE * mean), slopes)
    }
}

//! How well the picture fits its prompts, while it is drawn: measured now and then, and smoothed.

use serde::{Deserialize, Serialize};

use super::LoadedModel;
use super::targets::is_shown;
use crate::Result;
use crate::clip::{Clip, is_too_thin};
use crate::judge::{Fit, Perceptor};
use crate::settings::Settings;

/// The iterations from one measurement to the next.
const EVERY: usize = 10;
/// How far a measurement moves the smoothed fit, as a share of their difference.
const SHARE: f64 = 0.5;

/// The fit of a run so far. It follows from the pictures of the run alone, so a resumed run has the same.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitSoFar {
    /// The fit of the first picture that was measured
    pub first: f64,
    /// The fit lately: each measurement moves it half of the way
    pub lately: f64,
}

impl FitSoFar {
    /// Whether the picture of an iteration is to be measured. The picture that a run starts from always is.
    pub(super) fn is_due(so_far: Option<&Self>, iteration: usize) -> bool {
        so_far.is_none() || iteration.is_multiple_of(EVERY)
    }

    /// The fit after another measurement.
    pub(super) fn after(so_far: Option<Self>, measured: f64) -> Self {
        match so_far {
            Some(Self { first, lately }) => Self { first, lately: lately + SHARE * (measured - lately) },
            None => Self { first: measured, lately: measured },
        }
    }
}

/// What the picture is compared with by a CLIP whose perceptor, for either side of a mask, has these targets: the sentences,
/// labels and images with positive weights. What it is to steer away from, and random features, say nothing about what it is to
/// show. None if nothing is left, or if the picture is too thin to be compared.
pub(super) fn fit(settings: &Settings, clip: &LoadedModel<Clip>, perceptor: &Perceptor) -> Result<Option<Fit>> {
    let wanted = perceptor.targets().iter().filter(|target| is_shown(target) && target.weight > 0.0);
    let wanted: Vec<_> = wanted.map(|target| (target.feature.clone(), target.weight)).collect();
    if wanted.is_empty() || is_too_thin(settings.size.width, settings.size.height) {
        return Ok(None);
    }
    Fit::new(clip.model.clone(), &wanted).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_moves_the_fit_half_of_the_way() {
        let first = FitSoFar::after(None, 0.25);
        assert_eq!(first, FitSoFar { first: 0.25, lately: 0.25 });
        let second = FitSoFar::after(Some(first), 0.75);
        assert_eq!(second, FitSoFar { first: 0.25, lately: 0.5 });
        assert_eq!(FitSoFar::after(Some(second), 0.0), FitSoFar { first: 0.25, lately: 0.25 });
    }

    #[test]
    fn the_first_picture_and_every_tenth_are_measured() {
        let so_far = FitSoFar::after(None, 0.0);
        let due = |so_far, iterations: std::ops::Range<usize>| {
            iterations.filter(|iteration| FitSoFar::is_due(so_far, *iteration)).collect::<Vec<_>>()
        };
        assert_eq!(due(Some(&so_far), 0..31), [0, 10, 20, 30]);
        assert_eq!(due(None, 7..8), [7]);
    }
}

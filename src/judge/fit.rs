//! How well a whole picture fits what it is to show.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use image::RgbImage;

use super::distance::{cosine, distances_to};
use crate::Result;
use crate::clip::{Clip, preprocess};
use crate::frozen::Network;
use crate::settings::Prompt;

/// Compares whole pictures with features, by one CLIP: without cutouts, augmentations and noise.
pub struct Fit {
    clip: Arc<Clip>,
    /// From features to the distances to all targets
    distances: Network,
    /// How much each target counts in the mean
    weights: Vec<f64>,
}

impl Fit {
    /// Prepares to compare with these features, `[features]` each. Each has the weight that it has in a mean.
    ///
    /// # Errors
    /// If there is no target, or the features are of different lengths.
    pub fn new(clip: Arc<Clip>, targets: &[(Tensor, f64)]) -> Result<Self> {
        let features: Vec<&Tensor> = targets.iter().map(|(feature, _)| feature).collect();
        let distances = distances_to(&Tensor::stack(&features, 0)?)?;
        Ok(Self { clip, distances, weights: targets.iter().map(|(_, weight)| *weight).collect() })
    }

    /// Prepares to compare with the texts of prompts, by their weights.
    ///
    /// # Errors
    /// If there is no prompt, or a prompt cannot be tokenized.
    pub fn of_prompts(clip: Arc<Clip>, prompts: &[Prompt]) -> Result<Self> {
        let target = |prompt: &Prompt| Ok((clip.read(&prompt.text)?.feature, prompt.weight));
        let targets = prompts.iter().map(target).collect::<Result<Vec<_>>>()?;
        Self::new(clip, &targets)
    }

    /// The distance of a picture of any size to each target, computed on a device: half the square of the angle between
    /// their features.
    ///
    /// # Errors
    /// If the picture is too thin for the model ([`preprocess`]), or the computation fails.
    pub fn distances(&self, picture: &RgbImage, device: &Device) -> Result<Vec<f64>> {
        let seen = preprocess(picture, self.clip.side())?.to_device(device)?;
        let distances = self.distances.forward(&self.clip.image_features(&seen)?)?;
        Ok(distances.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f64::from).collect())
    }

    /// The mean of the cosines of a picture and the targets, −1 to 1. A target counts as much as its weight; the cosine
    /// of a target with a negative weight is subtracted.
    ///
    /// # Errors
    /// As for [`Fit::distances`].
    pub fn cosine(&self, picture: &RgbImage, device: &Device) -> Result<f64> {
        let all: f64 = self.weights.iter().map(|weight| weight.abs()).sum();
        let distances = self.distances(picture, device)?;
        Ok(self.weights.iter().zip(distances).map(|(weight, distance)| weight / all * cosine(distance)).sum())
    }
}

/// The mean of [`Fit::cosine`] over several models; none without a model.
///
/// # Errors
/// As for [`Fit::distances`].
pub fn mean_cosine(fits: &[Fit], picture: &RgbImage, device: &Device) -> Result<Option<f64>> {
    let cosines = fits.iter().map(|fit| fit.cosine(picture, device)).collect::<Result<Vec<_>>>()?;
    #[allow(clippy::cast_precision_loss)]
    let count = cosines.len() as f64;
    Ok((!cosines.is_empty()).then(|| cosines.iter().sum::<f64>() / count))
}

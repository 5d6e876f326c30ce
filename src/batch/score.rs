//! How well a picture fits its prompt.

use candle_core::Device;
use image::RgbImage;

use crate::Result;
use crate::clip::Clip;
use crate::judge::{Fit, mean_cosine};
use crate::session::LoadedModel;
use crate::settings::Prompts;

/// The mean cosine of the picture and the text of each prompt, over all models, from −1 to 1. Prompts are weighted by
/// their weights; the cosine of a prompt with a negative weight is subtracted.
///
/// # Errors
/// If the computation fails.
pub(super) fn score(picture: &RgbImage, prompts: &Prompts, judges: &[LoadedModel<Clip>]) -> Result<f64> {
    let fits = judges.iter().map(|judge| Fit::of_prompts(judge.model.clone(), prompts.all()));
    let fits = fits.collect::<Result<Vec<_>>>()?;
    Ok(mean_cosine(&fits, picture, &Device::Cpu)?.unwrap_or_default())
}

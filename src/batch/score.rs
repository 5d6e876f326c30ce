//! How well a picture fits its prompt.

use candle_core::Tensor;
use image::RgbImage;

use crate::Result;
use crate::clip::{Clip, preprocess};
use crate::judge::{cosine, distances};
use crate::session::LoadedModel;
use crate::settings::Prompts;

/// The mean cosine of the picture and the text of each prompt, over all models, from −1 to 1. Prompts are weighted by
/// their weights; the cosine of a prompt with a negative weight is subtracted.
///
/// # Errors
/// If the computation fails.
pub(super) fn score(picture: &RgbImage, prompts: &Prompts, judges: &[LoadedModel<Clip>]) -> Result<f64> {
    let weights: f64 = prompts.all().iter().map(|prompt| prompt.weight.abs()).sum();
    let mut sum = 0.0;
    for judge in judges {
        let features = judge.model.image_features(&preprocess(picture, judge.model.side())?)?;
        for prompt in prompts.all() {
            let target = Tensor::stack(&[judge.model.read(&prompt.text)?.feature], 0)?;
            let distance = distances(&features, &target)?.flatten_all()?.to_vec1::<f32>()?;
            let distance = f64::from(distance.first().copied().unwrap_or_default());
            sum += prompt.weight / weights * cosine(distance);
        }
    }
    #[allow(clippy::cast_precision_loss)]
    let judges = judges.len().max(1) as f64;
    Ok(sum / judges)
}

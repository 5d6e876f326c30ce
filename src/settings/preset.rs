//! What a model and a quality stand for.

use super::{Overrides, Size};
use crate::drawer::StartNoise;
use crate::models::embedded;
use crate::{Error, Result};

/// How much work to spend on a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// To see whether a prompt works
    Draft,
    /// The default
    Normal,
    /// Larger or longer
    Better,
    /// The most that still pays
    Best,
}

super::text::named_values!(Quality, "quality", {
    Draft => "draft",
    Normal => "normal",
    Better => "better",
    Best => "best",
});

/// The values a model and a quality stand for.
///
/// # Errors
/// Where the model is not known.
pub fn preset(model: &str, quality: Quality) -> Result<Overrides> {
    if model != embedded::NAME {
        return Err(Error::usage(
            format!("there is no model `{model}`"),
            format!("use `{}`, or name a VQGAN and a CLIP of your own with --vqgan and --clip", embedded::NAME),
        ));
    }
    // Side, iterations and cutouts, and the rest of them all, found by looking at its pictures: a grey
    // start leaves no texture that its small CLIP does not see, and strong noise makes larger shapes.
    let (side, iterations, cutouts) = match quality {
        Quality::Draft => (64, 50, 4),
        Quality::Normal => (128, 100, 8),
        Quality::Better => (128, 200, 12),
        Quality::Best => (192, 250, 16),
    };
    Ok(Overrides {
        vqgan: Some(embedded::NAME.into()),
        clip: Some(vec![embedded::NAME.into()]),
        size: Some(Size { width: side, height: side }),
        iterations: Some(iterations),
        cutouts: Some(cutouts),
        cut_noise: Some(0.3),
        init_noise: Some(StartNoise::None),
        learning_rate_drops: "75%".parse().ok(),
        ..Overrides::default()
    })
}

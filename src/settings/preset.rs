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

/// The values a model and a quality stand for; of no model, what suits the published ones.
///
/// # Errors
/// Where the model is not known.
pub fn preset(model: Option<&str>, quality: Quality) -> Result<Overrides> {
    match model {
        None => Ok(published(quality)),
        Some(embedded::NAME) => Ok(embedded_model(quality)),
        Some(model) => Err(Error::usage(
            format!("there is no model `{model}`{}", super::text::did_you_mean(model, [embedded::NAME])),
            format!("use `{}`, or name a VQGAN and a CLIP of your own with --vqgan and --clip", embedded::NAME),
        )),
    }
}

/// The amounts of work: side, iterations, cutouts.
fn work((side, iterations, cutouts): (usize, usize, usize)) -> Overrides {
    Overrides {
        size: Some(Size { width: side, height: side }),
        iterations: Some(iterations),
        cutouts: Some(cutouts),
        ..Overrides::default()
    }
}

fn published(quality: Quality) -> Overrides {
    work(match quality {
        Quality::Draft => (128, 100, 16),
        Quality::Normal => (256, 200, 32),
        Quality::Better => (256, 400, 48),
        Quality::Best => (384, 500, 64),
    })
}

/// Found by looking at the embedded model's pictures: a grey start leaves no texture that its small CLIP
/// does not see, and strong noise on the cutouts makes larger shapes.
fn embedded_model(quality: Quality) -> Overrides {
    let amounts = work(match quality {
        Quality::Draft => (64, 50, 4),
        Quality::Normal => (128, 100, 8),
        Quality::Better => (128, 200, 12),
        Quality::Best => (192, 250, 16),
    });
    Overrides {
        vqgan: Some(embedded::NAME.into()),
        clip: Some(vec![embedded::NAME.into()]),
        cut_noise: Some(0.3),
        init_noise: Some(StartNoise::None),
        ..amounts
    }
}

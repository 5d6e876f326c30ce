//! The settings that a model and a quality stand for.

use std::path::Path;

use crate::Result;
use crate::models::hub::Repository;
use crate::models::manifest::{Manifest, Preset};
use crate::models::{Quality, Role, embedded};
use crate::picture::Size;
use crate::settings::{LearningRateDrops, Overrides, StartNoise};

/// How often the embedded model's pictures are enlarged if nobody asks for a size.
const UPSCALE: usize = 4;

/// The settings that a model and a quality stand for; without a model, those for published models. A model is a name of
/// the list, or a VQGAN by its name, path or repository, which gets the CLIP models for published models.
///
/// # Errors
/// If the model is unknown.
pub fn preset(model: Option<&str>, quality: Quality) -> Result<Overrides> {
    match model {
        None => Ok(Overrides { vqgan: None, clip: None, ..published(None, String::new(), quality)? }),
        Some(embedded::NAME) => Ok(embedded_model(quality)),
        Some(name) => {
            let manifest = Manifest::get()?;
            let preset = manifest.preset(name);
            let is_vqgan = manifest.model(name).is_some_and(|entry| entry.role == Role::Vqgan);
            if preset.is_none() && !is_vqgan && !Path::new(name).exists() && Repository::parse(name).is_none() {
                return Err(manifest.unknown_preset(name));
            }
            published(preset, preset.map_or_else(|| name.to_owned(), |preset| preset.vqgan.clone()), quality)
        }
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

fn published(preset: Option<&Preset>, vqgan: String, quality: Quality) -> Result<Overrides> {
    let row = Manifest::get()?.table(preset)?.of(quality);
    let amounts = work((row.side, row.iterations, row.cutouts));
    Ok(Overrides { vqgan: Some(vqgan), clip: Some(row.clip.clone()), ..amounts })
}

/// The settings of the embedded model, found by `weights/training/search.py` and by looking at pictures: the prior lays
/// out the shapes that guidance refines, strong noise on the cutouts makes larger shapes, and a smaller step at the end
/// leaves less texture. More iterations change neither the fit to the first two digits nor what one sees, with any drawer. Its
/// pictures are small and soft, so they are enlarged and sharpened.
fn embedded_model(quality: Quality) -> Overrides {
    let amounts = work(match quality {
        Quality::Draft => (64, 40, 4),
        Quality::Normal => (128, 60, 8),
        Quality::Better => (128, 120, 12),
        Quality::Best => (192, 150, 16),
    });
    Overrides {
        vqgan: Some(embedded::NAME.into()),
        clip: Some(vec![embedded::NAME.into()]),
        cut_noise: Some(0.3),
        init_noise: Some(StartNoise::Prior),
        learning_rate_drops: Some(LearningRateDrops::once_after(60.0)),
        upscale: Some(UPSCALE),
        ..amounts
    }
}

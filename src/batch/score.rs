//! How well a picture fits its prompt.

#[cfg(feature = "server")]
use std::sync::{Mutex, PoisonError};

use candle_core::Device;
use image::RgbImage;

use crate::Result;
use crate::clip::Clip;
use crate::judge::{Fit, mean_cosine};
#[cfg(feature = "server")]
use crate::models::Finder;
#[cfg(feature = "server")]
use crate::progress::{Event, Stop};
use crate::session::LoadedModel;
#[cfg(feature = "server")]
use crate::session::ModelStore;
use crate::settings::Prompts;
#[cfg(feature = "server")]
use crate::settings::Settings;

/// The CLIP models that score pictures drawn on another machine.
#[cfg(feature = "server")]
pub struct Judges {
    /// Their names; if empty, the models that draw a picture score it
    rank_with: Vec<String>,
    offline: bool,
    stop: Stop,
    models: Mutex<ModelStore>,
}

#[cfg(feature = "server")]
impl Judges {
    /// Judges with these names; if empty, the models that draw. Loading stops when `stop` is requested.
    #[must_use]
    pub fn new(rank_with: Vec<String>, offline: bool, stop: Stop) -> Self {
        Self { rank_with, offline, stop, models: Mutex::default() }
    }

    /// How well a picture fits the prompts of its settings, as a batch on this machine scores it.
    ///
    /// # Errors
    /// If a model cannot be loaded, or the computation fails.
    pub fn score(&self, picture: &RgbImage, settings: &Settings, tell: &dyn Fn(Event)) -> Result<f64> {
        let names = if self.rank_with.is_empty() { &settings.clip } else { &self.rank_with };
        let finder = Finder::new(self.offline, &self.stop, tell);
        // One at a time: each uses all threads.
        let mut store = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        let judges = names.iter().map(|name| store.clip(name, &finder)).collect::<Result<Vec<_>>>()?;
        score(picture, &settings.prompt, &judges)
    }
}

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

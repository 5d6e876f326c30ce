//! The models of a run.

mod loaded;
mod source;
mod store;

use std::sync::Arc;

pub use loaded::LoadedModel;
pub use store::ModelStore;

use crate::clip::{AestheticHead, Clip};
use crate::drawer::{self, Loaded};
use crate::judge::Perceptor;
use crate::models::manifest::Manifest;
use crate::models::{Finder, Missing, ModelFiles, ModelRecord, Role};
use crate::settings::Settings;
use crate::upscale::{Factor, Method, Upscaler, is_filter};
use crate::vqgan::Vqgan;
use crate::{Error, Result};

/// All models of a run.
pub struct Models {
    /// The VQGAN that draws, if the drawer needs one
    pub vqgan: Option<LoadedModel<Vqgan>>,
    /// The CLIP models that judge
    pub clips: Vec<LoadedModel<Clip>>,
    /// The aesthetic head of each of these models, if the settings ask for heads and the CLIP has one
    pub heads: Vec<Option<LoadedModel<AestheticHead>>>,
    /// The network that enlarges the finished picture, if one does
    pub upscaler: Option<LoadedModel<Upscaler>>,
}

impl Models {
    /// Loads the models that settings name.
    ///
    /// # Errors
    /// If the files of a model cannot be found or downloaded, or do not fit.
    pub fn load(settings: &Settings, finder: &Finder) -> Result<Self> {
        ModelStore::default().load(settings, finder)
    }

    /// The files of the models in settings that are not on this machine. Does not use the network.
    ///
    /// # Errors
    /// If a model is unknown.
    pub fn missing(settings: &Settings, finder: &Finder) -> Result<Vec<Missing>> {
        let missing = wanted(settings)?.map(|(role, name)| finder.missing(role, name));
        Ok(missing.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// The roles and names of the models that settings need. Settings that need the same models can share them.
    ///
    /// # Errors
    /// If the drawer does not exist.
    pub fn needed(settings: &Settings) -> Result<Vec<(Role, String)>> {
        Ok(wanted(settings)?.map(|(role, name)| (role, name.to_owned())).collect())
    }

    /// Starts to hash the files. Called when the run already draws, so that hashing does not delay the start.
    pub fn start_hashing(&self) {
        self.vqgan.iter().for_each(LoadedModel::start_hashing);
        self.clips.iter().for_each(LoadedModel::start_hashing);
        self.upscaler.iter().for_each(LoadedModel::start_hashing);
        self.heads.iter().flatten().for_each(LoadedModel::start_hashing);
    }

    /// The records of all models in a recipe. What drew the first picture has a record of its own
    /// ([`prior_record`](super::prior_record)).
    ///
    /// # Errors
    /// If a file could not be read again.
    pub fn records(&self) -> Result<Vec<ModelRecord>> {
        let vqgan = self.vqgan.iter().map(LoadedModel::records);
        let upscaler = self.upscaler.iter().map(LoadedModel::records);
        let heads = self.heads.iter().flatten().map(LoadedModel::records);
        let all = vqgan.chain(self.clips.iter().map(LoadedModel::records)).chain(upscaler).chain(heads);
        Ok(all.collect::<Result<Vec<_>>>()?.concat())
    }

    /// The CLIP models that judge.
    pub(super) fn shared_clips(&self) -> Vec<Arc<Clip>> {
        self.clips.iter().map(|clip| clip.model.clone()).collect()
    }

    /// A perceptor of the CLIP with this number, which also rates if settings ask for that and the CLIP has a head. The CLIPs
    /// with heads share the weight.
    ///
    /// # Errors
    /// If the head is for other features, or settings ask for heads and none is loaded.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn rated(&self, settings: &Settings, index: usize, perceptor: Perceptor) -> Result<Perceptor> {
        let Some(weight) = settings.aesthetic() else { return Ok(perceptor) };
        let count = self.heads.iter().flatten().count();
        if count == 0 {
            return Err(Error::fault("the loss aesthetic is requested, but no aesthetic head is loaded"));
        }
        let Some(head) = self.heads.get(index).and_then(Option::as_ref) else { return Ok(perceptor) };
        let (rates, features) = (head.model.weight().len(), perceptor.clip().config().features);
        if rates != features {
            let clip = &perceptor.name;
            let problem =
                format!("{} rates features of {rates} numbers, but those of {clip} have {features}", head.name);
            return Err(Error::usage(problem, "use the head that was published for this CLIP"));
        }
        Ok(perceptor.rating(head.model.clone(), weight / count as f64))
    }

    /// How settings enlarge the finished picture, if they do.
    ///
    /// # Errors
    /// If a network is needed that is not loaded.
    pub fn enlargement(&self, settings: &Settings) -> Result<Option<(Method<'_>, Factor)>> {
        let Some((times, name)) = settings.upscaling() else { return Ok(None) };
        let upscaler = self.upscaler.as_ref().map(|upscaler| upscaler.model.as_ref());
        Ok(Some((Method::of(name, upscaler)?, Factor::of(times)?)))
    }

    /// The models that a drawer can use.
    #[must_use]
    pub fn loaded(&self) -> Loaded<'_> {
        Loaded { vqgan: self.vqgan.as_ref().map(|vqgan| &vqgan.model) }
    }
}

/// The models that settings name, and those that these need.
fn wanted(settings: &Settings) -> Result<impl Iterator<Item = (Role, &str)>> {
    let manifest = Manifest::get()?;
    let vqgan = drawer::of(&settings.drawer)?.vqgan(settings).map(|name| (Role::Vqgan, name));
    let image = |name: &str| manifest.model(name).and_then(|entry| entry.image.as_deref());
    let clips = settings.clip.iter().flat_map(move |name| [Some(name.as_str()), image(name)].into_iter().flatten());
    let clips = clips.map(|name| (Role::Clip, name));
    let heads = heads_of(settings)?.into_iter().flatten().map(|name| (Role::Aesthetic, name));
    Ok(vqgan.into_iter().chain(clips).chain(upscaler_of(settings).map(|name| (Role::Upscaler, name))).chain(heads))
}

/// For each CLIP in the settings, the name of its aesthetic head, if the settings ask for heads and the CLIP has one.
fn heads_of(settings: &Settings) -> Result<Vec<Option<&'static str>>> {
    let manifest = Manifest::get()?;
    let is_asked = settings.aesthetic().is_some();
    let head = |clip: &String| manifest.head_of(clip).filter(|_| is_asked).map(|entry| entry.name.as_str());
    Ok(settings.clip.iter().map(head).collect())
}

/// Loads the aesthetic heads that settings ask for, one for each CLIP that has one.
///
/// # Errors
/// If a file cannot be found or downloaded, or does not fit.
pub(crate) fn heads(settings: &Settings, finder: &Finder) -> Result<Vec<Option<LoadedModel<AestheticHead>>>> {
    let load = |name| LoadedModel::load(finder, Role::Aesthetic, name, AestheticHead::load);
    heads_of(settings)?.into_iter().map(|name| name.map(load).transpose()).collect()
}

/// The network that enlarges the finished picture; none if nothing or a filter does.
fn upscaler_of(settings: &Settings) -> Option<&str> {
    settings.upscaling().map(|(_, name)| name).filter(|name| !is_filter(name))
}

/// Loads a model to check that it can be used.
///
/// # Errors
/// If the configuration cannot be used, or the weights do not fit it.
pub fn check_usable(files: &ModelFiles) -> Result<()> {
    match files.role {
        Role::Clip => Clip::load(files).map(drop),
        Role::Vqgan => Vqgan::load(files).map(drop),
        Role::Upscaler => Upscaler::load(files).map(drop),
        Role::Aesthetic => AestheticHead::load(files).map(drop),
    }
}

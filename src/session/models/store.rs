//! Loaded models that several runs share, within the memory of the machine.

use std::sync::Arc;

use super::{LoadedModel, Models, heads, upscaler_of, wanted};
use crate::clip::Clip;
use crate::drawer;
use crate::frozen::{MemoryOf, release_memory};
use crate::machine::in_words;
use crate::models::{Finder, Role};
use crate::settings::Settings;
use crate::upscale::Upscaler;
use crate::vqgan::Vqgan;
use crate::{Error, Result, machine};

/// Loaded models that several runs share.
#[derive(Default)]
pub struct ModelStore {
    vqgans: Vec<LoadedModel<Vqgan>>,
    clips: Vec<LoadedModel<Clip>>,
    upscalers: Vec<LoadedModel<Upscaler>>,
}

impl ModelStore {
    /// The models that settings name, loaded if necessary. If models fill more than half of the machine's memory, those
    /// that no run uses are dropped first.
    ///
    /// # Errors
    /// If the files of a model cannot be found or downloaded, or do not fit.
    pub fn load(&mut self, settings: &Settings, finder: &Finder) -> Result<Models> {
        // Download everything before loading the first model.
        finder.provide_all(wanted(settings)?.filter(|(role, name)| !self.has(*role, name)))?;
        let vqgan = drawer::of(&settings.drawer)?.vqgan(settings);
        let vqgan = vqgan.map(|name| self.vqgan(name, finder)).transpose()?;
        let mut clips: Vec<LoadedModel<Clip>> = Vec::new();
        for name in &settings.clip {
            if !clips.is_empty() && !self.has(Role::Clip, name) {
                let held = clips.iter().map(|clip| clip.model.weight_memory(MemoryOf::Host)).sum::<u64>();
                check_room(held, name, finder)?;
            }
            clips.push(self.clip(name, finder)?);
        }
        let upscaler = upscaler_of(settings).map(|name| self.upscaler(name, finder)).transpose()?;
        Ok(Models { vqgan, clips, heads: heads(settings, finder)?, upscaler })
    }

    /// A CLIP model, loaded if necessary.
    ///
    /// # Errors
    /// If the files cannot be found or downloaded, or do not fit.
    pub fn clip(&mut self, name: &str, finder: &Finder) -> Result<LoadedModel<Clip>> {
        if let Some(clip) = self.clips.iter().find(|clip| clip.name == name) {
            return Ok(clip.clone());
        }
        self.make_room();
        let clip = LoadedModel::load(finder, Role::Clip, name, Clip::load)?;
        self.clips.push(clip.clone());
        Ok(clip)
    }

    fn vqgan(&mut self, name: &str, finder: &Finder) -> Result<LoadedModel<Vqgan>> {
        if let Some(vqgan) = self.vqgans.iter().find(|vqgan| vqgan.name == name) {
            return Ok(vqgan.clone());
        }
        self.make_room();
        let vqgan = LoadedModel::load(finder, Role::Vqgan, name, Vqgan::load)?;
        self.vqgans.push(vqgan.clone());
        Ok(vqgan)
    }

    /// An upscaler, loaded if necessary.
    ///
    /// # Errors
    /// If the file cannot be found or downloaded, or does not fit.
    pub fn upscaler(&mut self, name: &str, finder: &Finder) -> Result<LoadedModel<Upscaler>> {
        if let Some(upscaler) = self.upscalers.iter().find(|upscaler| upscaler.name == name) {
            return Ok(upscaler.clone());
        }
        self.make_room();
        let upscaler = LoadedModel::load(finder, Role::Upscaler, name, Upscaler::load)?;
        self.upscalers.push(upscaler.clone());
        Ok(upscaler)
    }

    /// Forgets everything but the models: the prompts and pictures of earlier runs, and the memory for computations. This
    /// does not change pictures.
    pub fn forget_runs(&self) {
        self.clips.iter().for_each(|clip| clip.model.forget_inputs());
        release_memory();
        #[cfg(feature = "cuda")]
        crate::frozen::cuda::forget_runs();
    }

    fn has(&self, role: Role, name: &str) -> bool {
        match role {
            Role::Vqgan => self.vqgans.iter().any(|vqgan| vqgan.name == name),
            Role::Clip => self.clips.iter().any(|clip| clip.name == name),
            Role::Upscaler => self.upscalers.iter().any(|upscaler| upscaler.name == name),
            // Heads are small, and not kept.
            Role::Aesthetic => false,
        }
    }

    fn make_room(&mut self) {
        let bytes = self.vqgans.iter().map(|vqgan| vqgan.model.weight_memory(MemoryOf::Host)).sum::<u64>()
            + self.clips.iter().map(|clip| clip.model.weight_memory(MemoryOf::Host)).sum::<u64>()
            + self.upscalers.iter().map(|upscaler| upscaler.model.weight_memory(MemoryOf::Host)).sum::<u64>();
        if machine::memory().is_some_and(|memory| bytes > memory.total / 2) {
            self.vqgans.retain(|vqgan| Arc::strong_count(&vqgan.model) > 1);
            self.clips.retain(|clip| Arc::strong_count(&clip.model) > 1);
            self.upscalers.retain(|upscaler| Arc::strong_count(&upscaler.model) > 1);
        }
    }
}

/// Checks that there is room for another CLIP besides `held` bytes of others. The plan, which counts all memory of a
/// run, is made only after the models are loaded.
fn check_room(held: u64, name: &str, finder: &Finder) -> Result<()> {
    let needed = held.saturating_add(finder.open(Role::Clip, name)?.weights.bytes());
    let (room, allowed) = (machine::room(), machine::allowed_memory());
    let Some(room) = room.into_iter().chain(allowed).min().filter(|room| needed > *room) else { return Ok(()) };
    let (needed, room) = (in_words(needed), in_words(room));
    let message = format!("the CLIP models up to {name} need about {needed} of memory, but only {room} can be used");
    Err(Error::usage(message, "choose fewer or smaller models with ‹clip›"))
}

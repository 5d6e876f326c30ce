//! The estimate of the memory of a run, made before the run starts.

use std::path::Path;
use std::sync::Arc;

use super::{LoadedModel, Models, begins_with_prior, camera, masks, no_text, overlay};
use crate::clip::Clip;
use crate::device::ComputeDevice;
use crate::drawer::{self, Blueprint};
use crate::frozen::{GRADIENT_GROUP, Memory, MemoryOf};
use crate::judge::losses;
use crate::machine::in_words;
use crate::models::embedded;
use crate::settings::{Mask, PictureLoss, Settings};
use crate::{Error, Result, picture};

/// The memory of the program without models and pictures: code, threads, and buffers of libraries; measured on Linux.
const PROGRAM: u64 = 32 << 20;
/// The memory lost to buffers that are larger than their content, as a share: 1 / `SLACK`; measured.
const SLACK: u64 = 5;
/// The memory that libraries load on a GPU when they are first used; not measured yet.
const PROGRAM_ON_GPU: u64 = 64 << 20;
/// The memory that the pool of a GPU loses to gaps, as a share: 1 / `SLACK_ON_GPU`; not measured yet.
const SLACK_ON_GPU: u64 = 16;
/// The memory of buffers that wait to be used again: 1 / the first number as a share, and at most the second number in
/// bytes (`frozen/buffer.rs`).
const WAITING: (u64, u64) = (8, 128 << 20);

/// The memory in which the prior draws the first picture: its network, the tables of the VQGAN's encoder, and what they compute;
/// measured.
const PRIOR: u64 = 24 << 20;
/// The memory of the embedded VQGAN and of the embedded CLIP, which the prior loads if the run does not; measured.
const BESIDE_PRIOR: (u64, u64) = (12 << 20, 14 << 20);

/// The memory of the average of the parameters, in bytes for each pixel of the picture: the average, a mean that is being
/// drawn and a copy of the parameters, each of at most four numbers (a latent of f8 and cells with alpha have as many), and
/// the picture of the mean.
const AVERAGED: u64 = 3 * 16 + 16;

/// The memory of a resting session ([`super::Session::rest`]), in bytes per pixel of the picture: the parameters, their two
/// moments, and their starting point, at most four numbers each.
const RESTING: u64 = 4 * 16;

/// The number of blocks that are computed twice to save memory. The picture stays the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Recomputed {
    /// Blocks of the decoder
    pub decoder: usize,
    /// Blocks of each CLIP
    pub clip: usize,
}

/// Estimates the memory of a run. The fields are in bytes.
pub(super) struct Estimate<'a> {
    settings: &'a Settings,
    models: &'a Models,
    blueprint: &'static dyn Blueprint,
    /// The losses of the picture itself, at the most
    losses: u64,
    of: MemoryOf,
    /// The program without models and pictures
    program: u64,
    /// Memory that is derived from the weights and kept, and weights inside the program itself
    lasting: u64,
    /// The largest weight file, which is held in memory together with the weights read from it
    file: u64,
    /// Turning the starting point into parameters
    starting: u64,
    /// Reading the largest input image
    reading: u64,
    /// Enlarging the picture
    enlarging: u64,
}

impl<'a> Estimate<'a> {
    /// Prepares the estimate for a run with these settings.
    ///
    /// # Errors
    /// If a model cannot take the picture's size.
    pub(super) fn new(settings: &'a Settings, models: &'a Models, of: MemoryOf) -> Result<Self> {
        let blueprint = drawer::of(&settings.drawer)?;
        let mut starting = blueprint.start_memory(settings, models.loaded(), of)?;
        let (mut program, mut lasting, mut file, mut reading) = (PROGRAM_ON_GPU, 0, 0, 0);
        if of == MemoryOf::Host {
            program = PROGRAM;
            // An image that cannot be read is reported later, when it is read.
            let pictures = pictures(settings).filter_map(|path| picture::reading_memory(path).ok());
            let mask = settings.mask.as_ref().and_then(Mask::file).and_then(|path| picture::layered_memory(path).ok());
            let overlay = settings.overlay.as_deref().and_then(overlay::reading);
            reading = pictures.chain(mask).chain(overlay).max().unwrap_or_default();
            lasting = blueprint.lasting_memory(settings, models.loaded())?;
            if let Some(vqgan) = &models.vqgan {
                lasting += vqgan.compiled_bytes();
                file = vqgan.file_bytes();
            }
            for clip in distinct(models) {
                if settings.no_text.is_some() {
                    // Before anything is drawn.
                    starting = starting.max(no_text::memory(&clip.model)?);
                }
                lasting += clip.compiled_bytes();
                file = file.max(clip.file_bytes());
            }
            if let Some(upscaler) = &models.upscaler {
                lasting += upscaler.compiled_bytes();
                file = file.max(upscaler.file_bytes());
            }
            if begins_with_prior(settings) {
                starting = starting.max(prior_memory(models));
            }
        }
        let enlarging = match models.enlargement(settings)? {
            Some((method, factor)) => {
                let size = settings.upscaled_size();
                // The enlarged picture as numbers, twice while it is rearranged.
                let numbers = if of == MemoryOf::Host { 24 * size.width.saturating_mul(size.height) as u64 } else { 0 };
                method.memory(settings.size, factor, settings.tile, of)?.saturating_add(numbers)
            }
            None => 0,
        };
        let losses = losses(settings, &models.shared_clips())?;
        let masked = masks::memory(settings);
        let kept = losses.iter().map(|loss| loss.kept(settings.size)).fold(0, u64::saturating_add);
        let moving = camera::memory(settings).saturating_add(overlay::memory(settings));
        lasting += masked.lasting.saturating_add(moving).saturating_add(kept);
        let (starting, enlarging) = (starting.max(masked.starting), enlarging.saturating_add(masked.enlarging));
        let peaks = losses.iter().map(|loss| loss.memory(settings.size, of)).collect::<Result<Vec<_>>>()?;
        let losses = peaks.into_iter().max().unwrap_or_default();
        Ok(Self { settings, models, blueprint, losses, of, program, lasting, file, starting, reading, enlarging })
    }

    /// The estimated memory while the largest input image is read and nothing is drawn, in bytes. None if there are no
    /// input images, or if reading them takes little memory.
    pub(super) fn while_reading(&self) -> Option<u64> {
        (self.reading > 0).then(|| self.fixed().saturating_add(self.reading))
    }

    /// The memory in use during the whole run: the program and its models.
    pub(super) fn fixed(&self) -> u64 {
        // On a GPU, weights are loaded when they are first used and then stay there.
        let vqgan = self.models.vqgan.as_ref().map_or(0, |vqgan| vqgan.model.weight_memory(self.of));
        let clips = distinct(self.models).map(|clip| clip.model.weight_memory(self.of));
        let upscaler = self.models.upscaler.as_ref().map_or(0, |upscaler| upscaler.model.weight_memory(self.of));
        let weights = clips.fold(vqgan, u64::saturating_add).saturating_add(upscaler);
        self.program.saturating_add(weights).saturating_add(self.lasting)
    }

    /// The estimated peak memory of a run that judges `batch` cutouts at once, in bytes: the program, the models, and
    /// the largest of the pass of the drawer, of what that pass keeps while a judge looks, and of a weight file that is
    /// held together with the weights read from it.
    ///
    /// # Errors
    /// If a model cannot take the picture's size.
    pub(super) fn bytes(&self, batch: usize, recomputed: Recomputed) -> Result<u64> {
        let (size, of) = (self.settings.size, self.of);
        let drawing = self.blueprint.memory(self.settings, self.models.loaded(), recomputed.decoder, of)?;
        let pixels = size.width.saturating_mul(size.height) as u64;
        let averaged = if self.settings.average.is_some() { pixels.saturating_mul(AVERAGED) } else { 0 };
        let picture = pixels.saturating_mul(12);
        // Each CLIP keeps the images that are cut like the picture.
        let is_cut = self.settings.recut_images == Some(true);
        let images = if is_cut { self.settings.image_prompt.len() * self.models.clips.len() } else { 0 };
        // With a mask, a part of one of them as well.
        let images = images + usize::from(is_cut && self.settings.mask.is_some());
        let held = picture.saturating_mul(images as u64).saturating_add(averaged);
        let drawing = Memory { kept: drawing.kept.saturating_add(held), peak: drawing.peak.saturating_add(held) };
        let mut most = drawing.peak.max(self.starting).max(self.enlarging);
        let buffers = match of {
            // The gradient of the warp has a buffer with the size of the picture for each group of cutouts.
            MemoryOf::Host => batch.div_ceil(GRADIENT_GROUP) + 2,
            // The picture, the last picture and its gradient, the gradient of a view, and the sums in 64 bits.
            MemoryOf::Gpu(_) => 6,
        };
        // A picture that is tiled is moved, and its gradient back.
        let buffers = buffers + if self.settings.tile.is_some() { 3 } else { 0 };
        let buffers = picture.saturating_mul(buffers as u64);
        for clip in &self.models.clips {
            let judging = clip.model.judging_memory(batch, recomputed.clip, of)?.peak;
            most = most.max(drawing.kept.saturating_add(judging).saturating_add(buffers));
        }
        most = most.max(drawing.kept.saturating_add(self.losses));
        let held_back = match of {
            MemoryOf::Host => most / SLACK + (most / WAITING.0).min(WAITING.1),
            MemoryOf::Gpu(_) => most / SLACK_ON_GPU,
        };
        Ok(self.fixed().saturating_add(most.saturating_add(held_back).max(self.file).max(self.reading)))
    }

    /// The number of blocks that can be computed twice.
    pub(super) fn blocks(&self) -> Recomputed {
        Recomputed {
            decoder: self.blueprint.blocks(self.models.loaded()),
            clip: self.models.clips.iter().map(|clip| clip.model.image_tower(0).blocks()).max().unwrap_or(0),
        }
    }
}

/// The memory in which the prior draws the first picture, beside the models of the run, in bytes.
fn prior_memory(models: &Models) -> u64 {
    let has_vqgan = models.vqgan.iter().any(|vqgan| vqgan.name == embedded::NAME);
    let has_clip = models.clips.iter().any(|clip| clip.name == embedded::NAME);
    let (vqgan, clip) = BESIDE_PRIOR;
    PRIOR + if has_vqgan { 0 } else { vqgan } + if has_clip { 0 } else { clip }
}

/// The memory of a session that rests while another one draws, in bytes.
pub(super) fn resting(settings: &Settings) -> u64 {
    let pixels = settings.size.width.saturating_mul(settings.size.height) as u64;
    pixels.saturating_mul(RESTING).saturating_add(masks::memory(settings).lasting)
}

/// The input images of a run.
pub(super) fn pictures(settings: &Settings) -> impl Iterator<Item = &Path> {
    let prompts = settings.image_prompt.iter().map(|prompt| Path::new(&prompt.value));
    let losses = settings.losses().filter_map(PictureLoss::file);
    settings.init_image.as_deref().into_iter().chain(prompts).chain(losses)
}

/// The CLIP models without duplicates.
fn distinct(models: &Models) -> impl Iterator<Item = &LoadedModel<Clip>> {
    let again = |index: usize, clip: &LoadedModel<Clip>| {
        models.clips[..index].iter().any(|other| Arc::ptr_eq(&other.model, &clip.model))
    };
    models.clips.iter().enumerate().filter(move |(index, clip)| !again(*index, clip)).map(|(_, clip)| clip)
}

/// Checks that `needed` bytes of memory are at most what `--max-memory` allows, and what a device has. `what` is the plural
/// subject of the error message.
///
/// # Errors
/// If less is allowed, or the device has less.
pub(crate) fn refuse_above_room(
    needed: u64,
    allowed: Option<u64>,
    device: &ComputeDevice,
    what: &str,
    hint: &str,
) -> Result<()> {
    let limit = match allowed.filter(|allowed| needed > *allowed) {
        Some(allowed) => format!("‹max-memory› allows {}", in_words(allowed)),
        None if needed <= device.room() => return Ok(()),
        None => device.room_in_words(),
    };
    Err(Error::usage(format!("{what} need about {} of memory; {limit}", in_words(needed)), hint))
}

//! How much memory a run takes, known before it takes any.

use std::path::Path;
use std::sync::Arc;

use super::{LoadedModel, Models};
use crate::clip::Clip;
use crate::device::ComputeDevice;
use crate::drawer::{self, Blueprint};
use crate::frozen::{GRADIENT_GROUP, MemoryOf};
use crate::judge::{Loss, losses};
use crate::machine::in_words;
use crate::settings::Settings;
use crate::{Error, Result, picture};

/// What the program takes without models and pictures: itself, its threads, what its libraries keep;
/// measured on Linux.
const PROGRAM: u64 = 24 << 20;
/// What buffers larger than what is in them add, as a share; measured.
const SLACK: u64 = 5;
/// What libraries load on a GPU after it was opened, when they are first used; not measured yet.
const PROGRAM_ON_GPU: u64 = 64 << 20;
/// What a GPU's pool of memory loses between its parts, as a share; not measured yet.
const SLACK_ON_GPU: u64 = 16;
/// What buffers that wait for their next use add: a share, and at most so many bytes (`frozen/buffer.rs`).
const WAITING: (u64, u64) = (8, 128 << 20);

/// Blocks that are computed twice, so that what is in them need not be kept. The picture is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Recomputed {
    /// Of the decoder
    pub decoder: usize,
    /// Of each CLIP
    pub clip: usize,
}

/// What a run needs whatever it keeps, and what of the models the rest depends on.
pub(super) struct Estimate<'a> {
    settings: &'a Settings,
    models: &'a Models,
    blueprint: &'static dyn Blueprint,
    losses: Vec<Box<dyn Loss>>,
    of: MemoryOf,
    /// What the program takes without models and pictures
    program: u64,
    /// What is made of the models' weights and kept, and what of them lies in the program itself
    lasting: u64,
    /// The largest weight file, which is held beside what is read from it
    file: u64,
    /// Turning a start into parameters
    starting: u64,
    /// Reading the largest of the pictures it is made from
    reading: u64,
}

impl<'a> Estimate<'a> {
    /// Of a run with these settings.
    ///
    /// # Errors
    /// If a model cannot take the picture's size.
    pub(super) fn new(settings: &'a Settings, models: &'a Models, of: MemoryOf) -> Result<Self> {
        let blueprint = drawer::of(&settings.drawer)?;
        let starting = blueprint.start_memory(settings, models.loaded(), of)?;
        let (mut program, mut lasting, mut file, mut reading) = (PROGRAM_ON_GPU, 0, 0, 0);
        if of == MemoryOf::Host {
            program = PROGRAM;
            // One that cannot be read is refused where it is read.
            let pictures = pictures(settings).filter_map(|path| picture::reading_memory(path).ok());
            reading = pictures.max().unwrap_or_default();
            lasting = blueprint.lasting_memory(settings, models.loaded())?;
            if let Some(vqgan) = &models.vqgan {
                lasting += vqgan.compiled_bytes();
                file = vqgan.file_bytes();
            }
            for clip in distinct(models) {
                lasting += clip.compiled_bytes();
                file = file.max(clip.file_bytes());
            }
        }
        let losses = losses(settings);
        Ok(Self { settings, models, blueprint, losses, of, program, lasting, file, starting, reading })
    }

    /// About how many bytes it takes while the largest of the pictures it is made from is read, and nothing is drawn.
    /// None if it is made from no picture, or reading it takes little.
    pub(super) fn while_reading(&self) -> Option<u64> {
        (self.reading > 0).then(|| self.fixed().saturating_add(self.reading))
    }

    /// What is taken from the beginning to the end: the program and its models.
    fn fixed(&self) -> u64 {
        // What was counted above lies in a GPU's memory from its first use on.
        let vqgan = self.models.vqgan.as_ref().map_or(0, |vqgan| vqgan.model.weight_memory(self.of));
        let clips = distinct(self.models).map(|clip| clip.model.weight_memory(self.of));
        let weights = clips.fold(vqgan, u64::saturating_add);
        self.program.saturating_add(weights).saturating_add(self.lasting)
    }

    /// About how many bytes a run takes at its highest, judging `batch` cutouts at a time: the program, the
    /// models, and the larger of the drawer's pass and of what that keeps while a judge looks; or a model's
    /// file beside what was read from it, where that is more.
    ///
    /// # Errors
    /// If a model cannot take the picture's size.
    pub(super) fn bytes(&self, batch: usize, recomputed: Recomputed) -> Result<u64> {
        let (size, of) = (self.settings.size, self.of);
        let drawing = self.blueprint.memory(self.settings, self.models.loaded(), recomputed.decoder, of)?;
        let mut most = drawing.peak.max(self.starting);
        let picture = (12 * size.width).saturating_mul(size.height) as u64;
        let buffers = match of {
            // The warp's gradient has a buffer of the picture's size for every group of cutouts.
            MemoryOf::Host => batch.div_ceil(GRADIENT_GROUP) + 2,
            // The picture, the last one and its gradient, what a view adds to that, and its sums in 64 bits.
            MemoryOf::Gpu(_) => 6,
        };
        let buffers = picture.saturating_mul(buffers as u64);
        for clip in &self.models.clips {
            let judging = clip.model.judging_memory(batch, recomputed.clip, of)?.peak;
            most = most.max(drawing.kept.saturating_add(judging).saturating_add(buffers));
        }
        for loss in &self.losses {
            most = most.max(drawing.kept.saturating_add(loss.memory(size)));
        }
        let held_back = match of {
            MemoryOf::Host => most / SLACK + (most / WAITING.0).min(WAITING.1),
            MemoryOf::Gpu(_) => most / SLACK_ON_GPU,
        };
        Ok(self.fixed().saturating_add(most.saturating_add(held_back).max(self.file).max(self.reading)))
    }

    /// How many blocks can be computed twice.
    pub(super) fn blocks(&self) -> Recomputed {
        Recomputed {
            decoder: self.blueprint.blocks(self.models.loaded()),
            clip: self.models.clips.iter().map(|clip| clip.model.image_tower(0).blocks()).max().unwrap_or(0),
        }
    }
}

/// The pictures a run is made from.
pub(super) fn pictures(settings: &Settings) -> impl Iterator<Item = &Path> {
    let prompts = settings.image_prompt.iter().map(|prompt| Path::new(&prompt.value));
    settings.init_image.as_deref().into_iter().chain(prompts)
}

/// The CLIP models, those that are named more than once one time.
fn distinct(models: &Models) -> impl Iterator<Item = &LoadedModel<Clip>> {
    let again = |index: usize, clip: &LoadedModel<Clip>| {
        models.clips[..index].iter().any(|other| Arc::ptr_eq(&other.model, &clip.model))
    };
    models.clips.iter().enumerate().filter(move |(index, clip)| !again(*index, clip)).map(|(_, clip)| clip)
}

/// Refuses what needs more memory than there is room for.
///
/// # Errors
/// If it does.
pub(crate) fn refuse_above_room(needed: u64, device: &ComputeDevice, what: &str, hint: &str) -> Result<()> {
    if needed <= device.room() {
        return Ok(());
    }
    let (needed, room) = (in_words(needed), device.room_in_words());
    Err(Error::usage(format!("{what} need about {needed} of memory; {room}"), hint))
}

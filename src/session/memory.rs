//! How much memory a run takes, known before it takes any.

use super::Models;
use crate::drawer::{StartNoise, VqganDrawer};
use crate::frozen::GRADIENT_GROUP;
use crate::settings::Settings;
use crate::{Error, Result, machine};

/// What the program takes without models and pictures: itself, its threads, what its libraries keep;
/// measured on Linux.
const PROGRAM: u64 = 18 << 20;
/// What buffers that wait for their next use, and buffers larger than what is in them, add; measured.
const HELD_BACK: (u64, u64) = (2, 5);

/// About how many bytes a run takes at its highest, judging `batch` cutouts at a time: the program, the
/// models, and the larger of the drawer's pass and of what that keeps while a judge looks; or a model's
/// file beside what was read from it, where that is more.
///
/// # Errors
/// Where a model cannot take the picture's size.
pub(super) fn estimate(settings: &Settings, batch: usize, models: &Models) -> Result<u64> {
    let vqgan = &models.vqgan.model;
    let size = VqganDrawer::work_size(vqgan, settings.size);
    let drawing = vqgan.decoding_memory(size)?;
    let mut most = drawing.peak;
    if settings.init_image.is_some() || !matches!(settings.init_noise, StartNoise::Codes) {
        most = most.max(vqgan.encoding_memory(size)?.peak);
    }
    // The warp's gradient has a buffer of the picture's size for every group of cutouts.
    let picture = (12 * settings.size.width).saturating_mul(settings.size.height) as u64;
    let buffers = picture.saturating_mul((batch.div_ceil(GRADIENT_GROUP) + 2) as u64);
    let (mut weights, mut file, mut compiled) =
        (vqgan.bytes(), models.vqgan.file_bytes(), models.vqgan.compiled_bytes());
    for clip in &models.clips {
        let judging = clip.model.judging_memory(batch)?.peak;
        most = most.max(drawing.kept.saturating_add(judging).saturating_add(buffers));
        weights = weights.saturating_add(clip.model.bytes());
        file = file.max(clip.file_bytes());
        compiled += clip.compiled_bytes();
    }
    let held_back = most / HELD_BACK.1 * HELD_BACK.0;
    Ok(PROGRAM
        .saturating_add(compiled)
        .saturating_add(weights)
        .saturating_add(most.saturating_add(held_back).max(file)))
}

/// Refuses what needs more memory than the machine has, free or not.
///
/// # Errors
/// Where it does.
pub(crate) fn refuse_above_total(needed: u64, what: &str, hint: &str) -> Result<()> {
    let Some(memory) = machine::memory().filter(|memory| needed > memory.total) else { return Ok(()) };
    let (needed, total) = (in_words(needed), in_words(memory.total));
    Err(Error::usage(format!("{what} need about {needed} of memory; this machine has {total}"), hint))
}

/// An amount of memory as people say it.
#[must_use]
pub fn in_words(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    if mebibytes < 1000.0 { format!("{mebibytes:.0} MiB") } else { format!("{:.1} GiB", mebibytes / 1024.0) }
}

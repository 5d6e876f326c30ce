//! How much memory a run takes, known before it takes any.

use super::Models;
use crate::drawer::{StartNoise, VqganDrawer};
use crate::frozen::GRADIENT_GROUP;
use crate::settings::Settings;
use crate::{Error, Result};

/// About how many bytes a run takes at its highest, beside the models' weights: the drawer's pass, or what
/// that keeps while a judge looks at its cutouts.
///
/// # Errors
/// Where a model cannot take the picture's size.
pub fn estimate(settings: &Settings, models: &Models) -> Result<u64> {
    let vqgan = &models.vqgan.model;
    let size = VqganDrawer::work_size(vqgan, settings.size);
    let drawing = vqgan.decoding_memory(size)?;
    let mut most = drawing.peak;
    if settings.init_image.is_some() || !matches!(settings.init_noise, StartNoise::Codes) {
        most = most.max(vqgan.encoding_memory(size)?.peak);
    }
    // The warp's gradient has a buffer of the picture's size for every group of cutouts.
    let picture = (12 * settings.size.width).saturating_mul(settings.size.height) as u64;
    let buffers = picture.saturating_mul((settings.cut_batch.div_ceil(GRADIENT_GROUP) + 2) as u64);
    for clip in &models.clips {
        let judging = clip.model.judging_memory(settings.cut_batch)?.peak;
        most = most.max(drawing.kept.saturating_add(judging).saturating_add(buffers));
    }
    Ok(most)
}

/// Refuses a run that needs more memory than the machine has, free or not.
///
/// # Errors
/// Where it does.
pub fn check(settings: &Settings, models: &Models) -> Result<()> {
    let what = format!("{} pixels, {} cutouts at a time,", settings.size, settings.cut_batch);
    refuse_above_total(estimate(settings, models)?, &what, "choose a smaller --size or --cut-batch")
}

/// Refuses what needs more memory than the machine has.
///
/// # Errors
/// Where it does.
pub(crate) fn refuse_above_total(needed: u64, what: &str, hint: &str) -> Result<()> {
    let Some(total) = total_memory().filter(|total| needed > *total) else { return Ok(()) };
    #[allow(clippy::cast_precision_loss)]
    let gibibytes = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    let (needed, total) = (gibibytes(needed), gibibytes(total));
    Err(Error::usage(format!("{what} need about {needed} of memory; this machine has {total}"), hint))
}

/// The machine's memory in bytes, where the system tells.
fn total_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

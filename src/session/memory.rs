//! How much memory a run takes, known before it takes any.

use super::Models;
use crate::drawer::VqganDrawer;
use crate::settings::Settings;
use crate::{Error, Result};

/// About how many bytes a run takes at its highest, beside the models' weights: the larger of the
/// drawer's half of an iteration and of the judges'.
///
/// # Errors
/// Where a model cannot take the picture's size.
pub fn estimate(settings: &Settings, models: &Models) -> Result<u64> {
    let vqgan = &models.vqgan.model;
    let drawing = vqgan.decoding_bytes(VqganDrawer::work_size(vqgan, settings.size))?;
    let mut most = drawing;
    for clip in &models.clips {
        // The drawer's records wait while the judges work.
        most = most.max(drawing + clip.model.judging_bytes(settings.cut_batch)?);
    }
    Ok(most)
}

/// Refuses a run that needs more memory than the machine has, free or not.
///
/// # Errors
/// Where it does.
pub fn check(settings: &Settings, models: &Models) -> Result<()> {
    let needed = estimate(settings, models)?;
    let Some(total) = total_memory().filter(|total| needed > *total) else { return Ok(()) };
    #[allow(clippy::cast_precision_loss)]
    let gibibytes = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    let (size, batch) = (settings.size, settings.cut_batch);
    Err(Error::usage(
        format!(
            "{size} pixels, {batch} cutouts at a time, need about {} of memory; this machine has {}",
            gibibytes(needed),
            gibibytes(total)
        ),
        "choose a smaller --size or --cut-batch",
    ))
}

/// The machine's memory in bytes, where the system tells.
fn total_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

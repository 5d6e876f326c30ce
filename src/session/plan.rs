//! Settings with all that is left to the program decided, before anything is computed.

use super::{Models, memory};
use crate::drawer::VqganDrawer;
use crate::settings::{CutBatch, Settings, Size};
use crate::{Result, machine};

/// Most cutouts judged at a time where the user does not say.
const LARGEST_BATCH: usize = 16;
/// What a run may take of the machine's memory where the user does not say, as a share.
const MEMORY_SHARE: (u64, u64) = (3, 4);

/// What will be run.
#[derive(Clone, Debug)]
pub struct Plan {
    settings: Settings,
    batch: usize,
    work_size: Size,
    memory: u64,
}

impl Plan {
    /// Decides what settings leave open. It depends on the settings, the models and the machine's whole
    /// memory alone: never on what is free.
    ///
    /// # Errors
    /// Where a model cannot take the picture's size.
    pub fn new(mut settings: Settings, models: &Models) -> Result<Self> {
        let batch = match settings.cut_batch {
            CutBatch::Count(batch) => batch.min(settings.cutouts),
            CutBatch::Auto => largest_batch(&settings, models)?,
        };
        settings.cut_batch = CutBatch::Count(batch);
        let work_size = VqganDrawer::work_size(&models.vqgan.model, settings.size);
        let memory = memory::estimate(&settings, batch, models)?;
        Ok(Self { settings, batch, work_size, memory })
    }

    /// The settings, nothing in them left to choose.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Cutouts judged at a time.
    #[must_use]
    pub fn cut_batch(&self) -> usize {
        self.batch
    }

    /// The size the drawer works at, of which the middle is delivered.
    #[must_use]
    pub fn work_size(&self) -> Size {
        self.work_size
    }

    /// About how many bytes of memory the run takes at its highest, models and program included.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// Refuses what this machine cannot run.
    ///
    /// # Errors
    /// Where the device is not there, or the machine has less memory than the run needs.
    pub fn check(&self) -> Result<()> {
        self.settings.device.open()?;
        let what = format!("{} pixels, {} cutouts at a time,", self.settings.size, self.batch);
        memory::refuse_above_total(self.memory, &what, "choose a smaller --size or --cut-batch")
    }
}

/// The most cutouts at a time that leave the machine some memory, halving from all of them.
fn largest_batch(settings: &Settings, models: &Models) -> Result<usize> {
    let mut batch = settings.cutouts.min(LARGEST_BATCH);
    let Some(memory) = machine::memory() else { return Ok(batch) };
    let allowed = memory.total / MEMORY_SHARE.1 * MEMORY_SHARE.0;
    while batch > 1 && memory::estimate(settings, batch, models)? > allowed {
        batch = batch.div_ceil(2);
    }
    Ok(batch)
}

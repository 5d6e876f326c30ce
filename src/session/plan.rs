//! Settings with all that is left to the program decided, before anything is computed.

use super::Models;
use super::memory::{Estimate, Recomputed};
use crate::device::ComputeDevice;
use crate::drawer;
use crate::machine::in_words;
use crate::picture::Size;
use crate::settings::{CutBatch, Settings};
use crate::{Error, Result};

/// Most cutouts judged at a time on the processor where the user does not say.
const LARGEST_BATCH: usize = 16;
/// To judge fewer at a time costs more than to compute blocks twice.
const SMALLEST_BATCH: usize = 8;
/// What a run may take of the machine's memory where the user does not say, as a share.
const MEMORY_SHARE: (u64, u64) = (3, 4);

/// What will be run.
#[derive(Clone, Debug)]
pub struct Plan {
    settings: Settings,
    device: ComputeDevice,
    batch: usize,
    recomputed: Recomputed,
    work_size: Size,
    memory: u64,
    refusal: Option<Refusal>,
}

/// Why a run does not fit, and what would.
#[derive(Clone, Debug)]
struct Refusal {
    message: String,
    hint: String,
}

impl Plan {
    /// Decides what settings leave open, and what is kept in memory. It depends on the settings, the models and
    /// the device's whole memory alone: never on what is free. The run takes no more than most of that memory where
    /// that can be: fewer cutouts are judged at a time, then blocks are computed twice.
    ///
    /// # Errors
    /// If the device is not there, or a model cannot take the picture's size.
    pub fn new(settings: Settings, models: &Models) -> Result<Self> {
        Self::within(None, settings, models)
    }

    /// The same within so many bytes, where a number is given.
    ///
    /// # Errors
    /// If the device is not there, or a model cannot take the picture's size.
    pub fn within(allowed: Option<u64>, mut settings: Settings, models: &Models) -> Result<Self> {
        let device = ComputeDevice::open(settings.device, settings.precision)?;
        let room = device.room();
        let wanted = allowed.unwrap_or(device.total_memory() / MEMORY_SHARE.1 * MEMORY_SHARE.0);
        // Of the machine's memory there is as much as it has, unless this process may not have it.
        let wanted = if device.gpu().is_none() { wanted.min(room) } else { wanted };
        let Fit { batch, recomputed, memory } = Fit::new(&settings, models, &device, wanted)?;
        let most = allowed.unwrap_or(room).min(room);
        let limit = || match allowed.filter(|allowed| *allowed <= room) {
            Some(allowed) => format!("--max-memory allows {}", in_words(allowed)),
            None => device.room_in_words(),
        };
        let reading = Estimate::new(&settings, models, device.memory_of())?.while_reading();
        let refusal = if let Some(reading) = reading.filter(|reading| *reading > most) {
            let message = format!(
                "loading the models and reading the input images takes about {} of memory; {}",
                in_words(reading),
                limit()
            );
            let more = (reading <= room).then(|| format!(", or allow --max-memory {}M", reading.div_ceil(1 << 20)));
            Some(Refusal { message, hint: format!("make the images smaller first{}", more.unwrap_or_default()) })
        } else if memory > most {
            let limit = limit();
            let (size, needed) = (settings.size, in_words(memory));
            let message = format!(
                "a {size} picture with {batch} cutouts at once needs at least about {needed} of memory; {limit}"
            );
            let more = memory <= room;
            Some(Refusal { message, hint: way_out(&settings, models, &device, (most, more.then_some(memory)))? })
        } else {
            None
        };
        settings.cut_batch = CutBatch::Count(batch);
        let work_size = drawer::of(&settings.drawer)?.work_size(settings.size, models.loaded())?;
        Ok(Self { settings, device, batch, recomputed, work_size, memory, refusal })
    }

    /// The settings, nothing in them left to choose.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What it is drawn on.
    #[must_use]
    pub fn device(&self) -> &ComputeDevice {
        &self.device
    }

    /// Cutouts judged at a time.
    #[must_use]
    pub fn cut_batch(&self) -> usize {
        self.batch
    }

    /// How many blocks are computed twice to take less memory.
    #[must_use]
    pub fn recomputed(&self) -> Recomputed {
        self.recomputed
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

    /// Refuses what does not fit.
    ///
    /// # Errors
    /// If the run needs more memory than the machine has, than is free on a GPU, or than is allowed.
    pub fn check(&self) -> Result<()> {
        match self.refusal.clone() {
            Some(Refusal { message, hint }) => Err(Error::usage(message, hint)),
            None => Ok(()),
        }
    }
}

/// How much is judged and kept at a time.
struct Fit {
    batch: usize,
    recomputed: Recomputed,
    memory: u64,
}

impl Fit {
    /// What takes the least time of what takes at most `allowed` bytes; where nothing does, the least memory.
    fn new(settings: &Settings, models: &Models, device: &ComputeDevice, allowed: u64) -> Result<Self> {
        let estimate = Estimate::new(settings, models, device.memory_of())?;
        let all = estimate.blocks();
        let decoder = (0..=all.decoder).map(|decoder| Recomputed { decoder, clip: 0 });
        let ways = decoder.chain((1..=all.clip).map(|clip| Recomputed { clip, ..all }));
        let (large, small) = batches(settings, device);
        let larger = ways.flat_map(|recomputed| large.iter().map(move |batch| (*batch, recomputed)));
        let mut least = None;
        for (batch, recomputed) in larger.chain(small.iter().map(|batch| (*batch, all))) {
            let memory = estimate.bytes(batch, recomputed)?;
            let fit = Self { batch, recomputed, memory };
            if memory <= allowed {
                return Ok(fit);
            }
            least = Some(fit);
        }
        least.ok_or_else(|| Error::fault("no number of cutouts can be chosen"))
    }
}

/// Numbers of cutouts to judge at a time, falling: those that cost little time, and those that cost more.
fn batches(settings: &Settings, device: &ComputeDevice) -> (Vec<usize>, Vec<usize>) {
    match settings.cut_batch {
        CutBatch::Count(batch) => (vec![batch.min(settings.cutouts)], Vec::new()),
        CutBatch::Auto => {
            // A GPU is waited for less the more it is given at a time.
            let most = if device.gpu().is_some() { settings.cutouts } else { settings.cutouts.min(LARGEST_BATCH) };
            let halves = std::iter::successors(Some(most), |batch| (*batch > 1).then(|| batch.div_ceil(2)));
            halves.partition(|batch| *batch >= SMALLEST_BATCH.min(most))
        }
    }
}

/// What would let a run fit into `allowed` bytes; `needed` bytes would, where the machine has them.
fn way_out(
    settings: &Settings,
    models: &Models,
    device: &ComputeDevice,
    (allowed, needed): (u64, Option<u64>),
) -> Result<String> {
    let least = |settings: &Settings| {
        let estimate = Estimate::new(settings, models, device.memory_of())?;
        let (large, small) = batches(settings, device);
        let batch = large.into_iter().chain(small).last().unwrap_or(1);
        estimate.bytes(batch, estimate.blocks())
    };
    let automatic = Settings { cut_batch: CutBatch::Auto, ..settings.clone() };
    let mut ways = Vec::new();
    if settings.cut_batch != CutBatch::Auto && least(&automatic)? <= allowed {
        ways.push("--cut-batch auto".to_owned());
    }
    let Size { width, height } = settings.size;
    let parts = (0..usize::BITS).flat_map(|halvings| [8, 7, 6, 5].map(|eighths| (halvings, eighths))).skip(1);
    for (halvings, eighths) in parts {
        let part = |side: usize| (side * eighths / 8) >> halvings;
        let size = Size { width: part(width), height: part(height) };
        if size.width == 0 || size.height == 0 {
            break;
        }
        if least(&Settings { size, ..automatic.clone() })? <= allowed {
            ways.push(format!("--size {size}"));
            break;
        }
    }
    if let Some(needed) = needed {
        ways.push(format!("--max-memory {}M", needed.div_ceil(1 << 20)));
    }
    if ways.is_empty() {
        return Ok("choose smaller models with --vqgan and --clip".into());
    }
    Ok(format!("try {}", ways.join(" or ")))
}

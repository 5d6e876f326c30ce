//! Decides everything that settings leave open, before anything is computed.

use std::path::PathBuf;

use super::Models;
use super::memory::{Estimate, Recomputed, resting};
use crate::device::ComputeDevice;
use crate::drawer;
use crate::machine::in_words;
use crate::picture::Size;
use crate::settings::{CutBatch, Settings};
use crate::text::counted;
use crate::{Error, Result};

/// The most cutouts that the CPU judges at once by default.
pub const LARGEST_BATCH: usize = 16;
/// Judging fewer cutouts at once costs more than computing blocks twice.
const SMALLEST_BATCH: usize = 8;
/// The share of the memory of the device that a run may use by default.
const MEMORY_SHARE: (u64, u64) = (3, 4);

/// The plan of a run: settings with nothing left open.
#[derive(Clone, Debug)]
pub struct Plan {
    settings: Settings,
    device: ComputeDevice,
    batch: usize,
    recomputed: Recomputed,
    work_size: Size,
    memory: u64,
    held: u64,
    refusal: Option<Refusal>,
}

/// Why a run does not fit in memory, and what would.
#[derive(Clone, Debug)]
struct Refusal {
    message: String,
    hint: String,
}

impl Plan {
    /// Decides what settings leave open, and what is kept in memory. The result depends only on the settings, the
    /// models and the total memory of the device, never on free memory. If the run needs more than its share of that
    /// memory, fewer cutouts are judged at once, then blocks are computed twice.
    ///
    /// # Errors
    /// If the device does not exist, or a model does not support the size of the picture.
    pub fn new(settings: Settings, models: &Models) -> Result<Self> {
        let device = ComputeDevice::open(settings.device, settings.precision)?;
        Self::within(None, settings, models, &device)
    }

    /// Plans a run on an open device that uses at most `allowed` bytes of memory, if a number is given.
    ///
    /// # Errors
    /// If a model does not support the size of the picture.
    pub fn within(allowed: Option<u64>, settings: Settings, models: &Models, device: &ComputeDevice) -> Result<Self> {
        Self::beside(0, allowed, settings, models, device)
    }

    /// Plans a run like [`Plan::within`], but leaves room for a resting session of an earlier run with the same settings
    /// ([`super::Session::rest`]).
    ///
    /// # Errors
    /// If a model does not support the size of the picture.
    pub fn after_another(
        allowed: Option<u64>,
        settings: Settings,
        models: &Models,
        device: &ComputeDevice,
    ) -> Result<Self> {
        Self::beside(resting(&settings), allowed, settings, models, device)
    }

    /// Plans a run, and leaves room for something else that takes `beside` bytes of memory.
    fn beside(
        beside: u64,
        allowed: Option<u64>,
        mut settings: Settings,
        models: &Models,
        device: &ComputeDevice,
    ) -> Result<Self> {
        let room = device.room();
        let wanted = allowed.unwrap_or(device.total_memory() / MEMORY_SHARE.1 * MEMORY_SHARE.0);
        // A process may be allowed to use less memory than the machine has.
        let wanted = if device.gpu().is_none() { wanted.min(room) } else { wanted };
        let Fit { batch, recomputed, memory } = Fit::new(&settings, models, device, wanted.saturating_sub(beside))?;
        let memory = memory.saturating_add(beside);
        let most = allowed.unwrap_or(room).min(room);
        let limit = || match allowed.filter(|allowed| *allowed <= room) {
            Some(allowed) => format!("‹max-memory› allows {}", in_words(allowed)),
            None => device.room_in_words(),
        };
        let (reading, held) = {
            let estimate = Estimate::new(&settings, models, device.memory_of())?;
            let reading = estimate.while_reading().map(|reading| reading.saturating_add(beside));
            (reading, if device.gpu().is_none() { estimate.fixed() } else { 0 })
        };
        let refusal = if let Some(reading) = reading.filter(|reading| *reading > most) {
            let message = format!(
                "loading the models and reading the input images takes about {} of memory; {}",
                in_words(reading),
                limit()
            );
            let more = (reading <= room).then(|| format!(", or allow ‹max-memory› {}M", reading.div_ceil(1 << 20)));
            Some(Refusal { message, hint: format!("make the images smaller first{}", more.unwrap_or_default()) })
        } else if memory > most {
            let limit = limit();
            let (size, needed) = (settings.size, in_words(memory));
            let what = match settings.cut_batch {
                CutBatch::Auto => {
                    format!("a {size} picture needs about {needed} of memory even with one cutout at a time")
                }
                CutBatch::Count(_) => {
                    format!(
                        "a {size} picture with {} at a time needs about {needed} of memory",
                        counted(batch, "cutout")
                    )
                }
            };
            let message = format!("{what}; {limit}");
            let more = memory <= room;
            Some(Refusal {
                message,
                hint: way_out(&settings, models, device, (most.saturating_sub(beside), more.then_some(memory)))?,
            })
        } else {
            None
        };
        settings.cut_batch = CutBatch::Count(batch);
        let work_size = drawer::of(&settings.drawer)?.work_size(&settings, models.loaded())?;
        Ok(Self { settings, device: device.clone(), batch, recomputed, work_size, memory, held, refusal })
    }

    /// The same plan for another init image of the same size, and another number of iterations, which do not change how much
    /// memory drawing takes.
    #[must_use]
    pub fn starting_from(&self, init_image: PathBuf, iterations: usize) -> Self {
        let settings = Settings { init_image: Some(init_image), iterations, ..self.settings.clone() };
        Self { settings, ..self.clone() }
    }

    /// The settings, with nothing left open.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The device that computes.
    #[must_use]
    pub fn device(&self) -> &ComputeDevice {
        &self.device
    }

    /// The number of cutouts judged at once.
    #[must_use]
    pub fn cut_batch(&self) -> usize {
        self.batch
    }

    /// The number of blocks that are computed twice to save memory.
    #[must_use]
    pub fn recomputed(&self) -> Recomputed {
        self.recomputed
    }

    /// The size that the drawer works at; the middle is delivered, or all of it is resampled.
    #[must_use]
    pub fn work_size(&self) -> Size {
        self.work_size
    }

    /// The estimated peak memory of the run in bytes, including models and program.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// The part of the memory of the machine that is in use during the whole run and while files are encoded, in bytes: the
    /// program and its models. 0 if a GPU computes, which has them.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.held
    }

    /// Checks that the run fits in memory.
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

/// A way to fit a run into memory.
struct Fit {
    batch: usize,
    recomputed: Recomputed,
    memory: u64,
}

impl Fit {
    /// The fastest way that uses at most `allowed` bytes; if there is none, the way with the least memory.
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

/// The numbers of cutouts to try to judge at once, descending: those that cost little time, and those that cost more.
fn batches(settings: &Settings, device: &ComputeDevice) -> (Vec<usize>, Vec<usize>) {
    match settings.cut_batch {
        CutBatch::Count(batch) => (vec![batch.min(settings.cutouts)], Vec::new()),
        CutBatch::Auto => {
            // The more cutouts a GPU gets at once, the less it waits for the host.
            let most = if device.gpu().is_some() { settings.cutouts } else { settings.cutouts.min(LARGEST_BATCH) };
            let halves = std::iter::successors(Some(most), |batch| (*batch > 1).then(|| batch.div_ceil(2)));
            halves.partition(|batch| *batch >= SMALLEST_BATCH.min(most))
        }
    }
}

/// Options that would let a run fit into `allowed` bytes, and the limit of `needed` bytes if the machine has them.
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
        ways.push("‹cut-batch› auto".to_owned());
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
            ways.push(format!("‹size› {size}"));
            break;
        }
    }
    if let Some(needed) = needed {
        ways.push(format!("‹max-memory› {}M", needed.div_ceil(1 << 20)));
    }
    if ways.is_empty() {
        return Ok("choose smaller models with ‹vqgan› and ‹clip›".into());
    }
    Ok(format!("try {}", ways.join(" or ")))
}

//! From settings to files: every picture is drawn and delivered here.

mod aside;
mod checkpoints;
mod deliver;
mod draw;
mod enlarge;
mod moment;
mod morph;
mod restyle;

use std::path::PathBuf;

use candle_core::Tensor;

pub use aside::check_cutouts;
pub use checkpoints::{Checkpoints, remove_checkpoint};
pub use morph::{Ease, Morph};
pub use restyle::{Film, MEMORY, Restyle, SMOOTH, film_of, frames_in, wrote_frames_to};

use crate::device::ComputeDevice;
use crate::files::Existing;
use crate::models::ModelRecord;
use crate::output::{InputRecord, Products, Recipe, Stage};
use crate::progress::{Event, Stop};
use crate::session::{End, Models, SessionState};
use crate::settings::Settings;
use crate::video::remove_kept_frames;
use crate::{Error, Result};

/// A picture to draw, with everything that was decided before.
pub struct Job {
    /// The settings that decide the picture
    pub settings: Settings,
    /// The files to write; without an output, the picture is passed to the [`Progress`] as a PNG
    pub products: Products,
    /// The resources that it may use
    pub limits: Limits,
    /// The files that it is made from, hashed before the run so that the recipe records what was used
    pub inputs: Vec<InputRecord>,
    /// The state that the run continues from; none for a run from the beginning
    pub resumed: Option<Resumed>,
    /// The files that are written during the run
    pub aside: Aside,
    /// When the final files are written
    pub delivery: Delivery,
}

/// The resources that a run may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most memory of all concurrent runs together, in bytes
    pub max_memory: Option<u64>,
    /// The number of concurrent runs on the device, from 1
    pub jobs: usize,
}

/// The state that a run continues from.
pub struct Resumed {
    /// The state of the session
    pub state: SessionState,
    /// The stages of the run with other settings
    pub earlier: Vec<Stage>,
    /// The record of the prior that drew the first picture of the run, if it is known
    pub prior: Option<ModelRecord>,
}

/// The files that are written during a run.
#[derive(Default)]
pub struct Aside {
    /// How checkpoints are written
    pub checkpoints: Option<Checkpoints>,
    /// The iterations from one save of the picture to the next, or the frames of an animation
    pub save_every: Option<u64>,
    /// The folder for the cutouts
    pub cutouts: Option<(PathBuf, Existing)>,
}

/// When a run's files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Always, however the run ended, and if necessary in another place; the checkpoint stays
    Always,
    /// Only if the run reached its end; then the checkpoint is removed. Otherwise the job returns an error
    WhenDone,
}

/// Follows a job.
pub trait Progress {
    /// Receives an event.
    fn tell(&self, event: Event);

    /// May show the current picture.
    ///
    /// # Errors
    /// If `picture` returns an error, or the picture cannot be shown.
    fn show(&self, _picture: &mut dyn FnMut() -> Result<Tensor>, _is_final: bool) -> Result<()> {
        Ok(())
    }

    /// Takes the bytes of a finished PNG that goes to no file.
    ///
    /// # Errors
    /// If the PNG is lost; the movies are then not finished.
    fn take(&self, _png: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// The results of a job.
pub struct Done {
    /// How the picture was made
    pub recipe: Recipe,
    /// The picture as the files show it
    pub picture: Tensor,
    /// The path of the picture: its own name, a name beside it, or the name of a failed movie with the extension of a PNG
    pub saved: Option<PathBuf>,
    /// The paths of all files that were written, the picture first
    pub paths: Vec<PathBuf>,
    /// Why the picture could not be written to its path
    pub lost: Option<Error>,
    /// Why the first of the other files failed
    pub failed: Option<Error>,
    /// Why the run ended
    pub end: End,
}

impl Job {
    /// Draws the picture on an open device, and writes its files.
    ///
    /// # Errors
    /// If the picture cannot be drawn. With [`Delivery::WhenDone`] also if it cannot be written, and [`Error::Stopped`]
    /// if the run was stopped; in that case only the checkpoint and frames in a folder are written.
    pub fn run(self, models: &Models, device: &ComputeDevice, stop: &Stop, progress: &dyn Progress) -> Result<Done> {
        let kept = self.aside.checkpoints.as_ref().map(|checkpoints| (checkpoints.path.clone(), checkpoints.frames()));
        let done = draw::draw(self, models, device, stop, progress);
        // Without the checkpoint, nothing can continue from the frames.
        if let Some((_, frames)) = kept.filter(|(checkpoint, _)| done.is_err() && !checkpoint.exists()) {
            // The error of the run matters more than a failure to remove the frames.
            let _ = remove_kept_frames(&frames);
        }
        done
    }
}

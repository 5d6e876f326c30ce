//! The one way from settings to files: a picture is drawn, and all that is made of it is delivered.

mod aside;
mod checkpoints;
mod deliver;
mod draw;

use std::path::PathBuf;

use candle_core::Tensor;

pub use aside::check_cutouts;
pub use checkpoints::{Checkpoints, remove_checkpoint};

use crate::device::ComputeDevice;
use crate::files::Existing;
use crate::output::{InputRecord, Products, Recipe, Stage};
use crate::progress::{Event, Stop};
use crate::session::{End, Models, SessionState};
use crate::settings::Settings;
use crate::video::remove_kept_frames;
use crate::{Error, Result};

/// A picture to draw, with all that was decided before.
pub struct Job {
    /// What decides the picture
    pub settings: Settings,
    /// The files to write; without a PNG or a movie as the output, the PNG is handed to the [`Progress`]
    pub products: Products,
    /// What it may take of the machine
    pub limits: Limits,
    /// The files it is made from, hashed before the run, so that the recipe says what was used
    pub inputs: Vec<InputRecord>,
    /// What the run continues from; none from the beginning
    pub resumed: Option<Resumed>,
    /// What is written while the run goes on
    pub aside: Aside,
    /// When files are written
    pub delivery: Delivery,
}

/// What a run may take of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most memory in bytes, for all runs at the same time
    pub max_memory: Option<u64>,
    /// How many run at the same time on the device, from 1
    pub jobs: usize,
}

/// What a run continues from.
pub struct Resumed {
    /// What the session remembers
    pub state: SessionState,
    /// The run so far, if its settings were others
    pub earlier: Vec<Stage>,
}

/// What is written while a run goes on.
#[derive(Default)]
pub struct Aside {
    /// Where the run stands
    pub checkpoints: Option<Checkpoints>,
    /// The picture under its name, every so many iterations
    pub save_every: Option<u64>,
    /// What each CLIP sees, into this folder
    pub cutouts: Option<(PathBuf, Existing)>,
}

/// When a run's files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// However the run ended, and in another place if theirs takes none; its checkpoint stays
    Always,
    /// If the run came to its end; its checkpoint is removed with that. Without an end the run is an error
    WhenDone,
}

/// Follows a job.
pub trait Progress {
    /// Takes what happened.
    fn tell(&self, event: Event);

    /// May show the picture as it stands.
    ///
    /// # Errors
    /// What `picture` returns, or if it cannot be shown.
    fn show(&self, _picture: &mut dyn FnMut() -> Result<Tensor>, _is_final: bool) -> Result<()> {
        Ok(())
    }

    /// Takes the bytes of a finished PNG that no file is named for.
    ///
    /// # Errors
    /// If it is lost with that: the movies are then not finished.
    fn take(&self, _png: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// What came of a job.
pub struct Done {
    /// How the picture was made
    pub recipe: Recipe,
    /// The picture as it is in the files
    pub picture: Tensor,
    /// Where the PNG is: under its name, beside it, or because a movie failed that was to be made instead
    pub png: Option<PathBuf>,
    /// All files that were written, the PNG first
    pub paths: Vec<PathBuf>,
    /// Why the picture could not be written to its place
    pub lost: Option<Error>,
    /// Why the first of the other files failed
    pub failed: Option<Error>,
    /// Why the run ended
    pub end: End,
}

impl Job {
    /// Draws the picture on a device that the caller opened, and writes its files.
    ///
    /// # Errors
    /// If it cannot be drawn. With [`Delivery::WhenDone`] also if it cannot be written, and [`Error::Stopped`] if it
    /// was stopped; no file is written then but the checkpoint and frames in a folder.
    pub fn run(self, models: &Models, device: &ComputeDevice, stop: &Stop, progress: &dyn Progress) -> Result<Done> {
        let kept = self.aside.checkpoints.as_ref().map(|checkpoints| (checkpoints.path.clone(), checkpoints.frames()));
        let done = draw::draw(self, models, device, stop, progress);
        // Without a checkpoint nothing continues from its frames.
        if let Some((_, frames)) = kept.filter(|(checkpoint, _)| done.is_err() && !checkpoint.exists()) {
            // Why there is no picture is worth more than why they are still there.
            let _ = remove_kept_frames(&frames);
        }
        done
    }
}

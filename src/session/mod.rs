//! The loop: draw, judge, step. It prints nothing and writes no files; it reports its progress as events.

mod average;
mod backdrop;
mod build;
mod camera;
mod coloring;
mod fit;
mod follow;
mod iteration;
mod masks;
pub(crate) mod memory;
mod models;
mod no_text;
mod origin;
mod overlay;
mod plan;
mod plateau;
mod readings;
mod run;
mod second_pass;
mod shift;
mod showing;
mod start;
mod state;
mod styles;
mod targets;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::time::Duration;

use candle_core::Tensor;

pub use average::Average;
pub use camera::FrameStart;
pub use fit::FitSoFar;
pub use follow::Trace;
pub use iteration::Step;
pub use masks::Surroundings;
pub use memory::Recomputed;
pub(crate) use models::heads;
pub use models::{LoadedModel, ModelStore, Models, check_usable};
pub use no_text::prepare_no_text;
pub use origin::{begins_with_prior, needs_first_picture, prior_record};
pub use plan::{LARGEST_BATCH, Plan};
pub use plateau::Plateau;
pub use run::{End, Finished, run};
pub use state::{Judged, SessionState};

use build::optimizer;
use camera::Camera;
use coloring::Coloring;
use iteration::Iteration;
use masks::{Masking, Masks};
use overlay::Overlay;
use second_pass::SecondPass;

use crate::Result;
use crate::device::{ComputeDevice, Moment};
use crate::drawer::Drawer;
use crate::frozen::Network;
use crate::judge::{Fit, Judge, Loss};
use crate::optimizer::Optimizer;
use crate::settings::{Course, Settings};

/// A picture in the making.
pub struct Session {
    settings: Settings,
    device: ComputeDevice,
    drawer: Box<dyn Drawer>,
    judge: Judge,
    /// Losses of the picture itself
    losses: Vec<Box<dyn Loss>>,
    optimizer: Optimizer,
    /// The average of the parameters of all iterations that were launched, if settings ask for it
    average: Option<Average>,
    /// The picture of the average that was delivered last, with the number of sets of parameters in that average
    averaged: RefCell<Option<(u64, Tensor)>>,
    iteration: usize,
    plateau: Option<Plateau>,
    coloring: Option<Coloring>,
    last: Option<Judged>,
    /// Compares the whole picture with its prompts, by each CLIP
    fits: Vec<Fit>,
    fit: Option<FitSoFar>,
    /// The mask, if there is one
    masks: Option<Masks>,
    /// What the mask does to the pictures of the current pass
    masking: Option<Masking>,
    /// The image that is laid over the picture, if there is one
    overlay: Option<Overlay>,
    /// The second pass, if there is one
    second_pass: Option<SecondPass>,
    /// How the canvas moves, if it moves
    camera: Option<Camera>,
    /// The canvas at the start of the last frame that began with a motion
    frame_start: Option<FrameStart>,
    /// The picture before the canvas moved, if it moved for the last iteration
    frame_end: Option<Tensor>,
    /// The learning rate, if it has keyframes
    learning_rate: Option<Course>,
    /// The weight of the starting point, if it has keyframes
    hold: Option<Course>,
    /// Whether the next iteration is launched before the results of this one are read
    goes_ahead: bool,
    /// The next iteration, if it was launched; it may have failed
    ahead: Option<Result<Iteration>>,
    /// When the numbers of the last iteration, and all pictures up to it, were computed
    judged: Option<Moment>,
    /// Sums the squares of a gradient, to check that all of it is finite
    squares: Network,
    /// How long it took to launch the latest iteration
    asked_in: Duration,
}

impl Session {
    /// The last iteration; none before the first.
    #[must_use]
    pub fn last(&self) -> Option<&Judged> {
        self.last.as_ref()
    }

    /// Whether the loss has stopped improving and the settings ask to stop then.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.plateau.as_ref().is_some_and(Plateau::is_reached)
    }

    /// The number of iterations so far.
    #[must_use]
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// The settings of the picture, with nothing left open.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The device that computes.
    #[must_use]
    pub fn device(&self) -> &ComputeDevice {
        &self.device
    }

    /// The drawer.
    #[must_use]
    pub fn drawer(&self) -> &dyn Drawer {
        self.drawer.as_ref()
    }

    /// The judge.
    #[must_use]
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    /// How long the host took to launch the latest iteration, without waiting for the device.
    #[must_use]
    pub fn asked_in(&self) -> Duration {
        self.asked_in
    }
}

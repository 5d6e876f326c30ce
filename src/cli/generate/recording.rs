//! The moving pictures of a run: opened before it, fed with what it judges, finished with it.

use candle_core::Tensor;
use image::RgbImage;

use super::super::report::Reporter;
use crate::output::{Recipe, to_bytes};
use crate::session::Event;
use crate::settings::Settings;
use crate::video::{Outputs, Recorder};
use crate::{Error, Result};

/// The moving pictures that are being made; none where none is wanted.
pub(super) struct Recording(Option<Recorder>);

impl Recording {
    /// Opens the files for a run that begins with its picture `first`: 0, or where it goes on.
    pub(super) fn start(outputs: &Outputs, settings: &Settings, first: usize) -> Result<Self> {
        if outputs.is_empty() {
            return Ok(Self(None));
        }
        Recorder::start(outputs, &settings.video(), settings.size, first..=settings.iterations).map(Some).map(Self)
    }

    /// Takes the picture that an iteration judged, and tells what went wrong with earlier ones.
    pub(super) fn see(
        &mut self,
        iteration: usize,
        picture: &Tensor,
        recipe: impl FnOnce() -> Result<Recipe>,
        reporter: &Reporter,
    ) -> Result<()> {
        let Some(recorder) = &mut self.0 else { return Ok(()) };
        if recorder.wants(iteration) {
            let recipe = recorder.makes_folder().then(recipe).transpose()?;
            recorder.push(iteration, pixels(picture)?, recipe);
        }
        for problem in recorder.problems() {
            reporter.tell(&Event::Warning { message: format!("{problem}; the picture goes on") });
        }
        Ok(())
    }

    /// Takes the last picture and finishes the files: where each is, or why not.
    pub(super) fn finish(self, iterations: usize, picture: &Tensor, recipe: Recipe) -> Vec<Result<std::path::PathBuf>> {
        let Some(recorder) = self.0 else { return Vec::new() };
        match pixels(picture) {
            Ok(pixels) => recorder.finish(iterations, pixels, Some(recipe)),
            Err(error) => vec![Err(error)],
        }
    }
}

/// A picture's 8-bit colours, as the PNG has them.
fn pixels(picture: &Tensor) -> Result<RgbImage> {
    let (_, _, height, width) = picture.dims4()?;
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    RgbImage::from_raw(side(width), side(height), to_bytes(picture)?)
        .ok_or_else(|| Error::fault("a frame is no picture of three colours"))
}

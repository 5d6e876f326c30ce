//! The moving pictures of a run: opened before it, fed with what it judges, finished with it.

use std::path::PathBuf;

use candle_core::Tensor;

use super::{Outputs, Recorder};
use crate::Result;
use crate::output::Recipe;
use crate::picture::to_pixels;
use crate::settings::Settings;

/// The moving pictures that are being made; none where none is wanted.
pub struct Recording(Option<Recorder>);

impl Recording {
    /// Opens the files for a run that begins with its picture `first`: 0, or where it goes on.
    ///
    /// # Errors
    /// Where a file cannot be written or cannot hold such pictures.
    pub fn start(outputs: &Outputs, settings: &Settings, first: usize) -> Result<Self> {
        if outputs.is_empty() {
            return Ok(Self(None));
        }
        Recorder::start(outputs, &settings.video(), settings.size, first..=settings.iterations).map(Some).map(Self)
    }

    /// Takes the picture that an iteration judged, and warns of what went wrong with earlier ones.
    ///
    /// # Errors
    /// Where the tensor is no picture, or there is no recipe.
    pub fn see(
        &mut self,
        iteration: usize,
        picture: impl FnOnce() -> Result<Tensor>,
        recipe: impl FnOnce() -> Result<Recipe>,
        warn: &mut dyn FnMut(String),
    ) -> Result<()> {
        let Some(recorder) = &mut self.0 else { return Ok(()) };
        if recorder.wants(iteration) {
            let recipe = recorder.makes_folder().then(recipe).transpose()?;
            recorder.push(iteration, to_pixels(&picture()?)?, recipe);
        }
        for problem in recorder.problems() {
            warn(format!("{problem}; the picture goes on"));
        }
        Ok(())
    }

    /// Waits until frames that are files of their own are there, as what is saved now says.
    pub fn settle(&self) {
        if let Some(recorder) = &self.0 {
            recorder.settle();
        }
    }

    /// Takes the last picture and finishes the files: where each is, or why not.
    #[must_use]
    pub fn finish(self, iterations: usize, picture: &Tensor, recipe: Recipe) -> Vec<Result<PathBuf>> {
        let Some(recorder) = self.0 else { return Vec::new() };
        match to_pixels(picture) {
            Ok(pixels) => recorder.finish(iterations, pixels, Some(recipe)),
            Err(error) => vec![Err(error)],
        }
    }
}

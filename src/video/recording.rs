//! The moving pictures of a run: opened before the run, fed with its pictures, finished at its end.

use std::path::PathBuf;

use candle_core::Tensor;

use super::kept::{FrameFile, remove_kept_frames};
use super::{Recorder, Timeline};
use crate::Result;
use crate::output::{KeptFrames, Products, Recipe};
use crate::picture::to_pixels;
use crate::settings::Settings;

/// Where the frames of a run are kept, so that it can continue.
pub struct Keeping {
    /// The file of frames from now on
    pub path: PathBuf,
    /// The file of the run so far, and its extent; none if the run begins or kept no frames
    pub earlier: Option<(PathBuf, KeptFrames)>,
}

/// The moving pictures in the making; none if none is requested.
pub struct Recording(Option<Recorder>);

impl Recording {
    /// Opens the files for a run that begins with picture `first`, which is above 0 if the run continues. If movies
    /// lack their earlier frames, `warn` reports it.
    ///
    /// # Errors
    /// If a file cannot be written, or cannot contain pictures of this size.
    pub fn start(
        products: &Products,
        settings: &Settings,
        first: usize,
        keeping: Option<&Keeping>,
        warn: &mut dyn FnMut(String),
    ) -> Result<Self> {
        let has_movies = products.movies().next().is_some();
        let (mut kept, mut reason) = (None, String::new());
        if let Some(Keeping { path, earlier: Some((earlier, so_far)) }) = keeping.filter(|_| has_movies && first > 0) {
            match FrameFile::reopen(path, earlier, so_far, settings.upscaled_size()) {
                Ok(reopened) => kept = Some(reopened),
                Err(error) => reason = format!("; {error}"),
            }
        }
        for movie in products.movies().filter(|_| first > 0 && kept.is_none()) {
            let path = movie.path.display();
            warn(format!("{path} starts over after {first} iterations, without the earlier frames{reason}"));
        }
        match keeping {
            Some(Keeping { path, .. }) if has_movies && kept.is_none() => {
                match FrameFile::create(path, settings.upscaled_size()) {
                    Ok(created) => kept = Some(created),
                    Err(error) => warn(format!("{error}; movies start over if the run is resumed")),
                }
            }
            // An earlier run with this name may have left frames.
            Some(Keeping { path, .. }) if first == 0 => {
                if let Err(error) = remove_kept_frames(path) {
                    warn(error.to_string());
                }
            }
            _ => {}
        }
        if products.moving().next().is_none() {
            return Ok(Self(None));
        }
        let pictures = first..=settings.iterations;
        let shown = (&settings.video(), Timeline::of(settings));
        Recorder::keeping(products, shown, settings.upscaled_size(), pictures, kept).map(Some).map(Self)
    }

    /// Adds the picture that an iteration judged, and warns of problems with earlier pictures.
    ///
    /// # Errors
    /// If `picture` or `recipe` fails, or the tensor is not a picture.
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
            warn(format!("{problem}; the run continues"));
        }
        Ok(())
    }

    /// Waits until the frames so far are on the disk, as a checkpoint requires. Returns the extent of the kept frames.
    #[must_use]
    pub fn settle(&self) -> Option<KeptFrames> {
        self.0.as_ref().and_then(Recorder::settle)
    }

    /// Adds the last picture and finishes the files. Returns the path of each file, or why it failed.
    #[must_use]
    pub fn finish(self, iterations: usize, picture: &Tensor, recipe: Recipe) -> Vec<Result<PathBuf>> {
        let Some(recorder) = self.0 else { return Vec::new() };
        match to_pixels(picture) {
            Ok(pixels) => recorder.finish(iterations, pixels, Some(recipe)),
            Err(error) => vec![Err(error)],
        }
    }
}

//! The thread that makes moving pictures. It has each file in the making, or why the file failed.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender};

use image::{DynamicImage, RgbImage};

use super::Folder;
use super::blend::blended;
use super::kept::FrameFile;
use super::spool::Spool;
use crate::output::{Encoder, KeptFrames, Recipe};
use crate::picture::over_white;
use crate::{Error, Result};

/// A message to the thread.
pub(super) enum Message {
    Frame {
        picture: DynamicImage,
        /// The number of slots for which it is shown
        slots: usize,
        /// The number of slots of each frame in between that fades from the frame before into it
        between: Vec<usize>,
        recipe: Option<Box<Recipe>>,
        /// Whether the frame is kept for a run that continues
        is_kept: bool,
    },
    /// Answered when all frames so far are written, with the extent of the kept frames
    Settle(Sender<Option<KeptFrames>>),
    End {
        recipe: Option<Box<Recipe>>,
    },
}

/// The state of the thread.
pub(super) struct Reel {
    /// The files that are made of all frames
    pub(super) movies: Vec<Result<Box<dyn Encoder>>>,
    pub(super) folder: Option<Result<Folder>>,
    /// All frames, if they are also shown backward
    pub(super) spool: Option<Spool>,
    /// All frames, for a run that continues from a checkpoint
    pub(super) kept: Option<FrameFile>,
    /// The number of slots for which the last picture is held
    pub(super) hold: usize,
    /// Whether frames fade into each other
    pub(super) blends: bool,
    /// The last frame, if frames fade into each other
    pub(super) before: Option<RgbImage>,
    pub(super) tell: Sender<String>,
}

impl Reel {
    /// Handles all messages, and returns the path of each file or why it failed.
    pub(super) fn run(mut self, messages: &Receiver<Message>) -> Vec<Result<PathBuf>> {
        self.replay();
        for message in messages {
            match message {
                Message::Frame { picture, slots, between, recipe, is_kept } => {
                    // A frame that only fades into others is not shown.
                    if let Some(folder) = self.folder.as_mut().filter(|_| slots > 0) {
                        on(folder, &self.tell, |folder| folder.push(&picture, recipe.as_deref()));
                    }
                    let picture = over_white(picture);
                    if let Some(before) = self.before.take() {
                        for (index, slots) in between.iter().enumerate().filter(|(_, slots)| **slots > 0) {
                            let mixed = blended(&before, &picture, index + 1, between.len() + 1);
                            self.add(&mixed, *slots, is_kept);
                        }
                    }
                    self.add(&picture, slots, is_kept);
                    self.before = self.blends.then_some(picture);
                }
                Message::Settle(answer) => {
                    // The receiver may be gone.
                    let _ = answer.send(self.keep(|kept| kept.kept()));
                }
                Message::End { recipe } => return self.finish(recipe.as_deref()),
            }
        }
        // Without an end message, the files are dropped and removed.
        Vec::new()
    }

    /// Adds a frame to all movies.
    fn add(&mut self, picture: &RgbImage, slots: usize, is_kept: bool) {
        self.show(picture, slots);
        self.spool(picture, slots);
        if is_kept {
            self.keep(|kept| kept.push(picture, slots));
        }
    }

    /// Shows the kept frames of an earlier part of the run.
    fn replay(&mut self) {
        let Some(mut kept) = self.kept.take() else { return };
        match kept.replay(|picture, slots| {
            self.show(picture, slots);
            self.spool(picture, slots);
            // The last one fades into the next of the run.
            self.before = self.blends.then(|| picture.clone());
        }) {
            Ok(()) => self.kept = Some(kept),
            // The frames were intact a moment ago; a movie without them would be wrong.
            Err(error) => self.fail(error),
        }
    }

    fn show(&mut self, picture: &RgbImage, slots: usize) {
        // A frame that only fades into others is not shown.
        if slots == 0 {
            return;
        }
        for movie in &mut self.movies {
            on(movie, &self.tell, |movie| movie.push(picture, slots));
        }
    }

    fn spool(&mut self, picture: &RgbImage, slots: usize) {
        let Some(spool) = self.spool.as_mut().filter(|_| slots > 0) else { return };
        if let Err(error) = spool.push(picture, slots as u64) {
            self.fail(error);
        }
    }

    /// Works on the file of kept frames. If that fails, the file is removed, and the movies continue.
    fn keep<T>(&mut self, work: impl FnOnce(&mut FrameFile) -> Result<T>) -> Option<T> {
        let kept = self.kept.as_mut()?;
        match work(kept) {
            Ok(done) => Some(done),
            Err(error) => {
                let _ = self.tell.send(error.to_string());
                self.kept.take().into_iter().for_each(FrameFile::remove);
                None
            }
        }
    }

    /// Fails all movies: frames that they need again are lost.
    fn fail(&mut self, error: Error) {
        self.spool = None;
        let _ = self.tell.send(error.to_string());
        if !self.movies.is_empty() {
            self.movies = vec![Err(error)];
        }
    }

    /// Shows all slots again backward, except the first and the last.
    fn go_back(&mut self) -> Result<()> {
        let Some(mut spool) = self.spool.take() else { return Ok(()) };
        let last = spool.len().saturating_sub(1);
        for index in (0..spool.len()).rev() {
            let (picture, slots) = spool.read(index)?;
            let ends = usize::from(index == 0) + usize::from(index == last);
            let slots = usize::try_from(slots).unwrap_or(usize::MAX).saturating_sub(ends);
            if slots > 0 {
                self.show(&picture, slots);
            }
        }
        Ok(())
    }

    fn finish(mut self, recipe: Option<&Recipe>) -> Vec<Result<PathBuf>> {
        let hold = self.hold;
        for movie in &mut self.movies {
            on(movie, &self.tell, |movie| movie.hold(hold));
        }
        if let Err(error) = self.go_back() {
            self.fail(error);
        }
        let movies = self.movies.into_iter().map(|movie| movie?.finish(recipe));
        let folder = self.folder.into_iter().map(|folder| folder?.finish());
        movies.chain(folder).collect()
    }
}

/// Works on a file in the making. If that fails, the file is removed, and the others continue.
fn on<T>(file: &mut Result<T>, tell: &Sender<String>, work: impl FnOnce(&mut T) -> Result<()>) {
    let Ok(open) = file else { return };
    if let Err(error) = work(open) {
        let _ = tell.send(error.to_string());
        *file = Err(error);
    }
}

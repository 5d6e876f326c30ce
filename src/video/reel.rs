//! The thread that makes moving pictures: each file in the making, or what went wrong with it.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender};

use image::{DynamicImage, RgbImage};

use super::Folder;
use super::kept::FrameFile;
use super::spool::Spool;
use crate::output::{Encoder, KeptFrames, Recipe};
use crate::picture::over_white;
use crate::{Error, Result};

/// What the thread is sent.
pub(super) enum Message {
    Frame {
        picture: DynamicImage,
        slots: usize,
        recipe: Option<Box<Recipe>>,
        /// Whether the run may continue behind it
        is_kept: bool,
    },
    /// Answered when the frames before it are where they go, with how far those go that are kept
    Settle(Sender<Option<KeptFrames>>),
    End {
        recipe: Option<Box<Recipe>>,
    },
}

/// What the thread has.
pub(super) struct Reel {
    /// What is made of all frames
    pub(super) movies: Vec<Result<Box<dyn Encoder>>>,
    pub(super) folder: Option<Result<Folder>>,
    /// All frames, if they are seen backwards as well
    pub(super) spool: Option<Spool>,
    /// All frames, for a run that continues from a checkpoint
    pub(super) kept: Option<FrameFile>,
    /// Slots the last picture is held for
    pub(super) hold: usize,
    pub(super) tell: Sender<String>,
}

impl Reel {
    /// Does what it is sent, and returns where each file is or why it is not there.
    pub(super) fn run(mut self, messages: &Receiver<Message>) -> Vec<Result<PathBuf>> {
        self.replay();
        for message in messages {
            match message {
                Message::Frame { picture, slots, recipe, is_kept } => {
                    if let Some(folder) = &mut self.folder {
                        on(folder, &self.tell, |folder| folder.push(&picture, recipe.as_deref()));
                    }
                    let picture = over_white(picture);
                    self.show(&picture, slots);
                    self.spool(&picture, slots);
                    if is_kept {
                        self.keep(|kept| kept.push(&picture, slots));
                    }
                }
                Message::Settle(answer) => {
                    // Nobody may wait for it any more.
                    let _ = answer.send(self.keep(|kept| kept.kept()));
                }
                Message::End { recipe } => return self.finish(recipe.as_deref()),
            }
        }
        // Nobody wants the files any more.
        Vec::new()
    }

    /// Shows the frames of the earlier part of a run.
    fn replay(&mut self) {
        let Some(mut kept) = self.kept.take() else { return };
        match kept.replay(|picture, slots| {
            self.show(picture, slots);
            self.spool(picture, slots);
        }) {
            Ok(()) => self.kept = Some(kept),
            // They were whole a moment ago: a film without them would not be that of the run.
            Err(error) => self.fail(error),
        }
    }

    fn show(&mut self, picture: &RgbImage, slots: usize) {
        for movie in &mut self.movies {
            on(movie, &self.tell, |movie| movie.push(picture, slots));
        }
    }

    fn spool(&mut self, picture: &RgbImage, slots: usize) {
        let Some(spool) = &mut self.spool else { return };
        if let Err(error) = spool.push(picture, slots as u64) {
            self.fail(error);
        }
    }

    /// Works on the file of kept frames. If that fails the file goes, and movies of this part of the run go on.
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

    /// Without frames that are needed again, no movie can be finished.
    fn fail(&mut self, error: Error) {
        self.spool = None;
        let _ = self.tell.send(error.to_string());
        if !self.movies.is_empty() {
            self.movies = vec![Err(error)];
        }
    }

    /// Goes back: each slot again, but for the first and the last.
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

/// Does something with a file in the making; if that fails the file is removed, and the others go on.
fn on<T>(file: &mut Result<T>, tell: &Sender<String>, work: impl FnOnce(&mut T) -> Result<()>) {
    let Ok(open) = file else { return };
    if let Err(error) = work(open) {
        let _ = tell.send(error.to_string());
        *file = Err(error);
    }
}

//! Makes moving pictures beside a run: frames go through a channel of few places to a thread that encodes them.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use image::DynamicImage;

use super::kept::FrameFile;
use super::reel::{Message, Reel};
use super::spool::Spool;
use super::{Folder, KINDS, Timeline};
use crate::output::{KeptFrames, Make, Products, Recipe};
use crate::picture::Size;
use crate::settings::VideoSettings;
use crate::{Error, Result};

/// Frames that wait for the encoders at most, before the run waits for them.
const WAITING: usize = 3;

/// Takes a run's pictures, and makes moving ones of them.
pub struct Recorder {
    timeline: Timeline,
    /// The last picture that became a frame
    last: Option<usize>,
    makes_folder: bool,
    /// Whether frames are kept for a run that continues
    keeps: bool,
    sender: Option<SyncSender<Message>>,
    problems: Receiver<String>,
    thread: Option<JoinHandle<Vec<Result<PathBuf>>>>,
}

impl Recorder {
    /// Opens the files for pictures of one size, by their numbers in the run, and starts the thread. If the first is
    /// not 0 the run continues: so does its folder of frames, and movies do with the frames that are kept.
    ///
    /// # Errors
    /// If a file cannot be written or cannot hold such pictures.
    pub fn start(
        products: &Products,
        settings: &VideoSettings,
        size: Size,
        pictures: RangeInclusive<usize>,
    ) -> Result<Self> {
        Self::keeping(products, settings, size, pictures, None)
    }

    /// The same with a file that keeps the frames.
    pub(super) fn keeping(
        products: &Products,
        settings: &VideoSettings,
        size: Size,
        pictures: RangeInclusive<usize>,
        kept: Option<FrameFile>,
    ) -> Result<Self> {
        let timeline = Timeline::new(settings, *pictures.end());
        let (mut movies, mut folder) = (Vec::new(), None);
        for product in KINDS.into_iter().filter_map(|kind| products.of(kind)) {
            match product.kind.make {
                Make::Movie(open) => movies.push(Ok(open(product, size, settings)?)),
                Make::Folder => {
                    let before = timeline.frames_before(*pictures.start());
                    folder = Some(Ok(Folder::create(&product.path, product.existing, before)?));
                }
                Make::Picture | Make::Still(_) => {}
            }
        }
        let moving = products.movies().next().filter(|_| timeline.boomerang());
        let spool = moving.map(|product| Spool::create(&product.path, size)).transpose()?;
        let (sender, messages) = sync_channel(WAITING);
        let (tell, problems) = channel();
        let (makes_folder, keeps) = (folder.is_some(), kept.is_some());
        let reel = Reel { movies, folder, spool, kept, hold: timeline.hold(), tell };
        let thread = std::thread::Builder::new().name("encoder".into()).spawn(move || reel.run(&messages));
        let thread = thread.map_err(|error| Error::thread(&error))?;
        Ok(Self { timeline, last: None, makes_folder, keeps, sender: Some(sender), problems, thread: Some(thread) })
    }

    /// Whether a picture on the way is a frame.
    #[must_use]
    pub fn wants(&self, picture: usize) -> bool {
        self.timeline.slots(picture) > 0
    }

    /// Whether frames become files of their own, which have recipes of their own.
    #[must_use]
    pub fn makes_folder(&self) -> bool {
        self.makes_folder
    }

    /// Takes a picture, which a GIF and an MP4 show over white. Waits while the encoders are behind.
    pub fn push(&mut self, picture: usize, pixels: DynamicImage, recipe: Option<Recipe>) {
        self.send_frame(picture, (self.timeline.slots(picture), true), pixels, recipe);
    }

    fn send_frame(
        &mut self,
        picture: usize,
        (slots, is_kept): (usize, bool),
        pixels: DynamicImage,
        recipe: Option<Recipe>,
    ) {
        self.last = Some(picture);
        self.send(Message::Frame { picture: pixels, slots, recipe: recipe.map(Box::new), is_kept });
    }

    fn send(&self, message: Message) {
        // A thread that is gone tells why when it is joined.
        let _ = self.sender.as_ref().map(|sender| sender.send(message));
    }

    /// Waits until all frames it was given are where they go, so that a run that continues from here misses none: how
    /// far those go that are kept.
    #[must_use]
    pub fn settle(&self) -> Option<KeptFrames> {
        if !self.makes_folder && !self.keeps {
            return None;
        }
        let (answer, answered) = channel();
        self.send(Message::Settle(answer));
        // A thread that is gone has dropped the question.
        answered.recv().ok().flatten()
    }

    /// What went wrong since the last call, in sentences. Other files go on.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        self.problems.try_iter()
    }

    /// Takes the last picture, wherever the run ended, and finishes the files: where each is, or why not.
    #[must_use]
    pub fn finish(mut self, picture: usize, pixels: DynamicImage, recipe: Option<Recipe>) -> Vec<Result<PathBuf>> {
        if self.last != Some(picture) {
            // A run that continues shows it in its turn, if at all.
            let slots = self.timeline.slots(picture).max(1);
            self.send_frame(picture, (slots, false), pixels, recipe.clone());
        }
        self.end(recipe)
    }

    /// Finishes the files after the last frame.
    #[must_use]
    pub fn end(mut self, recipe: Option<Recipe>) -> Vec<Result<PathBuf>> {
        self.send(Message::End { recipe: recipe.map(Box::new) });
        let fault = || vec![Err(Error::fault("the thread that encodes frames panicked"))];
        self.thread.take().map_or_else(fault, |thread| thread.join().unwrap_or_else(|_| fault()))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.sender.take();
        // Without an end the thread removes what it wrote.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

//! Makes moving pictures during a run: frames go through a small channel to a thread that encodes them.

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

/// The most frames that wait for the encoders; if there are more, the run waits.
const WAITING: usize = 3;

/// Makes moving pictures from the pictures of a run.
pub struct Recorder {
    timeline: Timeline,
    /// The number of the last picture that became a frame
    last: Option<usize>,
    makes_folder: bool,
    /// Whether frames are kept so that the run can continue
    keeps: bool,
    sender: Option<SyncSender<Message>>,
    problems: Receiver<String>,
    thread: Option<JoinHandle<Vec<Result<PathBuf>>>>,
}

impl Recorder {
    /// Opens the files for pictures of one size and starts the thread. `pictures` has the numbers of the first and the
    /// last picture of the run. If the first number is not 0, the run continues: its folder of frames continues, and
    /// its movies continue if frames were kept.
    ///
    /// # Errors
    /// If a file cannot be written, or cannot contain pictures of this size.
    pub fn start(
        products: &Products,
        settings: &VideoSettings,
        size: Size,
        pictures: RangeInclusive<usize>,
    ) -> Result<Self> {
        let timeline = Timeline::new(settings, *pictures.end());
        Self::keeping(products, (settings, timeline), size, pictures, None)
    }

    /// Like [`Recorder::start`], with a timeline of the run and a file that keeps the frames.
    pub(super) fn keeping(
        products: &Products,
        (settings, timeline): (&VideoSettings, Timeline),
        size: Size,
        pictures: RangeInclusive<usize>,
        kept: Option<FrameFile>,
    ) -> Result<Self> {
        let (mut movies, mut folder) = (Vec::new(), None);
        for product in KINDS.into_iter().filter_map(|kind| products.of(kind)) {
            match product.kind.make {
                Make::Movie(open) => movies.push(Ok(open(product, size, settings)?)),
                Make::Folder => {
                    let before = timeline.frames_before(*pictures.start());
                    folder = Some(Ok(Folder::create(&product.path, product.existing, before)?));
                }
                Make::Picture | Make::Still(_) | Make::Reveal | Make::Finished(_) => {}
            }
        }
        let moving = products.movies().next().filter(|_| timeline.boomerang());
        let spool = moving.map(|product| Spool::create(&product.path, size)).transpose()?;
        let (sender, messages) = sync_channel(WAITING);
        let (tell, problems) = channel();
        let (makes_folder, keeps) = (folder.is_some(), kept.is_some());
        let (hold, blends) = (timeline.hold(), timeline.blend() > 0);
        let reel = Reel { movies, folder, spool, kept, hold, blends, before: None, tell };
        let thread = std::thread::Builder::new().name("encoder".into()).spawn(move || reel.run(&messages));
        let thread = thread.map_err(|error| Error::thread(&error))?;
        Ok(Self { timeline, last: None, makes_folder, keeps, sender: Some(sender), problems, thread: Some(thread) })
    }

    /// Whether a picture of the run is a frame.
    #[must_use]
    pub fn wants(&self, picture: usize) -> bool {
        self.timeline.is_frame(picture)
    }

    /// Whether frames also go to a folder, where each has its own recipe.
    #[must_use]
    pub fn makes_folder(&self) -> bool {
        self.makes_folder
    }

    /// Adds a picture, which a GIF and an MP4 show over white. Waits while the encoders are behind.
    pub fn push(&mut self, picture: usize, pixels: DynamicImage, recipe: Option<Recipe>) {
        self.send_frame(picture, (self.timeline.slots(picture), true), pixels, recipe);
    }

    /// Adds a picture as [`Recorder::push`] does, but shows it for `slots` slots, and each frame in between before it for
    /// `fading` slots.
    pub fn push_for(&mut self, picture: usize, (slots, fading): (usize, usize), pixels: DynamicImage) {
        let between = vec![fading; self.timeline.blend()];
        self.last = Some(picture);
        self.send(Message::Frame { picture: pixels, slots, between, recipe: None, is_kept: true });
    }

    fn send_frame(
        &mut self,
        picture: usize,
        (slots, is_kept): (usize, bool),
        pixels: DynamicImage,
        recipe: Option<Recipe>,
    ) {
        self.last = Some(picture);
        let between = self.timeline.slots_between(picture);
        self.send(Message::Frame { picture: pixels, slots, between, recipe: recipe.map(Box::new), is_kept });
    }

    fn send(&self, message: Message) {
        // If the thread has ended, joining it gives the reason.
        let _ = self.sender.as_ref().map(|sender| sender.send(message));
    }

    /// Waits until all frames so far are written, so that a run that continues from here lacks none. Returns the extent
    /// of the kept frames.
    #[must_use]
    pub fn settle(&self) -> Option<KeptFrames> {
        if !self.makes_folder && !self.keeps {
            return None;
        }
        let (answer, answered) = channel();
        self.send(Message::Settle(answer));
        // If the thread has ended, the channel is closed.
        answered.recv().ok().flatten()
    }

    /// The problems since the last call, in sentences. Other files continue.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        self.problems.try_iter()
    }

    /// Adds the last picture, wherever the run ended, and finishes the files. Returns the path of each file, or why it
    /// failed.
    #[must_use]
    pub fn finish(mut self, picture: usize, pixels: DynamicImage, recipe: Option<Recipe>) -> Vec<Result<PathBuf>> {
        // This frame is not kept: a run that continues shows the picture at its regular place, if at all.
        let slots = self.timeline.slots(picture);
        if self.last != Some(picture) {
            self.send_frame(picture, (slots.max(1), false), pixels, recipe.clone());
        } else if slots == 0 {
            // The frames before it have faded into it.
            let recipe = recipe.clone().map(Box::new);
            self.send(Message::Frame { picture: pixels, slots: 1, between: Vec::new(), recipe, is_kept: false });
        }
        self.end(recipe)
    }

    /// Finishes the files after the last frame. Returns the path of each file, or why it failed.
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
        // Without an end message, the thread removes its files.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

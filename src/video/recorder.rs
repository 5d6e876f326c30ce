//! Makes moving pictures beside a run: frames go through a channel of few places to a thread that encodes them.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use image::{DynamicImage, RgbImage};

use super::spool::Spool;
use super::{Folder, Gif, Mp4, Timeline};
use crate::files::Existing;
use crate::output::Recipe;
use crate::picture::{Size, over_white};
use crate::settings::VideoSettings;
use crate::{Error, Result};

/// Frames that wait for the encoders at most, before the run waits for them.
const WAITING: usize = 3;

/// What is to be made, and what happens to a file that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// An animated GIF
    pub gif: Option<(PathBuf, Existing)>,
    /// An MP4
    pub mp4: Option<(PathBuf, Existing)>,
    /// A folder of frames
    pub frames: Option<(PathBuf, Existing)>,
}

impl Outputs {
    /// Whether there is nothing to be made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses pictures that one of the files cannot hold.
    ///
    /// # Errors
    /// Where they are too large for it.
    pub fn check_size(&self, size: Size) -> Result<()> {
        self.gif.iter().try_for_each(|_| super::gif::check_size(size))?;
        self.mp4.iter().try_for_each(|_| super::h264::check_size(size))
    }
}

/// Takes a run's pictures, and makes moving ones of them.
pub struct Recorder {
    timeline: Timeline,
    /// The last picture that became a frame
    last: Option<usize>,
    makes_folder: bool,
    sender: Option<SyncSender<Message>>,
    problems: Receiver<String>,
    thread: Option<JoinHandle<Vec<Result<PathBuf>>>>,
}

enum Message {
    Frame {
        picture: DynamicImage,
        slots: usize,
        recipe: Option<Box<Recipe>>,
    },
    /// Dropped when the frames before it are where they go
    Settle(Sender<()>),
    End {
        recipe: Option<Box<Recipe>>,
    },
}

impl Recorder {
    /// Opens the files for pictures of one size, by their numbers in the run, and starts the thread. Where the first is
    /// not 0 the run goes on: its folder of frames does, and files begin anew.
    ///
    /// # Errors
    /// Where a file cannot be written or cannot hold such pictures.
    pub fn start(
        outputs: &Outputs,
        settings: &VideoSettings,
        size: Size,
        pictures: RangeInclusive<usize>,
    ) -> Result<Self> {
        outputs.check_size(size)?;
        let timeline = Timeline::new(settings, *pictures.end());
        let rate = settings.fps;
        let gif =
            outputs.gif.as_ref().map(|(path, existing)| Gif::create(path, *existing, size, rate, settings.gif_palette));
        let mp4 = outputs.mp4.as_ref().map(|(path, existing)| Mp4::create(path, *existing, size, rate));
        let frames = outputs
            .frames
            .as_ref()
            .map(|(path, existing)| Folder::create(path, *existing, timeline.frames_before(*pictures.start())));
        let (gif, mp4, folder) = (gif.transpose()?, mp4.transpose()?, frames.transpose()?);
        let moving = outputs.gif.as_ref().or(outputs.mp4.as_ref()).filter(|_| timeline.boomerang());
        let spool = moving.map(|(path, _)| Spool::create(path, size)).transpose()?;
        let (sender, messages) = sync_channel(WAITING);
        let (tell, problems) = channel();
        let makes_folder = folder.is_some();
        let reel =
            Reel { gif: gif.map(Ok), mp4: mp4.map(Ok), folder: folder.map(Ok), spool, hold: timeline.hold(), tell };
        let thread = std::thread::Builder::new().name("encoder".into()).spawn(move || reel.run(&messages));
        let thread = thread.map_err(|error| Error::thread(&error))?;
        Ok(Self { timeline, last: None, makes_folder, sender: Some(sender), problems, thread: Some(thread) })
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
        self.send_frame(picture, self.timeline.slots(picture), pixels, recipe);
    }

    fn send_frame(&mut self, picture: usize, slots: usize, pixels: DynamicImage, recipe: Option<Recipe>) {
        self.last = Some(picture);
        self.send(Message::Frame { picture: pixels, slots, recipe: recipe.map(Box::new) });
    }

    fn send(&self, message: Message) {
        // A thread that is gone tells why when it is joined.
        let _ = self.sender.as_ref().map(|sender| sender.send(message));
    }

    /// Waits until the folder has all frames it was given, so that a run that goes on from here misses none.
    pub fn settle(&self) {
        if self.makes_folder {
            let (answer, answered) = channel();
            self.send(Message::Settle(answer));
            // A thread that is gone has dropped it, too.
            let _ = answered.recv();
        }
    }

    /// What went wrong since the last call, in sentences. Other files go on.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        self.problems.try_iter()
    }

    /// Takes the last picture, wherever the run ended, and finishes the files: where each is, or why not.
    #[must_use]
    pub fn finish(mut self, picture: usize, pixels: DynamicImage, recipe: Option<Recipe>) -> Vec<Result<PathBuf>> {
        if self.last != Some(picture) {
            self.send_frame(picture, self.timeline.slots(picture).max(1), pixels, recipe.clone());
        }
        self.end(recipe)
    }

    /// Finishes the files after the last frame.
    #[must_use]
    pub fn end(mut self, recipe: Option<Recipe>) -> Vec<Result<PathBuf>> {
        self.send(Message::End { recipe: recipe.map(Box::new) });
        let fault = || vec![Err(Error::fault("the thread that encodes frames failed"))];
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

/// What the thread has: each file in the making, or what went wrong with it.
struct Reel {
    gif: Option<Result<Gif>>,
    mp4: Option<Result<Mp4>>,
    folder: Option<Result<Folder>>,
    /// All frames, where they are seen backwards, too
    spool: Option<Spool>,
    hold: usize,
    tell: Sender<String>,
}

impl Reel {
    fn run(mut self, messages: &Receiver<Message>) -> Vec<Result<PathBuf>> {
        for message in messages {
            match message {
                Message::Frame { picture, slots, recipe } => {
                    on(&mut self.folder, &self.tell, |folder| folder.push(&picture, recipe.as_deref()));
                    let picture = over_white(picture);
                    self.show(&picture, slots);
                    self.keep(&picture, slots);
                }
                Message::Settle(answer) => drop(answer),
                Message::End { recipe } => return self.finish(recipe.as_deref()),
            }
        }
        // Nobody wants the files any more.
        Vec::new()
    }

    fn show(&mut self, picture: &RgbImage, slots: usize) {
        on(&mut self.gif, &self.tell, |gif| gif.push(picture, slots));
        on(&mut self.mp4, &self.tell, |mp4| mp4.push(picture, slots));
    }

    fn keep(&mut self, picture: &RgbImage, slots: usize) {
        let Some(spool) = &mut self.spool else { return };
        if let Err(error) = spool.push(picture, slots as u64) {
            self.fail(error);
        }
    }

    /// Without what is needed to go back, nothing that moves can be finished.
    fn fail(&mut self, error: Error) {
        self.spool = None;
        let _ = self.tell.send(error.to_string());
        match (&mut self.gif, &mut self.mp4) {
            (Some(gif), _) => {
                *gif = Err(error);
                self.mp4 = None;
            }
            (None, Some(mp4)) => *mp4 = Err(error),
            (None, None) => {}
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
        on(&mut self.gif, &self.tell, |gif| {
            gif.hold(hold);
            Ok(())
        });
        on(&mut self.mp4, &self.tell, |mp4| mp4.hold(hold));
        if let Err(error) = self.go_back() {
            self.fail(error);
        }
        let gif = self.gif.map(|gif| gif?.finish(recipe));
        let mp4 = self.mp4.map(|mp4| mp4?.finish(recipe));
        let folder = self.folder.map(|folder| folder?.finish());
        [gif, mp4, folder].into_iter().flatten().collect()
    }
}

/// Does something with a file in the making; where that fails it is removed, and the others go on.
fn on<T>(file: &mut Option<Result<T>>, tell: &Sender<String>, work: impl FnOnce(&mut T) -> Result<()>) {
    let Some(Ok(open)) = file else { return };
    if let Err(error) = work(open) {
        let _ = tell.send(error.to_string());
        *file = Some(Err(error));
    }
}

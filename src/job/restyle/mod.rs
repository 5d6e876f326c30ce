//! Redraws the frames of a film, each from the previous one, and continues interrupted runs.
//!
//! Each frame is kept close to its own source (`--init-weight`), and starts from a mix of the end of the previous frame and the
//! start of its own source. With a share M of the previous frame (`memory`), a change that every frame makes adds up to
//! 1 / (1 - M) times that change. So after the first frame, a frame needs only the share 1 - M of the iterations to get as far
//! as a frame on its own. Then the parameters of neighbors are averaged. The start from the previous output, the weight of the
//! source and the average over neighbors come from clip-generator's `style_transfer`, which mixes no source into the start.
//! Where the source does not move, each frame also keeps a share M of the previous frame's pixels.

mod calm;
mod film;
mod keys;
mod work;

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::PathBuf;

use candle_core::Tensor;
use image::RgbImage;

pub use film::film_of;
pub use work::{frames_in, wrote_frames_to};

use super::draw::plan as plan_of;
use super::enlarge::Enlarger;
use super::{Limits, Progress};
use crate::device::ComputeDevice;
use crate::files::Existing;
use crate::output::{InputRecord, Restyled, Saver, encode};
use crate::progress::{Event, Figures, Stop};
use crate::session::{End, Models, Plan, Session, Trace, prepare_no_text, prior_record, run};
use crate::settings::Settings;
use crate::video::{Folder, FrameOfFilm, FrameSource, FramesOfFilm, Survey};
use crate::{Error, Result};
use calm::Calm;
use keys::Keys;
use work::{State, Work, is_done};

/// The default share of the previous frame in the start of a frame. A frame then takes a quarter of the iterations of the
/// first, 15 of 60, which is what films need in the experience of clip-generator (15 to 30).
pub const MEMORY: f64 = 0.75;
/// The default weight of each neighbor in the mean: clip-generator's 1 - 0.7, over three frames.
pub const SMOOTH: f64 = 0.3;

/// A film to redraw, with everything that was decided before.
pub struct Restyle {
    /// The settings of all frames; the init image is the first frame
    pub settings: Settings,
    /// The frames to start from
    pub source: FrameSource,
    /// What is known about these frames
    pub survey: Survey,
    /// The share of the previous frame in the start of a frame, and in its pixels where the source stands still, from 0 to
    /// less than 1
    pub memory: f64,
    /// The weight of each neighbor in the mean that is drawn, 0 to 1; that of the frame itself is 1
    pub smooth: f64,
    /// The resources that may be used
    pub limits: Limits,
    /// The files that all frames are made from, other than the frames of the source
    pub inputs: Vec<InputRecord>,
    /// The folder of the finished frames, which is created if needed
    pub frames: PathBuf,
    /// The folder for what the next run needs to continue after an interruption, which is created if needed
    pub work: PathBuf,
    /// What happens to frames in the folder that are not those of this film
    pub existing: Existing,
    /// Whether to redraw frames that already exist, unless an interrupted run left them
    pub afresh: bool,
}

/// How much of a film is drawn.
pub struct Film {
    work: Work,
    /// The number of finished frames, from the first on
    pub done: usize,
    /// The number of all frames
    pub frames: usize,
}

impl Film {
    /// Whether all frames are finished.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.done == self.frames
    }

    /// Removes what was kept for continuing after an interruption, and the frames if they are not wanted.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn finish(self, keeps_frames: bool) -> Result<()> {
        self.work.finish(keeps_frames)
    }
}

/// A frame that was drawn.
struct Drawn {
    frame: usize,
    plan: Plan,
    /// The session that drew it, until its file is written
    session: Option<Session>,
    /// Its source, if the previous frame is mixed into its pixels
    source: Option<RgbImage>,
    state: State,
}

impl Restyle {
    /// The number of iterations of a frame.
    #[must_use]
    pub fn iterations(&self, frame: usize) -> usize {
        let whole = self.settings.iterations;
        if frame == 0 || self.memory == 0.0 {
            return whole;
        }
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let share = (whole as f64 * (1.0 - self.memory)).ceil() as usize;
        share.min(whole)
    }

    /// Draws the missing frames on an open device, and writes the file of each. If a stop is requested, the finished frames
    /// stay.
    ///
    /// # Errors
    /// If a frame cannot be read, drawn or written; the finished frames stay.
    pub fn run(&self, models: &Models, device: &ComputeDevice, stop: &Stop, progress: &dyn Progress) -> Result<Film> {
        let told = RefCell::new(HashSet::new());
        let warn = |message: String| {
            // All frames have the same prompts.
            if told.borrow_mut().insert(message.clone()) {
                progress.tell(Event::Warning { message });
            }
        };
        let plan = if self.smooth > 0.0 {
            // A drawn frame waits in memory for its neighbor.
            Plan::after_another(self.limits.max_memory, self.settings.clone(), models, device)?
        } else {
            plan_of(self.settings.clone(), self.limits, models, device)?
        };
        plan.check()?;
        prepare_no_text(plan.settings(), models, stop, &mut |message| warn(message))?;
        let keys = Keys::new(self, &plan, models)?;
        if self.existing == Existing::Keep && !is_done(&self.frames, 0, &keys.delivered(0)) {
            Folder::check(&self.frames, Existing::Keep)?;
        }
        let work = Work::open(&self.frames, &self.work)?;
        // Frames of an interrupted run with the same settings need not be redrawn.
        if self.afresh && !work.is_for(keys.common()) {
            work.clear()?;
            work.cut(0)?;
        }
        work.note(keys.common())?;
        let calm = Calm::of(self, plan.settings().size)?;
        let run = Run { restyle: self, plan, models, keys, work, calm, stop, progress, warn: &warn };
        let done = run.draw()?;
        let frames = run.keys.count();
        if done == frames {
            run.work.cut(frames)?;
        }
        Ok(Film { work: run.work, done, frames })
    }

    /// Whether a frame needs more than its own source.
    fn is_linked(&self) -> bool {
        self.memory > 0.0 || self.smooth > 0.0
    }
}

/// A run over the frames.
struct Run<'a> {
    restyle: &'a Restyle,
    plan: Plan,
    models: &'a Models,
    keys: Keys,
    work: Work,
    /// None if pixels are not mixed
    calm: Option<Calm<'a>>,
    stop: &'a Stop,
    progress: &'a dyn Progress,
    warn: &'a dyn Fn(String),
}

/// Where a run begins.
struct Begin {
    /// The first frame to draw
    first: usize,
    /// The frame before it
    before: Option<Drawn>,
    /// What the frame before that one left
    earlier: Option<Trace>,
    frames: FramesOfFilm,
}

impl Run<'_> {
    /// Draws all missing frames, and returns the number of finished frames from the first on.
    fn draw(&self) -> Result<usize> {
        let count = self.keys.count();
        let is_there = |frame: &usize| is_done(&self.restyle.frames, *frame, &self.keys.delivered(*frame));
        let mut done = (0..count).take_while(is_there).count();
        if done == count {
            self.progress.tell(Event::Restyling { frames: count, done });
            return Ok(count);
        }
        let Begin { first, mut before, mut earlier, mut frames } = self.begin(done)?;
        if first == 0 && self.restyle.is_linked() {
            done = 0;
        }
        self.progress.tell(Event::Restyling { frames: count, done });
        for frame in first..count {
            let source = frames.take()?;
            if self.stop.is_requested() {
                return Ok(done);
            }
            if !self.restyle.is_linked() && is_there(&frame) {
                done = frame + 1;
                self.progress.tell(Event::Restyled { frame });
                continue;
            }
            let Some(mut drawn) = self.draw_frame(frame, source, before.as_ref())? else { return Ok(done) };
            if self.restyle.is_linked() {
                self.work.keep(frame, self.keys.drawn(frame), &drawn.state)?;
            }
            if self.restyle.smooth > 0.0 {
                if let Some(before) = &mut before {
                    done = self.deliver(before, earlier.as_ref(), Some(&drawn.state.trace))?.unwrap_or(done);
                }
            } else {
                done = self.deliver(&mut drawn, None, None)?.unwrap_or(done);
            }
            if let Some(useless) = frame.checked_sub(2) {
                self.work.forget(useless)?;
            }
            earlier = before.map(|before| before.state.trace);
            before = Some(drawn);
        }
        if let Some(last) = &mut before {
            done = self.deliver(last, earlier.as_ref(), None)?.unwrap_or(done);
        }
        Ok(done)
    }

    /// Finds where to start if this many frames are done: after the last frame whose state was kept.
    fn begin(&self, done: usize) -> Result<Begin> {
        let kept = |frame: usize| self.work.kept(frame, self.keys.drawn(frame));
        let frames_from = |first: usize| self.restyle.source.frames_from(first);
        let over = || Ok(Begin { first: 0, before: None, earlier: None, frames: frames_from(0)? });
        if !self.restyle.is_linked() {
            return over();
        }
        let earlier = done.checked_sub(1).and_then(kept);
        if done > 0 && earlier.is_none() {
            return over();
        }
        // The next frame may already be drawn, waiting for its neighbor.
        if self.restyle.smooth > 0.0
            && let Some(state) = kept(done)
        {
            let mut frames = frames_from(done)?;
            let (plan, mut session, source) = self.session(done, frames.take()?)?;
            session.take(&state.trace)?;
            session.rest();
            let before = Drawn { frame: done, plan, session: Some(session), source, state };
            let earlier = earlier.map(|state| state.trace);
            return Ok(Begin { first: done + 1, before: Some(before), earlier, frames });
        }
        let before = done.checked_sub(1).zip(earlier);
        let (plan, source) = (&self.plan, None);
        let before = before.map(|(frame, state)| Drawn { frame, plan: plan.clone(), session: None, source, state });
        Ok(Begin { first: done, before, earlier: None, frames: frames_from(done)? })
    }

    /// The session of a frame, with its source if that is needed later.
    fn session(&self, frame: usize, source: FrameOfFilm) -> Result<(Plan, Session, Option<RgbImage>)> {
        let seen = self.calm.as_ref().map(|calm| calm.source(&source)).transpose()?;
        let path = match source {
            FrameOfFilm::File(path) => path,
            FrameOfFilm::Pixels(picture) => self.work.source(picture)?,
        };
        let plan = self.plan.starting_from(path, self.restyle.iterations(frame));
        let session = Session::new(&plan, self.models, &mut |message| (self.warn)(message))?;
        Ok((plan, session, seen))
    }

    /// Draws a frame; none if a stop is requested in the meantime.
    fn draw_frame(&self, frame: usize, source: FrameOfFilm, before: Option<&Drawn>) -> Result<Option<Drawn>> {
        let (plan, mut session, source) = self.session(frame, source)?;
        if let Some(before) = before.filter(|_| self.restyle.memory > 0.0) {
            session.follow(&before.state.trace, self.restyle.memory)?;
        }
        let mut watch = |event: Event, picture: Option<&Tensor>, session: &Session| -> Result<()> {
            let (Event::Step { .. }, Some(picture)) = (&event, picture) else { return Ok(()) };
            self.progress.show(&mut || session.delivered(picture), false)
        };
        let finished = run(&mut session, self.stop, &mut watch)?;
        match finished.end {
            End::Done | End::Plateau => {}
            End::Stopped => return Ok(None),
            End::Fault(fault) => {
                let problem = format!("frame {frame} cannot be drawn: {fault}");
                return Err(Error::file(self.restyle.source.path(), problem, fault.hint()));
            }
        }
        let Figures { loss, first_fit, .. } = finished.figures;
        let state = State { trace: session.trace()?, iterations: finished.iterations, loss, first_fit };
        // The frame may have to wait for its neighbor.
        session.rest();
        Ok(Some(Drawn { frame, plan, session: Some(session), source, state }))
    }

    /// Writes the file of a frame, unless it was written before, and returns how many frames are then done. The parameters of
    /// its neighbors are mixed in.
    fn deliver(&self, drawn: &mut Drawn, before: Option<&Trace>, after: Option<&Trace>) -> Result<Option<usize>> {
        let Some(mut session) = drawn.session.take() else { return Ok(None) };
        let (frame, smooth) = (drawn.frame, self.restyle.smooth);
        if smooth > 0.0 {
            let own = (&drawn.state.trace, 1.0);
            let neighbors = before.into_iter().chain(after).map(|trace| (trace, smooth));
            session.take(&Trace::mean(&std::iter::once(own).chain(neighbors).collect::<Vec<_>>())?)?;
        }
        let (picture, drawing) = (session.picture()?, session.drawing()?);
        let measured = session.figures(&picture, drawn.state.loss)?;
        let figures = Figures { first_fit: drawn.state.first_fit, ..measured };
        let (settings, device) = (drawn.plan.settings(), drawn.plan.device());
        let enlarger = Enlarger::new(settings, self.models, device, session.surroundings())?;
        let picture = enlarger.enlarge(picture)?;
        let picture = match self.calm.as_ref().zip(drawn.source.take()) {
            Some((calm, source)) => calm.mixed(frame, source, picture)?,
            None => picture,
        };
        self.progress.show(&mut || Ok(picture.clone()), frame + 1 == self.keys.count())?;
        let inputs = self.restyle.inputs.clone();
        let mut saver = Saver::new(settings, inputs, self.models, Vec::new(), prior_record(settings));
        let mut recipe = saver.recipe(drawn.state.iterations, figures, false)?;
        let source = self.restyle.source.file(frame);
        let sha256 = self.restyle.survey.of_file(frame);
        recipe.inputs.push(InputRecord { option: "init-image".to_owned(), path: source.to_owned(), sha256 });
        recipe.settings.init_image = Some(source.to_owned());
        let (memory, key) = (self.restyle.memory, self.keys.delivered(frame));
        recipe.restyled = Some(Restyled { frame, memory, smooth, key });
        self.work.deliver(frame, &encode(&picture, Some(&recipe), drawing.as_ref())?)?;
        self.progress.tell(Event::Restyled { frame });
        Ok(Some(frame + 1))
    }
}

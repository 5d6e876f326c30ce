//! Progress, warnings and failures on standard error.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use candle_core::Tensor;
use clap::ValueEnum;
use image::RgbImage;

use super::download_bars::DownloadBars;
use super::preview::{Preview, PreviewKind};
use super::stdout::Unprinted;
use super::{Bar, Tone, Unit, labeled, one_line};
use crate::cli::{FAILED, INTERRUPTED, USAGE, terminal};
use crate::job;
use crate::picture::to_image;
use crate::progress::{Ending, Event, Figures, InFields};
use crate::text::waiting;
use crate::{Error, Result};

pub(in crate::cli) use super::line;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Progress {
    /// A bar in a terminal, lines elsewhere and in notebooks
    Auto,
    /// A bar
    Bar,
    /// A line every few seconds
    Lines,
    /// One JSON object per line
    Json,
    /// Only warnings and errors
    None,
}

impl Progress {
    /// This, or only warnings and errors if `quiet`; events stay events.
    pub(in crate::cli) fn unless_quiet(self, quiet: bool) -> Self {
        if quiet && self != Self::Json { Self::None } else { self }
    }
}

/// Shows events.
pub(in crate::cli) struct Reporter {
    progress: Progress,
    bar: RefCell<Option<Bar>>,
    downloads: DownloadBars,
    /// Whether a download has begun and not ended
    is_downloading: Cell<bool>,
    /// Whether failures also name options as fields of JSON
    names_fields: bool,
    started: Instant,
    last_line: Cell<Option<Instant>>,
    total: Cell<usize>,
    /// The iterations of each frame of an animation
    per_frame: Cell<Option<usize>>,
    preview: RefCell<Option<Preview>>,
}

/// Time between two lines of progress.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

impl job::Progress for Reporter {
    fn tell(&self, event: Event) {
        Self::tell(self, &event);
    }

    fn show(&self, picture: &mut dyn FnMut() -> Result<Tensor>, is_final: bool) -> Result<()> {
        Self::show(self, picture, is_final)
    }
}

impl Reporter {
    pub(in crate::cli) fn new(progress: Progress) -> Self {
        let progress = match progress {
            Progress::Auto if terminal::can_draw() && !terminal::is_notebook() => Progress::Bar,
            Progress::Bar if terminal::can_draw() => Progress::Bar,
            Progress::Auto | Progress::Bar => Progress::Lines,
            other => other,
        };
        let started = Instant::now();
        let (bar, downloads) = (RefCell::new(None), DownloadBars::new(progress));
        Self {
            progress,
            bar,
            downloads,
            is_downloading: Cell::new(false),
            names_fields: false,
            started,
            last_line: Cell::new(None),
            total: Cell::new(0),
            per_frame: Cell::new(None),
            preview: RefCell::default(),
        }
    }

    /// Also shows the picture if there is a bar in a terminal.
    pub(in crate::cli) fn with_preview(self, kind: PreviewKind) -> Self {
        let here = self.progress == Progress::Bar;
        Self { preview: RefCell::new(Preview::new(kind).filter(|_| here)), ..self }
    }

    /// If `is_server`, also reports failures with options named as JSON fields, for a worker that answers requests.
    pub(in crate::cli) fn for_server(self, is_server: bool) -> Self {
        Self { names_fields: is_server, ..self }
    }

    /// How progress is shown, with `Auto` resolved.
    pub(in crate::cli) fn progress(&self) -> Progress {
        self.progress
    }

    /// The reporter of received signals.
    pub(in crate::cli) fn acknowledgment(&self) -> Acknowledgment {
        Acknowledgment { progress: self.progress }
    }

    pub(in crate::cli) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Shows an event.
    pub(in crate::cli) fn tell(&self, event: &Event) {
        self.follow_download(event);
        if self.progress == Progress::Json {
            if let Ok(json) = serde_json::to_string(event) {
                terminal::json_line(&json);
            }
            return;
        }
        self.downloads.tell(event);
        match event {
            Event::Submitted { job, .. } if self.progress != Progress::None => line(&format!("job {job}")),
            Event::Waiting { position, waiting, starts_in } => {
                self.wait(&waiting::in_words(*position, *waiting, *starts_in));
            }
            Event::Started { iterations, done, gpu, iterations_per_frame, .. } => {
                if let Some(gpu) = gpu.as_ref().filter(|_| self.progress != Progress::None) {
                    line(&format!("drawing on {gpu}"));
                }
                self.per_frame.set(*iterations_per_frame);
                match iterations_per_frame {
                    Some(each) => self.start(iterations.div_ceil(*each), done / each, Unit::Frames),
                    None => self.start(*iterations, *done, Unit::Iterations),
                }
            }
            Event::Restyling { frames, done } => self.start(*frames, *done, Unit::Frames),
            Event::Restyled { frame } => {
                self.advance(frame + 1, || format!("drew frame {} of {}", frame + 1, self.total.get()));
            }
            Event::Encoding { frames } => self.start(*frames, 0, Unit::Frames),
            Event::Encoded { frame } => {
                self.advance(frame + 1, || format!("frame {} of {}", frame + 1, self.total.get()));
            }
            Event::Enlarging { tiles } => self.start(*tiles, 0, Unit::Tiles),
            Event::Enlarged { tile } => {
                self.advance(tile + 1, || format!("enlarged tile {} of {}", tile + 1, self.total.get()));
            }
            Event::Step { iteration, loss, fit, .. } => {
                self.step(iteration + 1, Figures::lately(Some(*loss), *fit));
            }
            Event::Warning { message } => terminal::warning(message),
            Event::Failed { message, hint, .. } => {
                self.end();
                terminal::error(message, hint);
            }
            Event::Finished { .. } => {
                self.end();
                if let Some((tone, label, text)) = summary(event).filter(|_| self.progress != Progress::None) {
                    labeled(tone, &label, &text);
                }
            }
            Event::Submitted { .. }
            | Event::Saved { .. }
            | Event::Checkpoint { .. }
            | Event::Download { .. }
            | Event::Downloaded { .. }
            | Event::Converting { .. }
            | Event::Stopping { .. } => {}
        }
    }

    /// Reports a failure and returns its exit code.
    pub(in crate::cli) fn failed(&self, error: &anyhow::Error) -> u8 {
        let (text, hint, exit_code) = if let Some(error) = error.downcast_ref::<Error>() {
            let exit_code = match error {
                Error::Stopped => INTERRUPTED,
                error if error.is_usage() => USAGE,
                _ => FAILED,
            };
            (error.to_string(), self.hint_of(error), exit_code)
        } else if let Some(error) = error.downcast_ref::<Unprinted>() {
            (error.to_string(), error.hint().to_owned(), FAILED)
        } else {
            let hint = "this is a bug or a problem with the system; please report it together with the command";
            (format!("{error:#}"), hint.to_owned(), FAILED)
        };
        let message = one_line(&text);
        let in_fields = error.downcast_ref::<Error>().filter(|_| self.names_fields).map(Error::in_fields);
        let in_fields = in_fields.map(|(message, hint)| InFields { message: one_line(&message), hint });
        let in_fields = in_fields.filter(|fields| (&fields.message, &fields.hint) != (&message, &hint));
        self.tell(&Event::Failed { message, hint, exit_code, in_fields });
        exit_code
    }

    /// Notes whether a download is going on.
    fn follow_download(&self, event: &Event) {
        match event {
            Event::Download { .. } => self.is_downloading.set(true),
            Event::Downloaded { all_done, all_total, .. } => self.is_downloading.set(Some(*all_done) != *all_total),
            Event::Warning { .. } | Event::Stopping { .. } => {}
            _ => self.is_downloading.set(false),
        }
    }

    /// What the user can do about an error now.
    fn hint_of(&self, error: &Error) -> String {
        let hint = error.hint();
        let is_kept = matches!(error, Error::Stopped) && self.is_downloading.get();
        if is_kept { format!("{hint}; partial downloads are kept") } else { hint }
    }

    fn start(&self, total: usize, done: usize, unit: Unit) {
        self.total.set(total);
        if self.progress != Progress::Bar {
            return;
        }
        let mut bar = Bar::new(unit, Some(total as u64));
        bar.begin(done as u64);
        *self.bar.borrow_mut() = Some(bar);
    }

    /// Shows how long a job will wait.
    fn wait(&self, text: &str) {
        if self.progress == Progress::Bar {
            *self.bar.borrow_mut() = None;
            let mut bar = Bar::new(Unit::Iterations, None);
            bar.set_note(format!("waiting: {text}"));
            bar.show(0);
            *self.bar.borrow_mut() = Some(bar);
        } else if self.progress == Progress::Lines {
            line(&format!("waiting: {text}"));
        }
    }

    fn step(&self, done: usize, figures: Figures) {
        let how = figures.in_short().unwrap_or_default();
        if let Some(bar) = self.bar.borrow_mut().as_mut() {
            bar.set_note(how.clone());
        }
        let total = self.total.get();
        match self.per_frame.get() {
            Some(each) if done.is_multiple_of(each) => {
                self.advance(done / each, || format!("frame {} of {total}, {how}", done / each));
            }
            // A frame counts when it is finished.
            Some(_) => {}
            None => self.advance(done, || format!("iteration {done} of {total}, {how}")),
        }
    }

    /// Moves the bar, or writes a line if one is due.
    fn advance(&self, done: usize, text: impl FnOnce() -> String) {
        if let Some(bar) = self.bar.borrow_mut().as_mut() {
            bar.show(done as u64);
        }
        let now = Instant::now();
        let due = self.last_line.get().is_none_or(|last| now - last >= LINE_INTERVAL) || done == self.total.get();
        if self.progress == Progress::Lines && due {
            self.last_line.set(Some(now));
            line(&format!("{}, {:.1} s", text(), self.seconds()));
        }
    }

    /// Shows the current picture, with white where it is transparent; not too often, except for the last one.
    pub(in crate::cli) fn show(&self, picture: impl FnOnce() -> Result<Tensor>, is_final: bool) -> Result<()> {
        self.show_image(|| to_image(&picture()?).map(Some), is_final)
    }

    /// Shows the current picture, if there is one; not too often, except for the last one.
    pub(in crate::cli) fn show_image(
        &self,
        picture: impl FnOnce() -> Result<Option<RgbImage>>,
        is_final: bool,
    ) -> Result<()> {
        let mut preview = self.preview.borrow_mut();
        let Some(preview) = preview.as_mut().filter(|preview| is_final || preview.is_due()) else { return Ok(()) };
        let Some(picture) = picture()? else { return Ok(()) };
        if let Some(picture) = preview.draw(&picture)? {
            terminal::show(picture);
        }
        Ok(())
    }

    /// Removes the bars, and leaves the picture where it is.
    pub(in crate::cli) fn end(&self) {
        self.downloads.end();
        *self.bar.borrow_mut() = None;
        terminal::leave_picture();
    }
}

/// The summary of a finished run: a label with its tone, and the rest.
fn summary(event: &Event) -> Option<(Tone, String, String)> {
    let Event::Finished { path, seed, iterations, figures, seconds, width, height, iterations_total, ending } = event
    else {
        return None;
    };
    let of = format!("at {iterations} of {iterations_total}:");
    let (tone, label, count) = match ending {
        Ending::Done => {
            let many = if *iterations == 1 { "" } else { "s" };
            (Tone::Done, "done:".to_owned(), Some(format!("{iterations} iteration{many}")))
        }
        Ending::Settled => (
            Tone::Done,
            "done:".to_owned(),
            Some(format!("settled after {iterations} of {iterations_total} iterations")),
        ),
        Ending::Interrupted => (Tone::Warning, format!("interrupted {of}"), None),
        Ending::Failed => (Tone::Error, format!("failed {of}"), None),
    };
    let fields = [
        Some(format!("{width}x{height}")),
        count,
        Some(format!("{seconds:.1} s")),
        Some(format!("seed {seed}")),
        figures.in_words(),
        path.as_ref().map(|path| path.display().to_string()),
    ];
    Some((tone, label, fields.into_iter().flatten().collect::<Vec<_>>().join(", ")))
}

/// Reports that a signal was received, from the thread that receives signals.
pub(in crate::cli) struct Acknowledgment {
    progress: Progress,
}

impl Acknowledgment {
    pub(in crate::cli) fn tell(&self, message: String) {
        if self.progress != Progress::Json {
            line(&message);
        } else if let Ok(json) = serde_json::to_string(&Event::Stopping { message }) {
            terminal::json_line(&json);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_downloads_are_kept_only_if_there_are_some() {
        let reporter = Reporter::new(Progress::None);
        let hint = || reporter.hint_of(&Error::Stopped);
        let arrived = |all_done| Event::Downloaded {
            file: "a".into(),
            done: all_done,
            total: Some(5),
            all_done,
            all_total: Some(5),
        };
        assert_eq!(hint(), "run the command again");
        let (model, from) = ("m".to_owned(), "n".to_owned());
        reporter.tell(&Event::Download { model, files: 1, bytes: Some(5), licence: None, from });
        assert_eq!(hint(), "run the command again; partial downloads are kept");
        reporter.tell(&arrived(3));
        assert_eq!(hint(), "run the command again; partial downloads are kept");
        reporter.tell(&arrived(5));
        assert_eq!(hint(), "run the command again");
    }
}

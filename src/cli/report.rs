//! What is told on standard error: progress, warnings and failures.

use std::cell::{Cell, RefCell};
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use candle_core::Tensor;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::download_bars::DownloadBars;
use super::preview::{Preview, PreviewKind};
use super::screen::{Bars, Screen};
use super::{FAILED, INTERRUPTED, USAGE};
use crate::session::Event;
use crate::{Error, Result};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Progress {
    /// A bar in a terminal, lines elsewhere and in notebooks
    Auto,
    /// A bar
    Bar,
    /// A line every few seconds
    Lines,
    /// Every line a JSON object
    Json,
    /// Nothing but warnings and errors
    None,
}

/// Shows events.
pub(super) struct Reporter {
    progress: Progress,
    bar: RefCell<Option<ProgressBar>>,
    downloads: DownloadBars,
    started: Instant,
    last_line: Cell<Option<Instant>>,
    total: Cell<usize>,
    preview: RefCell<Option<Preview>>,
    screen: Arc<Screen>,
}

/// Time between two lines of progress.
const LINE_INTERVAL: Duration = Duration::from_secs(5);
/// What a bar shows.
const DRAWING: &str = "{bar:30} {pos}/{len} · {per_sec} · {eta} left · loss {msg}";
const ENCODING: &str = "{bar:30} {pos}/{len} frames · {per_sec} · {eta} left";

impl Reporter {
    pub(super) fn new(progress: Progress) -> Self {
        let progress = match progress {
            Progress::Auto if std::io::stderr().is_terminal() && !is_notebook() => Progress::Bar,
            Progress::Auto => Progress::Lines,
            other => other,
        };
        let started = Instant::now();
        let screen = Arc::<Screen>::default();
        let (bar, downloads) = (RefCell::new(None), DownloadBars::new(progress, screen.clone()));
        Self {
            progress,
            bar,
            downloads,
            started,
            last_line: Cell::new(None),
            total: Cell::new(0),
            preview: RefCell::default(),
            screen,
        }
    }

    /// Also shows the picture, where there is a bar in a terminal.
    pub(super) fn with_preview(self, kind: PreviewKind) -> Self {
        let here = self.progress == Progress::Bar && std::io::stderr().is_terminal();
        Self { preview: RefCell::new(Preview::new(kind).filter(|_| here)), ..self }
    }

    /// How progress is shown, with nothing left to find out.
    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    /// What tells that a signal was heard.
    pub(super) fn acknowledgment(&self) -> Acknowledgment {
        Acknowledgment { progress: self.progress, screen: self.screen.clone() }
    }

    /// What stands at the bottom of the terminal.
    pub(super) fn screen(&self) -> &Arc<Screen> {
        &self.screen
    }

    pub(super) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Shows an event.
    pub(super) fn tell(&self, event: &Event) {
        if self.progress == Progress::Json {
            if let Ok(json) = serde_json::to_string(event) {
                line(&json);
            }
            return;
        }
        self.downloads.tell(event);
        match event {
            Event::Started { iterations, done, gpu, .. } => {
                if let Some(gpu) = gpu.as_ref().filter(|_| self.progress != Progress::None) {
                    line(&format!("drawing on {gpu}"));
                }
                self.start(*iterations, *done, DRAWING);
            }
            Event::Encoding { frames } => self.start(*frames, 0, ENCODING),
            Event::Encoded { frame } => {
                self.advance(frame + 1, || format!("frame {} of {}", frame + 1, self.total.get()));
            }
            Event::Step { iteration, loss, .. } => self.step(iteration + 1, *loss),
            Event::Warning { message } => self.aside(&format!("warning: {message}")),
            Event::Failed { message, hint, .. } => {
                self.end();
                line(&format!("error: {message}"));
                line(&format!("hint: {hint}"));
            }
            Event::Finished { .. } => self.end(),
            Event::Saved { .. }
            | Event::Checkpoint { .. }
            | Event::Download { .. }
            | Event::Downloaded { .. }
            | Event::Converting { .. }
            | Event::Stopping { .. } => {}
        }
    }

    /// Tells a failure and returns its exit code.
    pub(super) fn failed(&self, error: &anyhow::Error) -> u8 {
        let (text, hint, exit_code) = if let Some(error) = error.downcast_ref::<Error>() {
            let exit_code = match error {
                Error::Stopped => INTERRUPTED,
                error if error.is_usage() => USAGE,
                _ => FAILED,
            };
            (error.to_string(), error.hint(), exit_code)
        } else {
            let hint = "this is a fault of the program or of the system: please report it";
            (format!("{error:#}"), hint.to_owned(), FAILED)
        };
        let message = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.tell(&Event::Failed { message, hint, exit_code });
        exit_code
    }

    fn start(&self, total: usize, done: usize, template: &str) {
        self.total.set(total);
        if self.progress != Progress::Bar {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        // The rate is that of what is left to do.
        bar.set_position(done as u64);
        bar.reset_eta();
        self.screen.set(Some(Bars::One(bar.clone())));
        *self.bar.borrow_mut() = Some(bar);
    }

    fn step(&self, done: usize, loss: f64) {
        if let Some(bar) = self.bar.borrow().as_ref() {
            bar.set_message(format!("{loss:.4}"));
        }
        let total = self.total.get();
        self.advance(done, || format!("iteration {done} of {total}, loss {loss:.4}"));
    }

    /// Moves the bar, or writes a line where one is due.
    fn advance(&self, done: usize, text: impl FnOnce() -> String) {
        if let Some(bar) = self.bar.borrow().as_ref() {
            bar.set_position(done as u64);
        }
        let now = Instant::now();
        let due = self.last_line.get().is_none_or(|last| now - last >= LINE_INTERVAL) || done == self.total.get();
        if self.progress == Progress::Lines && due {
            self.last_line.set(Some(now));
            line(&format!("{}, {:.1} s", text(), self.seconds()));
        }
    }

    /// Shows the picture as it stands; not too often, but for the last.
    pub(super) fn show(&self, picture: impl FnOnce() -> Result<Tensor>, is_final: bool) -> Result<()> {
        let mut preview = self.preview.borrow_mut();
        let Some(preview) = preview.as_mut().filter(|preview| is_final || preview.is_due()) else { return Ok(()) };
        if self.screen.was_interrupted() {
            preview.leave();
        }
        let text = preview.draw(&picture()?)?;
        // There is nobody to tell that it could not be written.
        let write = || drop(std::io::stderr().lock().write_all(text.as_bytes()));
        match self.bar.borrow().as_ref() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
        Ok(())
    }

    fn aside(&self, text: &str) {
        if let Some(preview) = self.preview.borrow_mut().as_mut() {
            preview.leave();
        }
        match self.bar.borrow().as_ref() {
            Some(bar) => bar.suspend(|| line(text)),
            None => line(text),
        }
    }

    fn end(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            self.screen.set(None);
            bar.finish_and_clear();
        }
    }
}

/// Tells that a signal was heard, from the thread that receives signals.
pub(super) struct Acknowledgment {
    progress: Progress,
    screen: Arc<Screen>,
}

impl Acknowledgment {
    pub(super) fn tell(&self, message: String) {
        if self.progress != Progress::Json {
            self.screen.say(&message);
        } else if let Ok(json) = serde_json::to_string(&Event::Stopping { message }) {
            line(&json);
        }
    }
}

/// Whether a notebook's cell shows what is written. Its `!` gives programs a terminal, of which it shows only the text.
fn is_notebook() -> bool {
    // jupyter_client's launcher sets the first, ipykernel the second, whoever launches it.
    let plots_inline = |value: std::ffi::OsString| {
        let value = value.to_string_lossy();
        value.starts_with("module://matplotlib_inline") || value.starts_with("module://ipykernel")
    };
    std::env::var_os("JPY_PARENT_PID").is_some() || std::env::var_os("MPLBACKEND").is_some_and(plots_inline)
}

/// Writes a line to standard error; there is nobody to tell that this failed.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

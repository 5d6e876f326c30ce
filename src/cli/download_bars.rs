//! Downloads on standard error: a bar for each file and one for all, or lines.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::report::{Progress, line};
use super::screen::{self, Screen};
use crate::models::hub::megabytes;
use crate::session::Event;

/// Time between two lines about the same file.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Shows downloads.
pub(super) struct DownloadBars {
    progress: Progress,
    bars: RefCell<Option<Bars>>,
    last_line: Cell<Option<Instant>>,
    screen: Arc<Screen>,
}

/// The bars of one download.
struct Bars {
    together: MultiProgress,
    all: ProgressBar,
    /// Each file's name and bar
    files: Vec<(String, ProgressBar)>,
}

impl DownloadBars {
    pub(super) fn new(progress: Progress, screen: Arc<Screen>) -> Self {
        Self { progress, bars: RefCell::new(None), last_line: Cell::new(None), screen }
    }

    /// Shows an event; any that is of no download ends the bars.
    pub(super) fn tell(&self, event: &Event) {
        match event {
            Event::Download { model, files, bytes, licence, from } => {
                self.end();
                let size = bytes.map_or_else(|| "of unknown size".into(), megabytes);
                let licence = licence.as_ref().map_or_else(String::new, |licence| format!("; licence: {licence}"));
                let files = if *files == 1 { "1 file".into() } else { format!("{files} files") };
                self.say(&format!("downloading {model}: {files}, {size}, from {from}{licence}"));
                if self.progress == Progress::Bar {
                    let bars = Bars::new();
                    self.screen.set(Some(screen::Bars::Several(bars.together.clone())));
                    *self.bars.borrow_mut() = Some(bars);
                }
            }
            Event::Downloaded { file, done, total, all_done, all_total } => {
                if let Some(bars) = self.bars.borrow_mut().as_mut() {
                    bars.show(file, (*done, *total), (*all_done, *all_total));
                }
                self.show_line(file, *done, *total);
            }
            Event::Converting { file } => {
                self.end();
                self.say(&format!("converting {file}, once"));
            }
            _ => self.end(),
        }
    }

    fn say(&self, text: &str) {
        if matches!(self.progress, Progress::Bar | Progress::Lines) {
            line(text);
        }
    }

    fn show_line(&self, file: &str, done: u64, total: Option<u64>) {
        let now = Instant::now();
        let due = self.last_line.get().is_none_or(|last| now - last >= LINE_INTERVAL);
        if self.progress == Progress::Lines && due {
            self.last_line.set(Some(now));
            let total = total.map_or_else(String::new, |total| format!(" of {}", megabytes(total)));
            line(&format!("{file}: {}{total}", megabytes(done)));
        }
    }

    fn end(&self) {
        if let Some(bars) = self.bars.borrow_mut().take() {
            self.screen.set(None);
            // What is left of the bars when the screen cannot be cleared is no fault.
            let _ = bars.together.clear();
        }
    }
}

impl Bars {
    fn new() -> Self {
        let together = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let all = together.add(bar("all files"));
        Self { together, all, files: Vec::new() }
    }

    fn show(&mut self, file: &str, own: (u64, Option<u64>), all: (u64, Option<u64>)) {
        let known = self.files.iter().position(|(name, _)| name == file);
        let index = known.unwrap_or_else(|| {
            self.files.push((file.to_owned(), self.together.insert_before(&self.all, bar(file))));
            self.files.len() - 1
        });
        set(&self.files[index].1, own);
        set(&self.all, all);
    }
}

fn bar(name: &str) -> ProgressBar {
    let bar = ProgressBar::no_length();
    let template = "{bar:30} {decimal_bytes} of {decimal_total_bytes} · {decimal_bytes_per_sec} · {eta} left · {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(name.to_owned());
    bar
}

fn set(bar: &ProgressBar, (done, total): (u64, Option<u64>)) {
    if let Some(total) = total {
        bar.set_length(total);
    }
    bar.set_position(done);
}

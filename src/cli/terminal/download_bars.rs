//! Downloads on standard error: a bar for each file and one for all files, or lines.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use super::report::Progress;
use super::{Bar, Unit, line};
use crate::models::hub::megabytes;
use crate::progress::Event;

/// Time between two lines about the same file.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Shows downloads.
pub(in crate::cli) struct DownloadBars {
    progress: Progress,
    bars: RefCell<Option<Bars>>,
    last_line: Cell<Option<Instant>>,
}

/// The bars of one download.
struct Bars {
    /// Each file's name and bar
    files: Vec<(String, Bar)>,
    all: Bar,
}

impl DownloadBars {
    pub(in crate::cli) fn new(progress: Progress) -> Self {
        Self { progress, bars: RefCell::new(None), last_line: Cell::new(None) }
    }

    /// Shows an event. An event that is not about a download ends the bars.
    pub(in crate::cli) fn tell(&self, event: &Event) {
        match event {
            Event::Download { model, files, bytes, licence, from } => {
                self.end();
                let size = bytes.map_or_else(|| "of unknown size".into(), megabytes);
                let licence = licence.as_ref().map_or_else(String::new, |licence| format!("; license: {licence}"));
                let files = if *files == 1 { "1 file".into() } else { format!("{files} files") };
                self.say(&format!("downloading {model}: {files}, {size}, from {from}{licence}"));
                if self.progress == Progress::Bar {
                    *self.bars.borrow_mut() = Some(Bars::new());
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
                self.say(&format!("converting {file} (only once)"));
            }
            _ => self.end(),
        }
    }

    /// Removes the bars.
    pub(in crate::cli) fn end(&self) {
        *self.bars.borrow_mut() = None;
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
}

impl Bars {
    fn new() -> Self {
        let mut all = Bar::new(Unit::Bytes, None);
        all.set_name("all files");
        Self { files: Vec::new(), all }
    }

    fn show(&mut self, file: &str, own: (u64, Option<u64>), all: (u64, Option<u64>)) {
        let known = self.files.iter().position(|(name, _)| name == file);
        let index = known.unwrap_or_else(|| {
            let mut bar = Bar::above(&self.all, Unit::Bytes, own.1);
            bar.set_name(file);
            // Bytes from an earlier run took no time in this one.
            bar.begin(own.0);
            self.all.begin(all.0);
            self.files.push((file.to_owned(), bar));
            self.files.len() - 1
        });
        for (bar, (done, total)) in [(&mut self.files[index].1, own), (&mut self.all, all)] {
            if total.is_some() {
                bar.set_total(total);
            }
            bar.show(done);
        }
    }
}

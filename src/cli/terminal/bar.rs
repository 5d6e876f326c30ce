//! A bar that fits its terminal: if the terminal is narrow, the least important fields are left out.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::pace::{Pace, speed, time_left};
use super::visible;
use super::window::Window;
use crate::models::hub::megabytes;

/// The narrowest and the widest bar, in columns.
const BAR: (usize, usize) = (8, 30);
/// The fewest columns in which a long name's end is shown.
const NAME: usize = 12;
/// The separator between two fields.
const BETWEEN: &str = " · ";

/// The unit that a bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Unit {
    Iterations,
    Frames,
    Tiles,
    Pictures,
    Bytes,
}

/// A bar on the screen, until it is dropped.
pub(in crate::cli) struct Bar {
    drawn: ProgressBar,
    unit: Unit,
    done: u64,
    total: Option<u64>,
    pace: Pace,
    name: String,
    note: String,
}

impl Bar {
    /// A bar below the existing ones, shown from its first count on.
    pub(in crate::cli) fn new(unit: Unit, total: Option<u64>) -> Self {
        Self::of(super::BARS.add(ProgressBar::no_length()), unit, total)
    }

    /// A bar above another.
    pub(in crate::cli) fn above(other: &Self, unit: Unit, total: Option<u64>) -> Self {
        Self::of(super::BARS.insert_before(&other.drawn, ProgressBar::no_length()), unit, total)
    }

    fn of(drawn: ProgressBar, unit: Unit, total: Option<u64>) -> Self {
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            drawn.set_style(style);
        }
        let pace = Pace::new(Instant::now(), 0);
        Self { drawn, unit, done: 0, total, pace, name: String::new(), note: String::new() }
    }

    /// Starts counting at `done`.
    pub(in crate::cli) fn begin(&mut self, done: u64) {
        self.pace = Pace::new(Instant::now(), done);
        self.show(done);
    }

    /// Counts another unit from now on.
    pub(in crate::cli) fn set_unit(&mut self, unit: Unit, total: Option<u64>) {
        if self.unit != unit {
            self.pace = Pace::new(Instant::now(), 0);
        }
        (self.unit, self.total) = (unit, total);
    }

    /// Shows nothing until the next count.
    pub(in crate::cli) fn rest(&self) {
        self.drawn.set_message("");
    }

    /// Sets the total, if it is known.
    pub(in crate::cli) fn set_total(&mut self, total: Option<u64>) {
        self.total = total;
    }

    /// Sets the name, which comes last.
    pub(in crate::cli) fn set_name(&mut self, name: &str) {
        self.name = visible(name).into_owned();
    }

    /// Sets the note, which follows the counts.
    pub(in crate::cli) fn set_note(&mut self, note: String) {
        self.note = note;
    }

    /// Shows a count, together with the name and the note.
    pub(in crate::cli) fn show(&mut self, done: u64) {
        self.done = done;
        self.pace.note(Instant::now(), done);
        let text = fit(Window::now().columns(), self.share(), &self.fields(), &self.name);
        self.drawn.set_message(text);
    }

    /// The share that is done, 0 to 1.
    #[allow(clippy::cast_precision_loss)]
    fn share(&self) -> Option<f64> {
        let total = self.total?;
        Some(if total == 0 { 1.0 } else { (self.done as f64 / total as f64).min(1.0) })
    }

    /// The fields in order, each with its rank: the most important one has 0.
    fn fields(&self) -> Vec<(usize, String)> {
        let (done, rate) = (self.done, self.pace.rate());
        let of = |total: Option<u64>| total.map_or_else(|| done.to_string(), |total| format!("{done}/{total}"));
        let (count, speed) = match self.unit {
            Unit::Iterations => (of(self.total), rate.and_then(|rate| speed(rate, "it", "it"))),
            Unit::Frames => (of(self.total) + " frames", rate.and_then(|rate| speed(rate, "frame", "frames"))),
            Unit::Tiles => (of(self.total) + " tiles", None),
            Unit::Pictures => (of(self.total) + " pictures", None),
            Unit::Bytes => {
                let total = self.total.map_or_else(String::new, |total| format!(" of {}", megabytes(total)));
                (megabytes(done) + &total, rate.map(bytes_per_second))
            }
        };
        let left = self.total.zip(rate).and_then(|(total, rate)| time_left(total.saturating_sub(done), rate));
        let note = Some(self.note.clone()).filter(|note| !note.is_empty());
        // Nothing is known about a count that has not begun.
        let count = Some(count).filter(|_| done > 0 || self.total.is_some());
        let fields = [(0, count), (2, speed), (1, left), (3, note)];
        fields.into_iter().filter_map(|(rank, text)| Some((rank, text?))).collect()
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.drawn.finish_and_clear();
        super::BARS.remove(&self.drawn);
    }
}

fn bytes_per_second(rate: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let bytes = rate as u64;
    format!("{}/s", megabytes(bytes))
}

/// A line of at most `width` columns: a bar if a share is known, the fields up to a rank, and the name.
fn fit(width: usize, share: Option<f64>, fields: &[(usize, String)], name: &str) -> String {
    let last = fields.iter().map(|(rank, _)| *rank).max().unwrap_or_default();
    for (with_bar, with_name) in [(true, true), (true, false), (false, false)] {
        let share = share.filter(|_| with_bar);
        let name = if with_name { name } else { "" };
        let name_width = name.width();
        let least_name = if name.is_empty() { 0 } else { BETWEEN.width() + name_width.min(NAME) };
        let least_bar = if share.is_some() { BAR.0 + 1 } else { 0 };
        for most in (0..=last).rev() {
            let shown: Vec<&str> =
                fields.iter().filter(|(rank, _)| *rank <= most).map(|(_, text)| text.as_str()).collect();
            let text = shown.join(BETWEEN);
            let Some(room) = width.checked_sub(text.width() + least_bar + least_name) else { continue };
            let wider_name = room.min(name_width.saturating_sub(NAME));
            let mut line = String::new();
            if let Some(share) = share {
                line = bar(share, (BAR.0 + room - wider_name).min(BAR.1)) + " ";
            }
            line += &text;
            if !name.is_empty() {
                line += if text.is_empty() { "" } else { BETWEEN };
                line += &end_of(name, name_width.min(NAME) + wider_name);
            }
            return line;
        }
    }
    fields.iter().find(|(rank, _)| *rank == 0).map(|(_, text)| end_of(text, width)).unwrap_or_default()
}

fn bar(share: f64, width: usize) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let full = ((share * width as f64) as usize).min(width);
    "█".repeat(full) + &"░".repeat(width - full)
}

/// The end of a text that is wider than `width` columns, after an ellipsis.
fn end_of(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let mut end: Vec<char> = Vec::new();
    for character in text.chars().rev() {
        let Some(rest) = room.checked_sub(character.width().unwrap_or(0)) else { break };
        room = rest;
        end.push(character);
    }
    "…".chars().take(width).chain(end.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Vec<(usize, String)> {
        [(0, "22/200"), (2, "6.8 it/s"), (1, "26 s left"), (3, "loss 0.9123")]
            .map(|(rank, text)| (rank, text.to_owned()))
            .into()
    }

    #[test]
    fn a_line_fits_any_width() {
        let names = ["", "a.png", "pictures/a-red-apple-on-a-blue-background-7.png", "木木木木木木木木木木.png"];
        for width in 1..200 {
            for (name, share) in names.iter().flat_map(|name| [(name, Some(0.11)), (name, None)]) {
                let line = fit(width, share, &fields(), name);
                assert!(line.width() <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn the_least_important_goes_first() {
        let line = |width: usize| fit(width, Some(0.5), &fields(), "");
        assert_eq!(
            line(200),
            format!("{}{} 22/200 · 6.8 it/s · 26 s left · loss 0.9123", "█".repeat(15), "░".repeat(15))
        );
        assert_eq!(line(52), "████░░░░ 22/200 · 6.8 it/s · 26 s left · loss 0.9123");
        assert_eq!(line(51), "██████████░░░░░░░░░░░ 22/200 · 6.8 it/s · 26 s left");
        assert_eq!(line(30), "█████░░░░░░ 22/200 · 26 s left");
        assert_eq!(line(20), "██████░░░░░░░ 22/200");
        assert_eq!(line(14), "22/200");
        assert_eq!(line(4), "…200");
        let named = fit(40, Some(0.5), &fields(), "pictures/a-red-apple-on-a-blue-background-7.png");
        assert_eq!(named, "████░░░░ 22/200 · …blue-background-7.png");
    }
}

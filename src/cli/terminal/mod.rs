//! The border between the program and the terminal: every line, bar and picture on standard error goes through here.

mod bar;
mod color;
#[cfg(feature = "server")]
pub(super) mod detach;
mod download_bars;
pub(super) mod interrupt;
#[cfg(feature = "server")]
pub(super) mod log;
mod pace;
pub(super) mod preview;
mod question;
pub(super) mod report;
pub(super) mod stdout;
mod target;
mod text;
pub(super) mod usage;
mod window;

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::channel;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressDrawTarget};

pub(in crate::cli) use bar::{Bar, Unit};
pub(in crate::cli) use color::{HELP, Tone, is_output_colored};
pub(in crate::cli) use question::confirmed;
#[cfg(feature = "server")]
pub(in crate::cli) use question::{answer, hidden};
pub(in crate::cli) use text::{visible, visible_json, visible_toml};
pub(in crate::cli) use window::{Area, Window};

/// The most often that bars are drawn, per second.
const DRAWINGS: u8 = 20;
/// The longest wait for a terminal that does not respond, before the program ends without it.
const PATIENCE: Duration = Duration::from_millis(200);

/// All bars on the screen.
static BARS: LazyLock<MultiProgress> = LazyLock::new(|| {
    MultiProgress::with_draw_target(if can_draw() {
        ProgressDrawTarget::term_like_with_hz(Box::new(target::Target::default()), DRAWINGS)
    } else {
        ProgressDrawTarget::hidden()
    })
});

/// The picture above the bars. The holder of the lock may write.
static PICTURE: Mutex<Option<Picture>> = Mutex::new(None);

/// A picture on the screen.
pub(in crate::cli) struct Picture {
    pub(in crate::cli) area: Area,
    /// Text that shows the picture at the cursor and leaves the cursor at the start of the line below
    pub(in crate::cli) text: String,
    /// Text that removes the picture, in addition to clearing its lines
    pub(in crate::cli) removal: String,
}

/// Whether standard error is a terminal on which the cursor can be moved.
pub(in crate::cli) fn can_draw() -> bool {
    let is_dumb = match std::env::var_os("TERM") {
        Some(term) => term.is_empty() || term == "dumb",
        None => cfg!(unix),
    };
    io::stderr().is_terminal() && !is_dumb
}

/// Whether output goes to the cell of a notebook, whose `!` gives programs a terminal but shows only the text.
pub(in crate::cli) fn is_notebook() -> bool {
    // The launcher of jupyter_client sets the first variable; ipykernel sets the second, whatever launches it.
    let plots_inline = |value: std::ffi::OsString| {
        let value = value.to_string_lossy();
        value.starts_with("module://matplotlib_inline") || value.starts_with("module://ipykernel")
    };
    std::env::var_os("JPY_PARENT_PID").is_some() || std::env::var_os("MPLBACKEND").is_some_and(plots_inline)
}

/// Writes a line to standard error, above the bars and the picture, from any thread. Characters that are unsafe to show
/// are escaped. A failure to write cannot be reported anywhere.
pub(in crate::cli) fn line(text: &str) {
    write_line(&visible(text));
}

/// Writes a line that begins with a label in its color, as [`line`] does.
pub(in crate::cli) fn labeled(tone: Tone, label: &str, text: &str) {
    write_line(&format!("{} {}", tone.paint(label), visible(text)));
}

/// Writes a warning, as [`line`] does; several lines become one.
pub(in crate::cli) fn warning(text: &str) {
    labeled(Tone::Warning, "warning:", &one_line(text));
}

/// Writes what failed and what to do, as [`line`] does; several lines become one.
pub(in crate::cli) fn error(message: &str, hint: &str) {
    labeled(Tone::Error, "error:", &one_line(message));
    labeled(Tone::Hint, "hint:", &one_line(hint));
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes a JSON object as a line, as [`line`] does.
pub(in crate::cli) fn json_line(json: &str) {
    write_line(&visible_json(json));
}

fn write_line(safe: &str) {
    // In one piece: other processes may write into the same log.
    let text = format!("{safe}\n");
    above(|| drop(io::stderr().lock().write_all(text.as_bytes())));
}

/// Calls `write`, whose output goes above the bars and the picture. It must not call this function again.
pub(in crate::cli) fn above<T>(write: impl FnOnce() -> T) -> T {
    let mut picture = locked(&PICTURE);
    BARS.suspend(|| {
        let is_shown = picture.as_ref().is_some_and(Picture::remove);
        let result = write();
        // A picture that no longer fits the window is shown again when it is next drawn.
        *picture = picture.take().filter(|picture| is_shown && picture.fits());
        if let Some(picture) = picture.as_ref() {
            picture.show(&room(picture.area.rows));
        }
        result
    })
}

/// Shows a picture above the bars, in place of the previous one.
pub(in crate::cli) fn show(picture: Picture) {
    let mut shown = locked(&PICTURE);
    BARS.suspend(|| {
        let rows = picture.area.rows;
        picture.show(&match shown.as_ref().map(|before| before.area.rows) {
            Some(before) if before == rows => up(rows),
            Some(before) => up(before) + &room(rows),
            None => room(rows),
        });
        *shown = Some(picture);
    });
}

/// Leaves the picture where it is; later output goes below it.
pub(in crate::cli) fn leave_picture() {
    *locked(&PICTURE) = None;
}

/// Removes the bars for good, before the program ends in the middle of its work. It does not wait for a terminal that
/// does not respond.
pub(in crate::cli) fn close() {
    let (sender, receiver) = channel();
    let clear = move || {
        // Bars that remain on a screen that cannot be cleared are not an error.
        let _ = BARS.clear();
        target::close();
        let _ = sender.send(());
    };
    // Without a thread, the bars stay.
    let _ = std::thread::Builder::new().name("last words".into()).spawn(clear);
    let _ = receiver.recv_timeout(PATIENCE);
}

/// Makes the message of a panic safe to show.
pub(in crate::cli) fn make_panics_safe() {
    std::panic::set_hook(Box::new(|panic| {
        // This takes no locks, since the panicking thread may hold one.
        let mut errors = io::stderr().lock();
        for text in panic.to_string().lines() {
            let _ = writeln!(errors, "{}", visible(text));
        }
        let backtrace = std::backtrace::Backtrace::capture();
        if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
            let _ = writeln!(errors, "{backtrace}");
        }
    }));
}

impl Picture {
    fn show(&self, place: &str) {
        let _ = write!(io::stderr().lock(), "{place}{}", self.text);
    }

    /// Clears the picture and everything below it, and moves the cursor to its first row. Returns whether it succeeded.
    fn remove(&self) -> bool {
        write!(io::stderr().lock(), "{}{}\x1b[0J", up(self.area.rows), self.removal).is_ok()
    }

    fn fits(&self) -> bool {
        let window = Window::now();
        usize::from(self.area.columns) <= window.columns() && usize::from(self.area.rows) < window.rows()
    }
}

/// Moves the cursor to the start of a line above.
fn up(rows: u16) -> String {
    format!("\x1b[{rows}A\r")
}

/// Makes room for some rows, which may move everything above, and returns to the first of them.
fn room(rows: u16) -> String {
    format!("\x1b[0J{}{}", "\n".repeat(rows.into()), up(rows))
}

/// The content of a mutex, even after a panic: a half-written line does no harm.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

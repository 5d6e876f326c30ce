//! Where bars are drawn: on standard error, all of them at once.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::TermLike;

use super::locked;
use super::window::Window;

/// Set when nothing may be drawn anymore.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Ends all drawing.
pub(in crate::cli) fn close() {
    CLOSED.store(true, Ordering::SeqCst);
}

/// Draws bars on the terminal behind standard error. The cursor stays at the start of the last bar's line: anything
/// that the terminal itself writes there, such as the `^C` of a Ctrl-C, is painted over by the next bar. A bar that
/// cannot be drawn is not an error, since the terminal may have been closed.
#[derive(Debug, Default)]
pub(in crate::cli) struct Target {
    frame: Mutex<Frame>,
}

/// The text of one drawing.
#[derive(Debug, Default)]
struct Frame {
    text: String,
    /// The number of writes: a bar, the spaces that fill its line, the next bar
    writings: usize,
}

impl Target {
    fn add(&self, text: std::fmt::Arguments) {
        // Writing to a string cannot fail.
        let _ = locked(&self.frame).text.write_fmt(text);
    }

    /// Moves the cursor; terminals treat 0 as 1.
    fn step(&self, count: usize, direction: char) {
        if count > 0 {
            self.add(format_args!("\x1b[{count}{direction}"));
        }
    }
}

impl TermLike for Target {
    fn width(&self) -> u16 {
        u16::try_from(Window::now().columns()).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from(Window::now().rows()).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.step(count, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.step(count, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.step(count, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.step(count, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(format_args!("{text}\n"));
        Ok(())
    }

    /// Writes a bar, or the spaces that fill its line. indicatif lets the next bar begin where these wrap. Here it gets
    /// its own line instead, so that the terminal does not treat all bars as one long line.
    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut frame = locked(&self.frame);
        frame.writings += 1;
        if frame.writings.is_multiple_of(2) {
            return Ok(());
        }
        if frame.writings > 1 {
            frame.text += "\r\n";
        }
        frame.text += text;
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add(format_args!("\r\x1b[2K"));
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let Frame { text, .. } = std::mem::take(&mut *locked(&self.frame));
        if !text.is_empty() && !CLOSED.load(Ordering::SeqCst) {
            // On Windows this also makes the console understand the sequences.
            let mut terminal = anstream::AutoStream::always_ansi(io::stderr()).lock();
            let _ = terminal.write_all(text.as_bytes()).and_then(|()| terminal.write_all(b"\r"));
        }
        Ok(())
    }
}

//! A terminal for the program under test: a pair of devices of the system's, and an emulator that shows what a person
//! would see.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::common::program::{BINARY, Workplace};

/// No run may take longer, by far.
const LIMIT: Duration = Duration::from_secs(120);

/// A program that runs in a terminal of its own.
pub struct Terminal {
    child: Child,
    started: Instant,
    keyboard: File,
    written: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// All that was written
    pub raw: Vec<u8>,
}

impl Terminal {
    /// Starts the binary in a terminal of so many rows and columns, with these variables besides the workplace's.
    pub fn start(
        workplace: &Workplace,
        (rows, columns): (u16, u16),
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let mut open = File::options();
        open.read(true).write(true).custom_flags(OFlags::NOCTTY.bits().cast_signed());
        let device = open.open(OsStr::from_bytes(name.to_bytes())).unwrap();
        tcsetwinsize(&device, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        // util-linux's program makes the terminal that of the session, which Ctrl-C needs.
        let mut command: Command = workplace.command_of("setsid");
        command.arg("--ctty").arg(BINARY).args(arguments).envs(variables.iter().copied());
        let device = || Stdio::from(device.try_clone().unwrap());
        let child = command.stdin(device()).stdout(device()).stderr(device()).spawn().unwrap();
        let keyboard = File::from(controller);
        let mut reader = keyboard.try_clone().unwrap();
        let (sender, written) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Reading fails once the program has closed its side.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let some = |length: u16| NonZero::new(length).unwrap();
        let screen = vt100::Parser::new(some(rows), some(columns), 0);
        Self { child, started: Instant::now(), keyboard, written, screen, raw: Vec::new() }
    }

    /// The rows of the screen, without the empty ones at its end.
    pub fn rows(&self) -> Vec<String> {
        let screen = self.screen.screen();
        let mut rows: Vec<_> = screen.rows(0, screen.size().1.get()).map(|row| row.trim_end().to_owned()).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    /// Whether a line runs over the edge of the screen.
    pub fn is_wrapped(&self) -> bool {
        let screen = self.screen.screen();
        (0..screen.size().0.get()).any(|row| screen.row_wrapped(row))
    }

    /// Whether a row goes on in the next one.
    pub fn is_row_wrapped(&self, row: usize) -> bool {
        self.screen.screen().row_wrapped(u16::try_from(row).unwrap())
    }

    /// The rows as lines: one that runs over the edge is whole.
    pub fn lines(&self) -> Vec<String> {
        self.screen.screen().contents().lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Whether any part of the screen's text has a color.
    pub fn is_colored(&self) -> bool {
        let screen = self.screen.screen();
        let (rows, columns) = screen.size();
        let cells =
            (0..rows.get()).flat_map(|row| (0..columns.get()).filter_map(move |column| screen.cell(row, column)));
        cells.filter(|cell| cell.has_contents()).any(|cell| cell.fgcolor() != vt100::Color::Default)
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
    }

    /// Waits until the screen is as `wanted` has it, which sees it after every writing.
    pub fn wait_until(&mut self, mut wanted: impl FnMut(&Self) -> bool) {
        while !wanted(self) {
            let ended = self.child.try_wait().unwrap();
            assert!(self.next(), "the program ended with {ended:?} before: {:#?}", self.rows());
        }
    }

    /// Waits for the end, which `seen` sees come after every writing. Returns the exit code.
    pub fn finish(&mut self, mut seen: impl FnMut(&Self)) -> Option<i32> {
        while self.next() {
            seen(self);
        }
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(self.started.elapsed() < LIMIT, "still running: {:#?}", self.rows());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Shows what was written next; false if nothing comes any more.
    fn next(&mut self) -> bool {
        // The other side stays open as long as a process of the program's has it, and this one has none.
        let left = LIMIT.saturating_sub(self.started.elapsed());
        let Ok(bytes) = self.written.recv_timeout(left) else { return false };
        self.screen.process(&bytes);
        self.raw.extend(bytes);
        true
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed leaves no run behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

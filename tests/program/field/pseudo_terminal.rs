//! A terminal for the program under test: a pair of pseudo-terminal devices, and an emulator that shows what a person
//! would see.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::common::program::{BINARY, LIMIT, Workplace, end, signal};

/// A program that runs in a terminal of its own.
pub struct Terminal {
    child: Child,
    started: Instant,
    /// The side of a person: none once it is closed
    person: Option<File>,
    screen: vt100::Parser,
    /// All that was written
    pub raw: Vec<u8>,
}

impl Terminal {
    /// Starts the binary in a terminal of so many rows and columns, with these variables besides the workplace's.
    pub fn start(workplace: &Workplace, size: (u16, u16), arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::start_with(workplace, size, arguments, variables, true)
    }

    /// The same, but with an empty standard input.
    pub fn start_without_input(
        workplace: &Workplace,
        size: (u16, u16),
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        Self::start_with(workplace, size, arguments, variables, false)
    }

    fn start_with(
        workplace: &Workplace,
        (rows, columns): (u16, u16),
        arguments: &[&str],
        variables: &[(&str, &str)],
        has_input: bool,
    ) -> Self {
        // The program must not have this side too: its terminal would stay open when the test closes it.
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let mut open = File::options();
        open.read(true).write(true).custom_flags(OFlags::NOCTTY.bits().cast_signed());
        let device = open.open(OsStr::from_bytes(name.to_bytes())).unwrap();
        tcsetwinsize(&device, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        // util-linux's program makes a terminal on its standard input that of the session, which Ctrl-C needs.
        let mut command: Command = workplace.command_of("setsid");
        command.args(has_input.then_some("--ctty")).arg(BINARY).args(arguments).envs(variables.iter().copied());
        let device = || Stdio::from(device.try_clone().unwrap());
        let input = if has_input { device() } else { Stdio::null() };
        let child = command.stdin(input).stdout(device()).stderr(device()).spawn().unwrap();
        let some = |length: u16| NonZero::new(length).unwrap();
        let screen = vt100::Parser::new(some(rows), some(columns), 0);
        Self { child, started: Instant::now(), person: Some(File::from(controller)), screen, raw: Vec::new() }
    }

    /// All that was written, as text: lines are whole, whatever the size of the screen.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
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
        self.person.as_mut().unwrap().write_all(keys).unwrap();
    }

    /// Waits until the screen is as `wanted` has it, which sees it after every writing.
    pub fn wait_until(&mut self, mut wanted: impl FnMut(&Self) -> bool) {
        while !wanted(self) {
            let ended = self.child.try_wait().unwrap();
            assert!(self.next(), "the program ended with {ended:?} before: {:#?}", self.rows());
        }
    }

    /// Waits until a text was written.
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(|terminal| terminal.text().contains(text));
    }

    /// Waits for the end, which `seen` sees come after every writing. Returns the exit code.
    pub fn finish(&mut self, mut seen: impl FnMut(&Self)) -> Option<i32> {
        while self.next() {
            seen(self);
        }
        self.end()
    }

    /// Closes the terminal as its window does: the program is sent a signal, and one more by the shell. Waits for the end
    /// and returns the exit code.
    pub fn close(mut self) -> Option<i32> {
        self.person = None;
        signal(&self.child, "HUP");
        self.end()
    }

    /// Sends the signal of this name, such as `INT`.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    fn end(&mut self) -> Option<i32> {
        let rows = self.rows();
        end(&mut self.child, self.started, || format!("{rows:#?}")).code()
    }

    /// Shows what was written next; false if nothing comes any more.
    fn next(&mut self) -> bool {
        let Some(person) = &mut self.person else { return false };
        let left = Timespec::try_from(LIMIT.saturating_sub(self.started.elapsed())).unwrap();
        let ready = poll(&mut [PollFd::new(&*person, PollFlags::IN)], Some(&left));
        // A signal of the tests' own.
        if ready == Err(Errno::INTR) {
            return true;
        }
        if ready.unwrap() == 0 {
            return false;
        }
        let mut bytes = [0; 4096];
        // Reading fails once the program and its children have closed their side, and this process has none.
        let Ok(count @ 1..) = person.read(&mut bytes) else { return false };
        self.screen.process(&bytes[..count]);
        self.raw.extend(&bytes[..count]);
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

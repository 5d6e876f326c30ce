//! Bytes that another program sends, read until they are no longer wanted.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};

/// The longest line, in bytes.
const LONGEST_LINE: usize = 64 << 20;

/// Lines of text that may arrive slowly. A read fails if the lines are no longer wanted, or if a line does not end.
pub(crate) struct Stream<Stopped> {
    file: File,
    stopped: Stopped,
    /// Bytes since the last end of a line
    line: usize,
}

impl<Stopped: Fn() -> bool> Stream<Stopped> {
    /// Reads a pipe, a terminal or any other open file until `stopped`.
    pub(crate) fn new(file: File, stopped: Stopped) -> Self {
        Self { file, stopped, line: 0 }
    }

    /// Reads standard input until `stopped`.
    pub(crate) fn of_standard_input(stopped: Stopped) -> Result<Self> {
        Ok(Self::new(standard_input()?, stopped))
    }

    /// Waits until a read would return at once.
    fn wait(&self) -> Result<()> {
        loop {
            if (self.stopped)() {
                return Err(Error::other("the rest is no longer wanted"));
            }
            if is_ready(&self.file) {
                return Ok(());
            }
        }
    }
}

/// Waits a moment for bytes to read. Any other problem with the file is left to the read to report.
#[cfg(unix)]
fn is_ready(file: &File) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    /// Time between two checks whether the bytes are still wanted.
    const INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    !matches!(poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&INTERVAL)), Ok(0) | Err(Errno::INTR))
}

#[cfg(not(unix))]
fn is_ready(_: &File) -> bool {
    true
}

#[cfg(unix)]
fn standard_input() -> Result<File> {
    use std::os::fd::AsFd;
    Ok(std::io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn standard_input() -> Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(std::io::stdin().as_handle().try_clone_to_owned()?.into())
}

impl<Stopped: Fn() -> bool> Read for Stream<Stopped> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            self.wait()?;
            let count = match self.file.read(buffer) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => continue,
                result => result?,
            };
            let end = buffer[..count].iter().rposition(|byte| *byte == b'\n');
            self.line = end.map_or(self.line.saturating_add(count), |end| count - end - 1);
            if self.line > LONGEST_LINE {
                return Err(Error::new(ErrorKind::InvalidData, format!("no line ends within {LONGEST_LINE} bytes")));
            }
            return Ok(count);
        }
    }
}

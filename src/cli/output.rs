//! Results on standard output.

use std::io::{Error, ErrorKind, Write};

/// Writes to standard output; that nobody reads it any more is no error.
pub(super) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe || is_closed_terminal(&error) => Ok(()),
        result => Ok(result?),
    }
}

/// Writes a line to standard output.
pub(super) fn print_line(line: &str) -> anyhow::Result<()> {
    print(format!("{line}\n").as_bytes())
}

/// Whether a write failed because the terminal is closed. The system no longer calls it a terminal then.
#[cfg(unix)]
fn is_closed_terminal(error: &Error) -> bool {
    use rustix::fs::{FileType, fstat};
    let is_device = || fstat(std::io::stdout()).is_ok_and(|it| FileType::from_raw_mode(it.st_mode).is_char_device());
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) && is_device()
}

#[cfg(not(unix))]
fn is_closed_terminal(_: &Error) -> bool {
    false
}

//! Results on standard output. Text is made safe to show; paths and output for programs are written byte by byte.

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{above, visible, visible_json, visible_toml};

/// Standard output could not be written.
#[derive(Debug)]
pub(in crate::cli) struct Unprinted {
    source: io::Error,
    /// The path that was not printed
    path: Option<PathBuf>,
}

impl Unprinted {
    /// What to do about it.
    pub(in crate::cli) fn hint(&self) -> &'static str {
        match self.source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                "free some space, or redirect standard output elsewhere"
            }
            _ => "redirect standard output elsewhere",
        }
    }

    /// Adds the path of a file that was written nevertheless.
    pub(in crate::cli) fn with_path(self, path: &Path) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }
}

impl fmt::Display for Unprinted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.source.to_string();
        // The number of the system's error means nothing to a user.
        let reason = reason.split(" (os error").next().unwrap_or(&reason);
        write!(formatter, "cannot write to standard output: {reason}")?;
        match &self.path {
            Some(path) => write!(formatter, "; the file was written to {}", path.display()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Unprinted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Writes bytes to standard output unchanged. A reader that is gone is not an error.
pub(in crate::cli) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    Ok(write(bytes)?)
}

/// Writes a line to standard output.
pub(in crate::cli) fn print_line(line: &str) -> anyhow::Result<()> {
    print(format!("{}\n", visible(line)).as_bytes())
}

/// Writes lines to standard output.
pub(in crate::cli) fn print_lines(lines: &str) -> anyhow::Result<()> {
    let lines: Vec<_> = lines.lines().map(|line| format!("{}\n", visible(line))).collect();
    print(lines.concat().as_bytes())
}

/// Writes a line of cells that are separated by tabs to standard output.
pub(in crate::cli) fn print_row(cells: &[&str]) -> anyhow::Result<()> {
    let cells: Vec<_> = cells.iter().map(|cell| visible(cell)).collect();
    print(format!("{}\n", cells.join("\t")).as_bytes())
}

/// Writes a path to standard output: unchanged for programs, safe to show for people.
pub(in crate::cli) fn print_path(path: &Path) -> anyhow::Result<()> {
    let line = if io::stdout().is_terminal() {
        visible(&path.to_string_lossy()).as_bytes().to_vec()
    } else {
        path.as_os_str().as_encoded_bytes().to_vec()
    };
    Ok(write(&[&line, &b"\n"[..]].concat()).map_err(|error| error.with_path(path))?)
}

/// Writes a value to standard output as JSON, in lines that people can read.
pub(in crate::cli) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(format!("{}\n", visible_json(&serde_json::to_string_pretty(value)?)).as_bytes())
}

/// Writes a value to standard output as JSON in one line.
pub(in crate::cli) fn print_json_line(value: &impl Serialize) -> anyhow::Result<()> {
    print(format!("{}\n", visible_json(&serde_json::to_string(value)?)).as_bytes())
}

/// Writes settings to standard output as a configuration file.
pub(in crate::cli) fn print_toml(settings: &impl Serialize) -> anyhow::Result<()> {
    print(visible_toml(settings)?.as_bytes())
}

fn write(bytes: &[u8]) -> Result<(), Unprinted> {
    above(|| {
        let mut output = io::stdout().lock();
        match output.write_all(bytes).and_then(|()| output.flush()) {
            Err(source) if source.kind() == ErrorKind::BrokenPipe || is_closed_terminal(&source) => Ok(()),
            written => written.map_err(|source| Unprinted { source, path: None }),
        }
    })
}

/// Whether a write failed because the terminal is closed. The system no longer reports it as a terminal then.
#[cfg(unix)]
fn is_closed_terminal(error: &io::Error) -> bool {
    use rustix::fs::{FileType, fstat};
    let is_device = || fstat(io::stdout()).is_ok_and(|it| FileType::from_raw_mode(it.st_mode).is_char_device());
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) && is_device()
}

#[cfg(not(unix))]
fn is_closed_terminal(_: &io::Error) -> bool {
    false
}

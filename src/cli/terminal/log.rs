//! The log of a server on standard error.

use std::io::{self, Write};

use clap::ValueEnum;
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

use super::report::{Progress, Reporter};
use crate::cli::terminal;

/// What a server shows on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::cli) enum LogKind {
    /// A line for each job, and warnings
    Jobs,
    /// A log as text
    Text,
    /// A log as JSON, an object per line
    Json,
}

impl LogKind {
    /// What suits standard error.
    pub(in crate::cli) fn usual(reporter: &Reporter) -> Self {
        if reporter.progress() == Progress::Bar { Self::Jobs } else { Self::Json }
    }
}

/// Sends what is logged to standard error.
pub(in crate::cli) fn start(kind: LogKind) {
    let all = tracing_subscriber::fmt().with_target(false).with_writer(Lines { kind });
    // The second server of a process keeps the log of the first.
    let _ = match kind {
        LogKind::Json => tracing::subscriber::set_global_default(
            all.with_max_level(Level::INFO).json().flatten_event(true).with_span_list(false).finish(),
        ),
        LogKind::Text => {
            tracing::subscriber::set_global_default(all.with_max_level(Level::INFO).with_ansi(false).finish())
        }
        LogKind::Jobs => tracing::subscriber::set_global_default(
            all.with_max_level(Level::WARN).with_ansi(false).without_time().with_level(false).finish(),
        ),
    };
}

/// Writes whole lines through the border of the terminal.
struct Lines {
    kind: LogKind,
}

/// A line that is being written.
struct Line {
    kind: LogKind,
    text: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { kind: self.kind, text: Vec::new() }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        for line in text.lines().filter(|line| !line.is_empty()) {
            match self.kind {
                LogKind::Jobs => terminal::warning(line),
                LogKind::Text => terminal::line(line),
                LogKind::Json => terminal::json_line(line),
            }
        }
    }
}

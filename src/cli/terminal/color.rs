//! Colors, if the terminal has them and nothing turns them off: `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`, `TERM=dumb`.

use anstream::{AutoStream, ColorChoice};
use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Style};

/// The kind of a line on standard error, which its label shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Tone {
    /// Something failed
    Error,
    /// Something the user should know
    Warning,
    /// What to do
    Hint,
    /// Something is finished
    Done,
}

impl Tone {
    fn style(self) -> Style {
        let color = match self {
            Self::Error => AnsiColor::Red,
            Self::Warning => AnsiColor::Yellow,
            Self::Hint => AnsiColor::Cyan,
            Self::Done => AnsiColor::Green,
        };
        color.on_default().bold()
    }

    /// A label in its color, if standard error has colors.
    pub(in crate::cli) fn paint(self, label: &str) -> String {
        let style = if has_colors(&std::io::stderr()) { self.style() } else { Style::new() };
        format!("{style}{label}{style:#}")
    }
}

/// Whether standard output has colors.
pub(in crate::cli) fn is_output_colored() -> bool {
    has_colors(&std::io::stdout())
}

/// Whether a stream has colors; a notebook shows only text.
fn has_colors<S: anstream::stream::RawStream>(stream: &S) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never && !super::is_notebook()
}

/// The colors of the help.
pub(in crate::cli) const HELP: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

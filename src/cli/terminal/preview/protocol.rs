//! The protocol by which a terminal shows pictures, judged by its environment. The terminal is not asked, because its
//! answer would arrive as typed text.

use clap::ValueEnum;

use super::blocks::Colors;

/// How pictures should be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PreviewKind {
    /// The best protocol the terminal supports
    Auto,
    /// The protocol of kitty and Ghostty
    Kitty,
    /// The protocol of iTerm2 and WezTerm
    Iterm,
    /// Sixels: foot, mlterm, xterm
    Sixel,
    /// Colored blocks, two pixels per character
    Blocks,
    /// No preview
    None,
}

/// How pictures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Protocol {
    Kitty,
    Iterm,
    Sixel,
    Blocks(Colors),
}

impl Protocol {
    /// The protocol for a kind in this terminal.
    pub(in crate::cli) fn of(kind: PreviewKind) -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        match kind {
            PreviewKind::Auto => detect(&variable),
            PreviewKind::Kitty => Some(Self::Kitty),
            PreviewKind::Iterm => Some(Self::Iterm),
            PreviewKind::Sixel => Some(Self::Sixel),
            PreviewKind::Blocks => Some(Self::Blocks(colors(&variable))),
            PreviewKind::None => None,
        }
    }
}

/// The protocol of a terminal with these variables; none if it should not show colors.
fn detect(variable: &dyn Fn(&str) -> Option<String>) -> Option<Protocol> {
    let term = variable("TERM").unwrap_or_default();
    if variable("NO_COLOR").is_some() || term.is_empty() || term == "dumb" || term == "linux" {
        return None;
    }
    // A multiplexer passes no pictures on, and the terminal around it may have left its variables.
    let multiplexed = variable("TMUX").is_some() || term.starts_with("screen") || term.starts_with("tmux");
    if multiplexed {
        return Some(Protocol::Blocks(colors(variable)));
    }
    let program = variable("TERM_PROGRAM").unwrap_or_default();
    let is = |names: &[&str], value: &str| names.contains(&value);
    let begins = |names: &[&str]| names.iter().any(|name| term.starts_with(name));
    if is(&["xterm-kitty", "xterm-ghostty"], &term) || is(&["ghostty"], &program) {
        Some(Protocol::Kitty)
    } else if is(&["iTerm.app", "WezTerm"], &program) || variable("LC_TERMINAL").is_some_and(|name| name == "iTerm2") {
        Some(Protocol::Iterm)
    } else if begins(&["foot", "mlterm", "contour"]) {
        Some(Protocol::Sixel)
    } else {
        Some(Protocol::Blocks(colors(variable)))
    }
}

/// The colors of a terminal: 24-bit colors only if it claims to have them.
fn colors(variable: &dyn Fn(&str) -> Option<String>) -> Colors {
    let all = variable("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
    let direct = variable("TERM").is_some_and(|term| term.ends_with("-direct"));
    if all || direct { Colors::All } else { Colors::Table }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_known_by_their_variables() {
        let found = |variables: &[(&str, &str)]| {
            let variables = variables.to_vec();
            detect(&move |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into()))
        };
        assert_eq!(found(&[("TERM", "xterm-kitty")]), Some(Protocol::Kitty));
        assert_eq!(found(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm")]), Some(Protocol::Iterm));
        assert_eq!(found(&[("TERM", "xterm-256color"), ("LC_TERMINAL", "iTerm2")]), Some(Protocol::Iterm));
        assert_eq!(found(&[("TERM", "foot-extra")]), Some(Protocol::Sixel));
        assert_eq!(found(&[("TERM", "xterm-256color")]), Some(Protocol::Blocks(Colors::Table)));
        assert_eq!(found(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]), Some(Protocol::Blocks(Colors::All)));
        let inside = [("TERM", "tmux-256color"), ("TMUX", "/tmp/tmux,1,0"), ("TERM_PROGRAM", "iTerm.app")];
        assert_eq!(found(&inside), Some(Protocol::Blocks(Colors::Table)));
        assert_eq!([found(&[]), found(&[("TERM", "dumb")]), found(&[("TERM", "x"), ("NO_COLOR", "1")])], [None; 3]);
    }
}

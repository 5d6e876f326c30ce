//! What the table says of each option, as values.

use std::fmt;

use clap::Arg;

use super::range::Range;
use crate::{Error, Result};

/// An option that sets something of a picture.
pub struct OptionInfo {
    /// Its name in files: `init_image`
    pub name: &'static str,
    /// Its name on the command line: `init-image`
    pub option: &'static str,
    /// What its value is called; none if it is not on the command line
    pub value: Option<&'static str>,
    /// The heading of its group
    pub group: &'static str,
    /// The lines of its help as they are written, an empty one between paragraphs
    pub(super) help: &'static [&'static str],
    /// Its type, as Rust names it
    pub type_name: &'static str,
    /// Its default; none if other options decide it
    pub(super) default: fn() -> Option<serde_json::Value>,
    /// What the help calls its default, if not by its value
    pub shown: Option<&'static str>,
    /// The values it may have, if they are numbers
    pub range: Option<Range>,
    /// Who may set it
    pub setter: Setter,
    /// How the command line reads it
    pub(super) reads: fn(Arg) -> Arg,
}

/// Who may set an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setter {
    /// Only who started the program: by options, files, the environment
    CommandLine,
    /// Requests to a server, too: it names no files and no models, and takes nothing of the machine
    Requests,
}

impl OptionInfo {
    /// The option of this name in files.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        super::OPTIONS.iter().find(|option| option.name == name)
    }

    /// The help in short: its first paragraph.
    #[must_use]
    pub fn help(&self) -> String {
        self.paragraphs().into_iter().next().unwrap_or_default()
    }

    /// All of the help, if there is more than the short one.
    #[must_use]
    pub fn long_help(&self) -> Option<String> {
        Some(self.paragraphs()).filter(|paragraphs| paragraphs.len() > 1).map(|paragraphs| paragraphs.join("\n\n"))
    }

    /// The default as text; none if there is none, or if other options decide it.
    #[must_use]
    pub fn default(&self) -> Option<String> {
        self.shown.map(str::to_owned).or_else(|| match (self.default)()? {
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Array(values) => {
                Some(values.iter().map(|value| value.as_str().unwrap_or_default()).collect::<Vec<_>>().join(","))
            }
            value => Some(value.to_string()),
        })
    }

    /// Checks a number that the option is given.
    ///
    /// # Errors
    /// If the number is outside the option's range.
    pub fn check(&self, number: f64) -> Result<()> {
        self.range.map_or(Ok(()), |range| range.check(self.option, &number))
    }

    /// The paragraphs of the help, a line each.
    fn paragraphs(&self) -> Vec<String> {
        let paragraphs = self.help.split(|line| line.trim().is_empty());
        let joined = paragraphs.map(|lines| lines.iter().copied().map(str::trim).collect::<Vec<_>>().join(" "));
        joined.filter(|paragraph| !paragraph.is_empty()).collect()
    }
}

impl fmt::Debug for OptionInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("OptionInfo").field(&self.name).finish()
    }
}

/// What is wrong if an option without a default has no value.
pub(super) fn missing(option: &str) -> Error {
    Error::usage(format!("--{option} has no value"), format!("give one with --{option}"))
}

/// A field's name as the command line has it.
pub(super) const fn dashes<const LENGTH: usize>(name: &str) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let mut index = 0;
    while index < LENGTH {
        let byte = name.as_bytes()[index];
        bytes[index] = if byte == b'_' { b'-' } else { byte };
        index += 1;
    }
    bytes
}

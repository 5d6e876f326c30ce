//! The options of the table as values.

use std::fmt;

use clap::Arg;

use super::range::Range;
use crate::{Error, Result};

/// An option that sets something of a picture.
pub struct OptionInfo {
    /// The name in files, such as `init_image`
    pub name: &'static str,
    /// The name on the command line, such as `init-image`
    pub option: &'static str,
    /// The name of its value in the help; none if the option is not on the command line
    pub value: Option<&'static str>,
    /// The heading of its group
    pub group: &'static str,
    /// The lines of the help as they are written, with an empty line between paragraphs
    pub(super) help: &'static [&'static str],
    /// The Rust type of the value
    pub type_name: &'static str,
    /// The default; none if other options decide it
    pub(super) default: fn() -> Option<serde_json::Value>,
    /// The text that the help shows as the default, if it differs from the value
    pub shown: Option<&'static str>,
    /// The range of the value, if it is a number
    pub range: Option<Range>,
    /// Whether a source can say `none`, which overrides weaker sources
    pub(super) takes_none: bool,
    /// Who may set the option
    pub setter: Setter,
    /// How the command line reads the option
    pub(super) reads: fn(Arg) -> Arg,
}

/// Who may set an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setter {
    /// Only the user who started the program: by options, files or the environment
    CommandLine,
    /// Also requests to a server: the option names no files and no models, and claims no share of the machine
    Requests,
}

impl OptionInfo {
    /// The option with this name in files.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        super::OPTIONS.iter().find(|option| option.name == name)
    }

    /// The short help: the first paragraph.
    #[must_use]
    pub fn help(&self) -> String {
        self.paragraphs().into_iter().next().unwrap_or_default()
    }

    /// The whole help; none if it is only one paragraph.
    #[must_use]
    pub fn long_help(&self) -> Option<String> {
        Some(self.paragraphs()).filter(|paragraphs| paragraphs.len() > 1).map(|paragraphs| paragraphs.join("\n\n"))
    }

    /// The default as text; none if there is no default, or if other options decide it.
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

    /// Checks a number against the range of the option.
    ///
    /// # Errors
    /// If the number is outside the option's range.
    pub fn check(&self, number: f64) -> Result<()> {
        self.range.map_or(Ok(()), |range| range.check(self.option, &number))
    }

    /// The paragraphs of the help, each as one line.
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

/// The error of an option without a default that has no value.
pub(super) fn missing(option: &str) -> Error {
    Error::usage(format!("‹{option}› has no value"), format!("give one with ‹{option}›"))
}

/// The name of a field with dashes, as on the command line.
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

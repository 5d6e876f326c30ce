//! The name of what draws.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// The name of a drawer, as the command line and recipes have it. Any text can be one: which drawers there are is known
/// to [`drawer::of`](crate::drawer::of).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawerName(String);

impl DrawerName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What draws if nothing is said.
impl Default for DrawerName {
    fn default() -> Self {
        Self("vqgan".to_owned())
    }
}

impl From<&str> for DrawerName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl FromStr for DrawerName {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(name.into())
    }
}

impl fmt::Display for DrawerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

crate::text::serde_as_text!(DrawerName);

//! The name of a drawer.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// The name of a drawer, as on the command line and in recipes. It can be any text;
/// [`drawer::of`](crate::drawer::of) finds the drawer or reports an unknown name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawerName(String);

impl DrawerName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The VQGAN drawer.
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

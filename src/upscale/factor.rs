//! How often a picture is enlarged.

use crate::{Error, Result};

/// How often the sides of a picture are enlarged: 2 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor(usize);

impl Factor {
    /// The factors that there are.
    pub const ALL: [Self; 3] = [Self(2), Self(3), Self(4)];

    /// The factor with a number.
    ///
    /// # Errors
    /// If there is no such factor.
    pub fn of(times: usize) -> Result<Self> {
        Self::ALL.into_iter().find(|factor| factor.0 == times).ok_or_else(|| {
            Error::usage(format!("pictures cannot be enlarged {times} times"), "enlarge them 2 to 4 times")
        })
    }

    /// The number.
    #[must_use]
    pub fn times(self) -> usize {
        self.0
    }
}

//! Names that cannot be guessed.

use std::fmt;

use crate::error::{Error, Result};

/// The digits of base 32 by Crockford, in lower case: none looks like another.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Digits for 128 bits.
const LENGTH: usize = 26;

/// A name of a thing in the database: 26 characters that stand for 128 random bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(String);

impl Id {
    /// A new name.
    ///
    /// # Errors
    ///
    /// If the system has no random numbers.
    pub fn random() -> Result<Self> {
        Ok(Self::of(u128::from_le_bytes(random_bytes()?)))
    }

    /// Reads a name; `None` if nothing can have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == LENGTH && text.bytes().all(|digit| DIGITS.contains(&digit));
        fits.then(|| Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name that the database has.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    fn of(mut bits: u128) -> Self {
        let mut text = String::with_capacity(LENGTH);
        for _ in 0..LENGTH {
            text.push(char::from(DIGITS[(bits & 31) as usize]));
            bits >>= 5;
        }
        Self(text)
    }
}

/// Random bytes of the system, which cannot be guessed.
pub(crate) fn random_bytes<const COUNT: usize>() -> Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    getrandom::fill(&mut bytes).map_err(|error| Error::fault(format!("the system has no random numbers: {error}")))?;
    Ok(bytes)
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_can_be_read() {
        let (one, other) = (Id::random().unwrap(), Id::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(Id::parse(one.as_str()), Some(one));
        assert_eq!(Id::of(u128::MAX).as_str(), "zzzzzzzzzzzzzzzzzzzzzzzzz7");
        for wrong in
            ["", "zzzz", "zzzzzzzzzzzzzzzzzzzzzzzzzZ", "zzzzzzzzzzzzzzzzzzzzzzzzzzz", "../zzzzzzzzzzzzzzzzzzzzzzz"]
        {
            assert_eq!(Id::parse(wrong), None, "{wrong}");
        }
    }
}

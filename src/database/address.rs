//! The address of a `PostgreSQL` database, shown without its password.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// What is shown in place of a password.
const HIDDEN: &str = "...";

/// The address of a database of `PostgreSQL`. It is shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Whether the address contains a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.0.password().is_some() || self.0.query_pairs().any(|(name, _)| name == "password")
    }

    /// The address with its password.
    #[cfg(feature = "postgres")]
    pub(super) fn whole(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_postgres = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        // The text may contain a password, so it is not repeated.
        Url::parse(text).ok().filter(|_| is_postgres).map(Self).ok_or_else(|| {
            "the address of the database is not valid; write it like postgres://user@host/database, with special \
             characters as %XX"
                .to_owned()
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        if shown.password().is_some() {
            // An address without a host cannot have a password.
            let _ = shown.set_password(Some(HIDDEN));
        }
        // The parameters can contain a password, too.
        shown.set_query(None);
        formatter.write_str(shown.as_str())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

crate::text::serde_as_text!(Address);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for text in [
            "postgres://anna:secret@db.example.org/art",
            "postgres://anna@db.example.org/art?password=secret",
            "postgresql://anna:s%65cret@localhost/art?host=/run/postgresql",
        ] {
            let address: Address = text.parse().unwrap();
            assert!(address.has_password(), "{text}");
            for shown in [address.to_string(), format!("{address:?}"), serde_json::to_string(&address).unwrap()] {
                assert!(shown.contains("anna") && !shown.contains("cret"), "{shown}");
            }
        }
        let plain: Address = "postgres://anna@db.example.org/art?sslmode=require".parse().unwrap();
        assert!(!plain.has_password());
        for wrong in ["mysql://anna:secret@host/a", "secret", "", "postgres:/secret@[", "sqlite:secret"] {
            let error = wrong.parse::<Address>().unwrap_err();
            assert!(error.contains("postgres://user@host/database") && !error.contains("secret"), "{error}");
        }
    }
}

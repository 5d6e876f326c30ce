//! Addresses of mail.

use std::fmt;
use std::str::FromStr;

/// The longest address, by RFC 5321, 4.5.3.1.3.
const LONGEST: usize = 254;
/// The longest part before the `@`, by RFC 5321, 4.5.3.1.1.
const LONGEST_USER: usize = 64;

/// An address of mail that can be written into a header as it is: `user@host`, in ASCII.
///
/// Only a letter that arrives shows whether there is such an address. It is never logged; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The address as text, with its host in lowercase.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part behind the `@`.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, host)| host)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const WRONG: &str = "this is not an email address; write it like anna@example.org";
        let text = text.trim();
        let (user, host) = text.rsplit_once('@').ok_or(WRONG)?;
        // The characters of an atom by RFC 5322, 3.2.3, so that nothing needs quotes.
        let atom = |part: &str| {
            let fits = |sign: char| sign.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(sign);
            !part.is_empty() && part.chars().all(fits)
        };
        let label = |part: &str| {
            let fits = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
            (1..=63).contains(&part.len()) && part.chars().all(fits) && !part.starts_with('-') && !part.ends_with('-')
        };
        let fits = text.len() <= LONGEST
            && user.len() <= LONGEST_USER
            && user.split('.').all(atom)
            && host.split('.').all(label);
        if fits { Ok(Self(format!("{user}@{}", host.to_ascii_lowercase()))) } else { Err(WRONG.into()) }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fit_into_a_header() {
        for (text, read) in [
            ("anna@example.org", "anna@example.org"),
            (" Anna.Bell+art@Example.ORG ", "Anna.Bell+art@example.org"),
            ("root@localhost", "root@localhost"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().as_str(), read);
        }
        let long = format!("{}@example.org", "a".repeat(65));
        let wrong = [
            "",
            "anna",
            "@example.org",
            "anna@",
            "a b@example.org",
            "a@b@example.org",
            "anna@[127.0.0.1]",
            "anna@example..org",
            ".anna@example.org",
            "anna@-example.org",
            "\"a\"@example.org",
            "änna@example.org",
            "a,b@example.org",
            "anna@example.org\r\nbcc: b@example.org",
            "anna@example.org>",
            long.as_str(),
        ];
        for wrong in wrong {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
        assert_eq!(format!("{:?}", "anna@example.org".parse::<Address>().unwrap()), "Address");
    }
}

//! Tokens, and the file that keeps them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Address;
use crate::files::{open_regular, read_within, unreadable, write_private};
use crate::{Error, Result};

/// The longest token, in bytes.
const LONGEST: usize = 512;
/// The largest file of tokens, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// What a server knows its user by. It is never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token(String);

impl Token {
    /// The header that carries it.
    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl FromStr for Token {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("not a token, which has letters, digits and signs, but no spaces".into());
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Token {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// The file with the tokens of a user, each under the address of its server. Nobody else may read it.
#[derive(Clone, Debug)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// The file at a path, where there may be none yet.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The token for a server.
    ///
    /// # Errors
    /// If the file cannot be read, or if others can read it too.
    pub fn token(&self, address: &Address) -> Result<Option<Token>> {
        Ok(self.read()?.remove(&address.to_string()))
    }

    /// Keeps a token for a server, or forgets the one that is there.
    ///
    /// # Errors
    /// If the file cannot be read or written, or if others can read it.
    pub fn set(&self, address: &Address, token: Option<Token>) -> Result<()> {
        let mut tokens = self.read()?;
        match token {
            Some(token) => tokens.insert(address.to_string(), token),
            None => tokens.remove(&address.to_string()),
        };
        let text = toml::to_string(&tokens).map_err(|error| Error::fault(format!("cannot write tokens: {error}")))?;
        write_private(&self.path, text.as_bytes())
    }

    fn read(&self) -> Result<BTreeMap<String, Token>> {
        let fault = |problem: String, hint: &str| Error::file(&self.path, problem, hint);
        let file = match open_regular(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            opened => opened.map_err(|error| fault(unreadable(&error), "make the file readable, or remove it"))?,
        };
        if is_open_to_others(&file) {
            let hint = format!("run `chmod 600 {}`", self.path.display());
            return Err(fault("other users can read this file, which has tokens in it".into(), &hint));
        }
        let bytes = read_within(file, LARGEST_FILE);
        let bytes = bytes.map_err(|error| fault(unreadable(&error), "remove the file, and log in again"))?;
        let tokens = String::from_utf8(bytes).ok().and_then(|text| toml::from_str(&text).ok());
        // The error of the parser would show what is in the file.
        tokens.ok_or_else(|| fault("not a file of tokens".into(), "remove the file, and log in again"))
    }
}

#[cfg(unix)]
fn is_open_to_others(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().map_or(true, |metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_kept_by_server_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::at(folder.path().join("new/tokens.toml"));
        let (one, other): (Address, Address) = ("https://a".parse().unwrap(), "http://localhost:1".parse().unwrap());
        let token: Token = " t2a_secret\n".parse().unwrap();
        assert_eq!(file.token(&one).unwrap(), None);
        file.set(&one, Some(token.clone())).unwrap();
        file.set(&other, Some("another".parse().unwrap())).unwrap();
        assert_eq!(file.token(&one).unwrap(), Some(token.clone()));
        file.set(&one, None).unwrap();
        assert_eq!((file.token(&one).unwrap(), file.token(&other).unwrap().is_some()), (None, true));
        assert!(!format!("{token:?}").contains("secret"));
        for wrong in ["", "two words", "\u{e4}", &"a".repeat(LONGEST + 1)] {
            assert!(wrong.parse::<Token>().is_err(), "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::at(folder.path().join("tokens.toml"));
        let address = Address::default();
        file.set(&address, Some("t2a_secret".parse().unwrap())).unwrap();
        let mode = |mode| std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(file.path().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        for open in [0o640, 0o604, 0o660] {
            mode(open);
            let error = file.token(&address).unwrap_err();
            assert!(error.is_usage() && error.hint().contains("chmod 600"), "{error}");
            assert!(file.set(&address, None).is_err());
        }
        mode(0o600);
        std::fs::write(file.path(), "t2a_secret").unwrap();
        let error = file.token(&address).unwrap_err();
        assert!(!format!("{error} {}", error.hint()).contains("secret"), "{error}");
    }
}

//! Tokens: secrets that stand for a user in programs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::secrets::{Hash, Secret};
use super::statements::{CREATE_TOKEN, REVOKE_TOKEN, TOKEN_USED, TOKEN_USER, TOKENS};
use super::{Accounts, User};
use crate::database::{Id, Row, Value, milliseconds};
use crate::error::{Error, Result};

/// What all tokens begin with, so that scanners of published text find them.
const PREFIX: &str = "t2a_";
/// How many valid tokens a user may have.
const MOST_TOKENS: i64 = 100;
const LONGEST_LIST: i64 = 10_000;
const LONGEST_NAME: usize = 100;

/// What a token may be used for. Each scope allows all that the ones before it allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look at jobs and pictures
    Read,
    /// Ask for pictures, and handle one's own
    Jobs,
    /// All that the user may
    Admin,
}

/// A token, without its secret. Times are milliseconds since 1970 by the clock of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Names the token
    pub id: Id,
    /// The [`User::id`] of whom it stands for
    pub owner: String,
    /// What it is for, in the words of its owner
    pub name: String,
    /// What it may be used for
    pub scope: Scope,
    /// When it was made
    pub created: i64,
    /// When it becomes invalid
    pub expires: Option<i64>,
    /// When it was last used, to the minute
    pub used: Option<i64>,
    /// When it was revoked
    pub revoked: Option<i64>,
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What it is for: 1 to 100 characters
    pub name: String,
    /// What it may be used for
    pub scope: Scope,
    /// How long it is valid; `None` for ever
    pub lasts: Option<Duration>,
}

/// Whom a token stands for, and what it may be used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The user
    pub user: User,
    /// The scope
    pub scope: Scope,
}

impl Scope {
    /// The scope as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Jobs => "jobs",
            Self::Admin => "admin",
        }
    }

    /// Reads a word; `None` if it is not a scope.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Read, Self::Jobs, Self::Admin].into_iter().find(|scope| scope.as_str() == word)
    }
}

impl Accounts {
    /// Makes a token for a user. The secret cannot be shown again.
    ///
    /// # Errors
    ///
    /// If the name cannot be used, the user has 100 valid tokens, or the database cannot be reached.
    pub async fn create_token(&self, owner: &User, token: &NewToken) -> Result<(Token, Secret)> {
        if token.name.is_empty() || token.name.chars().count() > LONGEST_NAME || token.name.contains(char::is_control) {
            return Err(Error::usage(
                "the name of the token cannot be used",
                format!("say what it is for in 1 to {LONGEST_NAME} characters"),
            ));
        }
        let secret = Secret::random(PREFIX)?;
        let values: [Value; 7] = [
            Id::random()?.as_str().into(),
            owner.id.as_str().into(),
            token.name.as_str().into(),
            secret.hash().as_str().into(),
            token.scope.as_str().into(),
            token.lasts.map(milliseconds).into(),
            MOST_TOKENS.into(),
        ];
        let mut transaction = self.database.begin().await?;
        transaction.hold(&format!("text2art tokens {}", owner.id)).await?;
        let rows = transaction.rows(CREATE_TOKEN, &values).await?;
        let Some(made) = rows.first().map(Token::read).transpose()? else {
            return Err(Error::usage(
                format!("there are {MOST_TOKENS} tokens of {} already", owner.name),
                "revoke those that are no longer used",
            ));
        };
        transaction.commit().await?;
        Ok((made, secret))
    }

    /// Whom a token stands for; `None` if it is unknown, expired or revoked, or its user is disabled.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn by_token(&self, sent: &str) -> Result<Option<Access>> {
        let Some(hash) = sent.starts_with(PREFIX).then(|| Hash::of(sent)).flatten() else { return Ok(None) };
        let rows = self.database.rows(TOKEN_USER, &[hash.as_str().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if !hash.is(&row.text("hash")?) {
            return Ok(None);
        }
        // To the minute: a write for each request would be a write too many.
        if row.whole("stale")? == 1 {
            self.database.rows(TOKEN_USED, &[hash.as_str().into()]).await?;
        }
        Ok(Some(Access { user: User::read(row)?, scope: Scope::read(&row.text("scope")?)? }))
    }

    /// The tokens of a user by its [`User::id`], or of all; the oldest first, at most 10,000. Those that are revoked or
    /// expired are among them.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn tokens(&self, owner: Option<&str>) -> Result<Vec<Token>> {
        self.database.rows(TOKENS, &[owner.into(), LONGEST_LIST.into()]).await?.iter().map(Token::read).collect()
    }

    /// Makes a token invalid. If an owner is given, only a token of that owner. Returns whether it was valid.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn revoke_token(&self, id: &Id, owner: Option<&str>) -> Result<bool> {
        Ok(!self.database.rows(REVOKE_TOKEN, &[id.as_str().into(), owner.into()]).await?.is_empty())
    }
}

impl Token {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: Id::stored(row.text("id")?),
            owner: row.text("owner")?,
            name: row.text("name")?,
            scope: Scope::read(&row.text("scope")?)?,
            created: row.whole("created")?,
            expires: row.maybe_whole("expires")?,
            used: row.maybe_whole("used")?,
            revoked: row.maybe_whole("revoked")?,
        })
    }
}

impl Scope {
    fn read(word: &str) -> Result<Self> {
        Self::parse(word).ok_or_else(|| Error::fault(format!("the database has a token with the scope `{word}`")))
    }
}

//! Users: their names, roles and limits.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::sessions::renew_password;
use super::statements::{ANY_USER, CHANGE_USER, CREATE_USER, END_SESSIONS, NAME, PASSWORD, REMOVE_USER, USER, USERS};
use super::{Accounts, passwords};
use crate::database::{Id, Row, Value};
use crate::error::{Error, Result};

const LONGEST_LIST: i64 = 10_000;
const LONGEST_NAME: usize = 50;
/// The longest address of mail, by RFC 5321, 4.5.3.1.3.
const LONGEST_EMAIL: usize = 254;
const HIGHEST_WEIGHT: u32 = 100;
const MOST_WAITING: u32 = 10_000;
const MOST_RUNNING: u32 = 1000;

/// What a user may do. Each role may do all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Ask for pictures, and handle one's own
    User,
    /// See and cancel every job, and care for the queue
    Operator,
    /// Manage users
    Admin,
}

/// How much a user may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many jobs the user gets for one of a user of weight 1: 1 to 100
    pub weight: u32,
    /// How many jobs may wait: 1 to 10,000
    pub max_waiting: u32,
    /// How many jobs may be drawn at once: 1 to 1000
    pub max_running: u32,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Names the user in other tables, and is never used again
    pub id: String,
    /// The name for the login
    pub name: String,
    /// The address for mail
    pub email: Option<String>,
    /// The role
    pub role: Role,
    /// The limits
    pub limits: Limits,
    /// Whether the user may do nothing at the moment
    pub disabled: bool,
    /// When it was added, in milliseconds since 1970
    pub created: i64,
}

/// A user to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The name: 1 to 50 lowercase letters, digits, `-`, `_` and `.`, the first a letter or digit
    pub name: String,
    /// The password; without one, the user can only use tokens
    pub password: Option<String>,
    /// The address for mail
    pub email: Option<String>,
    /// The role
    pub role: Role,
    /// The limits
    pub limits: Limits,
}

/// Changes of a user. What is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The address for mail
    pub email: Option<String>,
    /// The role
    pub role: Option<Role>,
    /// The weight
    pub weight: Option<u32>,
    /// How many jobs may wait
    pub max_waiting: Option<u32>,
    /// How many jobs may be drawn at once
    pub max_running: Option<u32>,
    /// Whether the user may do nothing; ends its sessions
    pub disabled: Option<bool>,
}

/// What became of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// The password is that of this user.
    As(User),
    /// The user does not exist or is disabled, or the password is wrong.
    Wrong,
    /// Too many passwords wait to be compared.
    Busy,
}

impl Role {
    /// The role as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Reads a word; `None` if it is not a role.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::User, Self::Operator, Self::Admin].into_iter().find(|role| role.as_str() == word)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { weight: 1, max_waiting: 20, max_running: 4 }
    }
}

impl Accounts {
    /// Whether there are users, disabled ones included.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn any_users(&self) -> Result<bool> {
        Ok(!self.database.rows(ANY_USER, &[]).await?.is_empty())
    }

    /// Adds a user; `None` if there is one of this name.
    ///
    /// # Errors
    ///
    /// If a field cannot be used, or the database cannot be reached.
    pub async fn create_user(&self, user: &NewUser) -> Result<Option<User>> {
        user.check()?;
        let password = match &user.password {
            Some(password) => Some(passwords::hash(password).await?),
            None => None,
        };
        let rows = self.database.rows(CREATE_USER, &user.values(&Id::random()?, password.as_deref())).await?;
        rows.first().map(User::read).transpose()
    }

    /// Looks up a user by name.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn user(&self, name: &str) -> Result<Option<User>> {
        let Some(name) = storable(name) else { return Ok(None) };
        self.database.rows(USER, &[name.into()]).await?.first().map(User::read).transpose()
    }

    /// The name of the user with an id; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn name_of(&self, id: &str) -> Result<Option<String>> {
        self.database.rows(NAME, &[id.into()]).await?.first().map(|row| row.text("name")).transpose()
    }

    /// The users by name, at most 10,000.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn users(&self) -> Result<Vec<User>> {
        self.database.rows(USERS, &[LONGEST_LIST.into()]).await?.iter().map(User::read).collect()
    }

    /// Changes a user; `None` if there is none of this name.
    ///
    /// # Errors
    ///
    /// If a field cannot be used, or the database cannot be reached.
    pub async fn change_user(&self, name: &str, changes: &Changes) -> Result<Option<User>> {
        changes.check()?;
        let Some(name) = storable(name) else { return Ok(None) };
        let values: [Value; 7] = [
            name.into(),
            changes.email.as_deref().into(),
            changes.role.map(Role::as_str).into(),
            changes.weight.map(i64::from).into(),
            changes.max_waiting.map(i64::from).into(),
            changes.max_running.map(i64::from).into(),
            changes.disabled.map(i64::from).into(),
        ];
        let mut transaction = self.database.begin().await?;
        let rows = transaction.rows(CHANGE_USER, &values).await?;
        let Some(user) = rows.first().map(User::read).transpose()? else { return Ok(None) };
        if user.disabled {
            transaction.rows(END_SESSIONS, &[user.id.as_str().into(), None::<&str>.into()]).await?;
        }
        transaction.commit().await?;
        Ok(Some(user))
    }

    /// Gives a user another password, and ends its sessions and its links for a forgotten one. Returns whether there is
    /// such a user.
    ///
    /// # Errors
    ///
    /// If the password cannot be used, or the database cannot be reached.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<bool> {
        passwords::check(password)?;
        let Some(user) = self.user(name).await? else { return Ok(false) };
        let hash = passwords::hash(password).await?;
        let mut transaction = self.database.begin().await?;
        let found = renew_password(&mut transaction, &user.id, &hash, None).await?;
        transaction.commit().await?;
        Ok(found)
    }

    /// Removes a user with its tokens and sessions, and returns the [`User::id`]. Its jobs stay. `None` if the user does
    /// not exist.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn remove_user(&self, name: &str) -> Result<Option<String>> {
        let Some(name) = storable(name) else { return Ok(None) };
        let rows = self.database.rows(REMOVE_USER, &[name.into()]).await?;
        rows.first().map(|row| row.text("id")).transpose()
    }

    /// The user with this name and password. The time does not tell whether there is one of this name.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn by_password(&self, name: &str, password: &str) -> Result<Login> {
        let rows = match storable(name) {
            Some(name) => self.database.rows(PASSWORD, &[name.into()]).await?,
            None => Vec::new(),
        };
        let hash = rows.first().map(|row| row.maybe_text("password")).transpose()?.flatten();
        let Some(fits) = passwords::verify(password, hash).await? else { return Ok(Login::Busy) };
        let user = rows.first().filter(|_| fits).map(User::read).transpose()?;
        Ok(user.map_or(Login::Wrong, Login::As))
    }
}

impl User {
    pub(super) fn read(row: &Row) -> Result<Self> {
        let role = row.text("role")?;
        Ok(Self {
            id: row.text("id")?,
            name: row.text("name")?,
            email: row.maybe_text("email")?,
            role: Role::parse(&role)
                .ok_or_else(|| Error::fault(format!("the database has a user in the role `{role}`")))?,
            limits: Limits {
                weight: small(row.whole("weight")?),
                max_waiting: small(row.whole("max_waiting")?),
                max_running: small(row.whole("max_running")?),
            },
            disabled: row.whole("disabled")? == 1,
            created: row.whole("created")?,
        })
    }
}

impl NewUser {
    /// A user with the usual role and limits.
    #[must_use]
    pub fn new(name: &str, password: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            password: password.map(str::to_owned),
            email: None,
            role: Role::User,
            limits: Limits::default(),
        }
    }

    /// The values of the statement that adds the user, with the hash of the password.
    pub(super) fn values(&self, id: &Id, password: Option<&str>) -> [Value; 8] {
        [
            id.as_str().into(),
            self.name.as_str().into(),
            password.into(),
            self.email.as_deref().into(),
            self.role.as_str().into(),
            i64::from(self.limits.weight).into(),
            i64::from(self.limits.max_waiting).into(),
            i64::from(self.limits.max_running).into(),
        ]
    }

    /// Whether such a user can be added.
    ///
    /// # Errors
    ///
    /// If a field cannot be used.
    pub fn check(&self) -> Result<()> {
        let fits = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit();
        let plain = self.name.chars().all(|sign| fits(sign) || "-_.".contains(sign)) && self.name.starts_with(fits);
        if !plain || self.name.len() > LONGEST_NAME {
            return Err(Error::usage(
                format!("`{}` cannot be the name of a user", self.name.escape_debug()),
                format!("use 1 to {LONGEST_NAME} lowercase letters, digits, `-`, `_` and `.`, and begin with a letter"),
            ));
        }
        self.password.as_deref().map_or(Ok(()), passwords::check)?;
        self.email.as_deref().map_or(Ok(()), check_email)?;
        self.limits.check()
    }
}

/// What is changed, without the address for mail and whether it is disabled, as in `role operator, weight 2`.
impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |name: &str, number: Option<u32>| number.map(|number| format!("{name} {number}"));
        let words: [Option<String>; 5] = [
            self.email.as_ref().map(|_| "address for mail".to_owned()),
            self.role.map(|role| format!("role {}", role.as_str())),
            number("weight", self.weight),
            number("max_waiting", self.max_waiting),
            number("max_running", self.max_running),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        formatter.write_str(&words.join(", "))
    }
}

impl Changes {
    fn check(&self) -> Result<()> {
        self.email.as_deref().map_or(Ok(()), check_email)?;
        let usual = Limits::default();
        let limits = Limits {
            weight: self.weight.unwrap_or(usual.weight),
            max_waiting: self.max_waiting.unwrap_or(usual.max_waiting),
            max_running: self.max_running.unwrap_or(usual.max_running),
        };
        limits.check()
    }
}

impl Limits {
    fn check(&self) -> Result<()> {
        let numbers = [
            ("weight", self.weight, HIGHEST_WEIGHT),
            ("limit of waiting jobs", self.max_waiting, MOST_WAITING),
            ("limit of running jobs", self.max_running, MOST_RUNNING),
        ];
        for (name, number, highest) in numbers {
            if !(1..=highest).contains(&number) {
                return Err(Error::usage(
                    format!("the {name} of a user cannot be {number}"),
                    format!("choose a number from 1 to {highest}"),
                ));
            }
        }
        Ok(())
    }
}

/// Whether it can be an address of mail is only known when mail arrives.
fn check_email(email: &str) -> Result<()> {
    let plain = email.len() <= LONGEST_EMAIL && email.chars().all(|sign| sign.is_ascii_graphic());
    let parts = email.rsplit_once('@').filter(|(user, host)| !user.is_empty() && !host.is_empty());
    if plain && parts.is_some() {
        return Ok(());
    }
    Err(Error::usage("the address for mail is not valid", "write it as name@example.org"))
}

/// A name that a user may have; `PostgreSQL` refuses some texts, which nobody can have.
fn storable(name: &str) -> Option<&str> {
    (name.len() <= LONGEST_NAME && !name.contains('\0')).then_some(name)
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(if number < 0 { 0 } else { u32::MAX })
}

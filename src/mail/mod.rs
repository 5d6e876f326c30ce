//! Mail: letters to users about their pictures and accounts, and who may get them.
//!
//! - **The outbox** has the letters that wait. The letter about the end of a job is written in the transaction that ends
//!   the job ([`AT_JOBS_END`]), so that none is lost and none is written twice.
//! - **An address is confirmed once**, by a link in a letter to it. No other letter goes to an address that nobody
//!   confirmed.
//! - **Whoever gets letters can stop them**, by a link in each of them that needs no login.
//!
//! Addresses and secret links appear in no log, no metric and no `Debug`.

mod address;
mod addresses;
mod letter;
mod letters;
mod outbox;
mod sender;
mod smtp;
mod statements;
mod stop;
#[cfg(test)]
mod tests;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OnceCell};

pub use address::Address;
pub use addresses::{Confirmation, OwnAddress};
pub use letter::Put;
pub use outbox::{Counts, DeadLetter, Kind};
pub use sender::{Outcome, Report, Sender, Sending};
pub use smtp::{Security, Smtp, SmtpServer, Writer};
pub use stop::StopToken;

use crate::accounts::{Accounts, Secret};
use crate::database::Database;
use crate::error::Result;

/// The tables of the mail, the oldest change first. A published text is never changed: a change is a new file.
const TABLES: &[&str] = &[include_str!("migrations/0001_mail.sql")];

/// The statement that the queue runs at the end of a job whose owner wants a letter.
pub const AT_JOBS_END: &str = statements::JOB_ENDED;

/// The mail of a server. Clones share everything.
#[derive(Clone)]
pub struct Mail {
    database: Database,
    accounts: Accounts,
    smtp: Option<Arc<Smtp>>,
    rules: Rules,
    /// Wakes senders of this process
    added: Arc<Notify>,
    /// The key of hashes of addresses
    key: Arc<OnceCell<Secret>>,
}

/// How long things last, and how often they may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How long a letter belongs to a sender that does not report
    pub lease: Duration,
    /// The pause after the first failure of a letter; each further one is twice as long
    pub first_pause: Duration,
    /// The longest pause
    pub longest_pause: Duration,
    /// After how many failures a letter is dead
    pub most_failures: u32,
    /// How long a link that confirms an address is valid
    pub link_lasts: Duration,
    /// How long it is remembered that a letter was sent
    pub keep: Duration,
    /// How often letters are written
    pub limits: Limits,
}

/// How many letters of a kind may be written within a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// For one user
    pub of_owner: (i64, Duration),
    /// To one address
    pub to_address: (i64, Duration),
}

impl Default for Rules {
    fn default() -> Self {
        Self::of(Duration::from_mins(1))
    }
}

impl Rules {
    /// The rules that go with a lease: those of the default are for the usual lease of 60 s.
    #[must_use]
    pub fn of(lease: Duration) -> Self {
        Self {
            lease,
            first_pause: lease,
            longest_pause: lease * 60,
            most_failures: 8,
            link_lasts: Duration::from_hours(24),
            keep: Duration::from_hours(30 * 24),
            limits: Limits { of_owner: (5, Duration::from_hours(1)), to_address: (5, Duration::from_hours(24)) },
        }
    }
}

impl Mail {
    /// The mail in a database, whose letters are sent by `smtp`; without it, none are written.
    #[must_use]
    pub fn new(database: Database, smtp: Option<Smtp>) -> Self {
        let rules = smtp.as_ref().map_or_else(Rules::default, |smtp| Rules::of(smtp.lease));
        let accounts = Accounts::new(database.clone());
        Self { database, accounts, smtp: smtp.map(Arc::new), rules, added: Arc::default(), key: Arc::default() }
    }

    /// Makes the tables that are missing, or changes those of an older version. Those of the accounts must be there.
    ///
    /// # Errors
    ///
    /// If the database belongs to a newer version, or cannot be reached.
    pub async fn migrate(&self) -> Result<()> {
        self.database.migrate("mail", TABLES).await
    }

    /// Whether the server sends mail.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.smtp.is_some()
    }

    /// Checks that letters could be sent as configured: that the files which that needs can be used. Nothing is sent.
    /// Must be called within a runtime.
    ///
    /// # Errors
    ///
    /// If a file cannot be used, or the password is missing.
    pub fn check(smtp: &Smtp) -> Result<()> {
        transport::Transport::new(smtp).map(drop)
    }

    /// Tells senders of this process that there is a letter. Others look for themselves.
    fn tell_senders(&self) {
        self.added.notify_one();
    }
}

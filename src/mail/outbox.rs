//! Letters on their way: claims, leases, retries and the end.

use super::letter::Payload;
use super::statements::{AGAIN, ANY_DUE, CLAIM, COUNTS, DEAD, DEAD_LETTERS, DROP, RENEW, REVIVE, SENT, STANDING};
use super::{Address, Mail};
use crate::database::{Row, Value, milliseconds};
use crate::error::{Error, Result};

/// The longest error of a letter that is kept, in bytes.
const LONGEST_ERROR: usize = 500;
/// The most dead letters that a list has.
const LONGEST_LIST: i64 = 100;

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A job is done
    Done,
    /// A job failed
    Failed,
    /// An address waits to be confirmed
    Confirm,
    /// A password was forgotten
    Reset,
}

/// A letter that a sender has claimed.
pub(super) struct Claimed {
    pub id: String,
    /// The job that it tells of
    pub job: Option<String>,
    pub kind: Kind,
    pub owner: String,
    pub recipient: Address,
    recipient_hash: String,
    /// Without the brackets
    pub message_id: String,
    claim: i64,
    pub failures: u32,
    pub payload: Option<Payload>,
}

/// Whether a letter may still be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Send,
    /// The recipient wants no letters.
    Stopped,
    /// The address is not the one of the user any more.
    Elsewhere,
}

/// A letter that could not be sent, for operators. It does not tell the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its name
    pub id: String,
    /// What it is about
    pub kind: Kind,
    /// The job that it tells of
    pub job: Option<String>,
    /// The id of the user who should get it
    pub owner: String,
    /// How often it failed
    pub failures: u32,
    /// Why it failed last
    pub error: String,
    /// When it was written, in milliseconds since 1970
    pub created: i64,
    /// When it was given up, in milliseconds since 1970
    pub ended: i64,
}

/// How many letters are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting, also those that are being sent
    pub waiting: u64,
    /// Sent lately
    pub sent: u64,
    /// Given up
    pub dead: u64,
}

impl Kind {
    /// The kind as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Confirm => "confirm",
            Self::Reset => "reset",
        }
    }

    fn read(word: &str) -> Result<Self> {
        [Self::Done, Self::Failed, Self::Confirm, Self::Reset]
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| Error::fault(format!("the database has a letter of the kind `{word}`")))
    }
}

impl Mail {
    /// Gives the next letter to a sender; `None` if none is due. `host` completes the names of messages.
    pub(super) async fn claim(&self, host: &str) -> Result<Option<Claimed>> {
        // Idle senders ask often, and this does not disturb writers.
        if self.database.rows(ANY_DUE, &[]).await?.is_empty() {
            return Ok(None);
        }
        let rows = self.database.rows(CLAIM, &[milliseconds(self.rules.lease).into(), host.into()]).await?;
        rows.first().map(Claimed::read).transpose()
    }

    /// Keeps a claim for another lease. Returns whether it is still valid.
    pub(super) async fn renew(&self, letter: &Claimed) -> Result<bool> {
        let values = [letter.id.as_str().into(), letter.claim.into(), milliseconds(self.rules.lease).into()];
        Ok(!self.database.rows(RENEW, &values).await?.is_empty())
    }

    /// Whether a letter may still go to its recipient.
    pub(super) async fn standing(&self, letter: &Claimed) -> Result<Standing> {
        let values =
            [letter.owner.as_str().into(), letter.recipient.as_str().into(), letter.recipient_hash.as_str().into()];
        let rows = self.database.rows(STANDING, &values).await?;
        let Some(row) = rows.first() else { return Ok(Standing::Elsewhere) };
        let any = |column: &str| Ok::<bool, Error>(row.whole(column)? > 0);
        let is_right = match letter.kind {
            Kind::Done | Kind::Failed | Kind::Reset => any("confirmed")?,
            Kind::Confirm => any("pending")?,
        };
        Ok(match is_right {
            false => Standing::Elsewhere,
            true if letter.kind != Kind::Reset && any("stopped")? => Standing::Stopped,
            true => Standing::Send,
        })
    }

    /// Records that a letter was sent. Returns whether the claim was still valid.
    pub(super) async fn sent(&self, letter: &Claimed) -> Result<bool> {
        self.end(letter, SENT, &[]).await
    }

    /// Records that a letter could not be sent, and is tried again later. Returns whether the claim was still valid.
    pub(super) async fn again(&self, letter: &Claimed, error: &str) -> Result<bool> {
        let doubled = self.rules.first_pause.saturating_mul(1 << letter.failures.min(16));
        let pause = milliseconds(doubled.min(self.rules.longest_pause));
        self.end(letter, AGAIN, &[pause.into(), storable(error).as_str().into()]).await
    }

    /// Gives a letter up. Returns whether the claim was still valid.
    pub(super) async fn give_up(&self, letter: &Claimed, error: &str) -> Result<bool> {
        self.end(letter, DEAD, &[storable(error).as_str().into()]).await
    }

    /// Deletes a letter that is for nobody any more. Returns whether the claim was still valid.
    pub(super) async fn drop_letter(&self, letter: &Claimed) -> Result<bool> {
        self.end(letter, DROP, &[]).await
    }

    async fn end(&self, letter: &Claimed, statement: &str, more: &[Value]) -> Result<bool> {
        let mut values: Vec<Value> = vec![letter.id.as_str().into(), letter.claim.into()];
        values.extend_from_slice(more);
        Ok(!self.database.rows(statement, &values).await?.is_empty())
    }

    /// The letters that were given up, the newest first, at most 100.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        let rows = self.database.rows(DEAD_LETTERS, &[LONGEST_LIST.into()]).await?;
        rows.iter().map(DeadLetter::read).collect()
    }

    /// Sends a letter again that was given up. Returns whether there is such a letter that can be sent.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn send_again(&self, id: &str) -> Result<bool> {
        if id.len() > 100 || id.contains('\0') {
            return Ok(false);
        }
        let revived = !self.database.rows(REVIVE, &[id.into()]).await?.is_empty();
        self.tell_senders();
        Ok(revived)
    }

    /// How many letters are in each state.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn counts(&self) -> Result<Counts> {
        let mut counts = Counts::default();
        for row in self.database.rows(COUNTS, &[]).await? {
            let letters = u64::try_from(row.whole("letters")?).unwrap_or(0);
            match row.text("state")?.as_str() {
                "sent" => counts.sent += letters,
                "dead" => counts.dead += letters,
                _ => counts.waiting += letters,
            }
        }
        Ok(counts)
    }
}

impl Claimed {
    fn read(row: &Row) -> Result<Self> {
        let broken = || Error::fault("the database has a letter to no address");
        let payload = row.maybe_text("payload")?;
        let payload = payload.map(|payload| serde_json::from_str(&payload).map_err(|_| broken())).transpose()?;
        Ok(Self {
            id: row.text("id")?,
            job: row.maybe_text("job")?,
            kind: Kind::read(&row.text("kind")?)?,
            owner: row.text("owner")?,
            recipient: row.maybe_text("recipient")?.ok_or_else(broken)?.parse().map_err(|_| broken())?,
            recipient_hash: row.text("recipient_hash")?,
            message_id: row.text("message_id")?,
            claim: row.whole("claim")?,
            failures: u32::try_from(row.whole("failures")?).unwrap_or(u32::MAX),
            payload,
        })
    }
}

impl DeadLetter {
    /// Whether it can be sent again: what had a secret link is forgotten.
    #[must_use]
    pub fn can_be_sent(&self) -> bool {
        self.job.is_some()
    }

    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.text("id")?,
            kind: Kind::read(&row.text("kind")?)?,
            job: row.maybe_text("job")?,
            owner: row.text("owner")?,
            failures: u32::try_from(row.whole("failures")?).unwrap_or(u32::MAX),
            error: row.maybe_text("error")?.unwrap_or_default(),
            created: row.whole("created")?,
            ended: row.maybe_whole("ended")?.unwrap_or_default(),
        })
    }
}

/// The beginning of an error, without what a database or a terminal cannot take.
fn storable(error: &str) -> String {
    let text: String = error.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    text[..text.floor_char_boundary(LONGEST_ERROR)].to_owned()
}

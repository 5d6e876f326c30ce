//! Sends the letters in the outbox, a few at a time, until it is told to end.
//!
//! A letter is claimed for a lease, which is renewed while it is sent. If the process is killed, the lease ends and
//! another one sends the letter, with the same `Message-ID`. So a letter comes twice only if the server took it and the
//! process ended before that was recorded.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use url::Url;

use super::Mail;
use super::letters::Letters;
use super::outbox::{Claimed, Kind, Standing};
use super::transport::{Refusal, Transport};
use crate::error::Result;
use crate::objects::Objects;
use crate::queue::Queue;

/// How many letters are sent at once.
const AT_ONCE: usize = 2;
/// The longest time for sending one: a server may take ten minutes for its last answer (RFC 5321, 4.5.3.2.6).
const LONGEST: Duration = Duration::from_mins(11);
/// How long letters have to be sent when the sender ends.
const LAST_LETTERS: Duration = Duration::from_secs(10);

/// Is told what becomes of letters.
pub type Report = Arc<dyn Fn(&Sending) + Send + Sync>;

/// What became of a letter. It contains neither the address nor what the letter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// The name of the letter
    pub id: String,
    /// What it is about
    pub kind: Kind,
    /// What became of it
    pub outcome: Outcome,
}

/// What became of a letter that a sender had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server took it.
    Sent,
    /// It is tried again later.
    Again {
        /// Why it was not taken
        error: String,
    },
    /// It is given up.
    Dead {
        /// Why it was not taken
        error: String,
    },
    /// It is for nobody any more.
    Dropped {
        /// Why
        why: &'static str,
    },
    /// Another sender has it now, since this one did not report for too long.
    Fenced,
}

impl Outcome {
    /// The outcome as a word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Again { .. } => "retried",
            Self::Dead { .. } => "dead",
            Self::Dropped { .. } => "dropped",
            Self::Fenced => "fenced",
        }
    }
}

/// Sends letters.
pub struct Sender {
    mail: Mail,
    letters: Letters,
    transport: Transport,
    /// Completes the names of messages
    host: String,
    report: Report,
}

impl Sender {
    /// A sender of the letters of a server at an address, or `None` if it sends no mail. Must be made within a runtime.
    ///
    /// # Errors
    ///
    /// If the connection to the SMTP server cannot be secured as asked for.
    pub fn new(mail: &Mail, queue: Queue, objects: Objects, site: Url, report: Report) -> Result<Option<Self>> {
        let Some(smtp) = &mail.smtp else { return Ok(None) };
        let transport = Transport::new(smtp)?;
        let host = smtp.from.address.host().to_owned();
        let letters = Letters { mail: mail.clone(), queue, objects, site, from: smtp.from.clone() };
        Ok(Some(Self { mail: mail.clone(), letters, transport, host, report }))
    }

    /// Sends letters until `stop` is over; those that are being sent then have a moment to end.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (ending, end) = watch::channel(false);
        let sender = Arc::new(self);
        let mut tasks = JoinSet::new();
        for _ in 0..AT_ONCE {
            tasks.spawn(sender.clone().send_all(end.clone()));
        }
        stop.await;
        ending.send_replace(true);
        let _ = timeout(LAST_LETTERS, async { while tasks.join_next().await.is_some() {} }).await;
        tasks.shutdown().await;
    }

    async fn send_all(self: Arc<Self>, mut end: watch::Receiver<bool>) {
        let pause = self.mail.rules.lease / 30;
        while !*end.borrow() {
            // While the database is away, it is asked again after a pause.
            if self.send_next().await.unwrap_or(false) {
                continue;
            }
            tokio::select! {
                _ = end.changed() => {}
                () = self.mail.added.notified() => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Sends the next letter that is due. Returns whether there was one.
    async fn send_next(&self) -> Result<bool> {
        let Some(letter) = self.mail.claim(&self.host).await? else { return Ok(false) };
        let outcome = self.deliver(&letter).await;
        let outcome = self.record(&letter, outcome).await;
        (self.report)(&Sending { id: letter.id, kind: letter.kind, outcome });
        Ok(true)
    }

    /// Sends a letter within a time.
    async fn deliver(&self, letter: &Claimed) -> Outcome {
        match timeout(LONGEST, self.send_and_keep(letter)).await {
            Ok(outcome) => outcome,
            Err(_) => self.failed(letter, "the SMTP server did not answer in time"),
        }
    }

    /// Sends a letter, and keeps the claim meanwhile.
    async fn send_and_keep(&self, letter: &Claimed) -> Outcome {
        let lease = self.mail.rules.lease;
        let mut ticks = interval_at(Instant::now() + lease / 4, lease / 4);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut kept = Instant::now();
        let sending = self.send(letter);
        tokio::pin!(sending);
        loop {
            tokio::select! {
                outcome = &mut sending => return outcome,
                _ = ticks.tick() => match self.mail.renew(letter).await {
                    Ok(true) => kept = Instant::now(),
                    Ok(false) => return Outcome::Fenced,
                    Err(_) if kept.elapsed() > lease / 2 => return Outcome::Fenced,
                    Err(_) => {}
                },
            }
        }
    }

    async fn send(&self, letter: &Claimed) -> Outcome {
        if letter.failures >= self.mail.rules.most_failures {
            return Outcome::Dead { error: "the server ended each time while it sent this letter".into() };
        }
        let message = match self.mail.standing(letter).await {
            Ok(Standing::Stopped) => return Outcome::Dropped { why: "its recipient wants no letters" },
            Ok(Standing::Elsewhere) => return Outcome::Dropped { why: "the address is no longer the user's" },
            Ok(Standing::Send) => self.letters.write(letter).await,
            Err(error) => Err(error),
        };
        match message {
            Ok(Some(message)) => match self.transport.send(message).await {
                Ok(()) => Outcome::Sent,
                Err(refusal) => self.refused(letter, &refusal),
            },
            Ok(None) => Outcome::Dropped { why: "the picture was deleted" },
            Err(error) => self.failed(letter, &error.to_string()),
        }
    }

    /// What becomes of a letter after a failure that may pass.
    fn failed(&self, letter: &Claimed, words: &str) -> Outcome {
        self.refused(letter, &Refusal { for_good: false, words: words.to_owned() })
    }

    fn refused(&self, letter: &Claimed, refusal: &Refusal) -> Outcome {
        let error = without_address(&refusal.words, letter.recipient.as_str());
        let is_last = letter.failures + 1 >= self.mail.rules.most_failures;
        if refusal.for_good || is_last { Outcome::Dead { error } } else { Outcome::Again { error } }
    }

    /// Records what became of a letter. While the database is away, it is tried again until the lease is over.
    async fn record(&self, letter: &Claimed, outcome: Outcome) -> Outcome {
        let lease = self.mail.rules.lease;
        let until = Instant::now() + lease;
        loop {
            let recorded = match &outcome {
                Outcome::Sent => self.mail.sent(letter).await,
                Outcome::Again { error } => self.mail.again(letter, error).await,
                Outcome::Dead { error } => self.mail.give_up(letter, error).await,
                Outcome::Dropped { .. } => self.mail.drop_letter(letter).await,
                Outcome::Fenced => return Outcome::Fenced,
            };
            match recorded {
                Ok(true) => return outcome,
                Ok(false) => return Outcome::Fenced,
                Err(_) if Instant::now() >= until => return Outcome::Fenced,
                Err(_) => sleep(lease / 60).await,
            }
        }
    }
}

/// An error without the address, which servers like to repeat.
fn without_address(words: &str, address: &str) -> String {
    let (lower, address) = (words.to_ascii_lowercase(), address.to_ascii_lowercase());
    let mut text = String::new();
    let mut from = 0;
    while let Some(at) = lower[from..].find(&address) {
        text += &words[from..from + at];
        text += "the recipient";
        from += at + address.len();
    }
    text + &words[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_do_not_tell_the_address() {
        let words = "permanent error (550): 5.1.1 <Anna@Example.org>: anna@example.org is unknown. Äh";
        let told = without_address(words, "anna@example.org");
        assert_eq!(told, "permanent error (550): 5.1.1 <the recipient>: the recipient is unknown. Äh");
    }
}

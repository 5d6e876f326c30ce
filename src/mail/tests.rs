//! Tests of what is stored: the outbox, its claims, and who may get letters. On `SQLite` always, on
//! `PostgreSQL` if there is one.

use std::time::Duration;

use super::outbox::{Claimed, Kind, Standing};
use super::{AT_JOBS_END, Address, Mail, Put, Smtp};
use crate::accounts::{Accounts, Changes, NewUser, RESET_LASTS};
use crate::database::Database;
use crate::database::tests::on_each;
use crate::progress::Figures;
use crate::queue::{self, Ended, Enqueued, Failure, NewJob, Picture, Queue, State};

const HOST: &str = "example.org";

/// The mail of a server with a user, `anna`.
struct Place {
    database: Database,
    mail: Mail,
    accounts: Accounts,
    queue: Queue,
    anna: String,
}

impl Place {
    async fn new(database: Database) -> Self {
        let queue = Queue::new(database.clone(), queue::Rules::default()).telling(AT_JOBS_END);
        let accounts = Accounts::new(database.clone());
        let mail = Mail::new(database.clone(), Some(smtp()));
        queue.migrate().await.unwrap();
        accounts.migrate().await.unwrap();
        mail.migrate().await.unwrap();
        let anna = accounts.create_user(&NewUser::new("anna", None)).await.unwrap().unwrap().id;
        Self { database, mail, accounts, queue, anna }
    }

    /// Asks for a confirmation, and returns the secret of its link. The letter is dropped.
    async fn ask(&self, email: &str) -> String {
        let put = self.mail.ask_to_confirm(&self.anna, "anna", &address(email)).await.unwrap();
        assert_eq!(put, Put::Waits);
        let letter = self.claim().await.unwrap();
        assert_eq!((letter.kind, letter.recipient.as_str()), (Kind::Confirm, email));
        let path = letter.payload.as_ref().unwrap().path.clone();
        assert!(self.mail.sent(&letter).await.unwrap());
        path.strip_prefix("/mail/confirm/").unwrap().to_owned()
    }

    async fn confirmed(&self, email: &str) {
        let secret = self.ask(email).await;
        assert_eq!(self.mail.confirm(&secret).await.unwrap(), Some(self.anna.clone()));
    }

    async fn claim(&self) -> Option<Claimed> {
        self.mail.claim(HOST).await.unwrap()
    }

    /// Adds a job of anna, which fails at most once, and claims it.
    async fn job(&self, tell: bool) -> queue::Claim {
        let job = NewJob { tell, max_failures: 1, ..NewJob::new(&self.anna, "{}", "a", "vqgan", "normal") };
        let Enqueued::New(id) = self.queue.enqueue(&job).await.unwrap() else { panic!() };
        let claim = self.queue.claim("worker").await.unwrap().unwrap();
        assert_eq!(claim.job, id);
        claim
    }
}

fn smtp() -> Smtp {
    Smtp {
        server: "smtp://127.0.0.1:1".parse().unwrap(),
        password: None,
        password_file: None,
        ca: None,
        from: "art@example.org".parse().unwrap(),
        lease: Duration::from_mins(1),
    }
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn picture() -> Picture {
    Picture {
        width: 1,
        height: 1,
        iterations: None,
        figures: Figures::default(),
        seed: 7,
        seconds: 1.0,
        recipe: "{}".into(),
        artifacts: Vec::new(),
    }
}

const MINUTE: i64 = 60_000;

#[test]
fn an_address_is_confirmed_by_the_latest_link_once_and_in_time() {
    on_each(true, async |database, _| {
        let place = Place::new(database).await;
        let mail = &place.mail;
        let first = place.ask("anna@example.org").await;
        let second = place.ask("anna.bell@example.org").await;
        let own = mail.address_of(&place.anna).await.unwrap();
        assert_eq!((own.confirmed, own.pending.as_deref()), (None, Some("anna.bell@example.org")));
        assert_eq!(mail.confirm(&first).await.unwrap(), None, "another one took its place");
        let shown = mail.confirmation(&second).await.unwrap().unwrap();
        assert_eq!((shown.name.as_str(), shown.address.as_str()), ("anna", "anna.bell@example.org"));
        assert_eq!(mail.confirm(&second).await.unwrap(), Some(place.anna.clone()));
        assert_eq!(mail.confirm(&second).await.unwrap(), None, "it was used");

        let late = place.ask("anna@example.com").await;
        let own = mail.address_of(&place.anna).await.unwrap();
        assert_eq!(own.confirmed.as_deref(), Some("anna.bell@example.org"), "the earlier one stays meanwhile");
        place.database.wait(24 * 60 * MINUTE).await;
        assert_eq!(mail.confirmation(&late).await.unwrap(), None);
        assert_eq!(mail.confirm(&late).await.unwrap(), None);
        assert_eq!(mail.address_of(&place.anna).await.unwrap().pending, None);
        for wrong in ["", "a", &"x".repeat(1000), "\0"] {
            assert_eq!(mail.confirm(wrong).await.unwrap(), None);
        }
        let changes = |disabled| Changes { disabled: Some(disabled), ..Changes::default() };
        let disabled = place.ask("anna@example.com").await;
        place.accounts.change_user("anna", &changes(true)).await.unwrap();
        assert_eq!(mail.confirm(&disabled).await.unwrap(), None, "its user may do nothing");
        place.accounts.change_user("anna", &changes(false)).await.unwrap();
        assert!(mail.remove_address(&place.anna).await.unwrap());
        assert!(!mail.remove_address(&place.anna).await.unwrap());
        // With the user, all of it goes.
        place.confirmed("anna@example.org").await;
        place.accounts.remove_user("anna").await.unwrap();
        assert_eq!(place.database.number("SELECT count(*) AS number FROM addresses", &[]).await, 0);
        assert_eq!(place.database.number("SELECT count(*) AS number FROM outbox", &[]).await, 0);
    });
}

#[test]
fn the_end_of_a_job_and_its_letter_are_recorded_together() {
    on_each(true, async |database, _| {
        let place = Place::new(database).await;
        place.queue.finish(&place.job(true).await, &picture()).await.unwrap();
        assert!(place.claim().await.is_none(), "nobody confirmed an address");
        place.confirmed("anna@example.org").await;
        place.queue.finish(&place.job(false).await, &picture()).await.unwrap();
        assert!(place.claim().await.is_none(), "nobody asked for a letter");

        let claim = place.job(true).await;
        for _ in 0..2 {
            assert_eq!(place.queue.finish(&claim, &picture()).await.unwrap(), Ended::Now(State::Done));
        }
        let letter = place.claim().await.unwrap();
        assert_eq!((letter.kind, letter.job.as_deref()), (Kind::Done, Some(claim.job.as_str())));
        assert_eq!(letter.message_id, format!("{}.done@{HOST}", claim.job));
        assert_eq!(place.mail.standing(&letter).await.unwrap(), Standing::Send);
        assert!(place.mail.sent(&letter).await.unwrap());
        assert!(place.claim().await.is_none(), "there is one only");

        let failing = place.job(true).await;
        let failure = Failure { error: "no".into(), ..Failure::default() };
        assert_eq!(place.queue.fail(&failing, &failure).await.unwrap(), Ended::Now(State::Dead));
        assert_eq!(place.claim().await.unwrap().kind, Kind::Failed);
        let lost = place.job(true).await;
        place.database.wait(2 * MINUTE).await;
        assert_eq!(place.queue.reap().await.unwrap().len(), 1);
        let letters = [place.claim().await.unwrap(), place.claim().await.unwrap()];
        assert!(letters.iter().any(|letter| letter.job.as_deref() == Some(lost.job.as_str())));
        // Whoever cancels knows it.
        let canceled = place.job(true).await;
        place.queue.cancel(&canceled.job, None).await.unwrap();
        place.queue.stopped(&canceled).await.unwrap();
        assert!(place.claim().await.is_none());
    });
}

#[test]
fn a_letter_is_tried_again_with_the_same_name_and_given_up_at_last() {
    on_each(true, async |database, _| {
        let place = Place::new(database).await;
        place.confirmed("anna@example.org").await;
        place.queue.finish(&place.job(true).await, &picture()).await.unwrap();
        let mut names = Vec::new();
        for failures in 0..7 {
            let letter = place.claim().await.unwrap();
            assert_eq!(letter.failures, failures);
            names.push(letter.message_id.clone());
            assert!(place.mail.again(&letter, "busy\r\n").await.unwrap());
            let minutes = 1 << failures.min(5);
            place.database.wait(minutes * MINUTE - 1).await;
            if failures < 6 {
                assert!(place.claim().await.is_none(), "{failures}");
            }
            place.database.wait(1).await;
        }
        names.dedup();
        assert_eq!(names.len(), 1, "{names:?}");
        place.database.wait(60 * MINUTE).await;
        let frozen = place.claim().await.unwrap();
        assert!(place.mail.renew(&frozen).await.unwrap());
        place.database.wait(MINUTE + 1).await;
        let last = place.claim().await.unwrap();
        assert_eq!((last.failures, last.message_id.as_str()), (8, names[0].as_str()), "a lost lease counts");
        for fenced in [place.mail.renew(&frozen).await, place.mail.sent(&frozen).await] {
            assert!(!fenced.unwrap());
        }
        assert!(place.mail.give_up(&last, "no").await.unwrap());
        assert!(place.claim().await.is_none());
        let dead = place.mail.dead_letters().await.unwrap();
        assert_eq!((dead.len(), dead[0].error.as_str(), dead[0].can_be_sent()), (1, "no", true));
        assert!(place.mail.send_again(&dead[0].id).await.unwrap());
        let again = place.claim().await.unwrap();
        assert_eq!((again.failures, again.message_id.as_str()), (0, names[0].as_str()));
        assert!(place.mail.sent(&again).await.unwrap());
        assert_eq!(place.mail.counts().await.unwrap().sent, 2);
        // A letter with a secret link is over, and forgets whom it was for.
        assert_eq!(
            place.mail.ask_to_confirm(&place.anna, "anna", &address("a@example.org")).await.unwrap(),
            Put::Waits
        );
        let letter = place.claim().await.unwrap();
        assert!(place.mail.give_up(&letter, "no").await.unwrap());
        let dead = place.mail.dead_letters().await.unwrap();
        assert!(!dead[0].can_be_sent() && !place.mail.send_again(&dead[0].id).await.unwrap());
        let kept = "SELECT count(*) AS number FROM outbox WHERE recipient IS NOT NULL";
        assert_eq!(place.database.number(kept, &[]).await, 0);
        place.database.wait(31 * 24 * 60 * MINUTE).await;
        assert_eq!(place.mail.tidy().await.unwrap(), 3);
    });
}

#[test]
fn letters_stop_and_begin_again_without_a_login() {
    on_each(true, async |database, _| {
        let place = Place::new(database).await;
        place.confirmed("anna@example.org").await;
        place.queue.finish(&place.job(true).await, &picture()).await.unwrap();
        let letter = place.claim().await.unwrap();
        let secret = place.mail.stop_token(&letter.recipient).await.unwrap();
        assert!(!secret.contains("anna"));
        let token = place.mail.read_stop_token(&secret).await.unwrap().unwrap();
        let mut forged = secret.clone().into_bytes();
        forged[40] = if forged[40] == b'A' { b'B' } else { b'A' };
        for wrong in ["", "a", &"x".repeat(1000), "%", "é", std::str::from_utf8(&forged).unwrap()] {
            assert!(place.mail.read_stop_token(wrong).await.unwrap().is_none(), "{wrong}");
        }
        assert!(place.mail.stop(&token).await.unwrap() && place.mail.is_stopped(&token).await.unwrap());
        assert_eq!(place.mail.standing(&letter).await.unwrap(), Standing::Stopped);
        assert!(place.mail.drop_letter(&letter).await.unwrap());
        assert!(place.mail.address_of(&place.anna).await.unwrap().stopped);
        place.queue.finish(&place.job(true).await, &picture()).await.unwrap();
        assert!(place.claim().await.is_none());
        let mail = &place.mail;
        let asked = mail.ask_to_confirm(&place.anna, "anna", &address("anna@example.org")).await.unwrap();
        assert_eq!(asked, Put::Stopped);
        // Who forgot the password needs the letter all the same.
        let anna = place.accounts.user("anna").await.unwrap().unwrap();
        assert_eq!(mail.put_reset(&anna, "/reset/", RESET_LASTS).await.unwrap(), Put::Waits);
        let letter = place.claim().await.unwrap();
        assert_eq!((letter.kind, mail.standing(&letter).await.unwrap()), (Kind::Reset, Standing::Send));
        // The address may change before a letter is sent.
        assert!(mail.allow(&place.anna).await.unwrap() && !mail.allow_again(&token).await.unwrap());
        place.confirmed("anna@example.com").await;
        assert_eq!(mail.standing(&letter).await.unwrap(), Standing::Elsewhere);
    });
}

#[test]
fn nobody_is_flooded() {
    on_each(true, async |database, _| {
        let place = Place::new(database).await;
        let user = place.accounts.create_user(&NewUser::new("ben", None)).await.unwrap().unwrap();
        let ben = user.id.clone();
        let mail = &place.mail;
        let ask = async |owner: &str, email: &str| mail.ask_to_confirm(owner, "x", &address(email)).await.unwrap();
        for number in 0..5 {
            let email = if number < 4 { "cleo@example.org" } else { "dora@example.org" };
            assert_eq!(ask(&place.anna, email).await, Put::Waits);
        }
        assert_eq!(ask(&place.anna, "emil@example.org").await, Put::Often);
        assert_eq!(ask(&ben, "cleo@example.org").await, Put::Waits);
        assert_eq!(ask(&ben, "cleo@example.org").await, Put::Often);
        assert_eq!(ask(&ben, "emil@example.org").await, Put::Waits);
        place.database.wait(60 * MINUTE).await;
        assert_eq!(ask(&place.anna, "emil@example.org").await, Put::Waits);
        assert_eq!(ask(&place.anna, "cleo@example.org").await, Put::Often);
        assert_eq!(mail.put_reset(&user, "/reset/", RESET_LASTS).await.unwrap(), Put::NoAddress);
        let silent = Mail::new(place.database.clone(), None);
        let asked = silent.ask_to_confirm(&ben, "ben", &address("f@example.org")).await.unwrap();
        assert_eq!(asked, Put::NotConfigured);
    });
}

#[test]
fn a_link_for_a_password_is_only_made_with_its_letter() {
    on_each(true, async |database, _| {
        let place = Place::new(database).await;
        place.confirmed("anna@example.org").await;
        let anna = place.accounts.user("anna").await.unwrap().unwrap();
        let mut links = Vec::new();
        for _ in 0..5 {
            assert_eq!(place.mail.put_reset(&anna, "/reset/", RESET_LASTS).await.unwrap(), Put::Waits);
            let letter = place.claim().await.unwrap();
            links.push(letter.payload.as_ref().unwrap().path.strip_prefix("/reset/").unwrap().to_owned());
            assert!(place.mail.sent(&letter).await.unwrap());
        }
        assert_eq!(place.mail.put_reset(&anna, "/reset/", RESET_LASTS).await.unwrap(), Put::Often);
        assert!(place.claim().await.is_none());
        for link in links {
            assert_eq!(place.accounts.by_reset(&link).await.unwrap(), Some(anna.clone()), "no other took its place");
        }
    });
}

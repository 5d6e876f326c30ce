//! Servers and workers of earlier versions keep running after newer ones have changed the tables: their statements must
//! still be valid and mean the same.
//!
//! `tests/fixtures/statements/queue-N.json` has the statements, by room and name, of the last version whose queue had N
//! changes of its tables; that of 5 has only those that differ from the list before. A change of a room's tables that comes
//! later needs such a list of the version before it. Statements that a function puts together are not among them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::migrate;
use crate::accounts::Accounts;
use crate::database::tests::on_each;
use crate::database::{Database, Row, Value};
use crate::error::Result;
use crate::gallery::Gallery;
use crate::mail::Mail;
use crate::queue::{JobId, NewJob, Queue, Rules, State};

const NO_TEXT: Option<&str> = None;
const NO_NUMBER: Option<i64> = None;

/// The statements of a version, by room and name.
type Recorded = BTreeMap<String, BTreeMap<String, Statement>>;

#[derive(Clone, Deserialize)]
struct Statement {
    /// The types of its values
    values: String,
    text: String,
}

/// The lists, with how many changes the tables of the queue had.
fn recorded() -> [(u32, Recorded); 2] {
    let lists = [
        (4, include_str!("../../tests/fixtures/statements/queue-4.json")),
        (5, include_str!("../../tests/fixtures/statements/queue-5.json")),
    ];
    lists.map(|(changes, text)| (changes, serde_json::from_str(text).unwrap()))
}

/// The tables of this version.
async fn prepared(database: &Database) -> Queue {
    let queue = Queue::new(database.clone(), Rules::default());
    queue.migrate().await.unwrap();
    Accounts::new(database.clone()).migrate().await.unwrap();
    Mail::new(database.clone(), None).migrate().await.unwrap();
    Gallery::new(database.clone()).migrate().await.unwrap();
    migrate(database).await.unwrap();
    queue
}

#[test]
fn the_statements_of_earlier_versions_are_valid() {
    on_each(false, async |database, address| {
        prepared(&database).await;
        for (changes, rooms) in recorded() {
            for (room, statements) in rooms {
                for (name, statement) in statements {
                    let checked = check(&database, &address, &statement).await;
                    checked.unwrap_or_else(|error| panic!("{name} of {room} before change {changes}: {error}"));
                }
            }
        }
        let wrong = Statement { values: String::new(), text: "SELECT missing FROM jobs".into() };
        check(&database, &address, &wrong).await.unwrap_err();
    });
}

/// Checks a statement without running it.
async fn check(database: &Database, address: &str, Statement { values, text }: &Statement) -> Result<()> {
    let mut transaction = database.begin().await?;
    let types = if values.is_empty() { String::new() } else { format!("({values})") };
    let checked = if address.starts_with("sqlite:") {
        format!("EXPLAIN {text};")
    } else {
        format!("PREPARE old_statement {types} AS {text}; DEALLOCATE old_statement;")
    };
    transaction.script(&checked).await
}

/// A server and a worker of an earlier version.
struct Old {
    database: Database,
    changes: u32,
    statements: BTreeMap<String, Statement>,
}

impl Old {
    async fn run(&self, name: &str, values: &[Value]) -> Vec<Row> {
        let answered = self.database.rows(&self.statements[name].text, values).await;
        answered.unwrap_or_else(|error| panic!("{name} before change {}: {error}", self.changes))
    }

    /// Announces a worker.
    async fn announce(&self, worker: &str) {
        let mut values: Vec<Value> =
            vec![worker.into(), "old".into(), 7.into(), "text2art 0.0.9".into(), "cpu".into(), 1.into()];
        if self.changes > 4 {
            values.extend(["avx2".into(), "".into(), 0.into(), "old abilities".into()]);
        }
        assert_eq!(self.run("ANNOUNCE", &values).await[0].whole("draining").unwrap(), 0);
    }

    /// Claims the next job. Returns it with the number of the claim.
    async fn claim(&self, worker: &str) -> Option<(JobId, i64)> {
        // Before change 5, workers did not pass jobs on, and did not say how long a silent one counts.
        let which: Vec<Value> = if self.changes > 4 { vec![worker.into(), 60_000.into()] } else { Vec::new() };
        if self.run("ANY_READY", &which).await.is_empty() {
            return None;
        }
        let mut values: Vec<Value> = if self.changes > 4 { which } else { vec![worker.into()] };
        values.push(60_000.into());
        let claimed = self.run("CLAIM", &values).await;
        let row = claimed.first()?;
        let (job, claim) = (JobId::stored(row.text("id").unwrap()), row.whole("claim").unwrap());
        self.run("BEGIN_ATTEMPT", &[job.as_str().into(), claim.into(), worker.into()]).await;
        Some((job, claim))
    }

    /// Adds a job.
    async fn enqueue(&self, owner: &str) -> JobId {
        let id = JobId::random().unwrap();
        let texts = [id.as_str(), owner, "{}", "a red apple", "vqgan", "normal"];
        let mut values: Vec<Value> = texts.map(Value::from).to_vec();
        // No key of the owner.
        values.insert(2, NO_TEXT.into());
        // The priority, the most failures, the step of a turn, the most that wait and run, and whether to tell of the end.
        values.extend([0, 3, 1000, 20, 20, 0].map(Value::from));
        assert_eq!(self.run("ENQUEUE", &values).await.len(), 1);
        id
    }

    /// Records an artifact of a running job.
    async fn keep(&self, (job, claim): (&JobId, i64), name: &str) {
        assert_eq!(self.run("TOUCH", &[job.as_str().into(), claim.into()]).await.len(), 1);
        let object = format!("jobs/{job}/{claim}/{name}");
        let values =
            [job.as_str().into(), name.into(), object.as_str().into(), "image/png".into(), 9.into(), "00".into()];
        assert_eq!(self.run("ARTIFACT", &values).await.len(), 1);
    }

    /// Ends a claim with a result.
    async fn finish(&self, job: &JobId, claim: i64) {
        let ended = [job.as_str().into(), claim.into(), 0.5.into(), 10.into(), 0.3.into()];
        assert_eq!(self.run("FINISH", &ended).await[0].text("state").unwrap(), "done");
        let mut values: Vec<Value> = vec![job.as_str().into(), claim.into(), 64.into(), 64.into(), 0.5.into()];
        values.extend(["7".into(), 1.5.into(), "{}".into(), 0.3.into(), 0.2.into()]);
        self.run("RESULT", &values).await;
        self.run("FORGET_KEPT", &[job.as_str().into()]).await;
        let attempt = [job.as_str().into(), claim.into(), "done".into(), NO_NUMBER.into(), NO_TEXT.into()];
        assert_eq!(self.run("END_ATTEMPT", &attempt).await.len(), 1);
    }
}

#[test]
fn earlier_versions_and_this_one_work_on_the_same_jobs() {
    on_each(true, async |database, _| {
        let queue = prepared(&database).await;
        let mut statements = BTreeMap::new();
        for (changes, mut rooms) in recorded() {
            statements.extend(rooms.remove("queue").unwrap());
            let old = Old { database: database.clone(), changes, statements: statements.clone() };
            together(&queue, &old).await;
        }
    });
}

async fn together(queue: &Queue, old: &Old) {
    let outcomes = async |job: &JobId| {
        let attempts = queue.attempts(job).await.unwrap();
        attempts.into_iter().rev().map(|attempt| attempt.outcome.unwrap_or_default()).collect::<Vec<_>>()
    };
    let state = async |job: &JobId| queue.job(job, None).await.unwrap().unwrap().state;
    let worker = format!("old {}", old.changes);
    old.announce(&worker).await;
    let known = queue.workers().await.unwrap();
    assert!(known.iter().any(|known| known.info.id == worker && known.alive), "{known:?}");

    // An old server takes a job, and an old worker draws it: this server shows it all the way.
    let job = old.enqueue("anna").await;
    assert_eq!(state(&job).await, State::Queued);
    let (claimed, claim) = old.claim(&worker).await.unwrap();
    assert_eq!((&claimed, claim, state(&job).await), (&job, 1, State::Running));
    let mut beat: Vec<Value> = vec![job.as_str().into(), claim.into(), 60_000.into(), 3.into(), 10.into()];
    beat.extend([0.7.into(), NO_TEXT.into(), 0.3.into()]);
    assert_eq!(old.run("BEAT", &beat).await[0].whole("cancel").unwrap(), 0);
    assert_eq!(queue.job(&job, None).await.unwrap().unwrap().iteration, Some(3));
    old.keep((&job, claim), "checkpoint").await;
    assert_eq!(queue.artifacts(&job).await.unwrap()[0].name, "checkpoint");
    old.finish(&job, claim).await;
    assert_eq!((state(&job).await, outcomes(&job).await), (State::Done, vec!["done".to_owned()]));
    assert_eq!(queue.result(&job).await.unwrap().unwrap().seed, "7");

    // A job of this server fails with an old worker, and a new one finishes it.
    queue.enqueue(&NewJob::new("ben", "{}", "a pear", "vqgan", "normal")).await.unwrap();
    let (job, claim) = old.claim(&worker).await.unwrap();
    let values = [job.as_str().into(), claim.into(), 0.into(), 10.into(), 100.into(), "oh".into(), "wait".into()];
    assert_eq!(old.run("FAIL", &values).await[0].text("state").unwrap(), "queued");
    let ended = [job.as_str().into(), claim.into(), "failed".into(), 1.into(), "oh".into()];
    old.run("END_ATTEMPT", &ended).await;
    old.database.wait(1000).await;
    let again = queue.claim("new").await.unwrap().unwrap();
    assert_eq!((&again.job, again.number), (&job, 2));
    // The old worker knows that its claim is over.
    assert!(old.run("TOUCH", &[job.as_str().into(), claim.into()]).await.is_empty());
    assert!(old.claim(&worker).await.is_none());

    // The new worker dies, an old one takes its job, and this server cancels that.
    old.database.wait(120_000).await;
    let lost = old.run("REAP", &[10.into(), 100.into()]).await;
    assert_eq!((lost.len(), lost[0].text("id").unwrap().as_str()), (1, job.as_str()));
    let ended = [job.as_str().into(), again.number.into(), "lost".into(), NO_NUMBER.into(), NO_TEXT.into()];
    old.run("END_ATTEMPT", &ended).await;
    old.database.wait(1000).await;
    old.announce(&worker).await;
    let (_, claim) = old.claim(&worker).await.unwrap();
    queue.cancel(&job, None).await.unwrap();
    assert_eq!(old.run("STOPPED", &[job.as_str().into(), claim.into()]).await.len(), 1);
    assert_eq!(state(&job).await, State::Cancelled);
    assert_eq!(old.run("LEAVE", &[worker.as_str().into()]).await.len(), 1);
}

//! Tests of the queue, on each database there is: a file of `SQLite` always, and the `PostgreSQL` at the address in
//! `T2A_POSTGRES` if the feature `postgres` is on, in a schema of each test.

mod cases;
mod fair;
mod model;
mod trial;

use std::path::Path;

use super::*;
use crate::database::Value;

/// The time at which the clock of a test begins.
const BEGINNING: i64 = 1_000_000;

/// A database for one test.
pub(super) struct Place {
    pub queue: Queue,
    /// For other processes
    pub address: String,
}

/// A clock that only moves if it is moved.
const CLOCK: &str = "(SELECT now FROM clock)";

/// Runs a test on each database, with its clock in the hands of the test or not.
#[allow(clippy::needless_pass_by_value, reason = "a closure reads better at the call without a borrow")]
pub(super) fn on_each(rules: &Rules, own_clock: bool, test: impl AsyncFn(&Place)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        let place = prepare(Database::open(&path).await.unwrap(), path_address(&path), rules, own_clock).await;
        test(&place).await;
        place.queue.close().await;
        on_postgres(rules, own_clock, &test).await;
    });
}

fn path_address(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

async fn prepare(database: Database, address: String, rules: &Rules, own_clock: bool) -> Place {
    let database = if own_clock {
        let mut transaction = database.begin().await.unwrap();
        let clock = format!("CREATE TABLE clock (now BIGINT NOT NULL); INSERT INTO clock VALUES ({BEGINNING});");
        transaction.script(&clock).await.unwrap();
        transaction.commit().await.unwrap();
        database.with_clock(CLOCK)
    } else {
        database
    };
    let queue = Queue::new(database, rules.clone());
    queue.migrate().await.unwrap();
    Place { queue, address }
}

#[cfg(feature = "postgres")]
async fn on_postgres(rules: &Rules, own_clock: bool, test: &impl AsyncFn(&Place)) {
    let Ok(address) = std::env::var("T2A_POSTGRES") else { return say_skipped() };
    let schema = format!("t{}", JobId::random().unwrap());
    let whole = Database::connect(&address).await.unwrap();
    whole.rows(&format!("CREATE SCHEMA {schema}"), &[]).await.unwrap();
    let mark = if address.contains('?') { '&' } else { '?' };
    let address = format!("{address}{mark}options[search_path]={schema}");
    let place = prepare(Database::connect(&address).await.unwrap(), address, rules, own_clock).await;
    test(&place).await;
    place.queue.close().await;
    whole.rows(&format!("DROP SCHEMA {schema} CASCADE"), &[]).await.unwrap();
    whole.close().await;
}

#[cfg(not(feature = "postgres"))]
#[allow(clippy::unused_async)]
async fn on_postgres(_: &Rules, _: bool, _: &impl AsyncFn(&Place)) {
    say_skipped();
}

#[allow(clippy::print_stderr)]
fn say_skipped() {
    eprintln!("skipped on PostgreSQL: set T2A_POSTGRES to its address, and build with the feature `postgres`");
}

impl Place {
    /// Moves the clock.
    pub async fn wait(&self, milliseconds: i64) {
        self.number("UPDATE clock SET now = now + $1 RETURNING now AS number", &[milliseconds.into()]).await;
    }

    /// The number that a statement answers.
    pub async fn number(&self, statement: &str, values: &[Value]) -> i64 {
        self.queue.database.rows(statement, values).await.unwrap()[0].whole("number").unwrap()
    }

    /// Adds a job.
    pub async fn add(&self, owner: &str) -> JobId {
        self.add_with(&NewJob { max_waiting: 1000, ..job(owner) }).await
    }

    /// Adds a job.
    pub async fn add_with(&self, job: &NewJob) -> JobId {
        match self.queue.enqueue(job).await.unwrap() {
            Enqueued::New(id) => id,
            other => panic!("{other:?}"),
        }
    }

    /// Claims the next job, which must be there.
    pub async fn claim(&self) -> Claim {
        self.queue.claim("worker").await.unwrap().unwrap()
    }

    /// The state of a job.
    pub async fn state(&self, id: &JobId) -> State {
        self.queue.job(id, None).await.unwrap().unwrap().state
    }
}

/// A job as most tests want it.
pub(super) fn job(owner: &str) -> NewJob {
    NewJob::new(owner, "{}", "a red apple", "picture", "normal")
}

/// A result of a claim.
pub(super) fn picture(claim: &Claim, seconds: f64) -> Picture {
    let artifact = Artifact {
        name: "picture".into(),
        object: format!("jobs/{}/{}/picture", claim.job, claim.number),
        media_type: "image/png".into(),
        bytes: 9,
        sha256: "00".into(),
    };
    let artifacts = vec![artifact];
    Picture { width: 64, height: 64, loss: Some(0.5), seed: u64::MAX, seconds, recipe: "{}".into(), artifacts }
}

/// Short times, for a clock in the hands of the test.
pub(super) fn short() -> Rules {
    Rules {
        lease: Duration::from_millis(100),
        first_pause: Duration::from_millis(50),
        later_pause: Duration::from_millis(200),
        most_releases: 2,
        worker_alive: Duration::from_secs(60),
    }
}

//! Tests of the queue, on each database there is (`database/tests.rs` says which).

mod cases;
mod fair;
mod hints;
mod model;
mod passes;
mod trial;

use super::*;
use crate::database::Value;
use crate::database::tests::{BEGINNING, path_address};
use crate::progress::Figures;

/// A database for one test.
pub(super) struct Place {
    pub queue: Queue,
    /// For other processes
    pub address: String,
}

/// Runs a test on each database, with its clock in the hands of the test or not.
#[allow(clippy::needless_pass_by_value, reason = "a closure reads better at the call without a borrow")]
pub(super) fn on_each(rules: &Rules, own_clock: bool, test: impl AsyncFn(&Place)) {
    crate::database::tests::on_each(own_clock, async |database, address| {
        let queue = Queue::new(database, rules.clone());
        queue.migrate().await.unwrap();
        test(&Place { queue, address }).await;
    });
}

impl Place {
    /// Moves the clock.
    pub async fn wait(&self, milliseconds: i64) {
        self.queue.database.wait(milliseconds).await;
    }

    /// The number that a statement answers.
    pub async fn number(&self, statement: &str, values: &[Value]) -> i64 {
        self.queue.database.number(statement, values).await
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
    Picture {
        width: 64,
        height: 64,
        iterations: Some(10),
        figures: Figures { loss: Some(0.5), fit: Some(0.34), first_fit: Some(0.21) },
        seed: u64::MAX,
        seconds,
        recipe: "{}".into(),
        artifacts,
    }
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

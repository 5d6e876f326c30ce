//! The order of owners, positions, and how good the estimates are.

use std::collections::HashMap;

use super::*;

/// Claims and finishes all jobs, and returns their owners in that order.
async fn served(place: &Place, most: usize) -> Vec<String> {
    let mut owners = Vec::new();
    while owners.len() < most {
        let Some(claim) = place.queue.claim("worker").await.unwrap() else { break };
        place.queue.finish(&claim, &picture(&claim, 1.0)).await.unwrap();
        owners.push(claim.owner);
    }
    owners
}

#[test]
fn owners_take_turns() {
    on_each(&short(), true, async |place| {
        for _ in 0..50 {
            place.add("anna").await;
        }
        for owner in ["ben", "ben", "cleo"] {
            place.add(owner).await;
        }
        assert_eq!(served(place, 7).await, ["anna", "ben", "cleo", "anna", "ben", "anna", "anna"]);
    });
}

#[test]
fn a_newcomer_waits_for_no_backlog_and_nobody_saves_turns() {
    on_each(&short(), true, async |place| {
        for _ in 0..9 {
            place.add("anna").await;
        }
        assert_eq!(served(place, 4).await, ["anna"; 4]);
        let held = place.claim().await;
        // Ben comes late: his second job is after one of Anna's, not before all of them.
        place.add("ben").await;
        place.add("ben").await;
        place.queue.finish(&held, &picture(&held, 1.0)).await.unwrap();
        assert_eq!(served(place, 5).await, ["ben", "anna", "ben", "anna", "anna"]);
    });
}

#[test]
fn weights_and_priorities_count() {
    on_each(&short(), true, async |place| {
        for _ in 0..4 {
            place.add_with(&job("anna")).await;
        }
        for _ in 0..5 {
            place.add_with(&NewJob { weight: 2, ..job("ben") }).await;
        }
        let urgent = place.add_with(&NewJob { priority: 1, ..job("cleo") }).await;
        assert_eq!(place.queue.position(&urgent).await.unwrap().unwrap().place, 1);
        let owners = served(place, 10).await;
        assert_eq!(owners, ["cleo", "anna", "ben", "ben", "anna", "ben", "ben", "anna", "ben", "anna"]);
    });
}

#[test]
fn an_owner_at_its_limit_lets_others_pass_and_keeps_its_place() {
    on_each(&short(), true, async |place| {
        for _ in 0..4 {
            place.add_with(&NewJob { max_running: 2, ..job("anna") }).await;
        }
        for _ in 0..3 {
            place.add("ben").await;
        }
        let mut claims = Vec::new();
        for owner in ["anna", "ben", "anna", "ben", "ben"] {
            claims.push(place.claim().await);
            assert_eq!(claims.last().unwrap().owner, owner);
        }
        // Two of Anna wait, and may not begin before one of hers ends.
        assert_eq!(place.queue.claim("worker").await.unwrap(), None);
        place.queue.finish(&claims[1], &picture(&claims[1], 1.0)).await.unwrap();
        assert_eq!(place.queue.claim("worker").await.unwrap(), None);
        place.add("ben").await;
        place.queue.finish(&claims[0], &picture(&claims[0], 1.0)).await.unwrap();
        assert_eq!(served(place, 1).await, ["anna"]);
        // Another limit holds for the jobs that were added before: one of Anna runs, and her last is next.
        place.queue.limit("anna", 1).await.unwrap();
        assert_eq!(place.claim().await.owner, "ben");
        assert_eq!(place.queue.claim("worker").await.unwrap(), None);
        place.queue.limit("anna", 2).await.unwrap();
        assert_eq!(place.claim().await.owner, "anna");
    });
}

#[test]
fn two_claims_at_once_keep_the_limit_of_an_owner() {
    on_each(&Rules::default(), false, async |place| {
        for _ in 0..8 {
            place.add_with(&NewJob { max_running: 3, ..job("anna") }).await;
        }
        let claims: Vec<_> = (0..8)
            .map(|_| {
                let queue = place.queue.clone();
                tokio::spawn(async move { queue.claim("worker").await.unwrap() })
            })
            .collect();
        for claim in claims {
            claim.await.unwrap();
        }
        assert_eq!(place.queue.counts().await.unwrap().running, 3);
    });
}

/// How long a job lasts, in milliseconds.
const LASTS: i64 = 10_000;

/// What a job's estimate was, and what was to come.
struct Expected {
    id: JobId,
    owner: String,
    begins: Duration,
    ready: Duration,
}

#[test]
fn positions_and_estimates_of_fifty_jobs_come_true() {
    let rules = Rules { lease: Duration::from_mins(60), worker_alive: Duration::from_mins(60), ..short() };
    on_each(&rules, true, async |place| {
        // Twenty jobs took 10 s in the median; older ones, and those of another quality, took longer.
        let before =
            [(5, 90.0, "normal"), (9, 5.0, "normal"), (2, 10.0, "normal"), (9, 60.0, "normal"), (5, 99.0, "best")];
        for (count, seconds, quality) in before {
            for _ in 0..count {
                place.add_with(&NewJob { quality: quality.into(), ..job("dora") }).await;
                let claim = place.claim().await;
                place.queue.finish(&claim, &picture(&claim, seconds)).await.unwrap();
                place.wait(1).await;
            }
        }

        // 40 jobs of Anna, 7 of Ben and 3 of Cleo, mixed.
        let mut jobs: Vec<(usize, usize, JobId, String)> = Vec::new();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for number in 0..50 {
            let owner = match number {
                7 | 20 | 41 => "cleo",
                _ if number % 6 == 5 && counts.get("ben").is_none_or(|count| *count < 7) => "ben",
                _ => "anna",
            };
            let count = counts.entry(owner).or_default();
            jobs.push((*count, number, place.add(owner).await, owner.to_owned()));
            *count += 1;
        }
        assert_eq!((counts["anna"], counts["ben"], counts["cleo"]), (40, 7, 3));
        // Without a worker, there is a place but no estimate.
        let last = place.queue.position(&jobs[49].2).await.unwrap().unwrap();
        assert_eq!((last.waiting, last.estimate), (50, None));
        let slots = WorkerInfo {
            id: "w".into(),
            host: "mill".into(),
            pid: 1,
            version: "0".into(),
            device: "cpu".into(),
            slots: 2,
            ..WorkerInfo::default()
        };
        place.queue.announce(&slots).await.unwrap();

        // The first job of each owner, then the second of each, and so on.
        jobs.sort();
        let expected = predicted(place, &jobs, 1).await;
        // Two jobs run at once, until a third of all are done.
        for pair in expected[..16].chunks(2) {
            run(place, pair, &expected[0], 0).await;
        }
        // Then two are half done, and everyone asks again.
        let (one, other) = (place.claim().await, place.claim().await);
        assert_eq!([&one.owner, &other.owner], [&expected[16].owner, &expected[17].owner]);
        place.wait(LASTS / 2).await;
        for claim in [&one, &other] {
            let half = Progress { iteration: Some(50), iterations: Some(100), ..Progress::default() };
            assert_eq!(place.queue.beat(claim, &half).await.unwrap(), Beat::Go);
        }
        let later = predicted(place, &jobs[18..], 1).await;
        place.wait(LASTS / 2).await;
        for claim in [&one, &other] {
            place.queue.finish(claim, &picture(claim, 10.0)).await.unwrap();
        }
        for pair in later.chunks(2) {
            run(place, pair, &later[0], LASTS / 2).await;
        }
        assert_eq!(place.queue.counts().await.unwrap().queued, 0);
    });
}

#[test]
fn estimates_know_the_limits_of_owners_and_whether_the_queue_is_paused() {
    on_each(&short(), true, async |place| {
        place.add("dora").await;
        let claim = place.claim().await;
        place.queue.finish(&claim, &picture(&claim, 10.0)).await.unwrap();
        let worker = WorkerInfo {
            id: "w".into(),
            host: "mill".into(),
            pid: 1,
            version: "0".into(),
            device: "cpu".into(),
            slots: 3,
            ..WorkerInfo::default()
        };
        place.queue.announce(&worker).await.unwrap();
        let mut jobs = Vec::new();
        for owner in ["anna", "anna", "anna", "ben"] {
            let max_running = if owner == "anna" { 1 } else { 1000 };
            jobs.push(place.add_with(&NewJob { max_running, ..job(owner) }).await);
        }
        let begins = async || {
            let mut seconds = Vec::new();
            for id in &jobs {
                let position = place.queue.position(id).await.unwrap().unwrap();
                assert_eq!(position.paused.is_some(), position.estimate.is_none());
                seconds.push(position.estimate.map(|estimate| estimate.begins.as_secs()));
            }
            seconds
        };
        assert_eq!(begins().await, [Some(0), Some(10), Some(20), Some(0)]);
        place.queue.pause().await.unwrap();
        assert_eq!(begins().await, [None; 4]);
        place.queue.resume().await.unwrap();
        place.queue.limit("anna", 2).await.unwrap();
        assert_eq!(begins().await, [Some(0), Some(0), Some(10), Some(0)]);
    });
}

/// Asks for the positions of jobs in the order in which they must come.
async fn predicted(place: &Place, jobs: &[(usize, usize, JobId, String)], first: u64) -> Vec<Expected> {
    let mut expected = Vec::new();
    for (at, (_, _, id, owner)) in (first..).zip(jobs) {
        let position = place.queue.position(id).await.unwrap().unwrap();
        assert_eq!((position.place, position.waiting), (at, jobs.len() as u64), "{owner}");
        let Estimate { begins, ready } = position.estimate.unwrap();
        expected.push(Expected { id: id.clone(), owner: owner.clone(), begins, ready });
    }
    expected
}

/// Runs two jobs at once, and compares when they begin and end with what was predicted.
async fn run(place: &Place, pair: &[Expected], first: &Expected, passed: i64) {
    // The clock when the first of them began tells how much time has passed since the prediction.
    const STARTED: &str = "SELECT COALESCE(min(started), (SELECT now FROM clock)) AS number FROM jobs WHERE id = $1";

    let mut claims = Vec::new();
    for expected in pair {
        let claim = place.claim().await;
        assert_eq!((&claim.job, &claim.owner), (&expected.id, &expected.owner));
        let origin = place.number(STARTED, &[first.id.as_str().into()]).await - passed;
        let now = place.number("SELECT now AS number FROM clock", &[]).await;
        assert_eq!(now - origin, milliseconds(expected.begins), "{}", expected.owner);
        claims.push((claim, origin));
    }
    place.wait(LASTS).await;
    for ((claim, origin), expected) in claims.iter().zip(pair) {
        let now = place.number("SELECT now AS number FROM clock", &[]).await;
        assert_eq!(now - origin, milliseconds(expected.ready), "{}", expected.owner);
        let done = place.queue.finish(claim, &picture(claim, 10.0)).await.unwrap();
        assert_eq!(done, Ended::Now(State::Done));
    }
}

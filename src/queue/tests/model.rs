//! The queue against a model of it in memory: whatever is called in whatever order, both answer the same.

use proptest::prelude::*;

use super::*;
use crate::queue::enqueue::TURN;

/// One call. Jobs and claims are chosen among all that there ever were, so most writes come from workers whose claims
/// are over.
#[derive(Debug, Clone, Copy)]
enum Call {
    Enqueue { owner: usize, key: Option<usize>, settings: usize, priority: i32, max_failures: u32, weight: u32 },
    Claim,
    Beat { claim: usize },
    Report { claim: usize, iteration: u32 },
    Finish { claim: usize },
    Fail { claim: usize, for_good: bool },
    Release { claim: usize },
    Stopped { claim: usize },
    Cancel { job: usize, owner: Option<usize> },
    Requeue { job: usize },
    Pause { paused: bool },
    Wait { milliseconds: i64 },
    Reap,
}

const OWNERS: [&str; 3] = ["anna", "ben", "cleo"];
const MOST_WAITING: u32 = 3;
const MOST_RUNNING: [u32; 3] = [1, 2, 1000];

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let claim = || prop_oneof![2 => Just(0_usize), 2 => 0..4_usize, 1 => 0..20_usize];
    let enqueue = (0..3_usize, prop::option::of(0..3_usize), 0..2_usize, 0..2_i32, 1..4_u32, 1..3_u32).prop_map(
        |(owner, key, settings, priority, max_failures, weight)| Call::Enqueue {
            owner,
            key,
            settings,
            priority,
            max_failures,
            weight,
        },
    );
    let call = prop_oneof![
        3 => enqueue,
        8 => Just(Call::Claim),
        3 => claim().prop_map(|claim| Call::Beat { claim }),
        2 => (claim(), 0..100_u32).prop_map(|(claim, iteration)| Call::Report { claim, iteration }),
        2 => claim().prop_map(|claim| Call::Finish { claim }),
        4 => (claim(), prop::bool::weighted(0.2)).prop_map(|(claim, for_good)| Call::Fail { claim, for_good }),
        6 => claim().prop_map(|claim| Call::Release { claim }),
        2 => claim().prop_map(|claim| Call::Stopped { claim }),
        2 => (0..20_usize, prop::option::of(0..3_usize)).prop_map(|(job, owner)| Call::Cancel { job, owner }),
        3 => (0..4_usize).prop_map(|job| Call::Requeue { job }),
        1 => prop::bool::weighted(0.3).prop_map(|paused| Call::Pause { paused }),
        5 => (1..150_i64).prop_map(|milliseconds| Call::Wait { milliseconds }),
        3 => Just(Call::Reap),
    ];
    prop::collection::vec(call, 20..80)
}

/// A job of the model.
#[derive(Debug, Clone)]
struct Known {
    id: JobId,
    asked: NewJob,
    turn: i64,
    state: State,
    run_at: i64,
    lease_until: i64,
    cancel: bool,
    failures: u32,
    releases: u32,
    iteration: Option<u32>,
    /// How each claim ended
    ends: Vec<&'static str>,
}

#[derive(Default)]
struct Model {
    now: i64,
    paused: bool,
    jobs: Vec<Known>,
    /// All claims, the newest first, with the place of their job
    claims: Vec<(usize, Claim)>,
}

impl Known {
    fn number(&self) -> i64 {
        i64::try_from(self.ends.len()).unwrap()
    }

    /// What a failure makes of it.
    fn failed(&mut self, now: i64, for_good: bool, end: &'static str) -> State {
        self.run_at = now + if self.failures == 0 { 50 } else { 200 };
        self.failures += 1;
        let dead = for_good || self.failures >= self.asked.max_failures;
        self.ended(
            if self.cancel {
                State::Cancelled
            } else if dead {
                State::Dead
            } else {
                State::Queued
            },
            end,
        )
    }

    fn ended(&mut self, state: State, end: &'static str) -> State {
        *self.ends.last_mut().unwrap() = end;
        self.state = state;
        state
    }
}

impl Model {
    /// The job of a claim if the claim is valid, else what the call answers.
    fn valid(&mut self, claim: usize, end: &str) -> Result<&mut Known, Ended> {
        let (job, claim) = &self.claims[claim];
        let job = &mut self.jobs[*job];
        if job.state == State::Running && job.number() == claim.number {
            return Ok(job);
        }
        let before = job.ends[usize::try_from(claim.number).unwrap() - 1] == end;
        Err(if before { Ended::Now(job.state) } else { Ended::Fenced })
    }

    fn waiting(&self) -> Vec<usize> {
        let mut waiting: Vec<usize> =
            (0..self.jobs.len()).filter(|job| self.jobs[*job].state == State::Queued).collect();
        waiting.sort_by_key(|job| (-self.jobs[*job].asked.priority, self.jobs[*job].turn, *job));
        waiting
    }

    /// The job that the next claim gets.
    fn next(&self) -> Option<usize> {
        let ready = |at: &usize| {
            let job = &self.jobs[*at];
            let runs = |other: &&Known| other.state == State::Running && other.asked.owner == job.asked.owner;
            let running = self.jobs.iter().filter(runs).count();
            job.run_at <= self.now && running < job.asked.max_running as usize
        };
        self.waiting().into_iter().find(ready).filter(|_| !self.paused)
    }

    fn turn(&self, asked: &NewJob) -> i64 {
        let of = |states: &[State], owner: Option<&str>| -> Vec<i64> {
            let among =
                self.jobs.iter().filter(|job| job.asked.priority == asked.priority && states.contains(&job.state));
            among.filter(|job| owner.is_none_or(|owner| job.asked.owner == owner)).map(|job| job.turn).collect()
        };
        let mine = of(&[State::Queued, State::Running], Some(&asked.owner)).into_iter().max().unwrap_or(0);
        let first = of(&[State::Queued], None).into_iter().min();
        let served = of(&[State::Running], None).into_iter().max().or(first).unwrap_or(0);
        served.max(mine + TURN / i64::from(asked.weight))
    }
}

async fn apply(place: &Place, model: &mut Model, call: Call) {
    let queue = &place.queue;
    // A claim or a job is chosen among those that there are.
    let of = |number: usize, count: usize| if count == 0 { None } else { Some(number % count) };
    match call {
        Call::Enqueue { owner, key, settings, priority, max_failures, weight } => {
            let asked = NewJob {
                key: key.map(|key| format!("key {key}")),
                settings: format!("{{\"seed\":{settings}}}"),
                priority,
                max_failures,
                weight,
                max_waiting: MOST_WAITING,
                max_running: MOST_RUNNING[owner],
                ..job(OWNERS[owner])
            };
            enqueue(queue, model, asked).await;
        }
        Call::Claim => {
            let next = model.next();
            let claim = queue.claim("worker").await.unwrap();
            assert_eq!(claim.as_ref().map(|claim| &claim.job), next.map(|job| &model.jobs[job].id));
            let (Some(claim), Some(at)) = (claim, next) else { return };
            let job = &mut model.jobs[at];
            job.ends.push("");
            job.state = State::Running;
            job.lease_until = model.now + 100;
            assert_eq!((claim.number, claim.failures, claim.iteration), (job.number(), job.failures, job.iteration));
            model.claims.insert(0, (at, claim));
        }
        Call::Beat { claim } | Call::Report { claim, .. } => {
            let Some(claim) = of(claim, model.claims.len()) else { return };
            let iteration = if let Call::Report { iteration, .. } = call { Some(iteration) } else { None };
            let now = model.now;
            let expected = model.valid(claim, "").map_or(Beat::Fenced, |job| {
                job.lease_until = now + 100;
                job.iteration = iteration.or(job.iteration);
                if job.cancel { Beat::Cancel } else { Beat::Go }
            });
            let progress = Progress { iteration, ..Progress::default() };
            assert_eq!(queue.beat(&model.claims[claim].1, &progress).await.unwrap(), expected);
        }
        Call::Cancel { job, owner } => {
            let Some(job) = of(job, model.jobs.len()) else { return };
            let job = &mut model.jobs[job];
            let owner = owner.map(|owner| OWNERS[owner]);
            let expected = match job.state {
                _ if owner.is_some_and(|owner| owner != job.asked.owner) => Cancelling::Unknown,
                State::Queued => Cancelling::Done,
                State::Running => Cancelling::Asked,
                ended => Cancelling::TooLate(ended),
            };
            job.cancel |= matches!(expected, Cancelling::Done | Cancelling::Asked);
            if expected == Cancelling::Done {
                job.state = State::Cancelled;
            }
            assert_eq!(queue.cancel(&job.id, owner).await.unwrap(), expected);
        }
        Call::Requeue { job } => {
            let Some(job) = of(job, model.jobs.len()) else { return };
            let job = &mut model.jobs[job];
            let dead = job.state == State::Dead;
            if dead {
                (job.state, job.failures, job.releases) = (State::Queued, 0, 0);
                (job.cancel, job.run_at) = (false, model.now);
            }
            assert_eq!(queue.requeue(&job.id).await.unwrap(), dead);
        }
        Call::Pause { paused } => {
            let changed = if paused { queue.pause().await } else { queue.resume().await }.unwrap();
            assert_eq!(changed, model.paused != paused);
            assert_eq!(queue.paused().await.unwrap().is_some(), paused);
            model.paused = paused;
        }
        Call::Wait { milliseconds } => {
            model.now += milliseconds;
            place.wait(milliseconds).await;
        }
        Call::Reap => {
            let mut expected = Vec::new();
            for job in &mut model.jobs {
                if job.state == State::Running && job.lease_until < model.now {
                    let state = job.failed(model.now, false, "lost");
                    expected.push(Reaped { job: job.id.clone(), claim: job.number(), state });
                }
            }
            let mut reaped = queue.reap().await.unwrap();
            reaped.sort_by(|one, other| one.job.cmp(&other.job));
            expected.sort_by(|one, other| one.job.cmp(&other.job));
            assert_eq!(reaped, expected);
        }
        Call::Finish { claim } | Call::Fail { claim, .. } | Call::Release { claim } | Call::Stopped { claim } => {
            if let Some(claim) = of(claim, model.claims.len()) {
                end(queue, model, &call, claim).await;
            }
        }
    }
}

async fn enqueue(queue: &Queue, model: &mut Model, asked: NewJob) {
    let same = model
        .jobs
        .iter()
        .find(|job| job.asked.owner == asked.owner && job.asked.key.is_some() && job.asked.key == asked.key);
    let waits = |job: &&Known| job.state == State::Queued && job.asked.owner == asked.owner;
    let answer = queue.enqueue(&asked).await.unwrap();
    match same {
        Some(same) if same.asked.settings == asked.settings => assert_eq!(answer, Enqueued::Same(same.id.clone())),
        Some(same) => assert_eq!(answer, Enqueued::OtherSettings(same.id.clone())),
        None if model.jobs.iter().filter(waits).count() >= MOST_WAITING as usize => {
            assert_eq!(answer, Enqueued::Full { max_waiting: MOST_WAITING });
        }
        None => {
            let Enqueued::New(id) = answer else { panic!("{answer:?}") };
            let known = Known {
                id,
                turn: model.turn(&asked),
                asked,
                state: State::Queued,
                run_at: model.now,
                lease_until: 0,
                cancel: false,
                failures: 0,
                releases: 0,
                iteration: None,
                ends: Vec::new(),
            };
            model.jobs.push(known);
        }
    }
}

async fn end(queue: &Queue, model: &mut Model, call: &Call, at: usize) {
    let (now, claim) = (model.now, model.claims[at].1.clone());
    let (expected, answer) = match call {
        Call::Finish { .. } => {
            let expected = model.valid(at, "done").map(|job| job.ended(State::Done, "done"));
            (expected, queue.finish(&claim, &picture(&claim, 1.0)).await)
        }
        Call::Fail { for_good, .. } => {
            let expected = model.valid(at, "failed").map(|job| job.failed(now, *for_good, "failed"));
            (expected, queue.fail(&claim, &Failure { for_good: *for_good, ..Failure::default() }).await)
        }
        Call::Release { .. } => {
            let expected = model.valid(at, "released").map(|job| {
                job.releases += 1;
                if job.releases > 2 {
                    return job.failed(now, false, "released");
                }
                job.run_at = now;
                job.ended(if job.cancel { State::Cancelled } else { State::Queued }, "released")
            });
            (expected, queue.release(&claim).await)
        }
        _ => {
            let expected = model.valid(at, "cancelled").and_then(|job| {
                if job.cancel { Ok(job.ended(State::Cancelled, "cancelled")) } else { Err(Ended::Fenced) }
            });
            (expected, queue.stopped(&claim).await)
        }
    };
    assert_eq!(answer.unwrap(), expected.map_or_else(|ended| ended, Ended::Now), "{call:?}");
}

/// Compares all that can be seen.
async fn compare(place: &Place, model: &Model) {
    let newest = place.queue.jobs(&Filter { limit: 100, ..Filter::default() }).await.unwrap();
    assert_eq!(newest.len(), model.jobs.len());
    for (job, known) in newest.iter().rev().zip(&model.jobs) {
        let seen = (&job.id, job.state, job.claim, job.failures, job.cancel, job.iteration);
        // The last iteration is reported by the result.
        let iteration = if job.state == State::Done { job.iteration } else { known.iteration };
        assert_eq!(seen, (&known.id, known.state, known.number(), known.failures, known.cancel, iteration));
        let ended = matches!(known.state, State::Done | State::Dead | State::Cancelled);
        assert_eq!(job.finished.is_some(), ended);
    }
    let done = model.jobs.iter().filter(|job| job.state == State::Done).count();
    assert_eq!(place.number("SELECT count(*) AS number FROM results", &[]).await, i64::try_from(done).unwrap());
}

/// Draws what is left, as a worker without any trouble would: each job ends.
async fn drain(place: &Place, model: &mut Model) {
    apply(place, model, Call::Pause { paused: false }).await;
    for (place_of_job, job) in (1..).zip(model.waiting()) {
        let position = place.queue.position(&model.jobs[job].id).await.unwrap().unwrap();
        assert_eq!((position.place, position.waiting), (place_of_job, model.waiting().len() as u64));
    }
    for round in 0.. {
        let before = model.claims.len();
        apply(place, model, Call::Wait { milliseconds: 1000 }).await;
        apply(place, model, Call::Reap).await;
        apply(place, model, Call::Wait { milliseconds: 1000 }).await;
        apply(place, model, Call::Claim).await;
        if model.claims.len() == before {
            break;
        }
        apply(place, model, Call::Finish { claim: 0 }).await;
        assert!(round < 1000, "a job comes back for ever");
    }
    compare(place, model).await;
    assert!(model.jobs.iter().all(|job| !matches!(job.state, State::Queued | State::Running)));
    for known in &model.jobs {
        let attempts = place.queue.attempts(&known.id).await.unwrap();
        let outcomes: Vec<String> = attempts.into_iter().rev().map(|attempt| attempt.outcome.unwrap()).collect();
        assert_eq!(outcomes, known.ends);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_queue_does_what_its_model_does(calls in calls()) {
        on_each(&short(), true, async |place| {
            let mut model = Model { now: BEGINNING, ..Model::default() };
            for call in &calls {
                apply(place, &mut model, *call).await;
                compare(place, &model).await;
            }
            drain(place, &mut model).await;
        });
    }
}

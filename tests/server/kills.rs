//! Workers that are killed, frozen and ended while they work: no job is lost, none has two results, and each picture has
//! the bytes of an unbroken run.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use text2art::queue::{Job, JobId, NewJob, State};

use crate::common::program::signal;
use crate::place::{Place, SMALL, Worker, job, order};

const WORKERS: usize = 4;
const POISONED: usize = 5;
/// The longest time without an end of a job.
const PATIENCE: Duration = Duration::from_mins(4);

/// A small source of numbers: a trial need not be the same each time.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        Self(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos().into())
    }

    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % count as u64).unwrap()
    }
}

/// What was done to the workers.
#[derive(Debug, Default)]
struct Faults {
    kills: usize,
    freezes: usize,
    ends: usize,
    cancels: usize,
}

#[test]
fn no_job_is_lost_or_doubled_when_workers_die() {
    trial(&Place::new(), 500, Duration::from_millis(200));
}

#[test]
#[ignore = "takes ten minutes"]
fn ten_thousand_jobs_survive_their_workers() {
    trial(&Place::new(), 10_000, Duration::from_millis(300));
}

#[cfg(all(feature = "postgres", feature = "s3"))]
mod farm {
    use super::*;
    use crate::place::Farm;

    fn farm() -> Place {
        Place::on(&Farm::from_environment().expect("T2A_POSTGRES and T2A_S3 are not set"))
    }

    #[test]
    #[ignore = "needs PostgreSQL and moto, as tests/server/farm.rs says"]
    fn no_job_of_a_farm_is_lost_or_doubled_when_workers_die() {
        trial(&farm(), 500, Duration::from_millis(200));
    }

    #[test]
    #[ignore = "needs PostgreSQL and moto, and takes many minutes"]
    fn ten_thousand_jobs_of_a_farm_survive_their_workers() {
        trial(&farm(), 10_000, Duration::from_millis(300));
    }
}

fn trial(place: &Place, count: usize, gap: Duration) {
    let fake = place.fake();
    let start = || Worker::start(place.command().env("T2A_CHILD", &fake));
    let plain = order(SMALL, &[]);
    let poison = order(&SMALL.replace("apple", "poison"), &[]);
    let jobs = (0..count).map(|number| {
        let owner = format!("owner {}", number % 7);
        // A fault is no fault of the job here, so it has more tries than faults may hit it.
        let job = if number % (count / POISONED) == 7 {
            NewJob { kind: "poison".into(), ..job(&owner, &poison) }
        } else {
            NewJob { max_failures: 50, ..job(&owner, &plain) }
        };
        place.submit(&job)
    });
    let ids: Vec<JobId> = jobs.collect();
    let mut crew: Vec<Worker> = (0..WORKERS).map(|_| start()).collect();
    let mut frozen: Vec<Worker> = Vec::new();
    let (mut faults, mut dice) = (Faults::default(), Dice::new());
    let mut last_progress = (Instant::now(), u64::MAX);
    loop {
        std::thread::sleep(gap / 2 + gap * u32::try_from(dice.below(100)).unwrap() / 100);
        let left = place.left();
        if left == 0 {
            break;
        }
        if left < last_progress.1 {
            last_progress = (Instant::now(), left);
        }
        assert!(last_progress.0.elapsed() < PATIENCE, "{left} jobs are left\n{}", place.log());
        let chosen = dice.below(WORKERS);
        match dice.below(10) {
            0..5 => {
                crew[chosen].kill();
                crew[chosen] = start();
                faults.kills += 1;
            }
            5..7 => {
                crew[chosen].signal("STOP");
                let process = crew[chosen].0.id();
                // Another thread wakes it, after its lease: this one may wait for a lock that it holds.
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_secs(3));
                    std::process::Command::new("sh").args(["-c", &format!("kill -CONT {process}")]).status().unwrap();
                });
                frozen.push(std::mem::replace(&mut crew[chosen], start()));
                faults.freezes += 1;
            }
            7 => {
                signal(&crew[chosen].0, "TERM");
                frozen.push(std::mem::replace(&mut crew[chosen], start()));
                faults.ends += 1;
            }
            _ => {
                // Half of them are running.
                let running = place.jobs(State::Running).pop().map(|job| job.id);
                let any = ids[dice.below(count)].clone();
                let _ = place.cancel(&running.filter(|_| dice.below(2) == 0).unwrap_or(any));
                faults.cancels += 1;
            }
        }
    }
    // Those that were frozen or ended must end by themselves now, and change nothing.
    crew.into_iter().for_each(Worker::end);
    for worker in &mut frozen {
        worker.signal("CONT");
        worker.signal("TERM");
        crate::common::program::end(&mut worker.0, Instant::now(), || "a worker".to_owned());
    }
    judge(place, &ids, &faults);
}

#[allow(clippy::print_stderr)]
fn judge(place: &Place, ids: &[JobId], faults: &Faults) {
    let log = place.log();
    let mut done: HashMap<&str, usize> = HashMap::new();
    for line in log.lines().filter(|line| line.contains(": done in ")) {
        *done.entry(line.trim_start_matches("job ").split(':').next().unwrap()).or_default() += 1;
    }
    let mut states: HashMap<&str, usize> = HashMap::new();
    for id in ids {
        let job: Job = place.job(id);
        *states.entry(job.state.as_str()).or_default() += 1;
        let attempts = place.attempts(id);
        assert!(attempts.iter().all(|attempt| attempt.ended.is_some()), "{attempts:?}");
        let count =
            |outcome: &str| attempts.iter().filter(|attempt| attempt.outcome.as_deref() == Some(outcome)).count();
        let expected = usize::from(job.state == State::Done);
        assert_eq!(count("done"), expected, "{attempts:?}");
        let told = done.get(id.as_str()).copied().unwrap_or(0);
        assert!(told <= expected, "{told} workers finished {job:?}");
        match (job.kind.as_str(), job.state) {
            ("poison", State::Dead) => {
                assert_eq!((job.failures, count("failed") + count("lost")), (3, 3), "{attempts:?}");
            }
            (_, State::Cancelled) => assert!(job.cancel && place.artifacts(id).is_empty(), "{job:?}"),
            ("vqgan", State::Done) => {
                assert!(place.file(id, "picture.png") == place.workplace.read("drawn.png"), "{job:?}");
            }
            _ => panic!("{job:?}\n{attempts:?}"),
        }
    }
    let fenced = log.lines().filter(|line| line.contains("is over, its work is dropped")).count();
    let released = log.lines().filter(|line| line.ends_with(": given back")).count();
    eprintln!("{} jobs: {states:?}, {faults:?}, {fenced} fenced, {released} released", ids.len());
}

#[test]
fn twenty_pictures_survive_twenty_kills() {
    const PICTURES: usize = 20;
    let place = Place::new();
    let mut jobs = Vec::new();
    let iterations = place.iterations(2.0);
    for number in 0..PICTURES {
        let text = SMALL.replace("seed = 5", &format!("seed = {number}\niterations = {iterations}"));
        let order = order(&text, if number % 4 == 0 { &["mp4", "gif"] } else { &[] });
        place.draw(&format!("whole-{number}"), &order);
        let id = place.submit(&NewJob { max_failures: 50, ..job("anna", &order) });
        jobs.push((id, order));
    }
    // One kill for each picture, while it is drawn: half of them as soon as it is, half of them after its first
    // checkpoint is in the store.
    let mut worker = place.worker();
    for (number, (id, _)) in jobs.iter().enumerate() {
        place.draws(id, 1);
        if number % 2 == 0 {
            place.has_checkpoint(id);
        }
        worker.kill();
        worker = place.worker();
    }
    for (number, (id, order)) in jobs.iter().enumerate() {
        let job = place.ends(id, State::Done);
        assert!(job.failures <= 1, "{job:?}");
        place.is_drawn(id, &format!("whole-{number}"), order);
    }
    worker.end();
    let lost = jobs.iter().filter(|(id, _)| place.outcomes(id).contains(&"lost".to_owned())).count();
    assert_eq!(lost, PICTURES);
}

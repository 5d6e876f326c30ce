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

/// How long a frozen worker is away, which is more than its lease, and then works.
const AWAY: Duration = Duration::from_secs(3);

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
    /// Workers that ended unasked, as a worker does that starts while its database is away
    deaths: usize,
}

#[test]
fn no_job_is_lost_or_doubled_when_workers_die() {
    survives(500, Duration::from_millis(200));
}

#[test]
#[ignore = "takes ten minutes"]
fn ten_thousand_jobs_survive_their_workers() {
    survives(10_000, Duration::from_millis(300));
}

fn survives(count: usize, gap: Duration) {
    let place = Place::new();
    let trial = Trial::new(&place, count);
    let faults = trial.run(gap, &mut |_| ());
    assert_eq!(faults.deaths, 0, "{}", place.log());
    trial.judge(&faults);
}

#[cfg(all(feature = "postgres", feature = "s3"))]
mod farm;

/// Many jobs, some of them poisoned, and workers that work on them.
struct Trial<'p> {
    place: &'p Place,
    fake: String,
    ids: Vec<JobId>,
}

impl<'p> Trial<'p> {
    /// Submits the jobs.
    fn new(place: &'p Place, count: usize) -> Self {
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
        Self { place, ids: jobs.collect(), fake: place.fake() }
    }

    fn start(&self) -> Worker {
        Worker::start(self.place.command().env("T2A_CHILD", &self.fake))
    }

    /// Works until all jobs have ended. `disturb` learns again and again how many have.
    fn run(&self, gap: Duration, disturb: &mut dyn FnMut(usize)) -> Faults {
        let (place, ids) = (self.place, &self.ids);
        let mut crew: Vec<Worker> = (0..WORKERS).map(|_| self.start()).collect();
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
            disturb(ids.len().saturating_sub(usize::try_from(left).unwrap()));
            for worker in &mut crew {
                if worker.0.try_wait().unwrap().is_some() {
                    *worker = self.start();
                    faults.deaths += 1;
                }
            }
            let chosen = dice.below(WORKERS);
            match dice.below(10) {
                0..5 => {
                    crew[chosen].kill();
                    crew[chosen] = self.start();
                    faults.kills += 1;
                }
                5..7 => {
                    crew[chosen].signal("STOP");
                    let process = crew[chosen].0.id();
                    // Another thread wakes it, after its lease: this one may wait for a lock that it holds.
                    std::thread::spawn(move || {
                        std::thread::sleep(AWAY);
                        send(process, "CONT");
                        // It has time to do harm, but there are not more and more workers.
                        std::thread::sleep(AWAY);
                        send(process, "TERM");
                    });
                    frozen.push(std::mem::replace(&mut crew[chosen], self.start()));
                    faults.freezes += 1;
                }
                7 => {
                    signal(&crew[chosen].0, "TERM");
                    frozen.push(std::mem::replace(&mut crew[chosen], self.start()));
                    faults.ends += 1;
                }
                _ => {
                    // Half of them are running.
                    let running = place.jobs(State::Running).pop().map(|job| job.id);
                    let any = ids[dice.below(ids.len())].clone();
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
        faults
    }

    #[allow(clippy::print_stderr)]
    fn judge(&self, faults: &Faults) {
        let (place, ids) = (self.place, &self.ids);
        let log = place.log();
        let mut done: HashMap<&str, usize> = HashMap::new();
        for line in log.lines().filter(|line| line.contains(": done in ")) {
            *done.entry(line.trim_start_matches("job ").split(':').next().unwrap()).or_default() += 1;
        }
        let mut states: HashMap<&str, usize> = HashMap::new();
        let drawn = place.workplace.read("drawn.png");
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
                    assert!(place.file(id, "picture.png") == drawn, "{job:?}");
                }
                _ => panic!("{job:?}\n{attempts:?}"),
            }
        }
        let fenced = log.lines().filter(|line| line.contains("is over, its work is dropped")).count();
        let released = log.lines().filter(|line| line.ends_with(": given back")).count();
        eprintln!("{} jobs: {states:?}, {faults:?}, {fenced} fenced, {released} released", ids.len());
    }
}

/// Sends a signal to a process, which may have ended.
fn send(process: u32, name: &str) {
    std::process::Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status().unwrap();
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

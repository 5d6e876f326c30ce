//! Workers that are killed, frozen and ended while they work: no job is lost, and none has two results.
//!
//! The workers are processes of this test program, which run [`worker_process`] alone.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::*;

const ADDRESS: &str = "T2A_TRIAL_ADDRESS";
const LOG: &str = "T2A_TRIAL_LOG";
const WORKERS: usize = 4;
const POISONED: usize = 5;
/// The longest time for the jobs after the last fault.
const PATIENCE: Duration = Duration::from_mins(4);

fn rules() -> Rules {
    Rules {
        lease: Duration::from_millis(1500),
        first_pause: Duration::from_millis(50),
        later_pause: Duration::from_millis(100),
        ..Rules::default()
    }
}

/// A small source of numbers: a trial need not be the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % count
    }
}

/// Works until nothing is left, or until SIGTERM, if this process is a worker of a trial.
#[test]
fn worker_process() {
    let (Ok(address), Ok(log)) = (std::env::var(ADDRESS), std::env::var(LOG)) else { return };
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGTERM, stop.clone()).unwrap();
    let mut log = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let queue = Queue::new(Database::connect(&address).await.unwrap(), rules());
        let mut dice = Dice(u64::from(std::process::id()));
        while !stop.load(Ordering::Relaxed) {
            // Whatever the database answers, a worker tries again.
            let _ = queue.reap().await;
            let Ok(Some(claim)) = queue.claim(&std::process::id().to_string()).await else {
                let left = queue.counts().await.map_or(1, |counts| counts.queued + counts.running);
                if left == 0 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            if claim.kind == "poison" {
                std::process::abort();
            }
            work(&queue, &claim, &stop, &mut dice, &mut log).await;
        }
    });
}

async fn work(queue: &Queue, claim: &Claim, stop: &AtomicBool, dice: &mut Dice, log: &mut std::fs::File) {
    let until = Instant::now() + Duration::from_millis(10 + dice.below(90));
    let mut ended = "end";
    let mut beaten = Instant::now();
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if stop.load(Ordering::Relaxed) {
            ended = "release";
            break;
        }
        if beaten.elapsed() > Duration::from_millis(30) {
            beaten = Instant::now();
            match queue.beat(claim, &Progress::default()).await {
                Ok(Beat::Cancel) => ended = "stopped",
                Ok(Beat::Fenced) => ended = "fenced",
                Ok(Beat::Go) | Err(_) => continue,
            }
            break;
        }
    }
    // A frozen worker does not know that its claim is over: it tries.
    let answer = loop {
        let answer = match ended {
            "release" => queue.release(claim).await,
            "stopped" => queue.stopped(claim).await,
            _ => queue.finish(claim, &picture(claim, 0.1)).await,
        };
        match answer {
            Ok(answer) => break answer,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let word = match answer {
        Ended::Fenced => "fenced",
        Ended::Now(_) => ended,
    };
    writeln!(log, "{word} {} {}", claim.job, claim.number).unwrap();
}

fn start(address: &str, log: &Path) -> Child {
    let path = module_path!().split_once("::").unwrap().1;
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{path}::worker_process"), "--test-threads", "1"])
        .env(ADDRESS, address)
        .env(LOG, log)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    send(child.id(), name);
}

fn send(process: u32, name: &str) {
    Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status().unwrap();
}

/// What was done to the workers.
#[derive(Debug, Default)]
struct Faults {
    kills: usize,
    freezes: usize,
    ends: usize,
    deaths: usize,
}

#[test]
fn no_job_is_lost_or_doubled_when_workers_die() {
    trial(500, Duration::from_millis(200));
}

#[test]
#[ignore = "takes many minutes"]
fn ten_thousand_jobs_survive_their_workers() {
    trial(10_000, Duration::from_millis(300));
}

fn trial(jobs: usize, gap: Duration) {
    on_each(&rules(), false, async |place| {
        let mut ids = Vec::new();
        for number in 0..jobs {
            let owner = format!("owner {}", number % 7);
            let poisoned = number % (jobs / POISONED) == 7;
            let kind = if poisoned { "poison" } else { "picture" };
            // A fault is no fault of the job here, so it has more tries than faults may hit it.
            let max_failures = if poisoned { 3 } else { 50 };
            let job = NewJob { kind: kind.into(), max_failures, max_waiting: 20_000, ..job(&owner) };
            ids.push(place.add_with(&job).await);
        }
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut crew: Vec<Child> = (0..WORKERS).map(|_| start(&place.address, &log)).collect();
        let mut frozen: Vec<Child> = Vec::new();
        let mut faults = Faults::default();
        let mut dice = Dice(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos().into());
        let mut last_progress = (Instant::now(), u64::MAX);
        loop {
            tokio::time::sleep(gap / 2 + Duration::from_millis(dice.below(gap.as_millis().try_into().unwrap()))).await;
            let left = place.queue.counts().await.map_or(u64::MAX, |counts| counts.queued + counts.running);
            if left == 0 {
                break;
            }
            if left < last_progress.1 {
                last_progress = (Instant::now(), left);
            }
            assert!(last_progress.0.elapsed() < PATIENCE, "{left} jobs are left");
            for worker in &mut crew {
                if worker.try_wait().unwrap().is_some() {
                    faults.deaths += 1;
                    *worker = start(&place.address, &log);
                }
            }
            let chosen = usize::try_from(dice.below(WORKERS as u64)).unwrap();
            match dice.below(10) {
                0..5 => {
                    crew[chosen].kill().unwrap();
                    crew[chosen].wait().unwrap();
                    faults.kills += 1;
                    crew[chosen] = start(&place.address, &log);
                }
                5..7 => {
                    signal(&crew[chosen], "STOP");
                    faults.freezes += 1;
                    let process = crew[chosen].id();
                    // Another thread wakes it: this one may wait for a lock that it holds.
                    std::thread::spawn(move || {
                        std::thread::sleep(Duration::from_secs(3));
                        send(process, "CONT");
                    });
                    frozen.push(std::mem::replace(&mut crew[chosen], start(&place.address, &log)));
                }
                7..8 => {
                    signal(&crew[chosen], "TERM");
                    faults.ends += 1;
                    frozen.push(std::mem::replace(&mut crew[chosen], start(&place.address, &log)));
                }
                _ => {
                    // Half of them are running.
                    let filter = Filter { state: Some(State::Running), limit: 1, ..Filter::default() };
                    let running = place.queue.jobs(&filter).await.unwrap_or_default().pop().map(|job| job.id);
                    let any = ids[usize::try_from(dice.below(jobs as u64)).unwrap()].clone();
                    let job = running.filter(|_| dice.below(2) == 0).unwrap_or(any);
                    let _ = place.queue.cancel(&job, None).await;
                }
            }
        }
        for mut worker in crew.into_iter().chain(frozen) {
            worker.wait().unwrap();
        }
        judge(place, &ids, &std::fs::read_to_string(&log).unwrap_or_default(), &faults).await;
    });
}

#[allow(clippy::print_stderr)]
async fn judge(place: &Place, ids: &[JobId], log: &str, faults: &Faults) {
    let counts = place.queue.counts().await.unwrap();
    let logged = |word: &str| log.lines().filter(|line| line.split(' ').next() == Some(word)).count();
    eprintln!(
        "{} jobs on {}: {counts:?}, {faults:?}, {} fenced, {} released, {} stopped",
        ids.len(),
        place.address.split(':').next().unwrap_or_default(),
        logged("fenced"),
        logged("release"),
        logged("stopped"),
    );
    let mut ends: HashMap<&str, usize> = HashMap::new();
    for id in log.lines().filter_map(|line| line.strip_prefix("end ")?.split(' ').next()) {
        *ends.entry(id).or_default() += 1;
    }
    for id in ids {
        let job = place.queue.job(id, None).await.unwrap().unwrap();
        let results = "SELECT count(*) AS number FROM results WHERE job = $1";
        let results = place.number(results, &[id.as_str().into()]).await;
        let ends = ends.get(id.as_str()).copied().unwrap_or(0);
        let expected = i64::from(job.state == State::Done);
        assert_eq!(results, expected, "{job:?}");
        assert!(ends <= usize::try_from(expected).unwrap(), "{ends} workers finished {job:?}");
        let attempts = place.queue.attempts(id).await.unwrap();
        assert!(attempts.iter().all(|attempt| attempt.ended.is_some()), "{attempts:?}");
        let done = attempts.iter().filter(|attempt| attempt.outcome.as_deref() == Some("done")).count();
        assert_eq!(i64::try_from(done).unwrap(), expected, "{attempts:?}");
        match (job.kind.as_str(), job.state) {
            ("poison", State::Dead) => {
                let lost = attempts.iter().filter(|attempt| attempt.outcome.as_deref() == Some("lost")).count();
                assert_eq!((job.failures, lost), (3, 3), "{attempts:?}");
            }
            (_, State::Cancelled) => assert!(job.cancel),
            ("picture", State::Done) => {}
            _ => panic!("{job:?}"),
        }
    }
    assert_eq!(counts.queued + counts.running, 0);
}

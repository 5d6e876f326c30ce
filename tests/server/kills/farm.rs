//! The same on a farm: two servers run beside the workers, the database is killed, and the storage stops answering.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::*;
use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::place::Farm;

/// The percentages of the jobs after which the database is killed and starts again.
const RESTARTS: [usize; 3] = [15, 40, 70];
/// The percentages of the jobs after which the storage stops answering.
const FREEZES: [usize; 2] = [25, 55];
/// For how long the storage does not answer.
const FROZEN: Duration = Duration::from_secs(20);

#[test]
#[ignore = "needs PostgreSQL and moto, as tests/server/farm.rs says"]
fn no_job_of_a_farm_is_lost_or_doubled_when_workers_die() {
    survives(500, Duration::from_millis(200));
}

#[test]
#[ignore = "needs PostgreSQL and moto, and takes many minutes"]
fn ten_thousand_jobs_of_a_farm_survive_their_workers() {
    survives(10_000, Duration::from_millis(300));
}

#[allow(clippy::print_stderr)]
fn survives(count: usize, gap: Duration) {
    let place = Place::on(&Farm::from_environment().expect("T2A_POSTGRES and T2A_S3 are not set"));
    let trial = Trial::new(&place, count);
    let homes = [Workplace::new(), Workplace::new()];
    let servers = homes.each_ref().map(|home| Server::start(home, &place.arguments()));
    let drawn = place.workplace.read("drawn.png");
    let last = trial.ids.last().unwrap();
    let is_over = AtomicBool::new(false);
    let faults = std::thread::scope(|scope| {
        let end = Raised(&is_over);
        let (ids, drawn, is_over) = (&trial.ids, &drawn, &is_over);
        let looking = servers.each_ref().map(|server| scope.spawn(move || look(server, ids, drawn, is_over)));
        let streams = servers.each_ref().map(|server| {
            let stream = server.stream(&format!("/api/v1/jobs/{last}/events"), &[]);
            scope.spawn(move || stream.all())
        });
        let mut troubles = Troubles::new(count);
        let faults = trial.run(gap, &mut |ended| troubles.advance(ended));
        troubles.end();
        drop(end);
        for (looking, stream) in looking.into_iter().zip(streams) {
            let (whole, away) = looking.join().unwrap();
            eprintln!("a server sent {whole} pictures, and was without its database or storage {away} times");
            assert!(whole > 0);
            // A stream outlives its database.
            let shown = stream.join().unwrap().pop().unwrap();
            assert_eq!(shown.data["state"], place.job(last).state.as_str());
        }
        faults
    });
    trial.judge(&faults);
    for server in &servers {
        assert_eq!(server.get("/readyz").status, 200, "{}", server.log());
        assert!(!server.log().contains("panicked"), "{}", server.log());
    }
    // Whatever a worker was doing when it was killed, the storage has whole pictures only.
    let pictures = place.all_objects().into_iter().filter(|key| key.ends_with("/picture.png"));
    let (pictures, halves): (Vec<String>, Vec<String>) = pictures.partition(|key| place.object(key) == drawn);
    eprintln!("{} pictures are in the storage", pictures.len());
    assert!(halves.is_empty(), "{halves:?}");
}

/// Is set when this value is dropped, however the scope ends.
struct Raised<'f>(&'f AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks a server again and again for a job, and for its picture. Returns how many pictures it sent, all of them whole, and
/// how often it said that its database or its storage is away.
fn look(server: &Server, ids: &[JobId], drawn: &[u8], is_over: &AtomicBool) -> (usize, usize) {
    let mut dice = Dice::new();
    let (mut whole, mut away) = (0, 0);
    while !is_over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(100));
        let id = &ids[dice.below(ids.len())];
        let job = server.get(&format!("/api/v1/jobs/{id}"));
        if job.status == 503 {
            away += 1;
            continue;
        }
        assert_eq!(job.status, 200, "{}\n{}", job.text(), server.log());
        if job.json()["state"] != "done" {
            continue;
        }
        let picture = server.get(&format!("/api/v1/jobs/{id}/files/picture.png"));
        if picture.status == 503 {
            away += 1;
            continue;
        }
        assert_eq!(picture.status, 200, "{}\n{}", picture.text(), server.log());
        assert!(picture.body == drawn, "{id}: {} bytes", picture.body.len());
        whole += 1;
    }
    (whole, away)
}

/// What happens to the database and the storage, by how many of the jobs have ended.
struct Troubles {
    count: usize,
    restarts: Vec<usize>,
    freezes: Vec<usize>,
    /// Those that go on
    going: Vec<JoinHandle<()>>,
}

impl Troubles {
    fn new(count: usize) -> Self {
        let [mut restarts, mut freezes] = [RESTARTS.to_vec(), FREEZES.to_vec()];
        restarts.reverse();
        freezes.reverse();
        Self { count, restarts, freezes, going: Vec::new() }
    }

    /// Begins what is due now that so many jobs have ended.
    fn advance(&mut self, ended: usize) {
        let is_due = |percent: &mut usize| ended * 100 >= self.count * *percent;
        if self.restarts.last_mut().is_some_and(is_due) {
            self.restarts.pop();
            self.going.push(std::thread::spawn(restart_database));
        }
        if self.freezes.last_mut().is_some_and(is_due) {
            self.freezes.pop();
            self.going.push(std::thread::spawn(freeze_storage));
        }
    }

    /// Waits for the end of all troubles, which must have happened.
    fn end(self) {
        assert!(self.restarts.is_empty() && self.freezes.is_empty());
        self.going.into_iter().for_each(|trouble| trouble.join().unwrap());
    }
}

fn restart_database() {
    let restart = std::env::var("T2A_POSTGRES_RESTART").expect("T2A_POSTGRES_RESTART is not set");
    assert!(Command::new(restart).status().unwrap().success());
}

fn freeze_storage() {
    let process = std::env::var("T2A_S3_PROCESS").expect("T2A_S3_PROCESS is not set").parse().unwrap();
    send(process, "STOP");
    std::thread::sleep(FROZEN);
    send(process, "CONT");
}

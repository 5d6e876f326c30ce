//! Workers on two machines, which are network namespaces here, that are cut off from the database and the storage in the
//! middle of a picture: each stops by itself, and the other one continues from its checkpoint.
//!
//! The machines reach the database and the storage through connections that this test passes on, as both listen on loopback.

use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use text2art::queue::{JobId, NewJob, State};

use crate::common::program::LIMIT;
use crate::place::{Farm, Place, SMALL, Worker, job, order};

/// A lease that is over soon, in seconds.
const LEASE: f64 = 6.0;

/// A machine with a worker. Its network ends with this value.
struct Machine<'p> {
    place: &'p Place,
    /// The name of its namespace, and of the folder of its data
    name: String,
    /// This end of its network
    link: String,
    /// The address of this end
    gateway: String,
}

impl<'p> Machine<'p> {
    fn new(place: &'p Place, number: u32) -> Self {
        let process = std::process::id();
        let name = format!("text2art-{process}-{number}");
        // The name of an interface has at most 15 letters.
        let link = format!("t2a{process}n{number}");
        let network = format!("10.213.{}", process % 256);
        let (gateway, own) = (format!("{network}.{}", 4 * number + 1), format!("{network}.{}", 4 * number + 2));
        ip(&["netns", "add", &name]);
        let machine = Self { place, name, link, gateway };
        let (name, link) = (machine.name.as_str(), machine.link.as_str());
        ip(&["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name]);
        ip(&["address", "add", &format!("{}/30", machine.gateway), "dev", link]);
        ip(&["-n", name, "address", "add", &format!("{own}/30"), "dev", "eth0"]);
        for device in ["lo", "eth0"] {
            ip(&["-n", name, "link", "set", device, "up"]);
        }
        machine.connect();
        machine
    }

    fn connect(&self) {
        ip(&["link", "set", &self.link, "up"]);
    }

    /// Nothing goes in or out any more, and nobody is told.
    fn cut(&self) {
        ip(&["link", "set", &self.link, "down"]);
    }

    /// Starts a worker, which writes its messages into a file of its own.
    fn worker(&self) -> Worker {
        let workplace = &self.place.workplace;
        let program = workplace.command().get_program().to_owned();
        let mut command = workplace.command_of("ip");
        command.args(["netns", "exec", &self.name]).arg(program).args(["worker", "--data", &self.name]);
        // A process that is kept after its picture would look as if it drew.
        command.args(["--lease", &LEASE.to_string(), "--jobs-per-process", "1"]);
        command.args(self.place.arguments().into_iter().map(|argument| self.reachable(argument)));
        let log = std::fs::File::create(workplace.join(self.log_name())).unwrap();
        Worker::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log))
    }

    /// An argument in which an address of loopback is one that this machine can reach.
    fn reachable(&self, argument: &str) -> String {
        const LOOPBACK: &str = "127.0.0.1:";
        let Some((before, after)) = argument.split_once(LOOPBACK) else { return argument.to_owned() };
        let digits = after.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(after.len());
        let (port, after) = after.split_at(digits);
        let passed = pass_on(&self.gateway, &format!("{LOOPBACK}{port}"));
        format!("{before}{}:{passed}{after}", self.gateway)
    }

    fn log_name(&self) -> String {
        format!("{}.log", self.name)
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&self.place.workplace.read(&self.log_name())).into_owned()
    }

    /// Waits until the worker has stopped working on a claim, and nothing draws on this machine.
    fn drops(&self, id: &JobId, claim: usize) {
        let line = format!("job {id}: claim {claim} is over, its work is dropped");
        let started = Instant::now();
        while !self.log().contains(&line) || !self.place.children_of(&self.name).is_empty() {
            assert!(started.elapsed() < LIMIT, "no {line:?} in\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Machine<'_> {
    fn drop(&mut self) {
        // The link goes with it.
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
    }
}

fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().unwrap().success(), "{arguments:?}");
}

/// Passes on connections to a port of an address, which is returned, until the process ends.
fn pass_on(from: &str, to: &str) -> u16 {
    let listener = TcpListener::bind((from, 0)).unwrap();
    let (port, to) = (listener.local_addr().unwrap().port(), to.to_owned());
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let Ok(far) = TcpStream::connect(&to) else { continue };
            for (from, to) in [(&near, &far), (&far, &near)] {
                let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    port
}

#[test]
#[ignore = "needs PostgreSQL, moto, and to be root: .ci/with_postgres.sh .ci/with_s3.sh VENV"]
fn a_picture_outlives_the_network_of_its_workers() {
    let place = Place::on(&Farm::from_environment().expect("T2A_POSTGRES and T2A_S3 are not set"));
    // Longer than a worker needs to notice that it is cut off.
    let order = order(&format!("{SMALL}iterations = {}\n", place.iterations(4.0 * LEASE)), &["gif"]);
    place.draw("whole", &order);
    let machines = [1, 2].map(|number| Machine::new(&place, number));
    let id = place.submit(&NewJob { max_failures: 50, ..job("anna", &order) });
    // The second machine has a worker only when the first one has the job.
    let first = machines[0].worker();
    place.has_checkpoint_of(&id, 1);
    let second = machines[1].worker();
    machines[0].cut();
    // A worker that hears nothing stops before another one may have its job.
    machines[0].drops(&id, 1);
    place.has_checkpoint_of(&id, 2);
    machines[1].cut();
    machines[0].connect();
    machines[1].drops(&id, 2);
    place.wait(&id, |job| job.claim == 3);
    // Back again, it takes no part.
    machines[1].connect();
    place.ends(&id, State::Done);
    place.is_drawn(&id, "whole", &order);
    assert_eq!(place.outcomes(&id), ["lost", "lost", "done"]);
    let attempts = place.attempts(&id);
    let resumed: Vec<Option<u32>> = attempts.iter().rev().map(|attempt| attempt.resumed).collect();
    assert!(resumed[0].is_none() && resumed[1] > Some(0) && resumed[2] > resumed[1], "{attempts:?}");
    assert!(attempts[0].worker == attempts[2].worker && attempts[0].worker != attempts[1].worker, "{attempts:?}");
    // Both work again.
    let again: Vec<JobId> = (0..2).map(|_| place.submit(&job("anna", &order))).collect();
    for id in &again {
        place.draws(id, 1);
    }
    let busy: Vec<String> = again.iter().map(|id| place.attempts(id)[0].worker.clone()).collect();
    assert_ne!(busy[0], busy[1]);
    for id in &again {
        place.cancel(id);
        place.ends(id, State::Cancelled);
    }
    first.end();
    second.end();
}

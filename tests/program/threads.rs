//! The number of threads that compute: as many as `--threads` says, and no more at a time.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::print_stdout)]

use crate::common;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::program::Workplace;
use common::{fixtures, text};

/// What was seen of a process.
struct Seen {
    /// Processor time by real time
    busy: f64,
    /// Names of its threads
    names: BTreeSet<String>,
    /// The most threads at a time
    threads: usize,
}

/// Watches a process until it ends (`proc(5)`): its threads while it runs, its processor time when it has ended
/// and is not waited for yet.
fn watch(command: &mut Command) -> Seen {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let folder = format!("/proc/{}", child.id());
    let mut seen = Seen { busy: 0.0, names: BTreeSet::new(), threads: 0 };
    loop {
        let tasks: Vec<_> = std::fs::read_dir(format!("{folder}/task")).unwrap().flatten().collect();
        let names = tasks.iter().filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        seen.names.extend(names.map(|name| name.trim().to_owned()));
        seen.threads = seen.threads.max(tasks.len());
        let status = std::fs::read_to_string(format!("{folder}/stat")).unwrap();
        // Behind the name in brackets: the state, and as the 12th and 13th the ticks of user and system time.
        let fields: Vec<&str> = status[status.rfind(')').unwrap() + 2..].split(' ').collect();
        if fields[0] == "Z" {
            let ticks: f64 = fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum();
            // A tick is a hundredth of a second on every Linux (USER_HZ).
            seen.busy = ticks / 100.0 / started.elapsed().as_secs_f64();
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(child.wait().unwrap().success());
    seen
}

#[test]
fn no_more_threads_compute_than_asked_for() {
    let workplace = Workplace::new();
    let (vqgan, clip) = (fixtures().join("vqgan/last.ckpt"), fixtures().join("clip"));
    let other = ["--vqgan", text(&vqgan), "--clip", text(&clip)];
    for models in [&[][..], &other] {
        for threads in [1, 2] {
            let count = threads.to_string();
            let line = ["a", "--size", "256x256", "-n", "3", "-o", "p.png", "--force", "--threads", &count];
            let seen = watch(workplace.command().args(line).args(models));
            println!("{threads} threads: {:.2} busy, {} at most, {:?}", seen.busy, seen.threads, seen.names);
            // The main thread hands work over and takes it back; for that moment both are busy.
            assert!(seen.busy < 1.1 * f64::from(threads), "{:.2} of {threads}", seen.busy);
            assert!(seen.names.iter().all(|name| !name.starts_with("candle")), "{:?}", seen.names);
        }
    }
}

#[test]
fn the_environment_says_how_many_threads_where_no_option_does() {
    let workplace = Workplace::new();
    let line = ["bench", "--json", "--size", "32x32", "--repetitions", "1"];
    let threads = |variable: Option<&str>, more: &[&str]| {
        let mut command = workplace.command();
        command.args(line).args(more).envs(variable.map(|value| ("RAYON_NUM_THREADS", value)));
        common::program::finish(&mut command).succeeded().output_json()["threads"].as_u64().unwrap()
    };
    assert_eq!(threads(Some("3"), &[]), 3);
    assert_eq!(threads(Some("3"), &["--threads", "2"]), 2);
    let all = std::thread::available_parallelism().unwrap().get() as u64;
    assert_eq!((threads(None, &[]), threads(Some("many"), &[])), (all, all));
}

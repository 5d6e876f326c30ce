//! Damaged files, given to each verb that reads them: no panic, no hang, no memory above a bound, no file that nobody
//! asked for, and nothing on a terminal that the terminal would obey. The damage follows from a seed.
//!
//! This is a separate test program: the system counts the memory of all programs that a process has started, and only
//! those with damaged files may be among them.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod mutate;
mod originals;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::program::{Outcome, Running, Workplace};
use mutate::mutant;
use originals::{Original, originals};
use text2art::random::Stream;

/// How many damaged files are tried.
const FILES: usize = 500;
/// What all the damage follows from.
const SEED: u64 = 18;
/// The most memory that any run may hold, in MiB. All of them need at most 70, measured on Linux: models and pictures are
/// small, and no damage makes them large.
const MOST_MEMORY: i64 = 256;
/// A run that takes this long is asked to stop. A damaged number may make for many iterations: that is no hang.
const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn damaged_files_do_no_harm() {
    let originals = originals();
    let (next, read) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut faults = Vec::new();
        loop {
            let case = next.fetch_add(1, Ordering::Relaxed);
            if case >= FILES {
                return faults;
            }
            let original = &originals[case % originals.len()];
            let (code, found) = try_one(case, original);
            read.fetch_add(usize::from(code == Some(0)), Ordering::Relaxed);
            faults.extend(found);
        }
    };
    let faults: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    // Damage that every reader refuses at its first byte would prove little.
    let read = read.into_inner();
    assert!(read > FILES / 10, "only {read} of {FILES} files were read to their end");
    assert!(faults.is_empty(), "{} of {FILES}:\n{}", faults.len(), faults.join("\n"));
}

/// Gives a damaged copy of a file to the program. Returns its exit code, and what went wrong.
fn try_one(case: usize, original: &Original) -> (Option<i32>, Vec<String>) {
    let mut random = Stream::new(SEED, "mutations", case as u64);
    let line = original.lines[random.below(original.lines.len())].replace('X', original.name);
    let workplace = Workplace::new();
    for (name, content) in &original.beside {
        workplace.write(name, content);
    }
    workplace.write(original.name, mutant(&original.content, &mut random));
    std::fs::create_dir(workplace.root().join("temporary")).unwrap();
    let before: BTreeSet<PathBuf> = workplace.content().into_keys().collect();
    let (outcome, in_time) = run(&workplace, &line);

    let mut faults = Vec::new();
    let mut check = |holds: bool, fault: &str| {
        if !holds {
            let kept = keep(case, original, &workplace);
            faults.push(format!("case {case}, `text2art {line}`: {fault} ({})\n{}", kept.display(), outcome.errors));
        }
    };
    check(in_time, "did not end when asked to stop");
    check(matches!(outcome.code, Some(0 | 1 | 2 | 130)), &format!("exit code {:?}", outcome.code));
    check(
        !["panicked", "memory allocation", "overflowed"].iter().any(|word| outcome.errors.contains(word)),
        "panicked",
    );
    check(!outcome.errors.contains("this is a bug"), "called it a bug");
    check(is_clean(outcome.errors.as_bytes()), "raw control characters on standard error");
    check(is_clean(&outcome.output), "raw control characters on standard output");
    for (path, content) in workplace.content() {
        let path = path.strip_prefix(workplace.root()).unwrap();
        let is_new = !before.contains(&workplace.root().join(path));
        check(!is_new || is_expected(path), &format!("left {}", path.display()));
        if let Some(content) =
            content.filter(|_| is_new && path.extension().is_some_and(|extension| extension == "png"))
        {
            check(image::load_from_memory(&content).is_ok(), &format!("{} is not whole", path.display()));
        }
    }
    let peak = most_memory_of_children();
    check(peak <= MOST_MEMORY, &format!("a run since the last case held {peak} MiB"));
    (outcome.code, faults)
}

/// Runs the program to its end, which it is asked for if it takes long; says whether it then came.
fn run(workplace: &Workplace, line: &str) -> (Outcome, bool) {
    let mut command = workplace.command();
    command.args(line.split(' ')).env("TMPDIR", workplace.root().join("temporary"));
    let started = Instant::now();
    let mut running = Running::start(&mut command);
    let mut stopped = false;
    let mut in_time = true;
    while !running.has_ended() {
        if started.elapsed() > PATIENCE && !stopped {
            running.signal("INT");
            stopped = true;
        }
        if started.elapsed() > 3 * PATIENCE && in_time {
            running.signal("KILL");
            in_time = false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    (running.finish(), in_time)
}

/// The most memory that any child has held so far, in MiB.
fn most_memory_of_children() -> i64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the call writes to `usage`, which has room for it, and all zeros are a valid value.
    let usage = unsafe {
        assert_eq!(libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()), 0);
        usage.assume_init()
    };
    // Linux counts in KiB.
    usage.ru_maxrss / 1024
}

/// Whether a terminal shows this as it is: no control characters but the ends of lines and the tabs
/// between the columns of `score`, and none that turn its direction
/// (Unicode's categories Cc and Cf).
fn is_clean(bytes: &[u8]) -> bool {
    let hidden = |character: char| matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}');
    let text = std::str::from_utf8(bytes);
    text.is_ok_and(|text| {
        !text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\t') || hidden(character))
    })
}

/// Whether the program was asked for a file of this name, or may choose it by itself: a picture of a batch's line in the
/// folder it works in, or a movie or kept frames beside the picture, which `resume -o out.png` names after it.
fn is_expected(path: &Path) -> bool {
    let here = path.parent() == Some(Path::new("work"));
    let name = path.file_name().unwrap().to_string_lossy();
    let known = [".png", ".gif", ".mp4", ".png.t2a", ".png.t2a-frames"].iter().any(|ending| name.ends_with(ending));
    let folders = ["work/frames", "work/out-frames"].map(Path::new);
    let frames = folders.iter().any(|folder| path.starts_with(folder));
    (here && (known || name == "results.jsonl" || folders.contains(&path)) || frames && known)
        && !name.contains(".text2art-")
}

/// Keeps a case's file to look at.
fn keep(case: usize, original: &Original, workplace: &Workplace) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutations");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{case}-{}", original.name.replace('/', "-")));
    std::fs::write(&path, workplace.read(original.name)).unwrap();
    path
}

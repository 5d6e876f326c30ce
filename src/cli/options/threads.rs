//! How many threads compute.

use std::num::NonZeroUsize;
use std::sync::mpsc::channel;
use std::thread::available_parallelism;

use crate::text::count;
use crate::{Error, Result};

/// What rayon, the matrix products and the tensor library read.
const VARIABLE: &str = "RAYON_NUM_THREADS";
/// How many threads the tensor library keeps for itself, beside rayon's.
const TENSOR_LIBRARY: &str = "CANDLE_NUM_THREADS";

/// Threads that do not compute: for signals, progress, moving pictures and the like.
const OTHERS: usize = 4;
/// Reads a number of threads.
pub(in crate::cli) fn number(text: &str) -> Result<u16, String> {
    count(text, 1..=1024)
}

/// Lets so many threads compute, or as many as the user's environment says, or else as this process may use
/// processors; fewer if the system refuses that many. To be called before there is a second thread.
///
/// # Errors
/// If the system refuses any thread.
pub(in crate::cli) fn limit(threads: Option<u16>) -> Result<()> {
    let wanted = std::env::var(VARIABLE).ok().and_then(|value| value.parse().ok()).filter(|count| *count > 0);
    let threads = threads.map(usize::from).or(wanted);
    let threads = threads.unwrap_or_else(|| available_parallelism().map_or(1, NonZeroUsize::get));
    // The tensor library would count the machine's processors, allowed or not, and wait for its own threads in
    // circles beside rayon's: it is left with the thread that calls it.
    // SAFETY: no other thread reads the environment, for there is none.
    #[allow(unsafe_code, reason = "the tensor library has no other way to be told")]
    unsafe {
        std::env::set_var(VARIABLE, threads.to_string());
        std::env::set_var(TENSOR_LIBRARY, "1");
    }
    // A pool that could not be made once cannot be made again, and whoever asks for it later panics.
    let possible = possible(threads.saturating_add(OTHERS));
    let Some(most) = possible.checked_sub(OTHERS).filter(|most| *most > 0) else {
        let problem = format!("the system lets this process start {possible} threads, and it needs {}", OTHERS + 1);
        return Err(Error::usage(problem, "raise the limits that `ulimit -v` and `ulimit -u` show"));
    };
    // A pool that is there already is as good.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.min(most)).build_global();
    Ok(())
}

/// How many of so many threads the system lets this process have at the same time.
fn possible(wanted: usize) -> usize {
    let mut waiting = Vec::new();
    for _ in 0..wanted {
        let (release, released) = channel::<()>();
        // They end when what they wait for is dropped.
        let wait = move || {
            let _ = released.recv();
        };
        let Ok(thread) = std::thread::Builder::new().spawn(wait) else { break };
        waiting.push((release, thread));
    }
    let count = waiting.len();
    for (release, thread) in waiting {
        drop(release);
        let _ = thread.join();
    }
    count
}

//! The number of threads that compute.

use std::num::NonZeroUsize;
use std::sync::mpsc::channel;
use std::thread::available_parallelism;

use crate::text::count;
use crate::{Error, Result};

/// The variable that rayon, the matrix products and the tensor library read.
const VARIABLE: &str = "RAYON_NUM_THREADS";
/// The variable for the threads that the tensor library keeps to itself, besides rayon's.
const TENSOR_LIBRARY: &str = "CANDLE_NUM_THREADS";

/// Threads that do not compute: for signals, progress, moving pictures and the like.
const OTHERS: usize = 4;
/// Reads a number of threads.
pub(in crate::cli) fn number(text: &str) -> Result<u16, String> {
    count(text, 1..=1024)
}

/// Limits the threads that compute: to `threads`, else to the number that the user's environment gives, else to the
/// processors that this process may use; to fewer if the system refuses that many. Call this before there is a second
/// thread.
///
/// # Errors
/// If the system refuses to start enough threads.
pub(in crate::cli) fn limit(threads: Option<u16>) -> Result<()> {
    let wanted = std::env::var(VARIABLE).ok().and_then(|value| value.parse().ok()).filter(|count| *count > 0);
    let threads = threads.map(usize::from).or(wanted);
    let threads = threads.unwrap_or_else(|| available_parallelism().map_or(1, NonZeroUsize::get));
    // The tensor library would count the machine's processors, allowed or not, and its own threads would spin beside
    // rayon's. It is left with the thread that calls it.
    // SAFETY: no other thread reads the environment, because there is none.
    #[allow(unsafe_code, reason = "the tensor library has no other setting for this")]
    unsafe {
        std::env::set_var(VARIABLE, threads.to_string());
        std::env::set_var(TENSOR_LIBRARY, "1");
    }
    save_addresses();
    // A pool that could not be built once cannot be built again, and anything that needs it later panics.
    let possible = possible(threads.saturating_add(OTHERS));
    let Some(most) = possible.checked_sub(OTHERS).filter(|most| *most > 0) else {
        let problem =
            format!("the system lets this process start only {possible} threads, but it needs {}", OTHERS + 1);
        return Err(Error::usage(problem, "raise the limits that `ulimit -v` and `ulimit -u` show"));
    };
    // An existing pool is just as good.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.min(most)).build_global();
    Ok(())
}

/// Keeps the allocator from reserving 64 MiB of addresses for each thread, if addresses are limited (`ulimit -v`).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn save_addresses() {
    if crate::machine::address_space().is_some() {
        // SAFETY: this only changes a number, and there is no other thread.
        #[allow(unsafe_code, reason = "the allocator has no other setting for this")]
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, 1);
        }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn save_addresses() {}

/// How many of `wanted` threads the system allows this process to have at the same time.
fn possible(wanted: usize) -> usize {
    let mut waiting = Vec::new();
    for _ in 0..wanted {
        let (release, released) = channel::<()>();
        // A thread ends when its sender is dropped.
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

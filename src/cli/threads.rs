//! How many threads compute.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use crate::settings::text::count;

/// What rayon, the matrix products and the tensor library read.
const VARIABLE: &str = "RAYON_NUM_THREADS";
/// How many threads the tensor library keeps for itself, beside rayon's.
const TENSOR_LIBRARY: &str = "CANDLE_NUM_THREADS";

/// Reads a number of threads.
pub(super) fn number(text: &str) -> Result<u16, String> {
    count(text, 1..=1024)
}

/// Lets so many threads compute, or as many as the user's environment says, or else as this process may use
/// processors. To be called before there is a second thread.
pub(super) fn limit(threads: Option<u16>) {
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
    // A pool that is there already is as good.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
}

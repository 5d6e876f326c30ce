//! Numbers of 16 bits on a device: bf16, two in each 32-bit word.

use candle_core::Result;

use super::accelerator::{Accelerator, Argument, Buffer, Place, blocks, long};
use super::launch;

/// Number of words for `count` numbers of 16 bits.
#[must_use]
pub const fn words(count: usize) -> usize {
    count.div_ceil(2)
}

/// Rounds `count` numbers of 32 bits to the nearest bf16.
///
/// # Errors
/// If the device fails.
pub fn narrowed(on: &dyn Accelerator, values: Place, count: usize) -> Result<Buffer> {
    let halves = on.allocate(words(count))?;
    let (words, numbers) = (long(words(count)), long(count));
    launch!(on, "halves", "narrow", blocks(halves.len()), values, &halves, words, numbers)?;
    Ok(halves)
}

/// Converts `count` numbers of 16 bits to 32, and writes or adds them.
///
/// # Errors
/// If the device fails.
pub fn widen(on: &dyn Accelerator, halves: &Buffer, values: Place, count: usize, accumulate: bool) -> Result<()> {
    let accumulate: Argument = accumulate.into();
    launch!(on, "halves", "widen", blocks(count), halves, values, accumulate, long(count))
}

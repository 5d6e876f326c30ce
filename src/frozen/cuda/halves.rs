//! Numbers of 16 bits on a device: bf16, two in each word of its memory.

use candle_core::Result;

use super::accelerator::{Accelerator, Argument, Buffer, Place, blocks, long};
use super::launch;

/// Words that so many numbers of 16 bits take.
#[must_use]
pub const fn words(count: usize) -> usize {
    count.div_ceil(2)
}

/// `count` numbers of 32 bits, each rounded to the nearest bf16.
///
/// # Errors
/// If the device fails.
pub fn narrowed(on: &dyn Accelerator, values: Place, count: usize) -> Result<Buffer> {
    let halves = on.allocate(words(count))?;
    let (words, numbers) = (long(words(count)), long(count));
    launch!(on, "halves", "narrow", blocks(halves.len()), values, &halves, words, numbers)?;
    Ok(halves)
}

/// Writes `count` numbers of 16 bits as such of 32, or adds them.
///
/// # Errors
/// If the device fails.
pub fn widen(on: &dyn Accelerator, halves: &Buffer, values: Place, count: usize, accumulate: bool) -> Result<()> {
    let accumulate: Argument = accumulate.into();
    launch!(on, "halves", "widen", blocks(count), halves, values, accumulate, long(count))
}

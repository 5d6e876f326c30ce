//! Memory that networks use again: iterations ask for the same sizes, and fresh memory costs the system
//! a page at a time.
//!
//! A buffer that is dropped waits for the next request of about its size. Where none fits, waiting ones
//! go before more is asked of the system, so that the whole stays near the most that was in use at a time.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Below this many elements the allocator is as fast.
const SMALLEST: usize = 1 << 14;
/// How much larger than asked a buffer may be, as a share.
const SLACK: (usize, usize) = (5, 4);

/// Buffers that wait, by capacity.
static WAITING: Mutex<BTreeMap<usize, Vec<Vec<f32>>>> = Mutex::new(BTreeMap::new());

/// A slice of numbers whose memory is used again.
#[derive(Debug, Default)]
pub struct Buffer {
    /// All of the memory; its length never changes
    memory: Vec<f32>,
    length: usize,
}

impl Buffer {
    /// A buffer that holds whatever was there before.
    #[must_use]
    pub fn any(length: usize) -> Self {
        let memory = if length < SMALLEST { None } else { waiting_one(length) };
        Self { memory: memory.unwrap_or_else(|| vec![0.0; length]), length }
    }

    /// A buffer of zeros.
    #[must_use]
    pub fn zeros(length: usize) -> Self {
        let mut buffer = Self::any(length);
        buffer.fill(0.0);
        buffer
    }

    /// A copy of a slice.
    #[must_use]
    pub fn copy_of(values: &[f32]) -> Self {
        let mut buffer = Self::any(values.len());
        buffer.copy_from_slice(values);
        buffer
    }

    /// The numbers, which leave the pool.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<f32> {
        let mut memory = std::mem::take(&mut self.memory);
        memory.truncate(self.length);
        memory
    }
}

fn waiting() -> MutexGuard<'static, BTreeMap<usize, Vec<Vec<f32>>>> {
    // A thread that failed left the lists as they were.
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The smallest waiting buffer that fits; where none does, as much memory as is asked for goes.
fn waiting_one(length: usize) -> Option<Vec<f32>> {
    let mut gone = Vec::new();
    let mut waiting = waiting();
    let largest = length / SLACK.1 * SLACK.0 + SLACK.0;
    let fitting = waiting.range_mut(length..=largest).find_map(|(_, buffers)| buffers.pop());
    if fitting.is_none() {
        let mut freed = 0;
        while freed < length
            && let Some(mut entry) = waiting.last_entry()
        {
            match entry.get_mut().pop() {
                Some(buffer) => {
                    freed += buffer.len();
                    gone.push(buffer);
                }
                None => drop(entry.remove()),
            }
        }
    }
    // The memory itself is given back behind the lock.
    drop(waiting);
    drop(gone);
    fitting
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        if memory.len() >= SMALLEST {
            waiting().entry(memory.len()).or_default().push(memory);
        }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        Self::copy_of(self)
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again() {
        // A size no other test asks for.
        let length = 12_345_678;
        let mut first = Buffer::zeros(length);
        first[0] = 7.0;
        let place = first.as_ptr();
        drop(first);
        let second = Buffer::any(length - 1000);
        assert_eq!((second.as_ptr(), second.len(), second[0]), (place, length - 1000, 7.0));
        // One that is in use is not shared.
        let third = Buffer::zeros(length);
        assert!(third.as_ptr() != place && third.iter().all(|x| *x == 0.0));
        assert_eq!(second.clone().into_vec().len(), length - 1000);
    }
}

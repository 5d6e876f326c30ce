//! Memory that networks use again: iterations ask for the same sizes, and fresh memory costs the system
//! a page at a time.
//!
//! A buffer that is dropped waits for the next request of about its size. Waiting ones are given back where
//! all of them together would go past the most that was in use at a time by more than an eighth.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Below this many elements the allocator is as fast.
const SMALLEST: usize = 1 << 14;
/// How much larger than asked a buffer may be, as a share.
const SLACK: (usize, usize) = (5, 4);

/// How much all buffers together may go past the most that was in use, as a share.
const SURPLUS: (usize, usize) = (9, 8);

/// All buffers, those in use and those that wait.
static POOL: Mutex<Pool> = Mutex::new(Pool { waiting: BTreeMap::new(), waiting_size: 0, used: 0, most_used: 0 });

/// Sizes are in elements.
struct Pool {
    /// By length
    waiting: BTreeMap<usize, Vec<Vec<f32>>>,
    waiting_size: usize,
    used: usize,
    most_used: usize,
}

impl Pool {
    /// The smallest waiting buffer that fits, and those that are to be given back for the memory of a
    /// new one.
    fn take(&mut self, length: usize) -> (Option<Vec<f32>>, Vec<Vec<f32>>) {
        let largest = length / SLACK.1 * SLACK.0 + SLACK.0;
        let fitting = self.waiting.range_mut(length..=largest).find_map(|(_, buffers)| buffers.pop());
        let size = fitting.as_ref().map_or(length, Vec::len);
        self.waiting_size -= fitting.as_ref().map_or(0, Vec::len);
        self.used += size;
        self.most_used = self.most_used.max(self.used);
        let mut surplus = Vec::new();
        while self.used + self.waiting_size > self.most_used / SURPLUS.1 * SURPLUS.0
            && let Some(mut entry) = self.waiting.last_entry()
        {
            match entry.get_mut().pop() {
                Some(buffer) => {
                    self.waiting_size -= buffer.len();
                    surplus.push(buffer);
                }
                None => drop(entry.remove()),
            }
        }
        (fitting, surplus)
    }

    /// Lets a buffer wait.
    fn put(&mut self, memory: Vec<f32>) {
        self.used -= memory.len();
        self.waiting_size += memory.len();
        self.waiting.entry(memory.len()).or_default().push(memory);
    }
}

fn pool() -> MutexGuard<'static, Pool> {
    // A thread that failed left the pool as it was.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

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
        if length < SMALLEST {
            return Self { memory: vec![0.0; length], length };
        }
        let (fitting, surplus) = pool().take(length);
        // Memory goes back to the system behind the lock, and before more is asked of it.
        drop(surplus);
        Self { memory: fitting.unwrap_or_else(|| vec![0.0; length]), length }
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
        if memory.len() >= SMALLEST {
            pool().used -= memory.len();
        }
        memory.truncate(self.length);
        memory
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        if memory.len() >= SMALLEST {
            pool().put(memory);
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
#[allow(clippy::float_cmp)] // copies are exact
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again() {
        let mut pool = Pool { waiting: BTreeMap::new(), waiting_size: 0, used: 0, most_used: 0 };
        assert!([100_000, 50_000, 50_000].iter().all(|length| pool.take(*length).0.is_none()));
        pool.put(vec![7.0; 100_000]);
        // It is too large for this request, and there is room beside it.
        assert!(pool.take(20_000) == (None, Vec::new()));
        let (fitting, surplus) = pool.take(90_000);
        assert!(fitting.is_some_and(|memory| memory[0] == 7.0) && surplus.is_empty());
        assert_eq!((pool.used, pool.waiting_size, pool.most_used), (220_000, 0, 220_000));
    }

    #[test]
    fn surplus_memory_is_given_back() {
        let mut pool = Pool { waiting: BTreeMap::new(), waiting_size: 0, used: 0, most_used: 0 };
        for _ in 0..2 {
            assert!(pool.take(100_000).0.is_none());
        }
        pool.put(vec![0.0; 100_000]);
        let (fitting, surplus) = pool.take(60_000);
        assert!(fitting.is_none() && surplus.len() == 1);
        assert!(pool.waiting_size == 0 && pool.used == 160_000);
    }

    #[test]
    fn a_copy_is_its_own() {
        let mut first = Buffer::copy_of(&vec![1.0; 20_000]);
        let second = first.clone();
        first[0] = 2.0;
        assert!(second.into_vec() == vec![1.0; 20_000] && Buffer::zeros(20_000).iter().all(|x| *x == 0.0));
    }
}

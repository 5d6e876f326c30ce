//! Memory that networks reuse: iterations request the same sizes, and the system maps fresh memory page by
//! page, which is slow.
//!
//! A dropped buffer waits for the next request of about its size. Waiting buffers are released if all buffers
//! together would exceed the peak in use by more than an eighth, but at least 8 MiB and at most 128 MiB.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memmap2::MmapMut;

/// Below this many elements, the allocator is just as fast.
const SMALLEST: usize = 1 << 14;
/// From this many elements on, a megabyte, a buffer is mapped separately, so that all of it can be returned to the
/// system: the allocator would keep memory that lies between other blocks.
const MAPPED: usize = 1 << 18;
/// Maximum size of a buffer relative to the requested size, as a fraction.
const SLACK: (usize, usize) = (5, 4);

/// How far all buffers together may exceed the peak in use: by an eighth of it,
const SURPLUS_SHARE: usize = 8;
/// by at least this many elements (8 MiB),
const LEAST_SURPLUS: usize = 1 << 21;
/// and by at most this many elements; larger work takes so long to compute that fresh memory costs little.
const MOST_SURPLUS: usize = 1 << 25;

/// All buffers, in use and waiting.
static POOL: Mutex<Pool> = Mutex::new(Pool { waiting: BTreeMap::new(), waiting_size: 0, used: 0, most_used: 0 });

/// The memory of a buffer, whose length never changes.
#[derive(Debug)]
enum Block {
    Allocated(Vec<f32>),
    Mapped(MmapMut),
}

impl Block {
    fn zeros(length: usize) -> Self {
        // If mapping fails, fall back to the allocator.
        match (length >= MAPPED).then(|| MmapMut::map_anon(length * size_of::<f32>())) {
            Some(Ok(map)) => {
                // One page fault per two megabytes instead of one per page, if the system supports it.
                #[cfg(target_os = "linux")]
                let _ = map.advise(memmap2::Advice::HugePage);
                Self::Mapped(map)
            }
            _ => Self::Allocated(vec![0.0; length]),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Allocated(numbers) => numbers.len(),
            Self::Mapped(map) => map.len() / size_of::<f32>(),
        }
    }
}

impl Default for Block {
    fn default() -> Self {
        Self::Allocated(Vec::new())
    }
}

impl Deref for Block {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Allocated(numbers) => numbers,
            Self::Mapped(map) => bytemuck::cast_slice(map),
        }
    }
}

impl DerefMut for Block {
    fn deref_mut(&mut self) -> &mut [f32] {
        match self {
            Self::Allocated(numbers) => numbers,
            Self::Mapped(map) => bytemuck::cast_slice_mut(map),
        }
    }
}

/// Sizes are in elements.
struct Pool {
    /// Waiting blocks by length
    waiting: BTreeMap<usize, Vec<Block>>,
    waiting_size: usize,
    used: usize,
    most_used: usize,
}

impl Pool {
    /// The smallest waiting buffer that fits, and those that must be released to make room for a new
    /// one.
    fn take(&mut self, length: usize) -> (Option<Block>, Vec<Block>) {
        let largest = length / SLACK.1 * SLACK.0 + SLACK.0;
        let fitting = self.waiting.range_mut(length..=largest).find_map(|(_, buffers)| buffers.pop());
        let size = fitting.as_ref().map_or(length, Block::len);
        self.waiting_size -= fitting.as_ref().map_or(0, Block::len);
        self.used += size;
        self.most_used = self.most_used.max(self.used);
        let most = self.most_used + (self.most_used / SURPLUS_SHARE).clamp(LEAST_SURPLUS, MOST_SURPLUS);
        let mut surplus = Vec::new();
        while self.used + self.waiting_size > most
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

    /// Takes out all waiting buffers, and forgets the peak.
    fn clear(&mut self) -> BTreeMap<usize, Vec<Block>> {
        self.waiting_size = 0;
        self.most_used = self.used;
        std::mem::take(&mut self.waiting)
    }

    /// Adds a waiting buffer.
    fn put(&mut self, block: Block) {
        self.used -= block.len();
        self.waiting_size += block.len();
        self.waiting.entry(block.len()).or_default().push(block);
    }
}

fn pool() -> MutexGuard<'static, Pool> {
    // A thread that failed left the pool intact.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the memory that waits for the next request to the system, as if nothing had been computed yet. For a process
/// that may compute nothing for a while, or something much smaller.
pub fn release_memory() {
    let waiting = pool().clear();
    // Outside of the lock.
    drop(waiting);
}

/// A slice of numbers whose memory is reused.
#[derive(Debug, Default)]
pub struct Buffer {
    /// The whole memory
    block: Block,
    length: usize,
}

impl Buffer {
    /// A buffer with arbitrary content.
    #[must_use]
    pub fn any(length: usize) -> Self {
        if length < SMALLEST {
            return Self { block: Block::zeros(length), length };
        }
        let (fitting, surplus) = pool().take(length);
        // Release memory outside of the lock, and before requesting more.
        drop(surplus);
        Self { block: fitting.unwrap_or_else(|| Block::zeros(length)), length }
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

    /// The numbers, in memory outside of the pool.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<f32> {
        match std::mem::take(&mut self.block) {
            Block::Allocated(mut numbers) => {
                if numbers.len() >= SMALLEST {
                    pool().used -= numbers.len();
                }
                numbers.truncate(self.length);
                numbers
            }
            mapped @ Block::Mapped(_) => {
                let numbers = mapped[..self.length].to_vec();
                pool().put(mapped);
                numbers
            }
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let block = std::mem::take(&mut self.block);
        if block.len() >= SMALLEST {
            pool().put(block);
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.block[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.block[..self.length]
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
        pool.put(Block::Allocated(vec![7.0; 100_000]));
        // The waiting buffer is too large for this request, and there is room for both.
        assert!(matches!(pool.take(20_000), (None, surplus) if surplus.is_empty()));
        let (fitting, surplus) = pool.take(90_000);
        assert!(fitting.is_some_and(|memory| memory[0] == 7.0) && surplus.is_empty());
        assert_eq!((pool.used, pool.waiting_size, pool.most_used), (220_000, 0, 220_000));
    }

    #[test]
    fn surplus_memory_is_given_back() {
        let mut pool = Pool { waiting: BTreeMap::new(), waiting_size: 0, used: 0, most_used: 0 };
        for _ in 0..2 {
            assert!(pool.take(10_000_000).0.is_none());
        }
        pool.put(Block::zeros(10_000_000));
        let (fitting, surplus) = pool.take(6_000_000);
        assert!(fitting.is_none() && surplus.len() == 1);
        assert!(pool.waiting_size == 0 && pool.used == 16_000_000);
    }

    #[test]
    fn released_memory_does_not_count() {
        let mut pool = Pool { waiting: BTreeMap::new(), waiting_size: 0, used: 0, most_used: 0 };
        for _ in 0..3 {
            assert!(pool.take(100_000).0.is_none());
        }
        (0..2).for_each(|_| pool.put(Block::zeros(100_000)));
        assert_eq!(pool.clear().into_values().map(|blocks| blocks.len()).collect::<Vec<_>>(), [2]);
        assert_eq!((pool.used, pool.waiting_size, pool.most_used), (100_000, 0, 100_000));
        assert!(pool.take(100_000).0.is_none());
    }

    #[test]
    fn a_copy_is_its_own() {
        for length in [20_000, MAPPED + 5] {
            let mut first = Buffer::copy_of(&vec![1.0; length]);
            let second = Buffer::copy_of(&first);
            first[0] = 2.0;
            assert!(second.into_vec() == vec![1.0; length] && Buffer::zeros(length).iter().all(|x| *x == 0.0));
        }
    }
}

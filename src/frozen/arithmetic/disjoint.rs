//! A slice to which several tasks write at once, each to its own ranges.

use std::marker::PhantomData;

/// Hands out ranges of one slice to parallel tasks.
pub struct DisjointSlice<'a> {
    start: *mut f32,
    length: usize,
    lifetime: PhantomData<&'a mut [f32]>,
}

// SAFETY: it only hands out ranges, and callers of `range` guarantee that they are disjoint.
unsafe impl Sync for DisjointSlice<'_> {}

impl<'a> DisjointSlice<'a> {
    pub fn new(values: &'a mut [f32]) -> Self {
        Self { start: values.as_mut_ptr(), length: values.len(), lifetime: PhantomData }
    }

    /// The elements `start .. start + length`.
    ///
    /// # Safety
    /// While the range lives, no other range that overlaps it may live.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn range(&self, start: usize, length: usize) -> &mut [f32] {
        assert!(length <= self.length && start <= self.length - length, "a range reaches past its slice");
        // SAFETY: inside the slice by the assertion above; exclusive by this function's contract.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), length) }
    }
}

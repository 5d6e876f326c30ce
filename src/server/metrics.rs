//! Counts for operators.

/// Counts for operators.
#[derive(Default)]
pub struct Metrics {}

//! Batches whose pictures take only a moment each.

use super::program::{Outcome, Workplace};

/// Options with which a picture takes only a moment.
pub const SMALL: [&str; 6] = ["--size", "16x16", "--cutouts", "1", "--iterations", "1"];

/// Runs a batch.
pub fn batch(workplace: &Workplace, arguments: &[&str]) -> Outcome {
    workplace.run(&[&["batch"], arguments, &SMALL].concat())
}

//! Detects when the loss has stopped improving.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The number of losses that are averaged, because a single loss depends on its cutouts.
const WINDOW: usize = 10;
/// The number of iterations without progress after which a run ends.
const PATIENCE: usize = 30;
/// The least decrease that counts as progress, as a share of the loss.
const PROGRESS: f64 = 0.002;

/// Watches the losses of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    recent: VecDeque<f64>,
    /// The lowest average so far
    best: Option<f64>,
    /// The number of averages since then
    waited: usize,
    /// The factor of the learning rate
    factor: Option<f64>,
}

impl Plateau {
    /// Records the loss of an iteration and the factor of its learning rate. The count starts over for each factor,
    /// because a smaller learning rate may improve the loss further.
    pub(super) fn note(&mut self, loss: f64, factor: f64) {
        if self.factor != Some(factor) {
            *self = Self { factor: Some(factor), ..Self::default() };
        }
        self.recent.push_back(loss);
        if self.recent.len() < WINDOW {
            return;
        }
        #[allow(clippy::cast_precision_loss)]
        let average = self.recent.iter().sum::<f64>() / WINDOW as f64;
        self.recent.pop_front();
        if self.best.is_none_or(|best| average < best - PROGRESS * best.abs()) {
            (self.best, self.waited) = (Some(average), 0);
        } else {
            self.waited += 1;
        }
    }

    /// Whether the loss has stopped improving.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.waited >= PATIENCE
    }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss)]
mod tests {
    use super::*;

    /// The iteration in which a run with these losses ends.
    fn end(loss: impl Fn(usize) -> f64, factor: impl Fn(usize) -> f64) -> Option<usize> {
        let mut plateau = Plateau::default();
        (0..1000).find(|&iteration| {
            plateau.note(loss(iteration), factor(iteration));
            plateau.is_reached()
        })
    }

    #[test]
    fn a_flat_loss_ends_a_run() {
        // Ten losses make the first average; thirty more bring no progress.
        assert_eq!(end(|_| 0.5, |_| 1.0), Some(39));
        let noisy = |iteration: usize| if iteration.is_multiple_of(2) { 0.4 } else { 0.6 };
        assert!(end(noisy, |_| 1.0).is_some_and(|end| end < 60));
    }

    #[test]
    fn a_falling_loss_does_not() {
        assert_eq!(end(|iteration| 1.0 - iteration as f64 * 1e-3, |_| 1.0), None);
        assert_eq!(end(|iteration| -(iteration as f64), |_| 1.0), None);
        let falls_once = |iteration: usize| if iteration < 35 { 0.5 } else { 0.4 };
        assert!(end(falls_once, |_| 1.0).is_some_and(|end| end > 65));
    }

    #[test]
    fn a_smaller_learning_rate_gets_its_own_try() {
        assert_eq!(end(|_| 0.5, |iteration| if iteration < 30 { 1.0 } else { 0.1 }), Some(69));
    }
}

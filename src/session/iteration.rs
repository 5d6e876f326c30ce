//! An iteration in progress: a GPU starts the next one before the numbers of this one are read.

use candle_core::Tensor;

use super::Average;
use super::readings::Readings;
use crate::Result;
use crate::device::Moment;
use crate::drawer::Drawer;
use crate::judge::LossValue;
use crate::optimizer::{Optimizer, OptimizerState};

/// An iteration that was launched, including its step. Its results are not read yet.
pub(super) struct Iteration {
    /// The number of the iteration, from 0
    pub number: usize,
    /// The picture that was drawn, detached
    pub picture: Tensor,
    /// The distances of each perceptor, the losses of the picture that are still being computed, the losses of the
    /// drawer, and the sum of squares of each gradient
    pub readings: Readings,
    /// When the readings are computed
    pub computed: Moment,
    /// The losses of the picture itself, by name; values that are still being computed are among the readings
    pub picture_losses: Vec<(&'static str, LossValue)>,
    /// The names of the losses of the drawer
    pub own_losses: Vec<&'static str>,
    /// The factor of the learning rate
    pub factor: f64,
    /// The state before the step
    pub before: Moved,
}

/// The state that a step changes.
#[derive(Clone)]
pub(super) struct Moved {
    /// The parameters of the drawer
    pub parameters: Vec<Tensor>,
    /// The state of the optimizer
    pub optimizer: OptimizerState,
    /// The average of the parameters of the iterations before
    pub average: Option<Average>,
}

impl Moved {
    /// Copies the current state; a step does not change the copy.
    ///
    /// # Errors
    /// If memory runs out.
    pub(super) fn copy(drawer: &dyn Drawer, optimizer: &Optimizer, average: Option<&Average>) -> Result<Self> {
        let parameters = drawer.parameters();
        let parameters = parameters.iter().map(|parameter| parameter.detach().copy());
        let parameters = parameters.collect::<candle_core::Result<_>>()?;
        Ok(Self { parameters, optimizer: optimizer.state().clone(), average: average.cloned() })
    }

    /// Restores this state, and returns the average.
    ///
    /// # Errors
    /// If the device fails.
    pub(super) fn put_back(self, drawer: &dyn Drawer, optimizer: &mut Optimizer) -> Result<Option<Average>> {
        for (parameter, value) in drawer.parameters().iter().zip(&self.parameters) {
            parameter.set(value)?;
        }
        optimizer.restore(self.optimizer)?;
        Ok(self.average)
    }
}

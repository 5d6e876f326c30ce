//! An iteration while it is under way: a GPU goes on with the next one before this one's numbers are read.

use candle_core::Tensor;

use super::readings::Readings;
use crate::Result;
use crate::device::Moment;
use crate::drawer::Drawer;
use crate::judge::LossValue;
use crate::optimizer::{Optimizer, OptimizerState};

/// An iteration that was asked for, its step too. What it found is not read yet.
pub(super) struct Iteration {
    /// Which, from 0
    pub number: usize,
    /// What was drawn, detached
    pub picture: Tensor,
    /// The distances of each perceptor, the picture's losses that are computed, the drawer's own losses, and the sum of
    /// each gradient's squares
    pub readings: Readings,
    /// When these are computed
    pub computed: Moment,
    /// The losses of the picture itself by name; those that are computed are among the readings
    pub picture_losses: Vec<(&'static str, LossValue)>,
    /// The names of the drawer's own losses
    pub own_losses: Vec<&'static str>,
    /// Of the learning rate
    pub factor: f64,
    /// What the step moved, as it was
    pub before: Moved,
}

/// What a step moves.
#[derive(Clone)]
pub(super) struct Moved {
    /// What the drawer draws from
    pub parameters: Vec<Tensor>,
    /// What the optimizer remembers
    pub optimizer: OptimizerState,
}

impl Moved {
    /// As it is now; a step does not change it.
    ///
    /// # Errors
    /// If memory runs out.
    pub(super) fn copy(drawer: &dyn Drawer, optimizer: &Optimizer) -> Result<Self> {
        let parameters = drawer.parameters();
        let parameters = parameters.iter().map(|parameter| parameter.detach().copy());
        let parameters = parameters.collect::<candle_core::Result<_>>()?;
        Ok(Self { parameters, optimizer: optimizer.state().clone() })
    }

    /// Takes back what steps did since.
    ///
    /// # Errors
    /// If the device fails.
    pub(super) fn put_back(self, drawer: &dyn Drawer, optimizer: &mut Optimizer) -> Result<()> {
        for (parameter, value) in drawer.parameters().iter().zip(&self.parameters) {
            parameter.set(value)?;
        }
        optimizer.restore(self.optimizer)
    }
}

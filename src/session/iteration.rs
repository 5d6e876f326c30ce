//! An iteration: a GPU starts the next one before the numbers of this one are read.

use std::time::Instant;

use candle_core::Tensor;

use super::backdrop::Backdrop;
use super::readings::Readings;
use super::shift::Shift;
use super::{Average, Coloring, FitSoFar, Judged, Session};
use crate::device::Moment;
use crate::drawer::Drawer;
use crate::frozen::with_gradient;
use crate::judge::{LossValue, Seen, no_gradient};
use crate::optimizer::{Optimizer, OptimizerState};
use crate::{Error, Result};

/// The results of an iteration.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The number of the iteration, from 0
    pub iteration: usize,
    /// The sum of all losses before the step
    pub loss: f64,
    /// How well the whole picture fits its prompts lately; none if that is not known
    pub fit: Option<f64>,
    /// Each weighted loss by name
    pub losses: Vec<(String, f64)>,
}

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

impl Session {
    /// Runs one iteration: draws, judges and changes the parameters. Also returns the picture that was drawn, on the
    /// device that computed it.
    ///
    /// With a GPU, the next iteration is launched before this one is waited for, so that the GPU always has work. This
    /// is invisible outside: all methods return the state that this iteration left.
    ///
    /// # Errors
    /// If the loss or a gradient is not finite (the parameters are as they were), or the computation fails.
    pub fn step(&mut self) -> Result<(Step, Tensor)> {
        self.begin_second_pass_if_due()?;
        self.move_if_due()?;
        let begun = self.ahead.take().unwrap_or_else(|| self.begin(self.iteration))?;
        let next = begun.number + 1;
        let is_of_this_pass = !self.second_pass.as_ref().is_some_and(|pass| pass.begins_with(next));
        let is_of_this_frame = self.camera.as_ref().is_none_or(|camera| camera.frame_at(next).is_none());
        if self.goes_ahead && is_of_this_pass && is_of_this_frame && next < self.settings.iterations_to_run() {
            self.ahead = Some(self.begin(next));
        }
        self.finish(begun)
    }

    /// Undoes the iteration in progress, if there is one.
    ///
    /// # Errors
    /// If the device fails.
    pub fn halt(&mut self) -> Result<()> {
        match self.ahead.take() {
            Some(Ok(next)) => self.put_back(next.before),
            _ => Ok(()),
        }
    }

    /// Launches an iteration. If that fails, the parameters stay as they were.
    fn begin(&mut self, number: usize) -> Result<Iteration> {
        let begun = Instant::now();
        let before = Moved::copy(self.drawer.as_ref(), &self.optimizer, self.average.as_ref())?;
        let asked = self.ask_for(number, before.clone()).or_else(|error| {
            self.put_back(before)?;
            Err(error)
        });
        self.asked_in = begun.elapsed();
        asked
    }

    /// Restores what a step changed.
    fn put_back(&mut self, before: Moved) -> Result<()> {
        self.average = before.put_back(self.drawer.as_ref(), &mut self.optimizer)?;
        Ok(())
    }

    fn ask_for(&mut self, number: usize, before: Moved) -> Result<Iteration> {
        self.lay_over(number)?;
        self.judge.weigh(number);
        let picture = self.drawer.draw()?;
        let backdrop = Backdrop::new(self.settings.seed.0, number);
        // A tile has no mask, so what moves has no part that stays in its place.
        let visible = self.masked(backdrop.behind(&picture)?)?;
        let shift = Shift::new(&self.settings, number, visible)?;
        let judgement = self.judge.judge(shift.seen(), number)?;
        let mut gradient = backdrop.gradient(&picture, shift.back(judgement.gradient)?)?;
        if let Some(coloring) = &mut self.coloring {
            coloring.find(&picture, number)?;
        }
        let drawn = picture.detach();
        let palette = self.coloring.as_ref().and_then(Coloring::palette);
        let seen = Seen::new(&drawn, number, palette, backdrop.gray());
        let mut picture_losses = Vec::new();
        for loss in &mut self.losses {
            if let Some(verdict) = loss.judge(&seen)? {
                gradient = (gradient + verdict.gradient)?;
                picture_losses.push((loss.name(), verdict.loss));
            }
        }
        if let Some(masking) = &self.masking {
            let (loss, whole) = masking.hold(&drawn, gradient)?;
            gradient = whole;
            picture_losses.extend(loss.map(|loss| ("outside", LossValue::Computed(loss))));
        }
        // The backward pass of the drawer starts from the gradient of the judges.
        let mut objective = with_gradient(&picture, &gradient)?;
        let own_losses = self.own_losses(number)?;
        for (_, loss) in &own_losses {
            objective = (objective + loss)?;
        }
        let gradients = objective.backward()?;
        let groups = self.drawer.parameter_groups();
        let gradients = groups
            .iter()
            .flat_map(|group| &group.parameters)
            .map(|parameter| gradients.get(parameter).cloned().ok_or_else(no_gradient))
            .collect::<Result<Vec<_>>>()?;

        let mut wanted = judgement.distances;
        wanted.extend(picture_losses.iter().filter_map(|(_, loss)| match loss {
            LossValue::Computed(loss) => Some(loss.clone()),
            LossValue::Known(_) => None,
        }));
        wanted.extend(own_losses.iter().map(|(_, loss)| loss.clone()));
        for gradient in &gradients {
            wanted.push(self.squares.forward(&gradient.detach())?);
        }
        let readings = Readings::of(&wanted)?;
        let computed = self.device.moment()?;
        if let Some(decay) = self.settings.average {
            self.average = Some(Average::with(self.average.as_ref(), &self.drawer.parameters(), decay)?);
        }
        let factor = self.settings.learning_rate_drops.factor(number, self.settings.iterations);
        let rate = self.learning_rate.as_ref().map_or(self.settings.learning_rate, |course| course.at(number));
        self.optimizer.step(&groups, &gradients, rate * factor)?;
        self.drawer.constrain()?;
        let own_losses = own_losses.into_iter().map(|(name, _)| name).collect();
        Ok(Iteration { number, picture: drawn, readings, computed, picture_losses, own_losses, factor, before })
    }

    /// Reads the results of an iteration, and undoes its step if they are not finite.
    fn finish(&mut self, begun: Iteration) -> Result<(Step, Tensor)> {
        let mut read = begun.readings.read(&self.device, &begun.computed)?.into_iter();
        // The next iteration may have been launched with other weights.
        self.judge.weigh(begun.number);
        let mut losses = self.judge.losses(&read.by_ref().take(self.judge.perceptors.len()).collect::<Vec<_>>());
        for (name, loss) in begun.picture_losses {
            let loss = match loss {
                LossValue::Known(loss) => loss,
                LossValue::Computed(_) => read.next().into_iter().flatten().map(f64::from).sum(),
            };
            losses.push((name.to_owned(), loss));
        }
        let own = begun.own_losses.iter().zip(read.by_ref().take(begun.own_losses.len()).flatten());
        losses.extend(own.map(|(name, loss)| ((*name).to_owned(), f64::from(loss))));
        let loss: f64 = losses.iter().map(|(_, loss)| loss).sum();
        if !loss.is_finite() || !read.flatten().all(f32::is_finite) {
            self.ahead = None;
            self.put_back(begun.before)?;
            return Err(Error::NotFinite { iteration: begun.number });
        }
        if let Some(plateau) = &mut self.plateau {
            plateau.note(loss, begun.factor);
        }
        let loss_before = self.last.take().map(|last| last.loss);
        self.last = Some(Judged { picture: begun.picture.clone(), loss, loss_before });
        (self.iteration, self.judged) = (begun.number + 1, Some(begun.computed));
        if !self.fits.is_empty()
            && FitSoFar::is_due(self.fit.as_ref(), begun.number)
            && let Some(measured) = self.measure(&self.delivered(&begun.picture)?)?
        {
            self.fit = Some(FitSoFar::after(self.fit, measured));
        }
        let fit = self.fit.map(|so_far| so_far.lately);
        Ok((Step { iteration: begun.number, loss, fit, losses }, begun.picture))
    }
}

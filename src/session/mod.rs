//! The loop: draw, judge, step. It prints nothing and writes no files; it reports its progress as events.

mod average;
mod backdrop;
mod camera;
mod coloring;
mod fit;
mod follow;
mod iteration;
mod masks;
pub(crate) mod memory;
mod models;
mod no_text;
mod overlay;
mod plan;
mod plateau;
mod readings;
mod run;
mod second_pass;
mod shift;
mod showing;
mod start;
mod state;
mod styles;
mod targets;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use candle_core::{Tensor, Var};

pub use average::Average;
pub use camera::FrameStart;
pub use fit::FitSoFar;
pub use follow::Trace;
pub use masks::Surroundings;
pub use memory::Recomputed;
pub(crate) use models::heads;
pub use models::{LoadedModel, ModelStore, Models, check_usable};
pub use no_text::prepare_no_text;
pub use plan::{LARGEST_BATCH, Plan};
pub use plateau::Plateau;
pub use run::{End, Finished, run};
pub use state::{Judged, SessionState};

use backdrop::Backdrop;
use camera::Camera;
use coloring::Coloring;
use iteration::{Iteration, Moved};
use masks::{Masking, Masks, limit};
use overlay::Overlay;
use readings::Readings;
use second_pass::SecondPass;
use shift::Shift;

use crate::device::{ComputeDevice, Moment};
use crate::drawer::{self, Drawer, Start};
use crate::frozen::{Network, SquareSum, with_gradient};
use crate::judge::{Cutouts, Fit, Framing, Judge, Loss, LossValue, Reach, Seen, losses, no_gradient};
use crate::optimizer::Optimizer;
use crate::random::Stream;
use crate::settings::{Course, Settings};
use crate::{Error, Result, picture};

/// A picture in the making.
pub struct Session {
    settings: Settings,
    device: ComputeDevice,
    drawer: Box<dyn Drawer>,
    judge: Judge,
    /// Losses of the picture itself
    losses: Vec<Box<dyn Loss>>,
    optimizer: Optimizer,
    /// The average of the parameters of all iterations that were launched, if settings ask for it
    average: Option<Average>,
    /// The picture of the average that was delivered last, with the number of sets of parameters in that average
    averaged: RefCell<Option<(u64, Tensor)>>,
    iteration: usize,
    plateau: Option<Plateau>,
    coloring: Option<Coloring>,
    last: Option<Judged>,
    /// Compares the whole picture with its prompts, by each CLIP
    fits: Vec<Fit>,
    fit: Option<FitSoFar>,
    /// The mask, if there is one
    masks: Option<Masks>,
    /// What the mask does to the pictures of the current pass
    masking: Option<Masking>,
    /// The image that is laid over the picture, if there is one
    overlay: Option<Overlay>,
    /// The second pass, if there is one
    second_pass: Option<SecondPass>,
    /// How the canvas moves, if it moves
    camera: Option<Camera>,
    /// The canvas at the start of the last frame that began with a motion
    frame_start: Option<FrameStart>,
    /// The picture before the canvas moved, if it moved for the last iteration
    frame_end: Option<Tensor>,
    /// The learning rate, if it has keyframes
    learning_rate: Option<Course>,
    /// The weight of the starting point, if it has keyframes
    hold: Option<Course>,
    /// Whether the next iteration is launched before the results of this one are read
    goes_ahead: bool,
    /// The next iteration, if it was launched; it may have failed
    ahead: Option<Result<Iteration>>,
    /// When the numbers of the last iteration, and all pictures up to it, were computed
    judged: Option<Moment>,
    /// Sums the squares of a gradient, to check that all of it is finite
    squares: Network,
    /// How long it took to launch the latest iteration
    asked_in: Duration,
}

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

impl Session {
    /// Prepares a picture with loaded models. `warn` receives warnings for the user.
    ///
    /// # Errors
    /// If the plan cannot be run here, the init image or the picture of a loss cannot be read, or a prompt cannot be tokenized.
    pub fn new(plan: &Plan, models: &Models, warn: &mut dyn FnMut(String)) -> Result<Self> {
        plan.check()?;
        let settings = plan.settings();
        let mut stream = Stream::new(settings.seed.0, "init", 0);
        let first = second_pass::first_pass(settings);
        let init = settings.init_image.as_deref().map(picture::read).transpose()?;
        let masks = Masks::read(settings, first.size, init.as_ref(), warn)?;
        let opening = start::opening(&first);
        let start = match init {
            Some(picture) => {
                let picture = start::over_noise(picture, &opening, plan, models, masks.as_ref(), &mut stream)?;
                Start::Picture(start::tiled(picture, &first)?, settings.weight_of_start())
            }
            None => match start::first_picture(&opening, models, masks.as_ref().map(Masks::first), &mut stream)? {
                Some(picture) => Start::Picture(start::tiled(picture, &first)?, settings.weight_of_start()),
                None => Start::Noise(settings.init_noise, &mut stream),
            },
        };
        let device = plan.device().tensors();
        let blueprint = drawer::of(&settings.drawer)?;
        let drawer = blueprint.build(&first, models.loaded(), plan.recomputed().decoder, start, device)?;
        let masking = masks.as_ref().map(|masks| masks.masking(&first, drawer.as_ref(), device)).transpose()?;
        let cutouts = Cutouts {
            reach: Reach::All,
            count: settings.cutouts,
            augmentations: settings.augment.clone(),
            zooms: blueprint.zooms(),
            noise: settings.cut_noise,
            seed: settings.seed.0,
            framing: Framing::of(settings),
        };
        targets::hint(settings)?.into_iter().for_each(&mut *warn);
        let (mut perceptors, mut fits) = (Vec::new(), Vec::new());
        for (index, clip) in models.clips.iter().enumerate() {
            let prompts = targets::perceptor(settings, clip, cutouts.clone(), device, warn)?;
            let prompts = models.rated(settings, index, prompts)?;
            let outside = targets::outside(settings, clip, &prompts, warn)?;
            // A picture cannot be compared with prompts that come and go.
            let compared = std::iter::once(&prompts).chain(&outside).filter(|_| settings.prompt_weights.is_empty());
            for perceptor in compared {
                fits.extend(fit::fit(settings, clip, perceptor)?);
            }
            let styles = styles::perceptor(settings, clip, &cutouts, warn)?;
            let all = [Some(prompts), outside, styles].into_iter().flatten();
            perceptors.extend(all.map(|perceptor| perceptor.recomputing(plan.recomputed().clip)));
        }
        let optimizer = optimizer(settings, drawer.as_ref())?;
        let mut judge = Judge { perceptors, batch: plan.cut_batch() };
        limit(&mut judge, masking.as_ref());
        let coloring = Coloring::new(settings)?;
        let mut losses = losses(settings, &models.shared_clips())?;
        losses.iter_mut().try_for_each(|loss| loss.prepare())?;
        Ok(Self {
            drawer,
            judge,
            losses,
            optimizer,
            average: None,
            averaged: RefCell::default(),
            iteration: 0,
            plateau: settings.auto_stop.then(Plateau::default),
            // Choosing colors happens on the CPU and changes the state, so it must wait for the picture.
            goes_ahead: plan.device().gpu().is_some() && coloring.is_none(),
            coloring,
            last: None,
            fits,
            fit: None,
            masks,
            masking,
            overlay: Overlay::read(settings, first.size)?,
            second_pass: SecondPass::of(plan, models),
            camera: Camera::of(settings),
            frame_start: None,
            frame_end: None,
            learning_rate: settings.learning_rate_keys.as_ref().map(|keys| settings.course(keys)),
            hold: settings.init_weight_keys.as_ref().map(|keys| settings.course(keys)),
            ahead: None,
            judged: None,
            squares: Network::of(SquareSum::new()),
            asked_in: Duration::ZERO,
            settings: settings.clone(),
            device: plan.device().clone(),
        })
    }

    /// The state after the last iteration, from which a session can continue.
    #[must_use]
    pub fn state(&self) -> SessionState {
        let (parameters, optimizer) = if let Some(Ok(next)) = &self.ahead {
            (next.before.parameters.clone(), next.before.optimizer.clone())
        } else {
            let parameters = self.drawer.parameters().iter().map(Var::as_detached_tensor).collect();
            (parameters, self.optimizer.state().clone())
        };
        let average = self.average_of_finished().cloned();
        SessionState {
            iteration: self.iteration,
            parameters,
            optimizer: Some(optimizer),
            average,
            plateau: self.plateau.clone(),
            palette: self.coloring.as_ref().and_then(Coloring::found).map(<[_]>::to_vec),
            last: self.last.clone(),
            fit: self.fit,
            enlarged: self.second_pass.as_ref().and_then(SecondPass::enlarged).cloned(),
            frame_start: self.frame_start.clone(),
        }
    }

    /// Continues from the state of a session with the same drawer and size.
    ///
    /// # Errors
    /// If the parameters of the drawer have other shapes.
    pub fn restore(&mut self, state: SessionState) -> Result<()> {
        self.ahead = None;
        if let Some(enlarged) = state.enlarged {
            self.begin_second_pass(enlarged)?;
        }
        if let Some(start) = state.frame_start {
            self.begin_frame(start)?;
        }
        let parameters = self.drawer.parameters();
        state::restore_parameters(&parameters, &state.parameters)?;
        if let Some(optimizer) = state.optimizer {
            self.optimizer.restore(optimizer)?;
        }
        self.average = match state.average.filter(|_| self.settings.average.is_some()) {
            Some(average) => Some(average.beside(&parameters)?),
            None => None,
        };
        self.averaged.take();
        if let (Some(plateau), Some(saved)) = (&mut self.plateau, state.plateau) {
            *plateau = saved;
        }
        if let (Some(coloring), Some(palette)) = (&mut self.coloring, state.palette) {
            coloring.restore(palette)?;
        }
        (self.iteration, self.last, self.fit) = (state.iteration, state.last, state.fit);
        Ok(())
    }

    /// The last iteration; none before the first.
    #[must_use]
    pub fn last(&self) -> Option<&Judged> {
        self.last.as_ref()
    }

    /// Whether the loss has stopped improving and the settings ask to stop then.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.plateau.as_ref().is_some_and(Plateau::is_reached)
    }

    /// The number of iterations so far.
    #[must_use]
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// The settings of the picture, with nothing left open.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The device that computes.
    #[must_use]
    pub fn device(&self) -> &ComputeDevice {
        &self.device
    }

    /// The drawer.
    #[must_use]
    pub fn drawer(&self) -> &dyn Drawer {
        self.drawer.as_ref()
    }

    /// The judge.
    #[must_use]
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

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

    /// How long the host took to launch the latest iteration, without waiting for the device.
    #[must_use]
    pub fn asked_in(&self) -> Duration {
        self.asked_in
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

/// The optimizer that settings ask for, with the parameters of a drawer.
fn optimizer(settings: &Settings, drawer: &dyn Drawer) -> Result<Optimizer> {
    let optimizer = Optimizer::new(settings.optimizer, &drawer.parameter_groups())?;
    Ok(match settings.momentum {
        Some(momentum) => optimizer.with_momentum(momentum),
        None => optimizer,
    })
}

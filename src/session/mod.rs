//! The loop: draw, judge, step. It prints nothing and writes nothing; events tell what happens.

mod backdrop;
mod colouring;
mod event;
pub(crate) mod memory;
mod models;
mod plan;
mod plateau;
mod readings;
mod run;
mod state;
mod stop;
mod targets;

use candle_core::{Device, Tensor, Var};

pub use event::Event;
pub use memory::Recomputed;
pub use models::{LoadedModel, ModelStore, Models, check_usable};
pub use plan::Plan;
pub use plateau::Plateau;
pub use run::{End, Finished, run};
pub use state::{Judged, SessionState};
pub use stop::Stop;

use backdrop::Backdrop;
use colouring::Colouring;
use readings::read_together;

use crate::device::ComputeDevice;
use crate::drawer::{Drawer, DrawerKind, PixelDrawer, Start, VqganDrawer};
use crate::judge::no_gradient;
use crate::judge::{Cutouts, Judge};
use crate::optimizer::Optimizer;
use crate::picture;
use crate::prior;
use crate::random::Stream;
use crate::settings::Settings;
use crate::{Error, Result};

/// A picture in the making.
pub struct Session {
    settings: Settings,
    device: ComputeDevice,
    drawer: Box<dyn Drawer>,
    judge: Judge,
    optimizer: Optimizer,
    iteration: usize,
    plateau: Option<Plateau>,
    colouring: Option<Colouring>,
    last: Option<Judged>,
}

/// What an iteration found.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which iteration, from 0
    pub iteration: usize,
    /// The sum of all losses before the step
    pub loss: f64,
    /// Each loss by name, weighted
    pub losses: Vec<(String, f64)>,
}

impl Session {
    /// Sets up a picture with models that are loaded. `warn` is told what the user should know.
    ///
    /// # Errors
    /// Where the plan cannot be run here, the init image cannot be read, or a prompt cannot be tokenised.
    pub fn new(plan: &Plan, models: &Models, warn: &mut dyn FnMut(String)) -> Result<Self> {
        plan.check()?;
        let settings = plan.settings();
        let mut stream = Stream::new(settings.seed.0, "init", 0);
        let start = match &settings.init_image {
            Some(path) => Start::Picture(picture::read(path)?, settings.init_weight),
            None => match prior::first_picture(settings, models, &mut stream)? {
                Some(picture) => Start::Picture(picture, settings.init_weight),
                None => Start::Noise(settings.init_noise, &mut stream),
            },
        };
        let device = plan.device().tensors();
        let drawer: Box<dyn Drawer> = match settings.drawer {
            DrawerKind::Vqgan => {
                let drawer = VqganDrawer::new(models.vqgan()?.model.clone(), settings.size, start, device)?;
                Box::new(drawer.recomputing(plan.recomputed().decoder))
            }
            DrawerKind::Pixel => Box::new(PixelDrawer::new(settings.pixel_art()?, settings.size, start, device)?),
        };
        let mut perceptor = |clip| Ok(targets::perceptor(settings, clip, warn)?.recomputing(plan.recomputed().clip));
        let perceptors = models.clips.iter().map(&mut perceptor).collect::<Result<_>>()?;
        let cutouts = Cutouts {
            count: settings.cutouts,
            augmentations: settings.augment.clone(),
            zooms: settings.drawer.zooms(),
            noise: settings.cut_noise,
            seed: settings.seed.0,
        };
        let optimizer = Optimizer::new(settings.optimizer, &drawer.parameters())?;
        let judge = Judge { perceptors, cutouts, batch: plan.cut_batch() };
        Ok(Self {
            drawer,
            judge,
            optimizer,
            iteration: 0,
            plateau: settings.auto_stop.then(Plateau::default),
            colouring: Colouring::new(settings)?,
            last: None,
            settings: settings.clone(),
            device: plan.device().clone(),
        })
    }

    /// What it remembers.
    #[must_use]
    pub fn state(&self) -> SessionState {
        SessionState {
            iteration: self.iteration,
            parameters: self.drawer.parameters().iter().map(Var::as_detached_tensor).collect(),
            optimizer: Some(self.optimizer.state().clone()),
            plateau: self.plateau.clone(),
            palette: self.colouring.as_ref().and_then(Colouring::found).map(<[_]>::to_vec),
            last: self.last.clone(),
        }
    }

    /// Goes on from what a session of the same drawer and size remembered.
    ///
    /// # Errors
    /// Where the drawer's parameters are others.
    pub fn restore(&mut self, state: SessionState) -> Result<()> {
        let parameters = self.drawer.parameters();
        let fits = |(parameter, saved): (&Var, &Tensor)| parameter.dims() == saved.dims();
        if parameters.len() != state.parameters.len() || !parameters.iter().zip(&state.parameters).all(fits) {
            let hint = "use the settings it was saved with";
            return Err(Error::usage("what was saved is another drawer's, or of another size", hint));
        }
        if let Some(optimizer) = state.optimizer {
            self.optimizer.restore(optimizer)?;
        }
        for (parameter, saved) in parameters.iter().zip(&state.parameters) {
            parameter.set(&saved.to_device(parameter.device())?)?;
        }
        if let (Some(plateau), Some(saved)) = (&mut self.plateau, state.plateau) {
            *plateau = saved;
        }
        if let (Some(colouring), Some(palette)) = (&mut self.colouring, state.palette) {
            colouring.restore(palette)?;
        }
        (self.iteration, self.last) = (state.iteration, state.last);
        Ok(())
    }

    /// The last iteration; none before the first.
    #[must_use]
    pub fn last(&self) -> Option<&Judged> {
        self.last.as_ref()
    }

    /// Whether the loss falls no further, and the settings ask to stop then.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.plateau.as_ref().is_some_and(Plateau::is_reached)
    }

    /// Iterations done.
    #[must_use]
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// The settings it was made with, nothing in them left to choose.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What it is drawn on.
    #[must_use]
    pub fn device(&self) -> &ComputeDevice {
        &self.device
    }

    /// What draws.
    #[must_use]
    pub fn drawer(&self) -> &dyn Drawer {
        self.drawer.as_ref()
    }

    /// The judges.
    #[must_use]
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    /// The picture as it would be delivered now, in the machine's memory: `[1, 3, height, width]` with values from 0 to 1,
    /// or `[1, 4, height, width]` with straight alpha.
    ///
    /// # Errors
    /// Where the computation fails.
    pub fn picture(&self) -> Result<Tensor> {
        self.deliver(None)
    }

    /// The same of a picture that an iteration drew.
    ///
    /// # Errors
    /// Where it is no such picture.
    pub fn delivered(&self, drawn: &Tensor) -> Result<Tensor> {
        self.deliver(Some(drawn))
    }

    fn deliver(&self, drawn: Option<&Tensor>) -> Result<Tensor> {
        let delivered = match &self.colouring {
            Some(colouring) => colouring.deliver(self.drawer.as_ref(), drawn),
            None => self.drawer.deliver(drawn, None),
        }?;
        Ok(delivered.to_device(&Device::Cpu)?)
    }

    /// What each perceptor sees of a picture that an iteration drew: its name, and `[cutouts, 3, side, side]`.
    ///
    /// # Errors
    /// Where the computation fails.
    pub fn look(&self, drawn: &Tensor, iteration: usize) -> Result<Vec<(String, Tensor)>> {
        self.judge.look(&Backdrop::new(self.settings.seed.0, iteration).behind(drawn)?, iteration)
    }

    /// One iteration: draws, judges and moves the parameters. Also returns the picture it drew, where it was computed. A
    /// GPU is waited for once, when all but the step is under way.
    ///
    /// # Errors
    /// Where the loss or a gradient is not finite (the parameters stay as they were), or the computation fails.
    pub fn step(&mut self) -> Result<(Step, Tensor)> {
        let picture = self.drawer.draw()?;
        let backdrop = Backdrop::new(self.settings.seed.0, self.iteration);
        let judgement = self.judge.judge(&backdrop.behind(&picture)?, self.iteration)?;
        let mut gradient = backdrop.gradient(&picture, judgement.gradient)?;
        let mut pulled = None;
        if let Some(colouring) = &mut self.colouring {
            colouring.find(&picture, self.iteration)?;
            if let Some((loss, pull)) = colouring.pull(&picture, self.iteration)? {
                pulled = Some(("palette".to_owned(), loss));
                gradient = (gradient + pull)?;
            }
        }
        // The drawer's half of the chain rule, with the judges' gradient as its start.
        let mut objective = (&picture * gradient)?.sum_all()?;
        let own_losses = self.drawer.own_losses()?;
        for (_, loss) in &own_losses {
            objective = (objective + loss)?;
        }
        let gradients = objective.backward()?;
        let parameters = self.drawer.parameters();
        let gradients = parameters
            .iter()
            .map(|parameter| gradients.get(parameter).cloned().ok_or_else(no_gradient))
            .collect::<Result<Vec<_>>>()?;

        let mut wanted = judgement.distances;
        wanted.extend(own_losses.iter().map(|(_, loss)| loss.clone()));
        for gradient in &gradients {
            wanted.push(gradient.sqr()?.sum_all()?);
        }
        let mut read = read_together(&wanted)?;
        let squares = read.split_off(read.len() - gradients.len());
        let own = read.split_off(read.len() - own_losses.len());
        let mut losses = self.judge.losses(&read);
        losses.extend(pulled);
        let own = own_losses.iter().zip(own.iter().flatten());
        losses.extend(own.map(|((name, _), loss)| ((*name).to_owned(), f64::from(*loss))));
        let loss: f64 = losses.iter().map(|(_, loss)| loss).sum();
        if !loss.is_finite() || !squares.iter().flatten().all(|square| square.is_finite()) {
            return Err(Error::NotFinite { iteration: self.iteration });
        }
        let factor = self.settings.learning_rate_drops.factor(self.iteration, self.settings.iterations);
        self.optimizer.step(&parameters, &gradients, self.settings.learning_rate * factor)?;
        self.drawer.constrain()?;
        if let Some(plateau) = &mut self.plateau {
            plateau.note(loss, factor);
        }
        let picture = picture.detach();
        let loss_before = self.last.take().map(|last| last.loss);
        self.last = Some(Judged { picture: picture.clone(), loss, loss_before });
        let step = Step { iteration: self.iteration, loss, losses };
        self.iteration += 1;
        Ok((step, picture))
    }
}

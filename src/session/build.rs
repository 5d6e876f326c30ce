//! Builds a session from a plan and loaded models.

use std::cell::RefCell;
use std::time::Duration;

use super::masks::{Masks, limit};
use super::start::starting_point;
use super::{Camera, Coloring, Models, Overlay, Plan, Plateau, SecondPass, Session, fit, second_pass, styles, targets};
use crate::drawer::{self, Drawer};
use crate::frozen::{Network, SquareSum};
use crate::judge::{Cutouts, Fit, Framing, Judge, Perceptor, Reach, losses};
use crate::optimizer::Optimizer;
use crate::random::Stream;
use crate::settings::Settings;
use crate::{Result, picture};

impl Session {
    /// Prepares a picture with loaded models, after [`Plan::check`]. `warn` receives warnings for the user.
    ///
    /// # Errors
    /// If the init image or the picture of a loss cannot be read, or a prompt cannot be tokenized.
    pub fn new(plan: &Plan, models: &Models, warn: &mut dyn FnMut(String)) -> Result<Self> {
        let settings = plan.settings();
        let mut stream = Stream::new(settings.seed.0, "init", 0);
        let first = second_pass::first_pass(settings);
        let init = settings.init_image.as_deref().map(picture::read).transpose()?;
        let masks = Masks::read(settings, first.size, init.as_ref(), warn)?;
        let start = starting_point(init, &first, (plan, models), masks.as_ref(), &mut stream)?;
        let device = plan.device().tensors();
        let blueprint = drawer::of(&settings.drawer)?;
        let drawer = blueprint.build(&first, models.loaded(), plan.recomputed().decoder, start, device)?;
        let masking = masks.as_ref().map(|masks| masks.masking(&first, drawer.as_ref(), device)).transpose()?;
        let (perceptors, fits) = perceptors(plan, models, warn)?;
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
}

/// What judges the picture by its prompts and styles, and what compares the whole picture with its prompts.
fn perceptors(plan: &Plan, models: &Models, warn: &mut dyn FnMut(String)) -> Result<(Vec<Perceptor>, Vec<Fit>)> {
    let (settings, device) = (plan.settings(), plan.device().tensors());
    let cutouts = Cutouts {
        reach: Reach::All,
        count: settings.cutouts,
        augmentations: settings.augment.clone(),
        zooms: drawer::of(&settings.drawer)?.zooms(),
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
    Ok((perceptors, fits))
}

/// The optimizer that settings ask for, with the parameters of a drawer.
pub(super) fn optimizer(settings: &Settings, drawer: &dyn Drawer) -> Result<Optimizer> {
    let optimizer = Optimizer::new(settings.optimizer, &drawer.parameter_groups())?;
    Ok(match settings.momentum {
        Some(momentum) => optimizer.with_momentum(momentum),
        None => optimizer,
    })
}

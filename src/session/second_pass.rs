//! The second pass of a run, which draws at the full size what the first pass drew at a smaller one.

use std::borrow::Cow;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use image::RgbImage;

use super::masks::limit;
use super::{Plan, Session, optimizer};
use crate::drawer::{self, Loaded, Start};
use crate::picture::{Size, lanczos_tiled, to_image, to_values};
use crate::session::Models;
use crate::settings::Settings;
use crate::vqgan::Vqgan;
use crate::{Error, Result};

/// The least weight that keeps the second pass close to the enlarged picture: small enough for new details, and large
/// enough that shapes stay.
const LEAST_HOLD: f64 = 0.1;

/// The second pass of a run, before and after it begins.
pub(super) struct SecondPass {
    /// The number of iterations before it
    begins: usize,
    /// What the drawer needs
    vqgan: Option<Arc<Vqgan>>,
    recomputed: usize,
    /// The picture that it begins with, `[1, 3, height, width]`; none before it begins
    enlarged: Option<Tensor>,
}

impl SecondPass {
    /// The second pass of a plan, if its settings ask for one.
    pub(super) fn of(plan: &Plan, models: &Models) -> Option<Self> {
        let begins = plan.settings().second_pass_begins()?;
        let vqgan = models.vqgan.as_ref().map(|vqgan| vqgan.model.clone());
        Some(Self { begins, vqgan, recomputed: plan.recomputed().decoder, enlarged: None })
    }

    /// Whether it begins with an iteration.
    pub(super) fn begins_with(&self, iteration: usize) -> bool {
        self.enlarged.is_none() && iteration >= self.begins
    }

    /// The picture that it began with; none before it begins.
    pub(super) fn enlarged(&self) -> Option<&Tensor> {
        self.enlarged.as_ref()
    }
}

/// The settings of the first pass.
pub(super) fn first_pass(settings: &Settings) -> Cow<'_, Settings> {
    match settings.hires {
        Some(_) => Cow::Owned(Settings { size: settings.first_size(), hires: None, ..settings.clone() }),
        None => Cow::Borrowed(settings),
    }
}

/// A picture that either pass drew, at the full size.
///
/// # Errors
/// If the tensor is not a picture.
pub(super) fn at_full_size(picture: &Tensor, settings: &Settings) -> Result<Tensor> {
    let (_, _, height, width) = picture.dims4()?;
    if (Size { width, height }) == settings.size {
        return Ok(picture.clone());
    }
    let enlarged = lanczos_tiled(&to_image(picture)?, settings.size, settings.tile)?;
    Ok(to_tensor(&enlarged)?.to_device(picture.device())?)
}

fn to_tensor(picture: &RgbImage) -> Result<Tensor> {
    let Size { width, height } = Size::of(picture);
    Ok(Tensor::from_vec(to_values(picture, 3), (1, 3, height, width), &Device::Cpu)?)
}

impl Session {
    /// Begins the second pass if the next iteration belongs to it.
    pub(super) fn begin_second_pass_if_due(&mut self) -> Result<()> {
        if !self.second_pass.as_ref().is_some_and(|pass| pass.begins_with(self.iteration)) {
            return Ok(());
        }
        let drawer = self.drawer.as_ref();
        let draw = || crate::device::bring(&drawer.deliver(None, None)?);
        let drawn = match self.average_now()? {
            Some(average) => average.within(drawer, draw)?,
            None => draw()?,
        };
        let enlarged = self.in_surroundings(at_full_size(&drawn, &self.settings)?)?;
        self.begin_second_pass(enlarged)
    }

    /// Begins the second pass with a picture of the full size, `[1, 3, height, width]`.
    ///
    /// # Errors
    /// If the run has no second pass, or the picture has another size.
    pub(super) fn begin_second_pass(&mut self, enlarged: Tensor) -> Result<()> {
        let Size { width, height } = self.settings.size;
        let Some(pass) = self.second_pass.as_mut().filter(|_| enlarged.dims() == [1, 3, height, width]) else {
            return Err(of_another_run());
        };
        let settings = &self.settings;
        let start = Start::Picture(to_image(&enlarged)?, settings.init_weight.max(LEAST_HOLD));
        let loaded = Loaded { vqgan: pass.vqgan.as_ref() };
        let blueprint = drawer::of(&settings.drawer)?;
        self.drawer = blueprint.build(settings, loaded, pass.recomputed, start, self.device.tensors())?;
        self.optimizer = optimizer(settings, self.drawer.as_ref())?;
        if let Some(masks) = &self.masks {
            self.masking = Some(masks.masking(settings, self.drawer.as_ref(), self.device.tensors())?);
            limit(&mut self.judge, self.masking.as_ref());
        }
        // An average of parameters of two drawers means nothing.
        (self.average, pass.enlarged) = (None, Some(enlarged));
        self.averaged.take();
        Ok(())
    }
}

/// The error for a saved state that the settings of a session do not fit.
pub(super) fn of_another_run() -> Error {
    let hint = "use the settings that the state was saved with";
    Error::usage("the saved state belongs to another drawer or another size", hint)
}

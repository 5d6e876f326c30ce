//! The pictures that a session shows, and what is measured of them.

use std::sync::Arc;

use candle_core::Tensor;

use super::backdrop::Backdrop;
use super::masks::{Masks, Surroundings};
use super::second_pass::at_full_size;
use super::shift::Shift;
use super::{Average, Session};
use crate::device::bring;
use crate::drawer::Drawing;
use crate::judge::mean_cosine;
use crate::picture::to_image;
use crate::progress::Figures;
use crate::{Error, Result};

impl Session {
    /// The picture as it would be delivered now, in host memory: `[1, 3, height, width]` with values from 0 to 1, or
    /// `[1, 4, height, width]` with straight alpha. If settings ask for an average of the parameters, it is drawn of that.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn picture(&self) -> Result<Tensor> {
        if let Some(average) = self.average_now()? {
            return self.of_average(&average);
        }
        if let Some(Ok(next)) = &self.ahead {
            // The next iteration has drawn this picture already.
            return self.deliver(Some(&self.device.fetch(&next.picture, &next.computed)?));
        }
        bring(&self.deliver(None)?)
    }

    /// The picture to deliver for the one that the last iteration drew, as in [`Session::picture`]. An iteration in progress
    /// is not interrupted.
    ///
    /// # Errors
    /// If an iteration of this session did not draw the picture.
    pub fn delivered(&self, drawn: &Tensor) -> Result<Tensor> {
        if let Some(average) = self.average_of_finished() {
            if let Some((_, known)) = self.averaged.borrow().as_ref().filter(|(count, _)| *count == average.count) {
                return Ok(known.clone());
            }
            let picture = self.of_average(average)?;
            self.averaged.replace(Some((average.count, picture.clone())));
            return Ok(picture);
        }
        let fetched = match &self.judged {
            Some(moment) => self.device.fetch(drawn, moment)?,
            None => bring(drawn)?,
        };
        self.deliver(Some(&fetched))
    }

    /// The end of the previous frame, if the canvas moved for the last iteration: the picture to deliver, as
    /// [`Session::picture`] returned it. The iteration itself drew the moved canvas.
    #[must_use]
    pub fn frame_end(&self) -> Option<&Tensor> {
        self.frame_end.as_ref()
    }

    /// The average of the parameters that the finished iterations judged; none if settings do not ask for it, or before
    /// the first iteration.
    pub(super) fn average_of_finished(&self) -> Option<&Average> {
        match &self.ahead {
            Some(Ok(next)) => next.before.average.as_ref(),
            _ => self.average.as_ref(),
        }
    }

    /// The average of these and the current parameters, of which no iteration may be finished yet; none if settings do
    /// not ask for it.
    pub(super) fn average_now(&self) -> Result<Option<Average>> {
        let Some(decay) = self.settings.average else { return Ok(None) };
        if matches!(self.ahead, Some(Ok(_))) {
            // The iteration in progress has added them.
            return Ok(self.average.clone());
        }
        Average::with(self.average.as_ref(), &self.drawer.parameters(), decay).map(Some)
    }

    /// The picture to deliver of averaged parameters, in host memory.
    fn of_average(&self, average: &Average) -> Result<Tensor> {
        average.within(self.drawer.as_ref(), || bring(&self.deliver(None)?))
    }

    fn deliver(&self, drawn: Option<&Tensor>) -> Result<Tensor> {
        let enlarged = match (&self.second_pass, drawn) {
            (None, _) => None,
            (Some(_), Some(drawn)) => Some(at_full_size(drawn, &self.settings)?),
            (Some(_), None) => Some(at_full_size(&bring(&self.drawer.draw()?.detach())?, &self.settings)?),
        };
        let drawn = enlarged.as_ref().or(drawn);
        let delivered = match &self.coloring {
            Some(coloring) => coloring.deliver(self.drawer.as_ref(), drawn)?,
            None => self.drawer.deliver(drawn, None)?,
        };
        self.in_surroundings(delivered)
    }

    /// A picture of the full size, inside what is around its mask if it is inpainted.
    pub(super) fn in_surroundings(&self, picture: Tensor) -> Result<Tensor> {
        match self.masks.as_ref().and_then(Masks::surroundings) {
            Some(surroundings) => surroundings.around(&bring(&picture)?),
            None => Ok(picture),
        }
    }

    /// What is around the inside of the enlarged picture; none if the picture has it before it is enlarged.
    #[must_use]
    pub fn surroundings(&self) -> Option<Arc<Surroundings>> {
        self.masks.as_ref().and_then(Masks::enlarged)
    }

    /// What the picture that [`Session::picture`] returns is made of; none if it cannot be drawn again at another size.
    /// No iteration may be in progress ([`Session::halt`]).
    ///
    /// # Errors
    /// If the computation fails.
    pub fn drawing(&self) -> Result<Option<Drawing>> {
        if self.settings.is_inpainted() {
            // Most of the picture is of the init image.
            return Ok(None);
        }
        let of_parameters = || match &self.coloring {
            Some(coloring) => coloring.drawing(self.drawer.as_ref()),
            None => self.drawer.drawing(None),
        };
        match self.average_now()? {
            Some(average) => average.within(self.drawer.as_ref(), of_parameters),
            None => of_parameters(),
        }
    }

    /// The figures of a picture that [`Session::picture`] or [`Session::delivered`] returned, with the loss that is
    /// known of it.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn figures(&self, delivered: &Tensor, loss: Option<f64>) -> Result<Figures> {
        let fit = self.measure(delivered)?;
        Ok(Figures { loss, fit, first_fit: self.fit.map(|so_far| so_far.first).or(fit) })
    }

    /// How well a delivered picture fits its prompts; none if there is nothing to compare it with.
    pub(super) fn measure(&self, delivered: &Tensor) -> Result<Option<f64>> {
        if self.fits.is_empty() {
            return Ok(None);
        }
        match mean_cosine(&self.fits, &to_image(delivered)?, self.device.tensors()) {
            // A number that is only shown must not end a run.
            Err(Error::GpuMemory) => Ok(None),
            measured => Ok(measured?.filter(|fit| fit.is_finite())),
        }
    }

    /// The cutouts of a picture that an iteration drew: for each perceptor its name, and `[cutouts, 3, side, side]`.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn look(&self, drawn: &Tensor, iteration: usize) -> Result<Vec<(String, Tensor)>> {
        let visible = Backdrop::new(self.settings.seed.0, iteration).behind(drawn)?;
        // A tile has no mask.
        self.judge.look(Shift::new(&self.settings, iteration, self.masked(visible)?)?.seen(), iteration)
    }
}

//! Enlarges the pictures of a run, if its settings ask for it.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use image::DynamicImage;

use super::Progress;
use crate::Result;
use crate::device::ComputeDevice;
use crate::picture::{Size, Tile, to_pixels, to_values};
use crate::progress::Event;
use crate::session::{Models, Surroundings};
use crate::settings::Settings;
use crate::upscale::{Factor, Method};

/// Turns pictures as they were drawn into pictures as files show them.
pub(super) struct Enlarger<'a> {
    /// None if pictures keep their size
    work: Option<(Method<'a>, Factor)>,
    /// How pictures are tiled, if they are
    tile: Option<Tile>,
    /// What is around what is drawn of the enlarged picture; none if the picture has it before it is enlarged
    surroundings: Option<Arc<Surroundings>>,
    device: &'a Device,
}

impl<'a> Enlarger<'a> {
    /// The enlarger that settings ask for, and what is around what is drawn of enlarged pictures that are inpainted.
    ///
    /// # Errors
    /// If its network is not loaded.
    pub(super) fn new(
        settings: &Settings,
        models: &'a Models,
        device: &'a ComputeDevice,
        surroundings: Option<Arc<Surroundings>>,
    ) -> Result<Self> {
        let work = models.enlargement(settings)?;
        Ok(Self { work, tile: settings.tile, surroundings, device: device.tensors() })
    }

    /// The picture as files show it, `[1, 3, height, width]` or with alpha. It is rounded to 8 bits first, so that
    /// `text2art upscale` makes the same picture of a PNG that was not enlarged. What surrounds an inpainted picture is the
    /// init image itself, not an enlarged copy.
    ///
    /// # Errors
    /// If the computation fails.
    pub(super) fn enlarge(&self, picture: Tensor) -> Result<Tensor> {
        self.enlarge_watched(picture, &mut |_| ())
    }

    /// Like [`Enlarger::enlarge`], with events.
    ///
    /// # Errors
    /// If the computation fails.
    pub(super) fn enlarge_last(&self, picture: Tensor, progress: &dyn Progress) -> Result<Tensor> {
        self.enlarge_watched(picture, &mut |event| progress.tell(event))
    }

    fn enlarge_watched(&self, picture: Tensor, tell: &mut dyn FnMut(Event)) -> Result<Tensor> {
        let Some((method, factor)) = self.work else { return Ok(picture) };
        let pixels = to_pixels(&picture)?;
        let tiles = method.tiles(Size::of(&pixels), factor, self.tile);
        if tiles > 1 {
            tell(Event::Enlarging { tiles });
        }
        let mut done = 0;
        let enlarged = method.enlarge(&pixels, factor, self.tile, self.device, &mut || {
            if tiles > 1 {
                tell(Event::Enlarged { tile: done });
            }
            done += 1;
            Ok(())
        })?;
        let enlarged = to_tensor(&enlarged)?;
        match &self.surroundings {
            Some(surroundings) => surroundings.around(&enlarged),
            None => Ok(enlarged),
        }
    }
}

/// The picture of pixels: `[1, 3, height, width]`, or `[1, 4, height, width]` with alpha.
pub(super) fn to_tensor(pixels: &DynamicImage) -> Result<Tensor> {
    let channels = usize::from(pixels.color().channel_count());
    let shape = (1, channels, pixels.height() as usize, pixels.width() as usize);
    Ok(Tensor::from_vec(to_values(pixels.as_bytes(), channels), shape, &Device::Cpu)?)
}

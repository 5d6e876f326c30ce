//! A picture in few colours: pulled to a palette while it is drawn, brought to it in the end.

use candle_core::Tensor;
use image::RgbImage;
use rayon::prelude::*;

use crate::Result;
use crate::drawer::{Drawer, to_colours};
use crate::palette::{Dither, Palette, oklab};
use crate::picture::to_pixels;
use crate::settings::Settings;

/// What becomes of a picture's colours.
pub(super) struct Colouring {
    palette: Option<Palette>,
    /// How many colours to find where there is no palette
    count: usize,
    weight: f64,
    dither: Dither,
    seed: u64,
    iterations: usize,
}

impl Colouring {
    /// What settings ask for, if they do.
    ///
    /// # Errors
    /// Where the palette is none.
    pub(super) fn new(settings: &Settings) -> Result<Option<Self>> {
        let palette = settings.palette.as_deref().map(Palette::load).transpose()?;
        if palette.is_none() && settings.colors.is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            palette,
            count: settings.colors.unwrap_or_default(),
            weight: settings.palette_weight,
            dither: settings.dither,
            seed: settings.seed.0,
            iterations: settings.iterations,
        }))
    }

    /// The colours that were found; none where they were given, or are not found yet.
    pub(super) fn found(&self) -> Option<&[[u8; 3]]> {
        self.palette.as_ref().filter(|_| self.count > 0).map(Palette::colours)
    }

    /// Goes on with colours that were found.
    ///
    /// # Errors
    /// Where they are no palette.
    pub(super) fn restore(&mut self, found: Vec<[u8; 3]>) -> Result<()> {
        if self.count > 0 {
            self.palette = Some(Palette::of_colours("of the picture", found)?);
        }
        Ok(())
    }

    /// Finds the picture's own colours where they are asked for and it is time: half of the iterations are done.
    ///
    /// # Errors
    /// Where the tensor is no picture.
    pub(super) fn find(&mut self, picture: &Tensor, iteration: usize) -> Result<()> {
        if self.palette.is_none() && iteration >= self.iterations / 2 {
            self.palette = Some(self.own_colours(picture)?);
        }
        Ok(())
    }

    /// Of what can be seen of a picture.
    fn own_colours(&self, picture: &Tensor) -> Result<Palette> {
        let pixels = to_pixels(picture)?;
        let mut seen = Vec::new();
        if let Some(pixels) = pixels.as_rgba8() {
            seen.extend(
                pixels.pixels().filter(|pixel| pixel[3] >= 128).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]),
            );
        }
        let count = u32::try_from(seen.len() / 3).unwrap_or(u32::MAX);
        let seen = RgbImage::from_raw(count, 1, seen).filter(|seen| !seen.is_empty());
        Palette::of_picture(&seen.unwrap_or_else(|| pixels.into_rgb8()), self.count, self.seed)
    }

    /// The loss of a picture's colours, and its gradient, of the picture's shape: the mean square of the distance in OKLab between
    /// each pixel and the palette's nearest colour, by a weight that grows evenly to the whole in the last iteration.
    ///
    /// # Errors
    /// Where the tensor is no picture.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    pub(super) fn pull(&self, picture: &Tensor, iteration: usize) -> Result<Option<(f64, Tensor)>> {
        let Some(palette) = self.palette.as_ref().filter(|_| self.weight > 0.0) else { return Ok(None) };
        let grown = ((iteration + 1) as f64 / self.iterations.max(1) as f64).min(1.0);
        let colours = to_colours(picture)?;
        let share = self.weight * grown / colours.len() as f64;
        let pulls: Vec<(f32, [f32; 3])> = colours
            .into_par_iter()
            .with_min_len(1 << 10)
            .map(|colour| {
                let lab = oklab::of_unit_srgb(colour);
                let aim = palette.perceived()[palette.nearest(lab)];
                let apart: [f32; 3] = std::array::from_fn(|axis| lab[axis] - aim[axis]);
                let slope = oklab::slope(colour, apart.map(|apart| 2.0 * apart));
                (apart.iter().map(|apart| apart * apart).sum(), slope.map(|slope| slope * share as f32))
            })
            .collect();
        let loss: f64 = pulls.iter().map(|(square, _)| f64::from(*square)).sum::<f64>() * share;
        let mut slopes = Vec::with_capacity(picture.elem_count());
        (0..3).for_each(|channel| slopes.extend(pulls.iter().map(|(_, slope)| slope[channel])));
        slopes.resize(picture.elem_count(), 0.0);
        Ok(Some((loss, Tensor::from_vec(slopes, picture.shape(), picture.device())?)))
    }

    /// What is delivered of a picture that a drawer drew, or would draw now: the palette's colours alone, or where they
    /// are not found yet as many of this picture's own.
    ///
    /// # Errors
    /// Where the computation fails.
    pub(super) fn deliver(&self, drawer: &dyn Drawer, drawn: Option<&Tensor>) -> Result<Tensor> {
        if let Some(palette) = &self.palette {
            return drawer.deliver(drawn, Some((palette, self.dither)));
        }
        let own = self.own_colours(&drawer.deliver(drawn, None)?)?;
        drawer.deliver(drawn, Some((&own, self.dither)))
    }
}

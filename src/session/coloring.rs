//! Pictures with few colors: which colors, and how a picture is limited to them at the end.

use candle_core::Tensor;
use image::RgbImage;

use crate::Result;
use crate::drawer::{Drawer, Drawing};
use crate::palette::{Dither, Palette};
use crate::picture::to_pixels;
use crate::settings::Settings;

/// Colors nearer than this in OKLab look alike: among the shades of a plain background they are what is left of noise.
const ALIKE: f32 = 0.035;
/// A color up to this lightness in OKLab is dark enough for an outline.
const DARK: f32 = 0.35;
/// The color of outlines in a picture without a dark color.
const OUTLINE: [u8; 3] = [26, 22, 32];

/// Limits a picture to a palette, given or chosen from the picture.
pub(super) struct Coloring {
    palette: Option<Palette>,
    /// The number of colors to choose if no palette was given
    count: usize,
    /// Whether colors that look alike are one
    is_tidy: bool,
    /// Whether one of the colors must be dark
    has_dark: bool,
    dither: Dither,
    seed: u64,
    iterations: usize,
}

impl Coloring {
    /// Creates the coloring that settings ask for; none if they limit no colors.
    ///
    /// # Errors
    /// If the palette is not valid.
    pub(super) fn new(settings: &Settings) -> Result<Option<Self>> {
        let palette = settings.palette.as_deref().map(Palette::load).transpose()?;
        if palette.is_none() && settings.colors.is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            palette,
            count: settings.colors.unwrap_or_default(),
            is_tidy: settings.tidy == Some(true) && settings.dither == Dither::None,
            has_dark: settings.outline == Some(true),
            dither: settings.dither,
            seed: settings.seed.0,
            // All frames of an animation but the first have the same colors.
            iterations: settings.iterations_of_frame().unwrap_or(settings.iterations),
        }))
    }

    /// The palette; none if it is not chosen yet.
    pub(super) fn palette(&self) -> Option<&Palette> {
        self.palette.as_ref()
    }

    /// The colors that were chosen; none if the palette was given, or if they are not chosen yet.
    pub(super) fn found(&self) -> Option<&[[u8; 3]]> {
        self.palette.as_ref().filter(|_| self.count > 0).map(Palette::colours)
    }

    /// Continues with colors that were chosen before.
    ///
    /// # Errors
    /// If the colors are not a valid palette.
    pub(super) fn restore(&mut self, found: Vec<[u8; 3]>) -> Result<()> {
        if self.count > 0 {
            self.palette = Some(Palette::of_colours("of the picture", found)?);
        }
        Ok(())
    }

    /// Chooses the colors of the picture if settings ask for it and half of the iterations are done.
    ///
    /// # Errors
    /// If the tensor is not a picture.
    pub(super) fn find(&mut self, picture: &Tensor, iteration: usize) -> Result<()> {
        if self.palette.is_none() && iteration >= self.iterations / 2 {
            self.palette = Some(self.own_colors(picture)?);
        }
        Ok(())
    }

    /// A palette of the visible pixels of a picture.
    fn own_colors(&self, picture: &Tensor) -> Result<Palette> {
        let pixels = to_pixels(picture)?;
        let mut seen = Vec::new();
        if let Some(pixels) = pixels.as_rgba8() {
            seen.extend(
                pixels.pixels().filter(|pixel| pixel[3] >= 128).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]),
            );
        }
        let count = u32::try_from(seen.len() / 3).unwrap_or(u32::MAX);
        let seen = RgbImage::from_raw(count, 1, seen).filter(|seen| !seen.is_empty());
        let seen = seen.unwrap_or_else(|| pixels.into_rgb8());
        let colors = |count: usize| {
            let found = Palette::of_picture(&seen, count, self.seed)?;
            if self.is_tidy { found.without_alike(&seen, ALIKE) } else { Ok(found) }
        };
        let found = colors(self.count)?;
        if !self.has_dark || found.perceived().iter().any(|color| color[0] <= DARK) {
            return Ok(found);
        }
        let others = colors(self.count - 1)?;
        Palette::of_colours(others.name(), std::iter::once(OUTLINE).chain(others.colours().iter().copied()))
    }

    /// The picture to deliver, from one that was drawn or from the current parameters: limited to the palette or, if it
    /// is not chosen yet, to as many colors of this picture.
    ///
    /// # Errors
    /// If the computation fails.
    pub(super) fn deliver(&self, drawer: &dyn Drawer, drawn: Option<&Tensor>) -> Result<Tensor> {
        if let Some(palette) = &self.palette {
            return drawer.deliver(drawn, Some((palette, self.dither)));
        }
        let own = self.own_colors(&drawer.deliver(drawn, None)?)?;
        drawer.deliver(drawn, Some((&own, self.dither)))
    }

    /// What the picture of the current parameters is made of, in the same colors as [`Coloring::deliver`].
    ///
    /// # Errors
    /// If the computation fails.
    pub(super) fn drawing(&self, drawer: &dyn Drawer) -> Result<Option<Drawing>> {
        if let Some(palette) = &self.palette {
            return drawer.drawing(Some((palette, self.dither)));
        }
        let own = self.own_colors(&drawer.deliver(None, None)?)?;
        drawer.drawing(Some((&own, self.dither)))
    }
}

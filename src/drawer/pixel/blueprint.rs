//! The blueprint of the pixel drawer.

use candle_core::Device;
use image::DynamicImage;

use super::zoom::zoomed;
use super::{PixelArt, PixelDrawer, lattice, svg};
use crate::drawer::{Blueprint, Drawer, Loaded, Start, Vector};
use crate::frozen::{Memory, MemoryOf};
use crate::models::Quality;
use crate::palette::Dither;
use crate::picture::Size;
use crate::settings::{Overrides, PixelShape, Settings};
use crate::{Error, Result};

/// The learning rate for the colors of cells.
const LEARNING_RATE: f64 = 0.05;
/// The weight that keeps cells close to the colors of the prior: values from 10 to 30 look alike; below 10, shapes
/// dissolve.
const PRIOR_HOLD: f64 = 20.0;

/// The blueprint of the pixel drawer.
pub(in crate::drawer) struct PixelBlueprint;

impl Blueprint for PixelBlueprint {
    fn name(&self) -> &'static str {
        "pixel"
    }

    fn about(&self) -> &'static str {
        "draws a grid of solid-color cells by optimizing their colors"
    }

    fn example(&self) -> Option<&'static str> {
        Some("examples/pixel-art/a-purple-octopus-underwater-0.png")
    }

    fn options(&self) -> &'static [&'static str] {
        &[
            "pixel_art",
            "pixel_shape",
            "pixel_size",
            "pixel_scale",
            "pixel_zoom",
            "smoothness",
            "tidy",
            "outline",
            "transparent",
            "alpha_weight",
            "init_image",
            "init_weight",
            "init_noise",
            "overlay",
            "overlay_every",
            "overlay_opacity",
        ]
    }

    fn defaults(&self, quality: Quality) -> Overrides {
        let side = if quality == Quality::Draft { 320 } else { 640 };
        let (size, learning_rate) = (Some(Size { width: side, height: side }), Some(LEARNING_RATE));
        // Cells are drawn as large as they are shown.
        Overrides { size, learning_rate, upscale: Some(1), ..Overrides::default() }
    }

    fn usual_init_weight(&self, _vqgan: &str) -> f64 {
        PRIOR_HOLD
    }

    /// Cells have no inner details that a zoom could improve.
    fn zooms(&self) -> f64 {
        0.5
    }

    fn check(&self, settings: &Settings) -> Result<()> {
        check_zoom(settings)?;
        check_outline(settings)?;
        lattice::check(settings)?;
        PixelArt::of(settings).map(drop)
    }

    fn memory(&self, settings: &Settings, _loaded: Loaded, _recomputed: usize, _of: MemoryOf) -> Result<Memory> {
        let pixels = settings.size.width.saturating_mul(settings.size.height) as u64;
        // The mosaic and its transpose, with two cells per pixel: a start for each row, a place and a share for each
        // cell. The picture and the gradient that the session keeps are counted here, because nothing larger hides
        // them. With alpha, both have another channel, and the picture that the judges see is kept as well.
        let channels = if settings.transparent { 4 } else { 3 };
        let seen = if settings.transparent { 12 } else { 0 };
        let kept = pixels.saturating_mul(2 * (4 + 2 * 8) + 2 * 4 * channels + seen);
        // In addition, the network holds the picture and its gradient.
        Ok(Memory { kept, peak: kept.saturating_add(pixels.saturating_mul(2 * 4 * channels)) })
    }

    fn build(
        &self,
        settings: &Settings,
        _loaded: Loaded,
        _recomputed: usize,
        start: Start,
        device: &Device,
    ) -> Result<Box<dyn Drawer>> {
        Ok(Box::new(PixelDrawer::new(PixelArt::of(settings)?, settings.size, start, device)?))
    }

    fn in_words(&self, settings: &Settings) -> String {
        let cells = settings.pixel_size.map_or_else(String::new, |cells| format!("{cells} "));
        format!("Cells: {cells}{}", settings.pixel_shape)
    }

    /// Applies `--pixel-zoom`, the number of pixels across each cell.
    fn finish(&self, settings: &Settings, picture: DynamicImage) -> DynamicImage {
        let (Some(grid), Some(zoom)) = (settings.pixel_size, settings.pixel_zoom) else { return picture };
        match &picture {
            DynamicImage::ImageRgba8(pixels) => zoomed(pixels, grid, zoom).into(),
            pixels => zoomed(&pixels.to_rgb8(), grid, zoom).into(),
        }
    }

    fn finished_size(&self, settings: &Settings) -> Size {
        let (Some(grid), Some(zoom)) = (settings.pixel_size, settings.pixel_zoom) else {
            return settings.upscaled_size();
        };
        Size { width: grid.width.saturating_mul(zoom), height: grid.height.saturating_mul(zoom) }
    }

    fn vector(&self) -> Option<Vector> {
        Some(|settings, picture, _| Ok(svg::svg(PixelArt::of(settings)?, picture)))
    }
}

fn check_outline(settings: &Settings) -> Result<()> {
    if settings.outline != Some(true) {
        return Ok(());
    }
    if !settings.has_few_colors() {
        return Err(Error::usage("‹outline› needs few colors", "use ‹pixel-art›, or give ‹colors› or a ‹palette›"));
    }
    if settings.dither != Dither::None {
        let problem = format!("‹outline› does not work with ‹dither› {}", settings.dither);
        return Err(Error::usage(problem, "leave out one of them"));
    }
    Ok(())
}

fn check_zoom(settings: &Settings) -> Result<()> {
    if settings.pixel_zoom.is_none() {
        return Ok(());
    }
    if settings.is_inpainted() {
        let problem = "‹pixel-zoom› does not work with an inpainted picture: outside ‹mask›, it is the init image";
        let hint = "leave out ‹pixel-zoom›, or give ‹prompt-outside› to draw all of the picture";
        return Err(Error::usage(problem, hint));
    }
    if settings.pixel_shape != PixelShape::Rectangle {
        return Err(Error::usage("‹pixel-zoom› requires rectangular cells", "choose ‹pixel-shape› rect"));
    }
    let Some(grid) = settings.pixel_size else {
        return Err(Error::usage("‹pixel-zoom› needs a number of cells", "give one with ‹pixel-size›"));
    };
    // Some smaller cells would have no pixel of their own.
    let clear = |pixels: usize, cells: usize| pixels.is_multiple_of(cells) || pixels >= 2 * cells;
    if !clear(settings.size.width, grid.width) || !clear(settings.size.height, grid.height) {
        let problem = format!("{grid} cells in a {} picture are too small for ‹pixel-zoom›", settings.size);
        return Err(Error::usage(problem, "choose a ‹size› with at least two pixels per cell"));
    }
    Ok(())
}

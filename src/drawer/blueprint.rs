//! A drawer before anything is loaded.

use std::sync::Arc;

use candle_core::Device;
use image::DynamicImage;

use super::drawing::{Between, Render, Reveal, Vector};
use super::{Drawer, Start};
use crate::frozen::{Memory, MemoryOf};
use crate::models::Quality;
use crate::picture::Size;
use crate::settings::{Overrides, Settings};
use crate::vqgan::Vqgan;
use crate::{Error, Result};

/// All that the program knows about a drawer: its name, its defaults, its needs, and how to build it. Code outside the
/// file of a drawer never asks which drawer it is.
pub trait Blueprint: Sync {
    /// The name, as in `--drawer` and in recipes.
    fn name(&self) -> &'static str;

    /// A description in one line.
    fn about(&self) -> &'static str;

    /// A picture that this drawer drew, as a path in the repository; none if there is no such example.
    #[must_use]
    fn example(&self) -> Option<&'static str> {
        None
    }

    /// The settings of this drawer, by their names in [`Overrides`], in the order in which they are shown. Settings of
    /// every drawer are not among them.
    fn options(&self) -> &'static [&'static str];

    /// The defaults of this drawer, which override those of the models.
    #[must_use]
    fn defaults(&self, _quality: Quality) -> Overrides {
        Overrides::default()
    }

    /// The defaults of this drawer if other CLIP models than the embedded one guide it; they override those of
    /// [`Blueprint::defaults`].
    #[must_use]
    fn published_defaults(&self, _quality: Quality) -> Overrides {
        Overrides::default()
    }

    /// The default weight that keeps a picture close to the picture of the prior that it starts from: it multiplies the
    /// mean square of the difference. 0 or more.
    #[must_use]
    fn usual_init_weight(&self, _vqgan: &str) -> f64 {
        0.0
    }

    /// The share of cutouts that are zooms, 0 to 1; the others show the whole picture.
    #[must_use]
    fn zooms(&self) -> f64 {
        // The share in pixray.
        0.6
    }

    /// Checks the rules that ranges alone do not express.
    ///
    /// # Errors
    /// If settings conflict; the message names the option.
    fn check(&self, _settings: &Settings) -> Result<()> {
        Ok(())
    }

    /// The name of the VQGAN that this drawer needs; none if it needs none.
    #[must_use]
    fn vqgan<'a>(&self, _settings: &'a Settings) -> Option<&'a str> {
        None
    }

    /// The size that this drawer works at for a picture with these settings. The middle is delivered; at edges that
    /// continue each other, all of it is resampled instead.
    ///
    /// # Errors
    /// If a model that this drawer needs is not loaded.
    fn work_size(&self, settings: &Settings, _loaded: Loaded) -> Result<Size> {
        Ok(settings.size)
    }

    /// The peak memory of turning a starting point into parameters, in bytes.
    ///
    /// # Errors
    /// If a model that this drawer needs is not loaded, or cannot take the picture's size.
    fn start_memory(&self, _settings: &Settings, _loaded: Loaded, _of: MemoryOf) -> Result<u64> {
        Ok(0)
    }

    /// The host memory that drawing allocates once and keeps, besides the weights of the models, in bytes.
    ///
    /// # Errors
    /// If a model that this drawer needs is not loaded, or cannot take the picture's size.
    fn lasting_memory(&self, _settings: &Settings, _loaded: Loaded) -> Result<u64> {
        Ok(0)
    }

    /// The estimated memory of drawing a picture and computing its gradient if `recomputed` blocks are computed twice.
    ///
    /// # Errors
    /// If a model that this drawer needs is not loaded, or cannot take the picture's size.
    fn memory(&self, settings: &Settings, loaded: Loaded, recomputed: usize, of: MemoryOf) -> Result<Memory>;

    /// The number of blocks that can be computed twice to save memory.
    #[must_use]
    fn blocks(&self, _loaded: Loaded) -> usize {
        0
    }

    /// The amount of computation of drawing a picture.
    ///
    /// # Errors
    /// If a model that this drawer needs is not loaded, or cannot take the picture's size.
    fn effort(&self, _settings: &Settings, _loaded: Loaded) -> Result<Effort> {
        Ok(Effort::default())
    }

    /// Builds the drawer on a device; `recomputed` blocks are computed twice.
    ///
    /// # Errors
    /// If a model that this drawer needs is not loaded, or the start cannot become parameters.
    fn build(
        &self,
        settings: &Settings,
        loaded: Loaded,
        recomputed: usize,
        start: Start,
        device: &Device,
    ) -> Result<Box<dyn Drawer>>;

    /// A description of the drawer and its model for people who read a recipe: `VQGAN: embedded`.
    fn in_words(&self, settings: &Settings) -> String;

    /// The pixels of the PNG of a picture, with or without alpha.
    #[must_use]
    fn finish(&self, _settings: &Settings, picture: DynamicImage) -> DynamicImage {
        picture
    }

    /// The size of what [`Blueprint::finish`] returns for an enlarged picture.
    #[must_use]
    fn finished_size(&self, settings: &Settings) -> Size {
        settings.upscaled_size()
    }

    /// Turns pictures of this drawer into SVGs; none if that is not possible.
    #[must_use]
    fn vector(&self) -> Option<Vector> {
        None
    }

    /// Draws finished pictures again from what they were made of ([`Drawer::drawing`]); none if that is not possible.
    #[must_use]
    fn render(&self) -> Option<Render> {
        None
    }

    /// The peak memory of [`Blueprint::render`] and [`Blueprint::reveal`] besides the drawing, in bytes.
    #[must_use]
    fn render_memory(&self, _settings: &Settings, size: Size) -> u64 {
        // Three channels and alpha in single precision, twice, and the picture in bytes.
        36 * (size.width as u64).saturating_mul(size.height as u64)
    }

    /// Mixes two drawings; none if this drawer could not draw the mean of two drawings.
    #[must_use]
    fn between(&self) -> Option<Between> {
        None
    }

    /// Shows the parts of a drawing one after the other; none if it has no parts.
    #[must_use]
    fn reveal(&self) -> Option<Reveal> {
        None
    }
}

impl dyn Blueprint + '_ {
    /// Whether a setting is an option of this drawer.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        self.options().contains(&option)
    }
}

/// The models that are loaded for a drawer.
#[derive(Clone, Copy)]
pub struct Loaded<'a> {
    /// The VQGAN that [`Blueprint::vqgan`] names
    pub vqgan: Option<&'a Arc<Vqgan>>,
}

impl<'a> Loaded<'a> {
    /// The VQGAN.
    ///
    /// # Errors
    /// If none is loaded.
    pub fn vqgan(self) -> Result<&'a Arc<Vqgan>> {
        self.vqgan.ok_or_else(|| Error::fault("the drawer needs a VQGAN, but none is loaded"))
    }
}

/// The amount of computation of drawing a picture; the gradient nominally takes the same amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Floating-point operations of the matrix products
    pub operations: u64,
    /// The least number of bytes that the layers read and write
    pub bytes: u64,
}

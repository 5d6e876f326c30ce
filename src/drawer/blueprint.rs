//! What a drawer is before anything is loaded.

use std::sync::Arc;

use candle_core::Device;
use image::{DynamicImage, RgbaImage};

use super::{Drawer, Start};
use crate::frozen::{Memory, MemoryOf};
use crate::models::Quality;
use crate::picture::Size;
use crate::settings::{Overrides, Settings};
use crate::vqgan::Vqgan;
use crate::{Error, Result};

/// How a picture of some settings becomes the text of an SVG.
pub type Vector = fn(&Settings, &RgbaImage) -> Result<String>;

/// All that the program knows of a drawer: what it is called, what suits it, what it needs, and how it is built. Nothing
/// outside of a drawer's own file asks which one it is.
pub trait Blueprint: Sync {
    /// The name, as `--drawer` and recipes have it.
    fn name(&self) -> &'static str;

    /// What draws, in one line.
    fn about(&self) -> &'static str;

    /// The settings that count for this drawer, by their names in [`Overrides`], in the order in which they are shown. Those
    /// that count for every drawer are not among them.
    fn options(&self) -> &'static [&'static str];

    /// What suits this drawer better than what suits the models.
    #[must_use]
    fn defaults(&self, _quality: Quality) -> Overrides {
        Overrides::default()
    }

    /// How strongly a picture that begins with the prior's is held to it if nobody says: the weight of the mean square of
    /// the difference, 0 or more.
    #[must_use]
    fn usual_init_weight(&self, _vqgan: &str) -> f64 {
        0.0
    }

    /// How many of the cutouts are zooms, 0 to 1; the others show the whole picture.
    #[must_use]
    fn zooms(&self) -> f64 {
        // pixray's share.
        0.6
    }

    /// Checks the rules that ranges alone do not say.
    ///
    /// # Errors
    /// If settings do not go together; the message names the option.
    fn check(&self, _settings: &Settings) -> Result<()> {
        Ok(())
    }

    /// The name of the VQGAN that it draws with; none if it draws without one.
    #[must_use]
    fn vqgan<'a>(&self, _settings: &'a Settings) -> Option<&'a str> {
        None
    }

    /// The size it draws at for a picture of this size, of which the middle is delivered.
    ///
    /// # Errors
    /// If a model it needs is not loaded.
    fn work_size(&self, size: Size, _loaded: Loaded) -> Result<Size> {
        Ok(size)
    }

    /// How many bytes of memory it takes at its highest to turn a start into parameters.
    ///
    /// # Errors
    /// If a model it needs is not loaded, or cannot take the picture's size.
    fn start_memory(&self, _settings: &Settings, _loaded: Loaded, _of: MemoryOf) -> Result<u64> {
        Ok(0)
    }

    /// How many bytes of the machine's memory drawing makes once and keeps, beside the models' weights.
    ///
    /// # Errors
    /// If a model it needs is not loaded, or cannot take the picture's size.
    fn lasting_memory(&self, _settings: &Settings, _loaded: Loaded) -> Result<u64> {
        Ok(0)
    }

    /// About how much memory drawing a picture and its gradient take, if so many blocks are computed twice.
    ///
    /// # Errors
    /// If a model it needs is not loaded, or cannot take the picture's size.
    fn memory(&self, settings: &Settings, loaded: Loaded, recomputed: usize, of: MemoryOf) -> Result<Memory>;

    /// How many blocks can be computed twice to take less memory.
    #[must_use]
    fn blocks(&self, _loaded: Loaded) -> usize {
        0
    }

    /// How much drawing a picture computes.
    ///
    /// # Errors
    /// If a model it needs is not loaded, or cannot take the picture's size.
    fn effort(&self, _settings: &Settings, _loaded: Loaded) -> Result<Effort> {
        Ok(Effort::default())
    }

    /// The drawer, on a device; so many blocks are computed twice.
    ///
    /// # Errors
    /// If a model it needs is not loaded, or the start cannot become parameters.
    fn build(
        &self,
        settings: &Settings,
        loaded: Loaded,
        recomputed: usize,
        start: Start,
        device: &Device,
    ) -> Result<Box<dyn Drawer>>;

    /// What drew, as the recipe in words says it: `VQGAN: embedded`.
    fn in_words(&self, settings: &Settings) -> String;

    /// The pixels that a PNG shows of a picture, with alpha or without.
    #[must_use]
    fn finish(&self, _settings: &Settings, picture: DynamicImage) -> DynamicImage {
        picture
    }

    /// How its pictures become SVGs; none if they cannot.
    #[must_use]
    fn vector(&self) -> Option<Vector> {
        None
    }
}

impl dyn Blueprint + '_ {
    /// Whether a setting of this name is among its options.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        self.options().contains(&option)
    }
}

/// The models that are loaded.
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
        self.vqgan.ok_or_else(|| Error::fault("a VQGAN was to draw, and none is loaded"))
    }
}

/// What drawing a picture computes; the gradient nominally takes as much again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Floating-point operations of its matrix products
    pub operations: u64,
    /// Bytes that its layers read and write at least
    pub bytes: u64,
}

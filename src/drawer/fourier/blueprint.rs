//! The blueprint of the drawer of waves.

use candle_core::Device;

use super::{FourierDrawer, Look};
use crate::Result;
use crate::drawer::{Blueprint, Drawer, Loaded, Start};
use crate::frozen::{Memory, MemoryOf};
use crate::models::Quality;
use crate::picture::Size;
use crate::settings::{Overrides, Settings};

/// The weight that keeps a picture close to the prior's.
const PRIOR_HOLD: f64 = 20.0;

/// The blueprint of the drawer of waves.
pub(in crate::drawer) struct FourierBlueprint;

impl Blueprint for FourierBlueprint {
    fn name(&self) -> &'static str {
        "fft"
    }

    fn about(&self) -> &'static str {
        "draws waves by optimizing the spectrum of the picture"
    }

    fn options(&self) -> &'static [&'static str] {
        &["decay", "colorfulness", "contrast", "sharpness", "init_image", "init_weight", "init_noise"]
    }

    fn defaults(&self, quality: Quality) -> Overrides {
        let side = if quality == Quality::Draft { 256 } else { 512 };
        let size = Some(Size { width: side, height: side });
        // Waves are drawn as large as they are shown.
        Overrides { size, learning_rate: Some(0.05), upscale: Some(1), ..Overrides::default() }
    }

    fn usual_init_weight(&self, _vqgan: &str) -> f64 {
        PRIOR_HOLD
    }

    fn memory(&self, settings: &Settings, _loaded: Loaded, _recomputed: usize, _of: MemoryOf) -> Result<Memory> {
        let pixels = settings.size.width.saturating_mul(settings.size.height) as u64;
        // A spectrum has about as many numbers as a picture.
        let picture = pixels.saturating_mul(3 * 4);
        // The spectrum, its copy before the step, and two averages in the optimizer; the waves and the picture for the way
        // back; what the picture is held to.
        let kept = picture.saturating_mul(6 + u64::from(settings.init_weight > 0.0));
        // The gradients of the picture and of the waves, two complex planes of one color; then the step, whose averages
        // and intermediate results are new.
        Ok(Memory { kept, peak: kept.saturating_add(picture.saturating_mul(5)) })
    }

    fn build(
        &self,
        settings: &Settings,
        _loaded: Loaded,
        _recomputed: usize,
        start: Start,
        device: &Device,
    ) -> Result<Box<dyn Drawer>> {
        Ok(Box::new(FourierDrawer::new(Look::of(settings), settings.size, start, device)?))
    }

    fn in_words(&self, _settings: &Settings) -> String {
        "Waves".to_owned()
    }
}

//! The blueprint of the drawer of waves.

use candle_core::Device;

use super::{FourierDrawer, Look, Waves, drawing};
use crate::Result;
use crate::drawer::{Blueprint, Drawer, Loaded, Render, Start};
use crate::frozen::cuda::layers::WavesOnDevice;
use crate::frozen::{Memory, MemoryOf};
use crate::models::Quality;
use crate::picture::Size;
use crate::settings::{LearningRateDrops, Overrides, Settings, StartNoise};

/// The learning rate of aphantasia's `clip_fft.py`.
const LEARNING_RATE: f64 = 0.05;
/// The weight that keeps a picture close to the prior's: with 4, a penguin's beak and a butterfly's wings dissolve.
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
        let Look { decay, colorfulness, contrast, sharpness, .. } = Look::USUAL;
        Overrides {
            size,
            learning_rate: Some(LEARNING_RATE),
            // Waves are drawn as large as they are shown.
            upscale: Some(1),
            decay: Some(decay),
            colorfulness: Some(colorfulness),
            contrast: Some(contrast),
            sharpness: Some(sharpness),
            ..Overrides::default()
        }
    }

    /// Those of aphantasia's `clip_fft.py`, whose decay, contrast and colors are the defaults of the options: Adam,
    /// from a random spectrum. It draws 1280x720 pixels in 200 steps of 200 samples, like the best quality here; the others
    /// do less.
    fn published_defaults(&self, quality: Quality) -> Overrides {
        let (width, height, iterations, cutouts) = match quality {
            Quality::Draft => (320, 180, 100, 24),
            Quality::Normal => (640, 360, 200, 48),
            Quality::Better => (1280, 720, 200, 96),
            Quality::Best => (1280, 720, 200, 200),
        };
        Overrides {
            size: Some(Size { width, height }),
            iterations: Some(iterations),
            cutouts: Some(cutouts),
            cut_noise: Some(0.0),
            init_noise: Some(StartNoise::Codes),
            learning_rate_drops: Some(LearningRateDrops::default()),
            ..Overrides::default()
        }
    }

    fn usual_init_weight(&self, _vqgan: &str) -> f64 {
        PRIOR_HOLD
    }

    fn memory(&self, settings: &Settings, _loaded: Loaded, _recomputed: usize, of: MemoryOf) -> Result<Memory> {
        let size = Waves::<f32>::size_of(settings.size, settings.tile);
        let pixels = size.width.saturating_mul(size.height) as u64;
        // A spectrum has about as many numbers as a picture.
        let picture = pixels.saturating_mul(3 * 4);
        // The spectrum, its copy before the step, and two averages in the optimizer; the waves and the picture for the way
        // back; what the picture is held to.
        let kept = picture.saturating_mul(6 + u64::from(settings.weight_of_start() > 0.0));
        // On a GPU, the tables of its transforms stay as well.
        let tables = if of == MemoryOf::Host { 0 } else { WavesOnDevice::lasting(size) };
        let kept = kept.saturating_add(tables);
        // The gradients of the picture, the waves and the spectrum; in the step, its averages beside those before it, and
        // what lies between them.
        Ok(Memory { kept, peak: kept.saturating_add(picture.saturating_mul(10)) })
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

    fn render(&self) -> Option<Render> {
        Some(drawing::render)
    }

    /// The waves in whole numbers, the planes, and what is made of them: a complex plane, the spectrum of a channel, the
    /// picture twice and its bytes.
    fn render_memory(&self, settings: &Settings, size: Size) -> u64 {
        let pixels = |size: Size| (size.width as u64).saturating_mul(size.height as u64);
        let drawn = |size: Size| pixels(Waves::<f32>::size_of(size, settings.tile));
        drawn(settings.size).saturating_mul(12).saturating_add(drawn(size).saturating_mul(12 + 4 + 4 + 24 + 3))
    }

    fn in_words(&self, _settings: &Settings) -> String {
        "Waves".to_owned()
    }
}

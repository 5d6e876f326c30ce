//! The blueprints of the drawers of strokes.

use candle_core::Device;

use super::drawing::{Reveal as Revealed, Sheet};
use super::operation::Strokes;
use super::{Kind, Look, StrokesDrawer, raster, svg};
use crate::drawer::drawing::{Between, Drawing, Parts, Render, Reveal, Vector};
use crate::drawer::{Blueprint, Drawer, Loaded, Start};
use crate::frozen::{Memory, MemoryOf, Network};
use crate::models::Quality;
use crate::picture::Size;
use crate::settings::{Overrides, Settings};
use crate::{Error, Result};

/// The most strokes of a picture.
pub const MOST_STROKES: usize = 4096;
/// The most curves of a stroke.
pub const MOST_SEGMENTS: usize = 32;
/// Threads assumed in the estimate of memory, which must not depend on the machine.
const THREADS: usize = 4;
/// The share of thin strokes that reach one place of the picture, at most.
const CROWDED: f64 = 1.0 / 8.0;

/// The options of drawers of strokes, with those that only one of them has.
macro_rules! options {
    ($($own:literal),*) => {
        &[
            "strokes",
            "segments",
            "min_stroke_width",
            "max_stroke_width",
            "paper",
            "change_paper",
            "transparent",
            $($own,)*
            "init_image",
            "init_weight",
            "init_noise",
        ]
    };
}

/// A drawer of strokes.
pub(in crate::drawer) struct StrokesBlueprint {
    kind: Kind,
    name: &'static str,
    about: &'static str,
    options: &'static [&'static str],
    /// The number of strokes by quality: draft, normal, better, best
    strokes: [usize; 4],
    segments: usize,
    percent: [f64; 2],
    hold: f64,
}

/// Paints with strokes of all colors, as `CLIPDraw` does (Frans et al., 2021).
pub(in crate::drawer) static STROKES: StrokesBlueprint = StrokesBlueprint {
    kind: Kind::Painting,
    name: "strokes",
    about: "paints with curved strokes by optimizing their shapes, widths and colors",
    options: options!["alpha_weight"],
    strokes: [256, 512, 1024, 1024],
    segments: 2,
    percent: [0.8, 6.0],
    // With 20, guidance blurs the eyes of an owl; with 100, it adds little; with 0, it dissolves the picture
    // (`examples/strokes`).
    hold: 40.0,
};

/// Draws with a black pen, as the line sketch of pixray does.
pub(in crate::drawer) static LINE: StrokesBlueprint = StrokesBlueprint {
    kind: Kind::Line,
    name: "line",
    about: "draws with few long strokes of a black pen by optimizing their shapes and widths",
    options: options![],
    strokes: [16, 24, 32, 48],
    segments: 8,
    percent: [0.5, 2.0],
    hold: 1.0,
};

impl Look {
    /// Bytes of host memory for the strokes of a picture while its gradient is computed.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn strokes_memory(&self) -> u64 {
        // A picture that is tiled shows up to four copies of most strokes.
        let count = self.count * if self.tile.is_some() { 4 } else { 1 };
        let [sums, layers] = raster::gradient_memory(self.segments, THREADS);
        // A stroke is a few widths long.
        let reaching = (count as f64 * (CROWDED + 4.0 * self.percent[1] / 100.0).min(1.0)).ceil() as usize;
        (count * (raster::stroke_memory(self.segments) + sums) + reaching * layers) as u64
    }
}

impl StrokesBlueprint {
    fn look(&self, settings: &Settings) -> Look {
        Look {
            kind: self.kind,
            count: settings.strokes.unwrap_or(self.strokes[1]),
            segments: settings.segments.unwrap_or(self.segments),
            percent: [
                settings.min_stroke_width.unwrap_or(self.percent[0]),
                settings.max_stroke_width.unwrap_or(self.percent[1]),
            ],
            paper: settings.paper.map(|color| color.0),
            changes_paper: settings.change_paper == Some(true),
            alpha_weight: settings.transparent.then_some(settings.alpha_weight),
            tile: settings.tile,
        }
    }
}

impl Blueprint for StrokesBlueprint {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn example(&self) -> Option<&'static str> {
        Some(match self.kind {
            Kind::Painting => "examples/strokes/a-penguin-in-the-snow.png",
            Kind::Line => "examples/strokes/an-owl.png",
        })
    }

    fn options(&self) -> &'static [&'static str] {
        self.options
    }

    fn defaults(&self, quality: Quality) -> Overrides {
        let (side, row) = match quality {
            Quality::Draft => (256, 0),
            Quality::Normal => (512, 1),
            Quality::Better => (512, 2),
            Quality::Best => (512, 3),
        };
        Overrides {
            size: Some(Size { width: side, height: side }),
            strokes: Some(self.strokes[row]),
            segments: Some(self.segments),
            min_stroke_width: Some(self.percent[0]),
            max_stroke_width: Some(self.percent[1]),
            // In pixels of a canvas of 224x224, as in `CLIPDraw`; the drawer scales it with the canvas.
            learning_rate: Some(1.0),
            // Strokes are drawn as large as they are shown.
            upscale: Some(1),
            ..Overrides::default()
        }
    }

    fn usual_init_weight(&self, _vqgan: &str) -> f64 {
        self.hold
    }

    /// Strokes drawn for details alone make a patchwork.
    fn zooms(&self) -> f64 {
        0.4
    }

    fn check(&self, settings: &Settings) -> Result<()> {
        let Look { percent: [thin, wide], .. } = self.look(settings);
        if thin > wide {
            let problem = format!("‹min-stroke-width› {thin} is more than ‹max-stroke-width› {wide}");
            return Err(Error::usage(problem, "give a smaller least width, or a larger one for the widest strokes"));
        }
        if settings.change_paper == Some(true) && settings.transparent {
            let problem = "‹change-paper› does not work with ‹transparent›, which leaves out the paper";
            return Err(Error::usage(problem, "leave out one of them"));
        }
        Ok(())
    }

    fn start_memory(&self, settings: &Settings, _loaded: Loaded, _of: MemoryOf) -> Result<u64> {
        // The picture as bytes and as numbers.
        Ok(settings.size.width.saturating_mul(settings.size.height) as u64 * 32)
    }

    fn memory(&self, settings: &Settings, _loaded: Loaded, _recomputed: usize, of: MemoryOf) -> Result<Memory> {
        let look = self.look(settings);
        let pixels = settings.size.width.saturating_mul(settings.size.height) as u64;
        let channels = look.channels() as u64;
        // The picture and the gradient that the session keeps, and the start that strokes are kept close to.
        let seen = if settings.transparent { 12 } else { 0 };
        let kept = pixels.saturating_mul(2 * 4 * channels + 12 + seen);
        // The picture, or its gradient once more.
        let pictures = pixels.saturating_mul(2 * 4 * channels);
        let drawing = match of {
            MemoryOf::Gpu(_) if look.tile.is_none() => {
                let strokes = Strokes::of(&look, settings.size);
                Network::of(strokes).memory(&[strokes.numbers()], true, of)?.peak
            }
            // In host memory.
            MemoryOf::Gpu(_) => 0,
            MemoryOf::Host => raster::canvas_memory(settings.size).saturating_add(look.strokes_memory()),
        };
        Ok(Memory { kept, peak: kept.saturating_add(pictures).saturating_add(drawing) })
    }

    fn build(
        &self,
        settings: &Settings,
        _loaded: Loaded,
        _recomputed: usize,
        start: Start,
        device: &Device,
    ) -> Result<Box<dyn Drawer>> {
        Ok(Box::new(StrokesDrawer::new(self.look(settings), settings.size, start, device)?))
    }

    fn in_words(&self, settings: &Settings) -> String {
        let look = self.look(settings);
        format!("Strokes: {}, each of {} curves", look.count, look.segments)
    }

    fn vector(&self) -> Option<Vector> {
        Some(|settings, picture, drawing| {
            let drawing = drawing.ok_or_else(|| Drawing::unreadable("it is missing"))?;
            Ok(svg::svg(&Sheet::of(drawing)?.at(Size::of(picture)).tiled(settings.tile)?))
        })
    }

    fn render(&self) -> Option<Render> {
        Some(|settings, drawing, size| {
            let mut revealed = Revealed::new(settings, drawing, size)?;
            let all = revealed.count();
            revealed.picture(all)
        })
    }

    fn between(&self) -> Option<Between> {
        Some(|from, to, share| Ok(Sheet::of(from)?.toward(Sheet::of(to)?, share).and_then(|sheet| sheet.drawing())))
    }

    fn reveal(&self) -> Option<Reveal> {
        Some(|settings, drawing, size| Ok(Box::new(Revealed::new(settings, drawing, size)?)))
    }
}

//! A movie that shows the parts of a finished picture one after the other, such as its strokes.

use std::path::PathBuf;

use super::{GIF, MP4, Recorder};
use crate::drawer::{self, Drawing, Parts};
use crate::output::{Help, Kind, Make, Product, Products, Recipe, kind_of};
use crate::picture::Size;
use crate::progress::Event;
use crate::settings::{Settings, VideoSettings};
use crate::{Error, Result};

/// The strokes of the picture one after the other.
pub const REVEAL: Kind = Kind {
    name: "reveal",
    extension: "reveal.mp4",
    others: &[MP4.extension, GIF.extension],
    option: "reveal",
    help: Some(Help {
        heading: "Moving pictures",
        short: "Also make an MP4 or GIF that paints the finished picture stroke by stroke",
        more: "FILE ends in .mp4 or .gif; without FILE, it is an MP4 named after the picture, such as apple.reveal.mp4. \
               Without --seconds, a frame is one stroke, or several if it would be longer than 8 seconds, and the whole \
               picture is held for 1.5 seconds. In a batch file, `none` disables it.",
    }),
    check,
    make: Make::Reveal,
};

/// The shortest and the longest time from the first to the last part if no time is given, in seconds.
const USUAL: (f64, f64) = (3.0, 8.0);
/// How long the whole picture is held if no time is given, in seconds.
const USUAL_HOLD: f64 = 1.5;

/// Checks that the drawer has parts, and that both kinds of movie can show the picture.
fn check(settings: &Settings) -> Result<()> {
    drawer::reveal(settings)?;
    (GIF.check)(settings)?;
    (MP4.check)(settings)
}

/// Makes the movie of a drawing, and tells `tell` of each frame; if that fails, there is no movie. Returns its path.
///
/// # Errors
/// If the drawer has no parts, the drawing is not known or cannot be read, or the file cannot be written.
pub fn reveal(
    product: &Product,
    drawing: Option<&Drawing>,
    size: Size,
    recipe: Recipe,
    tell: &mut dyn FnMut(Event) -> Result<()>,
) -> Result<PathBuf> {
    let settings = &recipe.settings;
    let begin = drawer::reveal(settings)?;
    let unknown = || {
        let message = format!("{} was not made: the run failed, and what it painted is lost", product.path.display());
        Error::usage(message, "draw the picture again, or leave out ‹reveal›")
    };
    let mut parts = begin(settings, drawing.ok_or_else(unknown)?, size)?;
    let video = video(settings, parts.count());
    let kind = kind_of(&product.path, &[GIF, MP4])?;
    record(&Product { kind, ..product.clone() }, &video, parts.as_mut(), size, recipe, tell)
}

fn record(
    product: &Product,
    video: &VideoSettings,
    parts: &mut dyn Parts,
    size: Size,
    recipe: Recipe,
    tell: &mut dyn FnMut(Event) -> Result<()>,
) -> Result<PathBuf> {
    let count = parts.count();
    let mut recorder = Recorder::start(&Products::new(product.clone(), Vec::new()), video, size, 0..=count)?;
    let frames: Vec<usize> = (0..=count).filter(|shown| recorder.wants(*shown)).collect();
    tell(Event::Encoding { frames: frames.len() })?;
    for (frame, shown) in frames.into_iter().enumerate() {
        // What failed is reported at the end.
        if recorder.problems().next().is_some() {
            break;
        }
        recorder.push(shown, parts.picture(shown)?, None);
        tell(Event::Encoded { frame })?;
    }
    let made = recorder.end(Some(recipe)).into_iter().next();
    made.unwrap_or_else(|| Err(Error::fault("the encoder made no file")))
}

/// How a movie of so many parts is made.
#[allow(clippy::cast_precision_loss, reason = "a drawing has few parts")]
fn video(settings: &Settings, parts: usize) -> VideoSettings {
    let video = VideoSettings { frame_every: 1, ..settings.video() };
    if video.seconds.is_some() {
        return video;
    }
    // One slot for the empty picture, and for each part.
    let slot = 1.0 / video.fps.hertz();
    let hold = if video.hold > 0.0 { video.hold } else { USUAL_HOLD };
    let moving = ((parts + 1) as f64 * slot).clamp(USUAL.0, USUAL.1);
    VideoSettings { seconds: Some(moving + hold), hold, ..video }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, Rgb, RgbImage};

    use super::*;
    use crate::resolve::combine;
    use crate::settings::Overrides;

    /// Rows that become red one after the other.
    struct Rows {
        size: Size,
        shown: Vec<usize>,
    }

    impl Parts for Rows {
        fn count(&self) -> usize {
            self.size.height
        }

        fn picture(&mut self, shown: usize) -> Result<DynamicImage> {
            self.shown.push(shown);
            let color = |_, row: u32| Rgb([if (row as usize) < shown { 200 } else { 0 }, 0, 0]);
            let side = |side: usize| u32::try_from(side).unwrap();
            Ok(RgbImage::from_fn(side(self.size.width), side(self.size.height), color).into())
        }
    }

    fn settings(seconds: Option<f64>) -> Settings {
        let prompt = Some("an apple".parse().unwrap());
        combine(&[Overrides { prompt, seconds, ..Overrides::default() }]).unwrap()
    }

    #[test]
    fn each_part_is_shown_once() {
        let folder = tempfile::tempdir().unwrap();
        let size = Size { width: 16, height: 20 };
        let result = crate::output::ResultRecord { iterations_done: 0, figures: crate::progress::Figures::default() };
        let recipe = Recipe::new(settings(Some(2.0)), Vec::new(), Vec::new(), result);
        for (name, kind) in [("a.gif", GIF), ("a.mp4", MP4)] {
            let product = Product::new(kind, folder.path().join(name));
            let mut rows = Rows { size, shown: Vec::new() };
            let mut told = Vec::new();
            let mut tell = |event: Event| {
                told.push(event);
                Ok(())
            };
            let video = recipe.settings.video();
            let path = record(&product, &video, &mut rows, size, recipe.clone(), &mut tell).unwrap();
            assert_eq!((&path, Recipe::read(&path).unwrap()), (&product.path, recipe.clone()));
            assert_eq!(rows.shown, (0..=20).collect::<Vec<_>>());
            assert_eq!((&told[0], told.len()), (&Event::Encoding { frames: 21 }, 22));
        }
        // Who no longer wants the movie has none.
        let product = Product::new(GIF, folder.path().join("b.gif"));
        let mut rows = Rows { size, shown: Vec::new() };
        let mut tell = |event| if matches!(event, Event::Encoded { frame: 3 }) { Err(Error::Stopped) } else { Ok(()) };
        let video = recipe.settings.video();
        assert!(record(&product, &video, &mut rows, size, recipe, &mut tell).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_reveal_has_a_usual_length() {
        let seconds = |parts| video(&settings(None), parts).seconds.unwrap();
        let fps = settings(None).fps.slots(1.0);
        assert!((seconds(3) - 4.5).abs() < 1e-9 && (seconds(100_000) - 9.5).abs() < 1e-9);
        assert!((seconds(5 * fps - 1) - 6.5).abs() < 0.1);
        assert_eq!(video(&settings(Some(2.0)), 9).seconds, Some(2.0));
    }

    #[test]
    fn the_drawer_must_have_parts() {
        let error = check(&settings(None)).unwrap_err();
        assert!(error.to_string().contains("--reveal does not work with --drawer vqgan"), "{error}");
    }
}

//! Makes films in which finished pictures turn into each other.

mod pair;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbImage;

use super::Progress;
use crate::drawer::{self, Drawing};
use crate::files::begins_with;
use crate::output::{PNG_SIGNATURE, Products, Recipe, read_drawing};
use crate::picture::{self, Size};
use crate::progress::{Event, Stop};
use crate::settings::{VideoSettings, smoothstep};
use crate::video::{Recorder, common_size};
use crate::vqgan::Vqgan;
use crate::{Error, Result};
use pair::Pair;

/// The speed at which a picture turns into the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ease {
    /// Slow at both ends, so that the finished pictures can be seen
    #[default]
    Smooth,
    /// Constant speed
    Linear,
}

crate::text::named_values!(Ease, "ease", {
    Smooth => "smooth",
    Linear => "linear",
});

/// How a picture turns into the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The latents of a VQGAN are mixed linearly, and decoded. The decoder has learned from codebook vectors, whose lengths carry
    /// meaning, so the mean of two vectors is closer to what it knows than a point on a sphere, which suits the random latents
    /// of other generators. The mean is decoded as it is: its nearest codes would jump from frame to frame
    Latents,
    /// Light is mixed: in pictures made of cells, each cell changes its color
    Light,
    /// Strokes move, and change their widths and colors
    Drawing,
}

/// A film from picture to picture.
pub struct Morph {
    /// At least two
    pictures: Vec<PathBuf>,
    /// The size of all pictures
    size: Size,
    /// How each picture turns into the next one
    ways: Vec<Way>,
    length: usize,
    ease: Ease,
}

/// A picture with its recipe and drawing.
struct Finished {
    path: PathBuf,
    recipe: Option<Recipe>,
    drawing: Option<Drawing>,
}

impl Ease {
    /// The share of the next picture after a share of the time, both 0 to 1.
    #[must_use]
    pub fn share(self, time: f64) -> f64 {
        match self {
            Self::Linear => time,
            Self::Smooth => smoothstep(time),
        }
    }
}

impl Morph {
    /// A film of at least two pictures, with a number of frames from each to the next, at least 1.
    ///
    /// # Errors
    /// If a picture cannot be read, is not the same size as the first, or what it was made of is damaged.
    pub fn new(pictures: Vec<PathBuf>, length: usize, ease: Ease) -> Result<Self> {
        let size = common_size(&pictures)?;
        let ways = ways(&pictures)?;
        Ok(Self { pictures, size, ways, length, ease })
    }

    /// The total number of frames.
    #[must_use]
    pub fn frames(&self) -> usize {
        (self.pictures.len().saturating_sub(1)).saturating_mul(self.length).saturating_add(1)
    }

    /// The size of all pictures.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// Whether the latents of a VQGAN are mixed anywhere.
    #[must_use]
    pub fn needs_vqgan(&self) -> bool {
        self.ways.contains(&Way::Latents)
    }

    /// Makes the film. If a stop is requested, it ends there. Returns the path of each file.
    ///
    /// # Errors
    /// If a picture cannot be read, a frame cannot be drawn, or a file cannot be written.
    pub fn run(
        &self,
        vqgan: Option<&Arc<Vqgan>>,
        products: &Products,
        video: &VideoSettings,
        stop: &Stop,
        progress: &dyn Progress,
    ) -> Result<Vec<PathBuf>> {
        let last = self.frames() - 1;
        let mut recorder = Recorder::start(products, video, self.size, 0..=last)?;
        progress.tell(Event::Encoding { frames: (0..=last).filter(|frame| recorder.wants(*frame)).count() });
        let mut made = 0;
        let mut pair: Option<(usize, Pair)> = None;
        for frame in 0..=last {
            if recorder.problems().next().is_some() || (stop.is_requested() && frame > 0) {
                break;
            }
            if recorder.wants(frame) {
                let (index, step) = (frame / self.length, frame % self.length);
                let pixels = if step == 0 {
                    self.picture(index)?
                } else {
                    let known = pair.take().filter(|(known, _)| *known == index);
                    let (_, pair) = pair.insert(match known {
                        Some(known) => known,
                        None => (index, self.pair(index, vqgan)?),
                    });
                    #[allow(clippy::cast_precision_loss)]
                    pair.picture(self.ease.share(step as f64 / self.length as f64))?
                };
                recorder.push(frame, pixels.into(), None);
                progress.tell(Event::Encoded { frame: made });
                made += 1;
            }
        }
        // The film ends with the last picture.
        let recipe = self.pictures.last().and_then(|path| Recipe::read(path).ok());
        let recipe = recipe.map(|recipe| Recipe { settings: recipe.settings.clone().with_video(*video), ..recipe });
        recorder.end(recipe).into_iter().collect()
    }

    fn path(&self, index: usize) -> Result<&Path> {
        self.pictures.get(index).map(PathBuf::as_path).ok_or_else(|| Error::fault("there is no such picture"))
    }

    fn picture(&self, index: usize) -> Result<RgbImage> {
        picture::read(self.path(index)?)
    }

    /// The way from a picture to the next one.
    fn pair(&self, index: usize, vqgan: Option<&Arc<Vqgan>>) -> Result<Pair> {
        let pictures = [self.picture(index)?, self.picture(index + 1)?];
        match self.ways.get(index).ok_or_else(|| Error::fault("there is no such pair"))? {
            Way::Light => Ok(Pair::light(pictures)),
            Way::Drawing => {
                // All drawings together could fill the memory, so they are read when they are needed.
                let (from, to) = (Finished::open(self.path(index)?)?, Finished::open(self.path(index + 1)?)?);
                match (from.recipe, from.drawing, to.drawing) {
                    (Some(recipe), Some(from), Some(to)) => Pair::drawings(pictures, &recipe.settings, [from, to]),
                    _ => Err(Error::fault("a drawing is missing")),
                }
            }
            Way::Latents => {
                let vqgan = vqgan.ok_or_else(|| Error::fault("no VQGAN is loaded"))?;
                Pair::latents(pictures, vqgan)
            }
        }
    }
}

/// How each picture turns into the next one.
///
/// # Errors
/// If what a picture was made of is damaged.
fn ways(pictures: &[PathBuf]) -> Result<Vec<Way>> {
    let Some((first, rest)) = pictures.split_first() else { return Ok(Vec::new()) };
    let mut before = Finished::open(first)?;
    let mut ways = Vec::new();
    for path in rest {
        let next = Finished::open(path)?;
        ways.push(before.way_to(&next)?);
        before = next;
    }
    Ok(ways)
}

impl Finished {
    fn open(path: &Path) -> Result<Self> {
        // A picture without a recipe is fine.
        let recipe = Recipe::read(path).ok();
        let drawing = if recipe.is_some() && begins_with(path, &PNG_SIGNATURE) { read_drawing(path)? } else { None };
        Ok(Self { path: path.to_owned(), recipe, drawing })
    }

    /// How this picture turns into another one.
    fn way_to(&self, other: &Self) -> Result<Way> {
        let (Some(from), Some(to)) = (&self.recipe, &other.recipe) else { return Ok(Way::Latents) };
        let (from, to) = (&from.settings, &to.settings);
        if from.drawer != to.drawer || from.tile != to.tile {
            return Ok(Way::Latents);
        }
        if from.pixel_size.is_some() && (from.pixel_size, from.pixel_shape) == (to.pixel_size, to.pixel_shape) {
            return Ok(Way::Light);
        }
        let blueprint = drawer::of(&from.drawer)?;
        let (Some(between), Some(_)) = (blueprint.between(), blueprint.render()) else { return Ok(Way::Latents) };
        let (Some(one), Some(another)) = (&self.drawing, &other.drawing) else { return Ok(Way::Latents) };
        let is_alike = between(one, another, 0.5).map_err(|error| {
            Error::file(&self.path, format!("{error}"), "draw the picture again, or save it without its recipe")
        })?;
        Ok(if is_alike.is_some() { Way::Drawing } else { Way::Latents })
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;

    #[test]
    fn an_ease_begins_and_ends_where_it_should() {
        for ease in [Ease::Smooth, Ease::Linear] {
            let shares: Vec<f64> = (0..=10).map(|time| ease.share(f64::from(time) / 10.0)).collect();
            assert!(shares[0] == 0.0 && shares[5] == 0.5 && shares[10] == 1.0 && shares.is_sorted(), "{shares:?}");
        }
        // 3 / 16 - 2 / 64
        assert_eq!(Ease::Smooth.share(0.25), 0.156_25);
    }
}

//! The settings that decide a picture: [`Settings`], and the layers of [`Overrides`] that it is made from.

#[macro_use]
mod kinds;
#[macro_use]
mod table;

mod arguments;
mod aspect;
mod augmentations;
mod color;
mod course;
mod cut_batch;
mod drawer;
mod form;
mod groups;
mod keyframes;
mod learning_rate;
mod loss;
mod mask;
mod options;
mod or_none;
mod pixel_shape;
mod point;
mod prompt;
mod prompt_weight;
mod range;
mod schedule;
mod seed;
mod start_noise;
mod style_name;
mod video;
mod weighted;
mod words;

use std::path::PathBuf;

pub use arguments::{Choice, Chosen};
pub use aspect::Aspect;
pub use augmentations::{Augmentation, Augmentations};
pub use color::Color;
pub use course::Course;
pub use cut_batch::CutBatch;
pub use drawer::DrawerName;
pub use form::{Form, FormKind};
pub(crate) use groups::{ANIMATION, ITERATIONS_PER_FRAME, check_upscaler, checked_quality};
pub use groups::{OPTIONS, Overrides, Settings, VideoSettings};
pub use keyframes::Keyframes;
pub(crate) use keyframes::smoothstep;
pub use learning_rate::LearningRateDrops;
pub use loss::{LossAim, LossChoice, LossKind, PictureLoss};
pub use mask::{Mask, Side};
pub use options::{OptionInfo, Setter};
pub use or_none::OrNone;
pub use pixel_shape::PixelShape;
pub(crate) use prompt::EMPTY_PROMPT;
pub use prompt::{Prompt, Prompts};
pub use prompt_weight::PromptWeight;
pub use range::Range;
pub use schedule::Schedule;
pub use seed::{Seed, SeedChoice};
pub use start_noise::StartNoise;
pub use style_name::StyleName;
pub use video::{FrameRate, GifPalette};
pub use weighted::Weighted;

use crate::palette::file_of;
use crate::picture::Size;
use crate::styles::Style;
use crate::{Result, upscale};

/// How much styles count if nothing else is said: the weight of the style text of aphantasia (`clip_fft.py`, `-t2`),
/// where a prompt counts 1, as here.
pub const STYLE_WEIGHT: f64 = 0.5;

/// The share of the iterations that the second pass has, as 1 in so many.
const SECOND_PASS: usize = 5;

impl Settings {
    /// Checks every range, and that a moving picture has time for a frame.
    ///
    /// # Errors
    /// If a value is outside its range, with the option's name.
    pub fn validate(&self) -> Result<()> {
        self.check_values()?;
        self.video().validate()
    }

    /// Whether the picture is limited to the colors of a palette.
    #[must_use]
    pub fn has_few_colors(&self) -> bool {
        self.palette.is_some() || self.colors.is_some()
    }

    /// Whether the picture is enlarged by repeating its pixels: it is drawn in cells or in few colors.
    #[must_use]
    pub fn keeps_pixels(&self) -> bool {
        self.pixel_size.is_some() || self.has_few_colors()
    }

    /// The size of the picture after --upscale.
    #[must_use]
    pub fn upscaled_size(&self) -> Size {
        self.size.times(self.upscale.unwrap_or(1))
    }

    /// How often the finished picture is enlarged and by which upscaler; none if it keeps its size.
    #[must_use]
    pub fn upscaling(&self) -> Option<(usize, &str)> {
        Some((self.upscale?, self.upscaler.as_deref().unwrap_or(upscale::DEFAULT)))
    }

    /// Whether the picture is that of --init-image outside its mask.
    #[must_use]
    pub fn is_inpainted(&self) -> bool {
        self.mask.is_some() && self.init_image.is_some() && self.prompt_outside.is_none()
    }

    /// The number of iterations before the second pass of --hires; none without one.
    #[must_use]
    pub fn second_pass_begins(&self) -> Option<usize> {
        self.hires.map(|_| self.iterations - self.iterations.div_ceil(SECOND_PASS))
    }

    /// The size that the first iterations draw at.
    #[must_use]
    pub fn first_size(&self) -> Size {
        self.hires.map_or(self.size, |factor| self.size.scaled(1.0 / factor))
    }

    /// The styles, in order.
    pub fn styles(&self) -> impl Iterator<Item = &'static Style> {
        self.style.iter().filter_map(StyleName::style)
    }

    /// How much the styles count.
    #[must_use]
    pub fn weight_of_styles(&self) -> f64 {
        self.style_weight.unwrap_or(STYLE_WEIGHT)
    }

    /// The prompts, then those outside the mask, each in one line.
    pub fn prompts_in_words(&self) -> impl Iterator<Item = String> {
        let outside = self.prompt_outside.iter().flat_map(Prompts::all);
        let outside = outside.map(|prompt| format!("outside the mask: {}", prompt.in_words()));
        self.prompt.all().iter().map(Prompt::in_words).chain(outside)
    }

    /// The styles and their weight in one line; none without styles.
    #[must_use]
    pub fn styles_in_words(&self) -> Option<String> {
        let names: Vec<&str> = self.styles().map(|style| style.name.as_str()).collect();
        (!names.is_empty()).then(|| format!("styles {:?}, weight {}", names.join(", "), self.weight_of_styles()))
    }

    /// The labels in one line; none without labels.
    #[must_use]
    pub fn labels_in_words(&self) -> Option<String> {
        let labels: Vec<String> = self.label.iter().map(|label| format!("{:?}", label.to_string())).collect();
        (!labels.is_empty()).then(|| format!("labels {}", labels.join(", ")))
    }

    /// The losses of the picture itself, in order.
    pub fn losses(&self) -> impl Iterator<Item = &PictureLoss> {
        self.loss.iter().filter_map(LossChoice::loss)
    }

    /// The weight of the loss `aesthetic`; none if it is not asked for, or its weight is 0.
    #[must_use]
    pub fn aesthetic(&self) -> Option<f64> {
        let asked = self.losses().find(|loss| loss.kind == LossKind::Aesthetic);
        asked.map(|loss| loss.weight).filter(|weight| *weight != 0.0)
    }

    /// The input files of the picture, with the options that name them.
    #[must_use]
    pub fn input_files(&self) -> Vec<(&'static str, PathBuf)> {
        let init = self.init_image.iter().map(|path| ("init-image", path.clone()));
        let mask = self.mask.iter().filter_map(Mask::file).map(|path| ("mask", path.to_owned()));
        let palette = self.palette.iter().filter_map(|text| file_of(text)).map(|path| ("palette", path));
        let prompts = self.image_prompt.iter().map(|prompt| ("image-prompt", PathBuf::from(&prompt.value)));
        let losses = self.losses().filter_map(PictureLoss::file).map(|path| ("loss", path.to_owned()));
        let overlay = self.overlay.iter().map(|path| ("overlay", path.clone()));
        init.chain(mask).chain(overlay).chain(prompts).chain(palette).chain(losses).collect()
    }

    /// The number of iterations to run.
    #[must_use]
    pub fn iterations_to_run(&self) -> usize {
        self.stop_at.map_or(self.iterations, |stop| stop.min(self.iterations))
    }
}

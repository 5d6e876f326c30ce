//! What decides a picture: one [`Settings`], and the layers of [`Overrides`] it is made from.

mod aspect;
mod augmentations;
mod cut_batch;
mod drawer;
mod learning_rate;
mod pixel_shape;
mod prompt;
mod seed;
mod start_noise;
mod video;
mod weighted;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use aspect::Aspect;
pub use augmentations::{Augmentation, Augmentations};
pub use cut_batch::CutBatch;
pub use drawer::DrawerName;
pub use learning_rate::LearningRateDrops;
pub use pixel_shape::PixelShape;
pub use prompt::{Prompt, Prompts};
pub use seed::Seed;
pub use start_noise::StartNoise;
pub use video::{FrameRate, GifPalette, VideoSettings};
pub use weighted::Weighted;

use crate::device::DeviceChoice;
use crate::gpu::Precision;
use crate::models::Quality;
use crate::optimizer::OptimizerKind;
use crate::palette::{Dither, FEWEST_COLOURS, MOST_COLOURS, file_of};
use crate::picture::Size;
use crate::text::{number, whole_number};
use crate::{Error, Result};
use prompt::MOST as MOST_PROMPTS;

/// The most CLIP models that judge a picture.
const MOST_CLIPS: usize = 16;

/// Everything that decides a picture, resolved: the same settings give the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What the picture should look like
    pub prompt: Prompts,
    /// Pictures it should look like: files
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_prompt: Vec<Weighted>,
    /// Random features it should have: seeds
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noise_prompt: Vec<Weighted>,
    /// What draws
    #[serde(default)]
    pub drawer: DrawerName,
    /// The VQGAN that draws where that is the drawer: a model's name or a path
    pub vqgan: String,
    /// The CLIP models that judge: names or paths, at least one
    pub clip: Vec<String>,
    /// The picture's size, in pixels
    pub size: Size,
    /// Iterations the schedule is made for, 0 to 1,000,000
    pub iterations: usize,
    /// Iterations after which to stop early; none for the whole schedule
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_at: Option<usize>,
    /// Whether to stop when the loss falls no further
    #[serde(default)]
    pub auto_stop: bool,
    /// What all random numbers come from
    pub seed: Seed,
    /// Cutouts each CLIP sees in an iteration, 1 to 4096
    pub cutouts: usize,
    /// Cutouts judged at a time, 1 to 4096, or as many as the machine's memory allows
    pub cut_batch: CutBatch,
    /// What happens to cutouts
    pub augment: Augmentations,
    /// Largest standard deviation of the noise on a cutout, 0 to 10 (a picture's values are 0 to 1)
    pub cut_noise: f64,
    /// The optimiser
    pub optimizer: OptimizerKind,
    /// Its step, above 0 to 1000
    pub learning_rate: f64,
    /// When it is divided by ten
    pub learning_rate_drops: LearningRateDrops,
    /// A picture to start from
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_image: Option<PathBuf>,
    /// How strongly the latent is held to that picture's, or to the prior's, 0 to 1000
    pub init_weight: f64,
    /// What to start from without a picture
    pub init_noise: StartNoise,
    /// The shape of the pixel drawer's cells
    #[serde(default)]
    pub pixel_shape: PixelShape,
    /// How many of them there are across and down; none for other drawers
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_size: Option<Size>,
    /// How strongly neighbouring cells are drawn together, 0 to 1000
    #[serde(default)]
    pub smoothness: f64,
    /// Whether cells may vanish
    #[serde(default)]
    pub transparent: bool,
    /// How strongly they are drawn out of sight then, 0 to 1000
    #[serde(default)]
    pub alpha_weight: f64,
    /// The colours to draw with: what [`crate::palette::Palette::load`] reads
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub palette: Option<String>,
    /// How many colours of its own to draw with, 2 to 256; none for as many as there are
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colors: Option<usize>,
    /// How strongly the picture is pulled to them at the end of the run, 0 to 1000
    #[serde(default)]
    pub palette_weight: f64,
    /// How colours between them are shown
    #[serde(default)]
    pub dither: Dither,
    /// Pixels across a cell of what is written, 1 to 256; none for the picture's size
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_zoom: Option<usize>,
    /// What to compute on
    #[serde(default)]
    pub device: DeviceChoice,
    /// How exactly a GPU multiplies matrices
    #[serde(default)]
    pub precision: Precision,
    /// Pictures a second of a moving picture
    #[serde(default)]
    pub fps: FrameRate,
    /// Every which iteration is a frame of it, 1 to 1,000,000
    #[serde(default = "every")]
    pub frame_every: usize,
    /// How long it is, above 0 to 3600 seconds; none for as long as its frames take
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// How long its last frame stays, 0 to 3600 seconds
    #[serde(default)]
    pub hold: f64,
    /// Whether it runs backwards, too
    #[serde(default)]
    pub boomerang: bool,
    /// What a GIF's colours are chosen for
    #[serde(default)]
    pub gif_palette: GifPalette,
}

/// Every iteration
fn every() -> usize {
    1
}

/// Settings that some source names: the command line, a recipe, the environment, a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, default)]
pub struct Overrides {
    /// What the picture should look like
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompts>,
    /// draft, normal, better or best
    ///
    /// How much work to spend: the picture's size, iterations and cutouts.
    #[arg(long, value_name = "NAME", help_heading = "Picture")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", help_heading = "Picture")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// Shape: square, portrait, widescreen, W:H or retain
    ///
    /// Portrait is 4:5, widescreen 16:9; retain is the init image's. The picture gets about as many pixels as
    /// the quality gives it.
    #[arg(long, value_name = "SHAPE", conflicts_with = "size", help_heading = "Picture")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect: Option<Aspect>,
    /// Number of iterations
    #[arg(short = 'n', long, value_name = "N", help_heading = "Picture", value_parser = whole_number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<usize>,
    /// Stop after so many iterations, with the schedule of all of them
    #[arg(long, value_name = "N", help_heading = "Picture", value_parser = whole_number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_at: Option<usize>,
    /// Stop when the loss falls no further
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(help_heading = "Picture")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_stop: Option<bool>,
    /// A number or a word all chance comes from
    #[arg(short, long, value_name = "SEED", help_heading = "Picture", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<Seed>,
    /// A picture it should look like, too; may be given several times
    #[arg(long, value_name = "FILE[:WEIGHT]", help_heading = "Picture")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_prompt: Option<Vec<Weighted>>,
    /// A random direction no words lead to; may be given several times
    #[arg(long, value_name = "SEED[:WEIGHT]", help_heading = "Picture", value_parser = weighted::seed)]
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "weighted::seeds")]
    pub noise_prompt: Option<Vec<Weighted>>,
    /// A picture to start from
    #[arg(long, value_name = "FILE", help_heading = "Start")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_image: Option<PathBuf>,
    /// Hold the latent to the init image's, or the prior's picture's, this strongly
    ///
    /// Where nothing is asked for the embedded model's is held to its prior's by 0.5, and cells to their colours by 20.
    #[arg(long, value_name = "WEIGHT", help_heading = "Start", allow_negative_numbers = true, value_parser = number)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_weight: Option<f64>,
    /// What to start from without a picture: random codes, noise, grey (none), or the prior's picture of the prompt
    #[arg(long, value_name = "NAME", help_heading = "Start")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_noise: Option<StartNoise>,
    /// VQGAN and CLIP models to use
    ///
    /// A model brings the amounts of work that suit it; --vqgan and --clip take others.
    #[arg(long, value_name = "NAME", help_heading = "Models")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The VQGAN that draws: a name, or a model's folder or weight file
    #[arg(long, value_name = "NAME", help_heading = "Models")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vqgan: Option<String>,
    /// The CLIP models that judge, separated by commas: names, folders or weight files
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "Models")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<Vec<String>>,
    /// Cutouts each CLIP sees in an iteration
    #[arg(long, value_name = "N", help_heading = "Guidance", value_parser = whole_number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutouts: Option<usize>,
    /// Cutouts judged at a time, which decides memory: a number, or auto for what the machine holds
    #[arg(long, value_name = "N", help_heading = "Guidance", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_batch: Option<CutBatch>,
    /// What happens to cutouts: none, or some of crop, perspective, affine, flip, jitter, erase
    #[arg(long, value_name = "LIST", help_heading = "Guidance")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment: Option<Augmentations>,
    /// Largest deviation of the noise on a cutout, where a picture's values are 0 to 1
    #[arg(long, value_name = "X", help_heading = "Guidance", allow_negative_numbers = true, value_parser = number)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_noise: Option<f64>,
    /// What turns gradients into steps
    #[arg(long, value_name = "NAME", help_heading = "Guidance")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<OptimizerKind>,
    /// The optimizer's step
    #[arg(long, value_name = "X", help_heading = "Guidance", allow_negative_numbers = true, value_parser = number)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// When to divide it by ten: iterations (150) or per cent (75%), separated by commas, or none
    #[arg(long, value_name = "LIST", help_heading = "Guidance")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate_drops: Option<LearningRateDrops>,
    /// What draws: a vqgan, or pixel: cells of plain colours
    ///
    /// A drawer brings the size and the step that suit it.
    #[arg(long, value_name = "NAME", help_heading = "Drawer")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawer: Option<DrawerName>,
    /// The shape of cells: rect, shift (bricks), hex, tri, diamond or knit
    #[arg(long, value_name = "NAME", help_heading = "Drawer")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixel_shape: Option<PixelShape>,
    /// Cells across and down [default: about 80 across, squares]
    #[arg(long, value_name = "WxH", help_heading = "Drawer")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixel_size: Option<Size>,
    /// Make cells this many times as large; 2 makes a quarter as many
    #[arg(long, value_name = "X", help_heading = "Drawer", value_parser = number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixel_scale: Option<f64>,
    /// Draw the colours of neighbouring cells together, this strongly
    #[arg(long, value_name = "WEIGHT", help_heading = "Drawer", value_parser = number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smoothness: Option<f64>,
    /// Let cells vanish that the picture does not need: a PNG with transparency
    ///
    /// Each cell has an alpha, which is pulled down; in the end those below one half are left out, of the SVG, too. GIFs
    /// and MP4s show what is left over white.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(help_heading = "Drawer")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transparent: Option<bool>,
    /// Pull the alphas of --transparent down, this strongly
    #[arg(long, value_name = "WEIGHT", help_heading = "Drawer", value_parser = number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha_weight: Option<f64>,
    /// Pixel art: cells in few colours of the picture's own
    ///
    /// The same as --drawer pixel --colors 24.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(help_heading = "Drawer")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixel_art: Option<bool>,
    /// Write rectangular cells with this many pixels across, 1 for a pixel each
    #[arg(long, value_name = "N", help_heading = "Drawer", value_parser = whole_number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixel_zoom: Option<usize>,
    /// Draw in these colours alone: names, red->white\8, a file; `text2art palettes` shows some
    ///
    /// Names of CSS and xkcd, hexadecimal numbers, ramps such as `black->navy\4;gold`, a palette's name, a picture, or
    /// a .gpl, .act, .hex or .pal file.
    #[arg(long, value_name = "COLOURS", help_heading = "Colours")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub palette: Option<String>,
    /// Draw in this many colours, which are found when half of the iterations are done
    #[arg(long, value_name = "N", help_heading = "Colours", value_parser = whole_number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colors: Option<usize>,
    /// Pull the picture to its colours while it is drawn, this strongly at the end
    #[arg(long, value_name = "WEIGHT", help_heading = "Colours", value_parser = number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub palette_weight: Option<f64>,
    /// How to show colours between them: none, bayer2, bayer4 or floyd-steinberg
    #[arg(long, value_name = "NAME", help_heading = "Colours")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dither: Option<Dither>,
    /// What to compute on: auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "NAME", help_heading = "Machine")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceChoice>,
    /// How exactly a GPU multiplies matrices: f32, tf32 or bf16
    ///
    /// What is added up, and everything else, is f32; the processor computes in f32 throughout.
    #[arg(long, value_name = "NAME", help_heading = "Machine")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
    /// Pictures a second of a GIF or an MP4, such as 25, 23.976 or 30000/1001
    ///
    /// A GIF counts time in hundredths of a second and shows at most 50 pictures a second; others are left out of it.
    #[arg(long, value_name = "RATE", help_heading = "Moving pictures", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fps: Option<FrameRate>,
    /// Take every Nth iteration's picture as a frame; the last one always is
    #[arg(long, value_name = "N", help_heading = "Moving pictures", value_parser = whole_number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_every: Option<usize>,
    /// How long to play, everything included; frames are chosen to fit
    #[arg(long, value_name = "SECONDS", help_heading = "Moving pictures", value_parser = number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// How long the last picture stays
    #[arg(long, value_name = "SECONDS", help_heading = "Moving pictures", value_parser = number, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<f64>,
    /// Play backwards, too
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(help_heading = "Moving pictures")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boomerang: Option<bool>,
    /// Choose a GIF's colours for each frame, or global: for all frames at the end
    #[arg(long, value_name = "KIND", help_heading = "Moving pictures")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gif_palette: Option<GifPalette>,
}

impl Settings {
    /// Checks every range.
    ///
    /// # Errors
    /// Where a value is outside its range, with the option's name.
    pub fn validate(&self) -> Result<()> {
        let wrong = |option: &str, value: String, range: &str| {
            Err(Error::usage(format!("--{option} {value} is out of range"), format!("give a value {range}")))
        };
        let count = |option: &str, value: usize| {
            if (1..=4096).contains(&value) { Ok(()) } else { wrong(option, value.to_string(), "from 1 to 4096") }
        };
        let number = |option: &str, value: f64, most: f64, zero: bool| {
            if value <= most && (value > 0.0 || (zero && value == 0.0)) {
                return Ok(());
            }
            let range = if zero { format!("from 0 to {most}") } else { format!("above 0, at most {most}") };
            wrong(option, value.to_string(), &range)
        };
        if self.iterations > 1_000_000 {
            return wrong("iterations", self.iterations.to_string(), "from 0 to 1000000");
        }
        if let Some(stop) = self.stop_at.filter(|stop| *stop > 1_000_000) {
            return wrong("stop-at", stop.to_string(), "from 0 to 1000000");
        }
        if self.vqgan.is_empty() {
            return Err(Error::usage("--vqgan names no model", "give the name or the path of a VQGAN"));
        }
        if self.clip.is_empty() || self.clip.iter().any(String::is_empty) {
            return Err(Error::usage("--clip names no model", "give the name or the path of a CLIP model"));
        }
        let lists = [
            ("clip", self.clip.len(), MOST_CLIPS),
            ("image-prompt", self.image_prompt.len(), MOST_PROMPTS),
            ("noise-prompt", self.noise_prompt.len(), MOST_PROMPTS),
        ];
        if let Some((option, count, most)) = lists.into_iter().find(|(_, count, most)| count > most) {
            return Err(Error::usage(format!("--{option} names {count}"), format!("give {most} at most")));
        }
        if self.init_image.as_ref().is_some_and(|path| path.to_str().is_none()) {
            let hint = "rename the file: a recipe keeps its name as text";
            return Err(Error::usage("the init image's name is no text (UTF-8)", hint));
        }
        count("cutouts", self.cutouts)?;
        if let CutBatch::Count(batch) = self.cut_batch {
            count("cut-batch", batch)?;
        }
        number("cut-noise", self.cut_noise, 10.0, true)?;
        number("learning-rate", self.learning_rate, 1000.0, false)?;
        number("init-weight", self.init_weight, 1000.0, true)?;
        number("smoothness", self.smoothness, 1000.0, true)?;
        number("alpha-weight", self.alpha_weight, 1000.0, true)?;
        number("palette-weight", self.palette_weight, 1000.0, true)?;
        self.validate_colours()?;
        self.video().validate()
    }

    /// Whether the picture is to have a palette's colours alone.
    #[must_use]
    pub fn has_few_colours(&self) -> bool {
        self.palette.is_some() || self.colors.is_some()
    }

    fn validate_colours(&self) -> Result<()> {
        if let Some(count) = self.colors.filter(|count| !(FEWEST_COLOURS..=MOST_COLOURS).contains(count)) {
            let problem = format!("--colors {count} is out of range");
            return Err(Error::usage(problem, format!("give a value from {FEWEST_COLOURS} to {MOST_COLOURS}")));
        }
        let Some(zoom) = self.pixel_zoom else { return Ok(()) };
        if !(1..=256).contains(&zoom) {
            return Err(Error::usage(format!("--pixel-zoom {zoom} is out of range"), "give a value from 1 to 256"));
        }
        Ok(())
    }

    /// How a moving picture is made of the run's pictures.
    #[must_use]
    pub fn video(&self) -> VideoSettings {
        VideoSettings {
            fps: self.fps,
            frame_every: self.frame_every,
            seconds: self.seconds,
            hold: self.hold,
            boomerang: self.boomerang,
            gif_palette: self.gif_palette,
        }
    }

    /// The files the picture is made from, with the options that name them.
    #[must_use]
    pub fn input_files(&self) -> Vec<(&'static str, PathBuf)> {
        let init = self.init_image.iter().map(|path| ("init-image", path.clone()));
        let palette = self.palette.iter().filter_map(|text| file_of(text)).map(|path| ("palette", path));
        let prompts = self.image_prompt.iter().map(|prompt| ("image-prompt", PathBuf::from(&prompt.value)));
        init.chain(prompts).chain(palette).collect()
    }

    /// Iterations that are run.
    #[must_use]
    pub fn iterations_to_run(&self) -> usize {
        self.stop_at.map_or(self.iterations, |stop| stop.min(self.iterations))
    }
}

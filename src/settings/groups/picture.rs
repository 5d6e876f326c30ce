//! The options for the subject of a picture, its size, and how long it is drawn.

use super::choice_or_none;
use crate::picture::Tile;
use crate::settings::prompt::MOST as MOST_PROMPTS;
use crate::settings::{Prompt, StyleName, Weighted};
use crate::{Error, Result};

/// The most styles of one picture.
const MOST_STYLES: usize = 16;

group! {
    picture "Picture" {
        setting prompt: always crate::settings::Prompts {
            /// What the picture should look like
            by: Requests,
        },
        asked quality: crate::models::Quality {
            /// Draft, normal, better or best
            ///
            /// Sets the size of the picture, and the number of iterations and cutouts.
            value: "NAME",
            shown: "normal",
            by: Requests,
        },
        setting size: always crate::picture::Size {
            /// Width and height in pixels
            value: "WxH",
            by: Requests,
        },
        asked aspect: crate::settings::Aspect {
            /// Shape: square, portrait, widescreen, W:H or retain
            ///
            /// `portrait` is 4:5, `widescreen` is 16:9, and `retain` keeps the shape of --init-image. --quality still
            /// determines the approximate number of pixels.
            value: "SHAPE",
            arg: |argument| argument.conflicts_with("size"),
            by: Requests,
        },
        setting iterations: always usize {
            /// Number of iterations
            value: "N",
            arg: |argument| whole_number(argument).short('n'),
            range: Range::whole(0, 1_000_000),
            by: Requests,
        },
        setting stop_at: maybe usize {
            /// Stop after N iterations, but schedule everything as for a full run
            ///
            /// Learning-rate drops, --colors and video frames come when they would with all --iterations.
            value: "N",
            arg: whole_number,
            range: Range::whole(0, 1_000_000),
            by: Requests,
        },
        setting auto_stop: one bool {
            /// Stop when the loss stops improving
            value: "BOOL",
            arg: switch,
            default: false,
            by: Requests,
        },
        setting seed: drawn crate::settings::Seed {
            /// Seed: a number, any word, or random
            ///
            /// Everything random follows from the seed: the same seed gives the same picture. `random` chooses a new
            /// number, which the run prints and the recipe keeps. In a batch, each picture gets its own.
            value: "SEED",
            arg: |argument| signed(argument).short('s').value_parser(clap::value_parser!(crate::settings::SeedChoice)),
            default: crate::settings::Seed::default(),
            by: Requests,
        },
        setting style: several crate::settings::StyleName {
            /// Also steer toward these styles (comma-separated), or `none`
            ///
            /// `text2art styles` lists the names. All styles together are one additional prompt with the weight
            /// --style-weight. CLIP compares it with separate, smaller cutouts, half as many as --cutouts, so it changes
            /// surfaces more than the composition. If --init-noise prior draws the first picture, the styles are also added
            /// to each prompt for that picture.
            ///
            /// The embedded model ignores styles that it does not know, with a warning.
            value: "NAMES",
            arg: |argument| argument.value_delimiter(','),
            check: picture::check_styles,
            by: Requests,
        },
        setting style_weight: maybe f64 {
            /// Weight of all styles together; a prompt has weight 1
            value: "WEIGHT",
            arg: number,
            shown: "0.5",
            range: Range::above(0.0, 1000.0),
            by: Requests,
        },
        setting upscale: maybe usize {
            /// Enlarge the finished picture 2 to 4 times; 1 turns it off
            ///
            /// All files show the enlarged picture, and movies enlarge each frame. --upscaler decides how. Cells, and
            /// pictures of few colors (--colors, --palette), are enlarged by repeating pixels, without blur.
            value: "FACTOR",
            arg: whole_number,
            shown: "4 for the embedded model, unless --size is given",
            range: Range::whole(1, 4),
            by: Requests,
        },
        setting hires: optional f64 {
            /// Draw FACTOR times smaller first, then add details at the full size; `none` turns this off
            ///
            /// The first four fifths of the iterations draw a smaller picture, in which large shapes succeed better and
            /// which takes less time. It is enlarged and encoded again, and the other iterations continue with it.
            /// --size is the full size; without --size, the picture is FACTOR times as large as otherwise.
            value: "FACTOR",
            arg: number_or_none,
            read: "crate::settings::or_none::number",
            range: Range::above(1.0, 8.0),
            by: Requests,
        },
        setting tile: optional crate::picture::Tile {
            /// Make a tile: a picture that repeats without a seam; `none` turns tiling off
            ///
            /// The edges that continue each other are left and right (x), top and bottom (y), or both pairs (both).
            /// --tile without a value means both. With half-drop, every other column of copies is half a picture lower,
            /// as in many wallpapers. --upscale and --hires keep the edges. If a model draws only some sizes, a tile is
            /// resampled to the size that you ask for instead of cropped.
            value: "HOW",
            arg: picture::tiling,
            by: Requests,
        },
        setting label: several crate::settings::Prompt {
            /// Also steer toward this thing, read in seven sentences instead of one; may be repeated
            ///
            /// CLIP reads its name in sentences such as `a photo of the large ...` and `art of the ...`, and their mean
            /// counts. That says more clearly what the thing is than its name alone.
            value: "TEXT[:WEIGHT[:STOP]]",
            check: picture::check_labels,
            by: Requests,
        },
        setting image_prompt: several crate::settings::Weighted {
            /// Also steer toward this image; may be repeated
            value: "FILE[:WEIGHT]",
            check: picture::check_image_prompts,
        },
        setting image_stop: maybe f64 {
            /// Distance from the images of --image-prompt at which the picture is no longer steered toward them
            ///
            /// This works like the stop of a prompt: a cutout that is closer to an image is left as it is. The picture
            /// is steered away from an image with a negative weight only while it is closer than that. Distances are
            /// from 0 to 4.93.
            value: "DISTANCE",
            arg: number,
            range: Range::new(0.0, 5.0),
            by: Requests,
        },
        setting recut_images: maybe bool {
            /// Compare each cutout with the same cutout of the images of --image-prompt
            ///
            /// Then the picture also gets the layout and the textures of an image. Without this option, each cutout is
            /// compared with the whole image, so only the content of the image counts. For each image, this takes as
            /// long as the forward pass of another set of cutouts.
            value: "BOOL",
            arg: switch,
            by: Requests,
        },
        setting noise_prompt: several crate::settings::Weighted {
            /// Also steer toward a random CLIP embedding generated from SEED; may be repeated
            value: "SEED[:WEIGHT]",
            arg: |argument| argument.value_parser(crate::settings::weighted::seed),
            read: "crate::settings::weighted::seeds",
            check: picture::check_noise_prompts,
            by: Requests,
        },
        setting no_text: maybe f64 {
            /// Steer away from letters; 0 turns it off
            ///
            /// CLIP models like to write the words of a prompt into the picture. This option steers the picture along
            /// the direction from pictures with letters to the same pictures without them. The direction is computed
            /// once for each CLIP model, and kept. A prompt has weight 1.
            value: "WEIGHT",
            arg: |argument| number_or(argument, "0.1"),
            range: Range::new(0.0, 1000.0),
            by: Requests,
        },
    }
}

/// Reads `--tile`, which means both, or a way to tile after it.
pub(super) fn tiling(argument: clap::Arg) -> clap::Arg {
    let argument = choice_or_none::<Tile>(argument, "No tile, even if a recipe or a configuration file asks for one");
    argument.num_args(0..=1).default_missing_value("both")
}

/// Checks the number of styles.
pub(super) fn check_styles(names: &[StyleName]) -> Result<()> {
    check_count("style", names.len(), MOST_STYLES)
}

/// Checks the number of labels.
pub(super) fn check_labels(labels: &[Prompt]) -> Result<()> {
    check_count("label", labels.len(), MOST_PROMPTS)
}

/// Checks the number of image prompts.
pub(super) fn check_image_prompts(prompts: &[Weighted]) -> Result<()> {
    check_count("image-prompt", prompts.len(), MOST_PROMPTS)
}

/// Checks the number of noise prompts.
pub(super) fn check_noise_prompts(prompts: &[Weighted]) -> Result<()> {
    check_count("noise-prompt", prompts.len(), MOST_PROMPTS)
}

/// Checks the number of values of an option.
pub(super) fn check_count(option: &str, count: usize, most: usize) -> Result<()> {
    if count > most {
        return Err(Error::usage(format!("‹{option}› has {count} values"), format!("give at most {most}")));
    }
    Ok(())
}

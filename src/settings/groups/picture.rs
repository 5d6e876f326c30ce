//! The options for the subject of a picture, its size, and how long it is drawn.

use crate::settings::prompt::MOST as MOST_PROMPTS;
use crate::settings::{StyleName, Weighted};
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
        setting seed: always crate::settings::Seed {
            /// Random seed: a number or any word
            value: "SEED",
            arg: |argument| signed(argument).short('s'),
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
        setting hires: maybe f64 {
            /// Draw FACTOR times smaller first, then add details at the full size
            ///
            /// The first four fifths of the iterations draw a smaller picture, in which large shapes succeed better and
            /// which takes less time. It is enlarged and encoded again, and the other iterations continue with it.
            /// --size is the full size; without --size, the picture is FACTOR times as large as otherwise.
            value: "FACTOR",
            arg: number,
            range: Range::above(1.0, 8.0),
            by: Requests,
        },
        setting tile: maybe crate::picture::Tile {
            /// Make a tile: copies of the picture beside it continue it without a seam
            ///
            /// The edges that continue each other are the left and the right one (x), the upper and the lower one (y), or
            /// all of them (both). Without a value, it is both. With half-drop, every other column of copies is half a
            /// picture lower, as in many wallpapers. --upscale and --hires keep the edges. Tiles of models that draw
            /// only some sizes are resampled to the size that was asked for instead of cropped.
            value: "HOW",
            arg: picture::tiling,
            by: Requests,
        },
        setting image_prompt: several crate::settings::Weighted {
            /// Also steer toward this image; may be repeated
            value: "FILE[:WEIGHT]",
            check: picture::check_image_prompts,
        },
        setting noise_prompt: several crate::settings::Weighted {
            /// Also steer toward a random CLIP embedding generated from SEED; may be repeated
            value: "SEED[:WEIGHT]",
            arg: |argument| argument.value_parser(crate::settings::weighted::seed),
            read: "crate::settings::weighted::seeds",
            check: picture::check_noise_prompts,
            by: Requests,
        },
    }
}

/// Reads `--tile`, which means both, or a way to tile after it.
pub(super) fn tiling(argument: clap::Arg) -> clap::Arg {
    argument.num_args(0..=1).default_missing_value("both")
}

/// Checks the number of styles.
pub(super) fn check_styles(names: &[StyleName]) -> Result<()> {
    check_count("style", names.len(), MOST_STYLES)
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

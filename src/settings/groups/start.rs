//! The options for the starting point of a picture.

use std::path::PathBuf;

use crate::{Error, Result};

group! {
    start "Start" {
        setting init_image: optional std::path::PathBuf {
            /// Image to start from; `none` removes the image
            ///
            /// For a file named `none`, write `./none`.
            value: "FILE",
            arg: |argument| argument.value_parser(clap::value_parser!(crate::settings::OrNone<std::path::PathBuf>)).value_hint(clap::ValueHint::AnyPath),
            check: start::check_image,
        },
        setting init_opacity: maybe f64 {
            /// Opacity of --init-image over what the run would start from without it (0 to 1)
            ///
            /// With less than 1, the image is mixed with the first picture of the embedded model, or with the noise of
            /// --init-noise, so that the prompts can change more of it.
            value: "SHARE",
            arg: number,
            shown: "1",
            range: Range::new(0.0, 1.0),
            by: Requests,
        },
        setting init_weight: always f64 {
            /// How strongly to keep the picture close to its starting point
            value: "WEIGHT",
            arg: number,
            shown: "1 if --init-noise prior is drawn by vqgan, 20 if by pixel or fft, 40 if by strokes, 1 if by line; else 0",
            range: Range::new(0.0, 1000.0),
            by: Requests,
        },
        setting init_pixel_weight: maybe f64 {
            /// How strongly to keep each pixel close to --init-image
            ///
            /// --init-weight keeps what the drawer changes close to the start: with vqgan, the latent, which leaves the
            /// pixels some freedom. You can give both.
            value: "WEIGHT",
            arg: number,
            shown: "0",
            range: Range::new(0.0, 1000.0),
            by: Requests,
        },
        setting init_noise: always crate::settings::StartNoise {
            /// What to start from without --init-image
            value: "NAME",
            default: crate::settings::StartNoise::Codes,
            by: Requests,
        },
        setting overlay: optional std::path::PathBuf {
            /// Image to lay over the picture again and again, for logos, frames and faces that should stay; `none` removes
            /// the image
            ///
            /// The run goes on from the picture with the image on it, so the image may change again until the next
            /// time. Transparent parts of the image change nothing. The image is resized and cropped like --init-image.
            ///
            /// For a file named `none`, write `./none`.
            value: "FILE",
            arg: |argument| argument.value_parser(clap::value_parser!(crate::settings::OrNone<std::path::PathBuf>)).value_hint(clap::ValueHint::AnyPath),
            check: start::check_overlay,
        },
        setting overlay_every: maybe usize {
            /// Lay --overlay over the picture every N iterations, beginning with the first
            value: "N",
            arg: whole_number,
            shown: "10",
            range: Range::whole(1, 1_000_000),
            by: Requests,
        },
        setting overlay_opacity: maybe f64 {
            /// Opacity of --overlay, in addition to its own transparency (0 to 1)
            value: "SHARE",
            arg: number,
            shown: "1",
            range: Range::above(0.0, 1.0),
            by: Requests,
        },
    }
}

/// Checks that a recipe can store the name.
#[allow(clippy::ref_option, reason = "the table passes a reference to the setting")]
pub(super) fn check_image(path: &Option<PathBuf>) -> Result<()> {
    check_name(path.as_ref(), "init image")
}

/// Checks that a recipe can store the name.
#[allow(clippy::ref_option, reason = "the table passes a reference to the setting")]
pub(super) fn check_overlay(path: &Option<PathBuf>) -> Result<()> {
    check_name(path.as_ref(), "overlay")
}

fn check_name(path: Option<&PathBuf>, what: &str) -> Result<()> {
    if path.is_some_and(|path| path.to_str().is_none()) {
        let hint = "rename the file: recipes store its name as text";
        return Err(Error::usage(format!("the name of the {what} is not valid UTF-8"), hint));
    }
    Ok(())
}

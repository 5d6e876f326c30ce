//! The options for the starting point of a picture.

use std::path::PathBuf;

use crate::{Error, Result};

group! {
    start "Start" {
        setting init_image: maybe std::path::PathBuf {
            /// Image to start from
            value: "FILE",
            check: start::check_image,
        },
        setting init_weight: always f64 {
            /// How strongly to keep the picture close to its starting point
            value: "WEIGHT",
            arg: number,
            shown: "1 if --init-noise prior is drawn by vqgan, 20 if by pixel or fft, 40 if by strokes, 1 if by line; else 0",
            range: Range::new(0.0, 1000.0),
            by: Requests,
        },
        setting init_noise: always crate::settings::StartNoise {
            /// What to start from without --init-image
            value: "NAME",
            default: crate::settings::StartNoise::Codes,
            by: Requests,
        },
    }
}

/// Checks that a recipe can store the name.
#[allow(clippy::ref_option, reason = "the table passes a reference to the setting")]
pub(super) fn check_image(path: &Option<PathBuf>) -> Result<()> {
    if path.as_ref().is_some_and(|path| path.to_str().is_none()) {
        let hint = "rename the file: recipes store its name as text";
        return Err(Error::usage("the name of the init image is not valid UTF-8", hint));
    }
    Ok(())
}

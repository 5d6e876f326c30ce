//! The options for the models that draw and judge. Requests to a server may not set them, because a name can be a path
//! or start a download.

use super::picture::check_count;
use crate::{Error, Result};

/// The most CLIP models that can judge a picture.
const MOST_CLIPS: usize = 16;

group! {
    models "Models" {
        asked model: String {
            /// VQGAN and CLIP models to use
            ///
            /// Each model has its own default size, iterations and cutouts. --vqgan and --clip override its VQGAN and its
            /// CLIP models.
            value: "NAME",
            shown: "embedded",
        },
        setting vqgan: always String {
            /// VQGAN that draws: a name, a folder, a weight file or a Hugging Face repository
            value: "NAME",
            default: crate::models::embedded::NAME.to_owned(),
            shown: "--model decides",
            check: models::check_vqgan,
        },
        setting clip: list String {
            /// CLIP models that judge the picture (comma-separated): names, folders, weight files or Hugging Face
            /// repositories
            value: "NAMES",
            arg: |argument| argument.value_delimiter(','),
            default: vec![crate::models::embedded::NAME.to_owned()],
            shown: "--model decides",
            check: models::check_clip,
        },
        setting upscaler: maybe String {
            /// What --upscale enlarges with: crisp (a filter that sharpens drawings), lanczos (a filter), or a network by
            /// its name, file or Hugging Face repository
            value: "NAME",
            shown: "crisp for the embedded model, otherwise lanczos",
            check: models::check_upscaler,
        },
    }
}

/// Checks that the name is not empty.
pub(super) fn check_vqgan(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::usage("‹vqgan› has an empty value", "give the name or the path of a VQGAN"));
    }
    Ok(())
}

/// Checks that the name is not empty.
#[allow(clippy::ref_option, reason = "the table passes a reference to the setting")]
pub(crate) fn check_upscaler(name: &Option<String>) -> Result<()> {
    if name.as_deref() == Some("") {
        return Err(Error::usage(
            "‹upscaler› has an empty value",
            "give `crisp`, `lanczos`, or the name or the path of an upscaler",
        ));
    }
    Ok(())
}

/// Checks that no name is empty, and that there are not too many.
pub(super) fn check_clip(names: &[String]) -> Result<()> {
    if names.is_empty() || names.iter().any(String::is_empty) {
        return Err(Error::usage("‹clip› has an empty value", "give the name or the path of a CLIP model"));
    }
    check_count("clip", names.len(), MOST_CLIPS)
}

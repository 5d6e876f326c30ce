//! The options for the file of a picture.

use super::{Overrides, Range};
use crate::Result;

/// What a JPEG calls quality.
pub(super) const QUALITY: Range = Range::whole(1, 100);

group! {
    output "Output" {
        setting picture_quality: maybe usize {
            /// Quality of a JPEG or a lossy WebP, from 1 to 100
            ///
            /// Without this option, a WebP is lossless. PNGs are always lossless, and ignore the option.
            value: "N",
            arg: |argument| whole_number(argument).display_order(900),
            shown: "90 for JPEG",
            range: output::QUALITY,
        },
    }
}

/// The quality of a picture's file, for verbs that do not combine settings.
///
/// # Errors
/// If it is out of range.
pub(crate) fn checked_quality(overrides: &Overrides) -> Result<Option<usize>> {
    QUALITY.check("picture-quality", &overrides.picture_quality)?;
    Ok(overrides.picture_quality)
}

//! The option for the file of a picture, for verbs that take no other settings.

use crate::settings::{Choice, OptionInfo};

/// Takes the quality of the file.
pub(in crate::cli) struct Encoded;

impl Choice for Encoded {
    fn takes(option: &OptionInfo) -> bool {
        option.name == "picture_quality"
    }
}

//! The options of moving pictures, for verbs that make them from existing pictures.

use std::marker::PhantomData;

use crate::Result;
use crate::settings::{Choice, Chosen, OptionInfo, VideoSettings};

/// What a verb makes a moving picture from.
pub(in crate::cli) trait Frames {
    /// The help of `--frame-every`
    const FRAME_EVERY: &'static str;
}

/// Takes the settings of moving pictures.
pub(in crate::cli) struct Moving<F>(PhantomData<F>);

impl<F: Frames> Choice for Moving<F> {
    fn takes(option: &OptionInfo) -> bool {
        option.group == VideoSettings::GROUP
    }

    fn help(option: &OptionInfo) -> Option<&'static str> {
        (option.name == "frame_every").then_some(F::FRAME_EVERY)
    }
}

/// The settings that the options give.
///
/// # Errors
/// If a value is out of range, or two do not go together.
pub(in crate::cli) fn resolved<F: Frames>(moving: &Chosen<Moving<F>>) -> Result<VideoSettings> {
    let video = VideoSettings::resolved(moving.overrides.clone());
    video.validate()?;
    Ok(video)
}

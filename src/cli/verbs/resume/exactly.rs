//! `--exactly`: a run that continues must end with the bytes of an uninterrupted one.

use std::path::Path;

use crate::files::frames_of;
use crate::output::{Beside, Products};
use crate::video::check_kept_frames;
use crate::{Error, Result};

/// Refuses a checkpoint of another program or kind of device, which `others` name, and one whose movies lack frames.
pub(super) fn check(
    checkpoint: &Path,
    others: &[Option<String>],
    products: &Products,
    beside: &Beside,
    iteration: usize,
) -> Result<()> {
    let refusal = |problem| Err(Error::file(checkpoint, problem, "draw the picture again"));
    if let Some(other) = others.iter().flatten().next() {
        return refusal(format!("the checkpoint was made with {other}"));
    }
    if products.movies().next().is_none() || iteration == 0 {
        return Ok(());
    }
    match &beside.kept_frames {
        Some(kept) => check_kept_frames(&frames_of(checkpoint), kept),
        None => refusal("the checkpoint has no frames of its movies".to_owned()),
    }
}

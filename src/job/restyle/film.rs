//! Makes a movie of the finished frames in a folder.

use std::path::{Path, PathBuf};

use crate::job::Progress;
use crate::output::{Product, Products, Recipe};
use crate::picture::{self, Size};
use crate::progress::Event;
use crate::settings::VideoSettings;
use crate::video::{Folder, Recorder, Timing};
use crate::{Error, Result};

/// Makes a movie of the first `count` frames in a folder, at least one, with the recipe of the last. With a timing, each frame
/// is shown for its slots; otherwise as the settings say. Returns the path.
///
/// # Errors
/// If a frame cannot be read, or the movie cannot be written.
pub fn film_of(
    product: &Product,
    video: &VideoSettings,
    (folder, count): (&Path, usize),
    timing: Option<&Timing>,
    progress: &dyn Progress,
) -> Result<PathBuf> {
    let last = count.saturating_sub(1);
    let first = picture::layered_dimensions(&Folder::frame(folder, 0))?;
    let mut recorder = Recorder::start(&Products::new(product.clone(), Vec::new()), video, first, 0..=last)?;
    let slots_of = |frame: usize| timing.and_then(|timing| timing.slots.get(frame).copied());
    let shown: Vec<usize> = (0..count).filter(|frame| slots_of(*frame).is_some() || recorder.wants(*frame)).collect();
    progress.tell(Event::Encoding { frames: shown.len() });
    for (number, frame) in shown.into_iter().enumerate() {
        // A failure is reported at the end.
        if recorder.problems().next().is_some() {
            break;
        }
        // Nothing follows the last frame, so it is also shown for as long as other frames fade.
        let times = if frame == last { video.blend.unwrap_or(0) + 1 } else { 1 };
        let slots = slots_of(frame).map(|slots| slots * times);
        let path = Folder::frame(folder, frame);
        let pixels = picture::read_layered(&path)?;
        if Size::of(&pixels) != first {
            let hint = "redraw the film with ‹force›";
            return Err(Error::file(path, "this frame is not the same size as the first", hint));
        }
        match slots {
            Some(slots) => {
                let fading = frame.checked_sub(1).and_then(slots_of).unwrap_or(0);
                recorder.push_for(frame, (slots, fading), pixels);
            }
            None => recorder.push(frame, pixels, None),
        }
        progress.tell(Event::Encoded { frame: number });
    }
    let recipe = Recipe::read(&Folder::frame(folder, last)).ok();
    let made = recorder.end(recipe).into_iter().next();
    made.unwrap_or_else(|| Err(Error::fault("the encoder made no file")))
}

//! Digests of everything that determines the frames of a restyled film. A frame whose digest is known is not drawn again.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Restyle;
use crate::device::DeviceChoice;
use crate::files::to_hex;
use crate::models::ModelRecord;
use crate::output::InputRecord;
use crate::session::{Models, Plan, prior_record};
use crate::settings::{Settings, VideoSettings};
use crate::{Error, Result};

/// The digests of a film's frames.
pub(super) struct Keys {
    /// The digest of what all frames have in common
    common: String,
    /// The digest of what each frame is drawn from
    drawn: Vec<String>,
    /// Whether neighbors are mixed into each frame
    is_smooth: bool,
}

/// What all frames have in common.
#[derive(Serialize)]
struct Common<'a> {
    program: &'a str,
    settings: &'a Settings,
    device: String,
    memory: f64,
    smooth: f64,
    models: Vec<ModelRecord>,
    inputs: &'a [InputRecord],
}

impl Keys {
    /// The digests of the frames of a film.
    ///
    /// # Errors
    /// If the file of a model cannot be read again.
    pub(super) fn new(restyle: &Restyle, plan: &Plan, models: &Models) -> Result<Self> {
        // How files are encoded and where the source frames are does not affect any frame.
        let (init_image, device, picture_quality) = (None, DeviceChoice::Auto, None);
        let settings = Settings {
            init_image,
            device,
            picture_quality,
            ..plan.settings().clone().with_video(VideoSettings::default())
        };
        let common = Common {
            program: crate::PROGRAM,
            settings: &settings,
            device: plan.device().kind(),
            memory: restyle.memory,
            smooth: restyle.smooth,
            models: models.records()?.into_iter().chain(prior_record(plan.settings())).collect(),
            inputs: &restyle.inputs,
        };
        let common = serde_json::to_string(&common);
        let common = common.map_err(|error| Error::fault(format!("cannot write the settings: {error}")))?;
        Ok(Self::of(&digest(&[&common]), &restyle.survey.digests, restyle.memory > 0.0, restyle.smooth > 0.0))
    }

    /// The digests of frames whose sources have these digests. If frames are linked, each depends on all frames before it.
    fn of(common: &str, frames: &[String], is_linked: bool, is_smooth: bool) -> Self {
        let mut before = digest(&[common]);
        let mut drawn = Vec::with_capacity(frames.len());
        for frame in frames {
            let key = digest(&[&before, frame]);
            if is_linked {
                before.clone_from(&key);
            }
            drawn.push(key);
        }
        Self { common: common.to_owned(), drawn, is_smooth }
    }

    /// What all frames have in common.
    pub(super) fn common(&self) -> &str {
        &self.common
    }

    /// The number of frames.
    pub(super) fn count(&self) -> usize {
        self.drawn.len()
    }

    /// The digest of a frame before its neighbors are mixed into it.
    pub(super) fn drawn(&self, frame: usize) -> &str {
        self.drawn.get(frame).map_or("", String::as_str)
    }

    /// The digest of the file of a frame.
    pub(super) fn delivered(&self, frame: usize) -> String {
        if !self.is_smooth {
            return self.drawn(frame).to_owned();
        }
        let before = frame.checked_sub(1).map_or("", |before| self.drawn(before));
        digest(&[before, self.drawn(frame), self.drawn(frame + 1)])
    }
}

/// The digest of texts, none of which contains a line break.
fn digest(texts: &[&str]) -> String {
    to_hex(&Sha256::digest(texts.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(frames: &[&str], is_linked: bool, is_smooth: bool) -> Vec<String> {
        let frames: Vec<String> = frames.iter().map(|frame| (*frame).to_owned()).collect();
        let keys = Keys::of("settings", &frames, is_linked, is_smooth);
        (0..keys.count()).map(|frame| keys.delivered(frame)).collect()
    }

    /// Which frames differ between two films.
    fn changed(one: &[&str], other: &[&str], is_linked: bool, is_smooth: bool) -> Vec<usize> {
        let (one, other) = (keys(one, is_linked, is_smooth), keys(other, is_linked, is_smooth));
        (0..one.len()).filter(|frame| one.get(*frame) != other.get(*frame)).collect()
    }

    #[test]
    fn a_frame_depends_on_what_it_is_made_of() {
        let (before, after) = (["a", "b", "c", "d", "e"], ["a", "b", "x", "d", "e"]);
        assert_eq!(changed(&before, &after, false, false), [2]);
        assert_eq!(changed(&before, &after, true, false), [2, 3, 4]);
        assert_eq!(changed(&before, &after, false, true), [1, 2, 3]);
        assert_eq!(changed(&before, &after, true, true), [1, 2, 3, 4]);
        // A longer film has another last frame only if its neighbors count.
        let longer = ["a", "b", "c", "d", "e", "f"];
        assert_eq!(changed(&before, &longer, true, false), [0; 0]);
        assert_eq!(changed(&before, &longer, true, true), [4]);
        // The same picture twice is two frames of a linked film.
        let twice = keys(&["a", "a"], true, false);
        assert_ne!(twice[0], twice[1]);
    }
}

//! The files of an unfinished film: its frames, and what the next run needs to continue.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use image::RgbImage;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files::{Existing, lock, read_regular, remove_if_present, to_hex, write_whole};
use crate::output::{Recipe, encode_pixels};
use crate::session::Trace;
use crate::video::Folder;
use crate::{Error, Result};

/// The key of the head in the metadata of a state.
const HEAD: &str = "text2art frame";
/// The largest file of a state that is read, in bytes.
const LARGEST_STATE: u64 = 1 << 30;
/// The file that a run locks.
const LOCK: &str = "lock";
/// The file that says which film the folder is for, and where its frames are.
const PURPOSE: &str = "film";
/// The folder for frames that are not kept in the end.
const FRAMES: &str = "frames";
/// The largest [`PURPOSE`] file that is read, in bytes.
const LARGEST_PURPOSE: u64 = 4096;
/// The picture of a frame that has no file of its own.
const SOURCE: &str = "source.png";

/// An unfinished film.
pub(super) struct Work {
    /// The folder of the finished frames
    frames: PathBuf,
    /// The folder of everything else
    folder: PathBuf,
    lock: Option<File>,
}

/// What is kept of a frame in addition to its picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) trace: Trace,
    pub(super) iterations: usize,
    pub(super) loss: Option<f64>,
    pub(super) first_fit: Option<f64>,
}

/// Everything in the file of a state except numbers. Fractions are stored by their bits, so that they come back exactly.
#[derive(Serialize, Deserialize)]
struct Head {
    key: String,
    palette: Option<Vec<[u8; 3]>>,
    iterations: usize,
    loss: Option<u64>,
    first_fit: Option<u64>,
}

impl Work {
    /// Creates the folders that are missing, and locks the work.
    ///
    /// # Errors
    /// If a folder cannot be created, or another run is drawing the film.
    pub(super) fn open(frames: &Path, folder: &Path) -> Result<Self> {
        for folder in [folder, frames] {
            std::fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
        }
        let path = folder.join(LOCK);
        let fault = |source| Error::Write { path: path.clone(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(fault)?;
        if !lock(&file).map_err(fault)? {
            let hint = "wait until the other run is done, or choose another name";
            return Err(Error::file(folder, "another run is drawing this film", hint));
        }
        Ok(Self { frames: frames.to_owned(), folder: folder.to_owned(), lock: Some(file) })
    }

    /// Whether an interrupted run of the same film left this folder, and wrote its frames to the same place. `common` is what
    /// all frames of the film have in common.
    pub(super) fn is_for(&self, common: &str) -> bool {
        purpose(&self.folder).is_some_and(|found| found == (common.to_owned(), place(&self.frames)))
    }

    /// Records what all frames have in common, and the folder of the frames.
    ///
    /// # Errors
    /// If the disk is full.
    pub(super) fn note(&self, common: &str) -> Result<()> {
        let text = format!("{common}\n{}\n", place(&self.frames));
        write_whole(&self.folder.join(PURPOSE), text.as_bytes(), Existing::Replace)
    }

    /// Writes the file of a frame.
    ///
    /// # Errors
    /// If the disk is full.
    pub(super) fn deliver(&self, frame: usize, png: &[u8]) -> Result<()> {
        write_whole(&Folder::frame(&self.frames, frame), png, Existing::Replace)
    }

    /// Writes a frame of the source that has no file of its own, and returns its path. The next one replaces it.
    ///
    /// # Errors
    /// If the disk is full.
    pub(super) fn source(&self, picture: RgbImage) -> Result<PathBuf> {
        let path = self.folder.join(SOURCE);
        write_whole(&path, &encode_pixels(&picture.into(), None, None)?, Existing::Replace)?;
        Ok(path)
    }

    /// Keeps the state of a frame.
    ///
    /// # Errors
    /// If the disk is full.
    pub(super) fn keep(&self, frame: usize, key: &str, state: &State) -> Result<()> {
        write_whole(&self.state_of(frame), &encoded(key, state)?, Existing::Replace)
    }

    /// The state of a frame with this digest; none if there is no such state.
    pub(super) fn kept(&self, frame: usize, key: &str) -> Option<State> {
        decoded(&read_regular(&self.state_of(frame), LARGEST_STATE).ok()?, key)
    }

    /// Removes the state of a frame, if it exists.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub(super) fn forget(&self, frame: usize) -> Result<()> {
        let path = self.state_of(frame);
        remove_if_present(&path).map_err(|source| Error::Write { path, source })
    }

    /// Removes the frames from this number on, which belong to a longer film.
    ///
    /// # Errors
    /// If a frame cannot be removed.
    pub(super) fn cut(&self, count: usize) -> Result<()> {
        Folder::cut(&self.frames, count)
    }

    /// Removes everything that was kept, and the frames if they are not wanted.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub(super) fn finish(mut self, keeps_frames: bool) -> Result<()> {
        self.clear()?;
        if !keeps_frames {
            Folder::remove(&self.frames)?;
        }
        // An earlier run may have left frames that it would not have kept.
        let unkept = frames_in(&self.folder);
        if unkept != self.frames && unkept.is_dir() {
            Folder::remove(&unkept)?;
        }
        self.lock.take();
        let lock = self.folder.join(LOCK);
        remove_if_present(&lock).map_err(|source| Error::Write { path: lock, source })?;
        // The folder may contain files of other programs.
        let _ = std::fs::remove_dir(&self.folder);
        Ok(())
    }

    /// Removes everything that was kept.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub(super) fn clear(&self) -> Result<()> {
        let broken = |source| Error::Write { path: self.folder.clone(), source };
        for entry in std::fs::read_dir(&self.folder).map_err(broken)? {
            let path = entry.map_err(broken)?.path();
            if is_own(&path) {
                remove_if_present(&path).map_err(|source| Error::Write { path, source })?;
            }
        }
        Ok(())
    }

    fn state_of(&self, frame: usize) -> PathBuf {
        self.folder.join(format!("state-{frame:06}.safetensors"))
    }
}

/// The folder for frames that are not kept, inside the folder for what the next run needs to continue.
#[must_use]
pub fn frames_in(folder: &Path) -> PathBuf {
    folder.join(FRAMES)
}

/// Whether the interrupted run that left `folder` wrote its frames to `frames`.
#[must_use]
pub fn wrote_frames_to(folder: &Path, frames: &Path) -> bool {
    purpose(folder).is_some_and(|(_, written)| written == place(frames))
}

/// Reads what all frames of a film have in common, and the place of the frames; none if the folder does not say.
fn purpose(folder: &Path) -> Option<(String, String)> {
    let text = String::from_utf8(read_regular(&folder.join(PURPOSE), LARGEST_PURPOSE).ok()?).ok()?;
    let (common, frames) = text.strip_suffix('\n')?.split_once('\n')?;
    Some((common.to_owned(), frames.to_owned()))
}

/// A text that stands for a folder, whichever path names it: the digest of its whole path.
fn place(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    to_hex(&Sha256::digest(whole.as_os_str().as_encoded_bytes()))
}

/// Whether a folder contains the file of a frame with this digest.
pub(super) fn is_done(frames: &Path, frame: usize, key: &str) -> bool {
    let recipe = Recipe::read(&Folder::frame(frames, frame)).ok();
    recipe.and_then(|recipe| recipe.restyled).is_some_and(|restyled| restyled.key == key)
}

/// Whether a file in the folder is one that this program keeps there.
fn is_own(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let state = name.strip_prefix("state-").and_then(|name| name.strip_suffix(".safetensors"));
    name == SOURCE || name == PURPOSE || state.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()))
}

fn encoded(key: &str, state: &State) -> Result<Vec<u8>> {
    let fault = |error: String| Error::fault(format!("cannot encode the state of a frame: {error}"));
    let head = Head {
        key: key.to_owned(),
        palette: state.trace.palette.clone(),
        iterations: state.iterations,
        loss: state.loss.map(f64::to_bits),
        first_fit: state.first_fit.map(f64::to_bits),
    };
    let head = serde_json::to_string(&head).map_err(|error| fault(error.to_string()))?;
    let bytes: Vec<Vec<u8>> = state
        .trace
        .parameters
        .iter()
        .map(|values| values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let views = bytes.iter().enumerate().map(|(index, bytes)| {
        let view = TensorView::new(Dtype::F32, vec![bytes.len() / size_of::<f32>()], bytes);
        Ok((format!("parameter.{index}"), view.map_err(|error| fault(error.to_string()))?))
    });
    let views = views.collect::<Result<Vec<_>>>()?;
    let metadata = HashMap::from([(HEAD.to_owned(), head)]);
    safetensors::serialize(views, Some(metadata)).map_err(|error| fault(error.to_string()))
}

fn decoded(bytes: &[u8], key: &str) -> Option<State> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    let head: Head = serde_json::from_str(metadata.metadata().as_ref()?.get(HEAD)?).ok()?;
    let tensors = SafeTensors::deserialize(bytes).ok()?;
    let mut parameters = Vec::new();
    while let Ok(view) = tensors.tensor(&format!("parameter.{}", parameters.len())) {
        if view.dtype() != Dtype::F32 {
            return None;
        }
        parameters.push(view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect());
    }
    let trace = Trace { parameters, palette: head.palette };
    let (loss, first_fit) = (head.loss.map(f64::from_bits), head.first_fit.map(f64::from_bits));
    (head.key == key).then_some(State { trace, iterations: head.iterations, loss, first_fit })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let trace = Trace {
            parameters: vec![vec![0.1, -2.5e-7, 3.0], vec![f32::MIN_POSITIVE]],
            palette: Some(vec![[1, 2, 3]]),
        };
        State { trace, iterations: 7, loss: Some(0.1 + 0.2), first_fit: None }
    }

    #[test]
    fn a_state_comes_back_exactly() {
        let bytes = encoded("key", &state()).unwrap();
        assert_eq!(decoded(&bytes, "key"), Some(state()));
        assert_eq!(decoded(&bytes, "other"), None);
        for length in 0..bytes.len() {
            assert_eq!(decoded(&bytes[..length], "key"), None, "{length}");
        }
    }

    #[test]
    fn the_work_of_a_film_is_locked_and_vanishes() {
        let folder = tempfile::tempdir().unwrap();
        let (frames, place) = (folder.path().join("frames"), folder.path().join("film.t2a-film"));
        let work = Work::open(&frames, &place).unwrap();
        assert!(Work::open(&frames, &place).map(drop).unwrap_err().to_string().contains("another run"));
        work.keep(3, "key", &state()).unwrap();
        assert_eq!(work.kept(3, "key"), Some(state()));
        assert_eq!((work.kept(3, "other"), work.kept(2, "key")), (None, None));
        assert!(!work.is_for("film") && !wrote_frames_to(&place, &frames));
        work.note("film").unwrap();
        assert!(work.is_for("film") && !work.is_for("other"));
        assert!(wrote_frames_to(&place, &frames.join("../frames")) && !wrote_frames_to(&place, folder.path()));
        work.source(RgbImage::new(2, 2)).unwrap();
        work.deliver(0, b"no picture").unwrap();
        work.deliver(1, b"no picture").unwrap();
        assert!(!is_done(&frames, 0, "key"));
        work.cut(1).unwrap();
        work.finish(true).unwrap();
        assert!(!place.exists() && frames.join("000000.png").exists() && !frames.join("000001.png").exists());
        // What is not of this program stays.
        let work = Work::open(&frames, &place).unwrap();
        std::fs::write(place.join("notes.txt"), "mine").unwrap();
        std::fs::create_dir(frames_in(&place)).unwrap();
        std::fs::write(Folder::frame(&frames_in(&place), 0), "of an earlier run").unwrap();
        work.finish(false).unwrap();
        assert!(!frames_in(&place).exists());
        assert!(place.join("notes.txt").exists() && !frames.exists());
    }
}

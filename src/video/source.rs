//! The frames of a film on the disk: an animated GIF, or a folder of pictures.

use std::path::{Path, PathBuf};

use image::RgbImage;
use sha2::{Digest, Sha256};

use super::pictures_in;
use crate::files::{hash_file_within, missing, to_hex};
use crate::picture::{self, Animation, Size};
use crate::progress::Stop;
use crate::settings::FrameRate;
use crate::{Error, Result};

/// The largest frame in a folder, in bytes.
const LARGEST_FRAME: u64 = 1 << 30;
/// The most frames of a film.
const MOST_FRAMES: usize = 1_000_000;
/// Hundredths of a second in a second, the unit of the delays of a GIF.
const HUNDREDTHS: u32 = 100;

const HINT: &str =
    "give a folder of pictures or a GIF; `ffmpeg -i film.mp4 frames/%06d.png` turns a film into pictures";

/// A film on the disk.
#[derive(Clone, Debug)]
pub struct FrameSource {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// The pictures in a folder, in natural order
    Folder(Vec<PathBuf>),
    Gif,
}

/// What is known about a film before any of its frames is used.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The size of all frames
    pub size: Size,
    /// The SHA-256 of each frame: of its file, or of its pixels
    pub digests: Vec<String>,
    /// How long each frame is shown; none if the film does not say
    pub timing: Option<Timing>,
    /// The SHA-256 of the file with all frames; none if each has its own
    file: Option<String>,
}

impl Survey {
    /// The SHA-256 of the file that has a frame.
    #[must_use]
    pub fn of_file(&self, frame: usize) -> String {
        self.file.as_ref().or_else(|| self.digests.get(frame)).cloned().unwrap_or_default()
    }
}

/// How long each frame of a film is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The frame rate at which each frame is shown for a whole number of slots
    pub rate: FrameRate,
    /// The slots of each frame
    pub slots: Vec<usize>,
}

/// A frame of a film.
pub enum FrameOfFilm {
    /// The file of a picture
    File(PathBuf),
    /// The pixels of a picture that has no file of its own
    Pixels(RgbImage),
}

/// The frames of a film that is being read: an iterator over them.
pub struct FramesOfFilm {
    path: PathBuf,
    frames: Reading,
    count: usize,
}

enum Reading {
    Folder(std::vec::IntoIter<PathBuf>),
    Gif(Box<Animation>),
}

impl FrameSource {
    /// Opens a folder of pictures or a GIF.
    ///
    /// # Errors
    /// If it is neither, cannot be read, or has no frames.
    pub fn open(path: &Path) -> Result<Self> {
        let kind = if path.is_dir() {
            Kind::Folder(pictures_in(path)?)
        } else if !path.exists() {
            return Err(Error::file(path, "file or folder not found", missing(path)));
        } else if Animation::is_one(path) {
            Kind::Gif
        } else {
            return Err(Error::file(path, "this is neither a folder nor a GIF", HINT));
        };
        Ok(Self { path: path.to_owned(), kind })
    }

    /// The path of the folder or file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that has a frame: its own, or the GIF.
    #[must_use]
    pub fn file(&self, frame: usize) -> &Path {
        match &self.kind {
            Kind::Folder(frames) => frames.get(frame).unwrap_or(&self.path),
            Kind::Gif => &self.path,
        }
    }

    /// Whether the film is read from this file.
    #[must_use]
    pub fn is_read_from(&self, file: &Path) -> bool {
        let end = |path: &Path| path.canonicalize().ok();
        let Some(whole) = end(file) else { return false };
        match &self.kind {
            Kind::Gif => end(&self.path) == Some(whole),
            Kind::Folder(frames) => frames
                .iter()
                .filter(|frame| frame.file_name() == whole.file_name())
                .any(|frame| end(frame).as_ref() == Some(&whole)),
        }
    }

    /// Reads through all frames: their size must be the same, and those of a GIF are decoded, so that a bad one is found
    /// before any work.
    ///
    /// # Errors
    /// If a frame cannot be read or is not the same size as the first, there are too many frames, or `stop` is requested.
    pub fn survey(&self, stop: &Stop) -> Result<Survey> {
        let check = |count: usize| {
            if stop.is_requested() {
                return Err(Error::Stopped);
            }
            if count > MOST_FRAMES {
                let problem = format!("the film has more than {MOST_FRAMES} frames");
                return Err(Error::file(&self.path, problem, "cut the film into parts"));
            }
            Ok(())
        };
        match &self.kind {
            Kind::Folder(frames) => {
                check(frames.len())?;
                let size = common_size(frames)?;
                let digest = |path: &PathBuf| {
                    check(0)?;
                    hash_file_within(path, LARGEST_FRAME)
                };
                let digests = frames.iter().map(digest).collect::<Result<_>>()?;
                Ok(Survey { size, digests, timing: None, file: None })
            }
            Kind::Gif => {
                let animation = Animation::open(&self.path)?;
                let (size, mut digests, mut delays) = (animation.size(), Vec::new(), Vec::new());
                for moment in animation {
                    let moment = moment?;
                    digests.push(to_hex(&Sha256::digest(moment.picture.as_raw())));
                    delays.push(moment.hundredths);
                    check(digests.len())?;
                }
                if digests.is_empty() {
                    return Err(Error::file(&self.path, "the GIF has no frames", HINT));
                }
                let file = Some(hash_file_within(&self.path, LARGEST_FRAME)?);
                Ok(Survey { size, digests, timing: Some(Timing::of(&delays)?), file })
            }
        }
    }

    /// The frames from one on.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn frames_from(&self, first: usize) -> Result<FramesOfFilm> {
        let (path, count) = (self.path.clone(), first);
        let frames = match &self.kind {
            Kind::Folder(frames) => Reading::Folder(frames.get(first..).unwrap_or_default().to_vec().into_iter()),
            Kind::Gif => {
                let mut animation = Animation::open(&self.path)?;
                for _ in 0..first {
                    animation.next().transpose()?;
                }
                Reading::Gif(Box::new(animation))
            }
        };
        Ok(FramesOfFilm { path, frames, count })
    }
}

impl Timing {
    /// The timing of frames with these delays, in hundredths of a second: the rate is the lowest at which all are shown
    /// for a whole number of slots.
    ///
    /// # Errors
    /// If the rate is out of range.
    fn of(delays: &[u32]) -> Result<Self> {
        let common = delays.iter().copied().filter(|delay| *delay > 0).fold(0, divisor);
        // The slowest rate is one frame in ten seconds.
        let common = (1..=common.clamp(1, 10 * HUNDREDTHS)).rev().find(|part| common % part == 0).unwrap_or(1);
        let rate = format!("{HUNDREDTHS}/{common}").parse().map_err(Error::fault)?;
        let slots = delays.iter().map(|delay| (delay / common).max(1) as usize).collect();
        Ok(Self { rate, slots })
    }
}

/// The greatest common divisor.
fn divisor(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { divisor(other, one % other) }
}

impl FramesOfFilm {
    /// The next frame.
    ///
    /// # Errors
    /// If it cannot be read, or the film has changed and has no further frame.
    pub fn take(&mut self) -> Result<FrameOfFilm> {
        self.count += 1;
        let next = match &mut self.frames {
            Reading::Folder(frames) => frames.next().map(FrameOfFilm::File),
            Reading::Gif(animation) => animation.next().transpose()?.map(|moment| FrameOfFilm::Pixels(moment.picture)),
        };
        next.ok_or_else(|| Error::file(&self.path, format!("frame {} is missing", self.count), "restore the film"))
    }
}

/// The size of all pictures.
///
/// # Errors
/// If a picture cannot be read, or is not the same size as the first.
pub fn common_size(frames: &[PathBuf]) -> Result<Size> {
    let mut first: Option<(&Path, Size)> = None;
    for path in frames {
        let size = picture::dimensions(path)?;
        let (other, expected) = *first.get_or_insert((path, size));
        if size != expected {
            let problem = format!("this frame is {size}, but {} is {expected}", other.display());
            return Err(Error::file(path, problem, "use frames that all have the same size"));
        }
    }
    first
        .map(|(_, size)| size)
        .ok_or_else(|| Error::usage("no frames were given", "give images, or a folder of images"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_shows_every_frame_for_whole_slots() {
        let timing = |delays: &[u32]| {
            let Timing { rate, slots } = Timing::of(delays).unwrap();
            (rate.to_string(), slots)
        };
        assert_eq!(timing(&[4, 4, 8]), ("25".to_owned(), vec![1, 1, 2]));
        assert_eq!(timing(&[10, 15]), ("20".to_owned(), vec![2, 3]));
        assert_eq!(timing(&[7]), ("14.286".to_owned(), vec![1]));
        // A frame lasts half a minute: no rate is that slow.
        assert_eq!(timing(&[3000]), ("0.1".to_owned(), vec![3]));
    }

    #[test]
    fn a_folder_is_read_in_natural_order() {
        let folder = tempfile::tempdir().unwrap();
        for (name, side) in [("f2.png", 8), ("f10.png", 8), ("f1.png", 8)] {
            let red = u8::try_from(name.len()).unwrap();
            RgbImage::from_pixel(side, 4, image::Rgb([red, 0, 0])).save(folder.path().join(name)).unwrap();
        }
        let source = FrameSource::open(folder.path()).unwrap();
        assert!(source.file(0).ends_with("f1.png"));
        let survey = source.survey(&Stop::default()).unwrap();
        assert_eq!((survey.size, survey.digests.len(), &survey.timing), (Size { width: 8, height: 4 }, 3, &None));
        let mut frames = source.frames_from(1).unwrap();
        for name in ["f2.png", "f10.png"] {
            assert!(matches!(frames.take().unwrap(), FrameOfFilm::File(path) if path.ends_with(name)), "{name}");
        }
        assert!(frames.take().map(drop).unwrap_err().to_string().ends_with("frame 4 is missing"));
        RgbImage::new(8, 5).save(folder.path().join("f3.png")).unwrap();
        let error = FrameSource::open(folder.path()).unwrap().survey(&Stop::default()).map(drop).unwrap_err();
        assert!(error.to_string().contains("f3.png: this frame is 8x5, but"), "{error}");
    }
}

//! The pictures of an animated GIF, one after the other, so that memory does not grow with their number.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, Frames, ImageDecoder, ImageError, Limits, RgbImage};

use super::{Size, over_white, room};
use crate::files::{begins_with, open_regular, unreadable};
use crate::{Error, Result};

/// What every GIF begins with.
const SIGNATURE: &[u8] = b"GIF8";
/// The most pixels of a frame.
const MOST_PIXELS: u64 = 64 << 20;
/// Bytes of memory per pixel while a frame is decoded: the canvas, the frame and its copy with alpha, and the result.
const BYTES: u64 = 3 * 4 + 3;
/// A shorter delay, in hundredths of a second, counts as [`USUAL_DELAY`], as in browsers.
const SHORTEST_DELAY: u32 = 2;
/// The delay of frames that give none, in hundredths of a second.
const USUAL_DELAY: u32 = 10;

const HINT: &str = "restore the file, or provide its frames as pictures in a folder";

/// A picture of an animation.
pub struct Moment {
    /// The whole picture, over white where it is transparent
    pub picture: RgbImage,
    /// How long it is shown, in hundredths of a second
    pub hundredths: u32,
}

/// An animated GIF that is being read: an iterator over its pictures.
pub struct Animation {
    path: PathBuf,
    size: Size,
    /// None after a frame that could not be decoded
    frames: Option<Frames<'static>>,
    count: usize,
}

impl Animation {
    /// Whether a file starts like a GIF.
    #[must_use]
    pub fn is_one(path: &Path) -> bool {
        begins_with(path, SIGNATURE)
    }

    /// Whether a file is a GIF with more than one picture. If the second one is damaged, it does not count.
    #[must_use]
    pub fn moves(path: &Path) -> bool {
        let second = || Self::open(path).ok()?.nth(1);
        Self::is_one(path) && matches!(second(), Some(Ok(_)))
    }

    /// Opens an animation and reads its header.
    ///
    /// # Errors
    /// If the file cannot be read, is not a GIF, or is too large.
    pub fn open(path: &Path) -> Result<Self> {
        let file: File = open_regular(path).map_err(|error| Error::file(path, unreadable(&error), HINT))?;
        let broken = |error: &ImageError| Error::file(path, format!("the GIF cannot be decoded: {error}"), HINT);
        let mut decoder = GifDecoder::new(BufReader::new(file)).map_err(|error| broken(&error))?;
        let (width, height) = decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        let smaller = "make the GIF smaller first";
        if pixels == 0 || pixels > MOST_PIXELS {
            return Err(Error::file(path, format!("frames of {width}x{height} pixels cannot be read"), smaller));
        }
        room::check(BYTES * pixels, &format!("frames of {width}x{height} pixels"))
            .map_err(|problem| Error::file(path, problem, smaller))?;
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(BYTES * pixels);
        decoder.set_limits(limits).map_err(|error| broken(&error))?;
        let size = Size { width: width as usize, height: height as usize };
        Ok(Self { path: path.to_owned(), size, frames: Some(decoder.into_frames()), count: 0 })
    }

    /// The size of all pictures.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }
}

impl Iterator for Animation {
    type Item = Result<Moment>;

    fn next(&mut self) -> Option<Self::Item> {
        let frame = self.frames.as_mut()?.next()?;
        self.count += 1;
        Some(match frame {
            Ok(frame) => {
                let (numerator, denominator) = frame.delay().numer_denom_ms();
                let hundredths = numerator / denominator.max(1) / 10;
                let hundredths = if hundredths < SHORTEST_DELAY { USUAL_DELAY } else { hundredths };
                Ok(Moment { picture: over_white(frame.into_buffer().into()), hundredths })
            }
            Err(error) => {
                self.frames = None;
                let problem = format!("frame {} cannot be decoded: {error}", self.count);
                Err(Error::file(&self.path, problem, HINT))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::gif::GifEncoder;
    use image::{Delay, Frame, Rgba, RgbaImage};

    use super::*;

    fn gif(path: &Path, delays: &[u32]) {
        let mut encoder = GifEncoder::new(File::create(path).unwrap());
        for (index, delay) in delays.iter().enumerate() {
            let color = Rgba([u8::try_from(index * 80).unwrap(), 0, 0, 255]);
            let picture = RgbaImage::from_pixel(6, 4, color);
            let delay = Delay::from_numer_denom_ms(*delay * 10, 1);
            encoder.encode_frame(Frame::from_parts(picture, 0, 0, delay)).unwrap();
        }
    }

    #[test]
    fn frames_come_in_order_with_their_delays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gif");
        gif(&path, &[4, 8, 0]);
        let animation = Animation::open(&path).unwrap();
        assert_eq!(animation.size(), Size { width: 6, height: 4 });
        let moments: Vec<Moment> = animation.map(Result::unwrap).collect();
        // A missing delay counts as a tenth of a second.
        assert_eq!(moments.iter().map(|moment| moment.hundredths).collect::<Vec<_>>(), [4, 8, 10]);
        let reds: Vec<u8> = moments.iter().map(|moment| moment.picture.get_pixel(3, 2).0[0]).collect();
        assert_eq!(reds, [0, 80, 160]);
    }

    #[test]
    fn a_gif_of_one_picture_does_not_move() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gif");
        gif(&path, &[4, 4]);
        assert!(Animation::moves(&path) && !Animation::moves(folder.path()));
        gif(&path, &[4]);
        assert!(!Animation::moves(&path));
        // Without its last byte, which says that no other picture follows.
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(!Animation::moves(&path));
    }

    #[test]
    fn a_damaged_frame_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gif");
        gif(&path, &[4, 4, 4]);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 12]).unwrap();
        let last = Animation::open(&path).unwrap().last().unwrap();
        let message = last.map(drop).unwrap_err().to_string();
        assert!(message.contains("a.gif: frame 3 cannot be decoded"), "{message}");
        std::fs::write(&path, &whole[..5]).unwrap();
        assert!(Animation::open(&path).map(drop).unwrap_err().to_string().contains("cannot be decoded"));
        assert!(Animation::is_one(&path) && !Animation::is_one(folder.path()));
    }
}

//! Small pictures for lists.

use std::path::Path;

use webp::Encoder;

use super::Recipe;
use crate::error::{Error, Result};
use crate::picture::{Size, bicubic, read};
use crate::queue::{Artifact, JobId};
use crate::server::app::App;
use crate::server::problem::Answer;

/// The name of the file.
pub(in crate::server) const NAME: &str = "thumb.webp";
/// The longest side, in pixels: sharp on a screen with two pixels a point, where lists show 256.
const LONGEST_SIDE: u32 = 512;
/// libwebp's, from 0 to 100.
const QUALITY: f32 = 80.0;

const THUMBNAIL: Recipe = Recipe { from: "picture.png", name: NAME, media_type: "image/webp", make };

/// The small picture of a job, which is made if it is missing; none if the job has no picture.
pub(in crate::server) async fn thumbnail(app: &App, job: &JobId, artifacts: &[Artifact]) -> Answer<Option<Artifact>> {
    THUMBNAIL.of(app, job, artifacts).await
}

/// The width and height of the small picture of a picture. It is never larger.
pub(in crate::server) fn size(width: u32, height: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= LONGEST_SIDE {
        return (width.max(1), height.max(1));
    }
    let side = |side: u32| {
        let scaled = (u64::from(side) * u64::from(LONGEST_SIDE) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(scaled).unwrap_or(LONGEST_SIDE).max(1)
    };
    (side(width), side(height))
}

fn make(picture: &Path, target: &Path) -> Result<()> {
    let mut picture = read(picture)?;
    let (width, height) = size(picture.width(), picture.height());
    if (width, height) != picture.dimensions() {
        picture = bicubic(&picture, Size { width: width as usize, height: height as usize })?;
    }
    let encoded = Encoder::from_rgb(picture.as_raw(), width, height).encode_simple(false, QUALITY);
    let encoded = encoded.map_err(|error| Error::fault(format!("cannot encode a small picture: {error:?}")))?;
    std::fs::write(target, &*encoded).map_err(|source| Error::Write { path: target.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Rgba};

    use super::*;

    #[test]
    fn small_pictures_keep_proportions() {
        for (given, expected) in [
            ((1024, 512), (512, 256)),
            ((512, 512), (512, 512)),
            ((32, 16), (32, 16)),
            ((1000, 999), (512, 511)),
            ((4096, 1), (512, 1)),
            ((u32::MAX, u32::MAX), (512, 512)),
            ((0, 0), (1, 1)),
        ] {
            assert_eq!(size(given.0, given.1), expected, "{given:?}");
        }
    }

    #[test]
    fn a_small_picture_is_a_webp_of_its_size_without_notes() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a.png"), folder.path().join("a.webp"));
        ImageBuffer::from_fn(1030, 515, |x, _| Rgba([200_u8, 40, 20, if x < 515 { 255 } else { 0 }]))
            .save(&from)
            .unwrap();
        make(&from, &to).unwrap();
        let bytes = std::fs::read(&to).unwrap();
        // Of the lossy kind, and without chunks for notes: `RIFF`, its length, `WEBP`, and the picture.
        assert_eq!((&bytes[..4], &bytes[8..16]), (&b"RIFF"[..], &b"WEBPVP8 "[..]));
        let small = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!(small.dimensions(), (512, 256));
        // What is transparent lies over white.
        let (left, right) = (small.get_pixel(50, 50).0, small.get_pixel(450, 50).0);
        assert!(
            left[0].abs_diff(200) < 12 && left[2].abs_diff(20) < 12 && right.iter().all(|part| *part > 245),
            "{left:?} {right:?}"
        );
    }
}

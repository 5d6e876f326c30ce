//! The picture inside a letter, and the film beside it.

use std::io::Cursor;

use image::{ImageFormat, ImageReader};

use crate::error::{Error, Result};
use crate::objects::Objects;
use crate::queue::Artifact;

/// The largest picture that is shown as it is, in bytes.
const LARGEST_INLINE: u64 = 1 << 20;
/// The largest picture that is made smaller, in bytes.
const LARGEST_READ: u64 = 64 << 20;
/// The most memory for making a picture smaller, in bytes.
const MOST_MEMORY: u64 = 256 << 20;
/// The longest sides of smaller pictures, in pixels; the last one is below a mebibyte in any case.
const SIDES: [u32; 3] = [768, 640, 480];
/// The most bytes of all files in a letter: in base 64 they are a third more, and many servers take 25 MB in all.
const LARGEST_FILES: u64 = 5 << 20;
/// The films, the best for readers first.
const FILMS: [&str; 2] = ["picture.mp4", "picture.gif"];

/// What a letter shows.
#[derive(Default)]
pub(super) struct Pictures {
    /// The picture
    pub inline: Option<Inline>,
    /// The film, if it is small enough
    pub film: Option<Film>,
    /// The name of the film, if there is one
    pub film_name: Option<&'static str>,
}

/// A picture inside a letter.
pub(super) struct Inline {
    pub png: Vec<u8>,
    /// Columns
    pub width: u32,
    /// Rows
    pub height: u32,
}

/// A film beside a letter.
pub(super) struct Film {
    pub name: &'static str,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

impl Pictures {
    /// The files of a job for a letter. What cannot be read is left out: the letter has links to all of it.
    pub async fn read(objects: &Objects, artifacts: &[Artifact]) -> Self {
        let find = |name: &str| artifacts.iter().find(|artifact| artifact.name == name);
        let mut pictures = Self::default();
        if let Some(picture) = find("picture.png") {
            pictures.inline = read_picture(objects, picture).await.ok();
        }
        let used = pictures.inline.as_ref().map_or(0, |inline| inline.png.len() as u64);
        for name in FILMS {
            let Some(film) = find(name) else { continue };
            pictures.film_name = pictures.film_name.or(Some(name));
            if used + film.bytes <= LARGEST_FILES
                && let Ok(bytes) = objects.read(&film.object, LARGEST_FILES).await
            {
                pictures.film = Some(Film { name, media_type: film.media_type.clone(), bytes });
                break;
            }
        }
        pictures
    }
}

async fn read_picture(objects: &Objects, picture: &Artifact) -> Result<Inline> {
    let bytes = objects.read(&picture.object, LARGEST_READ).await?;
    let shown = tokio::task::spawn_blocking(move || fitted(bytes)).await;
    shown.unwrap_or_else(|_| Err(Error::fault("a picture could not be made smaller")))
}

/// The picture as it is, or smaller if it has too many bytes.
fn fitted(png: Vec<u8>) -> Result<Inline> {
    let fault = |error: image::ImageError| Error::fault(format!("a picture cannot be shown in a letter: {error}"));
    let reader = |bytes| {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png);
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(MOST_MEMORY);
        reader.limits(limits);
        reader
    };
    if png.len() as u64 <= LARGEST_INLINE {
        let (width, height) = reader(png.as_slice()).into_dimensions().map_err(fault)?;
        return Ok(Inline { png, width, height });
    }
    let whole = reader(png.as_slice()).decode().map_err(fault)?;
    drop(png);
    for side in SIDES {
        let smaller = whole.thumbnail(side, side);
        let mut png = Vec::new();
        smaller.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).map_err(fault)?;
        if png.len() as u64 <= LARGEST_INLINE {
            return Ok(Inline { png, width: smaller.width(), height: smaller.height() });
        }
    }
    Err(Error::fault("a picture is too large for a letter"))
}

#[cfg(test)]
mod tests {
    use image::RgbaImage;

    use super::*;

    #[test]
    fn large_pictures_are_made_smaller() {
        // Noise, which no PNG makes smaller.
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        let png = |picture: &RgbaImage| {
            let mut png = Vec::new();
            picture.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
            png
        };
        let large = png(&RgbaImage::from_fn(1200, 600, |_, _| image::Rgba([noise(), noise(), noise(), noise()])));
        assert!(large.len() as u64 > LARGEST_INLINE);
        let shown = fitted(large).unwrap();
        assert!(shown.png.len() as u64 <= LARGEST_INLINE && shown.width == 2 * shown.height, "{}", shown.width);
        let small = png(&RgbaImage::new(40, 20));
        let shown = fitted(small.clone()).unwrap();
        assert!(shown.png == small && (shown.width, shown.height) == (40, 20));
        assert!(fitted(vec![1, 2, 3]).is_err());
    }
}

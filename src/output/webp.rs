//! WebP files with their recipe.

use std::io::{Error as Fault, ErrorKind, Read, Result as Found, Seek, SeekFrom};

use image::DynamicImage;
use webp::{Encoder, WebPConfig};

use super::notes::{self, Notes};
use crate::{Error, Result};

/// The longest side, in pixels.
pub(super) const LONGEST_SIDE: usize = 16_383;
/// The most chunks that are read.
const MOST_CHUNKS: usize = 10_000;
/// The flags of the extended header (RFC 9649, 2.7.1).
const HAS_ALPHA: u8 = 0x10;
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;
/// The length of what is before the first chunk, and of the head of a chunk.
const BEFORE_CHUNKS: usize = 12;
const CHUNK_HEAD: usize = 8;
/// The byte and the bit of the content of a lossless chunk that say whether it has alpha (RFC 9649, 3.4).
const LOSSLESS_ALPHA: (usize, u8) = (4, 0x10);

/// Whether a file begins like a WebP.
pub(super) fn is_like(head: &[u8]) -> bool {
    matches!(head, [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..])
}

/// Encodes pixels as a WebP: without loss, or with a quality from 1 to 100.
///
/// # Errors
/// If a side is longer than a WebP can have, or there is not enough memory.
pub(super) fn encode(pixels: &DynamicImage, quality: Option<u8>, notes: Option<&Notes>) -> Result<Vec<u8>> {
    let fault = |problem: &str| Error::fault(format!("cannot encode the WebP: {problem}"));
    let mut config = WebPConfig::new().map_err(|()| fault("libwebp has another version"))?;
    if let Some(quality) = quality {
        config.quality = quality.into();
    } else {
        // Invisible pixels keep their colors, too.
        (config.lossless, config.exact) = (1, 1);
    }
    let (width, height) = (pixels.width(), pixels.height());
    let encoded = if pixels.color().has_alpha() {
        Encoder::from_rgba(pixels.to_rgba8().as_raw(), width, height).encode_advanced(&config)
    } else {
        Encoder::from_rgb(pixels.to_rgb8().as_raw(), width, height).encode_advanced(&config)
    };
    let encoded = encoded.map_err(|error| fault(&format!("{error:?}")))?;
    match notes {
        None => Ok(encoded.to_vec()),
        Some(notes) => with_notes(&encoded, (width, height), notes).ok_or_else(|| fault("it has no chunks")),
    }
}

/// The file with notes behind its pixels, which need an extended header; none if it is not a WebP.
fn with_notes(file: &[u8], (width, height): (u32, u32), notes: &Notes) -> Option<Vec<u8>> {
    let mut chunks = file.get(BEFORE_CHUNKS..)?.to_vec();
    let has_notes = HAS_EXIF | HAS_XMP;
    if chunks.starts_with(b"VP8X") {
        *chunks.get_mut(CHUNK_HEAD)? |= has_notes;
    } else {
        // The encoder drops alpha that is opaque everywhere. Lossy pixels with alpha have an extended header already.
        let (place, bit) = LOSSLESS_ALPHA;
        let has_alpha = chunks.starts_with(b"VP8L") && chunks.get(CHUNK_HEAD + place)? & bit != 0;
        let mut header = vec![has_notes | if has_alpha { HAS_ALPHA } else { 0 }, 0, 0, 0];
        for side in [width, height] {
            header.extend_from_slice(&side.checked_sub(1)?.to_le_bytes()[..3]);
        }
        chunks.splice(0..0, chunk(*b"VP8X", &header));
    }
    chunks.extend(chunk(*b"EXIF", &notes.exif));
    chunks.extend(chunk(*b"XMP ", notes.xmp.as_bytes()));
    let length = u32::try_from(chunks.len() + 4).ok()?;
    Some([&b"RIFF"[..], &length.to_le_bytes(), b"WEBP", &chunks].concat())
}

/// A chunk, which begins and ends at even places.
fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    // Notes are much shorter than 4 GiB.
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let filler: &[u8] = if content.len().is_multiple_of(2) { &[] } else { &[0] };
    [&name[..], &length.to_le_bytes(), content, filler].concat()
}

/// The recipe in a WebP; none if it has no recipe. If the file is cut short, the error is `UnexpectedEof`.
pub(super) fn recipe(file: &mut (impl Read + Seek)) -> Found<Option<String>> {
    let whole = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let mut head = [0; BEFORE_CHUNKS];
    file.read_exact(&mut head)?;
    let [_, _, _, _, a, b, c, d, ..] = head;
    let end = CHUNK_HEAD as u64 + u64::from(u32::from_le_bytes([a, b, c, d]));
    if end > whole {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let mut place = BEFORE_CHUNKS as u64;
    for _ in 0..MOST_CHUNKS {
        if place + CHUNK_HEAD as u64 > end {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(place))?;
        let mut head = [0; CHUNK_HEAD];
        file.read_exact(&mut head)?;
        let [a, b, c, d, length @ ..] = head;
        let length = u64::from(u32::from_le_bytes(length));
        place += CHUNK_HEAD as u64 + length;
        if place > end {
            return Err(Fault::new(ErrorKind::InvalidData, "a chunk is longer than the file"));
        }
        if [a, b, c, d] == *b"XMP " && length <= notes::LONGEST as u64 {
            let mut packet = Vec::new();
            file.take(length).read_to_end(&mut packet)?;
            if let Some(found) = notes::recipe(&packet) {
                return Ok(Some(found));
            }
        }
        place += length % 2;
    }
    Err(Fault::new(ErrorKind::InvalidData, "the file has too many chunks"))
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)]
mod tests {
    use std::io::Cursor;

    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    fn opaque() -> DynamicImage {
        RgbImage::from_fn(19, 13, |x, y| Rgb([x as u8 * 13, y as u8 * 19, 90])).into()
    }

    fn layered() -> DynamicImage {
        RgbaImage::from_fn(19, 13, |x, y| Rgba([x as u8 * 13, y as u8 * 19, 90, if x < 5 { 0 } else { 200 }])).into()
    }

    fn notes(text: &str) -> Notes {
        let xmp = notes::packet("", &format!("<text2art:recipe>{text}</text2art:recipe>"));
        Notes { exif: b"MM\0*\0\0\0\x08\0\0\0\0\0\0\0".to_vec(), xmp }
    }

    fn read(bytes: &[u8]) -> Found<Option<String>> {
        recipe(&mut Cursor::new(bytes))
    }

    #[test]
    fn pixels_and_notes_come_back() {
        for picture in [opaque(), layered()] {
            for quality in [None, Some(80)] {
                let bytes = encode(&picture, quality, Some(&notes("{}"))).unwrap();
                assert_eq!(read(&bytes).unwrap().as_deref(), Some("{}"));
                let found = image::load_from_memory(&bytes).unwrap();
                assert_eq!(found.color().has_alpha(), picture.color().has_alpha(), "{quality:?}");
                assert_eq!(quality.is_none(), found == picture);
                assert_eq!(found.to_rgba8().pixels().map(|pixel| pixel[3]).collect::<Vec<_>>(), {
                    picture.to_rgba8().pixels().map(|pixel| pixel[3]).collect::<Vec<_>>()
                });
                let bare = encode(&picture, quality, None).unwrap();
                assert_eq!(read(&bare).unwrap(), None);
                assert_eq!(image::load_from_memory(&bare).unwrap(), found);
            }
        }
    }

    #[test]
    fn opaque_pixels_with_alpha_come_back() {
        let picture = DynamicImage::from(opaque().to_rgba8());
        for quality in [None, Some(80)] {
            let bytes = encode(&picture, quality, Some(&notes("{}"))).unwrap();
            assert_eq!(read(&bytes).unwrap().as_deref(), Some("{}"));
            let found = image::load_from_memory(&bytes).unwrap();
            assert!(found.to_rgba8().pixels().all(|pixel| pixel[3] == 255), "{quality:?}");
            assert_eq!(quality.is_none(), found.to_rgba8() == picture.to_rgba8());
            let bare = encode(&picture, quality, None).unwrap();
            assert_eq!(image::load_from_memory(&bare).unwrap(), found);
        }
    }

    #[test]
    fn damage_gives_an_error_or_a_recipe() {
        let whole = encode(&layered(), Some(50), Some(&notes("{\"format\": 1}"))).unwrap();
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
        for index in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[index] = value;
                let _ = read(&damaged);
            }
        }
        let mut endless = b"RIFF\xff\xff\x7f\0WEBP".to_vec();
        endless.resize(8 + 0x7f_ffff, 0);
        assert!(read(&endless).unwrap_err().to_string().contains("too many chunks"));
    }
}

//! The drawing that a PNG carries: what its picture was made of. Pictures in other formats are for looking at, and carry
//! none.
//!
//! It is a chunk of its own behind the pixels. Its data is [`FORMAT`], the length of the drawing as a 32-bit number with
//! the lowest byte first, the SHA-256 of the drawing, and the drawing compressed by zlib.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use png::chunk::ChunkType;
use sha2::{Digest, Sha256};

use super::jpeg;
use super::recipe_text::PNG_SIGNATURE;
use crate::drawer::Drawing;
use crate::files::{open_regular, unreadable_file};
use crate::{Error, Result};

/// The chunk: one that viewers may ignore, of no public registry, and that editors which change the pixels must drop
/// (the cases of the letters, PNG specification, 5.4).
pub(super) const CHUNK: ChunkType = ChunkType(*b"drAW");
/// The version of the chunk's format.
const FORMAT: u8 = 1;
/// The length of the digest, in bytes.
const DIGEST: usize = 32;
/// The length of what is before the compressed bytes.
const HEAD: usize = 1 + size_of::<u32>() + DIGEST;

const DAMAGED: &str = "restore the file, or draw the picture again with ‹from›";

/// The data of a drawing's chunk.
pub(super) fn pack(drawing: &Drawing) -> Vec<u8> {
    let bytes = drawing.bytes();
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut data = vec![FORMAT];
    data.extend(length.to_le_bytes());
    data.extend(Sha256::digest(bytes));
    let mut encoder = ZlibEncoder::new(data, Compression::default());
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// The drawing in a chunk's data, or what is wrong with it.
fn unpack(data: &[u8]) -> Result<Drawing, &'static str> {
    let (head, compressed) = data.split_at_checked(HEAD).ok_or("it is cut short")?;
    if head[0] != FORMAT {
        return Err("it has another format, perhaps that of a newer version of text2art");
    }
    let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if length > Drawing::LARGEST {
        return Err("it is too large");
    }
    let mut bytes = Vec::new();
    let read = ZlibDecoder::new(compressed).take(length as u64 + 1).read_to_end(&mut bytes);
    if read.is_err() || bytes.len() != length || Sha256::digest(&bytes)[..] != head[HEAD - DIGEST..] {
        return Err("its checksum does not match");
    }
    Drawing::new(bytes).ok_or("it is too large")
}

/// Reads what the picture of a PNG was made of; none if the PNG does not say.
///
/// # Errors
/// If the file is not a whole PNG, or its drawing is damaged.
pub fn read_drawing(path: &Path) -> Result<Option<Drawing>> {
    let unread = |error: &std::io::Error| match error.kind() {
        ErrorKind::UnexpectedEof => Error::file(path, "the PNG is cut short", DAMAGED),
        _ => unreadable_file(path, error, DAMAGED),
    };
    let mut file = open_regular(path).map(BufReader::new).map_err(|error| unread(&error))?;
    let mut signature = [0; PNG_SIGNATURE.len()];
    if file.read_exact(&mut signature).is_err() || signature != PNG_SIGNATURE {
        let other = if signature.starts_with(&jpeg::SIGNATURE) {
            "JPEG"
        } else if signature.starts_with(b"RIFF") {
            "WebP"
        } else {
            return Err(Error::file(path, "not a PNG", "give a PNG that text2art made"));
        };
        let problem = format!("a {other} does not carry what the picture was made of; only a PNG does");
        let hint = "draw it again as a PNG with ‹from› and ‹output›, or use `text2art upscale`";
        return Err(Error::file(path, problem, hint));
    }
    let Some(data) = chunk(&mut file).map_err(|error| unread(&error))? else { return Ok(None) };
    let damaged = |problem| Error::file(path, format!("the drawing in the PNG is damaged: {problem}"), DAMAGED);
    unpack(&data).map(Some).map_err(damaged)
}

/// The data of the first chunk with a drawing, from a file behind its signature.
fn chunk(file: &mut BufReader<File>) -> std::io::Result<Option<Vec<u8>>> {
    // Incompressible bytes become a little longer.
    const LONGEST: u64 = (Drawing::LARGEST + Drawing::LARGEST / 64) as u64;
    let whole = file.get_ref().metadata()?.len();
    loop {
        let mut head = [0; 8];
        file.read_exact(&mut head)?;
        let [a, b, c, d, kind @ ..] = head;
        let length = u64::from(u32::from_be_bytes([a, b, c, d]));
        if kind == CHUNK.0 {
            let mut data = Vec::new();
            file.take(length.min(LONGEST)).read_to_end(&mut data)?;
            return if data.len() as u64 == length { Ok(Some(data)) } else { Err(ErrorKind::UnexpectedEof.into()) };
        }
        if kind == *b"IEND" {
            return Ok(None);
        }
        // The checksum follows.
        let next = file.stream_position()? + length + 4;
        if next > whole {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        file.seek(SeekFrom::Start(next))?;
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)]
mod tests {
    use image::{DynamicImage, RgbImage};

    use super::*;
    use crate::output::{encode_pixels, without_recipe};

    fn drawing() -> Drawing {
        Drawing::new((0..3000_u32).map(|value| (value * value % 251) as u8).collect()).unwrap()
    }

    fn png(drawing: Option<&Drawing>) -> Vec<u8> {
        let picture = DynamicImage::from(RgbImage::from_fn(9, 7, |x, y| image::Rgb([x as u8 * 20, y as u8 * 30, 5])));
        encode_pixels(&picture, None, drawing).unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Option<Drawing>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, bytes).unwrap();
        read_drawing(&path)
    }

    #[test]
    fn a_picture_carries_its_drawing() {
        let (with, without) = (png(Some(&drawing())), png(None));
        assert_eq!(read(&with).unwrap(), Some(drawing()));
        assert_eq!(read(&without).unwrap(), None);
        assert_eq!(read(&png(Drawing::new(Vec::new()).as_ref())).unwrap(), Drawing::new(Vec::new()));
        let pixels = |bytes: &[u8]| image::load_from_memory(bytes).unwrap();
        assert_eq!(pixels(&with), pixels(&without));
        // A copy without the recipe is one without the drawing.
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::write(&from, &with).unwrap();
        std::fs::write(&to, "").unwrap();
        without_recipe(&from, &to).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), without);
    }

    #[test]
    fn a_damaged_drawing_is_refused() {
        let whole = png(Some(&drawing()));
        for length in 0..whole.len() - 12 {
            // What is behind the drawing, its checksum and the end, is not needed.
            let refused = read(&whole[..length]);
            let is_there = matches!(&refused, Ok(Some(found)) if *found == drawing());
            assert!(refused.is_err() || (is_there && length >= whole.len() - 16), "{length}");
        }
        let data = pack(&drawing());
        assert_eq!(unpack(&data), Ok(drawing()));
        for place in 0..data.len() {
            let mut damaged = data.clone();
            damaged[place] ^= 4;
            // Zlib's own checksum, in the last bytes, is not needed.
            assert!(unpack(&damaged).is_err() || place >= data.len() - 4, "byte {place}");
        }
    }

    #[test]
    fn no_drawing_fills_the_memory() {
        // The length says little, and much is there.
        let bomb = pack(&Drawing::new(vec![0; 50 << 20]).unwrap());
        assert!(bomb.len() < 1 << 20);
        let mut data = bomb.clone();
        data[1..5].copy_from_slice(&7_u32.to_le_bytes());
        assert_eq!(unpack(&data), Err("its checksum does not match"));
        data[1..5].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(unpack(&data), Err("it is too large"));
        data[0] = 9;
        assert!(unpack(&data).unwrap_err().contains("newer"));
        // A chunk that is said to be large, in a small file.
        let mut file = PNG_SIGNATURE.to_vec();
        file.extend(u32::MAX.to_be_bytes());
        file.extend(CHUNK.0);
        file.extend([1; 99]);
        assert!(read(&file).unwrap_err().to_string().contains("cut short"));
        file[12..16].copy_from_slice(b"tEXt");
        assert!(read(&file).unwrap_err().to_string().contains("cut short"));
    }
}

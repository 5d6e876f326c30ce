//! Copies of pictures and movies without their recipes.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Error as Fault, ErrorKind, Read, Result as Written, Seek, Write};
use std::path::Path;

use super::recipe_text::{PNG_SIGNATURE, embedded_text};
use super::{gif_comment, mp4_tags};
use crate::files::{open_regular, unreadable};
use crate::{Error, Result};

/// The chunks of a PNG that its pixels need: the critical ones, and transparency.
const NEEDED: [[u8; 4]; 5] = [*b"IHDR", *b"PLTE", *b"tRNS", *b"IDAT", *b"IEND"];

/// Copies a PNG, GIF or MP4 of this program into an existing file, without its recipe and other notes. The pixels are the
/// same, bit by bit.
///
/// # Errors
/// If the file is of another kind or damaged, or the copy cannot be written.
pub fn without_recipe(from: &Path, to: &Path) -> Result<()> {
    let unread = |error: &Fault| Error::file(from, unreadable(error), "give a PNG, GIF or MP4 that text2art made");
    let mut file = open_regular(from).map(BufReader::new).map_err(|error| unread(&error))?;
    let mut head = [0; 8];
    file.read_exact(&mut head).and_then(|()| file.rewind()).map_err(|error| unread(&error))?;
    let unwritten = |source| Error::Write { path: to.to_owned(), source };
    let target = File::options().write(true).truncate(true).open(to).map_err(unwritten)?;
    let mut target = BufWriter::new(Target { file: target, failure: None });
    let copied = if head == PNG_SIGNATURE {
        copy_png(&mut file, &mut target)
    } else if head.starts_with(b"GIF8") {
        gif_comment::copy_without_comments(&mut file, &mut target)
    } else if head.ends_with(b"ftyp") {
        mp4_tags::copy_without_tags(&mut file, &mut target)
    } else {
        Err(ErrorKind::InvalidData.into())
    };
    if let Err(error) = copied.and_then(|()| target.flush()) {
        return Err(target.get_mut().failure.take().map_or_else(|| unread(&error), unwritten));
    }
    match embedded_text(to) {
        Ok(None) => Ok(()),
        _ => Err(Error::fault("a copy without a recipe still has one")),
    }
}

/// The file of a copy. It keeps why it could not be written: the error of a copy does not tell which of the files failed.
struct Target {
    file: File,
    failure: Option<Fault>,
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> Written<usize> {
        self.file.write(bytes).map_err(|error| {
            let kind = error.kind();
            // What is interrupted is tried again.
            if kind != ErrorKind::Interrupted {
                self.failure = Some(error);
            }
            kind.into()
        })
    }

    fn flush(&mut self) -> Written<()> {
        self.file.flush()
    }
}

fn copy_png(file: &mut impl BufRead, target: &mut impl Write) -> Written<()> {
    let mut signature = [0; PNG_SIGNATURE.len()];
    file.read_exact(&mut signature)?;
    target.write_all(&signature)?;
    loop {
        let mut head = [0; 8];
        file.read_exact(&mut head)?;
        let [a, b, c, d, kind @ ..] = head;
        // The checksum follows.
        let length = u64::from(u32::from_be_bytes([a, b, c, d])) + 4;
        if NEEDED.contains(&kind) {
            target.write_all(&head)?;
            pass(file, target, length)?;
        } else {
            pass(file, &mut std::io::sink(), length)?;
        }
        if kind == *b"IEND" {
            return Ok(());
        }
    }
}

/// Copies so many bytes.
pub(super) fn pass(file: &mut impl Read, target: &mut impl Write, length: u64) -> Written<()> {
    match std::io::copy(&mut file.take(length), target)? {
        passed if passed == length => Ok(()),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A copy of a file without its recipe.
    fn plain(bytes: &[u8]) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::write(&from, bytes).unwrap();
        std::fs::write(&to, b"something longer that was there before, which must not stay").unwrap();
        without_recipe(&from, &to)?;
        Ok(std::fs::read(&to).unwrap())
    }

    fn has(bytes: &[u8], word: &str) -> bool {
        bytes.windows(word.len()).any(|window| window == word.as_bytes())
    }

    fn png() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(vec![9, 8, 7, 1, 2, 3]);
        encoder.set_trns(vec![255, 0]);
        encoder.add_itxt_chunk("text2art".into(), "{\"format\":\"castle\"}".into()).unwrap();
        encoder.add_text_chunk("parameters".into(), "castle".into()).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[0, 1]).unwrap();
        writer.write_text_chunk(&png::text_metadata::ZTXtChunk::new("late", "castle")).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn a_png_keeps_its_pixels_alone() {
        let (whole, bare) = (png(), plain(&png()).unwrap());
        assert!(has(&whole, "castle") && has(&whole, "zTXt"));
        assert!(!has(&bare, "castle") && !has(&bare, "Xt") && !has(&bare, "EXt"), "{bare:?}");
        let pixels = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().to_rgba8();
        assert_eq!(pixels(&whole), pixels(&bare));
        assert_eq!(pixels(&bare).get_pixel(1, 0).0, [1, 2, 3, 0]);
        // What follows the end is not copied either.
        assert_eq!(plain(&[&whole, &b"castle"[..]].concat()).unwrap(), bare);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_not_a_damaged_file() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        std::fs::write(&from, png()).unwrap();
        let error = without_recipe(&from, Path::new("/dev/full")).unwrap_err();
        assert!(matches!(&error, Error::Write { path, .. } if path == Path::new("/dev/full")), "{error}");
    }

    #[test]
    fn a_file_that_is_damaged_or_of_another_kind_is_refused() {
        let whole = png();
        for length in 0..whole.len() {
            assert!(plain(&whole[..length]).is_err(), "{length}");
        }
        assert!(plain(b"{\"format\": 1, \"prompt\": \"castle\"}").is_err());
    }
}

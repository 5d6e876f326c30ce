//! JPEG files with their recipe.

use std::io::{BufRead, Error as Fault, ErrorKind, Read, Result as Found};

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use sha2::{Digest, Sha256};

use super::notes::{self, Notes, packet};
use crate::files::to_hex;
use crate::{Error, Result};

/// The bytes that every JPEG begins with.
pub(super) const SIGNATURE: [u8; 3] = [0xff, 0xd8, 0xff];
/// The markers of this file format's header, of notes, of the end, and of the pixels (ITU-T T.81, B.1).
const HEADER: u8 = 0xe0;
const NOTE: u8 = 0xe1;
const END: u8 = 0xd9;
const PIXELS: u8 = 0xda;
/// The longest content of a segment, in bytes.
const LONGEST_SEGMENT: usize = 65_533;
/// How segments begin (EXIF 2.32, 4.7.2; XMP specification, part 3, 1.1.3).
const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const MORE_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
/// The number of digits of the name of a packet that takes several segments.
const NAME: usize = 32;
/// What is before each of its parts: how the segment begins, the name, the length of the packet, the place in it.
const BEFORE_PART: usize = MORE_XMP.len() + NAME + 8;

/// Encodes pixels as a JPEG of a quality from 1 to 100, without making the colors coarser than the brightness.
///
/// # Errors
/// If a side is longer than a JPEG can have.
pub(super) fn encode(pixels: &RgbImage, quality: u8, notes: Option<&Notes>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoded = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(pixels);
    encoded.map_err(|error| Error::fault(format!("cannot encode the JPEG: {error}")))?;
    if let Some(notes) = notes {
        let behind_header = match bytes.get(2..6) {
            Some([0xff, HEADER, high, low]) => 4 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => 2,
        };
        bytes.splice(behind_header..behind_header, segments(notes));
    }
    Ok(bytes)
}

/// The segments with notes. Those that are too long for one segment are spread over several, as the specifications of XMP
/// say, or left out, if they only say the same in words.
fn segments(Notes { exif, xmp }: &Notes) -> Vec<u8> {
    let mut all = Vec::new();
    if EXIF.len() + exif.len() <= LONGEST_SEGMENT {
        add(&mut all, &[EXIF, exif]);
    }
    if XMP.len() + xmp.len() <= LONGEST_SEGMENT {
        add(&mut all, &[XMP, xmp.as_bytes()]);
        return all;
    }
    // The name should be an MD5, but is only compared.
    let name = to_hex(&Sha256::digest(xmp))[..NAME].to_uppercase();
    let pointer = format!("<xmpNote:HasExtendedXMP>{name}</xmpNote:HasExtendedXMP>");
    let main = packet("xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\"", &pointer);
    add(&mut all, &[XMP, main.as_bytes()]);
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
    let length = LONGEST_SEGMENT - BEFORE_PART;
    for (index, part) in xmp.as_bytes().chunks(length).enumerate() {
        add(&mut all, &[MORE_XMP, name.as_bytes(), &number(xmp.len()), &number(index * length), part]);
    }
    all
}

/// Adds a segment of these parts, which are not too long together.
fn add(all: &mut Vec<u8>, parts: &[&[u8]]) {
    let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    all.extend([0xff, NOTE]);
    all.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
    for part in parts {
        all.extend_from_slice(part);
    }
}

/// The recipe in a JPEG; none if it has no recipe. If the file is cut short, the error is `UnexpectedEof`.
pub(super) fn recipe(file: &mut impl BufRead) -> Found<Option<String>> {
    let (mut main, mut more) = (None, None);
    skip(file, 2)?;
    loop {
        let marker = marker(file)?;
        match marker {
            END | PIXELS => break,
            // These have no content.
            0x01 | 0xd0..=0xd8 => continue,
            _ => {}
        }
        let length = u16::from_be_bytes([byte(file)?, byte(file)?]).checked_sub(2);
        let length =
            length.ok_or_else(|| Fault::new(ErrorKind::InvalidData, "a segment is shorter than its length"))?;
        if marker != NOTE {
            skip(file, length.into())?;
            continue;
        }
        let mut segment = vec![0; length.into()];
        file.read_exact(&mut segment)?;
        if let Some(packet) = segment.strip_prefix(XMP) {
            main.get_or_insert(packet.to_vec());
        } else if let Some((whole, place, part)) = part_of(&segment) {
            let (of, packet) = more.get_or_insert_with(|| (whole.clone(), Vec::new()));
            if *of == whole && place == packet.len() && place + part.len() <= notes::LONGEST {
                packet.extend_from_slice(part);
            }
        }
    }
    let more = more.filter(|(whole, packet)| packet.len() == whole.length);
    let found = main.as_deref().and_then(notes::recipe);
    let found = found.or_else(|| more.and_then(|(_, packet)| notes::recipe(&packet)));
    if found.is_some() {
        check_end(file)?;
    }
    Ok(found)
}

/// A packet that takes several segments.
#[derive(Clone, PartialEq)]
struct Whole {
    name: Vec<u8>,
    length: usize,
}

/// A part of a packet, with its place, from a segment.
fn part_of(segment: &[u8]) -> Option<(Whole, usize, &[u8])> {
    let (name, rest) = segment.strip_prefix(MORE_XMP)?.split_at_checked(NAME)?;
    let (length, rest) = rest.split_first_chunk()?;
    let (place, part) = rest.split_first_chunk()?;
    let number = |bytes: &[u8; 4]| u32::from_be_bytes(*bytes) as usize;
    Some((Whole { name: name.to_vec(), length: number(length) }, number(place), part))
}

/// Reads up to the end of the pixels, which a file that is cut short lacks.
fn check_end(file: &mut impl BufRead) -> Found<()> {
    let mut last = 0;
    loop {
        let buffer = file.fill_buf()?;
        let Some(end) = buffer.last() else { return Err(ErrorKind::UnexpectedEof.into()) };
        if (last == 0xff && buffer[0] == END) || buffer.windows(2).any(|pair| pair == [0xff, END]) {
            return Ok(());
        }
        last = *end;
        let passed = buffer.len();
        file.consume(passed);
    }
}

/// The next marker.
fn marker(file: &mut impl Read) -> Found<u8> {
    if byte(file)? != 0xff {
        return Err(Fault::new(ErrorKind::InvalidData, "no segment begins where the one before it ends"));
    }
    loop {
        // A marker may follow several fill bytes.
        match byte(file)? {
            0xff => {}
            marker => return Ok(marker),
        }
    }
}

fn byte(file: &mut impl Read) -> Found<u8> {
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn skip(file: &mut impl BufRead, length: u64) -> Found<()> {
    match std::io::copy(&mut file.take(length), &mut std::io::sink())? {
        skipped if skipped == length => Ok(()),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)]
mod tests {
    use super::*;

    fn pixels() -> RgbImage {
        RgbImage::from_fn(19, 13, |x, y| image::Rgb([x as u8 * 13, y as u8 * 19, 90]))
    }

    fn written(text: &str) -> Vec<u8> {
        let xmp = packet("", &format!("<text2art:recipe>{text}</text2art:recipe>"));
        encode(&pixels(), 90, Some(&Notes { exif: b"MM\0*\0\0\0\x08\0\0\0\0\0\0".to_vec(), xmp })).unwrap()
    }

    fn read(bytes: &[u8]) -> Found<Option<String>> {
        recipe(&mut std::io::BufReader::with_capacity(7, bytes))
    }

    #[test]
    fn a_recipe_of_any_length_is_found_again() {
        for length in [2, 60_000, 65_000, 66_000, 300_000] {
            let text: String = ('a'..='z').cycle().take(length).collect();
            let bytes = written(&text);
            assert_eq!(read(&bytes).unwrap(), Some(text), "{length}");
            let found = image::load_from_memory(&bytes).unwrap().to_rgb8();
            let far = found.as_raw().iter().zip(pixels().as_raw()).map(|(one, other)| one.abs_diff(*other)).max();
            assert!(found.dimensions() == (19, 13) && far < Some(24), "{far:?}");
        }
        assert_eq!(read(&encode(&pixels(), 90, None).unwrap()).unwrap(), None);
    }

    #[test]
    fn the_quality_decides_the_length() {
        let length = |quality| encode(&pixels(), quality, None).unwrap().len();
        assert!(length(1) < length(60) && length(60) < length(100));
    }

    #[test]
    fn damage_gives_an_error_or_a_recipe() {
        let whole = written("{\"format\": 1}");
        for length in 0..whole.len() {
            assert!(!matches!(read(&whole[..length]), Ok(Some(_))), "{length}");
        }
        for index in 0..whole.len() {
            for value in [0, 1, 0xd9, 0xff] {
                let mut damaged = whole.clone();
                damaged[index] = value;
                let _ = read(&damaged);
            }
        }
        // Parts that do not follow each other, or are more than there should be, are left out.
        let long = written(&"x".repeat(200_000));
        let parts: Vec<usize> = (0..long.len())
            .filter(|place| long[*place..].starts_with(MORE_XMP))
            .map(|place| place + MORE_XMP.len())
            .collect();
        assert_eq!(parts.len(), 4);
        for (part, byte) in [(0, NAME + 3), (1, 0), (1, NAME + 7), (3, NAME + 4)] {
            let mut damaged = long.clone();
            damaged[parts[part] + byte] ^= 1;
            assert_eq!(read(&damaged).unwrap(), None, "{part} {byte}");
        }
    }
}

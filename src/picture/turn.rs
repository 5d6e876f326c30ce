//! How a picture must be turned before it is shown.

use exif::{In, Reader, Tag};
use image::metadata::Orientation;

use super::notes::Notes;

/// The text before the number in an XMP packet: as an attribute and as an element.
const XMP: [&[u8]; 2] = [b"tiff:Orientation=\"", b"tiff:Orientation>"];

/// The turn that a file's notes ask for: that of the format itself, else of EXIF, else of XMP.
pub(super) fn turn_of(notes: &Notes) -> Orientation {
    let number = notes.turn.or_else(|| notes.exif.as_deref().and_then(of_exif));
    let number = number.or_else(|| notes.xmp.as_deref().and_then(of_xmp));
    number.and_then(|number| Orientation::from_exif(u8::try_from(number).ok()?)).unwrap_or(Orientation::NoTransforms)
}

/// The number in an EXIF block, which is a TIFF directory. Some programs write its name before it, even twice.
fn of_exif(block: &[u8]) -> Option<u32> {
    let name = b"Exif\0\0";
    let block = block.strip_prefix(name).unwrap_or(block);
    let block = block.strip_prefix(name).unwrap_or(block);
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let whole = reader.read_raw(block.to_vec());
    // What comes before the damage counts.
    let read = whole.or_else(|error| error.distill_partial_result(|_| ())).ok()?;
    read.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0)
}

fn of_xmp(packet: &[u8]) -> Option<u32> {
    XMP.iter().find_map(|before| {
        let place = packet.windows(before.len()).position(|window| window == *before)?;
        char::from(*packet.get(place + before.len())?).to_digit(10)
    })
}

/// Whether a turn swaps width and height.
pub(super) fn lies(turn: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(turn, Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of one entry: its type, its count and its four bytes.
    fn directory(kind: u8, value: [u8; 4]) -> Vec<u8> {
        let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01".to_vec();
        block.extend([kind, 0, 1, 0, 0, 0]);
        block.extend(value);
        block.extend([0; 4]);
        block
    }

    #[test]
    fn a_number_is_found_in_every_form() {
        let (short, long) = (directory(3, [6, 0, 0, 0]), directory(4, [6, 0, 0, 0]));
        let prefixed = [&b"Exif\0\0"[..], &short].concat();
        let twice = [&b"Exif\0\0"[..], &prefixed].concat();
        for block in [&short, &long, &prefixed, &twice] {
            assert_eq!(of_exif(block), Some(6), "{block:?}");
        }
        assert_eq!((of_exif(b"Exif\0\0"), of_exif(b""), of_exif(&short[..12])), (None, None, None));
    }

    #[test]
    fn xmp_counts_where_exif_says_nothing() {
        let notes = |exif: Option<Vec<u8>>, xmp: &str| Notes { exif, xmp: Some(xmp.into()), ..Notes::default() };
        assert_eq!(turn_of(&notes(None, "<a tiff:Orientation=\"8\"/>")), Orientation::Rotate270);
        assert_eq!(turn_of(&notes(None, "<tiff:Orientation>3</tiff:Orientation>")), Orientation::Rotate180);
        let exif = directory(3, [1, 0, 0, 0]);
        assert_eq!(turn_of(&notes(Some(exif), "tiff:Orientation=\"8\"")), Orientation::NoTransforms);
        assert_eq!(turn_of(&notes(None, "tiff:Orientation=\"")), Orientation::NoTransforms);
    }
}

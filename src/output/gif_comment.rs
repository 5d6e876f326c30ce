//! The comments in a GIF.

use std::io::{BufRead, Error, ErrorKind, Read, Result, Write, sink};

use super::plain::pass;

/// The label of a comment extension (section 24 of the specification).
pub(crate) const COMMENT: u8 = 0xFE;
/// The first bytes of an extension, a picture and the trailer.
const EXTENSION: u8 = 0x21;
const PICTURE: u8 = 0x2C;
const TRAILER: u8 = 0x3B;
/// The longest comment that is read, in bytes.
const LONGEST: usize = 4 << 20;

/// JSON in ASCII, as a GIF's comment requires: other characters are escaped.
pub(crate) fn ascii_json(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            let mut units = [0; 2];
            ascii.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    ascii
}

/// The first comment of a GIF that begins with `beginning`; none if there is no such comment.
pub(crate) fn comment(file: &mut impl BufRead, beginning: &str) -> Result<Option<String>> {
    let mut head = [0; 13];
    file.read_exact(&mut head)?;
    skip(file, table_length(head[10]))?;
    loop {
        match byte(file)? {
            EXTENSION if byte(file)? == COMMENT => {
                let text = blocks(file)?;
                if text.starts_with(beginning.as_bytes()) {
                    return String::from_utf8(text).map(Some).map_err(Error::other);
                }
            }
            EXTENSION => skip_blocks(file)?,
            PICTURE => {
                let mut head = [0; 9];
                file.read_exact(&mut head)?;
                // The size of the codes follows the colors.
                skip(file, table_length(head[8]) + 1)?;
                skip_blocks(file)?;
            }
            TRAILER => return Ok(None),
            _ => return Err(Error::new(ErrorKind::InvalidData, "the GIF's blocks are invalid")),
        }
    }
}

/// Copies a GIF without its comments.
pub(super) fn copy_without_comments(file: &mut impl BufRead, target: &mut impl Write) -> Result<()> {
    copy(file, target, &mut |file, _| skip_blocks(file))
}

/// Copies a GIF, replacing each comment with what `change` returns.
#[cfg(feature = "server")]
pub(super) fn copy_with_comments<W: Write>(
    file: &mut impl BufRead,
    target: &mut W,
    change: &mut dyn FnMut(Vec<u8>) -> Result<Vec<u8>>,
) -> Result<()> {
    copy(file, target, &mut |file, target: &mut W| {
        let comment = change(blocks(file)?)?;
        target.write_all(&[EXTENSION, COMMENT])?;
        for block in comment.chunks(usize::from(u8::MAX)) {
            target.write_all(&[u8::try_from(block.len()).unwrap_or(u8::MAX)])?;
            target.write_all(block)?;
        }
        target.write_all(&[0])
    })
}

/// Copies a GIF; `comment` handles each comment, whose label has been read.
fn copy<R: BufRead, W: Write>(
    file: &mut R,
    target: &mut W,
    comment: &mut dyn FnMut(&mut R, &mut W) -> Result<()>,
) -> Result<()> {
    let mut head = [0; 13];
    file.read_exact(&mut head)?;
    target.write_all(&head)?;
    pass(file, target, table_length(head[10]))?;
    loop {
        let kind = byte(file)?;
        match kind {
            EXTENSION => {
                let label = byte(file)?;
                if label == COMMENT {
                    comment(file, target)?;
                } else {
                    target.write_all(&[kind, label])?;
                    copy_blocks(file, target)?;
                }
            }
            PICTURE => {
                let mut head = [0; 9];
                file.read_exact(&mut head)?;
                target.write_all(&[kind])?;
                target.write_all(&head)?;
                // The size of the codes follows the colors.
                pass(file, target, table_length(head[8]) + 1)?;
                copy_blocks(file, target)?;
            }
            TRAILER => return target.write_all(&[kind]),
            _ => return Err(Error::new(ErrorKind::InvalidData, "the GIF's blocks are invalid")),
        }
    }
}

/// The length of the color table that these flags describe, in bytes.
fn table_length(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn byte(file: &mut impl BufRead) -> Result<u8> {
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn skip(file: &mut impl BufRead, length: u64) -> Result<()> {
    pass(file, &mut sink(), length)
}

fn skip_blocks(file: &mut impl BufRead) -> Result<()> {
    copy_blocks(file, &mut sink())
}

fn copy_blocks(file: &mut impl BufRead, target: &mut impl Write) -> Result<()> {
    loop {
        let length = byte(file)?;
        target.write_all(&[length])?;
        if length == 0 {
            return Ok(());
        }
        pass(file, target, length.into())?;
    }
}

fn blocks(file: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        match byte(file)? {
            0 => return Ok(text),
            _ if text.len() > LONGEST => return Err(Error::new(ErrorKind::InvalidData, "the comment is too long")),
            length => {
                let before = text.len();
                file.take(length.into()).read_to_end(&mut text)?;
                if text.len() - before < usize::from(length) {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gif(comments: &[&str]) -> Vec<u8> {
        let mut encoder = gif::Encoder::new(Vec::new(), 2, 2, &[0, 0, 0, 9, 9, 9]).unwrap();
        encoder.set_repeat(gif::Repeat::Infinite).unwrap();
        encoder.write_frame(&gif::Frame::from_palette_pixels(2, 2, [0, 1, 1, 0], [1, 2, 3, 4, 5, 6], None)).unwrap();
        for comment in comments {
            encoder.write_raw_extension(gif::AnyExtension(COMMENT), &[comment.as_bytes()]).unwrap();
        }
        encoder.into_inner().unwrap()
    }

    #[test]
    fn comments_are_found_again() {
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(1000));
        let whole = gif(&["made by hand", &long]);
        assert_eq!(comment(&mut whole.as_slice(), "{").unwrap().as_deref(), Some(long.as_str()));
        assert_eq!(comment(&mut gif(&["made by hand"]).as_slice(), "{").unwrap(), None);
        for length in 0..whole.len() - 2 {
            assert!(!matches!(comment(&mut &whole[..length], "{"), Ok(Some(_))), "{length}");
        }
        assert!(comment(&mut b"".as_slice(), "{").is_err());
    }

    #[test]
    fn copies_have_no_comments_and_the_same_pictures() {
        let copy = |bytes: &[u8]| {
            let mut copy = Vec::new();
            copy_without_comments(&mut &*bytes, &mut copy).map(|()| copy)
        };
        let long = "castle ".repeat(100);
        assert_eq!(copy(&gif(&["castle", &long])).unwrap(), gif(&[]));
        let whole = gif(&["castle"]);
        for length in 0..whole.len() {
            assert!(copy(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn json_is_the_same_in_ascii() {
        let value = serde_json::json!({ "größe": "木 🎨 \n \"" });
        let ascii = ascii_json(&value.to_string());
        assert!(ascii.is_ascii());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&ascii).unwrap(), value);
    }
}

//! Where a file stores its recipe: in a text chunk of a PNG, the XMP of a JPEG or a WebP, a comment of a GIF, an entry of an
//! MP4. A file of JSON is a recipe by itself.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek};
use std::path::Path;

use super::{gif_comment, jpeg, mp4_tags, webp};
use crate::files::{open_regular, unreadable};

/// The keyword of the PNG's text chunk.
pub(super) const KEYWORD: &str = "text2art";
/// The keyword of the text chunk with the recipe in words, which other programs show.
pub(super) const WORDS: &str = "parameters";
/// The beginning of a GIF's comment that is a recipe.
pub(super) const BEGINNING: &str = "{\"format\":";
/// The bytes that every PNG begins with.
pub(crate) const PNG_SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// The longest recipe that is read, in bytes.
const LONGEST: usize = 4 << 20;

/// The text of a file's recipe; none if the file has no recipe. The content decides the kind of file.
pub(super) fn embedded_text(path: &Path) -> Result<Option<String>, String> {
    let mut file = open_regular(path).map(BufReader::new).map_err(|error| unreadable(&error))?;
    let mut head = Vec::new();
    file.by_ref().take(12).read_to_end(&mut head).and_then(|_| file.rewind()).map_err(|error| unreadable(&error))?;
    let damaged = |error: std::io::Error| match error.kind() {
        ErrorKind::UnexpectedEof => "the file is cut short".to_owned(),
        _ => format!("the file is damaged: {error}"),
    };
    if head.starts_with(b"GIF8") {
        return gif_comment::comment(&mut file, BEGINNING).map_err(damaged);
    }
    if head.get(4..8) == Some(b"ftyp") {
        return mp4_tags::recipe(&mut file).map_err(damaged);
    }
    if head.starts_with(&jpeg::SIGNATURE) {
        return jpeg::recipe(&mut file).map_err(damaged);
    }
    if webp::is_like(&head) {
        return webp::recipe(&mut file).map_err(damaged);
    }
    if head.trim_ascii_start().starts_with(b"{") {
        return plain_text(file).map(Some);
    }
    let start = &head[..head.len().min(PNG_SIGNATURE.len())];
    if start.is_empty() || !PNG_SIGNATURE.starts_with(start) {
        return Err("not a PNG, JPEG, WebP, GIF or MP4 that text2art made".to_owned());
    }
    png_text(file)
}

fn plain_text(file: BufReader<File>) -> Result<String, String> {
    let mut text = Vec::new();
    file.take(LONGEST as u64 + 1).read_to_end(&mut text).map_err(|error| unreadable(&error))?;
    if text.len() > LONGEST {
        return Err(format!("the recipe is longer than {} MiB", LONGEST >> 20));
    }
    String::from_utf8(text).map_err(|_| "the recipe is not UTF-8 text".to_owned())
}

fn png_text(file: BufReader<File>) -> Result<Option<String>, String> {
    let limits = png::Limits { bytes: 64 << 20 };
    let mut reader = png::Decoder::new_with_limits(file, limits)
        .read_info()
        .map_err(|error| format!("not a readable PNG: {error}"))?;
    // Text may follow the picture's data.
    reader.finish().map_err(|error| format!("the PNG is damaged: {error}"))?;
    let Some(chunk) = reader.info().utf8_text.iter().find(|chunk| chunk.keyword == KEYWORD) else { return Ok(None) };
    let mut chunk = chunk.clone();
    let text = chunk.decompress_text_with_limit(LONGEST).and_then(|()| chunk.get_text());
    text.map(Some).map_err(|error| format!("the recipe is damaged: {error}"))
}

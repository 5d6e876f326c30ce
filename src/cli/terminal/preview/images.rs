//! Pictures as PNG files inside a terminal's escape sequences.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage};

use crate::cli::terminal::Area;
use crate::{Error, Result};

/// The most data that kitty accepts in one sequence.
const CHUNK: usize = 4096;

/// Kitty's protocol (sw.kovidgoyal.net/kitty/graphics-protocol). A picture with the same number replaces the previous
/// one. The terminal must not answer (`q=2`), and the cursor stays (`C=1`).
pub(in crate::cli) fn kitty(picture: &RgbImage, area: &Area) -> Result<String> {
    let data = BASE64_STANDARD.encode(png(picture)?);
    let number = std::process::id();
    let first = format!("a=T,f=100,i={number},p=1,c={},r={},C=1,q=2,", area.columns, area.rows);
    let mut text = String::with_capacity(data.len() + data.len() / 64);
    let mut rest = data.as_str();
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.len().min(CHUNK));
        let keys = if rest.len() == data.len() { first.as_str() } else { "" };
        let more = u8::from(!after.is_empty());
        // Writing to a string cannot fail.
        let _ = write!(text, "\x1b_G{keys}m={more};{chunk}\x1b\\");
        rest = after;
    }
    Ok(text)
}

/// Removes what [`kitty`] shows, which is not cleared with the text around it.
pub(in crate::cli) fn kitty_removal() -> String {
    format!("\x1b_Ga=d,d=I,i={},q=2\x1b\\", std::process::id())
}

/// iTerm2's protocol (iterm2.com/documentation-images.html).
pub(in crate::cli) fn iterm(picture: &RgbImage, area: &Area) -> Result<String> {
    let file = png(picture)?;
    let (columns, rows, size) = (area.columns, area.rows, file.len());
    let data = BASE64_STANDARD.encode(file);
    let keys = format!("size={size};width={columns};height={rows};preserveAspectRatio=0;inline=1");
    Ok(format!("\x1b]1337;File={keys}:{data}\x07"))
}

fn png(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Adaptive)
        .write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .map_err(|error| Error::fault(format!("cannot encode a preview: {error}")))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    const AREA: Area = Area { columns: 20, rows: 10, width: 200, height: 200 };

    /// A picture that does not compress well.
    fn picture() -> RgbImage {
        let byte =
            |x: u32, y: u32, z: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ z).to_le_bytes()[1];
        RgbImage::from_fn(64, 64, |x, y| Rgb([byte(x, y, 1), byte(y, x, 2), byte(x + y, x, 3)]))
    }

    #[test]
    fn kitty_gets_a_png_in_chunks() {
        let text = kitty(&picture(), &AREA).unwrap();
        let chunks: Vec<_> = text.split_terminator("\x1b\\").collect();
        assert!(chunks.len() > 2 && chunks[0].starts_with("\x1b_Ga=T,f=100,i=") && chunks[0].contains(",c=20,r=10,"));
        let mut data = String::new();
        for (index, chunk) in chunks.iter().enumerate() {
            let (keys, chunk) = chunk.split_once(';').unwrap();
            assert!(keys.ends_with(if index + 1 < chunks.len() { "m=1" } else { "m=0" }), "{keys}");
            assert!(chunk.len() <= 4096);
            data += chunk;
        }
        let file = BASE64_STANDARD.decode(data).unwrap();
        assert_eq!(image::load_from_memory(&file).unwrap().to_rgb8(), picture());
    }

    #[test]
    fn iterm_gets_a_png_with_its_size() {
        let text = iterm(&picture(), &AREA).unwrap();
        let (keys, data) = text.trim_end_matches('\x07').split_once(':').unwrap();
        let file = BASE64_STANDARD.decode(data).unwrap();
        assert!(keys.contains(&format!("size={};width=20;height=10;", file.len())), "{keys}");
        assert_eq!(image::load_from_memory(&file).unwrap().to_rgb8(), picture());
    }
}

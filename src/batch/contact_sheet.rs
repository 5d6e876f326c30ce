//! Contact sheets: all pictures of a batch in a PNG, or on a page that links to them.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use image::RgbImage;

use crate::files::{Existing, open_regular, write_beside};
use crate::picture::{self, Size, bicubic};
use crate::settings::Settings;
use crate::{Error, Result};

/// The longer side of a picture on a sheet with few pictures, in pixels.
const LARGEST: u32 = 256;
/// The space between two pictures, in pixels.
const GAP: u32 = 8;
/// The longer side of a sheet, in pixels.
const LARGEST_SHEET: u32 = 8192;

/// The beginning of a page.
const PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Contact sheet</title>";
/// The keyword and the text that mark a PNG as a sheet.
const MARK: (&str, &str) = ("Software", "text2art contact sheet");

/// A picture on the sheet.
#[derive(Clone, Debug)]
pub struct Card {
    /// The path of the picture
    pub path: PathBuf,
    /// The settings of the picture
    pub settings: Settings,
    /// How well the picture fits its prompt: −1 to 1
    pub score: Option<f64>,
}

/// Writes a sheet, as a page if the name ends in `.html`, else as a PNG. Returns the path of the sheet: if another
/// program took the name meanwhile, the sheet is written under a name beside it.
///
/// # Errors
/// If a picture cannot be read, or the sheet cannot be written.
pub fn write_sheet(path: &Path, cards: &[Card], existing: Existing) -> Result<PathBuf> {
    let content = if is_page(path) { page(path, cards).into_bytes() } else { sheet(cards)? };
    write_beside(path, &content, existing)
}

/// Whether the file at a path is a sheet that this program wrote: a later batch may replace such a file.
#[must_use]
pub fn is_own_sheet(path: &Path) -> bool {
    let Ok(file) = open_regular(path) else { return false };
    if is_page(path) {
        let mut beginning = Vec::new();
        let read = file.take(PAGE.len() as u64).read_to_end(&mut beginning);
        return read.is_ok() && beginning == PAGE.as_bytes();
    }
    let limits = png::Limits { bytes: 64 << 20 };
    let Ok(reader) = png::Decoder::new_with_limits(BufReader::new(file), limits).read_info() else { return false };
    let texts = &reader.info().uncompressed_latin1_text;
    texts.iter().any(|chunk| (chunk.keyword.as_str(), chunk.text.as_str()) == MARK)
}

/// Whether a sheet of this name is a page.
#[must_use]
pub fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html"))
}

/// A PNG with all pictures in rows, in their order, on gray.
fn sheet(cards: &[Card]) -> Result<Vec<u8>> {
    let count = u32::try_from(cards.len()).unwrap_or(u32::MAX).max(1);
    let columns = (1..=count).find(|columns| columns.saturating_mul(*columns) >= count).unwrap_or(1);
    let rows = count.div_ceil(columns);
    let side = LARGEST.min((LARGEST_SHEET / columns).saturating_sub(GAP)).max(1);
    let cell = side + GAP;
    let mut sheet = RgbImage::from_pixel(columns * cell + GAP, rows * cell + GAP, image::Rgb([64; 3]));
    for (card, number) in cards.iter().zip(0..) {
        let small = within(&picture::read(&card.path)?, side)?;
        let (left, top) = (number % columns * cell + GAP, number / columns * cell + GAP);
        let (x, y) = (left + (side - small.width()) / 2, top + (side - small.height()) / 2);
        image::imageops::replace(&mut sheet, &small, x.into(), y.into());
    }
    encode(&sheet).map_err(|error| Error::fault(format!("cannot encode the contact sheet: {error}")))
}

/// A PNG with a text chunk that marks it as a sheet.
pub(super) fn encode(sheet: &RgbImage) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, sheet.width(), sheet.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let (keyword, text) = MARK;
    encoder.add_text_chunk(keyword.to_owned(), text.to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(sheet.as_raw())?;
    writer.finish()?;
    Ok(file)
}

/// The picture, scaled down to fit into a square; a small picture stays as it is.
pub(super) fn within(picture: &RgbImage, side: u32) -> Result<RgbImage> {
    let longer = picture.width().max(picture.height());
    if longer <= side {
        return Ok(picture.clone());
    }
    let scaled = |length: u32| (u64::from(length) * u64::from(side)).div_ceil(u64::from(longer)).max(1);
    let length = |length: u32| usize::try_from(scaled(length)).unwrap_or(1);
    bicubic(picture, Size { width: length(picture.width()), height: length(picture.height()) })
}

/// A page with each picture, its prompt, its seed and its score.
fn page(path: &Path, cards: &[Card]) -> String {
    let figure = |Card { path: picture, settings, score }: &Card| {
        let link = link(path, picture);
        let prompt = settings.prompt.to_string();
        let prompt = html_escape::encode_text(&prompt);
        let score = score.map_or_else(String::new, |score| format!(" · {score:.4}"));
        let seed = settings.seed;
        format!(
            "<figure><a href=\"{link}\"><img src=\"{link}\" alt=\"\" loading=\"lazy\"></a>\n\
             <figcaption>{prompt}<br><small>seed {seed}{score}</small></figcaption></figure>\n"
        )
    };
    let figures: String = cards.iter().map(figure).collect();
    format!(
        "{PAGE}\n\
         <style>body {{ background: #404040; color: #f0f0f0; font: 14px sans-serif; display: flex; flex-wrap: wrap; \
         gap: 12px; margin: 12px; }}\nfigure {{ margin: 0; width: {LARGEST}px; overflow-wrap: anywhere; }}\n\
         img {{ max-width: 100%; }}</style></head>\n<body>\n{figures}</body></html>\n"
    )
}

/// The link from a page to a picture: relative if the picture is in the page's folder or below, else the whole path.
pub(super) fn link(page: &Path, picture: &Path) -> String {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (page, picture) = (whole(page), whole(picture));
    let folder = page.parent().unwrap_or_else(|| Path::new(""));
    let text = match picture.strip_prefix(folder) {
        Ok(relative) => relative.to_string_lossy().into_owned(),
        Err(_) => return url::Url::from_file_path(&picture).map_or_else(|()| String::new(), |url| url.to_string()),
    };
    // The separators of a relative link are not escaped.
    let parts = text.split(['/', std::path::MAIN_SEPARATOR]);
    parts
        .map(|part| url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>().replace('+', "%20"))
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::combine;
    use crate::settings::Overrides;

    fn cards(folder: &Path, count: u8) -> Vec<Card> {
        let settings = |prompt: &str| {
            combine(&[Overrides { prompt: Some(prompt.parse().unwrap()), ..Overrides::default() }]).unwrap()
        };
        (0..count)
            .map(|index| {
                let path = folder.join(format!("a b&{index}.png"));
                RgbImage::from_pixel(300 + u32::from(index), 100, image::Rgb([index, 0, 0])).save(&path).unwrap();
                Card { path, settings: settings("<b>a</b> & \"b\""), score: Some(0.25) }
            })
            .collect()
    }

    #[test]
    fn every_picture_is_on_the_sheet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sheet.png");
        write_sheet(&path, &cards(folder.path(), 5), Existing::Keep).unwrap();
        assert!(is_own_sheet(&path) && !is_own_sheet(&folder.path().join("a b&0.png")));
        let sheet = image::open(&path).unwrap().to_rgb8();
        // Three columns and two rows.
        assert_eq!(sheet.dimensions(), (3 * 264 + 8, 2 * 264 + 8));
        for index in 0..5_u8 {
            let (column, row) = (u32::from(index % 3), u32::from(index / 3));
            assert_eq!(sheet.get_pixel(column * 264 + 136, row * 264 + 136).0, [index, 0, 0]);
        }
        write_sheet(&path, &[], Existing::Replace).unwrap();
    }

    #[test]
    fn a_page_links_and_escapes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sheet.html");
        let pictures = folder.path().join("out");
        std::fs::create_dir(&pictures).unwrap();
        write_sheet(&path, &cards(&pictures, 2), Existing::Keep).unwrap();
        assert!(is_own_sheet(&path));
        let page = std::fs::read_to_string(&path).unwrap();
        assert!(
            page.contains("<img src=\"out/a%20b%261.png\"") && page.contains("&lt;b&gt;a&lt;/b&gt; &amp; \"b\""),
            "{page}"
        );
        assert!(page.contains("seed 0 · 0.2500") && page.matches("<figure>").count() == 2);
    }
}

//! The picture in the terminal, while it is drawn.

mod blocks;
mod images;
mod protocol;
mod sixel;

use std::time::{Duration, Instant};

use image::RgbImage;

pub(in crate::cli) use protocol::PreviewKind;

use super::{Area, Picture, Window};
use crate::Result;
use crate::picture::{Size, bicubic};
use protocol::Protocol;

/// Time between two pictures.
const INTERVAL: Duration = Duration::from_millis(500);

/// Shows pictures in a terminal.
pub(in crate::cli) struct Preview {
    protocol: Protocol,
    last: Option<Instant>,
}

impl Preview {
    /// The preview of a kind; none if there should be none, or the terminal cannot show pictures.
    pub(in crate::cli) fn new(kind: PreviewKind) -> Option<Self> {
        Some(Self { protocol: Protocol::of(kind)?, last: None })
    }

    /// Whether it is time for another picture.
    pub(in crate::cli) fn is_due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= INTERVAL)
    }

    /// Shows a picture; none if the window is too small.
    ///
    /// # Errors
    /// If the picture cannot be resized to the size it is shown at.
    pub(in crate::cli) fn draw(&mut self, picture: &RgbImage) -> Result<Option<Picture>> {
        self.last = Some(Instant::now());
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let Some(area) = Window::now().area(width, height) else { return Ok(None) };
        let text = self.protocol.encode(picture, &area)?;
        let removal = if self.protocol == Protocol::Kitty { images::kitty_removal() } else { String::new() };
        Ok(Some(Picture { area, text, removal }))
    }
}

impl Protocol {
    /// The text that shows a picture in an area whose upper left corner is at the cursor, and leaves the cursor at the
    /// start of the line below.
    fn encode(self, picture: &RgbImage, area: &Area) -> Result<String> {
        let resized = |width: usize, height: usize| bicubic(picture, Size { width, height });
        let (columns, rows) = (usize::from(area.columns), usize::from(area.rows));
        let pixels = |picture: &RgbImage| {
            // No more pixels than can be seen.
            let shrinks = area.width < picture.width() as usize && area.height < picture.height() as usize;
            if shrinks { resized(area.width, area.height) } else { Ok(picture.clone()) }
        };
        Ok(match self {
            Self::Blocks(colors) => return Ok(blocks::encode(&resized(columns, 2 * rows)?, colors)),
            Self::Kitty => in_place(&images::kitty(&pixels(picture)?, area)?, area),
            Self::Iterm => in_place(&images::iterm(&pixels(picture)?, area)?, area),
            Self::Sixel => in_place(&sixel::encode(&resized(area.width, area.height)?), area),
        })
    }
}

/// A picture that may leave the cursor anywhere, followed by moving the cursor below it.
fn in_place(picture: &str, area: &Area) -> String {
    format!("\x1b7{picture}\x1b8\x1b[{}B\r", area.rows)
}

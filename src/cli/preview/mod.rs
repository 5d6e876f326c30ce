//! The picture in the terminal, as it grows.

mod blocks;
mod images;
mod protocol;
mod sixel;
mod window;

use std::time::{Duration, Instant};

use candle_core::Tensor;
use image::RgbImage;

pub(super) use protocol::PreviewKind;

use crate::Result;
use crate::output::to_image;
use crate::picture::bicubic;
use crate::settings::Size;
use protocol::Protocol;
use window::{Area, Window};

/// Time between two pictures.
const INTERVAL: Duration = Duration::from_millis(500);

/// Shows pictures in a terminal, each in the place of the one before.
pub(super) struct Preview {
    protocol: Protocol,
    /// Rows of the picture above the cursor, where nothing came between
    above: Option<u16>,
    last: Option<Instant>,
}

impl Preview {
    /// What shows pictures; none where it is not to, or the terminal cannot.
    pub(super) fn new(kind: PreviewKind) -> Option<Self> {
        Some(Self { protocol: Protocol::of(kind)?, above: None, last: None })
    }

    /// Whether it is time for another picture.
    pub(super) fn is_due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= INTERVAL)
    }

    /// Something was written beneath the picture: the next one stands beneath that.
    pub(super) fn leave(&mut self) {
        self.above = None;
    }

    /// What shows a picture, over white where it is transparent, with the cursor at the start of the line beneath; nothing
    /// where the window is too small.
    ///
    /// # Errors
    /// Where the picture cannot be brought to the size it is shown at.
    pub(super) fn draw(&mut self, picture: &Tensor) -> Result<String> {
        self.last = Some(Instant::now());
        let (_, _, height, width) = picture.dims4()?;
        let picture = to_image(picture)?;
        let Some(area) = Window::now().area(width, height) else { return Ok(String::new()) };
        let rows = area.rows;
        let up = |rows: u16| format!("\x1b[{rows}A\r");
        // Room for it, which may move all that is above, and back to its first row.
        let room = || format!("\x1b[0J{}{}", "\n".repeat(rows.into()), up(rows));
        let place = match self.above.replace(rows) {
            Some(above) if above == rows => up(above),
            Some(above) => up(above) + &room(),
            None => room(),
        };
        Ok(place + &self.protocol.encode(&picture, &area)?)
    }
}

impl Protocol {
    /// What shows a picture in an area whose upper left corner is at the cursor, and leaves the cursor at the start
    /// of the line beneath.
    fn encode(self, picture: &RgbImage, area: &Area) -> Result<String> {
        let resized = |width: usize, height: usize| bicubic(picture, Size { width, height });
        let (columns, rows) = (usize::from(area.columns), usize::from(area.rows));
        let pixels = |picture: &RgbImage| {
            // No more pixels than are seen.
            let shrinks = area.width < picture.width() as usize && area.height < picture.height() as usize;
            if shrinks { resized(area.width, area.height) } else { Ok(picture.clone()) }
        };
        Ok(match self {
            Self::Blocks(colours) => return Ok(blocks::encode(&resized(columns, 2 * rows)?, colours)),
            Self::Kitty => in_place(&images::kitty(&pixels(picture)?, area)?, area),
            Self::Iterm => in_place(&images::iterm(&pixels(picture)?, area)?, area),
            Self::Sixel => in_place(&sixel::encode(&resized(area.width, area.height)?), area),
        })
    }
}

/// A picture that may leave the cursor anywhere, with the cursor moved beneath it.
fn in_place(picture: &str, area: &Area) -> String {
    format!("\x1b7{picture}\x1b8\x1b[{}B\r", area.rows)
}

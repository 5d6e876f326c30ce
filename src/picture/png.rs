//! PNG files, row by row.

use std::io::{BufRead, Seek};

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::canvas::Canvas;
use super::rows::{Layout, Samples};

/// The most memory for rows and for everything else but pixels, in bytes.
const MOST_MEMORY: usize = 64 << 20;

/// Decodes a PNG's rows. An interlaced PNG, whose rows are not in order, is decoded at once.
pub(super) fn rows(file: impl BufRead + Seek, canvas: &mut Canvas) -> Result<(), DecodingError> {
    let mut decoder = Decoder::new_with_limits(file, Limits { bytes: MOST_MEMORY });
    // Notes were read before.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info()?;
    let (color, depth) = reader.output_color_type();
    let channels = match color {
        ColorType::Grayscale => 1,
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb | ColorType::Indexed => 3,
        ColorType::Rgba => 4,
    };
    let samples = if depth == BitDepth::Sixteen { Samples::BigEndianWords } else { Samples::Bytes };
    let layout = Layout { channels, samples };
    let mut row = vec![[0; 4]; reader.info().width as usize];
    if reader.info().interlaced {
        let length = reader.output_buffer_size().ok_or(DecodingError::LimitsExceeded)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).map_err(|_| DecodingError::LimitsExceeded)?;
        bytes.resize(length, 0);
        reader.next_frame(&mut bytes)?;
        for bytes in bytes.chunks_exact(layout.pixel() * row.len()) {
            layout.widen(bytes, &mut row);
            canvas.push(&mut row);
        }
        return Ok(());
    }
    // The last call checks that the data is complete.
    while let Some(bytes) = reader.next_row()? {
        layout.widen(bytes.data(), &mut row);
        canvas.push(&mut row);
    }
    Ok(())
}

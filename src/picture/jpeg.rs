//! JPEG files that are made smaller while they are decoded, or whose inks are kept apart.

use std::io::Read;

use jpeg_decoder::{Decoder, Error, PixelFormat, UnsupportedFeature};

use super::canvas::Canvas;
use super::rows::{Layout, Samples};

/// Decodes a JPEG at its own size, or at a half, a quarter or an eighth of it.
pub(super) fn rows(file: impl Read, (width, height): (u32, u32), canvas: &mut Canvas) -> Result<(), Error> {
    let too_large = |_| Error::Format("it is larger than its header says".into());
    let (wanted_width, wanted_height) =
        (u16::try_from(width).map_err(too_large)?, u16::try_from(height).map_err(too_large)?);
    let mut decoder = Decoder::new(file);
    decoder.read_info()?;
    let wanted = (wanted_width, wanted_height);
    let whole = decoder.info().is_some_and(|info| (info.width, info.height) == wanted);
    if !whole && decoder.scale(wanted_width, wanted_height)? != wanted {
        return Err(Error::Format("it has another size than its header says".into()));
    }
    let bytes = decoder.decode()?;
    let format = decoder.info().map(|info| info.pixel_format);
    let (channels, samples) = match format {
        Some(PixelFormat::L8) => (1, Samples::Bytes),
        Some(PixelFormat::RGB24) => (3, Samples::Bytes),
        Some(PixelFormat::CMYK32) => (4, Samples::Bytes),
        _ => return Err(Error::Unsupported(UnsupportedFeature::SamplePrecision(16))),
    };
    let layout = Layout { channels, samples };
    let mut row = vec![[0; 4]; width as usize];
    for bytes in bytes.chunks_exact(layout.pixel() * row.len()) {
        layout.widen(bytes, &mut row);
        canvas.push(&mut row);
    }
    Ok(())
}

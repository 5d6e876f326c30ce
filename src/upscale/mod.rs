//! Enlarges pictures: by networks, by a filter, or by repeating pixels.
//!
//! Colors go through the network or the filter. Transparency is enlarged by a bicubic filter, after the colors of visible
//! pixels were spread under the invisible ones around them, so that no edge gets a dark rim.

mod alpha;
mod compact;
mod crisp;
mod factor;
mod layers;
mod network;
mod residual;
mod shapes;
mod tiles;

use candle_core::Device;
use image::{DynamicImage, RgbImage, RgbaImage};

pub use factor::Factor;
pub use network::Upscaler;

use crate::frozen::MemoryOf;
use crate::models::Role;
use crate::picture::{Size, Tile, lanczos};
use crate::{Error, Result};

/// The filter of Lanczos, which needs no model.
pub const LANCZOS: &str = "lanczos";
/// The filter for drawings: Lanczos's, then edges are sharpened.
pub const CRISP: &str = "crisp";
/// Repeats each pixel.
pub const NEAREST: &str = "nearest";
/// The upscaler if none is named, but not of what the embedded model draws.
pub const DEFAULT: &str = LANCZOS;

/// Whether an upscaler is a filter, which needs no model.
#[must_use]
pub fn is_filter(name: &str) -> bool {
    Role::Upscaler.built_in().contains(&name)
}

/// Called after each tile; an error ends the work.
pub type Watch<'a> = dyn FnMut() -> Result<()> + 'a;

/// How pictures are enlarged.
#[derive(Clone, Copy)]
pub enum Method<'a> {
    /// By repeating each pixel: the edges of cells stay sharp, and there are no new colors
    Nearest,
    /// By the filter of Lanczos with three lobes
    Lanczos,
    /// By the same filter, with sharp edges
    Crisp,
    /// By a network
    Network(&'a Upscaler),
}

impl<'a> Method<'a> {
    /// The method with a name: a filter, or the network that was loaded for it.
    ///
    /// # Errors
    /// If a network is needed, but none is loaded.
    pub fn of(name: &str, loaded: Option<&'a Upscaler>) -> Result<Self> {
        match (name, loaded) {
            (NEAREST, _) => Ok(Self::Nearest),
            (LANCZOS, _) => Ok(Self::Lanczos),
            (CRISP, _) => Ok(Self::Crisp),
            (_, Some(upscaler)) => Ok(Self::Network(upscaler)),
            (_, None) => Err(Error::fault(format!("the upscaler {name} is not loaded"))),
        }
    }

    /// How many pixels of the copies around a picture that is tiled are enlarged with it, so that its edges continue each
    /// other afterwards: all that a pixel depends on.
    fn margin(self, factor: Factor) -> usize {
        match self {
            Self::Nearest => 0,
            // The filter has three lobes.
            Self::Lanczos => 4,
            Self::Crisp => crisp::margin(factor),
            Self::Network(upscaler) => upscaler.margin(),
        }
    }

    /// The size of what is enlarged for a picture.
    fn whole(self, size: Size, factor: Factor, tile: Option<Tile>) -> Size {
        tile.map_or(size, |tile| tile.widened(size, self.margin(factor)))
    }

    /// The number of parts that are computed one after the other for a picture, which may be tiled.
    #[must_use]
    pub fn tiles(self, size: Size, factor: Factor, tile: Option<Tile>) -> usize {
        let size = self.whole(size, factor, tile);
        match self {
            Self::Network(upscaler) => upscaler.tiles(size, factor),
            Self::Crisp => crisp::tiles(size.times(factor.times())),
            Self::Nearest | Self::Lanczos => 1,
        }
    }

    /// The peak memory of enlarging a picture in bytes: the network's, and on the host the pictures. Weights come on top.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn memory(self, size: Size, factor: Factor, tile: Option<Tile>, of: MemoryOf) -> Result<u64> {
        let size = self.whole(size, factor, tile);
        let area = |size: Size| size.width.saturating_mul(size.height) as u64;
        let result = area(size.times(factor.times()));
        // The picture with its alpha, apart and together.
        let mut bytes = if of == MemoryOf::Host { 10 * area(size) + 10 * result } else { 0 };
        if matches!(self, Self::Crisp) && of == MemoryOf::Host {
            bytes += crisp::memory(size.times(factor.times()));
        }
        if let Self::Network(upscaler) = self {
            if of == MemoryOf::Host {
                bytes += upscaler.intermediate(size, factor).map_or(0, |between| 6 * area(between));
            }
            bytes = bytes.saturating_add(upscaler.memory(size, factor, of)?);
        }
        Ok(bytes)
    }

    /// Enlarges a picture of 8-bit colors, with or without alpha. If it is tiled, its edges continue each other afterwards as
    /// before. Calls `watch` after each part.
    ///
    /// # Errors
    /// If there is not enough memory, the computation fails, or `watch` returns an error.
    pub fn enlarge(
        self,
        picture: &DynamicImage,
        factor: Factor,
        tile: Option<Tile>,
        device: &Device,
        watch: &mut Watch,
    ) -> Result<DynamicImage> {
        let margin = self.margin(factor);
        let Some(tile) = tile.filter(|_| margin > 0 && picture.width() > 0 && picture.height() > 0) else {
            return self.enlarge_alone(picture, factor, device, watch);
        };
        let around = match picture.as_rgba8() {
            Some(layered) => tile.around(layered, margin).into(),
            None => tile.around(&picture.to_rgb8(), margin).into(),
        };
        let enlarged = self.enlarge_alone(&around, factor, device, watch)?;
        let (across, down) = tile.margins(margin * factor.times());
        let (left, top) = sides(Size { width: across, height: down })?;
        let (width, height) = sides(Size::of(picture).times(factor.times()))?;
        Ok(enlarged.crop_imm(left, top, width, height))
    }

    /// Enlarges a picture without regard for copies of it.
    fn enlarge_alone(
        self,
        picture: &DynamicImage,
        factor: Factor,
        device: &Device,
        watch: &mut Watch,
    ) -> Result<DynamicImage> {
        if let Self::Nearest = self {
            let repeated = repeated(picture, factor)?;
            watch()?;
            return Ok(repeated);
        }
        let Some(layered) = picture.as_rgba8() else {
            return Ok(self.colors(&picture.to_rgb8(), factor, device, watch)?.into());
        };
        let (colors, alphas) = alpha::apart(layered);
        let colors = self.colors(&colors, factor, device, watch)?;
        Ok(alpha::together(&colors, &alpha::enlarged(&alphas, factor)?).into())
    }

    fn colors(self, picture: &RgbImage, factor: Factor, device: &Device, watch: &mut Watch) -> Result<RgbImage> {
        if let Self::Network(upscaler) = self {
            return upscaler.enlarge(picture, factor, device, watch);
        }
        let size = Size::of(picture).times(factor.times());
        if let Self::Crisp = self {
            return crisp::sharpen(&lanczos(&crisp::without_rim(picture), size)?, factor, watch);
        }
        let enlarged = lanczos(picture, size)?;
        watch()?;
        Ok(enlarged)
    }
}

/// Each pixel as a square.
fn repeated(picture: &DynamicImage, factor: Factor) -> Result<DynamicImage> {
    let size = Size::of(picture).times(factor.times());
    let (width, height) = sides(size)?;
    let times = width / picture.width().max(1);
    Ok(match picture {
        DynamicImage::ImageRgba8(pixels) => {
            RgbaImage::from_fn(width, height, |x, y| *pixels.get_pixel(x / times, y / times)).into()
        }
        other => {
            let pixels = other.to_rgb8();
            RgbImage::from_fn(width, height, |x, y| *pixels.get_pixel(x / times, y / times)).into()
        }
    })
}

/// A picture to fill.
fn blank(size: Size) -> Result<RgbImage> {
    let (width, height) = sides(size)?;
    let mut bytes = Vec::new();
    let length = size.width.saturating_mul(size.height).saturating_mul(3);
    bytes.try_reserve_exact(length).map_err(|_| no_memory(size))?;
    bytes.resize(length, 0);
    RgbImage::from_raw(width, height, bytes).ok_or_else(|| no_memory(size))
}

/// The sides of a picture, if it can be one.
fn sides(size: Size) -> Result<(u32, u32)> {
    let side = |pixels: usize| u32::try_from(pixels).map_err(|_| no_memory(size));
    Ok((side(size.width)?, side(size.height)?))
}

fn no_memory(size: Size) -> Error {
    Error::usage(format!("there is not enough memory for {size} pixels"), "enlarge less, or close other programs")
}

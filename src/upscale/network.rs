//! A network that enlarges pictures: loaded from a weight file, applied tile by tile.

use candle_core::{Device, Tensor};
use image::RgbImage;

use super::compact::Compact;
use super::residual::Residual;
use super::shapes::Shapes;
use super::tiles::{ALIGNED, Span, Tiling};
use super::{Factor, Watch};
use crate::frozen::{MemoryOf, Network};
use crate::models::{ModelFiles, Weights};
use crate::picture::{Size, lanczos};
use crate::{Error, Result};

/// The longest side of a tile of a compact network: all of most pictures, in about 200 MB.
const COMPACT_SIDE: usize = 512;
/// The longest side of a tile of a large network, at the size that its blocks see: its last layers take about 540 MB.
const RESIDUAL_SIDE: usize = 256;
/// The margin of a tile of a large network. In theory a pixel depends on hundreds of others on each side. With 64 channels,
/// 23 blocks and random weights, though, a margin of 8 changes a pixel by up to 0.4 of 255, and of 16 by nothing but
/// rounding.
const RESIDUAL_MARGIN: usize = 24;

/// A network with frozen weights that enlarges pictures.
pub struct Upscaler {
    network: Network,
    scale: usize,
    tiling: Tiling,
    /// Sides of tiles must be multiples of this
    multiple: usize,
    bytes: u64,
}

impl Upscaler {
    /// Reads the weights of Real-ESRGAN's compact network or of its large one. The dimensions are read off the shapes.
    ///
    /// # Errors
    /// If the file holds another network, or weights are missing or damaged.
    pub fn load(files: &ModelFiles) -> Result<Self> {
        let shapes = Shapes::of(&files.weights);
        let refused = |problem: String| {
            let hint = "give the weights of Real-ESRGAN (RRDBNet) or of its compact network (SRVGGNetCompact)";
            Error::file(files.weights.path(), format!("not an upscaler that can be used: {problem}"), hint)
        };
        let (parts, ignored) = (|name: &str| shapes.parts(name), |name: &str| shapes.is_ignored(name));
        let (scale, tiling, multiple, built) = if shapes.has(Residual::ANCHOR) {
            let residual = Residual::of(&shapes).map_err(refused)?;
            let (side, margin) = (RESIDUAL_SIDE * residual.squares, RESIDUAL_MARGIN * residual.squares);
            let built = Weights::build(&files.weights, &parts, &ignored, |builder| residual.steps(&builder))?;
            (residual.scale(), Tiling { side, margin }, residual.squares, built)
        } else if shapes.has(Compact::ANCHOR) {
            let compact = Compact::of(&shapes).map_err(refused)?;
            if ![2, 4].contains(&compact.scale) {
                return Err(refused(format!("it enlarges {} times; 2 and 4 are supported", compact.scale)));
            }
            let tiling = Tiling { side: COMPACT_SIDE, margin: compact.reach().next_multiple_of(ALIGNED) };
            let built = Weights::build(&files.weights, &parts, &ignored, |builder| compact.steps(&builder))?;
            (compact.scale, tiling, 1, built)
        } else {
            let problem = format!("it has neither {} nor {}", Residual::ANCHOR, Compact::ANCHOR);
            return Err(refused(problem));
        };
        let (steps, bytes) = built;
        Ok(Self { network: Network::new(steps), scale, tiling, multiple, bytes })
    }

    /// How often the network enlarges: 2 or 4.
    #[must_use]
    pub fn scale(&self) -> usize {
        self.scale
    }

    /// The same network with smaller tiles; `side` and `margin` are multiples of 4, and the side is longer than two
    /// margins. For tests and experiments: the result depends on the tiles of a large network.
    #[must_use]
    pub fn with_tiles(self, side: usize, margin: usize) -> Self {
        Self { tiling: Tiling { side, margin }, ..self }
    }

    /// Applies the network to a whole picture `[1, 3, height, width]` with values from 0 to 1. The result is not clamped.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn forward(&self, picture: &Tensor) -> Result<Tensor> {
        Ok(self.network.forward(picture)?)
    }

    /// Bytes of memory that the weights take; on a GPU, none before [`Upscaler::memory`] was called for it.
    #[must_use]
    pub fn weight_memory(&self, of: MemoryOf) -> u64 {
        match of {
            MemoryOf::Host => self.bytes,
            MemoryOf::Gpu(_) => self.network.resident_memory(),
        }
    }

    /// The peak memory of enlarging a picture, in bytes, without the weights, the picture and the result: the largest
    /// tile, and what the network keeps after the first one.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn memory(&self, size: Size, factor: Factor, of: MemoryOf) -> Result<u64> {
        let largest = if self.passes(factor) > 1 { size.times(self.scale) } else { size };
        let side = |pixels: usize| self.tiling.longest(pixels).next_multiple_of(self.multiple);
        let shape = [1, 3, side(largest.height), side(largest.width)];
        let tile = self.network.memory(&shape, false, of)?.peak;
        let lasting = if of == MemoryOf::Host { self.network.lasting_memory(&shape)? } else { 0 };
        Ok(tile.saturating_add(lasting))
    }

    /// The size of the picture that is made smaller at the end, if the network enlarges more than asked.
    pub(super) fn intermediate(&self, size: Size, factor: Factor) -> Option<Size> {
        let times = if self.passes(factor) > 1 { self.scale * self.scale } else { self.scale };
        (times > factor.times()).then(|| size.times(times))
    }

    /// How far from a pixel of the small picture others decide what becomes of it.
    pub(super) fn margin(&self) -> usize {
        self.tiling.margin.next_multiple_of(ALIGNED)
    }

    /// How often the network is applied.
    fn passes(&self, factor: Factor) -> usize {
        if self.scale < factor.times() { 2 } else { 1 }
    }

    /// The number of tiles of a picture.
    pub(super) fn tiles(&self, size: Size, factor: Factor) -> usize {
        let of = |size: Size| self.tiling.spans(size.width).len() * self.tiling.spans(size.height).len();
        if self.passes(factor) > 1 { of(size) + of(size.times(self.scale)) } else { of(size) }
    }

    /// Enlarges a picture. A network that enlarges less is applied twice; the result of one that enlarges more is made
    /// smaller.
    pub(super) fn enlarge(
        &self,
        picture: &RgbImage,
        factor: Factor,
        device: &Device,
        watch: &mut Watch,
    ) -> Result<RgbImage> {
        let mut enlarged = self.pass(picture, device, watch)?;
        if self.passes(factor) > 1 {
            enlarged = self.pass(&enlarged, device, watch)?;
        }
        let size = Size::of(picture).times(factor.times());
        if Size::of(&enlarged) == size { Ok(enlarged) } else { lanczos(&enlarged, size) }
    }

    fn pass(&self, picture: &RgbImage, device: &Device, watch: &mut Watch) -> Result<RgbImage> {
        let size = Size::of(picture);
        let mut enlarged = super::blank(size.times(self.scale))?;
        let columns = self.tiling.spans(size.width);
        for rows in self.tiling.spans(size.height) {
            for columns in &columns {
                let tile = self.read(picture, &rows, columns, device)?;
                let result = self.forward(&tile)?.to_device(&Device::Cpu)?;
                self.write(&result, &rows, columns, &mut enlarged)?;
                watch()?;
            }
        }
        Ok(enlarged)
    }

    /// A tile as the network reads it, with the last row and column repeated up to the next multiple.
    fn read(&self, picture: &RgbImage, rows: &Span, columns: &Span, device: &Device) -> Result<Tensor> {
        let side = |span: &Span| span.read.len().next_multiple_of(self.multiple);
        let (height, width) = (side(rows), side(columns));
        let mut values = vec![0.0; 3 * height * width];
        let (bytes, row_length) = (picture.as_raw(), 3 * picture.width() as usize);
        for (row, y) in (0..height).map(|row| (row, (rows.read.start + row).min(rows.read.end - 1))) {
            for (column, x) in
                (0..width).map(|column| (column, (columns.read.start + column).min(columns.read.end - 1)))
            {
                for channel in 0..3 {
                    let byte = bytes[y * row_length + 3 * x + channel];
                    values[(channel * height + row) * width + column] = f32::from(byte) / 255.0;
                }
            }
        }
        Ok(Tensor::from_vec(values, (1, 3, height, width), device)?)
    }

    /// Writes the kept part of a tile's result.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn write(&self, result: &Tensor, rows: &Span, columns: &Span, enlarged: &mut RgbImage) -> Result<()> {
        let (_, _, height, width) = result.dims4()?;
        let values = result.flatten_all()?.to_vec1::<f32>()?;
        let (scale, row_length) = (self.scale, 3 * enlarged.width() as usize);
        for y in rows.kept.start * scale..rows.kept.end * scale {
            let row = y - rows.read.start * scale;
            let first = columns.kept.start * scale;
            let bytes: &mut [u8] = enlarged;
            let target = &mut bytes[y * row_length + 3 * first..][..3 * columns.kept.len() * scale];
            for (index, byte) in target.iter_mut().enumerate() {
                let (column, channel) = (first + index / 3 - columns.read.start * scale, index % 3);
                let value = values[(channel * height + row) * width + column];
                // A number that is not one becomes black.
                *byte = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
            }
        }
        Ok(())
    }
}

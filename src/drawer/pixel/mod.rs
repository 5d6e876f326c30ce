//! The pixel drawer, whose parameters are the colors of cells.

mod alpha;
mod blueprint;
mod coverage;
mod grid;
mod lattice;
mod mosaic;
mod neighbors;
mod outline;
mod roughness;
mod shapes;
mod svg;
mod tidy;
mod zoom;

use candle_core::{Device, Tensor, Var};
use image::RgbImage;

use super::motion::Motion;
use super::start::Start;
use super::{Drawer, INIT, in_palette, start};
use crate::device::bring;
use crate::frozen::{self, Clamp, Network, SquareSum};
use crate::optimizer::ParameterGroup;
use crate::palette::{Dither, Palette, oklab};
use crate::picture::{Size, Tile, to_colours, to_values};
use crate::random::Stream;
use crate::settings::{PixelShape, Settings, StartNoise};
use crate::{Result, picture};
use alpha::Alphas;
pub(super) use blueprint::PixelBlueprint;
use coverage::Coverage;
pub use grid::{Grid, MOST_CELLS};
pub(crate) use lattice::repeating;
use mosaic::Mosaic;
use neighbors::Neighbors;
use outline::outline;
use roughness::roughness;
use tidy::{Indices, tidy};

/// Draws by optimizing the colors of cells.
pub struct PixelDrawer {
    /// `[1, 3, rows, columns]`, values from 0 to 1
    cells: Var,
    /// The transparency of cells, if they can be transparent
    alphas: Option<Alphas>,
    mosaic: Network,
    /// The map that the network has
    map: Mosaic,
    /// For each cell, the pixel that shows its color best; none for a cell outside the picture
    shown: Vec<Option<u32>>,
    /// The weight of the mean square of the difference between neighbors
    smoothness: f64,
    /// The weighted distance of the colors from the starting point, if they are kept close to it
    held: Option<Network>,
    /// The weight of that distance; 0 if they are not kept close
    weight: f64,
    /// What is done to cells in few colors when they are delivered
    finish: Finish,
    /// The cells around each cell, if finishing needs them
    neighbors: Option<Neighbors>,
    tile: Option<Tile>,
}

/// What is done to cells in few colors when they are delivered, unless they are dithered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finish {
    /// Whether edges are made sharp and stray cells are removed
    pub is_tidy: bool,
    /// Whether things get a dark line around them
    pub is_outlined: bool,
}

/// The look of the cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelArt {
    /// The shape of the cells
    pub shape: PixelShape,
    /// The number of cells across and down
    pub grid: Size,
    /// The weight of the mean square of the difference between neighbors
    pub smoothness: f64,
    /// How strongly the alphas of cells are pulled down; none if cells are opaque
    pub alpha_weight: Option<f64>,
    /// What is done to cells in few colors when they are delivered
    pub finish: Finish,
    /// How the picture is tiled, if it is
    pub tile: Option<Tile>,
}

impl PixelArt {
    /// The look of the cells that settings ask for.
    ///
    /// # Errors
    /// If the cells do not fit in the picture.
    pub fn of(settings: &Settings) -> Result<Self> {
        let grid = Grid { cells: settings.pixel_size, scale: None }.of(settings.size)?;
        let alpha_weight = settings.transparent.then_some(settings.alpha_weight);
        let finish = Finish { is_tidy: settings.tidy == Some(true), is_outlined: settings.outline == Some(true) };
        let (shape, smoothness, tile) = (settings.pixel_shape, settings.smoothness, settings.tile);
        Ok(Self { shape, grid, smoothness, alpha_weight, finish, tile })
    }
}

impl PixelDrawer {
    /// The network from cells to pixels.
    #[cfg(test)]
    pub(crate) fn mosaic(&self) -> &Network {
        &self.mosaic
    }

    /// Creates a drawer for a picture of this size, on a device.
    ///
    /// # Errors
    /// If the starting picture cannot be resized to this size.
    pub fn new(art: PixelArt, size: Size, start: Start, device: &Device) -> Result<Self> {
        let cells = art.shape.cells(art.grid);
        let coverage = Coverage::new(&cells, art.grid, size);
        let tile = art.tile;
        let (lattice, coverage) = match tile {
            Some(tile) => lattice::joined(&cells, art.grid, tile, coverage),
            None => (cells.lattice, coverage),
        };
        let mosaic = Mosaic::new(lattice, size, &coverage);
        let mut weight = 0.0;
        let colors = match start {
            Start::Picture(image, hold) => {
                weight = hold;
                mosaic.means(&to_values(&picture::cover(image, size)?, 3))
            }
            // Random codes mean a random color for each cell.
            Start::Noise(StartNoise::Codes, stream) => start::picture(StartNoise::Snow, lattice, tile, stream),
            Start::Noise(noise, stream) => start::picture(noise, lattice, tile, stream),
        };
        let held = (weight > 0.0).then(|| Network::of(SquareSum::mean_from(colors.clone(), weight)));
        let colors = Tensor::from_vec(colors, (1, 3, lattice.height, lattice.width), device)?;
        let alphas = art.alpha_weight.map(|weight| Alphas::new(lattice, tile, weight, device)).transpose()?;
        let shown: Vec<Option<u32>> = coverage.fullest().collect();
        let finish = art.finish;
        let neighbors = (finish != Finish::default())
            .then(|| Neighbors::new(art.shape, lattice, tile, shown.iter().map(Option::is_some).collect()));
        let (cells, map, mosaic) = (Var::from_tensor(&colors)?, mosaic.clone(), Network::of(mosaic));
        Ok(Self {
            cells,
            alphas,
            mosaic,
            map,
            shown,
            smoothness: art.smoothness,
            held,
            weight,
            finish,
            neighbors,
            tile,
        })
    }

    /// The current cells, recorded so that gradients reach the parameters: `[1, 3, rows, columns]`, or
    /// `[1, 4, rows, columns]` with alpha.
    fn cells(&self) -> Result<Tensor> {
        let colors = self.cells.as_tensor();
        match &self.alphas {
            Some(alphas) => Ok(Tensor::cat(&[colors, alphas.values.as_tensor()], 1)?),
            None => Ok(colors.clone()),
        }
    }

    /// The cells that a picture was drawn from, read from the pixel that shows each cell best.
    fn cells_of(&self, picture: &Tensor) -> Result<Tensor> {
        let (_, channels, height, width) = picture.dims4()?;
        let pixels = picture.flatten_all()?.to_vec1::<f32>()?;
        let shown = |plane: &[f32]| -> Vec<f32> {
            self.shown.iter().map(|pixel| pixel.map_or(0.5, |pixel| plane[pixel as usize])).collect()
        };
        let cells: Vec<f32> = pixels.chunks_exact(height * width).flat_map(shown).collect();
        let (_, _, rows, columns) = self.cells.dims4()?;
        Ok(Tensor::from_vec(cells, (1, channels, rows, columns), picture.device())?)
    }

    /// Limits cells `[1, channels, rows, columns]`, each of them opaque or transparent, to a palette and finishes them.
    fn finished(&self, cells: &Tensor, palette: &Palette, neighbors: &Neighbors) -> Result<Tensor> {
        let (_, channels, rows, columns) = cells.dims4()?;
        let colors = to_colours(cells)?;
        let mut indices: Indices =
            palette.apply(&colors, columns, Dither::None).indices.into_iter().map(Some).collect();
        if channels > 3 {
            let alphas = cells.narrow(1, 3, 1)?.flatten_all()?.to_vec1::<f32>()?;
            indices.iter_mut().zip(alphas).filter(|(_, alpha)| *alpha == 0.0).for_each(|(index, _)| *index = None);
        }
        if self.finish.is_tidy {
            let wanted: Vec<_> = colors.iter().map(|color| oklab::of_unit_srgb(*color)).collect();
            indices = tidy(&indices, &wanted, palette, neighbors);
        }
        if self.finish.is_outlined {
            outline(&mut indices, palette, neighbors);
        }
        let shown = |index: &Option<u8>| palette.colours()[usize::from(index.unwrap_or(0))];
        let bytes: Vec<u8> = indices.iter().flat_map(shown).collect();
        let mut values = to_values(&bytes, 3);
        if channels > 3 {
            values.extend(indices.iter().map(|index| f32::from(u8::from(index.is_some()))));
        }
        Ok(Tensor::from_vec(values, (1, channels, rows, columns), cells.device())?)
    }
}

impl Drawer for PixelDrawer {
    fn draw(&self) -> Result<Tensor> {
        Ok(self.mosaic.forward(&self.cells()?)?)
    }

    /// Drops cells, limits them to the palette, and dithers them as if each were a pixel or finishes them. Then limits
    /// pixels in which cells meet to the palette.
    fn deliver(&self, drawn: Option<&Tensor>, colors: Option<(&Palette, Dither)>) -> Result<Tensor> {
        let mut cells = match drawn {
            // Without alpha and a palette, the picture is delivered as it was drawn.
            Some(drawn) if self.alphas.is_none() && colors.is_none() => return Ok(drawn.detach()),
            Some(drawn) => self.cells_of(&drawn.detach())?,
            None => self.cells()?.detach(),
        };
        if self.alphas.is_some() {
            cells = alpha::drop_cells(&cells)?;
        }
        if let Some((palette, dither)) = colors {
            cells = match &self.neighbors {
                Some(neighbors) if dither == Dither::None => self.finished(&cells, palette, neighbors)?,
                _ => in_palette(&cells, palette, dither)?,
            };
        }
        let to_pixels = |cells: &Tensor| Ok(self.mosaic.forward(cells)?);
        let picture = if self.alphas.is_some() { alpha::blend(&cells, to_pixels)? } else { to_pixels(&cells)? };
        match colors {
            Some((palette, _)) => in_palette(&picture, palette, Dither::None),
            None => Ok(picture),
        }
    }

    fn parameter_groups(&self) -> Vec<ParameterGroup> {
        let alphas = self.alphas.iter().map(|alphas| alphas.values.clone());
        vec![ParameterGroup::new(std::iter::once(self.cells.clone()).chain(alphas).collect())]
    }

    fn constrain(&self) -> Result<()> {
        self.alphas.as_ref().map_or(Ok(()), Alphas::constrain)?;
        let cells = frozen::apply(Clamp { minimum: 0.0, maximum: 1.0 }, &self.cells.as_detached_tensor())?;
        Ok(self.cells.set(&cells)?)
    }

    /// Takes the mean colors of cells in which something is touched.
    fn repaint(&self, picture: RgbImage, touched: &[bool]) -> Result<()> {
        let painted = self.map.means(&to_values(picture.as_raw(), 3));
        let touched: Vec<f32> = touched.iter().map(|touched| f32::from(u8::from(*touched))).collect();
        let touched = self.map.means(&touched);
        let mut cells = self.cells.as_detached_tensor().flatten_all()?.to_vec1::<f32>()?;
        for (at, (cell, painted)) in cells.iter_mut().zip(painted).enumerate() {
            let place = at % touched.len();
            if self.shown[place].is_some() && touched[place] > 0.0 {
                *cell = painted;
            }
        }
        Ok(self.cells.set(&Tensor::from_vec(cells, self.cells.shape(), self.cells.device())?)?)
    }

    /// Moves the picture of the cells; each cell then has the mean color of what is in it.
    fn move_canvas(&mut self, motion: &Motion, _: &mut Stream) -> Result<()> {
        if motion.is_none() {
            return Ok(());
        }
        let moved = motion.of(&bring(&self.draw()?.detach())?)?;
        let cells = self.map.means(&moved.flatten_all()?.to_vec1::<f32>()?);
        let (colors, alphas) = cells.split_at(self.cells.elem_count());
        let device = self.cells.device();
        self.cells.set(&Tensor::from_vec(colors.to_vec(), self.cells.shape(), device)?)?;
        if let Some(own) = &self.alphas {
            own.values.set(&Tensor::from_vec(alphas.to_vec(), own.values.shape(), device)?)?;
        }
        Ok(())
    }

    fn hold_here(&mut self) -> Result<()> {
        if self.weight > 0.0 {
            let colors = bring(&self.cells.as_detached_tensor())?.flatten_all()?.to_vec1()?;
            self.held = Some(Network::of(SquareSum::mean_from(colors, self.weight)));
        }
        Ok(())
    }

    fn own_losses(&self) -> Result<Vec<(&'static str, Tensor)>> {
        let mut losses = Vec::new();
        let cells = self.cells.as_tensor();
        if let Some(held) = &self.held {
            losses.push((INIT, held.forward(cells)?));
        }
        if self.smoothness > 0.0
            && let Some(roughness) = roughness(cells, self.tile)?
        {
            losses.push(("smoothness", (roughness * self.smoothness)?));
        }
        if let Some(alphas) = &self.alphas {
            losses.push(("alpha", alphas.loss()?));
        }
        Ok(losses)
    }
}

#[cfg(test)]
mod tests;

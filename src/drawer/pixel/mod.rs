//! The pixel drawer: its parameters are the colours of cells.

mod coverage;
mod grid;
mod mosaic;
mod shapes;
mod svg;

use candle_core::{Device, Tensor, Var};

use super::start::{self, Start, StartNoise};
use super::{Drawer, in_palette, to_values};
use crate::Result;
use crate::frozen::{Memory, Network, Step};
use crate::palette::{Dither, Palette};
use crate::picture;
use crate::settings::Size;
use coverage::Coverage;
pub use grid::{Grid, MOST_CELLS};
use mosaic::Mosaic;
pub use shapes::PixelShape;
pub use svg::svg;

/// Draws by moving the colours of cells.
pub struct PixelDrawer {
    /// `[1, 3, rows, columns]` of the lattice, values from 0 to 1
    cells: Var,
    mosaic: Network,
    /// How strongly neighbours are drawn together
    smoothness: f64,
    /// The colours it started from, and how strongly it is held to them
    held: Option<(Tensor, f64)>,
}

/// What the cells look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelArt {
    /// Their shape
    pub shape: PixelShape,
    /// How many there are across and down
    pub grid: Size,
    /// How strongly neighbours are drawn together: the weight of the mean square of their difference
    pub smoothness: f64,
}

impl PixelDrawer {
    /// A drawer for a picture of this size.
    ///
    /// # Errors
    /// Where the picture to start from cannot be brought to this size.
    pub fn new(art: PixelArt, size: Size, start: Start) -> Result<Self> {
        let cells = art.shape.cells(art.grid);
        let lattice = cells.lattice;
        let mosaic = Mosaic::new(lattice, size, &Coverage::new(&cells, art.grid, size));
        let mut weight = 0.0;
        let colours = match start {
            Start::Picture(image, hold) => {
                weight = hold;
                mosaic.means(&to_values(&picture::cover(image, size)?))
            }
            // A code of one's own for each cell is a colour of its own.
            Start::Noise(StartNoise::Codes, stream) => start::picture(StartNoise::Snow, lattice, stream),
            Start::Noise(noise, stream) => start::picture(noise, lattice, stream),
        };
        let colours = Tensor::from_vec(colours, (1, 3, lattice.height, lattice.width), &Device::Cpu)?;
        let held = (weight > 0.0).then(|| (colours.clone(), weight));
        let mosaic = Network::new(vec![Step::layer(mosaic)]);
        Ok(Self { cells: Var::from_tensor(&colours)?, mosaic, smoothness: art.smoothness, held })
    }

    /// About how much memory drawing a picture of this size takes.
    #[must_use]
    pub fn memory(size: Size) -> Memory {
        let pixels = size.width.saturating_mul(size.height) as u64;
        // The mosaic and its transpose, with two cells in a pixel: a start for each row, a place and a share of each.
        // What the session keeps of the picture and of its gradient counts here, where nothing larger hides it.
        let kept = pixels.saturating_mul(2 * (4 + 2 * 8) + 2 * 12);
        // Beside it the picture and its gradient, each as the network has it and as a tensor.
        Memory { kept, peak: kept.saturating_add(pixels.saturating_mul(4 * 12)) }
    }
}

impl Drawer for PixelDrawer {
    fn draw(&self) -> Result<Tensor> {
        Ok(self.mosaic.forward(&self.cells)?)
    }

    /// Cells are brought to the palette, and dithered, as if each were a pixel; then pixels in which cells meet.
    fn draw_in(&self, palette: &Palette, dither: Dither) -> Result<Tensor> {
        let cells = in_palette(&self.cells, palette, dither)?;
        in_palette(&self.mosaic.forward(&cells)?, palette, Dither::None)
    }

    fn parameters(&self) -> Vec<Var> {
        vec![self.cells.clone()]
    }

    fn constrain(&self) -> Result<()> {
        Ok(self.cells.set(&self.cells.clamp(0.0, 1.0)?.detach())?)
    }

    fn own_losses(&self) -> Result<Vec<(&'static str, Tensor)>> {
        let mut losses = Vec::new();
        let cells = self.cells.as_tensor();
        if let Some((start, weight)) = &self.held {
            losses.push(("init", ((cells - start)?.sqr()?.mean_all()? * *weight)?));
        }
        if self.smoothness > 0.0 {
            let mut total = None;
            for dimension in [2, 3] {
                let count = cells.dim(dimension)?;
                if count > 1 {
                    let next = cells.narrow(dimension, 1, count - 1)?;
                    let difference = (next - cells.narrow(dimension, 0, count - 1)?)?.sqr()?.mean_all()?;
                    total = Some(match total {
                        Some(total) => (difference + total)?,
                        None => difference,
                    });
                }
            }
            if let Some(total) = total {
                losses.push(("smoothness", (total * self.smoothness)?));
            }
        }
        Ok(losses)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::random::Stream;

    /// The gradient of the cells against differences of the picture, for every shape.
    #[test]
    #[allow(clippy::cast_possible_truncation)]
    fn the_gradient_is_that_of_the_picture() {
        for (shape, name) in PixelShape::ALL {
            let size = Size { width: 23, height: 17 };
            let art = PixelArt { shape: *shape, grid: Size { width: 4, height: 3 }, smoothness: 0.7 };
            let mut stream = Stream::new(5, "test", 0);
            let drawer = PixelDrawer::new(art, size, Start::Noise(StartNoise::Snow, &mut stream)).unwrap();
            let slopes: Vec<f32> = (0..3 * 23 * 17).map(|_| stream.between(-1.0, 1.0) as f32).collect();
            let slopes = Tensor::from_vec(slopes, (1, 3, 17, 23), &Device::Cpu).unwrap();
            let objective = || {
                let own = drawer.own_losses().unwrap().pop().unwrap().1;
                ((drawer.draw().unwrap() * &slopes).unwrap().sum_all().unwrap() + own).unwrap()
            };
            let value = || f64::from(objective().to_scalar::<f32>().unwrap());
            let gradients = objective().backward().unwrap();
            let cells = drawer.parameters().pop().unwrap();
            let gradient = gradients.get(&cells).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let colours = cells.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let step = 0.125;
            for index in 0..colours.len() {
                let at = |change: f32| {
                    let mut moved = colours.clone();
                    moved[index] += change;
                    cells.set(&Tensor::from_vec(moved, cells.shape(), &Device::Cpu).unwrap()).unwrap();
                    value()
                };
                // The objective is a quadratic one, of which central differences are exact.
                let difference = (at(step) - at(-step)) / (2.0 * f64::from(step));
                let found = f64::from(gradient[index]);
                assert!((difference - found).abs() < 2e-3 * found.abs().max(1.0), "{name}: {difference}, {found}");
            }
        }
    }

    #[test]
    fn a_picture_becomes_the_mean_of_each_cell() {
        let art = PixelArt { shape: PixelShape::Rectangle, grid: Size { width: 2, height: 1 }, smoothness: 0.0 };
        let image = RgbImage::from_fn(4, 2, |x, y| image::Rgb([if x < 2 { 255 } else { 0 }, [0, 255][y as usize], 51]));
        let start = Start::Picture(image, 1.0);
        let drawer = PixelDrawer::new(art, Size { width: 4, height: 2 }, start).unwrap();
        let cells = drawer.parameters()[0].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let expected = [1.0, 0.0, 0.5, 0.5, 0.2, 0.2];
        assert!(cells.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{cells:?}");
    }
}

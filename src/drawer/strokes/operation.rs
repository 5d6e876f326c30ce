//! Drawing as one recorded operation of the tensor library.

use candle_core::{Device, Error, Result, Tensor};

use super::copies::Copies;
use super::scene::{Scene, SceneGradient, control_points};
use super::{Look, raster};
use crate::frozen::cuda::layers::StrokesOnDevice;
use crate::frozen::{Layer, apply, on_gpu};
use crate::picture::{Size, Tile};

/// Draws strokes from their points `[strokes, points, 2]`, widths `[strokes]` and colors `[strokes + 1, 4]`, of which
/// the last is the paper's. If the picture is tiled, strokes enter at the edge opposite to one where they leave. Returns
/// the picture `[1, channels, height, width]`, which is recorded if any of the three is tracked.
///
/// If the picture is tiled, everything is computed on the CPU, because the number of copies depends on where the strokes
/// are. Numbers on a GPU are then copied from it, and the picture to it, and gradients the other way around.
///
/// # Errors
/// If shapes do not fit together.
pub fn draw(
    points: &Tensor,
    widths: &Tensor,
    colors: &Tensor,
    size: Size,
    tile: Option<Tile>,
    channels: usize,
) -> Result<Tensor> {
    let device = points.device().clone();
    let (count, each, _) = points.dims3()?;
    let segments = each.saturating_sub(1) / 3;
    if each != control_points(segments) || segments == 0 || widths.dims() != [count] || colors.dims() != [count + 1, 4]
    {
        let shapes = (points.dims(), widths.dims(), colors.dims());
        return Err(Error::Msg(format!("strokes take [n, 3 s + 1, 2], [n] and [n + 1, 4], not {shapes:?}")));
    }
    let numbers = Tensor::cat(&[points.flatten_all()?, widths.clone(), colors.flatten_all()?], 0)?;
    let strokes = Strokes { size, count, segments, tile, channels };
    if tile.is_none() {
        return apply(strokes, &numbers);
    }
    apply(strokes, &numbers.to_device(&Device::Cpu)?)?.to_device(&device)
}

/// The numbers of strokes, in one row after the other: points, widths and colors with that of the paper, as in [`Scene`].
/// They are turned into a picture `[1, channels, height, width]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strokes {
    pub(crate) size: Size,
    /// The number of strokes
    pub(crate) count: usize,
    /// The number of cubic curves in each stroke
    pub(crate) segments: usize,
    /// How the picture is tiled, if it is; such strokes run on the CPU only
    pub(crate) tile: Option<Tile>,
    /// 3, or 4 with straight alpha
    pub(crate) channels: usize,
}

impl Strokes {
    /// The strokes of a picture.
    pub(super) fn of(look: &Look, size: Size) -> Self {
        let channels = look.channels();
        Self { size, count: look.count, segments: look.segments, tile: look.tile, channels }
    }

    /// The number of numbers of control points, of widths, and of colors.
    fn parts(&self) -> [usize; 3] {
        [self.count * 2 * control_points(self.segments), self.count, 4 * (self.count + 1)]
    }

    /// The number of all numbers.
    pub(crate) fn numbers(&self) -> usize {
        self.parts().into_iter().sum()
    }

    fn scene<'a>(&self, numbers: &'a [f32]) -> Scene<'a, f32> {
        let [of_points, of_widths, _] = self.parts();
        let (points, others) = numbers.split_at(of_points);
        let (widths, colors) = others.split_at(of_widths);
        Scene { size: self.size, segments: self.segments, points, widths, colors }
    }
}

impl Layer for Strokes {
    fn name(&self) -> &'static str {
        "strokes"
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>> {
        if shape == [self.numbers()] {
            return Ok(vec![1, self.channels, self.size.height, self.size.width]);
        }
        Err(Error::Msg(format!("strokes take [{}], not {shape:?}", self.numbers())))
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn needs_input(&self) -> bool {
        true
    }

    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        let scene = self.scene(input);
        match self.tile {
            Some(tile) => raster::draw(&Copies::new(&scene, tile).scene(), self.channels, output),
            None => raster::draw(&scene, self.channels, output),
        }
    }

    #[allow(clippy::cast_possible_truncation)]
    fn backward(&self, _: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let scene = self.scene(input);
        let SceneGradient { points, widths, colors } = match self.tile {
            Some(tile) => {
                let copies = Copies::new(&scene, tile);
                copies.summed(&raster::gradient(&copies.scene(), self.channels, output_gradient), scene.count())
            }
            None => raster::gradient(&scene, self.channels, output_gradient),
        };
        for (value, sum) in input_gradient.iter_mut().zip(points.iter().chain(&widths).chain(&colors)) {
            *value = *sum as f32;
        }
    }

    on_gpu!(|layer, _on| {
        if layer.tile.is_some() {
            return Err(Error::Msg("strokes of a tile cannot run on a GPU".into()));
        }
        StrokesOnDevice::new(layer.size, layer.count, layer.segments, layer.channels)?
    });
}

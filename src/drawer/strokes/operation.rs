//! Drawing as one recorded operation of the tensor library.

use candle_core::{CpuStorage, CustomOp3, Device, Error, Layout, Result, Shape, Tensor};

use super::copies::Copies;
use super::raster;
use super::scene::{Scene, control_points};
use crate::picture::{Size, Tile};

/// Draws strokes from their points `[strokes, points, 2]`, widths `[strokes]` and colors `[strokes + 1, 4]`, of which
/// the last is the paper's. If the picture is tiled, strokes enter at the edge opposite to one where they leave. Returns the picture `[1, channels, height, width]`, which is recorded if any of the three is
/// tracked.
///
/// Everything is computed on the CPU. If the tensors are on a GPU, they are copied from it, and the picture to it, and
/// gradients the other way around: strokes are few numbers, and their work is small beside that of a CLIP.
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
    let here = |tensor: &Tensor| tensor.to_device(&Device::Cpu)?.contiguous();
    let (points, widths, colors) = (here(points)?, here(widths)?, here(colors)?);
    let (count, each, _) = points.dims3()?;
    let segments = each.saturating_sub(1) / 3;
    if each != control_points(segments) || segments == 0 || widths.dims() != [count] || colors.dims() != [count + 1, 4]
    {
        let shapes = (points.dims(), widths.dims(), colors.dims());
        return Err(Error::Msg(format!("strokes take [n, 3 s + 1, 2], [n] and [n + 1, 4], not {shapes:?}")));
    }
    points.apply_op3(&widths, &colors, Drawing { size, segments, tile, channels })?.to_device(&device)
}

struct Drawing {
    size: Size,
    segments: usize,
    tile: Option<Tile>,
    channels: usize,
}

impl Drawing {
    fn scene<'a>(&self, points: &'a [f32], widths: &'a [f32], colors: &'a [f32]) -> Scene<'a, f32> {
        Scene { size: self.size, segments: self.segments, points, widths, colors }
    }
}

fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let range = layout.contiguous_offsets();
    let (start, end) = range.ok_or_else(|| Error::Msg("strokes need contiguous numbers".into()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

impl CustomOp3 for Drawing {
    fn name(&self) -> &'static str {
        "strokes"
    }

    fn cpu_fwd(
        &self,
        points: &CpuStorage,
        points_layout: &Layout,
        widths: &CpuStorage,
        widths_layout: &Layout,
        colors: &CpuStorage,
        colors_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (points, widths) = (values(points, points_layout)?, values(widths, widths_layout)?);
        let scene = self.scene(points, widths, values(colors, colors_layout)?);
        let picture = match self.tile {
            Some(tile) => raster::draw(&Copies::new(&scene, tile).scene(), self.channels),
            None => raster::draw(&scene, self.channels),
        };
        Ok((CpuStorage::F32(picture), (1, self.channels, self.size.height, self.size.width).into()))
    }

    #[allow(clippy::cast_possible_truncation)]
    fn bwd(
        &self,
        points: &Tensor,
        widths: &Tensor,
        colors: &Tensor,
        _picture: &Tensor,
        of_picture: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let numbers = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let (all_points, all_widths, all_colors) = (numbers(points)?, numbers(widths)?, numbers(colors)?);
        let scene = self.scene(&all_points, &all_widths, &all_colors);
        let of_picture = numbers(of_picture)?;
        let sums = match self.tile {
            Some(tile) => {
                let copies = Copies::new(&scene, tile);
                copies.summed(&raster::gradient(&copies.scene(), self.channels, &of_picture), scene.count())
            }
            None => raster::gradient(&scene, self.channels, &of_picture),
        };
        let tensor = |sums: Vec<f64>, of: &Tensor| {
            let values: Vec<f32> = sums.into_iter().map(|sum| sum as f32).collect();
            Tensor::from_vec(values, of.shape(), of.device()).map(Some)
        };
        Ok((tensor(sums.points, points)?, tensor(sums.widths, widths)?, tensor(sums.colors, colors)?))
    }
}

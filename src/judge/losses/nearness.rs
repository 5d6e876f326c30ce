//! The pull of each pixel toward the init image.

use std::path::PathBuf;

use candle_core::Tensor;

use super::{Loss, LossValue, Seen, Verdict};
use crate::Result;
use crate::picture::{Size, Tile, cover, read, to_values};
use crate::settings::Settings;

/// Pulls each pixel toward the same pixel of the init image.
struct Nearness {
    weight: f64,
    path: PathBuf,
    /// How the picture is tiled, if it is
    tile: Option<Tile>,
    /// The init image at the size of the pictures: `[3, height, width]` with values from 0 to 1; none before the first one
    aim: Option<(Size, Vec<f32>)>,
}

/// Creates the pull if settings have an init image and a weight.
pub(super) fn new(settings: &Settings) -> Option<Box<dyn Loss>> {
    let weight = settings.init_pixel_weight.filter(|weight| *weight > 0.0)?;
    let path = settings.init_image.clone()?;
    Some(Box::new(Nearness { weight, path, tile: settings.tile, aim: None }))
}

impl Nearness {
    /// The init image at a size. The passes of a run have sizes of their own.
    fn aim(&mut self, size: Size) -> Result<&[f32]> {
        let aim = match self.aim.take() {
            Some((of, aim)) if of == size => aim,
            _ => {
                let image = cover(read(&self.path)?, size)?;
                // A tile starts from the image with edges that continue each other.
                let image = match self.tile {
                    Some(tile) => tile.joined(&image),
                    None => image,
                };
                to_values(image.as_raw(), 3)
            }
        };
        Ok(&self.aim.insert((size, aim)).1)
    }
}

impl Loss for Nearness {
    fn name(&self) -> &'static str {
        "init-pixels"
    }

    /// Half the weight times the mean of the absolute differences, as pixray's `--init_weight_pix`. The gradient of alpha is
    /// zero.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn judge(&mut self, seen: &Seen) -> Result<Option<Verdict>> {
        let (_, _, height, width) = seen.picture.dims4()?;
        let weight = self.weight;
        let aim = self.aim(Size { width, height })?;
        let values = seen.picture.narrow(1, 0, 3)?.flatten_all()?.to_vec1::<f32>()?;
        let share = weight / 2.0 / aim.len().max(1) as f64;
        let apart = || values.iter().zip(aim).map(|(value, aim)| value - aim);
        let loss: f64 = apart().map(|apart| f64::from(apart.abs())).sum::<f64>() * share;
        let slope = |apart: f32| if apart == 0.0 { 0.0 } else { apart.signum() * share as f32 };
        let mut slopes: Vec<f32> = apart().map(slope).collect();
        slopes.resize(seen.picture.elem_count(), 0.0);
        let gradient = Tensor::from_vec(slopes, seen.picture.shape(), seen.picture.device())?;
        Ok(Some(Verdict { loss: LossValue::Known(loss), gradient }))
    }

    /// The init image, the colors of the picture, and the slopes, once as numbers and once as a tensor.
    fn memory(&self, size: Size) -> u64 {
        (12 + 12 + 2 * 16) * (size.width.saturating_mul(size.height) as u64)
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::random::Stream;

    /// The loss and the gradient in every number, by finite differences.
    #[test]
    fn each_pixel_is_pulled_to_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("init.png");
        let init = image::RgbImage::from_fn(4, 3, |x, y| image::Rgb([x as u8 * 60, y as u8 * 80, 128]));
        init.save(&path).unwrap();
        let mut nearness = Nearness { weight: 3.0, path, tile: None, aim: None };
        let mut stream = Stream::new(5, "test", 0);
        for channels in [3, 4] {
            let drawn: Vec<f32> = (0..channels * 12).map(|_| stream.unit() as f32).collect();
            let mut judge = |values: Vec<f32>| {
                let picture = Tensor::from_vec(values, (1, channels, 3, 4), &Device::Cpu).unwrap();
                let Verdict { loss, gradient } = nearness.judge(&Seen::new(&picture, 0, None, 0.5)).unwrap().unwrap();
                let LossValue::Known(loss) = loss else { panic!("the loss is computed") };
                (loss, gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap())
            };
            let (loss, gradient) = judge(drawn.clone());
            let aim = to_values(init.as_raw(), 3);
            let expected: f64 = aim.iter().zip(&drawn).map(|(aim, value)| f64::from((aim - value).abs())).sum();
            assert!((loss - 1.5 * expected / 36.0).abs() < 1e-6, "{loss} {expected}");
            for (at, slope) in gradient.into_iter().enumerate() {
                // Between kinks the loss is straight.
                let moved = |by: f32| {
                    let mut moved = drawn.clone();
                    moved[at] += by;
                    moved
                };
                let step = 1e-3_f32;
                let found = (judge(moved(step)).0 - judge(moved(-step)).0) / f64::from(2.0 * step);
                let is_near = aim.get(at).is_some_and(|aim| (aim - drawn[at]).abs() < 2.0 * step);
                assert!(is_near || (found - f64::from(slope)).abs() < 1e-3, "{at}: {found} {slope}");
                assert!(is_near || (slope == 0.0) == (at >= 36), "{at}: {slope}");
            }
        }
    }

    #[test]
    fn a_tile_is_pulled_to_what_it_starts_from() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("init.png");
        let init = image::RgbImage::from_fn(8, 6, |x, y| image::Rgb([x as u8 * 30, y as u8 * 40, 128]));
        init.save(&path).unwrap();
        let loss_of = |tile: Option<Tile>, picture: &image::RgbImage| {
            let mut nearness = Nearness { weight: 1.0, path: path.clone(), tile, aim: None };
            let picture = Tensor::from_vec(to_values(picture.as_raw(), 3), (1, 3, 6, 8), &Device::Cpu).unwrap();
            let verdict = nearness.judge(&Seen::new(&picture, 0, None, 0.5)).unwrap().unwrap();
            let LossValue::Known(loss) = verdict.loss else { panic!("the loss is computed") };
            loss
        };
        let joined = Tile::Both.joined(&init);
        assert!(loss_of(Some(Tile::Both), &joined) == 0.0 && loss_of(None, &init) == 0.0);
        assert!(loss_of(Some(Tile::Both), &init) > 0.001 && loss_of(None, &joined) > 0.001);
    }
}

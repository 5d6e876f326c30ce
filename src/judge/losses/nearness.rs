//! The pull of each pixel toward the init image.

use std::path::PathBuf;

use candle_core::Tensor;
use image::RgbImage;

use super::{Loss, LossValue, Seen, Verdict, fitted_memory, sizes};
use crate::frozen::MemoryOf;
use crate::picture::{Size, Tile, cover, read, to_values};
use crate::settings::Settings;
use crate::{Error, Result};

/// Pulls each pixel toward the same pixel of the init image.
struct Nearness {
    weight: f64,
    path: PathBuf,
    /// How the picture is tiled, if it is
    tile: Option<Tile>,
    /// The sizes that are drawn
    sizes: Vec<Size>,
    /// The init image at each size: `[3, height, width]` with values from 0 to 1, once it has been read
    fitted: Vec<(Size, Vec<f32>)>,
}

/// Creates the pull if settings have an init image and a weight.
pub(super) fn new(settings: &Settings) -> Option<Box<dyn Loss>> {
    let weight = settings.init_pixel_weight.filter(|weight| *weight > 0.0)?;
    let path = settings.init_image.clone()?;
    Some(Box::new(Nearness { weight, path, tile: settings.tile, sizes: sizes(settings), fitted: Vec::new() }))
}

impl Nearness {
    /// An image at a size.
    fn fit(&self, image: RgbImage, size: Size) -> Result<Vec<f32>> {
        let image = cover(image, size)?;
        // A tile starts from the image with edges that continue each other.
        let image = match self.tile {
            Some(tile) => tile.joined(&image),
            None => image,
        };
        Ok(to_values(image.as_raw(), 3))
    }
}

impl Loss for Nearness {
    fn name(&self) -> &'static str {
        "init-pixels"
    }

    fn prepare(&mut self) -> Result<()> {
        let image = read(&self.path)?;
        let fitted = self.sizes.iter().map(|size| Ok((*size, self.fit(image.clone(), *size)?)));
        self.fitted = fitted.collect::<Result<_>>()?;
        Ok(())
    }

    /// Half the weight times the mean of the absolute differences, as pixray's `--init_weight_pix`. The gradient of alpha is
    /// zero.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn judge(&mut self, seen: &Seen) -> Result<Option<Verdict>> {
        let (_, _, height, width) = seen.picture.dims4()?;
        let size = Size { width, height };
        let (_, aim) = self
            .fitted
            .iter()
            .find(|(fitted, _)| *fitted == size)
            .ok_or_else(|| Error::fault("the init image was not read at the size that is drawn"))?;
        let values = seen.picture.narrow(1, 0, 3)?.flatten_all()?.to_vec1::<f32>()?;
        let share = self.weight / 2.0 / aim.len().max(1) as f64;
        let apart = || values.iter().zip(aim).map(|(value, aim)| value - aim);
        let loss: f64 = apart().map(|apart| f64::from(apart.abs())).sum::<f64>() * share;
        let slope = |apart: f32| if apart == 0.0 { 0.0 } else { apart.signum() * share as f32 };
        let mut slopes: Vec<f32> = apart().map(slope).collect();
        slopes.resize(seen.picture.elem_count(), 0.0);
        let gradient = Tensor::from_vec(slopes, seen.picture.shape(), seen.picture.device())?;
        Ok(Some(Verdict { loss: LossValue::Known(loss), gradient }))
    }

    /// The colors of the picture, and the slopes, once as numbers and once as a tensor.
    fn memory(&self, size: Size, _: MemoryOf) -> Result<u64> {
        Ok((12_u64 + 2 * 16).saturating_mul((size.width as u64).saturating_mul(size.height as u64)))
    }

    /// The init image at both sizes. Reading it is estimated where all input images are.
    fn kept(&self, size: Size) -> u64 {
        fitted_memory(size)
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
        let sizes = vec![Size { width: 4, height: 3 }];
        let mut nearness = Nearness { weight: 3.0, path: path.clone(), tile: None, sizes, fitted: Vec::new() };
        nearness.prepare().unwrap();
        // What happens to the file later changes nothing.
        std::fs::remove_file(&path).unwrap();
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
            let sizes = vec![Size { width: 8, height: 6 }];
            let mut nearness = Nearness { weight: 1.0, path: path.clone(), tile, sizes, fitted: Vec::new() };
            nearness.prepare().unwrap();
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

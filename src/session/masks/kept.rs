//! What keeps the outside of a mask as it is, while the inside is drawn.

use candle_core::{Device, Tensor};

use super::matte::Matte;
use super::surroundings::Surroundings;
use crate::Result;
use crate::frozen::{Network, SquareSum};

/// How strongly the outside is kept: the weight of the mean square of its difference from what it is to be. It is more than
/// what keeps whole pictures close to the prior's (20 for cells and waves, 40 for strokes): nothing pulls the outside
/// elsewhere but what a drawer changes everywhere at once.
const HOLD: f64 = 100.0;

/// Keeps the outside of a mask. All tensors are on the device of the pictures.
pub(super) struct Kept {
    /// How far the picture follows its judges, with the shape of the picture
    free: Tensor,
    /// How far the picture is seen, and what is seen instead of it, `[1, 3, height, width]`; none if all of it is seen
    covered: Option<(Tensor, Tensor)>,
    /// What the outside is to be, with the shape of the picture
    aim: Tensor,
    /// The roots of what the squares of the differences count, with the shape of the picture
    pull: Tensor,
    squares: Network,
}

impl Kept {
    /// Keeps the outside as it is in `first`, a picture `[1, channels, height, width]`.
    pub(super) fn as_drawn(matte: &Matte, first: Tensor) -> Result<Self> {
        let channels = first.dim(1)?;
        Self::new(&matte.values, channels, first, None)
    }

    /// Keeps the outside as it is in the init image, for pictures with so many channels.
    pub(super) fn as_in(surroundings: &Surroundings, matte: &Matte, channels: usize, device: &Device) -> Result<Self> {
        let shape = |channels| (1, channels, matte.size.height, matte.size.width);
        let (drawn, init) = (surroundings.drawn(), surroundings.values());
        let beneath = init.iter().zip(drawn.iter().cycle()).map(|(value, share)| (1.0 - share) * value).collect();
        let covered = (repeated(drawn, 3), beneath);
        let mut aim = init;
        // The init image is opaque.
        aim.resize(channels * drawn.len(), 1.0);
        let on_device = |values: Vec<f32>, channels| Tensor::from_vec(values, shape(channels), device);
        let covered = (on_device(covered.0, 3)?, on_device(covered.1, 3)?);
        Self::new(drawn, channels, on_device(aim, channels)?, Some(covered))
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn new(free: &[f32], channels: usize, aim: Tensor, covered: Option<(Tensor, Tensor)>) -> Result<Self> {
        let count = (channels * free.len()).max(1);
        let root = |share: &f32| ((1.0 - f64::from(*share)) * HOLD / count as f64).sqrt() as f32;
        let pull: Vec<f32> = free.iter().map(root).collect();
        let on_device = |values: &[f32]| Tensor::from_vec(repeated(values, channels), aim.shape(), aim.device());
        Ok(Self {
            free: on_device(free)?,
            pull: on_device(&pull)?,
            covered,
            squares: Network::of(SquareSum::new()),
            aim,
        })
    }

    /// What judges see of what is visible of a picture, `[1, 3, height, width]`: the picture in its surroundings.
    pub(super) fn seen(&self, visible: Tensor) -> Result<Tensor> {
        match &self.covered {
            Some((share, beneath)) => Ok(((visible * share)? + beneath)?),
            None => Ok(visible),
        }
    }

    /// The loss that keeps the outside of a detached picture, and the whole gradient with respect to the picture: that of
    /// its judges as far as the picture follows them, and that of the loss.
    pub(super) fn hold(&self, picture: &Tensor, gradient: &Tensor) -> Result<(Tensor, Tensor)> {
        let apart = ((picture - &self.aim)? * &self.pull)?;
        let loss = self.squares.forward(&apart)?;
        let back = (apart * &self.pull)?.affine(2.0, 0.0)?;
        Ok((loss, ((gradient * &self.free)? + back)?))
    }
}

/// Numbers once for each channel.
fn repeated(values: &[f32], channels: usize) -> Vec<f32> {
    values.iter().copied().cycle().take(channels * values.len()).collect()
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
mod tests {
    use super::super::matte::Shape;
    use super::*;
    use crate::picture::Size;
    use crate::random::Stream;
    use crate::settings::Side;

    const SIZE: Size = Size { width: 6, height: 4 };

    fn random(stream: &mut Stream, channels: usize) -> (Vec<f32>, Tensor) {
        let values: Vec<f32> = (0..channels * 24).map(|_| stream.unit() as f32).collect();
        (values.clone(), Tensor::from_vec(values, (1, channels, 4, 6), &Device::Cpu).unwrap())
    }

    fn values(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    /// The gradient is that of the loss by finite differences, plus what the judges ask for inside.
    #[test]
    fn the_outside_is_held_and_the_inside_is_free() {
        let mut stream = Stream::new(1, "test", 0);
        let matte = Matte::new(&Shape::Side(Side::Left, 0.5), SIZE).unwrap();
        for channels in [3, 4] {
            let (first, asked) = (random(&mut stream, channels).1, random(&mut stream, channels));
            let kept = Kept::as_drawn(&matte, first.clone()).unwrap();
            assert_eq!(values(&kept.hold(&first, &asked.1).unwrap().0), [0.0]);
            let (drawn, picture) = random(&mut stream, channels);
            let loss = |values: &[f32]| {
                let picture = Tensor::from_vec(values.to_vec(), (1, channels, 4, 6), &Device::Cpu).unwrap();
                f64::from(kept.hold(&picture, &asked.1).unwrap().0.to_scalar::<f32>().unwrap())
            };
            let outside = values(&first).into_iter().zip(&drawn).enumerate().filter(|(at, _)| at % 6 >= 3);
            let expected: f64 = outside.map(|(_, (aim, value))| f64::from(aim - value).powi(2)).sum::<f64>() * HOLD
                / (channels * 24) as f64;
            assert!((loss(&drawn) / expected - 1.0).abs() < 1e-5, "{} {expected}", loss(&drawn));
            let gradient = values(&kept.hold(&picture, &asked.1).unwrap().1);
            for (at, found) in gradient.into_iter().enumerate() {
                let moved = |by: f32| {
                    let mut moved = drawn.clone();
                    moved[at] += by;
                    loss(&moved)
                };
                // The loss is a square, so the step may be large.
                let slope = (moved(0.25) - moved(-0.25)) / 0.5;
                let inside = if at % 6 < 3 { f64::from(asked.0[at]) } else { 0.0 };
                assert!((f64::from(found) - slope - inside).abs() < 1e-4, "{at}: {found} {slope}");
            }
        }
    }

    #[test]
    fn what_is_seen_is_what_is_delivered() {
        let mut stream = Stream::new(2, "test", 0);
        let init = image::RgbImage::from_fn(6, 4, |x, y| image::Rgb([x as u8 * 40, y as u8 * 60, 9]));
        let matte = Matte::new(&Shape::Side(Side::Top, 0.75), SIZE).unwrap();
        let surroundings = Surroundings::new(&init, &matte, 1.0).unwrap();
        let kept = Kept::as_in(&surroundings, &matte, 3, &Device::Cpu).unwrap();
        let picture = random(&mut stream, 3).1;
        let (seen, delivered) =
            (values(&kept.seen(picture.clone()).unwrap()), values(&surroundings.around(&picture).unwrap()));
        for (at, (seen, delivered)) in seen.iter().zip(delivered).enumerate() {
            // The last row is the init image's.
            assert!((seen - delivered).abs() < if at / 6 % 4 == 3 { 1e-7 } else { 1e-5 }, "{at}: {seen} {delivered}");
        }
    }
}

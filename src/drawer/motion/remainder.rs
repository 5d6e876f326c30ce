//! Keeps the part of a moved canvas that a model cannot show, so that slow motions add up. The codes of a VQGAN stand for
//! squares of 8 or 16 pixels: a picture that has moved by less than about a pixel often gets the same codes again, and so has
//! not moved at all. Therefore the canvas is the picture plus a remainder, as in error diffusion: the canvas moves and is
//! encoded, and the part that its codes lack is the next remainder. Changes by guidance are part of the picture, so the canvas
//! includes them.

use candle_core::Tensor;

use super::Motion;
use crate::Result;
use crate::picture::Size;

/// What a picture lacks of its canvas.
pub(in crate::drawer) struct Remainder {
    /// The motion in pixels that halves the remainder of a pixel
    reach: f64,
    /// The difference of the canvas and its picture, `[1, 3, height, width]` in host memory; none if nothing has moved
    left: Option<Tensor>,
}

impl Remainder {
    /// No remainder yet. Each motion by D pixels leaves 1 / (1 + D / `reach`) of it, so that the remains of a picture that
    /// guidance has changed do not stay forever. With a small reach, slow motions are lost after all: the picture is behind
    /// the canvas by up to half of what a code covers.
    pub(in crate::drawer) fn new(reach: f64) -> Self {
        Self { reach, left: None }
    }

    /// The canvas of a picture `[1, 3, height, width]` in host memory, after a motion.
    ///
    /// # Errors
    /// If the picture has another size than the one before.
    pub(in crate::drawer) fn moved(&self, picture: &Tensor, motion: &Motion) -> Result<Tensor> {
        let Some(left) = &self.left else { return motion.of(picture) };
        let (_, channels, height, width) = picture.dims4()?;
        let both = motion.of(&Tensor::cat(&[&picture.detach(), left], 1)?)?;
        let shares =
            Tensor::from_vec(self.shares(motion, Size { width, height }), (1, 1, height, width), both.device())?;
        let left = both.narrow(1, channels, channels)?.broadcast_mul(&shares)?;
        Ok((both.narrow(1, 0, channels)? + left)?.clamp(0.0_f32, 1.0_f32)?)
    }

    /// The share of the remainder that a motion leaves at each pixel, row by row.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn shares(&self, motion: &Motion, size: Size) -> Vec<f32> {
        let share = |index: usize| {
            let [x, y] = [(index % size.width) as f64 + 0.5, (index / size.width) as f64 + 0.5];
            let [from_x, from_y] = motion.origin([x, y], size);
            let distance = ((x - from_x) * (x - from_x) + (y - from_y) * (y - from_y)).sqrt();
            (1.0 / (1.0 + distance / self.reach)) as f32
        };
        (0..size.width * size.height).map(share).collect()
    }

    /// Keeps what a picture lacks of its canvas, both in host memory.
    ///
    /// # Errors
    /// If they have different sizes.
    pub(in crate::drawer) fn keep(&mut self, canvas: &Tensor, picture: &Tensor) -> Result<()> {
        self.left = Some((canvas.detach() - picture.detach())?);
        Ok(())
    }

    /// The remainder; none if nothing has moved.
    pub(in crate::drawer) fn left(&self) -> Option<&Tensor> {
        self.left.as_ref()
    }

    /// Takes the remainder of an earlier run.
    pub(in crate::drawer) fn restore(&mut self, left: Option<Tensor>) {
        self.left = left;
    }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss)]
mod tests {
    use candle_core::Device;

    use super::*;

    const WIDTH: usize = 64;

    fn picture(row: &[f32]) -> Tensor {
        Tensor::from_vec([row, row, row].concat(), (1, 3, 1, row.len()), &Device::Cpu).unwrap()
    }

    fn row(picture: &Tensor) -> Vec<f32> {
        picture.flatten_all().unwrap().to_vec1::<f32>().unwrap()[..WIDTH].to_vec()
    }

    /// A model with codes of four pixels, which are black or white.
    fn shown(canvas: &Tensor) -> Tensor {
        let row = row(canvas);
        let code = |pixels: &[f32]| if pixels.iter().sum::<f32>() > 2.0 { [1.0; 4] } else { [0.0; 4] };
        picture(&row.chunks(4).flat_map(code).collect::<Vec<_>>())
    }

    /// The middle of what is white.
    fn place(picture: &Tensor) -> f64 {
        let row = row(picture);
        let (mut sum, mut count) = (0.0, 0.0);
        for (at, value) in row.iter().enumerate() {
            (sum, count) = (sum + f64::from(*value) * (at as f64 + 0.5), count + f64::from(*value));
        }
        sum / count
    }

    /// 44 motions of a quarter of a pixel move a bar by 11 pixels, of which codes of four pixels can show 8 or 12.
    #[test]
    fn slow_motions_add_up() {
        let bar: Vec<f32> = (0..WIDTH).map(|at| if (8..24).contains(&at) { 1.0 } else { 0.0 }).collect();
        let motion = Motion { pan: [0.25, 0.0], ..Motion::NONE };
        let mut remainder = Remainder::new(16.0);
        let (mut kept, mut alone) = (picture(&bar), picture(&bar));
        for _ in 0..44 {
            let canvas = remainder.moved(&kept, &motion).unwrap();
            kept = shown(&canvas);
            remainder.keep(&canvas, &kept).unwrap();
            alone = shown(&motion.of(&alone).unwrap());
        }
        let moved = place(&kept) - place(&picture(&bar));
        assert!((8.0..=12.0).contains(&moved), "moved by {moved}");
        assert_eq!(row(&alone), bar, "alone, the model loses the motion");
    }

    #[test]
    fn a_remainder_is_half_as_strong_after_its_reach() {
        let plain = |value: f32| picture(&[value; WIDTH]);
        let mut remainder = Remainder::new(16.0);
        let far = Motion { pan: [16.0, 0.0], ..Motion::NONE };
        let still = Motion { angle: 360.0, ..Motion::NONE };
        let near = |found: Tensor, expected: f32| {
            let row = row(&found);
            assert!(row.iter().all(|value| (value - expected).abs() < 1e-5), "{row:?}, {expected}");
        };
        near(remainder.moved(&plain(0.5), &far).unwrap(), 0.5);
        remainder.keep(&plain(0.75), &plain(0.5)).unwrap();
        near(remainder.moved(&plain(0.5), &still).unwrap(), 0.75);
        near(remainder.moved(&plain(0.5), &far).unwrap(), 0.625);
        // No canvas is brighter than white.
        near(remainder.moved(&plain(0.9), &still).unwrap(), 1.0);
        remainder.restore(None);
        assert!(remainder.left().is_none());
        near(remainder.moved(&plain(0.9), &still).unwrap(), 0.9);
    }
}

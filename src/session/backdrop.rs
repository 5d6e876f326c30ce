//! The backdrop of a transparent picture while it is judged: a different gray in each iteration, so that the picture
//! cannot imitate it.

use candle_core::Tensor;

use crate::Result;
use crate::random::Stream;

/// The backdrop of the picture in an iteration.
pub(super) struct Backdrop {
    gray: f64,
}

impl Backdrop {
    /// The backdrop of an iteration in a run with this seed.
    pub(super) fn new(seed: u64, iteration: usize) -> Self {
        Self { gray: Stream::new(seed, "backdrop", iteration as u64).unit() }
    }

    /// The gray, 0 to 1.
    pub(super) fn gray(&self) -> f64 {
        self.gray
    }

    /// Puts a picture with straight alpha, `[1, 4, height, width]`, in front of the backdrop. Returns what is visible,
    /// `[1, 3, height, width]`, detached. A picture without alpha stays as it is.
    ///
    /// # Errors
    /// If the tensor has another shape.
    pub(super) fn behind(&self, drawn: &Tensor) -> Result<Tensor> {
        let drawn = drawn.detach();
        if drawn.dim(1)? == 3 {
            return Ok(drawn);
        }
        let alphas = drawn.narrow(1, 3, 1)?;
        let colors = drawn.narrow(1, 0, 3)?.affine(1.0, -self.gray)?;
        Ok(colors.broadcast_mul(&alphas)?.affine(1.0, self.gray)?)
    }

    /// The gradient with respect to the drawn picture, from the gradient with respect to what is visible.
    ///
    /// # Errors
    /// If the tensors have other shapes.
    pub(super) fn gradient(&self, drawn: &Tensor, seen_gradient: Tensor) -> Result<Tensor> {
        let drawn = drawn.detach();
        if drawn.dim(1)? == 3 {
            return Ok(seen_gradient);
        }
        let of_colours = seen_gradient.broadcast_mul(&drawn.narrow(1, 3, 1)?)?;
        let colors = drawn.narrow(1, 0, 3)?.affine(1.0, -self.gray)?;
        let of_alphas = (colors * seen_gradient)?.sum_keepdim(1)?;
        Ok(Tensor::cat(&[of_colours, of_alphas], 1)?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    #[allow(clippy::cast_possible_truncation)]
    fn the_gradient_is_that_of_what_is_seen() {
        let mut stream = Stream::new(1, "test", 0);
        let mut random = |shape: [usize; 4]| {
            let values: Vec<f32> = (0..shape.iter().product()).map(|_| stream.unit() as f32).collect();
            (values.clone(), Tensor::from_vec(values, &shape, &Device::Cpu).unwrap())
        };
        let ((values, drawn), (_, slopes)) = (random([1, 4, 3, 5]), random([1, 3, 3, 5]));
        let backdrop = Backdrop::new(7, 3);
        let gradient = backdrop.gradient(&drawn, slopes.clone()).unwrap();
        let gradient = gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let step = 0.25;
        for index in 0..values.len() {
            let at = |change: f32| {
                let mut moved = values.clone();
                moved[index] += change;
                let moved = Tensor::from_vec(moved, (1, 4, 3, 5), &Device::Cpu).unwrap();
                let sum = (backdrop.behind(&moved).unwrap() * &slopes).unwrap().sum_all().unwrap();
                sum.to_scalar::<f32>().unwrap()
            };
            // The sum is linear in each number, so differences are exact.
            let difference = (at(step) - at(-step)) / (2.0 * step);
            assert!((difference - gradient[index]).abs() < 1e-4, "{index}: {difference}, {}", gradient[index]);
        }
    }

    #[test]
    fn what_is_transparent_shows_the_grey_and_what_is_not_itself() {
        let backdrop = Backdrop::new(7, 3);
        let picture = |alpha: f64| {
            let colors = Tensor::full(0.25_f32, (1, 3, 1, 2), &Device::Cpu).unwrap();
            Tensor::cat(&[&colors, &colors.narrow(1, 0, 1).unwrap().affine(0.0, alpha).unwrap()], 1).unwrap()
        };
        let seen = |alpha| {
            let seen = backdrop.behind(&picture(alpha)).unwrap();
            f64::from(seen.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0])
        };
        assert!((seen(1.0) - 0.25).abs() < 1e-6 && (seen(0.0) - backdrop.gray).abs() < 1e-6);
        assert!((backdrop.gray - Backdrop::new(7, 4).gray).abs() > 1e-3, "another iteration has another gray");
        let opaque = picture(1.0).narrow(1, 0, 3).unwrap();
        assert_eq!(backdrop.behind(&opaque).unwrap().dims(), [1, 3, 1, 2]);
    }
}

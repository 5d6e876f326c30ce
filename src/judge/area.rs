//! The part of a picture that a perceptor sees, and how far the picture follows it there.

use candle_core::Tensor;

use crate::Result;

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Columns to the left of it
    pub left: usize,
    /// Rows above it
    pub top: usize,
    /// Columns
    pub width: usize,
    /// Rows
    pub height: usize,
}

/// The part of a picture that a perceptor sees, and how far the picture follows it there. Prompts with a mask see what is
/// around their part as well, but only their part follows them: the picture outside counts as constant. So nothing black
/// is painted around the part, which a CLIP would take for something in the dark.
#[derive(Clone, Debug)]
pub struct Area {
    /// What is seen
    pub part: Part,
    /// What the gradient of what is seen is multiplied by, `[1, 3, height, width]`, on the device of the pictures; none if
    /// all of it is followed
    pub weights: Option<Tensor>,
}

impl Area {
    /// What is seen of a picture `[1, channels, height, width]`.
    ///
    /// # Errors
    /// If the picture is smaller than the part.
    pub(super) fn of(&self, picture: &Tensor) -> Result<Tensor> {
        let Part { left, top, width, height } = self.part;
        Ok(picture.narrow(2, top, height)?.narrow(3, left, width)?.contiguous()?)
    }

    /// The gradient with respect to a picture of this height and width, from that with respect to what is seen of it.
    ///
    /// # Errors
    /// If the tensor has another shape than what is seen.
    pub(super) fn spread(&self, seen_gradient: Tensor, (height, width): (usize, usize)) -> Result<Tensor> {
        let part = self.part;
        let followed = match &self.weights {
            Some(weights) => (seen_gradient * weights)?,
            None => seen_gradient,
        };
        let below = height.saturating_sub(part.top + part.height);
        let right = width.saturating_sub(part.left + part.width);
        Ok(followed.pad_with_zeros(2, part.top, below)?.pad_with_zeros(3, part.left, right)?.contiguous()?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    #[allow(clippy::cast_precision_loss)]
    fn a_gradient_comes_back_to_its_place() {
        let numbers = |from: usize, shape: [usize; 4]| {
            let count: usize = shape.iter().product();
            let values: Vec<f32> = (from..from + count).map(|value| value as f32).collect();
            Tensor::from_vec(values, &shape, &Device::Cpu).unwrap()
        };
        let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let picture = numbers(0, [1, 3, 4, 5]);
        let (part, weights) = (Part { left: 1, top: 2, width: 3, height: 2 }, numbers(1, [1, 3, 2, 3]));
        let area = Area { part, weights: Some(weights.clone()) };
        let seen = area.of(&picture).unwrap();
        assert_eq!(values(&seen)[..6], [11.0, 12.0, 13.0, 16.0, 17.0, 18.0]);
        // What is seen times slopes is linear, so its gradient is the slopes, where it is seen.
        let slopes = numbers(7, [1, 3, 2, 3]);
        let gradient = values(&area.spread(slopes.clone(), (4, 5)).unwrap());
        let (slopes, weights) = (values(&slopes), values(&weights));
        for (index, value) in gradient.iter().enumerate() {
            let (channel, row, column) = (index / 20, index / 5 % 4, index % 5);
            let at = (row >= 2 && (1..4).contains(&column)).then(|| channel * 6 + (row - 2) * 3 + column - 1);
            assert!((value - at.map_or(0.0, |at| slopes[at] * weights[at])).abs() < 1e-6, "{index}");
        }
        let whole = Area { part: Part { left: 0, top: 0, width: 5, height: 4 }, weights: None };
        assert_eq!(values(&whole.of(&picture).unwrap()), values(&picture));
        assert_eq!(values(&whole.spread(picture.clone(), (4, 5)).unwrap()), values(&picture));
    }
}

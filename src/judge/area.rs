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

impl Part {
    /// The same part of a picture that shows the same at another height and width, to the pixel.
    fn scaled(self, (height, width): (usize, usize), (other_height, other_width): (usize, usize)) -> Self {
        let of = |start: usize, length: usize, whole: usize, other: usize| {
            let at = |place: usize| (place * other + whole / 2) / whole.max(1);
            let first = at(start).min(other.saturating_sub(1));
            (first, at(start + length).saturating_sub(first).max(1))
        };
        let (left, part_width) = of(self.left, self.width, width, other_width);
        let (top, part_height) = of(self.top, self.height, height, other_height);
        Self { left, top, width: part_width, height: part_height }
    }
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
        seen_of(picture, self.part)
    }

    /// The same of another picture, which shows the same as the picture of this height and width, at any size.
    ///
    /// # Errors
    /// If the tensor has another shape.
    pub(super) fn of_another(&self, other: &Tensor, whole: (usize, usize)) -> Result<Tensor> {
        let (_, _, height, width) = other.dims4()?;
        seen_of(other, self.part.scaled(whole, (height, width)))
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

fn seen_of(picture: &Tensor, Part { left, top, width, height }: Part) -> Result<Tensor> {
    Ok(picture.narrow(2, top, height)?.narrow(3, left, width)?.contiguous()?)
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
        assert_eq!(values(&area.of_another(&picture, (4, 5)).unwrap()), values(&area.of(&picture).unwrap()));
    }

    #[test]
    fn a_part_is_the_same_at_every_size() {
        let part = |left, top, width, height| Part { left, top, width, height };
        let own = part(2, 1, 3, 4);
        assert_eq!(own.scaled((5, 10), (5, 10)), own);
        assert_eq!(own.scaled((5, 10), (10, 20)), part(4, 2, 6, 8));
        assert_eq!(own.scaled((5, 10), (8, 15)), part(3, 2, 5, 6));
        // However small the picture is, something is seen of it.
        for (height, width) in [(1, 1), (2, 3), (4, 9)] {
            for own in [own, part(9, 4, 1, 1), part(0, 0, 10, 5), part(0, 0, 1, 1)] {
                let Part { left, top, width: across, height: down } = own.scaled((5, 10), (height, width));
                assert!(across > 0 && down > 0 && left + across <= width && top + down <= height, "{own:?}");
            }
        }
    }
}

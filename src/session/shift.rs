//! How a picture that is tiled is seen in an iteration: moved by a random distance, so that cutouts show every place of the
//! plane of copies alike, and also what lies across its edges.

use candle_core::{Tensor, Var};

use crate::Result;
use crate::frozen::{Network, Repeat, with_gradient};
use crate::judge::no_gradient;
use crate::random::Stream;
use crate::settings::Settings;

/// A picture as the judges see it.
pub(super) struct Shift {
    /// The picture that was drawn, and the same after it moved
    moved: Option<(Var, Tensor)>,
    seen: Tensor,
}

impl Shift {
    /// Moves what is visible of a picture, `[1, 3, height, width]`, for an iteration; only if the picture is tiled.
    ///
    /// # Errors
    /// If the tensor has another shape.
    pub(super) fn new(settings: &Settings, iteration: usize, picture: Tensor) -> Result<Self> {
        let Some(tile) = settings.tile else { return Ok(Self { moved: None, seen: picture }) };
        let (_, _, height, width) = picture.dims4()?;
        let mut stream = Stream::new(settings.seed.0, "tile", iteration as u64);
        let by = (stream.below(width), stream.below(height));
        let drawn = Var::from_tensor(&picture.detach())?;
        let moved = Network::of(Repeat::moved(tile, by)).forward(&drawn)?;
        let seen = moved.detach();
        Ok(Self { moved: Some((drawn, moved)), seen })
    }

    /// What the judges see, detached.
    pub(super) fn seen(&self) -> &Tensor {
        &self.seen
    }

    /// The gradient of the picture, from that of what the judges see.
    ///
    /// # Errors
    /// If the gradient has another shape.
    pub(super) fn back(&self, gradient: Tensor) -> Result<Tensor> {
        let Some((drawn, moved)) = &self.moved else { return Ok(gradient) };
        let gradients = with_gradient(moved, &gradient)?.backward()?;
        Ok(gradients.get(drawn).ok_or_else(no_gradient)?.clone())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::picture::Tile;
    use crate::resolve::combine;
    use crate::settings::Overrides;

    #[test]
    fn the_gradient_moves_back() {
        let picture = Tensor::arange(0.0_f32, 3.0 * 6.0 * 5.0, &Device::Cpu).unwrap().reshape((1, 3, 6, 5)).unwrap();
        let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for tile in [None, Some(Tile::Across), Some(Tile::Down), Some(Tile::Both), Some(Tile::HalfDrop)] {
            let size = Some("6x6".parse().unwrap());
            let asked = Overrides {
                prompt: Some("a".parse().unwrap()),
                size,
                tile: tile.map(Into::into),
                ..Overrides::default()
            };
            let settings = combine(&[asked]).unwrap();
            let mut differs = false;
            for iteration in 0..8 {
                let shift = Shift::new(&settings, iteration, picture.clone()).unwrap();
                let seen = shift.seen().clone();
                assert_eq!(seen.dims(), picture.dims());
                differs |= values(&seen) != values(&picture);
                assert_eq!(values(&shift.back(seen).unwrap()), values(&picture), "{tile:?}");
            }
            assert_eq!(differs, tile.is_some(), "{tile:?}");
        }
    }
}

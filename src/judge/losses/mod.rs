//! Losses of the picture itself, beside what perceptors say of it. A loss is a file here with its line in [`ALL`].

mod palette;

use candle_core::Tensor;

use crate::Result;
use crate::palette::Palette;
use crate::picture::Size;
use crate::settings::Settings;

/// Makes the loss that settings ask for; none if they do not.
type Constructor = fn(&Settings) -> Option<Box<dyn Loss>>;

/// All losses, in the order in which they are summed and shown.
const ALL: &[Constructor] = &[palette::new];

/// The losses that settings ask for.
#[must_use]
pub fn losses(settings: &Settings) -> Vec<Box<dyn Loss>> {
    ALL.iter().filter_map(|new| new(settings)).collect()
}

/// A loss of the picture, whatever drew it.
pub trait Loss: Send {
    /// The name that progress and events show.
    fn name(&self) -> &'static str;

    /// The loss of a picture and its gradient; none if there is nothing to say of it in this iteration.
    ///
    /// # Errors
    /// If the computation fails, or the tensor is not a picture.
    fn judge(&mut self, seen: &Seen) -> Result<Option<Verdict>>;

    /// How many bytes of memory judging a picture of this size takes at its highest, beside the picture.
    fn memory(&self, size: Size) -> u64;
}

/// What a loss sees.
pub struct Seen<'a> {
    /// The picture as it was drawn, detached, values from 0 to 1: `[1, 3, height, width]`, or `[1, 4, height, width]` with
    /// straight alpha
    pub picture: &'a Tensor,
    /// Which iteration, from 0
    pub iteration: usize,
    /// The palette that the picture is to be in; none if there is none, or if it is not found yet
    pub palette: Option<&'a Palette>,
}

/// What a loss says of a picture.
pub struct Verdict {
    /// The loss, weighted
    pub loss: LossValue,
    /// Its gradient, weighted as the loss, of the picture's shape and on its device
    pub gradient: Tensor,
}

/// A number that is known, or that is computed where the picture is.
pub enum LossValue {
    /// Known: the device was waited for
    Known(f64),
    /// One `f32`, which may not be computed yet
    Computed(Tensor),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::combine;
    use crate::settings::Overrides;

    fn names(asked: Overrides) -> Vec<&'static str> {
        let asked = Overrides { prompt: Some("a".parse().unwrap()), ..asked };
        losses(&combine(&[asked]).unwrap()).iter().map(|loss| loss.name()).collect()
    }

    #[test]
    fn losses_have_names_of_their_own() {
        let names = names(Overrides { colors: Some(4), ..Overrides::default() });
        for (index, name) in names.iter().enumerate() {
            assert!(!name.is_empty() && !names[..index].contains(name), "{name}");
        }
    }

    #[test]
    fn pictures_of_few_colors_are_pulled_to_them() {
        assert!(names(Overrides { colors: Some(4), ..Overrides::default() }).contains(&"palette"));
        assert!(!names(Overrides::default()).contains(&"palette"));
    }
}

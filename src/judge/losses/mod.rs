//! Losses of the picture itself, in addition to the perceptors. Each loss is a file here and an entry in [`ALL`].

mod nearness;
mod palette;

use candle_core::Tensor;

use crate::Result;
use crate::palette::Palette;
use crate::picture::Size;
use crate::settings::Settings;

/// Creates the loss if the settings ask for it.
type Constructor = fn(&Settings) -> Option<Box<dyn Loss>>;

/// All losses, in the order in which they are summed and shown.
const ALL: &[Constructor] = &[palette::new, nearness::new];

/// The losses that settings ask for.
#[must_use]
pub fn losses(settings: &Settings) -> Vec<Box<dyn Loss>> {
    ALL.iter().filter_map(|new| new(settings)).collect()
}

/// A loss of the picture, whatever drew it.
pub trait Loss: Send {
    /// The name that progress and events show.
    fn name(&self) -> &'static str;

    /// The loss of a picture and its gradient; none if the loss does not apply in this iteration.
    ///
    /// # Errors
    /// If the computation fails, or the tensor is not a picture.
    fn judge(&mut self, seen: &Seen) -> Result<Option<Verdict>>;

    /// The peak memory of judging a picture of this size, besides the picture itself, in bytes.
    fn memory(&self, size: Size) -> u64;
}

/// The input of a loss.
pub struct Seen<'a> {
    /// The picture as it was drawn, detached, values from 0 to 1: `[1, 3, height, width]`, or `[1, 4, height, width]`
    /// with straight alpha
    pub picture: &'a Tensor,
    /// The number of the iteration, from 0
    pub iteration: usize,
    /// The palette of the picture; none if there is no palette, or if it is not known yet
    pub palette: Option<&'a Palette>,
}

/// The output of a loss.
pub struct Verdict {
    /// The weighted loss
    pub loss: LossValue,
    /// The gradient of the weighted loss, with the shape and on the device of the picture
    pub gradient: Tensor,
}

/// The value of a loss, known or still being computed on the device of the picture.
pub enum LossValue {
    /// The value; the loss waited for the device
    Known(f64),
    /// A tensor with one `f32`, which may not be computed yet
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

    #[test]
    fn pictures_are_held_to_an_init_image_if_asked() {
        let held = |init_pixel_weight| {
            names(Overrides { init_image: Some("a.png".into()), init_pixel_weight, ..Overrides::default() })
        };
        assert!(held(Some(2.0)).contains(&"init-pixels"));
        assert!(held(Some(0.0)).is_empty() && held(None).is_empty());
    }
}

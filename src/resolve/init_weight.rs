//! The weight that keeps a picture close to its starting point.

use crate::drawer::Blueprint;
use crate::settings::{Overrides, StartNoise};

/// The weight that layers give. A weight that was given together with another starting point, as in a recipe, does not
/// apply to this one.
pub(super) fn named(layers: &[Overrides]) -> Option<f64> {
    let names_start = |layer: &Overrides| layer.init_image.is_some() || layer.init_noise.is_some();
    let at = layers.iter().position(|layer| layer.init_weight.is_some())?;
    let of_another = names_start(&layers[at]) && layers[..at].iter().any(names_start);
    layers[at].init_weight.filter(|_| !of_another)
}

/// The default weight: the usual weight of the drawer if the prior draws the starting point, else 0.
pub(super) fn usual(drawer: &dyn Blueprint, vqgan: &str, has_picture: bool, noise: StartNoise) -> f64 {
    if has_picture || noise != StartNoise::Prior { 0.0 } else { drawer.usual_init_weight(vqgan) }
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;
    use crate::resolve::combine;

    /// The embedded model's.
    const PRIOR_HOLD: f64 = 1.0;
    /// Cells'.
    const CELL_HOLD: f64 = 20.0;

    fn named(prompt: &str) -> Overrides {
        Overrides { prompt: Some(prompt.parse().unwrap()), ..Overrides::default() }
    }

    #[test]
    fn a_picture_is_held_to_the_start_that_the_weight_was_named_for() {
        let held = |layers: &[Overrides]| combine(layers).unwrap().init_weight;
        assert_eq!(held(&[named("a cat")]), PRIOR_HOLD);
        let noise = |noise, weight| Overrides { init_noise: Some(noise), init_weight: weight, ..named("a cat") };
        assert_eq!(held(&[noise(StartNoise::None, None)]), 0.0);
        assert_eq!(held(&[noise(StartNoise::Prior, Some(0.0))]), 0.0);
        let pixel = Overrides { drawer: Some("pixel".into()), ..named("a cat") };
        assert_eq!(held(&[pixel]), CELL_HOLD);
        // A recipe's weight is for the recipe's start; a bare one is for any.
        let recipe = noise(StartNoise::Prior, Some(0.25));
        assert_eq!(held(&[named("a dog"), recipe.clone()]), 0.25);
        assert_eq!(held(&[noise(StartNoise::None, None), recipe.clone()]), 0.0);
        assert_eq!(held(&[noise(StartNoise::Prior, None), recipe]), PRIOR_HOLD);
        let bare = Overrides { init_weight: Some(0.125), ..Overrides::default() };
        assert_eq!(held(&[noise(StartNoise::Prior, None), bare]), 0.125);
    }
}

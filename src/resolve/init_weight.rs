//! How strongly a picture is held to its start.

use crate::models::embedded;
use crate::settings::{DrawerKind, Overrides, StartNoise};

/// How strongly the embedded model's latent is held to its prior's (`weights/training/search.py`).
const PRIOR_HOLD: f64 = 0.5;
/// How strongly cells are held to its picture's colours: between 10 and 30 they look alike, below they dissolve.
const CELL_HOLD: f64 = 20.0;

/// How strongly layers say that a picture is held to its start. What was said together with another start, as a recipe says
/// it, is not meant for this one.
pub(super) fn named(layers: &[Overrides]) -> Option<f64> {
    let names_start = |layer: &Overrides| layer.init_image.is_some() || layer.init_noise.is_some();
    let at = layers.iter().position(|layer| layer.init_weight.is_some())?;
    let of_another = names_start(&layers[at]) && layers[..at].iter().any(names_start);
    layers[at].init_weight.filter(|_| !of_another)
}

/// How strongly a picture is held to its start where nobody says: the embedded model's to its prior's, whose shapes are
/// better than those that guidance alone would make of them.
pub(super) fn usual(drawer: DrawerKind, vqgan: &str, has_picture: bool, noise: StartNoise) -> f64 {
    match drawer {
        _ if has_picture || noise != StartNoise::Prior => 0.0,
        DrawerKind::Vqgan if vqgan == embedded::NAME => PRIOR_HOLD,
        // Another VQGAN's latent has another measure.
        DrawerKind::Vqgan => 0.0,
        DrawerKind::Pixel => CELL_HOLD,
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;
    use crate::resolve::combine;

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
        let pixel = Overrides { drawer: Some(DrawerKind::Pixel), ..named("a cat") };
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

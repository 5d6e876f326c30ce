//! What weaker layers may not add to a recipe.

use crate::settings::Overrides;

/// Removes from a layer that is weaker than a recipe the settings that it must not add. A recipe is complete, but leaves out
/// settings that its picture was drawn without.
pub fn below_recipe(weaker: &mut Overrides) {
    weaker.take_what_recipes_omit();
    // It stands for such settings.
    weaker.pixel_art = None;
    // A recipe already contains the prompts of its story.
    (weaker.story, weaker.crossfade) = (None, None);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::drawer::ALL;
    use crate::resolve::combine;
    use crate::settings::OPTIONS;

    fn overrides(value: serde_json::Value) -> Overrides {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn no_option_adds_anything_to_a_recipe() {
        for drawer in ALL.iter().map(|drawer| drawer.name()) {
            let settings =
                combine(&[overrides(json!({"prompt": "a cat", "drawer": drawer, "size": "64x64"}))]).unwrap();
            let recipe = Overrides::from(settings.clone());
            for option in OPTIONS {
                let mut weaker = overrides(json!({ option.name: option.example() }));
                assert_ne!(weaker, Overrides::default(), "{option:?}");
                below_recipe(&mut weaker);
                assert_eq!(combine(&[recipe.clone(), weaker]).unwrap(), settings, "{option:?}, {drawer}");
            }
        }
    }

    /// Without the rule, these would change the picture, so the test above can fail.
    #[test]
    fn weaker_layers_would_add_something() {
        let settings = combine(&[overrides(json!({"prompt": "a cat", "size": "64x64"}))]).unwrap();
        for added in [
            json!({"palette": "pico-8"}),
            json!({"upscale": 2}),
            json!({"hires": 2.0}),
            json!({"tile": "both"}),
            json!({"loss": ["tv"]}),
            json!({"pixel_art": true}),
        ] {
            let layers = [Overrides::from(settings.clone()), overrides(added.clone())];
            assert_ne!(combine(&layers).unwrap(), settings, "{added}");
        }
    }
}

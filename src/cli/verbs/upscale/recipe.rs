//! The recipe of a picture that is enlarged.

use crate::models::{ModelRecord, Role, embedded};
use crate::output::Recipe;
use crate::upscale::Factor;

/// Notes in a recipe how its picture is enlarged, as `--upscale` does: the recipe then draws the large picture. Returns
/// whether that is possible: a picture that was enlarged before, or has cells of a fixed size, keeps its recipe.
pub(super) fn note(recipe: &mut Recipe, factor: Factor, upscaler: &str, record: Option<ModelRecord>) -> bool {
    if recipe.settings.upscale.is_some() || recipe.settings.pixel_zoom.is_some() {
        return false;
    }
    recipe.settings.upscale = Some(factor.times());
    recipe.settings.upscaler = Some(upscaler.to_owned());
    recipe.models.retain(|model| model.role != Role::Upscaler.option());
    // In the order of a run that enlarges its picture itself, in which the prior is the last.
    let prior = recipe.models.iter().position(|model| model.role == embedded::PRIOR);
    let at = prior.unwrap_or(recipe.models.len());
    recipe.models.splice(at..at, record);
    true
}

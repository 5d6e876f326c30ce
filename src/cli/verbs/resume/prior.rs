//! The prior that drew the first picture of a run. If the run still needs that picture, the embedded prior must be the same.

use std::path::Path;

use crate::Result;
use crate::cli::options::other_prior::OtherPrior;
use crate::models::ModelRecord;
use crate::output::Recipe;
use crate::session::{SessionState, begins_with_prior, needs_first_picture, prior_record};

/// Whether a prior drew the first picture of the run so far, whose recipe is given.
pub(super) fn drew_first(recipe: &Recipe) -> bool {
    let mut settings = recipe.earlier.iter().map(|stage| &stage.settings).chain([&recipe.settings]);
    recipe.prior().is_some() || settings.any(begins_with_prior)
}

/// The record of the prior in the recipe of the run that continues: that of the prior that drew the first picture, if one did.
/// Otherwise the run may begin to use the embedded one, with another prompt.
///
/// # Errors
/// If the run still needs its first picture, and the embedded prior did not draw it or may not have drawn it.
pub(super) fn checked(
    checkpoint: &Path,
    recipe: &Recipe,
    state: &SessionState,
    drew_first: bool,
) -> Result<Option<ModelRecord>> {
    if !drew_first {
        return Ok(prior_record(&recipe.settings));
    }
    if needs_first_picture(&recipe.settings, state)
        && let Some(other) = OtherPrior::than_in(recipe)
    {
        return Err(other.refusal(checkpoint));
    }
    Ok(recipe.prior().cloned())
}

//! Warnings and errors for a recipe whose first picture was drawn by a different embedded prior.

use std::path::Path;

use crate::files::picture_of;
use crate::models::embedded;
use crate::output::Recipe;
use crate::{Error, PROGRAM};

/// How the embedded prior differs from the one that drew the first picture of a recipe.
pub(in crate::cli) struct OtherPrior {
    /// The SHA-256 of that prior; none if the recipe does not record it
    then: Option<String>,
    /// The SHA-256 of the embedded prior
    now: String,
    /// The version of the program that drew the first picture
    needed: String,
}

impl OtherPrior {
    /// How the embedded prior differs from the one that drew the first picture of a recipe; none if they are the same.
    pub(in crate::cli) fn than_in(recipe: &Recipe) -> Option<Self> {
        let (then, now) = (recipe.prior().map(|record| record.sha256.clone()), embedded::prior_record().sha256);
        if then.as_ref() == Some(&now) {
            return None;
        }
        let Recipe { program, .. } = recipe;
        let needed = if program == PROGRAM { format!("the build of {program} that drew it") } else { program.clone() };
        Some(Self { then, now, needed })
    }

    /// The warning for a run that draws the recipe from the beginning.
    pub(in crate::cli) fn warning(&self) -> String {
        let Self { then, now, needed } = self;
        match then {
            Some(then) => format!(
                "the first picture of the recipe was drawn by a different embedded prior, so the picture can differ: the \
                 SHA-256 of the prior was {then}, but is now {now}; for the same picture, use {needed}"
            ),
            None => format!(
                "the recipe does not record the embedded prior that drew the first picture, so the picture can differ: \
                 the SHA-256 of the embedded prior is now {now}; for the same picture, use {needed}"
            ),
        }
    }

    /// The error for a checkpoint whose run still needs its first picture.
    pub(in crate::cli) fn refusal(&self, checkpoint: &Path) -> Error {
        let Self { then, now, needed } = self;
        let problem = match then {
            Some(then) => format!(
                "the run still needs its first picture, which a different embedded prior drew: its SHA-256 was {then}, \
                 but is now {now}"
            ),
            None => format!(
                "the run still needs its first picture, but the checkpoint does not record the embedded prior that drew \
                 it; the SHA-256 of the embedded prior is now {now}"
            ),
        };
        let again = match picture_of(checkpoint).filter(|picture| picture.is_file()) {
            Some(picture) => format!("start again with ‹from› {}", picture.display()),
            None => "draw the picture again".to_owned(),
        };
        Error::file(checkpoint, problem, format!("resume the run with {needed}, or {again}"))
    }
}

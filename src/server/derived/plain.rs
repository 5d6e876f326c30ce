//! Copies of files that do not tell the prompt.

use super::Recipe;
use crate::output::without_recipe;
use crate::queue::{Artifact, JobId};
use crate::server::app::App;
use crate::server::problem::Answer;

const PLAIN: [Recipe; 5] = [
    Recipe { from: "picture.png", name: "plain.png", media_type: "image/png", make: without_recipe },
    Recipe { from: "picture.gif", name: "plain.gif", media_type: "image/gif", make: without_recipe },
    Recipe { from: "picture.mp4", name: "plain.mp4", media_type: "video/mp4", make: without_recipe },
    Recipe { from: "picture.reveal.mp4", name: "plain.reveal.mp4", media_type: "video/mp4", make: without_recipe },
    Recipe { from: "picture.tile.png", name: "plain.tile.png", media_type: "image/png", make: without_recipe },
];
/// A file that never tells the prompt: it is its own copy.
const ALWAYS_PLAIN: &str = "picture.svg";

/// The copy of a file of a job that does not tell the prompt, which is made if it is missing; none if the job has no such
/// file, or there is no such copy.
pub(in crate::server) async fn plain(
    app: &App,
    job: &JobId,
    artifacts: &[Artifact],
    name: &str,
) -> Answer<Option<Artifact>> {
    if name == ALWAYS_PLAIN {
        return Ok(artifacts.iter().find(|made| made.name == name).cloned());
    }
    match PLAIN.iter().find(|recipe| recipe.from == name) {
        Some(recipe) => recipe.of(app, job, artifacts).await,
        None => Ok(None),
    }
}

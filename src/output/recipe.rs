//! The recipe: what a picture file says of how it was made, enough to make it again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::recipe_text::embedded_text;
use crate::files::hash_file_within;
use crate::models::ModelRecord;
use crate::models::hub::is_commit;
use crate::settings::Settings;
use crate::{Error, Result, drawer};

/// The version of the recipe's form.
const FORMAT: u32 = 1;

/// The largest file that a picture is made from, in bytes: what one takes in memory at most.
const LARGEST_INPUT: u64 = 1 << 30;

/// How a picture was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The version of this form
    pub format: u32,
    /// The program and its version
    pub program: String,
    /// What decides the picture
    pub settings: Settings,
    /// The models it was made with
    pub models: Vec<ModelRecord>,
    /// The files it was made from
    pub inputs: Vec<InputRecord>,
    /// How the run went
    pub result: ResultRecord,
    /// What it was before it was resumed with other settings, the first stage first: a run from the beginning
    /// gives another picture then
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Stage>,
}

/// A part of a run that was resumed with other settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Iterations done at its end
    pub iterations_done: usize,
    /// The settings until then
    pub settings: Settings,
    /// Whether the optimizer began anew then
    pub reset_optimizer: bool,
}

/// A file a picture was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// The option that named it
    pub option: String,
    /// Its path as given
    pub path: PathBuf,
    /// Its SHA-256
    pub sha256: String,
}

/// How a run went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultRecord {
    /// Iterations done
    pub iterations_done: usize,
    /// The last iteration's loss; none without an iteration
    pub loss: Option<f64>,
}

impl Recipe {
    /// The recipe of a run.
    #[must_use]
    pub fn new(settings: Settings, models: Vec<ModelRecord>, inputs: Vec<InputRecord>, result: ResultRecord) -> Self {
        let program = crate::PROGRAM.to_owned();
        Self { format: FORMAT, program, settings, models, inputs, result, earlier: Vec::new() }
    }

    /// The input files that settings name, hashed.
    ///
    /// # Errors
    /// Where one cannot be read.
    pub fn inputs(settings: &Settings) -> Result<Vec<InputRecord>> {
        let record = |(option, path): (&str, PathBuf)| {
            let sha256 = hash_file_within(&path, LARGEST_INPUT)?;
            Ok(InputRecord { option: option.into(), path, sha256 })
        };
        settings.input_files().into_iter().map(record).collect()
    }

    /// Reads the recipe out of a PNG, a GIF or an MP4.
    ///
    /// # Errors
    /// Where the file is none of these, is damaged, or holds no recipe this program can read.
    pub fn read(path: &Path) -> Result<Self> {
        let broken = |problem: String| Error::file(path, problem, "use a PNG, a GIF or an MP4 that text2art wrote");
        let text = embedded_text(path).map_err(broken)?;
        let text = text.ok_or_else(|| broken("the file contains no recipe".into()))?;
        let version = serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|value| value["format"].as_u64());
        if version.is_some_and(|version| version > u64::from(FORMAT)) {
            let problem = "this version of text2art cannot read the recipe, which is newer";
            return Err(Error::file(path, problem, "update text2art"));
        }
        let recipe: Self =
            serde_json::from_str(&text).map_err(|error| broken(format!("the recipe cannot be read: {error}")))?;
        recipe.check_revisions().map_err(broken)?;
        Ok(recipe)
    }

    /// Checks what is told of models: a revision leads to folders of the cache, and a recipe comes from anybody.
    pub(super) fn check_revisions(&self) -> Result<(), String> {
        let mut revisions = self.models.iter().filter_map(|model| model.revision.as_ref());
        match revisions.find(|revision| !is_commit(revision)) {
            Some(wrong) => Err(format!("the recipe names {wrong:?}, which is not a valid commit")),
            None => Ok(()),
        }
    }

    /// Checks that the input files are those of the recipe.
    ///
    /// # Errors
    /// Where one is missing, or is another; the message names both hashes.
    pub fn check_inputs(&self, settings: &Settings) -> Result<()> {
        let used = settings.input_files();
        for recorded in &self.inputs {
            // An override may have put another file in its place.
            if !used.iter().any(|(option, path)| *option == recorded.option && *path == recorded.path) {
                continue;
            }
            let found = hash_file_within(&recorded.path, LARGEST_INPUT).map_err(|error| {
                let problem = format!(
                    "the picture was made from this file, which is missing or unreadable (SHA-256 {}): {error}",
                    recorded.sha256
                );
                Error::file(
                    &recorded.path,
                    problem,
                    format!("restore the file, or name another with --{}", recorded.option),
                )
            })?;
            if found != recorded.sha256 {
                let problem = format!("the file has changed: its SHA-256 is {found}, but was {}", recorded.sha256);
                let hint = format!("restore the file, or name another with --{}", recorded.option);
                return Err(Error::file(&recorded.path, problem, hint));
            }
        }
        Ok(())
    }

    /// The recipe as files keep it.
    ///
    /// # Errors
    /// Where it cannot be written so.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::fault(format!("cannot write the recipe: {error}")))
    }

    /// The recipe in words, for programs that show a picture's `parameters`.
    ///
    /// # Errors
    /// If there is no drawer of the name it has.
    pub fn in_words(&self) -> Result<String> {
        let settings = &self.settings;
        let drawer = drawer::of(&settings.drawer)?.in_words(settings);
        Ok(format!(
            "{}\nIterations: {}, Size: {}, Seed: {}, {drawer}, CLIP: {}, Cutouts: {}, Augmentations: {}, \
             Optimizer: {}, Learning rate: {}, Program: {}",
            settings.prompt,
            self.result.iterations_done,
            settings.size,
            settings.seed,
            settings.clip.join(" "),
            settings.cutouts,
            settings.augment,
            settings.optimizer,
            settings.learning_rate,
            self.program
        ))
    }
}

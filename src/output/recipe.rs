//! Recipes: how a picture was made, stored in its file, and enough to make the picture again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::recipe_text::embedded_text;
use crate::files::{hash_file_within, picture_of, unreadable_file};
use crate::models::hub::is_commit;
use crate::models::{ModelRecord, embedded};
use crate::picture::Size;
use crate::progress::Figures;
use crate::settings::Settings;
use crate::{Error, Result, drawer};

/// The version of the recipe's format.
const FORMAT: u32 = 1;

/// The largest file that a picture is made from, in bytes.
const LARGEST_INPUT: u64 = 1 << 30;

/// How a picture was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The version of the format
    pub format: u32,
    /// The program and its version
    pub program: String,
    /// The settings that decide the picture
    pub settings: Settings,
    /// The models that made it, the prior that drew its first picture last
    pub models: Vec<ModelRecord>,
    /// The files that it was made from
    pub inputs: Vec<InputRecord>,
    /// How the run went
    pub result: ResultRecord,
    /// The stages before the run was resumed with other settings, the first stage first; if there are any, a run from
    /// the beginning gives another picture
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Stage>,
    /// The size at which the finished picture was drawn again, without another iteration; none if it was not
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<Size>,
    /// Which frame of a restyled film the picture is; none if it is not such a frame. The init image is the source frame, or
    /// the GIF with all source frames. A run from the beginning draws the frame on its own
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restyled: Option<Restyled>,
}

/// A frame of a restyled film.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restyled {
    /// The number of the frame, from 0
    pub frame: usize,
    /// The share of the previous frame in its start
    pub memory: f64,
    /// The weight of each neighbor in the mean that was drawn; the frame itself has weight 1
    pub smooth: f64,
    /// The SHA-256 of everything that determines the frame
    pub key: String,
}

impl Restyled {
    /// Whether only its own source determined the frame.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.memory == 0.0 && self.smooth == 0.0
    }
}

/// A part of a run after which the run was resumed with other settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Iterations done at its end
    pub iterations_done: usize,
    /// The settings of the stage
    pub settings: Settings,
    /// Whether the optimizer was reset after the stage
    pub reset_optimizer: bool,
}

/// A file that a picture was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// The option that named the file
    pub option: String,
    /// Its path, as given
    pub path: PathBuf,
    /// Its SHA-256
    pub sha256: String,
}

/// How a run went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultRecord {
    /// Iterations done
    pub iterations_done: usize,
    /// The loss of the last iteration, and how well the picture fits
    #[serde(flatten)]
    pub figures: Figures,
}

impl Recipe {
    /// Creates the recipe of a run.
    #[must_use]
    pub fn new(settings: Settings, models: Vec<ModelRecord>, inputs: Vec<InputRecord>, result: ResultRecord) -> Self {
        let program = crate::PROGRAM.to_owned();
        let (earlier, rendered, restyled) = (Vec::new(), None, None);
        Self { format: FORMAT, program, settings, models, inputs, result, earlier, rendered, restyled }
    }

    /// The record of the prior that drew the first picture of the run. Recipes from before priors were recorded have none.
    #[must_use]
    pub fn prior(&self) -> Option<&ModelRecord> {
        self.models.iter().find(|model| model.role == embedded::PRIOR)
    }

    /// The records of the input files that settings name.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn inputs(settings: &Settings) -> Result<Vec<InputRecord>> {
        let record = |(option, path): (&str, PathBuf)| {
            let sha256 = hash_file_within(&path, LARGEST_INPUT)?;
            Ok(InputRecord { option: option.into(), path, sha256 })
        };
        settings.input_files().into_iter().map(record).collect()
    }

    /// Reads the recipe of a picture that the user named, as [`Recipe::read`] does. If there is no such file, the hint
    /// names files with close names.
    ///
    /// # Errors
    /// As for [`Recipe::read`].
    pub fn read_named(path: &Path) -> Result<Self> {
        match path.metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(unreadable_file(path, &error, "")),
            _ => Self::read(path),
        }
    }

    /// Reads the recipe from a PNG, a JPEG, a WebP, a GIF, an MP4 or a JSON file.
    ///
    /// # Errors
    /// If the file is of another kind or damaged, or contains no recipe that this version can read.
    pub fn read(path: &Path) -> Result<Self> {
        let hint = if picture_of(path).is_some() {
            format!("continue from a checkpoint with `text2art resume {}`", path.display())
        } else {
            "use a picture, a movie or a recipe that text2art wrote".to_owned()
        };
        let broken = |problem: String| Error::file(path, problem, hint.clone());
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

    /// Checks that all revisions of models are commits: a revision becomes a path in the cache, and a recipe may come
    /// from anybody.
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
    /// If a file is missing or has changed; the message names both hashes.
    pub fn check_inputs(&self, settings: &Settings) -> Result<()> {
        let used = settings.input_files();
        for recorded in &self.inputs {
            // An option may name another file instead.
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
                    format!("restore the file, or name another with ‹{}›", recorded.option),
                )
            })?;
            if found != recorded.sha256 {
                let problem = format!("the file has changed: its SHA-256 is {found}, but was {}", recorded.sha256);
                let hint = format!("restore the file, or name another with ‹{}›", recorded.option);
                return Err(Error::file(&recorded.path, problem, hint));
            }
        }
        Ok(())
    }

    /// The recipe as JSON, as stored in files.
    ///
    /// # Errors
    /// If the recipe cannot be written as JSON.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::fault(format!("cannot write the recipe: {error}")))
    }

    /// The recipe in words, for programs that show the `parameters` of a picture.
    ///
    /// # Errors
    /// If there is no drawer with the name in the settings.
    pub fn in_words(&self) -> Result<String> {
        let settings = &self.settings;
        let drawer = drawer::of(&settings.drawer)?.in_words(settings);
        let names: Vec<&str> = settings.styles().map(|style| style.name.as_str()).collect();
        let styles = if names.is_empty() {
            String::new()
        } else {
            format!("Styles: {}, Style weight: {}, ", names.join(" / "), settings.weight_of_styles())
        };
        let labels: Vec<String> = settings.label.iter().map(ToString::to_string).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("Labels: {}, ", labels.join(" / ")) };
        let mask = settings.mask.as_ref().map_or_else(String::new, |mask| format!("Mask: {mask}, "));
        let outside = settings
            .prompt_outside
            .as_ref()
            .map_or_else(String::new, |text| format!("Outside: {:?}, ", text.to_string()));
        let upscaled = settings.upscaling();
        let upscaled = upscaled.map_or_else(String::new, |(times, name)| format!(", Upscale: {times} by {name}"));
        let rendered = self.rendered.map_or_else(String::new, |size| format!(", Rendered: {size}"));
        let restyled = self.restyled.as_ref();
        let restyled = restyled.map_or_else(String::new, |restyled| {
            format!(", Frame: {}, Memory: {}, Smooth: {}", restyled.frame, restyled.memory, restyled.smooth)
        });
        Ok(format!(
            "{}\n{mask}{outside}{styles}{labels}Iterations: {}, Size: {}{upscaled}{rendered}{restyled}, Seed: {}, {drawer}, CLIP: {}, Cutouts: {}, Augmentations: {}, \
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

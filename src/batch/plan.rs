//! From lines to pictures.

use std::path::PathBuf;

use super::entry::{Asked, Entry};
use super::files::Files;
use super::places::{Own, Place, Places, Spot};
use super::results::{Known, Status};
use crate::output::{Existing, Recipe};
use crate::settings::{Overrides, Seed, Settings, combine};
use crate::{Error, Result};

/// What is the same for all lines.
pub struct Common {
    /// Settings that are weaker than a line's, the strongest first
    pub weaker: Vec<Overrides>,
    /// How many seeds of each prompt are drawn, from 1
    pub samples: usize,
    /// How many of them are kept; all where none is said
    pub keep: Option<usize>,
    /// Whether pictures are scored though each prompt has one
    pub scored: bool,
    /// Whether what is there is drawn anew
    pub force: bool,
    /// Whether only pictures that do not move are of use
    pub still: bool,
}

/// What became of a line when it was read.
pub enum Planned {
    /// Pictures of one prompt, to be ranked together
    Group(Group),
    /// It is the same as an earlier one
    Same(Place),
    /// It cannot be used
    Bad(Place, Error),
}

/// The samples of a prompt.
#[derive(Clone)]
pub struct Group {
    /// The line
    pub place: Place,
    /// The pictures, a seed each
    pub samples: Vec<Sample>,
}

/// A picture of a batch.
#[derive(Clone)]
pub struct Sample {
    /// What it is made by
    pub settings: Settings,
    /// Its files
    pub files: Files,
    /// What is to be done for it
    pub work: Work,
}

/// What is to be done for a picture.
#[derive(Clone)]
pub enum Work {
    /// To be drawn; those of its files that are there and may be replaced
    Draw(Vec<PathBuf>),
    /// It is there, and not yet scored
    Score(Box<Recipe>),
    /// Nothing: it is there, or was drawn and not kept
    Nothing(Done),
}

/// What is known of a picture that needs no work.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// It was not among the best, and is not to be kept
    pub dropped: bool,
    /// Its score, where it was scored
    pub score: Option<f64>,
    /// Iterations done
    pub iterations: usize,
    /// The last loss
    pub loss: Option<f64>,
}

impl Common {
    /// What an entry stands for.
    pub fn plan(&self, entry: Entry, file: &str, places: &mut Places, known: &Known) -> Vec<Planned> {
        let place = Place { file: file.to_owned(), line: entry.line };
        let hint = "mend the line; the others go on";
        let asked = match entry.asked {
            Ok(asked) => asked,
            Err(problem) => return vec![Planned::Bad(place, Error::usage(problem, hint))],
        };
        let one = |asked: Asked| match self.group(&asked, &place, places, known) {
            Ok(planned) => planned,
            Err(error) => Planned::Bad(place.clone(), error),
        };
        asked.into_iter().map(one).collect()
    }

    fn group(&self, asked: &Asked, place: &Place, places: &mut Places, known: &Known) -> Result<Planned> {
        let mut layers = vec![asked.settings.clone()];
        layers.extend(self.weaker.iter().cloned());
        let settings = combine(&layers)?;
        let mut samples = Vec::new();
        for index in 0..self.samples {
            let seed = Seed(settings.seed.0.wrapping_add(index as u64));
            let settings = Settings { seed, ..settings.clone() };
            let own = Own { output: asked.output.as_deref(), moving: &asked.moving, is_sample: self.samples > 1 };
            match places.find(own, &settings, place)? {
                Spot::Same(earlier) => return Ok(Planned::Same(earlier)),
                Spot::Free(files, replaced) => {
                    files.moving.outputs(|_| Ok(Existing::Keep))?.check_size(settings.size)?;
                    let work = self.work(&settings, &files, replaced, known);
                    samples.push(Sample { settings, files, work });
                }
                Spot::Finished(files, recipe) => {
                    let score = known.of(&files.output, &settings).and_then(|outcome| outcome.score);
                    let work = if self.is_scored() && score.is_none() {
                        // What moves is not taken apart again to be judged.
                        if files.has_picture() {
                            Work::Score(recipe)
                        } else {
                            Work::Draw(files.all().cloned().collect())
                        }
                    } else {
                        let (iterations, loss) = (recipe.result.iterations_done, recipe.result.loss);
                        Work::Nothing(Done { dropped: false, score, iterations, loss })
                    };
                    samples.push(Sample { settings, files, work });
                }
            }
        }
        if let Some(sample) = samples.iter().find(|sample| self.still && !sample.files.has_picture()) {
            let problem = format!("{} is no PNG, and a contact sheet is made of those", sample.files.output.display());
            return Err(Error::usage(problem, "name a PNG as the output, and what moves with gif or mp4"));
        }
        Ok(Planned::Group(Group { place: place.clone(), samples }))
    }

    /// Whether pictures are scored.
    #[must_use]
    pub fn is_scored(&self) -> bool {
        self.scored || self.samples > 1
    }

    /// What is to be done for a picture that is not there: nothing where it was drawn and not kept.
    fn work(&self, settings: &Settings, files: &Files, replaced: Vec<PathBuf>, known: &Known) -> Work {
        let outcome =
            known.of(&files.output, settings).filter(|outcome| outcome.status == Status::Dropped && !self.force);
        match outcome {
            Some(outcome) if self.keep.zip(outcome.rank).is_some_and(|(keep, rank)| rank > keep) => {
                let (score, loss) = (outcome.score, outcome.loss);
                Work::Nothing(Done { dropped: true, score, iterations: outcome.iterations.unwrap_or_default(), loss })
            }
            _ => Work::Draw(replaced),
        }
    }
}

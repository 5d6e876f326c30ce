//! From lines to pictures.

use std::path::{Path, PathBuf};

use super::entry::{Asked, Entry};
use super::places::{Place, Places, Spot};
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
    /// Its file
    pub output: PathBuf,
    /// What is to be done for it
    pub work: Work,
}

/// What is to be done for a picture.
#[derive(Clone)]
pub enum Work {
    /// To be drawn
    Draw(Existing),
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
            let found = places.find(asked.output.as_deref(), &settings, self.samples > 1, place)?;
            match found {
                Spot::Same(earlier) => return Ok(Planned::Same(earlier)),
                Spot::Free(output, existing) => {
                    let work = self.work(&settings, &output, existing, known);
                    samples.push(Sample { settings, output, work });
                }
                Spot::Finished(output, recipe) => {
                    let score = known.of(&output, &settings).and_then(|outcome| outcome.score);
                    let work = if self.is_scored() && score.is_none() {
                        Work::Score(recipe)
                    } else {
                        let (iterations, loss) = (recipe.result.iterations_done, recipe.result.loss);
                        Work::Nothing(Done { dropped: false, score, iterations, loss })
                    };
                    samples.push(Sample { settings, output, work });
                }
            }
        }
        Ok(Planned::Group(Group { place: place.clone(), samples }))
    }

    /// Whether pictures are scored.
    #[must_use]
    pub fn is_scored(&self) -> bool {
        self.scored || self.samples > 1
    }

    /// What is to be done for a picture that is not there: nothing where it was drawn and not kept.
    fn work(&self, settings: &Settings, output: &Path, existing: Existing, known: &Known) -> Work {
        let outcome = known.of(output, settings).filter(|outcome| outcome.status == Status::Dropped && !self.force);
        match outcome {
            Some(outcome) if self.keep.zip(outcome.rank).is_some_and(|(keep, rank)| rank > keep) => {
                let (score, loss) = (outcome.score, outcome.loss);
                Work::Nothing(Done { dropped: true, score, iterations: outcome.iterations.unwrap_or_default(), loss })
            }
            _ => Work::Draw(existing),
        }
    }
}

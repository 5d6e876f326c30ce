//! Plans the pictures of each line.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use super::checkpoints::Checkpoints;
use super::entry::{Asked, Entry};
use super::forgotten::Forgotten;
use super::places::{Own, Place, Places, Spot};
use super::results::{Known, Status};
use super::seeds::Seeds;
use super::source::{Entries, Source};
use crate::models::Quality;
use crate::output::{Products, Recipe, ResultRecord};
use crate::progress::Figures;
use crate::resolve::{below_recipe, combine};
use crate::settings::{Overrides, Seed, Settings};
use crate::{Error, Result};

/// The options that are common to all lines.
pub struct Common {
    /// Settings that a line overrides, the strongest first: those of the command line, then those of other sources
    pub weaker: Vec<Overrides>,
    /// The number of seeds drawn for each prompt, from 1
    pub samples: usize,
    /// The number of samples to keep; none keeps all
    pub keep: Option<usize>,
    /// Whether pictures are scored even if each prompt has only one
    pub scored: bool,
    /// Whether existing pictures are drawn again
    pub force: bool,
    /// Whether every output must be a still picture
    pub still: bool,
    /// The iterations from one checkpoint of a picture to the next, unless its line sets another number
    pub checkpoint_every: Option<u64>,
}

/// The plan for a line.
pub enum Planned {
    /// The pictures of one prompt, which are ranked together
    Group(Group),
    /// The picture is the same as that of an earlier line
    Same(Place),
    /// The line cannot be used
    Bad(Place, Error),
    /// A warning about some lines, in a sentence
    Warning(String),
}

/// The samples of a prompt.
#[derive(Clone)]
pub struct Group {
    /// The line
    pub place: Place,
    /// The pictures, one per seed
    pub samples: Vec<Sample>,
}

/// A picture of a batch.
#[derive(Clone)]
pub struct Sample {
    /// Its settings
    pub settings: Settings,
    /// The quality that was asked for
    pub quality: Quality,
    /// Its files
    pub files: Products,
    /// What to do for it
    pub work: Work,
    /// How its checkpoints are kept; none if it has no checkpoints
    pub checkpoints: Option<Checkpoints>,
}

/// What to do for a picture.
#[derive(Clone)]
pub enum Work {
    /// Draw it; the list has those of its files that exist and may be replaced
    Draw(Vec<PathBuf>),
    /// Score it: it exists already
    Score(Box<Recipe>),
    /// Nothing: it exists already, or was drawn and not kept
    Nothing(Done),
}

/// The result of a picture that needs no work.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// Whether it was removed because it was not among the best
    pub dropped: bool,
    /// Its score, if any
    pub score: Option<f64>,
    /// Iterations done
    pub iterations: usize,
    /// The loss of the last iteration, and how well the picture fits
    pub figures: Figures,
}

/// The plan of a batch: an iterator over its lines as they are read.
pub struct Plan {
    common: Common,
    /// The name of the file
    file: String,
    is_stream: bool,
    entries: Entries,
    places: Places,
    seeds: Seeds,
    known: Arc<Known>,
    planned: VecDeque<Planned>,
    /// The first line with options in its prompt, and the number of such lines
    forgotten: Option<(usize, Forgotten, usize)>,
}

impl Plan {
    /// Creates a plan for all entries; `known` has the outcomes of earlier runs.
    #[must_use]
    pub fn new(common: Common, source: Source, places: Places, known: Arc<Known>) -> Self {
        let Source { name: file, is_stream, entries } = source;
        let (seeds, planned) = (Seeds::default(), VecDeque::new());
        Self { common, file, is_stream, entries, places, seeds, known, planned, forgotten: None }
    }

    fn plan(&mut self, entry: Entry) {
        let place = Place { file: self.file.clone(), line: entry.line };
        if let Some(forgotten) = entry.forgotten {
            self.note_forgotten(entry.line, forgotten);
        }
        let planned = match entry.asked {
            Ok(asked) => self.groups(&asked, &place),
            Err(problem) => vec![Planned::Bad(place, Error::usage(problem, "fix the line; the others are drawn"))],
        };
        self.planned.extend(planned);
    }

    /// Records a line with options in its prompt. The warning about a file comes after all such lines are counted; that
    /// about a stream comes at once, because the stream may take long to end.
    fn note_forgotten(&mut self, line: usize, forgotten: Forgotten) {
        if let Some((.., count)) = &mut self.forgotten {
            *count += 1;
            return;
        }
        self.forgotten = Some((line, forgotten, 1));
        if self.is_stream {
            self.planned.extend(self.warning().map(Planned::Warning));
        }
    }

    fn warning(&self) -> Option<String> {
        let (line, forgotten, count) = self.forgotten.as_ref()?;
        let have = match count - 1 {
            0 => "has".to_owned(),
            1 => "and 1 more line have".to_owned(),
            more => format!("and {more} more lines have"),
        };
        let (place, advice) = (Place { file: self.file.clone(), line: *line }, forgotten.advice());
        Some(format!("{place} {have} options in the prompt, where they count as words; {advice}"))
    }

    /// A group of samples for each picture that a line asks for.
    fn groups(&mut self, asked: &[Asked], place: &Place) -> Vec<Planned> {
        let settings: Vec<Result<Settings>> = asked.iter().map(|asked| self.common.settings(asked)).collect();
        let good: Vec<Settings> = settings.iter().flatten().cloned().collect();
        let mut seeds = match self.seeds.of(&good, self.common.samples) {
            Ok(seeds) => seeds.into_iter(),
            Err(error) => return vec![Planned::Bad(place.clone(), error)],
        };
        let one = |(asked, settings): (&Asked, Result<Settings>)| {
            let settings = settings?;
            let seeds = seeds.next().unwrap_or_default();
            self.common.group(asked, &settings, seeds, place, (&mut self.places, &self.known))
        };
        // All prompts that a line expands to have the same doubt.
        let doubt = |asked: &Asked| {
            let Overrides { prompt, prompt_outside, .. } = &asked.settings;
            prompt.iter().chain(prompt_outside).find_map(|prompts| prompts.doubts().first().cloned())
        };
        let doubt = asked.iter().find_map(doubt);
        let warning = doubt.map(|doubt| Planned::Warning(format!("{place}: {doubt}")));
        let planned = asked.iter().zip(settings).map(one);
        let planned = planned.map(|planned| planned.unwrap_or_else(|error| Planned::Bad(place.clone(), error)));
        warning.into_iter().chain(planned).collect()
    }
}

impl Iterator for Plan {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        loop {
            if let Some(planned) = self.planned.pop_front() {
                return Some(planned);
            }
            match self.entries.next() {
                Some(entry) => self.plan(entry),
                None if self.is_stream => return None,
                None => {
                    let warning = self.warning();
                    self.forgotten = None;
                    return warning.map(Planned::Warning);
                }
            }
        }
    }
}

impl Common {
    fn settings(&self, asked: &Asked) -> Result<Settings> {
        let mut layers = vec![asked.settings.clone()];
        layers.extend(self.weaker.iter().cloned());
        if asked.is_recipe {
            // Only the command line adds to a recipe.
            layers.iter_mut().skip(2).for_each(below_recipe);
        }
        combine(&layers)
    }

    fn group(
        &self,
        asked: &Asked,
        settings: &Settings,
        seeds: Vec<Seed>,
        place: &Place,
        (places, known): (&mut Places, &Known),
    ) -> Result<Planned> {
        let mut samples = Vec::new();
        let mut layers = std::iter::once(&asked.settings).chain(&self.weaker);
        let quality = layers.find_map(|layer| layer.quality).unwrap_or(Quality::Normal);
        let every = asked.checkpoint_every.or(self.checkpoint_every);
        let checkpoints = every.map(|every| Checkpoints { every, replace: self.force });
        for seed in seeds {
            let settings = Settings { seed, ..settings.clone() };
            let own = Own { output: asked.output.as_deref(), files: &asked.files, is_sample: self.samples > 1 };
            let (files, work) = match places.find(own, &settings, place, known)? {
                Spot::Same(earlier) => return Ok(Planned::Same(earlier)),
                Spot::Free(files, replaced) => {
                    files.check(&settings)?;
                    let work = self.work(&settings, &files, replaced, known);
                    (files, work)
                }
                Spot::Finished(files, recipe) => {
                    let score = known.of(files.output(), &settings).and_then(|outcome| outcome.score);
                    let work = if self.is_scored() && score.is_none() {
                        // A movie cannot be scored, so it is drawn again.
                        if files.picture().is_some() {
                            Work::Score(recipe)
                        } else {
                            Work::Draw(files.paths().cloned().collect())
                        }
                    } else {
                        let ResultRecord { iterations_done: iterations, figures } = recipe.result;
                        Work::Nothing(Done { dropped: false, score, iterations, figures })
                    };
                    (files, work)
                }
            };
            samples.push(Sample { settings, quality, files, work, checkpoints });
        }
        if let Some(sample) = samples.iter().find(|sample| self.still && sample.files.picture().is_none()) {
            let problem =
                format!("{} is a movie, and a contact sheet needs still pictures", sample.files.output().display());
            return Err(Error::usage(
                problem,
                "name a picture as the output, such as apple.png, and the movie with gif or mp4",
            ));
        }
        Ok(Planned::Group(Group { place: place.clone(), samples }))
    }

    /// Whether pictures are scored.
    #[must_use]
    pub fn is_scored(&self) -> bool {
        self.scored || self.samples > 1
    }

    /// What to do for a picture that does not exist: nothing if it was drawn before and not kept.
    fn work(&self, settings: &Settings, files: &Products, replaced: Vec<PathBuf>, known: &Known) -> Work {
        let outcome =
            known.of(files.output(), settings).filter(|outcome| outcome.status == Status::Dropped && !self.force);
        match outcome {
            Some(outcome) if self.keep.zip(outcome.rank).is_some_and(|(keep, rank)| rank > keep) => {
                let (score, iterations) = (outcome.score, outcome.iterations.unwrap_or_default());
                Work::Nothing(Done { dropped: true, score, iterations, figures: outcome.figures.unwrap_or_default() })
            }
            _ => Work::Draw(replaced),
        }
    }
}

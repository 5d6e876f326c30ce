//! From lines to pictures.

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
use crate::output::{Products, Recipe};
use crate::resolve::combine;
use crate::settings::{Overrides, Seed, Settings};
use crate::{Error, Result};

/// What is the same for all lines.
pub struct Common {
    /// Settings that are weaker than a line's, the strongest first
    pub weaker: Vec<Overrides>,
    /// How many seeds of each prompt are drawn, from 1
    pub samples: usize,
    /// How many of them are kept; all if none is given
    pub keep: Option<usize>,
    /// Whether pictures are scored though each prompt has one
    pub scored: bool,
    /// Whether what is there is drawn again
    pub force: bool,
    /// Whether only pictures that do not move are of use
    pub still: bool,
    /// A checkpoint of each picture every so many iterations, unless a line says how often
    pub checkpoint_every: Option<u64>,
}

/// What became of a line when it was read.
pub enum Planned {
    /// Pictures of one prompt, to be ranked together
    Group(Group),
    /// It is the same as an earlier one
    Same(Place),
    /// It cannot be used
    Bad(Place, Error),
    /// What is odd about some lines, in a sentence
    Warning(String),
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
    pub files: Products,
    /// What is to be done for it
    pub work: Work,
    /// How its checkpoints are kept; none without
    pub checkpoints: Option<Checkpoints>,
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
    /// Its score, if it was scored
    pub score: Option<f64>,
    /// Iterations done
    pub iterations: usize,
    /// The last loss
    pub loss: Option<f64>,
}

/// What the lines of a batch stand for, as they are read.
pub struct Plan {
    common: Common,
    /// What the file is called
    file: String,
    is_stream: bool,
    entries: Entries,
    places: Places,
    seeds: Seeds,
    known: Arc<Known>,
    planned: VecDeque<Planned>,
    /// The first line with options among the words of its prompt, and how many there are
    forgotten: Option<(usize, Forgotten, usize)>,
}

impl Plan {
    /// A plan for all entries; `known` is what became of pictures in earlier runs.
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

    /// Notes a line with options among its words. Of a file all are counted before the warning; the end of a stream may
    /// be far.
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
        // Those that braces make of a line are doubted alike.
        let doubt = asked.iter().find_map(|asked| asked.settings.prompt.as_ref()?.doubts().first());
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
                        // What moves is not taken apart again to be judged.
                        if files.picture().is_some() {
                            Work::Score(recipe)
                        } else {
                            Work::Draw(files.paths().cloned().collect())
                        }
                    } else {
                        let (iterations, loss) = (recipe.result.iterations_done, recipe.result.loss);
                        Work::Nothing(Done { dropped: false, score, iterations, loss })
                    };
                    (files, work)
                }
            };
            samples.push(Sample { settings, files, work, checkpoints });
        }
        if let Some(sample) = samples.iter().find(|sample| self.still && sample.files.picture().is_none()) {
            let problem = format!("{} is not a PNG, and a contact sheet needs PNGs", sample.files.output().display());
            return Err(Error::usage(problem, "name a PNG as the output, and a movie with gif or mp4"));
        }
        Ok(Planned::Group(Group { place: place.clone(), samples }))
    }

    /// Whether pictures are scored.
    #[must_use]
    pub fn is_scored(&self) -> bool {
        self.scored || self.samples > 1
    }

    /// What is to be done for a picture that is not there: nothing if it was drawn and not kept.
    fn work(&self, settings: &Settings, files: &Products, replaced: Vec<PathBuf>, known: &Known) -> Work {
        let outcome =
            known.of(files.output(), settings).filter(|outcome| outcome.status == Status::Dropped && !self.force);
        match outcome {
            Some(outcome) if self.keep.zip(outcome.rank).is_some_and(|(keep, rank)| rank > keep) => {
                let (score, loss) = (outcome.score, outcome.loss);
                Work::Nothing(Done { dropped: true, score, iterations: outcome.iterations.unwrap_or_default(), loss })
            }
            _ => Work::Draw(replaced),
        }
    }
}

//! Records the outcome of every line as soon as it is known, and keeps the best samples.

use std::path::PathBuf;

use super::checkpoints::remove_own;
use super::files::remove;
use super::places::Place;
use super::plan::{Done, Group, Planned, Sample, Work};
use super::results::{Outcome, Record, Results, Status};
use super::run::{Message, Task};
use super::{Card, Drawn};
use crate::{Error, Result};

/// The most failures that are repeated at the end.
const MOST_FAILURES: usize = 20;

/// The first lines that failed, and why.
#[derive(Debug, Default)]
pub struct Failures {
    /// Each line with its reason
    pub first: Vec<(Place, String)>,
    /// The number of other failures
    pub more: usize,
}

impl Failures {
    fn note(&mut self, place: &Place, error: &Error) {
        if self.first.len() < MOST_FAILURES {
            self.first.push((place.clone(), error.to_string()));
        } else {
            self.more += 1;
        }
    }
}

/// The record of a batch.
pub struct Ledger {
    keep: Option<usize>,
    results: Results,
    groups: Vec<Open>,
    /// The number of pictures that this batch drew
    pub drawn: usize,
    /// The number of pictures that existed already, or are the same as those of another line
    pub skipped: usize,
    /// The number of pictures that could not be drawn, and of lines that could not be read
    pub failed: usize,
    /// The first failures
    pub failures: Failures,
    /// The number of pictures planned so far
    pub planned: usize,
    /// Whether all lines were read
    pub all_planned: bool,
    cards: Vec<(usize, Vec<Card>)>,
}

/// A group that may have unfinished samples.
struct Open {
    group: Group,
    ends: Vec<Option<End>>,
    /// Whether this batch did anything for the group
    touched: bool,
}

/// The result of a sample.
struct End {
    done: std::result::Result<Done, String>,
    seconds: Option<f64>,
}

/// A finished group.
#[derive(Debug, Default)]
pub struct Closed {
    /// The outcomes of its pictures, the best first
    pub records: Vec<Record>,
    /// The files of the group, those of the best picture first; empty if all existed before
    pub files: Vec<PathBuf>,
}

impl Ledger {
    /// Creates a ledger that keeps the best `keep` pictures of each group, or all if it is none.
    #[must_use]
    pub fn new(keep: Option<usize>, results: Results) -> Self {
        Self {
            keep,
            results,
            groups: Vec::new(),
            drawn: 0,
            skipped: 0,
            failed: 0,
            failures: Failures::default(),
            planned: 0,
            all_planned: false,
            cards: Vec::new(),
        }
    }

    /// Records a message. Returns the group that is finished with it, if any.
    ///
    /// # Errors
    /// If the results cannot be written.
    pub fn note(&mut self, message: &Message) -> Result<Option<Closed>> {
        match message {
            Message::Planned(Planned::Group(group)) => self.open(group),
            Message::Planned(Planned::Same(_)) => {
                self.skipped += 1;
                self.planned += 1;
                Ok(None)
            }
            Message::Planned(Planned::Bad(place, error)) => self.bad(place, error).map(Some),
            Message::AllPlanned => {
                self.all_planned = true;
                Ok(None)
            }
            Message::Ended { task, result, seconds, .. } => {
                let open = &mut self.groups[task.group];
                let done = match result {
                    // The next run draws it.
                    Err(Error::Stopped) => return Ok(None),
                    Err(error) => {
                        self.failed += 1;
                        self.failures.note(&task.place, error);
                        Err(error.to_string())
                    }
                    Ok(drawn) => {
                        let is_new = matches!(task.sample.work, Work::Draw(_));
                        *(if is_new { &mut self.drawn } else { &mut self.skipped }) += 1;
                        Ok(done(drawn))
                    }
                };
                let seconds = matches!(task.sample.work, Work::Draw(_)).then_some(*seconds);
                open.ends[task.index] = Some(End { done, seconds });
                open.touched = true;
                self.close(task.group)
            }
            Message::Begun { task, .. } => self.begin(task).map(|()| None),
            Message::Planned(Planned::Warning(_)) | Message::Event { .. } => Ok(None),
        }
    }

    /// The pictures that exist, in the order of their lines, the best of each line first.
    #[must_use]
    pub fn cards(&self) -> Vec<Card> {
        let mut cards: Vec<_> = self.cards.iter().collect();
        cards.sort_by_key(|(group, _)| *group);
        cards.into_iter().flat_map(|(_, cards)| cards.clone()).collect()
    }

    fn open(&mut self, group: &Group) -> Result<Option<Closed>> {
        let is_left = |sample: &&Sample| sample.checkpoints.is_some() && matches!(sample.work, Work::Nothing(_));
        let mut left = group.samples.iter().filter(is_left);
        let removed = left.try_for_each(|sample| remove_own(sample.files.output(), &sample.settings));
        let end = |sample: &Sample| match &sample.work {
            Work::Nothing(done) => Some(End { done: Ok(done.clone()), seconds: None }),
            Work::Draw(_) | Work::Score(_) => None,
        };
        let ends: Vec<_> = group.samples.iter().map(end).collect();
        self.planned += ends.len();
        self.skipped += ends.iter().flatten().count();
        self.groups.push(Open { group: group.clone(), ends, touched: false });
        let closed = self.close(self.groups.len() - 1)?;
        removed.map(|()| closed)
    }

    /// Records that a picture which may be removed later belongs to this batch. Otherwise, if the batch is stopped
    /// before the group is finished, the next run could not tell it from a picture of another command.
    fn begin(&mut self, task: &Task) -> Result<()> {
        let samples = self.groups[task.group].ends.len();
        if !matches!(task.sample.work, Work::Draw(_)) || self.keep.is_none_or(|keep| keep >= samples) {
            return Ok(());
        }
        let picture = Some((task.sample.files.clone(), task.sample.settings.clone()));
        let outcome = Some(Outcome::new(Status::Begun, &task.place));
        self.results.append_new(&[Record { picture, outcome }])
    }

    fn bad(&mut self, place: &Place, error: &Error) -> Result<Closed> {
        self.failed += 1;
        self.planned += 1;
        self.failures.note(place, error);
        let outcome = Outcome { error: Some(error.to_string()), ..Outcome::new(Status::Failed, place) };
        let records = vec![Record { picture: None, outcome: Some(outcome) }];
        self.results.append_new(&records)?;
        Ok(Closed { records, files: Vec::new() })
    }

    /// Closes a group if all its samples are finished: keeps the best, and records all.
    fn close(&mut self, number: usize) -> Result<Option<Closed>> {
        let open = &mut self.groups[number];
        if open.ends.iter().any(Option::is_none) {
            return Ok(None);
        }
        let ends: Vec<End> = open.ends.drain(..).flatten().collect();
        let samples = std::mem::take(&mut open.group.samples);
        let mut ranked: Vec<(Sample, End)> = samples.into_iter().zip(ends).collect();
        // The best first; samples without a score come last, in their order.
        let score = |end: &End| end.done.as_ref().ok().and_then(|done| done.score).unwrap_or(f64::NEG_INFINITY);
        ranked.sort_by(|(_, first), (_, second)| score(second).total_cmp(&score(first)));
        let several = ranked.len() > 1;
        let (mut closed, mut cards, mut dropped) = (Closed::default(), Vec::new(), Vec::new());
        for (index, (sample, end)) in ranked.into_iter().enumerate() {
            let rank = (several && end.done.is_ok()).then_some(index + 1);
            // A picture that another command drew must not be removed.
            let is_own = matches!(sample.work, Work::Draw(_)) || {
                let known = self.results.known().of(sample.files.output(), &sample.settings);
                known.is_some_and(|outcome| outcome.rank.is_some() || outcome.status == Status::Begun)
            };
            let is_dropped = is_own && rank.zip(self.keep).is_some_and(|(rank, keep)| rank > keep);
            let status = if is_dropped { Status::Dropped } else { Status::Done };
            let outcome = match end.done {
                Err(error) => Outcome { error: Some(error), ..Outcome::new(Status::Failed, &open.group.place) },
                Ok(done) => {
                    if is_dropped {
                        dropped.push(sample.files.clone());
                    } else {
                        let (path, settings) = (sample.files.output().to_owned(), sample.settings.clone());
                        cards.push(Card { path, settings, score: done.score });
                        closed.files.extend(sample.files.paths().filter(|_| open.touched).cloned());
                    }
                    Outcome {
                        iterations: Some(done.iterations),
                        figures: Some(done.figures),
                        score: done.score,
                        // A rank in the results is what says that a picture is a batch's own.
                        rank: rank.filter(|_| is_own),
                        seconds: end.seconds,
                        ..Outcome::new(status, &open.group.place)
                    }
                }
            };
            closed.records.push(Record { picture: Some((sample.files, sample.settings)), outcome: Some(outcome) });
        }
        self.cards.push((number, cards));
        // Record first, then remove, so that a removed picture is not drawn again.
        self.results.append_new(&closed.records)?;
        dropped.iter().try_for_each(remove)?;
        Ok(Some(closed))
    }
}

fn done(drawn: &Drawn) -> Done {
    let result = &drawn.recipe.result;
    Done { dropped: false, score: drawn.score, iterations: result.iterations_done, figures: result.figures }
}

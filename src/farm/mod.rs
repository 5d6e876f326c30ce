//! Draws the pictures of a batch on a server: each line becomes a job, and its files are fetched to where a batch on this
//! machine would put them.
//!
//! The key of a job depends only on its line, so a batch that was killed finds its jobs again, and nothing is drawn twice.

mod deliver;
mod follow;
mod line;
mod patience;
mod uploads;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::batch::{Drawn, Judges, Planned, Sample, Studio, Work};
use crate::client::{Job, Offer, Server, State, upload_files};
use crate::database::Id;
use crate::output::{InputRecord, Recipe};
use crate::progress::{Event, Stop};
use crate::settings::Overrides;
use crate::{Error, Result, picture};
use follow::Watched;
use patience::Patience;
use uploads::Uploads;

/// How many pictures are requested at once. Pictures that the server is not drawing yet wait in its queue, so that no worker
/// waits for this program.
const AT_ONCE: usize = 64;
/// The most times that a job that failed or was canceled is submitted again: once per run.
const MOST_ATTEMPTS: u32 = 100;
/// Time between checks for room for another job.
const LOOK: Duration = Duration::from_millis(100);

/// A server that draws the pictures of a batch.
pub struct Farm {
    server: Server,
    stop: Stop,
    /// The judges, if pictures are scored
    judges: Option<Judges>,
    /// What makes the keys of this run unique, if every picture is drawn again
    own: Option<Id>,
    uploads: Uploads,
    watched: Watched,
    patience: Patience,
    /// Until when the server takes no more jobs, unless a waiting job starts
    full: Mutex<Option<Instant>>,
    /// Held while submitting a job: one at a time, so that a full queue refuses only one request
    asking: Mutex<()>,
}

impl Farm {
    /// A server that draws until `stop` is requested. `judges` score the pictures on this machine. `force` draws every picture
    /// again, even if the server has it.
    ///
    /// # Errors
    /// If the server does not answer, or does not know the user.
    pub fn new(server: Server, stop: Stop, judges: Option<Judges>, force: bool) -> Result<Self> {
        server.check_token()?;
        Ok(Self {
            server,
            judges,
            own: force.then(Id::random).transpose()?,
            uploads: Uploads::default(),
            watched: Watched::default(),
            patience: Patience::new(&stop),
            full: Mutex::default(),
            asking: Mutex::default(),
            stop,
        })
    }

    /// Why the batch cannot go on, if it cannot.
    #[must_use]
    pub fn fault(&self) -> Option<Error> {
        self.patience.fault()
    }

    /// The jobs that have not ended, as far as is known.
    #[must_use]
    pub fn open(&self) -> Vec<Id> {
        self.watched.open()
    }

    /// Draws a sample on the server, and fetches its files; files in `replaced` may exist.
    fn fetch(&self, sample: &Sample, replaced: &[PathBuf], tell: &dyn Fn(Event)) -> Result<(Recipe, Job)> {
        let inputs = Recipe::inputs(&sample.settings)?;
        let submitted = self.submit(sample, &inputs, tell)?;
        let ask = |open: &[Id]| self.patience.with(tell, || follow::states(&self.server, open));
        let begun = || *lock(&self.full) = None;
        let job = self.watched.follow(submitted, sample, &self.stop, tell, (&ask, &begun))?;
        match job.state {
            State::Queued | State::Running | State::Done => {}
            State::Cancelled => {
                let hint = "run the batch again to draw the picture";
                return Err(Error::usage(format!("the job {} was canceled", job.id), hint));
            }
            State::Dead => {
                let message = job.error.clone().unwrap_or_else(|| "the server gives no reason".to_owned());
                let hint = job.hint.clone().unwrap_or_else(|| "ask the operator of the server".to_owned());
                return Err(Error::usage(format!("the job {} failed: {message}", job.id), hint));
            }
        }
        // Names that an interrupted attempt claimed belong to this sample.
        let recipe =
            self.patience.with(tell, || deliver::deliver(&self.server, (sample, replaced), &inputs, &job, tell))?;
        Ok((recipe, job))
    }

    /// The job of a sample: an earlier job if one did not fail.
    fn submit(&self, sample: &Sample, inputs: &[InputRecord], tell: &dyn Fn(Event)) -> Result<Job> {
        let fields = line::fields(sample)?;
        for attempt in 0..MOST_ATTEMPTS {
            let key = line::key(sample, inputs, self.own.as_ref(), attempt)?;
            let Some((job, is_new)) = self.ask(&fields, sample, inputs, &key, tell)? else { continue };
            let is_useless = match job.state {
                State::Queued | State::Running => false,
                State::Done => !deliver::has_all(&job, &sample.files),
                State::Dead | State::Cancelled => true,
            };
            if is_useless {
                continue;
            }
            if let Err(error) = line::check_answer(&sample.settings, &job) {
                if is_new {
                    // Nobody else waits for it.
                    let _ = self.server.cancel(&job.id);
                }
                return Err(error);
            }
            return Ok(job);
        }
        let problem = format!("{MOST_ATTEMPTS} jobs for this line failed or were canceled");
        Err(Error::usage(problem, "find out why with `text2art jobs`, and draw the line again with ‹force›"))
    }

    /// Submits a job, waiting until the server has room. Returns the job, and whether this request created it; none if the key
    /// belongs to another picture.
    fn ask(
        &self,
        fields: &Map<String, Value>,
        sample: &Sample,
        inputs: &[InputRecord],
        key: &str,
        tell: &dyn Fn(Event),
    ) -> Result<Option<(Job, bool)>> {
        let mut fields = fields.clone();
        let files = Overrides::from(sample.settings.clone());
        self.patience.with(tell, || {
            upload_files(&mut fields, &files, &mut |path| self.uploads.name(&self.server, path, inputs))
        })?;
        loop {
            let turn = lock(&self.asking);
            if self.stop.is_requested() {
                return Err(Error::Stopped);
            }
            if lock(&self.full).is_none_or(|until| until <= Instant::now()) {
                match self.patience.with(tell, || self.server.offer(&fields, key))? {
                    Offer::Taken { job, is_new } => return Ok(Some((*job, is_new))),
                    Offer::OtherRequest(None) => return Ok(None),
                    Offer::OtherRequest(Some(id)) => {
                        // Another version of the server or of this program may describe the same picture differently.
                        let job = match self.patience.with(tell, || self.server.look(&id)) {
                            // The job was deleted in the meantime.
                            Err(error) if error.is_usage() => return Ok(None),
                            looked => looked?,
                        };
                        let is_same = line::check_answer(&sample.settings, &job).is_ok();
                        return Ok(is_same.then_some((job, false)));
                    }
                    Offer::Later(wait) => *lock(&self.full) = Some(Instant::now() + wait),
                }
            }
            drop(turn);
            self.stop.sleep(LOOK)?;
        }
    }

    /// The score of a picture, if pictures are scored.
    fn score(&self, sample: &Sample, job: Option<&Job>, tell: &dyn Fn(Event)) -> Result<Option<f64>> {
        let Some(judges) = &self.judges else { return Ok(None) };
        let picture = match (sample.files.picture(), job) {
            (Some(_), _) | (None, None) => picture::read(sample.files.output())?,
            (None, Some(job)) => self.patience.with(tell, || deliver::picture(&self.server, job))?,
        };
        judges.score(&picture, &sample.settings, tell).map(Some)
    }
}

impl Studio for Farm {
    fn workers(&self) -> usize {
        AT_ONCE
    }

    fn draw(&self, _: usize, sample: &Sample, tell: &dyn Fn(Event)) -> Result<Drawn> {
        let (recipe, score, seconds) = match &sample.work {
            Work::Draw(replaced) => {
                let (recipe, job) = self.fetch(sample, replaced, tell)?;
                let seconds = job.result.as_ref().map(|drawn| drawn.seconds).filter(|seconds| *seconds > 0.0);
                (recipe, self.score(sample, Some(&job), tell)?, seconds)
            }
            Work::Score(recipe) => (*recipe.clone(), self.score(sample, None, tell)?, None),
            Work::Nothing(_) => return Err(Error::fault("a finished picture was to be drawn")),
        };
        Ok(Drawn { recipe: Box::new(recipe), score, seconds })
    }
}

/// A plan of lines that a server can draw. A line with an option that requests cannot set becomes an error.
pub fn checked(plan: impl Iterator<Item = Planned> + Send) -> impl Iterator<Item = Planned> + Send {
    plan.map(|planned| {
        let Planned::Group(group) = planned else { return planned };
        let mut drawn = group.samples.iter().filter(|sample| matches!(sample.work, Work::Draw(_)));
        match drawn.try_for_each(|sample| line::fields(sample).map(drop)) {
            Ok(()) => Planned::Group(group),
            Err(error) => Planned::Bad(group.place, error),
        }
    })
}

/// Removes settings that a server decides itself from a layer that belongs to this machine rather than to a picture.
pub fn of_this_machine(settings: &mut Overrides) {
    (settings.device, settings.precision, settings.cut_batch) = (None, None, None);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last states of jobs, by their names.
type States = HashMap<Id, follow::Seen>;

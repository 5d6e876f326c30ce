//! Working on jobs: claims, beats and results.

use std::collections::HashSet;

use super::attempts::{Ended, Outcome};
use super::jobs::State;
use super::statements::{
    ANY_READY, ARTIFACT, ARTIFACTS, BEAT, BEGIN_ATTEMPT, CLAIM, FINISH, FORGET_KEPT, RESULT, TOUCH, referred,
};
use super::{JobId, Queue, milliseconds, small};
use crate::database::{Row, Value};
use crate::error::Result;
use crate::progress::Figures;

/// The right to work on a job, until its lease is over. All writes of a worker need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The job
    pub job: JobId,
    /// The number of this claim among those of the job, from 1. Part of the names of objects, so that two claims never
    /// write the same
    pub number: i64,
    /// Who asked for the job
    pub owner: String,
    /// The settings, as JSON
    pub settings: String,
    /// The sentence
    pub prompt: String,
    /// What is made
    pub kind: String,
    /// The quality
    pub quality: String,
    /// How often the job failed before
    pub failures: u32,
    /// After how many failures the job is dead
    pub max_failures: u32,
    /// The iteration that an earlier claim reported last
    pub iteration: Option<u32>,
}

/// How far a job is. What is `None` stays as it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// The iterations that are done
    pub iteration: Option<u32>,
    /// All iterations
    pub iterations: Option<u32>,
    /// The loss
    pub loss: Option<f64>,
    /// How well the picture fits its prompts lately
    pub fit: Option<f64>,
    /// The object that shows the picture so far
    pub preview: Option<String>,
}

/// What a worker learns from a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// The claim is valid for another lease.
    Go,
    /// The claim is valid, but someone canceled the job: stop, and call [`Queue::stopped`].
    Cancel,
    /// The claim is no longer valid: stop, and write nothing.
    Fenced,
}

/// The result of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The width in pixels
    pub width: u32,
    /// The height in pixels
    pub height: u32,
    /// All iterations, which are done. A short job ends before a beat reports them
    pub iterations: Option<u32>,
    /// The last loss, and how well the picture fits
    pub figures: Figures,
    /// The seed
    pub seed: u64,
    /// How long the work took
    pub seconds: f64,
    /// The settings that draw the picture again, as JSON
    pub recipe: String,
    /// The files
    pub artifacts: Vec<Artifact>,
}

/// A file of a job, in the store of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// What it is, such as `picture` or `checkpoint`. A job has one of each name
    pub name: String,
    /// Its key in the store
    pub object: String,
    /// Its media type, such as `image/png`
    pub media_type: String,
    /// Its length
    pub bytes: u64,
    /// Its SHA-256, as hexadecimal digits
    pub sha256: String,
}

impl Queue {
    /// Gives the next job to a worker, or `None` if no job is ready: no job is waiting, the queue is paused, each waiting owner
    /// is at the limit of running jobs, or workers like this one have passed the waiting jobs on. Ask only if the work can
    /// start now.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn claim(&self, worker: &str) -> Result<Option<Claim>> {
        // Idle workers ask often, and this does not disturb writers.
        let alive = milliseconds(self.rules.worker_alive);
        if self.database.rows(ANY_READY, &[worker.into(), alive.into()]).await?.is_empty() {
            return Ok(None);
        }
        let mut transaction = self.database.begin().await?;
        // Two claims at the same moment would otherwise both begin the last job that an owner may run.
        transaction.hold("text2art claims").await?;
        let lease = milliseconds(self.rules.lease);
        let rows = transaction.rows(CLAIM, &[worker.into(), alive.into(), lease.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let claim = Claim {
            job: JobId::stored(row.text("id")?),
            number: row.whole("claim")?,
            owner: row.text("owner")?,
            settings: row.text("settings")?,
            prompt: row.text("prompt")?,
            kind: row.text("kind")?,
            quality: row.text("quality")?,
            failures: small(row.whole("failures")?),
            max_failures: small(row.whole("max_failures")?),
            iteration: row.maybe_whole("iteration")?.map(small),
        };
        transaction.rows(BEGIN_ATTEMPT, &[claim.job.as_str().into(), claim.number.into(), worker.into()]).await?;
        transaction.commit().await?;
        Ok(Some(claim))
    }

    /// Keeps a claim for another lease, and reports how far the job is.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached. A worker that could not beat for most of a lease must stop.
    pub async fn beat(&self, claim: &Claim, progress: &Progress) -> Result<Beat> {
        let values: [Value; 8] = [
            claim.job.as_str().into(),
            claim.number.into(),
            milliseconds(self.rules.lease).into(),
            progress.iteration.map(i64::from).into(),
            progress.iterations.map(i64::from).into(),
            finite(progress.loss).into(),
            progress.preview.as_deref().into(),
            finite(progress.fit).into(),
        ];
        let rows = self.database.rows(BEAT, &values).await?;
        let Some(row) = rows.first() else { return Ok(Beat::Fenced) };
        Ok(if row.whole("cancel")? == 1 { Beat::Cancel } else { Beat::Go })
    }

    /// Records a file of a running job, such as a checkpoint, in place of the last one of its name. Returns whether the
    /// claim is still valid; if it is not, nothing was recorded.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn keep(&self, claim: &Claim, artifact: &Artifact) -> Result<bool> {
        let mut transaction = self.database.begin().await?;
        if transaction.rows(TOUCH, &[claim.job.as_str().into(), claim.number.into()]).await?.is_empty() {
            return Ok(false);
        }
        transaction.rows(ARTIFACT, &artifact.values(&claim.job)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The files of a job, by name.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn artifacts(&self, job: &JobId) -> Result<Vec<Artifact>> {
        let rows = self.database.rows(ARTIFACTS, &[job.as_str().into()]).await?;
        rows.iter().map(Artifact::read).collect()
    }

    /// Which of the objects of a page are still referred to: by a row that names them, or because their job may need them
    /// again. Each object comes with its job; a page has at most 1000.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn referred(&self, objects: &[(JobId, String)]) -> Result<HashSet<String>> {
        let jobs: HashSet<&JobId> = objects.iter().map(|(job, _)| job).collect();
        if objects.is_empty() {
            return Ok(HashSet::new());
        }
        let keys = objects.iter().map(|(_, key)| Value::from(key.as_str()));
        let values: Vec<Value> = keys.chain(jobs.iter().map(|job| Value::from(job.as_str()))).collect();
        let mut found = HashSet::new();
        for row in self.database.rows(&referred(objects.len(), jobs.len()), &values).await? {
            let name = row.text("name")?;
            if row.whole("is_job")? == 1 {
                found.extend(objects.iter().filter(|(job, _)| job.as_str() == name).map(|(_, key)| key.clone()));
            } else {
                found.insert(name);
            }
        }
        Ok(found)
    }

    /// Ends a job with its result: both are recorded together, or neither. The files of the result replace those that
    /// the job kept before. A job that was canceled but not yet stopped
    /// is done as well. After an error, call again: if the result was recorded, that is found.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn finish(&self, claim: &Claim, picture: &Picture) -> Result<Ended> {
        let mut transaction = self.database.begin().await?;
        let Figures { loss, fit, first_fit } = picture.figures;
        let (loss, fit, first_fit) = (finite(loss), finite(fit), finite(first_fit));
        let job = claim.job.as_str();
        let iterations = picture.iterations.map(i64::from);
        let ended = [job.into(), claim.number.into(), loss.into(), iterations.into(), fit.into()];
        let rows = transaction.rows(FINISH, &ended).await?;
        let Some(ended) = rows.first() else {
            drop(transaction);
            return self.how_it_ended(claim, Outcome::Done).await;
        };
        let values: [Value; 10] = [
            job.into(),
            claim.number.into(),
            i64::from(picture.width).into(),
            i64::from(picture.height).into(),
            loss.into(),
            picture.seed.to_string().as_str().into(),
            picture.seconds.into(),
            picture.recipe.as_str().into(),
            fit.into(),
            first_fit.into(),
        ];
        transaction.rows(RESULT, &values).await?;
        transaction.rows(FORGET_KEPT, &[job.into()]).await?;
        for artifact in &picture.artifacts {
            transaction.rows(ARTIFACT, &artifact.values(&claim.job)).await?;
        }
        Self::end_attempt(&mut transaction, claim, Outcome::Done, None, None).await?;
        self.tell(&mut transaction, ended).await?;
        transaction.commit().await?;
        Ok(Ended::Now(State::Done))
    }
}

/// A number that the database can hold.
fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}

impl Artifact {
    pub(super) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            name: row.text("name")?,
            object: row.text("object")?,
            media_type: row.text("media_type")?,
            bytes: u64::try_from(row.whole("bytes")?).unwrap_or(0),
            sha256: row.text("sha256")?,
        })
    }

    pub(super) fn values(&self, job: &JobId) -> [Value; 6] {
        [
            job.as_str().into(),
            self.name.as_str().into(),
            self.object.as_str().into(),
            self.media_type.as_str().into(),
            i64::try_from(self.bytes).unwrap_or(i64::MAX).into(),
            self.sha256.as_str().into(),
        ]
    }
}

//! Jobs as answers show them.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::files;
use crate::queue::{Artifact, Job, Recorded, State};
use crate::server::app::App;
use crate::server::moment::moment;
use crate::server::problem::Answer;

/// A picture that was asked for, and what became of it. What is not known is left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(in crate::server) struct View {
    /// The name of the job
    #[schema(pattern = "^[0-9a-hjkmnp-tv-z]{26}$", example = "3kq8s2v6m1x9c4t7w0zr5yhdbn")]
    pub id: String,
    /// Grows from job to job
    pub number: i64,
    /// `queued`, `running`, `done`, `dead` (it failed) or `cancelled`
    #[schema(pattern = "^(queued|running|done|dead|cancelled)$", example = "running")]
    pub state: &'static str,
    /// The sentence
    #[schema(example = "a red apple on a blue background")]
    pub prompt: String,
    /// The drawer
    #[schema(example = "vqgan")]
    pub kind: String,
    /// The quality
    #[schema(example = "normal")]
    pub quality: String,
    /// All settings that decide the picture
    #[schema(value_type = Object)]
    pub settings: Value,
    /// The kinds of files that are made beside the PNG
    #[schema(value_type = Vec<String>, max_items = 5)]
    pub products: Value,
    /// Its place among the waiting jobs, from 1
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// How many waiting and running jobs come before it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead: Option<u64>,
    /// How many jobs wait, this one included
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u64>,
    /// Since when the queue is paused, so that the job waits for as long as an operator wants
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub paused: Option<String>,
    /// In how many seconds a worker begins with it, by estimate; left out while the queue is paused
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_in: Option<f64>,
    /// In how many seconds it will be ready, by estimate
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_in: Option<f64>,
    /// The iterations that are done
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub iteration: Option<u32>,
    /// All iterations
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub iterations: Option<u32>,
    /// The loss of the last iteration
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// How well the picture fits its prompts lately: a mean of CLIP's cosines, −1 to 1
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<f64>,
    /// The address of the picture so far
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
    /// The files that are ready
    #[schema(max_items = 10)]
    pub files: Vec<FileView>,
    /// The picture, if it is done
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultView>,
    /// What went wrong last
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What to do about the error
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether its owner gets an email at the end
    pub email: bool,
    /// Whether someone canceled it
    pub cancel: bool,
    /// How often a worker began with it
    pub claim: i64,
    /// How often it failed
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub failures: u32,
    /// After how many failures it is dead
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub max_failures: u32,
    /// When it was asked for
    #[schema(format = DateTime)]
    pub created: String,
    /// When a worker first began with it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub started: Option<String>,
    /// When it ended
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub finished: Option<String>,
    /// Grows with each change
    pub version: i64,
}

/// A file of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = File)]
pub(in crate::server) struct FileView {
    /// The name
    #[schema(example = "picture.png")]
    pub name: String,
    /// The address
    #[schema(example = "/api/v1/jobs/3kq8s2v6m1x9c4t7w0zr5yhdbn/files/picture.png")]
    pub url: String,
    /// The media type
    #[schema(example = "image/png")]
    pub media_type: String,
    /// The length
    pub bytes: u64,
    /// The SHA-256, as hexadecimal digits
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
}

/// What is known about a finished picture.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Result)]
pub(in crate::server) struct ResultView {
    /// Columns
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub width: u32,
    /// Rows
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub height: u32,
    /// The loss of the last iteration
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// How well the picture fits its prompts: the mean of CLIP's cosines, −1 to 1
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<f64>,
    /// The same of the picture that the run started from
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_fit: Option<f64>,
    /// The seed, as decimal digits: not every program can read so large a number
    #[schema(pattern = "^[0-9]{1,20}$", example = "1234567890")]
    pub seed: String,
    /// How long the work took
    pub seconds: f64,
}

impl View {
    /// Looks up what belongs to a job. A place in the queue is looked up only if asked for, since it takes longer the
    /// longer the queue is.
    pub async fn of(app: &App, job: Job, with_place: bool) -> Answer<Self> {
        let (artifacts, result) = Self::made(app, &job).await?;
        let position = match job.state {
            State::Queued if with_place => app.queue.position(&job.id).await?,
            _ => None,
        };
        let left = match job.state {
            State::Running if with_place => app.queue.time_left(&job.id).await?,
            _ => None,
        };
        let mut view = Self::alone(job, &artifacts, result.as_ref());
        view.ends_in = left.map(|left| rounded(left.as_secs_f64()));
        if let Some(position) = position {
            view.position = Some(position.place);
            view.ahead = Some(position.place - 1 + position.running);
            view.waiting = Some(position.waiting);
            view.paused = position.paused.map(moment);
            view.starts_in = position.estimate.map(|estimate| rounded(estimate.begins.as_secs_f64()));
            view.ends_in = position.estimate.map(|estimate| rounded(estimate.ready.as_secs_f64()));
        }
        Ok(view)
    }

    /// Looks up the files and the result of a job; none before its end.
    pub async fn made(app: &App, job: &Job) -> Answer<(Vec<Artifact>, Option<Recorded>)> {
        // Before its end, a job has files for workers only; a stream asks for a job that is drawn twice a second.
        match job.state {
            State::Done => Ok((app.queue.artifacts(&job.id).await?, app.queue.result(&job.id).await?)),
            _ => Ok((Vec::new(), None)),
        }
    }

    /// What a list shows of a job that has ended: without its result and the recipe among its files.
    pub async fn brief(app: &App, job: Job) -> Answer<Self> {
        let artifacts = match job.state {
            State::Done => app.queue.artifacts(&job.id).await?,
            _ => Vec::new(),
        };
        Ok(Self::alone(job, &artifacts, None))
    }

    /// A job with these files and this result, without its place in the queue.
    pub fn alone(job: Job, artifacts: &[Artifact], result: Option<&Recorded>) -> Self {
        let mut order: Value = serde_json::from_str(&job.settings).unwrap_or_default();
        let mut part = |name: &str| order.get_mut(name).map(Value::take).unwrap_or_default();
        let preview = job.preview.as_ref().filter(|_| job.state == State::Running);
        Self {
            settings: part("settings"),
            products: part("products"),
            position: None,
            ahead: None,
            waiting: None,
            paused: None,
            starts_in: None,
            ends_in: None,
            preview: preview.map(|_| format!("{}?version={}", files::url(&job.id, files::PREVIEW), job.version)),
            files: files::list(&job.id, artifacts, result),
            result: result.map(|result| ResultView {
                width: result.width,
                height: result.height,
                loss: result.figures.loss,
                fit: result.figures.fit,
                first_fit: result.figures.first_fit,
                seed: result.seed.clone(),
                seconds: result.seconds,
            }),
            id: job.id.to_string(),
            number: job.number,
            state: job.state.as_str(),
            prompt: job.prompt,
            kind: job.kind,
            quality: job.quality,
            iteration: job.iteration,
            iterations: job.iterations,
            loss: job.loss,
            fit: job.fit,
            error: job.error,
            hint: job.hint,
            email: job.tell,
            cancel: job.cancel,
            claim: job.claim,
            failures: job.failures,
            max_failures: job.max_failures,
            created: moment(job.created),
            started: job.started.map(moment),
            finished: job.finished.map(moment),
            version: job.version,
        }
    }
}

/// Seconds with one decimal: an estimate is never better.
fn rounded(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

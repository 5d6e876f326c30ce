//! What the page of a job shows.

use askama::Template;

use super::words::{has_cells, heading, state_in_words, tone};
use crate::database::Id;
use crate::drawer;
use crate::error::Error;
use crate::queue::{Job, State};
use crate::resolve::command;
use crate::server::app::App;
use crate::server::jobs::View;
use crate::server::pages::downloads::{Download, downloads};
use crate::server::pages::{Layout, sentence};
use crate::server::problem::Answer;
use crate::server::visitor::Visitor;
use crate::settings::Settings;
use crate::text::waiting;
use crate::worker::Order;

#[derive(Template)]
#[template(path = "job.html", config = "src/server/pages/askama.toml")]
pub(super) struct JobPage {
    layout: Layout,
    job: View,
    state: State,
    said: &'static str,
    tone: &'static str,
    heading: String,
    /// Whether the visitor is an operator who looks at the job of somebody else
    is_of_other: bool,
    /// The order; none if another version of the program wrote it in a way that this one cannot read
    made: Option<Made>,
    place: String,
    ready_in: Option<String>,
    left: Option<String>,
    /// Why the job waits, if it is not for other jobs
    trouble: Option<String>,
    error: Option<String>,
    hint: Option<String>,
    downloads: Vec<Download>,
    /// What the gallery has of it
    published: Option<Publication>,
    /// A name for a request that a form of this page sends, so that sending it twice asks once
    key: Id,
}

/// What is made, as the order says.
struct Made {
    width: usize,
    height: usize,
    /// Whether the picture consists of cells with edges
    has_cells: bool,
    size: String,
    iterations: usize,
    seed: u64,
    drawer: String,
    command: String,
    /// The files that the command needs, which the visitor has
    inputs: Vec<String>,
}

/// A picture in the gallery.
struct Publication {
    url: String,
    /// Why an operator hid it
    hidden: Option<String>,
}

impl JobPage {
    /// The page of a job for a visitor who may see it.
    pub async fn of(app: &App, layout: Layout, visitor: &Visitor, job: Job) -> Answer<Self> {
        let (state, cancel) = (job.state, job.cancel);
        let is_of_other = job.owner != visitor.owner;
        let order = Order::read(&job.settings).ok();
        let published = match state {
            State::Done => app.gallery.of_job(&job.id).await?.map(|picture| Publication {
                url: format!("/g/{}", picture.id),
                hidden: picture.hidden.map(|hidden| hidden.why),
            }),
            _ => None,
        };
        let view = View::of(app, job, true).await?;
        let trouble = if state == State::Queued { trouble(app, &view).await? } else { None };
        let place = view.position.zip(view.waiting);
        let place = place.map(|(place, waiting)| waiting::in_words(place, waiting, view.starts_in)).unwrap_or_default();
        let ends_in = view.ends_in.and_then(waiting::time);
        // Which settings are defaults takes some tries.
        let made = match order {
            Some(order) => tokio::task::spawn_blocking(move || Made::of(order)).await.ok(),
            None => None,
        };
        Ok(Self {
            layout,
            state,
            said: state_in_words(state, cancel),
            tone: tone(state),
            heading: heading(&view.prompt),
            is_of_other,
            made,
            place,
            ready_in: ends_in.clone().filter(|_| state == State::Queued),
            left: ends_in.filter(|_| state == State::Running),
            trouble,
            error: view.error.as_deref().map(sentence),
            hint: view.hint.as_deref().map(sentence),
            downloads: downloads(&view.files),
            published,
            key: Id::random()?,
            job: view,
        })
    }

    fn is_live(&self) -> bool {
        matches!(self.state, State::Queued | State::Running)
    }

    /// What scripts compare to find out whether the page must be written again.
    fn shape(&self) -> String {
        format!("{},{},{}", self.job.state, self.job.cancel, self.job.failures)
    }

    /// The address of a file of the job, to be shown.
    fn file(&self, name: &str) -> Option<&str> {
        self.job.files.iter().find(|file| file.name == name).map(|file| file.url.as_str())
    }

    fn percent(&self) -> Option<u64> {
        let (done, all) = (u64::from(self.job.iteration?), u64::from(self.job.iterations?));
        (all > 0).then(|| 100 * done.min(all) / all)
    }
}

impl Made {
    fn of(order: Order) -> Self {
        let Order { settings, products, inputs, .. } = order;
        let drawer = drawer::of(&settings.drawer).ok();
        let size = drawer.map_or(settings.size, |drawer| drawer.finished_size(&settings));
        let Settings { iterations, seed, .. } = settings;
        Self {
            width: size.width,
            height: size.height,
            has_cells: has_cells(&settings.drawer),
            size: format!("{} × {}", size.width, size.height),
            iterations,
            seed: seed.0,
            drawer: settings.drawer.to_string(),
            command: command(&settings, &products).unwrap_or_else(|error: Error| sentence(&error.to_string())),
            inputs: inputs.into_keys().collect(),
        }
    }
}

/// Why a job waits although none may be before it.
async fn trouble(app: &App, job: &View) -> Answer<Option<String>> {
    if job.paused.is_some() {
        return Ok(Some("The queue is paused. Your picture keeps its place.".into()));
    }
    if app.queue.overview().await?.slots == 0 {
        return Ok(Some("No worker is running right now. Your picture keeps its place.".into()));
    }
    let Some(error) = job.error.as_ref().filter(|_| job.failures > 0) else { return Ok(None) };
    let (tries, most) = (job.failures, job.max_failures);
    Ok(Some(format!("Try {tries} of {most} failed: {} It is tried again in a moment.", sentence(error))))
}

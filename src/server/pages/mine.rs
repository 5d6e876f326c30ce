//! The pictures that a visitor asked for, the newest first.

use askama::Template;
use axum::Router;
use axum::extract::State as AppState;
use axum::response::Response;
use axum::routing::{get, post};

use super::job::{has_cells, heading, state_in_words, tone};
use super::{Asked, Form, Layout, address, redirect, render};
use crate::drawer;
use crate::queue::{Filter, Job, State};
use crate::server::app::App;
use crate::server::derived;
use crate::server::jobs::{View, files};
use crate::server::part;
use crate::server::problem::Answer;
use crate::server::visitor::Visitor;
use crate::text::waiting;
use crate::worker::Order;

/// How many pictures a page has: it fills rows of 2, 3, 4 and 6.
const LENGTH: u32 = 24;
/// The states to choose from.
const STATES: [State; 5] = [State::Queued, State::Running, State::Done, State::Dead, State::Cancelled];

#[derive(Template)]
#[template(path = "mine.html", config = "src/server/pages/askama.toml")]
struct MinePage {
    layout: Layout,
    /// The state to which the list is limited
    state: Option<State>,
    filters: Vec<FilterLink>,
    cards: Vec<Card>,
    /// Whether any job of the page waits
    any_waits: bool,
    /// Whether the list begins with the newest
    is_first: bool,
    /// Where the newest pictures are
    newest: String,
    /// Where older pictures are
    older: Option<String>,
    /// The address of this page, for the way back from what its forms do
    here: String,
}

struct FilterLink {
    label: &'static str,
    url: String,
    is_chosen: bool,
}

struct Card {
    job: View,
    said: &'static str,
    tone: &'static str,
    heading: String,
    is_live: bool,
    /// How far it is, if it waits or is drawn
    progress: String,
    picture: Option<String>,
    width: usize,
    height: usize,
    has_cells: bool,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/mine", get(show)).route("/mine/cancel", post(cancel))
}

async fn show(AppState(app): AppState<App>, layout: Layout, visitor: Visitor, Asked(query): Asked) -> Answer<Response> {
    // An address that somebody wrote by hand shows more than was meant, rather than nothing.
    let state = State::parse(query.get("state"));
    let before = query.get("before").parse::<i64>().ok();
    // A script that renews a card asks for that one.
    let limit = query.get("limit").parse().map_or(LENGTH, |limit: u32| limit.clamp(1, LENGTH));
    let filter = Filter { owner: Some(visitor.owner.clone()), state, before, limit };
    let jobs = app.queue.jobs(&filter).await?;
    let last = part::next(&jobs, limit, |job| job.number);
    let any_waits = jobs.iter().any(|job| job.state == State::Queued);
    let mut cards = Vec::with_capacity(jobs.len());
    for job in jobs {
        cards.push(Card::of(&app, job).await?);
    }
    let label = |state| state_in_words(state, false);
    let filters = std::iter::once(None).chain(STATES.map(Some)).map(|choice| FilterLink {
        label: choice.map_or("All", label),
        url: list(choice, None),
        is_chosen: choice == state,
    });
    Ok(render(&MinePage {
        layout,
        state,
        filters: filters.collect(),
        cards,
        any_waits,
        is_first: before.is_none(),
        newest: list(state, None),
        older: last.map(|number| list(state, Some(number))),
        here: list(state, before),
    }))
}

/// Cancels all jobs of the visitor that wait.
async fn cancel(AppState(app): AppState<App>, visitor: Visitor, _: Form) -> Answer<Response> {
    for id in app.queue.cancel_waiting(&visitor.owner).await? {
        app.changes.tell(&id);
    }
    Ok(redirect("/mine"))
}

/// The address of a part of the list.
fn list(state: Option<State>, before: Option<i64>) -> String {
    let before = before.map(|before| before.to_string());
    address("/mine", &[("state", state.map(State::as_str)), ("before", before.as_deref())])
}

impl Card {
    async fn of(app: &App, job: Job) -> Answer<Self> {
        let (id, state, cancel) = (job.id.clone(), job.state, job.cancel);
        let settings = Order::read(&job.settings).ok().map(|order| order.settings);
        let drawer = settings.as_ref().and_then(|settings| drawer::of(&settings.drawer).ok());
        let size = drawer.zip(settings.as_ref()).map(|(drawer, settings)| drawer.finished_size(settings));
        let is_live = matches!(state, State::Queued | State::Running);
        let job = if is_live { View::of(app, job, true).await? } else { View::brief(app, job).await? };
        // The small picture is made when a browser asks for it.
        let has_picture = job.files.iter().any(|file| file.name == "picture.png");
        let small = has_picture.then(|| files::url(&id, derived::THUMBNAIL));
        Ok(Self {
            said: state_in_words(state, cancel),
            tone: tone(state),
            heading: heading(&job.prompt),
            is_live,
            progress: progress(&job),
            picture: small.or_else(|| job.preview.clone()),
            width: size.map_or(1, |size| size.width),
            height: size.map_or(1, |size| size.height),
            has_cells: settings.is_some_and(|settings| has_cells(&settings.drawer)),
            job,
        })
    }
}

/// How far a job is; empty if it waits or runs no more.
fn progress(job: &View) -> String {
    if let Some((place, waiting)) = job.position.zip(job.waiting) {
        return waiting::in_words(place, waiting, job.starts_in);
    }
    let (Some(done), Some(all)) = (job.iteration, job.iterations.filter(|all| *all > 0)) else { return String::new() };
    if job.state != State::Running.as_str() {
        return String::new();
    }
    let left = job.ends_in.and_then(waiting::time).map(|time| format!(", about {time} left")).unwrap_or_default();
    format!("{} %{left}", 100 * u64::from(done.min(all)) / u64::from(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_what_they_show() {
        assert_eq!(list(None, None), "/mine");
        assert_eq!(list(Some(State::Dead), Some(7)), "/mine?state=dead&before=7");
    }
}

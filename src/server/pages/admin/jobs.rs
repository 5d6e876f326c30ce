//! Jobs of all users: those that failed for good first, with what their workers said.

use askama::Template;
use axum::Router;
use axum::extract::State as AppState;
use axum::response::Response;
use axum::routing::{get, post};

use super::{Desk, back};
use crate::queue::State;
use crate::server::admin::{AdminJob, AttemptView, Which, find_jobs, look_at_job, requeue_job};
use crate::server::app::App;
use crate::server::jobs::actions;
use crate::server::pages::job::{state_in_words, tone};
use crate::server::pages::{Asked, Form, Layout, address, render};
use crate::server::problem::{Answer, PathId};

/// The states to choose from.
const STATES: [State; 5] = [State::Dead, State::Running, State::Queued, State::Done, State::Cancelled];

#[derive(Template)]
#[template(path = "admin/jobs.html", config = "src/server/pages/askama.toml")]
struct JobsPage {
    layout: Layout,
    done: Option<&'static str>,
    state: String,
    user: String,
    jobs: Vec<AdminJob>,
    /// The address of the page with older jobs
    older: Option<String>,
    /// The address of this page
    back: String,
}

#[derive(Template)]
#[template(path = "admin/job.html", config = "src/server/pages/askama.toml")]
struct JobPage {
    layout: Layout,
    done: Option<&'static str>,
    it: AdminJob,
    back: String,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/jobs", get(list))
        .route("/admin/jobs/{id}", get(show))
        .route("/admin/jobs/{id}/requeue", post(requeue))
        .route("/admin/jobs/{id}/cancel", post(cancel))
}

async fn list(AppState(app): AppState<App>, desk: Desk, Asked(query): Asked) -> Answer<Response> {
    let state = query.some("state").unwrap_or("dead").to_owned();
    let user = query.get("user").to_owned();
    let which = Which {
        state: Some(state.clone()).filter(|state| state != "all"),
        user: Some(user.clone()).filter(|user| !user.is_empty()),
        before: query.get("before").parse().ok(),
        limit: None,
    };
    let found = find_jobs(&app, &which).await?;
    let page = |before| address("/admin/jobs", &[("state", Some(&state)), ("user", Some(&user)), ("before", before)]);
    let (back, older) = (page(None), found.next.as_deref().map(|next| page(Some(next))));
    let (layout, done) = (desk.layout, desk.done);
    Ok(render(&JobsPage { layout, done, state, user, jobs: found.items, older, back }))
}

async fn show(AppState(app): AppState<App>, desk: Desk, PathId(id): PathId) -> Answer<Response> {
    let it = look_at_job(&app, &desk.visitor, &id).await?;
    Ok(render(&JobPage { layout: desk.layout, done: desk.done, it, back: format!("/admin/jobs/{id}") }))
}

async fn requeue(AppState(app): AppState<App>, desk: Desk, PathId(id): PathId, form: Form) -> Answer<Response> {
    requeue_job(&app, &desk.visitor, &id).await?;
    Ok(back(&form, "/admin/jobs", "requeued"))
}

async fn cancel(AppState(app): AppState<App>, desk: Desk, PathId(id): PathId, form: Form) -> Answer<Response> {
    actions::cancel(&app, &desk.visitor, &id).await?;
    Ok(back(&form, "/admin/jobs", "canceled"))
}

impl JobsPage {
    /// What to choose from, as an address has it and in words.
    fn choices() -> impl Iterator<Item = (&'static str, &'static str)> {
        STATES.map(|state| (state.as_str(), state_in_words(state, false))).into_iter().chain([("all", "All")])
    }

    /// Whether the page shows jobs in this state.
    fn shows(&self, state: &str) -> bool {
        self.state == state
    }
}

impl AdminJob {
    fn state(&self) -> Option<State> {
        State::parse(self.job.state)
    }

    /// The state in a word.
    fn said(&self) -> &'static str {
        self.state().map_or(self.job.state, |state| state_in_words(state, self.job.cancel))
    }

    /// How the state looks.
    fn tone(&self) -> &'static str {
        self.state().map_or("", tone)
    }

    /// Whether it can be put back.
    fn is_dead(&self) -> bool {
        self.state() == Some(State::Dead)
    }

    /// Whether it can be canceled.
    fn lives(&self) -> bool {
        matches!(self.state(), Some(State::Queued | State::Running))
    }
}

impl AttemptView {
    /// The last lines of the process, as one text.
    fn text(&self) -> String {
        self.lines.join("\n")
    }
}

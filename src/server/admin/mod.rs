//! What operators see and do: the queue as a whole, jobs of all users, workers, users, letters that could not
//! be sent, and what other operators did.
//!
//! The functions that look things up and act are shared with the pages for operators.

mod audited;
mod jobs;
mod letters;
mod pictures;
mod queue;
mod users;
mod workers;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use audited::{EntryView, entries};
pub(super) use jobs::{AdminJob, AttemptView, Which, find as find_jobs, look as look_at_job, requeue as requeue_job};
pub(super) use letters::{LetterView, letters as dead_letters, send_again as send_letter_again};
pub(super) use pictures::{HiddenPicture, hidden as hidden_pictures};
pub(super) use queue::{Overview, overview};
pub(super) use users::{
    ChangedUser, NewUserBody, UserView, add as add_user, change as change_user, users as list_users,
};
pub(super) use workers::{WorkerView, drain as drain_worker, workers as list_workers};

use super::app::App;
use super::problem::{Answer, Problem};
use super::visitor::Visitor;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(queue::show))
        .routes(routes!(queue::pause))
        .routes(routes!(queue::resume))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::show))
        .routes(routes!(jobs::put_back))
        .routes(routes!(workers::list))
        .routes(routes!(workers::drain_one))
        .routes(routes!(workers::undrain_one))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::update))
        .routes(routes!(letters::list))
        .routes(routes!(letters::resend))
        .routes(routes!(pictures::list))
        .routes(routes!(audited::list))
}

/// A visitor who may see and manage what belongs to others.
pub(super) struct Operator(pub Visitor);

/// A visitor who may manage users.
pub(super) struct Administrator(pub Visitor);

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        check_operator(&visitor)?;
        Ok(Self(visitor))
    }
}

/// Refuses what is for operators to other visitors.
pub(super) fn check_operator(visitor: &Visitor) -> Answer<()> {
    if visitor.operates() {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "this is for operators")
        .hint("use an account with the role operator, and a token with the scope admin"))
}

impl<S: Send + Sync> FromRequestParts<S> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let hint =
            "use an account with the role admin; whoever runs the server adds one with `text2art serve admin user add`";
        check_administrator(&visitor).map_err(|problem| problem.hint(hint))?;
        Ok(Self(visitor))
    }
}

/// Refuses what is for administrators to other visitors.
pub(super) fn check_administrator(visitor: &Visitor) -> Answer<()> {
    if visitor.administers() {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "only administrators manage users"))
}

//! Users, as they see themselves: registration, passwords, sessions, tokens, limits, and what the server has of them.

mod delete;
mod email;
mod erase;
mod export;
pub(super) mod invitations;
pub(super) mod password;
pub(super) mod register;
pub(super) mod sessions;
pub(super) mod tokens;

use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::guard::Entrance;
use super::problem::{Answer, Problem};
use super::visitor::Visitor;
use crate::accounts::{Role, Scope, User};

pub(super) use delete::leave;
pub(super) use email::ask_to_confirm;
pub(super) use erase::erase_departed;
pub(super) use export::export;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(register::create))
        .routes(routes!(password::change))
        .routes(routes!(password::forgotten))
        .routes(routes!(password::reset))
        .routes(routes!(sessions::log_in, sessions::log_out, sessions::list))
        .routes(routes!(sessions::end_one))
        .routes(routes!(sessions::end_others))
        .routes(routes!(tokens::create, tokens::list))
        .routes(routes!(tokens::revoke))
        .routes(routes!(export::fetch))
        .routes(routes!(delete::delete))
        .routes(routes!(invitations::create, invitations::list))
        .routes(routes!(invitations::withdraw))
        .routes(routes!(invitations::reset))
        .routes(routes!(email::show, email::change, email::remove))
}

/// The user who asks. Between the request and now, the user may have been removed.
pub(super) async fn user_of(app: &App, visitor: &Visitor) -> Answer<User> {
    let user = app.accounts.user(&visitor.name).await?.filter(|user| user.id == visitor.owner);
    user.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "this needs a login"))
}

/// Who asks, and how much they may ask for.
#[derive(Serialize, ToSchema)]
struct Me {
    /// The name
    #[schema(example = "anna")]
    name: String,
    /// What the visitor may do
    role: Role,
    /// How the server knows the visitor
    login: Login,
    /// How many jobs the visitor gets for one of a visitor of weight 1
    #[schema(minimum = 1, maximum = 100, example = 1)]
    weight: u32,
    /// How many jobs may wait
    #[schema(minimum = 1, maximum = 10_000, example = 20)]
    max_waiting: u32,
    /// How many jobs are drawn at once
    #[schema(minimum = 1, maximum = 1000, example = 4)]
    max_running: u32,
}

/// How the server knows a visitor.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Login {
    /// By a session
    Session,
    /// By a token that may do all that its user may
    Token,
    /// By a token that may ask for pictures, and handle its user's own
    Jobs,
    /// By a token that may only look
    Read,
    /// Not at all: whoever sends requests from this machine owns the server
    Local,
    /// Not at all: the server lets anybody in
    Anonymous,
}

impl Me {
    fn new(visitor: Visitor, entrance: Entrance) -> Self {
        let login = match entrance {
            Entrance::Session => Login::Session,
            Entrance::Token(Scope::Admin) => Login::Token,
            Entrance::Token(Scope::Jobs) => Login::Jobs,
            Entrance::Token(Scope::Read) => Login::Read,
            Entrance::Local => Login::Local,
            Entrance::Anonymous | Entrance::None => Login::Anonymous,
        };
        let Visitor { name, role, weight, max_waiting, max_running, .. } = visitor;
        Self { name, role, login, weight, max_waiting, max_running }
    }
}

/// Show who asks
#[utoipa::path(
    get, path = "/me", tag = "users", operation_id = "show_me",
    responses((status = 200, description = "Who asks", body = Me)),
)]
async fn me(visitor: Visitor, entrance: Entrance) -> Json<Me> {
    Json(Me::new(visitor, entrance))
}

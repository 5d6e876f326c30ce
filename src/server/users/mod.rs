//! Users, as they see themselves: sessions, tokens, limits. Operators manage them on the command line.

mod email;
mod sessions;
mod tokens;

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::guard::Entrance;
use super::visitor::Visitor;
use crate::accounts::{Role, Scope};

pub(super) use email::ask_to_confirm;
pub(super) use sessions::{begin as begin_session, end as end_session};

/// The routes of this part.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(sessions::log_in, sessions::log_out))
        .routes(routes!(tokens::create, tokens::list))
        .routes(routes!(tokens::revoke))
        .routes(routes!(email::show, email::change, email::remove))
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

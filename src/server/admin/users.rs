//! Users, as operators see them and administrators manage them. Addresses for mail are not shown.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Administrator, Operator};
use crate::accounts::{Changes, Limits, NewUser, Role, User};
use crate::server::app::App;
use crate::server::moment::moment;
use crate::server::problem::{Answer, Body, PathName, Problem};
use crate::server::users::register::taken;
use crate::server::visitor::Visitor;
use crate::server::whole;

/// A user, for operators.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(in crate::server) struct UserView {
    /// The name for the login
    #[schema(example = "anna")]
    pub name: String,
    /// What the user may do
    pub role: Role,
    /// How many jobs the user gets for each job of a user with weight 1
    #[schema(minimum = 1, maximum = 100)]
    pub weight: u32,
    /// How many jobs may wait
    #[schema(minimum = 1, maximum = 10_000)]
    pub max_waiting: u32,
    /// How many jobs are drawn at once
    #[schema(minimum = 1, maximum = 1000)]
    pub max_running: u32,
    /// Whether the account is disabled
    pub disabled: bool,
    /// When it was added
    #[schema(format = DateTime)]
    pub created: String,
}

/// The users.
#[derive(Serialize, ToSchema)]
pub(super) struct Users {
    /// By name
    #[schema(max_items = 10_000)]
    items: Vec<UserView>,
}

/// A user to be added.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser)]
pub(in crate::server) struct NewUserBody {
    /// The name for the login: lowercase letters, digits, hyphens, underscores and dots
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z0-9][a-z0-9._-]*$", example = "anna")]
    pub name: String,
    /// The password; without one, the user can only use tokens
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    pub password: Option<String>,
    /// What the user may do; `user` by default
    pub role: Option<Role>,
    /// How many jobs the user gets for each job of a user with weight 1
    #[serde(default, deserialize_with = "whole::optional")]
    #[schema(minimum = 1, maximum = 100, default = 1)]
    pub weight: Option<u32>,
    /// How many jobs may wait
    #[serde(default, deserialize_with = "whole::optional")]
    #[schema(minimum = 1, maximum = 10_000, default = 20)]
    pub max_waiting: Option<u32>,
    /// How many jobs are drawn at once
    #[serde(default, deserialize_with = "whole::optional")]
    #[schema(minimum = 1, maximum = 1000, default = 4)]
    pub max_running: Option<u32>,
}

/// Changes of a user. What is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct ChangedUser {
    /// What the user may do
    pub role: Option<Role>,
    /// How many jobs the user gets for each job of a user with weight 1
    #[serde(default, deserialize_with = "whole::optional")]
    #[schema(minimum = 1, maximum = 100)]
    pub weight: Option<u32>,
    /// How many jobs may wait
    #[serde(default, deserialize_with = "whole::optional")]
    #[schema(minimum = 1, maximum = 10_000)]
    pub max_waiting: Option<u32>,
    /// How many jobs are drawn at once
    #[serde(default, deserialize_with = "whole::optional")]
    #[schema(minimum = 1, maximum = 1000)]
    pub max_running: Option<u32>,
    /// Whether the account is disabled: its tokens are refused and its sessions end
    pub disabled: Option<bool>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            name: user.name,
            role: user.role,
            weight: user.limits.weight,
            max_waiting: user.limits.max_waiting,
            max_running: user.limits.max_running,
            disabled: user.disabled,
            created: moment(user.created),
        }
    }
}

/// The users by name.
pub(in crate::server) async fn users(app: &App) -> Answer<Vec<UserView>> {
    Ok(app.accounts.users().await?.into_iter().map(UserView::from).collect())
}

/// Adds a user.
pub(in crate::server) async fn add(app: &App, visitor: &Visitor, asked: NewUserBody) -> Answer<UserView> {
    let usual = Limits::default();
    let user = NewUser {
        role: asked.role.unwrap_or(Role::User),
        limits: Limits {
            weight: asked.weight.unwrap_or(usual.weight),
            max_waiting: asked.max_waiting.unwrap_or(usual.max_waiting),
            max_running: asked.max_running.unwrap_or(usual.max_running),
        },
        ..NewUser::new(&asked.name, asked.password.as_deref())
    };
    let added = app.acts(visitor).add_user(&user).await?;
    added.map(UserView::from).ok_or_else(|| taken("choose another name"))
}

/// Changes a user. Administrators cannot lock themselves out.
pub(in crate::server) async fn change(
    app: &App,
    visitor: &Visitor,
    name: &str,
    asked: &ChangedUser,
) -> Answer<UserView> {
    let locks_out = asked.disabled == Some(true) || asked.role.is_some_and(|role| role != Role::Admin);
    if name == visitor.name && locks_out {
        return Err(Problem::new(StatusCode::CONFLICT, "you would lock yourself out")
            .hint("have another administrator do this, or use `text2art serve admin user`"));
    }
    let changes = Changes {
        email: None,
        role: asked.role,
        weight: asked.weight,
        max_waiting: asked.max_waiting,
        max_running: asked.max_running,
        disabled: asked.disabled,
    };
    let user = app.acts(visitor).change_user(name, &changes).await?;
    user.map(UserView::from).ok_or_else(|| Problem::missing("user"))
}

/// List the users
#[utoipa::path(
    get, path = "/admin/users", tag = "admin", operation_id = "admin_list_users",
    responses((status = 200, description = "The users", body = Users)),
)]
pub(super) async fn list(State(app): State<App>, _: Operator) -> Answer<Json<Users>> {
    Ok(Json(Users { items: users(&app).await? }))
}

/// Add a user
///
/// Needs the role `admin`.
#[utoipa::path(
    post, path = "/admin/users", tag = "admin", operation_id = "admin_add_user",
    request_body = NewUserBody,
    responses(
        (status = 201, description = "The user", body = UserView),
        (status = 409, description = "There is already a user with this name", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create(
    State(app): State<App>,
    Administrator(visitor): Administrator,
    Body(asked): Body<NewUserBody>,
) -> Answer<(StatusCode, Json<UserView>)> {
    Ok((StatusCode::CREATED, Json(add(&app, &visitor, asked).await?)))
}

/// Change a user
///
/// Needs the role `admin`. The limits also apply to jobs that are already waiting.
#[utoipa::path(
    patch, path = "/admin/users/{name}", tag = "admin", operation_id = "admin_change_user",
    params(("name" = String, Path, description = "The name of the user", max_length = 50)),
    request_body = ChangedUser,
    responses(
        (status = 200, description = "The user", body = UserView),
        (status = 409, description = "Administrators cannot disable themselves", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn update(
    State(app): State<App>,
    Administrator(visitor): Administrator,
    PathName(name): PathName,
    Body(asked): Body<ChangedUser>,
) -> Answer<Json<UserView>> {
    change(&app, &visitor, &name, &asked).await.map(Json)
}

//! The users: operators see them, and administrators manage them.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::{Desk, back};
use crate::accounts::Role;
use crate::server::admin::{
    ChangedUser, NewUserBody, UserView, add_user, change_user, check_administrator, list_users,
};
use crate::server::app::App;
use crate::server::pages::{Asked, Form, Layout, render_with, status_of, told};
use crate::server::problem::{Answer, PathName, Problem};

/// How many users a page has at most.
const LONGEST_LIST: usize = 100;

#[derive(Template)]
#[template(path = "admin/users.html", config = "src/server/pages/askama.toml")]
struct UsersPage {
    layout: Layout,
    done: Option<&'static str>,
    error: Option<String>,
    /// What the names must have in them
    search: String,
    users: Vec<UserView>,
    /// How many users there are with such names
    all: usize,
    administers: bool,
    /// The form for a new user as it was sent
    form: Form,
}

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/users", get(list).post(add))
        .route("/admin/users/{name}", post(change))
        .route("/admin/users/{name}/disable", post(disable))
        .route("/admin/users/{name}/enable", post(enable))
}

async fn list(State(app): State<App>, desk: Desk, Asked(query): Asked) -> Answer<Response> {
    page(&app, desk, Shown { search: query.get("q"), ..Shown::default() }).await
}

async fn add(State(app): State<App>, desk: Desk, form: Form) -> Answer<Response> {
    let added = async {
        let user = new_user(&form)?;
        check_administrator(&desk.visitor)?;
        add_user(&app, &desk.visitor, user).await
    };
    match added.await {
        Ok(_) => Ok(back(&form, "/admin/users", "added")),
        Err(problem) => page(&app, desk, Shown { form, problem: Some(problem), ..Shown::default() }).await,
    }
}

async fn change(State(app): State<App>, desk: Desk, PathName(name): PathName, form: Form) -> Answer<Response> {
    let changes = role(&form).and_then(|role| {
        let (weight, max_waiting, max_running) =
            (number(&form, "weight")?, number(&form, "max_waiting")?, number(&form, "max_running")?);
        Ok(ChangedUser { role, weight, max_waiting, max_running, disabled: None })
    });
    changed(&app, desk, &name, &form, changes, "changed").await
}

async fn disable(State(app): State<App>, desk: Desk, PathName(name): PathName, form: Form) -> Answer<Response> {
    let changes = ChangedUser { disabled: Some(true), ..ChangedUser::default() };
    changed(&app, desk, &name, &form, Ok(changes), "disabled").await
}

async fn enable(State(app): State<App>, desk: Desk, PathName(name): PathName, form: Form) -> Answer<Response> {
    let changes = ChangedUser { disabled: Some(false), ..ChangedUser::default() };
    changed(&app, desk, &name, &form, Ok(changes), "enabled").await
}

/// Changes a user, and shows the list again.
async fn changed(
    app: &App,
    desk: Desk,
    name: &str,
    form: &Form,
    changes: Answer<ChangedUser>,
    done: &str,
) -> Answer<Response> {
    let outcome = async {
        check_administrator(&desk.visitor)?;
        change_user(app, &desk.visitor, name, &changes?).await
    };
    match outcome.await {
        Ok(_) => Ok(back(form, "/admin/users", done)),
        Err(problem) => page(app, desk, Shown { problem: Some(problem), ..Shown::default() }).await,
    }
}

fn new_user(form: &Form) -> Answer<NewUserBody> {
    Ok(NewUserBody {
        name: form.get("name").to_owned(),
        password: Some(form.exact("password").to_owned()).filter(|password| !password.is_empty()),
        role: role(form)?,
        weight: number(form, "weight")?,
        max_waiting: number(form, "max_waiting")?,
        max_running: number(form, "max_running")?,
    })
}

fn role(form: &Form) -> Answer<Option<Role>> {
    let Some(word) = form.some("role") else { return Ok(None) };
    Role::parse(word).map(Some).ok_or_else(|| Problem::unprocessable("there is no such role").field("role"))
}

fn number(form: &Form, field: &str) -> Answer<Option<u32>> {
    let Some(text) = form.some(field) else { return Ok(None) };
    text.parse()
        .map(Some)
        .map_err(|_| Problem::unprocessable("a limit is not a whole number").hint("write digits only").field(field))
}

/// What the page shows.
#[derive(Default)]
struct Shown<'s> {
    /// What the names of the users have in them
    search: &'s str,
    form: Form,
    problem: Option<Problem>,
}

/// The page with users, and with what went wrong.
async fn page(app: &App, desk: Desk, shown: Shown<'_>) -> Answer<Response> {
    let Shown { search, form, problem } = shown;
    let mut users = list_users(app).await?;
    users.retain(|user| user.name.contains(search));
    let all = users.len();
    users.truncate(LONGEST_LIST);
    let error = problem.as_ref().map(told);
    let status = problem.as_ref().map_or(StatusCode::OK, status_of);
    Ok(render_with(
        status,
        &UsersPage {
            administers: desk.visitor.administers(),
            layout: desk.layout,
            done: desk.done,
            error,
            search: search.to_owned(),
            users,
            all,
            form,
        },
    ))
}

impl UserView {
    /// Whether the user has a role.
    fn is(&self, role: &str) -> bool {
        self.role.as_str() == role
    }
}

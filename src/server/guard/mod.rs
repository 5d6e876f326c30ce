//! The door: who may come in, and how often.
//!
//! A request passes these checks in turn:
//!
//! 1. [`host`]: its `Host` is a name of this server, so that a page of another site cannot reach it under a name of its own.
//! 2. [`login`]: who sent it, by a token, a session, or the way the server is set up.
//! 3. [`origin`]: what changes something was sent by a page of this server, unless a token proves that no page sent it.
//! 4. [`limits`]: what changes something is not sent too often.
//!
//! [`add_headers`] says on every answer what a browser may do with it, and [`opening`] refuses to begin a server that anybody could use by mistake.

mod address;
mod headers;
mod host;
mod limits;
mod login;
mod opening;
mod origin;

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::app::App;
use super::pictures;
use super::problem::{Answer, Problem};
use crate::accounts::Secret;

pub use address::Network;
pub use headers::add as add_headers;
pub use login::{Entrance, session_of};
pub(super) use login::{cookie, cookie_name, cookie_of, is_secure, of_user};
pub use opening::{check_opening, is_public};

/// The most bytes of a refused request that are read, to keep its connection.
const LARGEST_UNREAD: usize = 64 << 10;
/// How long they may take.
const LAST_PIECE: Duration = Duration::from_secs(1);

/// What the guard remembers about visitors.
#[derive(Default)]
pub struct Guard {
    /// How often they came
    pub limits: limits::Limits,
    /// Makes names of visitors without a login from their addresses
    names: OnceCell<Secret>,
}

/// The routes, behind the guard, who finds out who the visitor is.
pub fn guarded(routes: Router<App>, app: &App) -> Router<App> {
    routes.layer(from_fn_with_state(app.clone(), guard))
}

async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match admit(&app, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(problem) => refuse(problem, request.into_body()).await,
    }
}

/// Answers without what the request asked for. A connection whose request was not read to its end is closed, and a client
/// that has not heard of it would send its next request there; so a small body is read, and a large one announced.
async fn refuse(problem: Problem, body: Body) -> Response {
    let read = timeout(LAST_PIECE, to_bytes(body, LARGEST_UNREAD)).await;
    let mut response = problem.into_response();
    if !matches!(read, Ok(Ok(_))) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Lets a request pass with who sent it in its extensions, or says why not.
async fn admit(app: &App, request: &mut Request) -> Answer<()> {
    if is_probe(request) {
        return Ok(());
    }
    host::check(&app.config, request.uri(), request.headers())?;
    let client = address::client(request, &app.config.trusted_proxies)?;
    let network = Network::of(client);
    let visitor = login::visitor(app, request.headers(), network).await?;
    let entrance = visitor.as_ref().map_or(Entrance::None, |(_, entrance)| *entrance);
    if !request.method().is_safe() {
        if !matches!(entrance, Entrance::Token(_)) && !comes_from_anywhere(request) {
            origin::check(&app.config, request.headers())?;
        }
        entrance.check_writing()?;
        if pictures::is_like(request) && matches!(entrance, Entrance::Anonymous | Entrance::None) {
            app.guard.limits.check_like(network)?;
        } else if let Some((visitor, _)) = &visitor {
            app.guard.limits.check(visitor, entrance, network)?;
        }
    }
    if visitor.is_none() && !needs_no_login(request) {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "this needs a login")
            .hint("send a token as `Authorization: Bearer t2a_...`, or log in"));
    }
    let extensions = request.extensions_mut();
    extensions.insert(network);
    extensions.insert(entrance);
    if let Some((visitor, _)) = visitor {
        extensions.insert(visitor);
    }
    Ok(())
}

/// Whether a request may be sent by a page of any site: the reader of a letter, which may be a page, stops letters by it
/// (RFC 8058). It has a secret of its own, and neither a cookie nor a login matters.
fn comes_from_anywhere(request: &Request) -> bool {
    request.uri().path().starts_with("/mail/stop/")
}

/// Whether a machine asks how the server is. It may not know the server's name, and learns nothing else.
fn is_probe(request: &Request) -> bool {
    matches!(request.uri().path(), "/healthz" | "/readyz") && request.method().is_safe()
}

/// What anybody may look at: the login and the ways to it, the description of the API, what was published, and the counts,
/// which look for themselves who asks. A path that ends in `/` stands for all below it.
const MAY_BE_SEEN: &[&str] = &[
    "/api/v1/openapi.json",
    "/api/v1/pictures",
    "/api/v1/pictures/",
    "/docs",
    "/docs/",
    "/favicon.ico",
    "/forgot",
    "/g/",
    "/gallery",
    "/gallery/",
    "/login",
    "/mail/",
    "/metrics",
    "/register",
    "/reset/",
    "/static/",
];
/// What anybody may send: what proves who the visitor is, and what a letter leads to, which proves it by its address.
const MAY_BE_SENT: &[&str] = &[
    "/api/v1/password/forgotten",
    "/api/v1/password/reset",
    "/api/v1/sessions",
    "/api/v1/users",
    "/forgot",
    "/login",
    "/logout",
    "/mail/",
    "/register",
    "/reset/",
];

/// Whether anybody may ask for this.
fn needs_no_login(request: &Request) -> bool {
    let path = request.uri().path();
    let listed =
        |list: &[&str]| list.iter().any(|open| path == *open || (open.ends_with('/') && path.starts_with(open)));
    let ends_session = request.method() == Method::DELETE && path == "/api/v1/sessions";
    match request.method() {
        method if method.is_safe() => listed(MAY_BE_SEEN),
        &Method::POST => listed(MAY_BE_SENT) || pictures::is_like(request),
        _ => ends_session || pictures::is_like(request),
    }
}

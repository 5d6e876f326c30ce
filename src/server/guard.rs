//! The door: who may come in, and how often.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};

use super::app::App;
use super::visitor::Visitor;

/// What the guard remembers about visitors.
#[derive(Default)]
pub struct Guard {}

/// The routes, behind the guard, who finds out who the visitor is.
pub fn guarded(routes: Router<App>, _: &App) -> Router<App> {
    routes.layer(from_fn(async |mut request: Request, next: Next| {
        request.extensions_mut().insert(Visitor::local());
        next.run(request).await
    }))
}

//! Problems as pages, for people. Programs get them as JSON.

use askama::Template;
use axum::extract::Request;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::{Layout, address, redirect, render_with, sentence};
use crate::server::problem::Problem;

/// The parts of the server for programs. Their problems stay JSON, even in a browser.
const FOR_PROGRAMS: [&str; 3] = ["/api/", "/v1/", "/static/"];

#[derive(Template)]
#[template(path = "error.html", config = "src/server/pages/askama.toml")]
struct ErrorPage {
    layout: Layout,
    title: &'static str,
    detail: String,
    hint: Option<String>,
}

/// Shows a problem as a page if the request comes from a browser, and leads to the login if that is what lacks. Around the
/// guard, it shows the guard's refusals; inside, it knows the visitor.
pub async fn as_page(request: Request, next: Next) -> Response {
    let is_for_programs = FOR_PROGRAMS.iter().any(|prefix| request.uri().path().starts_with(prefix));
    if is_for_programs || !wants_page(request.headers()) {
        return next.run(request).await;
    }
    let looks = request.method() == Method::GET;
    let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str()).to_owned();
    let (parts, body) = request.into_parts();
    let layout = Layout::of(&parts);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    if problem.status() == StatusCode::UNAUTHORIZED && layout.visitor.is_none() {
        return redirect(&login_for(if looks { &asked } else { "/" }));
    }
    let mut page = render_with(problem.status(), &ErrorPage::new(layout, &problem));
    for (name, value) in response.headers() {
        if ![CONTENT_TYPE, CACHE_CONTROL, REFERRER_POLICY].contains(name) && name != "content-length" {
            page.headers_mut().insert(name, value.clone());
        }
    }
    page
}

/// The address of the login that leads to a page.
fn login_for(page: &str) -> String {
    address("/login", &[("next", Some(page).filter(|page| *page != "/"))])
}

fn wants_page(headers: &HeaderMap) -> bool {
    let kinds = headers.get_all(ACCEPT).iter().filter_map(|kinds| kinds.to_str().ok());
    kinds
        .flat_map(|kinds| kinds.split(','))
        .any(|kind| kind.split(';').next().unwrap_or_default().trim() == "text/html")
}

impl ErrorPage {
    fn new(layout: Layout, problem: &Problem) -> Self {
        let title = match problem.status() {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::TOO_MANY_REQUESTS => "Too many requests",
            status if status.is_server_error() => "Something went wrong",
            _ => "That did not work",
        };
        Self { layout, title, detail: sentence(problem.detail()), hint: problem.to_do().map(sentence) }
    }
}

//! The first page: a sentence, and what else decides a picture.

mod base;
mod offer;
mod options;
mod shapes;
mod start;
mod view;
mod wish;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use self::base::Base;
use self::offer::Offer;
use self::start::Start;
use self::view::CreatePage;
use self::wish::Wish;
use super::form::posted;
use super::{Asked, Layout, redirect, render_with};
use crate::queue::JobId;
use crate::server::app::App;
use crate::server::jobs::submit;
use crate::server::problem::{Answer, Problem};
use crate::server::uploads::{keep_file, largest_form};
use crate::server::visitor::Visitor;

/// The field of the form with a picture to start from.
const FILE: &str = "image";

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    let largest = largest_form(options::files().len());
    Router::new().route("/", get(show).post(draw).layer(DefaultBodyLimit::max(largest)))
}

/// The form, filled in by what follows the `?`:
///
/// - `from=JOB`: the settings of a picture of the visitor, to change some of them;
/// - `like=PICTURE`: the settings of a published picture;
/// - and every field of the form by its name, which counts more than these.
async fn show(State(app): State<App>, layout: Layout, visitor: Visitor, Asked(query): Asked) -> Answer<Response> {
    let base = Base::of(&app, &visitor, &query).await?;
    let filled = base.as_ref().map(|base| base.wish.clone()).unwrap_or_default();
    let wish = Wish::read(&query, filled);
    page(&app, layout, &visitor, wish, base.as_ref(), None).await
}

/// Adds the job, and leads to its page; or shows the form again, with what is wrong next to its field.
async fn draw(State(app): State<App>, layout: Layout, visitor: Visitor, request: Request) -> Answer<Response> {
    let (form, files) = posted(request, &app, &options::files()).await?;
    let mut wish = Wish::read(&form, Wish::default());
    let base = match Base::of(&app, &visitor, &form).await {
        Ok(base) => base,
        // It was deleted meanwhile. What the form has is kept.
        Err(problem) => return page(&app, layout, &visitor, wish, None, Some(&problem)).await,
    };
    for (field, file) in files {
        match keep_file(&app, &visitor.owner, file).await {
            Ok(upload) => wish.take(&field, &upload.id),
            Err(problem) => {
                let problem = problem.field(options::setting_of_file(&field).map_or(FILE, |setting| setting.name));
                return page(&app, layout, &visitor, wish, base.as_ref(), Some(&problem)).await;
            }
        }
    }
    match order(&app, &visitor, &wish, base.as_ref()).await {
        Ok(job) => Ok(redirect(&format!("/p/{job}"))),
        Err(problem) => page(&app, layout, &visitor, wish, base.as_ref(), Some(&problem)).await,
    }
}

async fn order(app: &App, visitor: &Visitor, wish: &Wish, base: Option<&Base>) -> Answer<JobId> {
    Ok(submit(app, visitor, wish.body(base)?, None).await?.id)
}

async fn page(
    app: &App,
    layout: Layout,
    visitor: &Visitor,
    wish: Wish,
    base: Option<&Base>,
    problem: Option<&Problem>,
) -> Answer<Response> {
    let offer = Offer::of(app).await?;
    let start = Start::of(app, visitor, &wish).await?;
    let own = app.mail.address_of(&visitor.owner).await?;
    let mails = app.mail.is_configured() && own.confirmed.is_some() && !own.stopped;
    let status = problem.map_or(StatusCode::OK, Problem::status);
    Ok(render_with(status, &CreatePage::new(layout, offer, wish, start, mails, base, problem)))
}

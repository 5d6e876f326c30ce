//! The pages that people see in a browser. They work without scripts: forms post, and the server answers with a redirect.
//!
//! A page is a file or folder here, with its templates in `templates/`. What pages share:
//!
//! - [`Layout`]: the frame of every page, which knows who looks at it. A template has it in its field `layout`.
//! - [`render`]: makes an answer from a template.
//! - [`Form`]: what a form posted; [`Asked`]: the same, behind the `?` of an address.
//! - [`assets`]: style sheets, scripts and icons, compiled in, under addresses that change with their content.
//! - [`errors`]: problems as pages, and the way to the login.

mod account;
mod admin;
mod assets;
mod create;
mod downloads;
mod email;
mod errors;
mod forgot;
mod form;
mod gallery;
mod job;
mod layout;
mod login;
mod mine;
mod register;
mod render;
mod words;

use axum::Router;

pub use email::EmailSection;
pub use errors::as_page;
pub use form::{Asked, Form};
pub use layout::Layout;
pub use render::{address, in_sentences, local_path, redirect, render, render_with, sentence, status_of, told};
pub use words::{about, plain};

use super::app::App;

/// The routes of all pages.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(account::routes())
        .merge(admin::routes())
        .merge(assets::routes())
        .merge(create::routes())
        .merge(email::routes())
        .merge(forgot::routes())
        .merge(gallery::routes())
        .merge(job::routes())
        .merge(login::routes())
        .merge(mine::routes())
        .merge(register::routes())
}

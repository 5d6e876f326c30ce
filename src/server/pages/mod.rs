//! The pages that people see in a browser. They work without scripts: forms post, and the server answers with a redirect.
//!
//! A page is a file or folder here, with its templates in `templates/`. What pages share:
//!
//! - [`Layout`]: the frame of every page, which knows who looks at it. A template has it in its field `layout`.
//! - [`render`]: makes an answer from a template.
//! - [`Form`]: what a form posted.
//! - [`assets`]: style sheets, scripts and icons, compiled in, under addresses that change with their content.
//! - [`errors`]: problems as pages, and the way to the login.

mod assets;
mod email;
mod errors;
mod form;
mod layout;
mod login;
mod render;

use axum::Router;

#[allow(unused_imports, reason = "the page of the account has it")]
pub use email::EmailSection;
pub use errors::as_page;
pub use form::Form;
pub use layout::Layout;
pub use render::{local_path, redirect, render, render_with, sentence};

use super::app::App;

/// The routes of all pages.
pub fn routes() -> Router<App> {
    Router::new().merge(assets::routes()).merge(email::routes()).merge(login::routes())
}

//! Who looks at the gallery. A visitor needs no login for it; a cookie tells apart who likes pictures without one.

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::request::Parts;

use crate::accounts::{Secret, SecretHash};
use crate::gallery::Picture;
use crate::server::app::App;
use crate::server::guard::{Entrance, cookie, cookie_of, is_secure};
use crate::server::problem::{Answer, Problem};
use crate::server::visitor::Visitor;

/// The cookie on a server that is reached by HTTPS: a browser takes it from such a server alone.
const SECURE_COOKIE: &str = "__Host-t2a-likes";
/// The cookie where there is no HTTPS.
const PLAIN_COOKIE: &str = "t2a-likes";
/// How long browsers keep it: the longest that they do.
const LASTS: u64 = 400 * 24 * 3600;
/// The length of its secret: 32 bytes in base 64.
const LENGTH: usize = 43;

/// Who looks at the gallery.
#[derive(Debug, Clone)]
pub(in crate::server) struct Viewer {
    /// The visitor, if the server knows one
    pub visitor: Option<Visitor>,
    /// Whether the visitor is the same person each time: a user, or whoever owns the machine
    is_known: bool,
    /// The SHA-256 of the cookie, if there is one
    browser: Option<String>,
}

impl Viewer {
    /// Whether the viewer may see a picture.
    pub fn sees(&self, picture: &Picture) -> bool {
        picture.hidden.is_none() || self.operates() || self.owns(picture)
    }

    /// Whether the viewer published a picture.
    pub fn owns(&self, picture: &Picture) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.owner == picture.owner)
    }

    /// Whether the viewer may hide pictures of others.
    pub fn operates(&self) -> bool {
        self.visitor.as_ref().is_some_and(Visitor::operates)
    }

    /// Who likes pictures, if that is known yet.
    pub fn who(&self) -> Option<&str> {
        match &self.visitor {
            Some(visitor) if self.is_known => Some(&visitor.owner),
            _ => self.browser.as_deref(),
        }
    }

    /// Who liked pictures with this browser before a login.
    pub fn before_login(&self) -> Option<&str> {
        self.browser.as_deref().filter(|_| self.is_known)
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let visitor = parts.extensions.get::<Visitor>().cloned();
        let entrance = parts.extensions.get::<Entrance>().copied().unwrap_or(Entrance::None);
        let is_known = matches!(entrance, Entrance::Local | Entrance::Session | Entrance::Token(_));
        let secret = cookie_of(&parts.headers, name(app));
        let hash = secret.filter(|secret| secret.len() == LENGTH).and_then(SecretHash::of);
        let browser = hash.map(|hash| hash.as_str().to_owned());
        Ok(Self { visitor, is_known, browser })
    }
}

/// The name of a browser that has none yet, and the cookie that it keeps.
pub(super) fn new_browser(app: &App) -> Answer<(String, HeaderValue)> {
    let secret = Secret::random("")?;
    let cookie = cookie(&app.config, name(app), secret.reveal(), LASTS)?;
    Ok((secret.hash().as_str().to_owned(), cookie))
}

fn name(app: &App) -> &'static str {
    if is_secure(&app.config) { SECURE_COOKIE } else { PLAIN_COOKIE }
}

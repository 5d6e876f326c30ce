//! The frame of every page.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::assets;
use crate::server::guard::Entrance;
use crate::server::visitor::Visitor;

/// The frame of a page: title, navigation, and who looks at it. Handlers take it from the request, and templates have it
/// in their field `layout`.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Who looks at the page; none without a login, if the server wants one
    pub visitor: Option<Visitor>,
    /// How the visitor came in
    pub entrance: Entrance,
    /// The path of the page
    pub path: String,
}

impl Layout {
    /// The frame of a page that answers a request.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        Self {
            visitor: parts.extensions.get::<Visitor>().cloned(),
            entrance: parts.extensions.get::<Entrance>().copied().unwrap_or(Entrance::None),
            path: parts.uri.path().to_owned(),
        }
    }

    /// The address of a style sheet, script or icon.
    #[must_use]
    #[allow(clippy::unused_self, reason = "templates reach it by the layout")]
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// Whether the page, or one above it, has this path.
    #[must_use]
    pub fn is_at(&self, path: &str) -> bool {
        let below = self.path.strip_prefix(path);
        below.is_some_and(|rest| rest.is_empty() || (path != "/" && rest.starts_with('/')))
    }

    /// Whether the page has this path.
    #[must_use]
    pub fn is_exactly(&self, path: &str) -> bool {
        self.path == path
    }

    /// Whether the visitor may ask for pictures.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.visitor.is_some()
    }

    /// Whether the visitor may see and manage what belongs to others.
    #[must_use]
    pub fn operates(&self) -> bool {
        self.visitor.as_ref().is_some_and(Visitor::operates)
    }

    /// The name of the user who logged in; none for visitors who did not.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        let named = matches!(self.entrance, Entrance::Session | Entrance::Token(_));
        self.visitor.as_ref().filter(|_| named).map(|visitor| visitor.name.as_str())
    }

    /// Whether the visitor could log in.
    #[must_use]
    pub fn can_log_in(&self) -> bool {
        matches!(self.entrance, Entrance::None | Entrance::Anonymous)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Layout {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_below_its_own_path_only() {
        let layout = |path: &str| Layout { visitor: None, entrance: Entrance::None, path: path.into() };
        assert!(layout("/").is_at("/"));
        assert!(!layout("/mine").is_at("/"));
        assert!(layout("/admin").is_at("/admin") && layout("/admin/users").is_at("/admin"));
        assert!(!layout("/administration").is_at("/admin"));
    }
}

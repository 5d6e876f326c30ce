//! Who sent a request.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::{Network, is_public};
use crate::accounts::{Role, Scope, User};
use crate::error::{Error, Result};
use crate::files::to_hex;
use crate::server::app::App;
use crate::server::config::Config;
use crate::server::problem::{Answer, Problem};
use crate::server::visitor::Visitor;

/// The cookie of a session on a server that is reached by HTTPS: a browser takes it from such a server alone.
const SECURE_COOKIE: &str = "__Host-t2a";
/// The cookie of a session where there is no HTTPS.
const PLAIN_COOKIE: &str = "t2a";
/// How many digits of a hash name an anonymous visitor: 128 bits.
const NAME_LENGTH: usize = 32;

/// How a visitor came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// From this machine, whose server has no users
    Local,
    /// Without a login, to a server that lets anybody in
    Anonymous,
    /// By a token
    Token(Scope),
    /// By a session
    Session,
    /// Not at all
    None,
}

impl Entrance {
    /// Refuses a change if the visitor may only look.
    pub(super) fn check_writing(self) -> Answer<()> {
        match self {
            Self::Token(Scope::Read) => Err(Problem::new(StatusCode::FORBIDDEN, "this token may only look")
                .hint("use a token with the scope `jobs`")),
            _ => Ok(()),
        }
    }

    /// Refuses to care for an account unless the visitor proved to be its user, and not a program that was given less.
    pub fn check_own_account(self) -> Answer<()> {
        match self {
            Self::Session | Self::Token(Scope::Admin) => Ok(()),
            Self::Token(_) => Err(Problem::new(StatusCode::FORBIDDEN, "this token may not manage the account")
                .hint("log in with the password, or use a token with the scope `admin`")),
            Self::Local | Self::Anonymous | Self::None => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "you are not logged in as a user, so there is no account to manage",
            )
            .hint("the operator can add users with `text2art serve admin user add NAME`")),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Entrance {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self::None))
    }
}

/// Who sent a request with these headers, and how it came in; `None` if that needs a login.
pub(super) async fn visitor(app: &App, headers: &HeaderMap, network: Network) -> Answer<Option<(Visitor, Entrance)>> {
    if let Some(token) = bearer(headers) {
        if let Some(access) = app.accounts.by_token(token).await? {
            let mut visitor = of_user(&access.user);
            if access.scope != Scope::Admin {
                visitor.role = Role::User;
            }
            return Ok(Some((visitor, Entrance::Token(access.scope))));
        }
        // Many programs send a token in any case; where there are no users, it means nothing.
        if app.accounts.any_users().await? {
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "the token is not valid")
                .hint("make another one: it may be expired or revoked"));
        }
    } else if let Some(session) = session_of(&app.config, headers)
        && let Some(user) = app.accounts.by_session(session).await?
    {
        return Ok(Some((of_user(&user), Entrance::Session)));
    }
    if app.config.open {
        return Ok(Some((anonymous(app, network).await?, Entrance::Anonymous)));
    }
    if !is_public(&app.config) && !app.accounts.any_users().await? {
        return Ok(Some((Visitor::local(), Entrance::Local)));
    }
    Ok(None)
}

/// The name of the cookie of a session.
pub(in crate::server) fn cookie_name(config: &Config) -> &'static str {
    if is_secure(config) { SECURE_COOKIE } else { PLAIN_COOKIE }
}

/// Whether browsers reach the server by HTTPS alone.
pub(in crate::server) fn is_secure(config: &Config) -> bool {
    config.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
}

/// The secret of the session that a request names.
pub fn session_of<'h>(config: &Config, headers: &'h HeaderMap) -> Option<&'h str> {
    cookie_of(headers, cookie_name(config))
}

/// A cookie that no script of a page can read, and that is not sent with what pages of other sites change.
pub(in crate::server) fn cookie(config: &Config, name: &str, value: &str, seconds: u64) -> Answer<HeaderValue> {
    let secure = if is_secure(config) { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::try_from(cookie).map_err(|error| Error::fault(format!("a cookie cannot be sent: {error}")).into())
}

/// The value of the first cookie of a name.
pub(in crate::server) fn cookie_of<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == wanted).then_some(value))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A user who asks.
pub(in crate::server) fn of_user(user: &User) -> Visitor {
    Visitor {
        owner: user.id.clone(),
        name: user.name.clone(),
        role: user.role,
        weight: user.limits.weight,
        max_waiting: user.limits.max_waiting,
        max_running: user.limits.max_running,
    }
}

/// A visitor without a login. All visitors of a network are the same one: with a name of its own for each browser, whoever
/// wants more than a share would take more names. The name does not tell the address.
async fn anonymous(app: &App, network: Network) -> Answer<Visitor> {
    let key = app.guard.names.get_or_try_init(|| app.accounts.own_secret("visitors")).await?;
    let hash = Sha256::new().chain_update(key.reveal()).chain_update(network.first().to_string()).finalize();
    let mut owner = to_hex(&hash);
    owner.truncate(NAME_LENGTH);
    Ok(Visitor {
        owner: format!("visitor-{owner}"),
        name: "visitor".into(),
        role: Role::User,
        weight: 1,
        max_waiting: app.config.limits.waiting,
        max_running: 1,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn cookies_and_tokens_are_found_among_others() {
        let config = Config::local(Path::new("data"));
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "theme=dark; __Host-t2a=other".parse().unwrap());
        assert_eq!(session_of(&config, &headers), None);
        headers.append(COOKIE, "t2a=secret; t2a=second".parse().unwrap());
        assert_eq!(session_of(&config, &headers), Some("secret"));
        let secure = Config { public_url: Some("https://art.example.org".parse().unwrap()), ..config };
        assert_eq!(session_of(&secure, &headers), Some("other"));

        for (given, found) in [
            ("Bearer t2a_x", Some("t2a_x")),
            ("bearer  t2a_x", Some("t2a_x")),
            ("Basic dXNlcg==", None),
            ("Bearer", None),
            ("", None),
        ] {
            headers.insert(AUTHORIZATION, given.parse().unwrap());
            assert_eq!(bearer(&headers), found, "{given}");
        }
    }
}

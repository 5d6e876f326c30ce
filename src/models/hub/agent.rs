//! Requests to the hub and the servers that it redirects to, each with a time limit.

use std::time::Duration;

use ureq::Body;
use ureq::http::{HeaderMap, Response, StatusCode};
use url::Url;

use super::environment::{Environment, without_login};
use super::repository::Repository;
use super::retry::Failure;
use super::watch::Watch;
use crate::progress::Stop;
use crate::{Error, Result};

/// Maximum number of redirects in a row.
const MOST_REDIRECTS: usize = 6;
/// Time limit for a whole answer that is not a file, as a multiple of the longest silence.
const ANSWER: u32 = 4;
/// Header in which the hub reports which part of a repository does not exist.
const ERROR_CODE: &str = "x-error-code";

/// Sends requests to one hub.
pub(super) struct Agent {
    inner: ureq::Agent,
    endpoint: Url,
    token: Option<String>,
    /// What is wrong with the token's file
    token_problem: Option<String>,
    stop: Stop,
    /// Longest time for a whole answer that is not a file
    answer: Duration,
    _watch: Watch,
}

/// The method of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Metadata only
    Head,
    /// The content
    Get,
}

impl Agent {
    /// An agent with the environment's limits, whose requests end when `stop` is requested.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(super) fn new(environment: &Environment, stop: &Stop) -> Result<Self> {
        let inner: ureq::Agent = ureq::Agent::config_builder()
            .timeout_resolve(Some(environment.connect))
            .timeout_connect(Some(environment.connect))
            .timeout_send_request(Some(environment.stall))
            .timeout_recv_response(Some(environment.stall))
            .timeout_per_read(Some(environment.stall))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept_encoding("identity")
            .user_agent(concat!("text2art/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        let watch = Watch::start(&inner, stop)?;
        let (endpoint, token, stop) = (environment.endpoint.clone(), environment.token.clone(), stop.clone());
        let (token_problem, answer) = (environment.token_problem.clone(), environment.stall * ANSWER);
        Ok(Self { inner, endpoint, token, token_problem, stop, answer, _watch: watch })
    }

    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The address on the hub of a path, whose names are escaped.
    pub(super) fn hub_url<'s>(&self, names: impl Iterator<Item = &'s str>) -> Result<Url> {
        let mut url = self.endpoint.clone();
        let fault = || Error::fault(format!("cannot append a path to {}", self.hub()));
        url.path_segments_mut().map_err(|()| fault())?.pop_if_empty().extend(names);
        Ok(url)
    }

    /// Longest time for a whole answer that is not a file.
    pub(super) fn answer(&self) -> Duration {
        self.answer
    }

    /// The hub's address, for messages.
    pub(super) fn hub(&self) -> String {
        without_login(&self.endpoint)
    }

    fn is_hub(&self, url: &Url) -> bool {
        url.origin() == self.endpoint.origin()
    }

    /// Sends one request, which may take at most `most` in total. Only the hub itself receives the token.
    pub(super) fn send(
        &self,
        method: Method,
        url: &Url,
        headers: &[(&str, String)],
        most: Option<Duration>,
    ) -> Result<Response<Body>, Failure> {
        if let Some(problem) = self.token_problem.as_ref().filter(|_| self.is_hub(url)) {
            let hint = "write only the token to the file, as `hf auth login` does, or remove the file";
            return Err(Failure::Never(Error::usage(problem, hint)));
        }
        let mut request = match method {
            Method::Head => self.inner.head(url.as_str()),
            Method::Get => self.inner.get(url.as_str()),
        };
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Some(token) = self.token.as_ref().filter(|_| self.is_hub(url)) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.config().timeout_global(most).build().call().map_err(|error| Failure::again(trouble(url, &error)))
    }

    /// Sends a request and follows redirects to any server. Also returns the final address.
    pub(super) fn follow(
        &self,
        url: &Url,
        headers: &[(&str, String)],
        most: Option<Duration>,
    ) -> Result<(Response<Body>, Url), Failure> {
        let mut url = url.clone();
        for _ in 0..MOST_REDIRECTS {
            let response = self.send(Method::Get, &url, headers, most)?;
            match redirect(&url, &response)? {
                Some(next) => url = next,
                None => return Ok((response, url)),
            }
        }
        Err(Failure::again(format!("{} redirects too many times", shown(&url))))
    }

    /// Turns a response without success into a failure.
    pub(super) fn check(
        &self,
        response: Response<Body>,
        url: &Url,
        repository: Option<&Repository>,
        file: &str,
    ) -> Result<Response<Body>, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let host = url.host_str().unwrap_or_default();
        let message = format!("{host} answered {} for {file}", described(status));
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
        {
            return Err(Failure::Again { message, wait: retry_after(response.headers()), progressed: false });
        }
        let Some(repository) = repository.filter(|_| self.is_hub(url)) else {
            return Err(match repository {
                // The signature of the address may have expired; the next attempt asks the hub for a new one.
                Some(_) => Failure::again(message),
                None => Failure::Never(Error::usage(message, "the file may have moved; choose another model")),
            });
        };
        let code = response.headers().get(ERROR_CODE).and_then(|code| code.to_str().ok()).unwrap_or_default();
        Err(Failure::Never(self.refused(status, code, repository, file)))
    }

    /// The error for a file that the hub does not provide.
    fn refused(&self, status: StatusCode, code: &str, repository: &Repository, file: &str) -> Error {
        let (hub, id) = (self.hub(), &repository.id);
        let page = format!("{hub}/{id}");
        let token = match self.token {
            Some(_) => "check the token in HF_TOKEN",
            None => "set HF_TOKEN to your access token",
        };
        match (status.as_u16(), code) {
            (401 | 404, "RepoNotFound") => Error::usage(
                format!("{hub} has no accessible repository {id} ({})", described(status)),
                format!("check the name; if the repository is private, {token}"),
            ),
            (404, "RevisionNotFound") => Error::usage(
                format!("{id} has no revision {}", repository.revision),
                format!("see the revisions at {page}/tree/main"),
            ),
            (404 | 410, _) => Error::usage(
                format!("{hub} has no {file} in {repository} ({})", described(status)),
                format!("check the name and the revision at {page}"),
            ),
            (401, _) => Error::usage(
                format!("{hub} requires a login for {file} of {repository} ({})", described(status)),
                format!("{token}, and accept the model's conditions at {page}"),
            ),
            (403, _) => Error::usage(
                format!("{hub} denies access to {file} of {repository} ({})", described(status)),
                format!("accept the model's conditions at {page}, and {token}"),
            ),
            _ => Error::network(
                format!("{hub} answered {} for {file} of {repository}", described(status)),
                "try again later, or check HF_ENDPOINT",
            ),
        }
    }
}

/// Describes why a request got no response.
pub(crate) fn trouble(url: &Url, error: &ureq::Error) -> String {
    let host = url.host_str().unwrap_or_default();
    match error {
        ureq::Error::HostNotFound => format!("cannot resolve the host name {host}"),
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            format!("the connection to {host} timed out")
        }
        ureq::Error::Timeout(ureq::Timeout::Global) => format!("{host} took too long to answer"),
        ureq::Error::Timeout(_) => format!("{host} does not answer"),
        other => format!("the connection to {host} failed: {other}"),
    }
}

/// The address that a response redirects to; none if it does not redirect.
pub(super) fn redirect(url: &Url, response: &Response<Body>) -> Result<Option<Url>, Failure> {
    if !response.status().is_redirection() {
        return Ok(None);
    }
    let location = response.headers().get("location").and_then(|location| location.to_str().ok());
    let next = location.and_then(|location| url.join(location).ok());
    let next = next.filter(|next| matches!((url.scheme(), next.scheme()), (_, "https") | ("http", "http")));
    next.map(Some).ok_or_else(|| Failure::again(format!("{} redirects to an invalid address", shown(url))))
}

/// A response's header as text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// How long a response asks to wait, if in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    Some(Duration::from_secs(header(headers, "retry-after")?.trim().parse().ok()?))
}

/// An address without parts that may be secret.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    without_login(&url)
}

/// A status in numbers and words.
pub(crate) fn described(status: StatusCode) -> String {
    format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default()).trim_end().to_owned()
}

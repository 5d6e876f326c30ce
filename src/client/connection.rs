//! Requests to one server, each with a time limit, and its answers, each with a limit on its size.

use std::time::Duration;

use serde::de::DeserializeOwned;
use ureq::Body;
use ureq::http::{Method, Request, Response, StatusCode};
use url::Url;

use super::problem::{Problem, refused};
use super::retry::{Failure, retry};
use super::{Address, Token};
use crate::database::Id;
use crate::models::hub::{Watch, described, header, network_timeout, trouble};
use crate::progress::Stop;
use crate::{Error, Result};

/// The longest time to connect.
const CONNECT: Duration = Duration::from_secs(10);
/// Time limit for a whole exchange that is neither a file nor a stream, as a multiple of the longest silence.
const EXCHANGE: u32 = 4;
/// The largest answer that is neither a file nor a stream, in bytes: a hundred jobs with long prompts.
pub(super) const LARGEST_ANSWER: u64 = 16 << 20;
/// The largest description of a problem, in bytes.
const LARGEST_PROBLEM: u64 = 64 << 10;
/// How long to wait after a refusal if the server does not say.
const USUAL_WAIT: Duration = Duration::from_secs(5);
/// The longest wait that a server may ask for; a longer one is shortened, and then the client asks again.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// The most redirects in a row.
const MOST_REDIRECTS: usize = 4;

/// Sends requests to one server.
pub(super) struct Connection {
    agent: ureq::Agent,
    pub(super) address: Address,
    token: Option<Token>,
    pub(super) stop: Stop,
    /// The longest time without a byte
    pub(super) stall: Duration,
    _watch: Watch,
}

/// What a request asks for.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<&'a [u8]>,
}

/// An answer to a request that the server may refuse for now.
pub(super) enum Answered {
    /// The body of a successful answer, and whether this request created something
    Body(Vec<u8>, bool),
    /// Refused for now: try again after this time
    Later(Duration),
    /// Something else already exists: this job, if the server names one
    Conflict(Option<Id>),
}

impl<'a> Ask<'a> {
    pub(super) fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: Vec::new(), body: None }
    }

    pub(super) fn post(url: Url, body: &'a [u8]) -> Self {
        Self { method: Method::POST, url, headers: Vec::new(), body: Some(body) }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// How long the parts of an exchange may take.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// All of it
    pub(super) whole: Option<Duration>,
    /// The time without a byte
    pub(super) silence: Duration,
}

impl Connection {
    /// A connection whose requests end when `stop` is requested.
    pub(super) fn new(address: Address, token: Option<Token>, stop: &Stop) -> Result<Self> {
        if token.is_some() && !address.is_private() {
            return Err(Error::usage(
                format!("{address} has no encryption: anybody on the way could read the token"),
                "use its https address, or tunnel to it, as `ssh -L 8080:localhost:8080 HOST` does",
            ));
        }
        let stall = network_timeout()?;
        let connect = Some(stall.min(CONNECT));
        let mut config = ureq::Agent::config_builder()
            .timeout_resolve(connect)
            .timeout_connect(connect)
            .timeout_send_request(Some(stall))
            .timeout_recv_response(Some(stall))
            .timeout_per_read(Some(stall))
            .timeout_per_write(Some(stall))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept_encoding("identity")
            .user_agent(concat!("text2art/", env!("CARGO_PKG_VERSION")));
        if address.is_local() {
            // A proxy would look for the server on its own machine.
            config = config.proxy(None);
        }
        let agent: ureq::Agent = config.build().into();
        let watch = Watch::start(&agent, stop)?;
        Ok(Self { agent, address, token, stop: stop.clone(), stall, _watch: watch })
    }

    /// The limits of an exchange that is neither a file nor a stream.
    pub(super) fn patience(&self) -> Patience {
        Patience { whole: Some(self.stall * EXCHANGE), silence: self.stall }
    }

    /// Asks, again if that may help, and reads the answer as JSON. An answer without a body counts as `null`.
    pub(super) fn json<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T> {
        let body = retry(&self.stop, || self.bytes(ask, LARGEST_ANSWER))?;
        let body = if body.is_empty() { b"null" } else { &body[..] };
        serde_json::from_slice(body).map_err(|error| self.not_understood(&error))
    }

    /// The error for an answer that no server of this program gives.
    pub(super) fn not_understood(&self, error: &serde_json::Error) -> Error {
        let hint = "check the address of the server, and that it has the same version of text2art";
        Error::network(format!("the answer of {} cannot be read: {error}", self.address), hint)
    }

    /// Asks once, and reads the body of the answer.
    pub(super) fn bytes(&self, ask: &Ask, most: u64) -> Result<Vec<u8>, Failure> {
        let response = self.send(ask, self.patience())?;
        self.body(response, most)
    }

    /// Sends a request and returns the answer if it is a success. A redirect is followed if it leads to a file.
    pub(super) fn send(&self, ask: &Ask, patience: Patience) -> Result<Response<Body>, Failure> {
        let mut url = ask.url.clone();
        for _ in 0..MOST_REDIRECTS {
            let response = self.send_once(ask, &url, patience)?;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
                return self.check(response);
            }
            url = self.redirected(ask, &url, &response)?;
        }
        Err(Failure::again(format!("{} redirects too many times", self.address), ADVICE))
    }

    /// Asks once. A refusal or a conflict is an answer.
    pub(super) fn offer(&self, ask: &Ask) -> Result<Answered, Failure> {
        let response = self.send_once(ask, &ask.url, self.patience())?;
        let status = response.status();
        if status == StatusCode::CONFLICT {
            let problem = self.body(response, LARGEST_PROBLEM).ok().and_then(|body| Problem::read(&body));
            return Ok(Answered::Conflict(problem.and_then(|problem| problem.job())));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            let wait = header(response.headers(), "retry-after").and_then(|wait| wait.trim().parse().ok());
            return Ok(Answered::Later(wait.map_or(USUAL_WAIT, Duration::from_secs).min(LONGEST_WAIT)));
        }
        if status.is_redirection() {
            return Err(self
                .redirected(ask, &ask.url, &response)
                .err()
                .unwrap_or_else(|| Failure::again(format!("{} redirects a request", self.address), ADVICE)));
        }
        let body = self.body(self.check(response)?, LARGEST_ANSWER)?;
        Ok(Answered::Body(body, status == StatusCode::CREATED))
    }

    fn send_once(&self, ask: &Ask, url: &Url, patience: Patience) -> Result<Response<Body>, Failure> {
        let mut request = Request::builder().method(&ask.method).uri(url.as_str());
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if let Some(token) = self.token.as_ref().filter(|_| self.address.has_origin_of(url)) {
            request = request.header("authorization", token.header());
        }
        let wrong = |error: ureq::http::Error| Error::fault(format!("cannot make a request: {error}"));
        let answered = match ask.body {
            None => self.agent.run(self.limited(request.body(()).map_err(wrong)?, patience)),
            Some(body) => self.agent.run(self.limited(request.body(body).map_err(wrong)?, patience)),
        };
        answered.map_err(|error| self.unanswered(url, &error))
    }

    fn limited<S: ureq::AsSendBody>(&self, request: Request<S>, patience: Patience) -> Request<S> {
        let Patience { whole, silence } = patience;
        let config = self.agent.configure_request(request).timeout_global(whole);
        config.timeout_recv_response(Some(silence)).timeout_per_read(Some(silence)).build()
    }

    /// Where a redirect leads. Only files are anywhere else, and nothing is sent there that was meant for the server.
    fn redirected(&self, ask: &Ask, url: &Url, response: &Response<Body>) -> Result<Url, Failure> {
        let next = header(response.headers(), "location").and_then(|location| url.join(location).ok());
        let next = next.filter(|next| matches!((url.scheme(), next.scheme()), (_, "https") | ("http", "http")));
        let next = next.ok_or_else(|| Failure::again(format!("{} redirects nowhere", self.address), ADVICE))?;
        if ask.method == Method::GET && ask.url.path().contains("/files/") {
            return Ok(next);
        }
        let elsewhere = format!("{}://{}", next.scheme(), next.authority());
        Err(Failure::Never(Error::usage(
            format!("{} redirects to {elsewhere}", self.address),
            format!("if that is your server, use its address: --server {elsewhere}"),
        )))
    }

    /// Turns an answer without success into a failure.
    fn check(&self, response: Response<Body>) -> Result<Response<Body>, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let wait = header(response.headers(), "retry-after").and_then(|wait| wait.trim().parse().ok());
        let problem = self.body(response, LARGEST_PROBLEM).ok().and_then(|body| Problem::read(&body));
        let is_passing =
            matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) || status.is_server_error();
        let error = refused(status, problem.as_ref(), &self.address, self.token.is_some());
        if !is_passing {
            return Err(Failure::Never(error));
        }
        let message = match problem {
            Some(_) => error.to_string(),
            None => format!("{} answered {}", self.address, described(status)),
        };
        Err(Failure::Again { message, hint: error.hint(), wait: wait.map(Duration::from_secs) })
    }

    /// Reads the body of an answer, which must be at most `most` bytes long.
    pub(super) fn body(&self, response: Response<Body>, most: u64) -> Result<Vec<u8>, Failure> {
        response.into_body().into_with_config().limit(most).read_to_vec().map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => {
                Failure::Never(Error::network(format!("the answer of {} is too long", self.address), ADVICE))
            }
            error => Failure::again(self.trouble(&error), ADVICE),
        })
    }

    /// The failure of a request that got no answer.
    fn unanswered(&self, url: &Url, error: &ureq::Error) -> Failure {
        let is_refused = match error {
            ureq::Error::ConnectionFailed => true,
            ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
            _ => false,
        };
        if !is_refused {
            return Failure::again(trouble(url, error), ADVICE);
        }
        let hint = if self.address.is_local() {
            "start a server with `text2art serve`, or name another one with --server"
        } else {
            "check the address, and whether the server runs"
        };
        Failure::Nobody(Error::network(format!("no server answers at {}", self.address), hint))
    }

    /// What is wrong with the connection.
    pub(super) fn trouble(&self, error: &ureq::Error) -> String {
        trouble(&self.address.of([]), error)
    }
}

/// What to do if the network fails.
pub(super) const ADVICE: &str = "check the network and the address of the server, and try again";

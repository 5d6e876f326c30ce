//! Sends files to visitors: whole or in part, or the word that they have them already.

mod range;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, LOCATION, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use self::range::Range;
use crate::objects::is_missing;
use crate::queue::Artifact;
use crate::server::app::App;
use crate::server::derived::THUMBNAIL;
use crate::server::problem::{Answer, Problem};

/// The only type of a file that could have scripts, which would run as if they were the server's own.
const ACTIVE: &str = "image/svg+xml";

/// The caching of a file that never changes, and that only its owner gets.
pub(super) const FOR_EVER: &str = "private, max-age=31536000, immutable";

/// The caching of a redirect to a file that may be cached: half of the time that its address is valid.
const REDIRECTED: &str = "private, max-age=300";

/// Where the bytes of a file are.
pub(super) enum Content {
    /// In memory
    Text(String),
    /// In the store of objects
    Object {
        /// The key
        key: String,
        /// The length
        bytes: u64,
    },
}

/// A file that is there.
pub(super) struct File {
    /// Where its bytes are
    pub content: Content,
    /// What changes with the content, such as its SHA-256
    pub tag: String,
    /// The media type
    pub media_type: &'static str,
}

/// How a file is sent.
pub(super) struct Manner<'a> {
    /// How long it may be kept by whom
    pub caching: &'static str,
    /// The name under which it is saved, of letters, digits, `.` and `-`
    pub name: &'a str,
    /// Whether a browser saves it in any case
    pub download: bool,
}

impl File {
    /// A file of a job.
    pub(super) fn of(made: Artifact, media_type: &'static str) -> Self {
        Self { content: Content::Object { key: made.object, bytes: made.bytes }, tag: made.sha256, media_type }
    }

    /// The answer to a request with this method, which is GET or HEAD, and these headers.
    pub(super) async fn send(
        self,
        app: &App,
        (method, headers): (&Method, &HeaderMap),
        manner: &Manner<'_>,
    ) -> Answer<Response> {
        let media_type = self.media_type;
        let is_active = media_type == ACTIVE;
        let how = if is_active || manner.download { "attachment" } else { "inline" };
        let disposition = format!("{how}; filename=\"{}\"", manner.name);
        // Addresses are signed only for GET. A page shows many thumbnails, and would have to wait for two answers for each.
        if method == Method::GET
            && manner.name != THUMBNAIL
            && let Some(response) = self.elsewhere(app, headers, manner, &disposition).await?
        {
            return Ok(response);
        }
        let mut response = self.asked_for(app, headers).await?;
        if !response.status().is_success() && response.status() != StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let found = response.headers_mut();
        found.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        found.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        found.insert(CACHE_CONTROL, HeaderValue::from_static(manner.caching));
        if is_active {
            found.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
        }
        set(&mut response, CONTENT_DISPOSITION, disposition);
        Ok(response)
    }

    /// The address at which the store delivers the file itself, if it does. Range requests are repeated there.
    async fn elsewhere(
        &self,
        app: &App,
        headers: &HeaderMap,
        manner: &Manner<'_>,
        disposition: &str,
    ) -> Answer<Option<Response>> {
        let Content::Object { key, .. } = &self.content else { return Ok(None) };
        let tag = format!("\"{}\"", self.tag);
        let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        if known.is_some_and(|known| names(known, &tag)) {
            return Ok(None);
        }
        let Some(address) = app.objects.direct(key, self.media_type, disposition).await? else { return Ok(None) };
        let mut response = StatusCode::FOUND.into_response();
        set(&mut response, LOCATION, address);
        // Anyone with the address can fetch the file. Every address is new, so a browser finds the file in its cache only
        // while it keeps this answer.
        let caching = if manner.caching.contains("max-age=") { REDIRECTED } else { "private, no-store" };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        Ok(Some(response))
    }

    /// The bytes that the headers ask for, with the headers that describe them.
    async fn asked_for(self, app: &App, headers: &HeaderMap) -> Answer<Response> {
        let tag = format!("\"{}\"", self.tag);
        let bytes = match &self.content {
            Content::Text(text) => text.len() as u64,
            Content::Object { bytes, .. } => *bytes,
        };
        let is_known = |header| headers.get(header).and_then(|value: &HeaderValue| value.to_str().ok());
        let mut response = if is_known(IF_NONE_MATCH).is_some_and(|known| names(known, &tag)) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            // A part is only of use to whoever has the rest of the same file.
            let wanted = is_known(RANGE).filter(|_| is_known(IF_RANGE).is_none_or(|known| known == tag));
            match Range::of(wanted, bytes) {
                Range::Whole => self.bytes(app, 0, bytes).await?,
                Range::Part { first, last } => {
                    let mut response = self.bytes(app, first, last + 1 - first).await?;
                    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                    set(&mut response, CONTENT_RANGE, format!("bytes {first}-{last}/{bytes}"));
                    response
                }
                Range::Outside => {
                    let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "the file has no such part");
                    let mut response = problem.hint(format!("the file has {bytes} bytes")).into_response();
                    set(&mut response, CONTENT_RANGE, format!("bytes */{bytes}"));
                    return Ok(response);
                }
            }
        };
        set(&mut response, ETAG, tag);
        Ok(response)
    }

    async fn bytes(self, app: &App, first: u64, length: u64) -> Answer<Response> {
        let body = match self.content {
            Content::Text(text) => {
                let bytes = Bytes::from(text);
                let index = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
                Body::from(bytes.slice(index(first)..index(first + length)))
            }
            Content::Object { key, bytes } => {
                let opened = if (first, length) == (0, bytes) {
                    app.objects.open(&key).await
                } else {
                    app.objects.open_range(&key, first..first + length).await
                };
                let opened = opened.map_err(|error| {
                    // The object was deleted in the meantime.
                    if is_missing(&error) { Problem::missing("file") } else { error.into() }
                })?;
                Body::from_stream(opened.stream)
            }
        };
        let mut response = Response::new(body);
        set(&mut response, CONTENT_LENGTH, length.to_string());
        Ok(response)
    }
}

fn set(response: &mut Response, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Whether a header of entity tags names one of them.
fn names(header: &str, tag: &str) -> bool {
    header.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

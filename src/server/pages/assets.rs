//! Style sheets, scripts and icons. They are compiled in, and their addresses change with their content, so that browsers
//! keep them for as long as they like.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use crate::files::to_hex;
use crate::server::app::App;
use crate::server::problem::Problem;

/// How many digits of the hash stand in an address.
const DIGITS: usize = 12;
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const DRAWING: &str = "image/svg+xml";

struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
}

macro_rules! asset {
    ($name:literal, $kind:ident) => {
        Asset { name: $name, kind: $kind, content: include_str!(concat!("static/", $name)) }
    };
}

/// All assets. A script can import another one by `./NAME.js`.
const ASSETS: &[Asset] = &[
    asset!("create.js", SCRIPT),
    asset!("gallery.css", STYLE),
    asset!("gallery.js", SCRIPT),
    asset!("icon.svg", DRAWING),
    asset!("job.js", SCRIPT),
    asset!("live.js", SCRIPT),
    asset!("mine.js", SCRIPT),
    asset!("page.js", SCRIPT),
    asset!("style.css", STYLE),
];

/// A hash of all assets.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in ASSETS {
        for part in [asset.name, "\0", asset.content, "\0"] {
            hash.update(part);
        }
    }
    let mut hash = to_hex(&hash.finalize());
    hash.truncate(DIGITS);
    hash
});

/// The routes of this part.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/static/{hash}/{name}", get(asset))
}

/// The address of an asset.
pub(super) fn address(name: &str) -> String {
    debug_assert!(ASSETS.iter().any(|asset| asset.name == name), "{name} is not in the list of assets");
    format!("/static/{}/{name}", *HASH)
}

async fn asset(Path((hash, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return Problem::missing("file").into_response();
    };
    // A page of another version still asks for its own; what it gets must not be kept under that address.
    let caching = if hash == *HASH { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, caching)], asset.content).into_response()
}

//! The environment variables for the hub, its cache and the network, read once.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::files::read_regular;
use crate::{Error, Result};

/// Where models come from and where they are kept.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The hub's address (`HF_ENDPOINT`)
    pub endpoint: Url,
    /// A mirror for files that are not on a hub: it has `https://HOST/PATH` under `HOST/PATH` (`TEXT2ART_PAGES`)
    pub pages: Option<Url>,
    /// The hub's cache, shared with other programs (`HF_HUB_CACHE`, or its older name `HUGGINGFACE_HUB_CACHE`, or `hub`
    /// in `HF_HOME`)
    pub cache: PathBuf,
    /// The access token for the hub (`HF_TOKEN`, or its older name `HUGGING_FACE_HUB_TOKEN`, or the file
    /// `HF_TOKEN_PATH`, or `token` in `HF_HOME`); none if `HF_HUB_DISABLE_IMPLICIT_TOKEN` is set
    pub token: Option<String>,
    /// What is wrong with the token's file, reported with the first request
    pub token_problem: Option<String>,
    /// Whether network access is disabled (`HF_HUB_OFFLINE`, or `TRANSFORMERS_OFFLINE`)
    pub offline: bool,
    /// A folder with a subfolder for each model, searched before the cache (`TEXT2ART_WEIGHTS`)
    pub weights: Option<PathBuf>,
    /// The program's own folder: `text2art` in `XDG_CACHE_HOME`
    pub own: PathBuf,
    /// Longest time without a byte (`TEXT2ART_NETWORK_TIMEOUT`, in seconds; 30 by default)
    pub stall: Duration,
    /// Longest time to connect: ten seconds, or `stall` if that is less
    pub connect: Duration,
}

/// Names a folder with a subfolder for each model.
pub const WEIGHTS: &str = "TEXT2ART_WEIGHTS";
/// Names a mirror for files that are not on a hub.
pub const PAGES: &str = "TEXT2ART_PAGES";
/// Sets the longest time without a byte.
pub const NETWORK_TIMEOUT: &str = "TEXT2ART_NETWORK_TIMEOUT";

/// The largest file that is read as a token, in bytes.
const LARGEST_TOKEN: u64 = 64 << 10;

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";
const STALL: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);

impl Environment {
    /// Reads the environment.
    ///
    /// # Errors
    /// If a variable is not valid, or the user's cache folder is unknown.
    pub fn read() -> Result<Self> {
        let caches = folder("XDG_CACHE_HOME")
            .filter(|folder| folder.is_absolute())
            .or_else(|| Some(env::home_dir()?.join(".cache")));
        let home = folder("HF_HOME").or_else(|| Some(caches.as_ref()?.join("huggingface")));
        let cache = folder("HF_HUB_CACHE").or_else(|| folder("HUGGINGFACE_HUB_CACHE"));
        let cache = cache.or_else(|| Some(home.as_ref()?.join("hub")));
        let nowhere =
            || Error::usage("there is no folder for downloaded models", "set HOME, or set HF_HOME to a folder");
        let stall = network_timeout()?;
        let token_file = folder("HF_TOKEN_PATH").or_else(|| Some(home.as_ref()?.join("token")));
        let no_token = text("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some_and(|value| is_true(&value));
        let (token, token_problem) = if no_token { (None, None) } else { token(token_file.as_deref())? };
        let offline = text("HF_HUB_OFFLINE").or_else(|| text("TRANSFORMERS_OFFLINE"));
        Ok(Self {
            endpoint: endpoint()?,
            pages: text(PAGES).map(|said| web_address(PAGES, &said, "a mirror of web pages")).transpose()?,
            token,
            token_problem,
            cache: cache.ok_or_else(nowhere)?,
            offline: offline.is_some_and(|value| is_true(&value)),
            weights: folder(WEIGHTS),
            own: caches.or(home).ok_or_else(nowhere)?.join("text2art"),
            stall,
            connect: stall.min(CONNECT),
        })
    }

    /// The address from which to download a file that is not on a hub: its own, or its address on the mirror.
    pub(super) fn page(&self, url: &Url) -> Url {
        let mirrored = |mirror: &Url| {
            let text = format!("{}/{}{}", mirror.as_str().trim_end_matches('/'), url.host_str()?, url.path());
            Url::parse(&text).ok()
        };
        self.pages.as_ref().and_then(mirrored).unwrap_or_else(|| url.clone())
    }
}

/// The value of a variable that is set and not empty.
fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// A path with a leading `~` and variables expanded, as the hub's other clients do.
fn folder(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(set(name)?);
    let path = match path.strip_prefix("~") {
        Ok(inner) => env::home_dir()?.join(inner),
        Err(_) => path,
    };
    // Variables are expanded only in paths that are valid text.
    match path.to_str() {
        Some(text) => Some(with_variables(text, |name| env::var(name).ok()).into()),
        None => Some(path),
    }
}

/// A text with `$NAME` and `${NAME}` replaced by their values; variables that are not set stay as they are (Python's
/// `os.path.expandvars`).
fn with_variables(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        expanded.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, length) = if let Some((name, _)) = braced {
            (name, name.len() + 2)
        } else {
            let length = after.find(|letter| !is_name(letter)).unwrap_or(after.len());
            (&after[..length], length)
        };
        match Some(name).filter(|name| !name.is_empty()).and_then(&value) {
            Some(value) => expanded.push_str(&value),
            None => expanded.push_str(&rest[start..=start + length]),
        }
        rest = &after[length..];
    }
    expanded + rest
}

fn text(name: &str) -> Option<String> {
    set(name)?.into_string().ok()
}

/// Whether `huggingface_hub` takes a value for true (its `constants.py`).
fn is_true(value: &str) -> bool {
    ["1", "ON", "YES", "TRUE"].contains(&value.to_uppercase().as_str())
}

fn endpoint() -> Result<Url> {
    let said = text("HF_ENDPOINT").unwrap_or_else(|| DEFAULT_ENDPOINT.into());
    web_address("HF_ENDPOINT", &said, "a hub, such as https://huggingface.co")
}

/// The web address of `what` in a variable.
fn web_address(variable: &str, said: &str, what: &str) -> Result<Url> {
    let hint = format!("set it to the address of {what}, or unset it");
    let Some(url) = Url::parse(said).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    else {
        // Even an invalid address may contain a password.
        let shown = said.rsplit('@').next().unwrap_or_default();
        return Err(Error::usage(format!("{variable}: `{shown}` is not a web address"), hint));
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::usage(format!("{variable}: this address cannot contain ? or #"), hint));
    }
    Ok(url)
}

/// An address without user name, password and trailing slash.
pub(super) fn without_login(url: &Url) -> String {
    let mut url = url.clone();
    // Fails only for addresses that cannot have a login.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// The token, or what is wrong with the file that should hold one.
fn token(file: Option<&Path>) -> Result<(Option<String>, Option<String>)> {
    let is_token = |token: &str| token.bytes().all(|byte| byte.is_ascii_graphic());
    for variable in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
        let Some(said) = set(variable) else { continue };
        let said = said.to_string_lossy().trim().to_owned();
        if !is_token(&said) {
            let hint = format!("set {variable} to only the token, as shown at huggingface.co/settings/tokens");
            return Err(Error::usage(
                format!("{variable}: not a valid token, which has letters and digits but no spaces"),
                hint,
            ));
        }
        if !said.is_empty() {
            return Ok((Some(said), None));
        }
    }
    let Some(path) = file else { return Ok((None, None)) };
    let Ok(content) = read_regular(path, LARGEST_TOKEN) else { return Ok((None, None)) };
    let content = String::from_utf8_lossy(&content).trim().to_owned();
    if !is_token(&content) {
        let problem = format!("{}: not a valid token, which has letters and digits but no spaces", path.display());
        return Ok((None, Some(problem)));
    }
    Ok((Some(content).filter(|token| !token.is_empty()), None))
}

/// The longest time without a byte.
///
/// # Errors
/// If `TEXT2ART_NETWORK_TIMEOUT` is not a number of seconds.
pub(crate) fn network_timeout() -> Result<Duration> {
    let Some(said) = text(NETWORK_TIMEOUT) else { return Ok(STALL) };
    let seconds = said.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    let seconds: f64 = seconds.ok_or_else(|| {
        Error::usage(
            format!("{NETWORK_TIMEOUT}: `{said}` is not a number of seconds from 0.1 to 3600"),
            format!("fix or unset {NETWORK_TIMEOUT}"),
        )
    })?;
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_as_python_does() {
        // Python: os.environ.update(A='x', B_1='y', E=''); os.path.expandvars(text)
        let value = |name: &str| [("A", "x"), ("B_1", "y"), ("E", "")].iter().find(|(known, _)| *known == name);
        let expanded = |text| with_variables(text, |name| value(name).map(|(_, value)| (*value).to_owned()));
        for (text, expected) in [
            ("/a/b", "/a/b"),
            ("$A/hub", "x/hub"),
            ("/c/${A}b/$B_1", "/c/xb/y"),
            ("$AB/$A.b", "$AB/x.b"),
            ("$E/a", "/a"),
            ("$", "$"),
            ("a$$A", "a$x"),
            ("${A", "${A"),
            ("${}/${N}", "${}/${N}"),
            ("ü$Aü", "üxü"),
        ] {
            assert_eq!(expanded(text), expected, "{text}");
        }
    }
}

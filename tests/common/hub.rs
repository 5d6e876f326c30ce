//! A small hub on 127.0.0.1 with the addresses, headers and redirects of huggingface.co, which misbehaves on request.
//! Large files are on another port, as they are on another host there. Every connection ends with the hub at the
//! latest.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};
use text2art::files::to_hex;

/// Files of this size or more are large: they are named by their SHA-256, and served by the other port.
const LARGE: usize = 100_000;
/// Longest head of a request, in bytes.
const LONGEST_HEAD: usize = 1 << 14;

/// A hub that lives as long as this value.
pub struct TestHub {
    pub endpoint: String,
    /// The address of large files
    pub elsewhere: String,
    state: Arc<State>,
}

struct State {
    elsewhere: Mutex<String>,
    repositories: Mutex<Vec<Repository>>,
    faults: Mutex<Vec<(String, Fault)>>,
    requests: Mutex<Vec<Seen>>,
    ended: AtomicBool,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// The path, after the port's kind: `hub /a/b` or `elsewhere /...`
    pub path: String,
    /// Names in lower case
    pub headers: BTreeMap<String, String>,
}

/// A repository of the hub.
#[derive(Clone, Debug)]
pub struct Repository {
    pub id: String,
    /// The commit of all its branches
    pub commit: String,
    pub branches: Vec<String>,
    pub files: BTreeMap<String, Vec<u8>>,
    /// The token that may read it; everyone may if there is none
    pub token: Option<String>,
}

/// A fault of the hub in one response.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The body ends after this many bytes
    Cut(usize),
    /// Nothing arrives after this many bytes
    Stall(usize),
    /// The body arrives a byte at a time, ten per second
    Trickle,
    /// Not even a status arrives
    Silent,
    /// The whole file, whatever range was asked for
    IgnoreRange,
    /// A part of the file that was not asked for
    WrongRange,
    /// One byte of the body is wrong
    Corrupt,
    /// More bytes than there are
    TooLong,
    /// The body is compressed, whatever was asked for
    Gzip,
    /// The response has this status, with this header
    Status(u16, &'static str),
    /// The header of this name has this value
    Header(&'static str, String),
}

impl TestHub {
    pub fn new(repositories: Vec<Repository>) -> Self {
        let state = Arc::new(State {
            elsewhere: Mutex::default(),
            repositories: repositories.into(),
            faults: Mutex::default(),
            requests: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let elsewhere = listen("elsewhere", &state);
        state.elsewhere.lock().unwrap().clone_from(&elsewhere);
        let endpoint = listen("hub", &state);
        Self { endpoint, elsewhere, state }
    }

    /// Gives this fault to the next response to a request whose `METHOD kind /path` contains `pattern`.
    pub fn fault(&self, pattern: &str, fault: Fault) {
        self.state.faults.lock().unwrap().push((pattern.to_owned(), fault));
    }

    /// Faults that no request has met.
    pub fn faults_left(&self) -> usize {
        self.state.faults.lock().unwrap().len()
    }

    pub fn requests(&self) -> Vec<Seen> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Requests whose `METHOD kind /path` contains `pattern`.
    pub fn requests_of(&self, pattern: &str) -> Vec<Seen> {
        self.requests().into_iter().filter(|seen| seen.line().contains(pattern)).collect()
    }

    /// Changes a repository.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Repository)) {
        change(self.state.repositories.lock().unwrap().iter_mut().find(|repository| repository.id == id).unwrap());
    }
}

impl Drop for TestHub {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        for address in [&self.endpoint, &self.elsewhere] {
            // Wakes the listener, so that it sees the end.
            let _ = TcpStream::connect(address.trim_start_matches("http://"));
        }
    }
}

impl Seen {
    fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

impl Repository {
    pub fn new(id: &str, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let files: BTreeMap<_, _> = files.into_iter().collect();
        let commit = to_hex(&Sha256::digest(id))[..40].to_owned();
        Self { id: id.to_owned(), commit, branches: vec!["main".into()], files, token: None }
    }

    /// The files of a folder of reference data, under the names `rename` gives them; without a name, left out.
    pub fn of_folder(id: &str, folder: &str, names: &[(&str, &str)]) -> Self {
        let folder = super::fixtures().join(folder);
        Self::new(id, names.iter().map(|(from, to)| ((*to).to_owned(), std::fs::read(folder.join(from)).unwrap())))
    }

    pub fn clip(id: &str) -> Self {
        let names = ["config.json", "model.safetensors", "tokenizer.json"];
        Self::of_folder(id, "clip", &names.map(|name| (name, name)))
    }

    pub fn vqgan(id: &str) -> Self {
        Self::of_folder(id, "vqgan", &[("last.ckpt", "last.ckpt"), ("model.yaml", "model.yaml")])
    }

    pub fn branch(mut self, name: &str) -> Self {
        self.branches.push(name.to_owned());
        self
    }
}

fn listen(kind: &'static str, state: &Arc<State>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let state = state.clone();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            if state.ended.load(Ordering::SeqCst) {
                return;
            }
            let (Ok(connection), state) = (connection, state.clone()) else { continue };
            std::thread::spawn(move || {
                // Some tests are about clients that go away.
                let _ = serve(kind, connection, &state);
            });
        }
    });
    address
}

/// A response to be sent.
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Response {
    fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

fn serve(kind: &str, mut connection: TcpStream, state: &State) -> std::io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(20)))?;
    connection.set_write_timeout(Some(Duration::from_secs(20)))?;
    let Some(seen) = read_head(kind, &mut connection)? else { return Ok(()) };
    state.requests.lock().unwrap().push(seen.clone());
    let fault = {
        let mut faults = state.faults.lock().unwrap();
        let index = faults.iter().position(|(pattern, _)| seen.line().contains(pattern.as_str()));
        index.map(|index| faults.remove(index).1)
    };
    let ignored = matches!(fault, Some(Fault::IgnoreRange));
    let mut response = if kind == "hub" { state.of_hub(&seen, ignored) } else { state.of_elsewhere(&seen, ignored) };
    let mut sent = usize::MAX;
    match &fault {
        Some(Fault::Silent) => {
            wait_for_end(state);
            return Ok(());
        }
        Some(Fault::Cut(bytes) | Fault::Stall(bytes)) => sent = *bytes,
        Some(Fault::Status(status, header)) => {
            response = Response::new(*status);
            response.headers.extend(header.split_once(": ").map(|(name, value)| (name.into(), value.into())));
        }
        Some(Fault::Header(name, value)) => {
            response.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            response.headers.push(((*name).to_owned(), value.clone()));
        }
        Some(Fault::Corrupt) => response.body[0] ^= 1,
        Some(Fault::WrongRange) => {
            for (name, value) in &mut response.headers {
                if name == "Content-Range" {
                    *value = value.replacen("bytes ", "bytes 1", 1);
                }
            }
        }
        Some(Fault::Gzip) => response = gzip(response),
        Some(Fault::TooLong | Fault::IgnoreRange | Fault::Trickle) | None => {}
    }
    let small = kind == "hub" && response.status == 200;
    if small && seen.header("accept-encoding").is_some_and(|accepted| accepted.contains("gzip")) {
        response = gzip(response);
    }
    let too_long = matches!(fault, Some(Fault::TooLong));
    if !too_long && !response.headers.iter().any(|(name, _)| name == "Content-Length") {
        let length = response.body.len().to_string();
        response = response.with("Content-Length", length);
    }
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", response.status);
    for (name, value) in &response.headers {
        head.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
    }
    connection.write_all(format!("{head}\r\n").as_bytes())?;
    if seen.method == "HEAD" {
        return Ok(());
    }
    if matches!(fault, Some(Fault::Trickle)) {
        for byte in response.body.iter().take_while(|_| !state.ended.load(Ordering::SeqCst)) {
            connection.write_all(&[*byte])?;
            connection.flush()?;
            std::thread::sleep(Duration::from_millis(100));
        }
        return Ok(());
    }
    let shown = &response.body[..sent.min(response.body.len())];
    connection.write_all(shown)?;
    if too_long {
        connection.write_all(&vec![0; 1 << 20])?;
    }
    connection.flush()?;
    if matches!(fault, Some(Fault::Stall(_))) {
        wait_for_end(state);
    }
    Ok(())
}

fn wait_for_end(state: &State) {
    while !state.ended.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn read_head(kind: &str, connection: &mut TcpStream) -> std::io::Result<Option<Seen>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > LONGEST_HEAD || connection.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    };
    let path = format!("{kind} {}", path.split('?').next().unwrap_or_default());
    Ok(Some(Seen { method: method.to_owned(), path, headers: lines.filter_map(header).collect() }))
}

impl State {
    fn of_hub(&self, seen: &Seen, ignore_range: bool) -> Response {
        let path = seen.path.trim_start_matches("hub /").replace("%2F", "/");
        let repositories = self.repositories.lock().unwrap();
        let within = |id: &str, prefix: &str| Some(path.strip_prefix(&format!("{prefix}{id}"))?.to_owned());
        for repository in repositories.iter() {
            let api = within(&repository.id, "api/models/").filter(|rest| rest.is_empty() || rest.starts_with('/'));
            let file = within(&repository.id, "").filter(|rest| rest.starts_with("/resolve/"));
            if api.is_none() && file.is_none() {
                continue;
            }
            let authorized = repository.token.as_ref().is_none_or(|token| {
                seen.header("authorization").is_some_and(|header| header == format!("Bearer {token}"))
            });
            if !authorized {
                return Response::new(401).with("X-Error-Code", "GatedRepo");
            }
            if let Some(rest) = api {
                let revision = rest.trim_start_matches("/revision/");
                let known = repository.knows(if revision.is_empty() { "main" } else { revision });
                let unknown = || Response::new(404).with("X-Error-Code", "RevisionNotFound");
                return if known { repository.listing() } else { unknown() };
            }
            let rest = file.unwrap_or_default();
            let rest = rest.trim_start_matches("/resolve/");
            let mut names = repository.branches.iter().chain([&repository.commit]);
            let found = names.find_map(|name| rest.strip_prefix(&format!("{name}/")));
            let Some(file) = found else { return Response::new(404).with("X-Error-Code", "RevisionNotFound") };
            let Some(content) = repository.files.get(file) else {
                return Response::new(404)
                    .with("X-Error-Code", "EntryNotFound")
                    .with("X-Repo-Commit", &repository.commit);
            };
            return self.file(repository, content, seen, ignore_range);
        }
        Response::new(404).with("X-Error-Code", "RepoNotFound")
    }

    /// A file, or a redirect if it is large.
    fn file(&self, repository: &Repository, content: &[u8], seen: &Seen, ignore_range: bool) -> Response {
        let sha256 = to_hex(&Sha256::digest(content));
        if content.len() >= LARGE {
            let elsewhere = self.elsewhere.lock().unwrap();
            return Response::new(302)
                .with("X-Repo-Commit", &repository.commit)
                .with("X-Linked-Etag", format!("\"{sha256}\""))
                .with("X-Linked-Size", content.len().to_string())
                .with("ETag", format!("\"{sha256}\""))
                .with("Location", format!("{elsewhere}/{sha256}?signature=secret"));
        }
        // The real hub names small files by git's digest, 40 digits; compressed on the way, it is a weak one.
        let response = ranged(content, &format!("W/\"{}\"", &sha256[..40]), seen, ignore_range);
        response.with("X-Repo-Commit", &repository.commit)
    }

    fn of_elsewhere(&self, seen: &Seen, ignore_range: bool) -> Response {
        let wanted = seen.path.trim_start_matches("elsewhere /");
        let repositories = self.repositories.lock().unwrap();
        let mut contents = repositories.iter().flat_map(|repository| &repository.files);
        // A mirror of pages has files under the addresses of these.
        match contents.find(|(name, content)| *name == wanted || to_hex(&Sha256::digest(content)) == wanted) {
            // The real host also has its own names.
            Some((_, content)) => ranged(content, &format!("\"elsewhere-{}\"", &wanted[..8]), seen, ignore_range),
            None => Response::new(404),
        }
    }
}

impl Repository {
    fn knows(&self, revision: &str) -> bool {
        revision == self.commit || self.branches.iter().any(|branch| branch == revision)
    }

    fn listing(&self) -> Response {
        let siblings: Vec<_> = self.files.keys().map(|file| json!({ "rfilename": file })).collect();
        let answer = json!({
            "id": self.id,
            "modelId": self.id,
            "sha": self.commit,
            "private": false,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "siblings": siblings,
            "cardData": { "license": "mit" },
        });
        let mut response = Response::new(200).with("Content-Type", "application/json");
        response.body = answer.to_string().into_bytes();
        response
    }
}

/// A content, or the requested part of it.
fn ranged(content: &[u8], etag: &str, seen: &Seen, ignore_range: bool) -> Response {
    let fits = seen.header("if-range").is_none_or(|wanted| wanted == etag && !etag.starts_with("W/"));
    let range = seen.header("range").filter(|_| !ignore_range && fits);
    let start: Option<usize> = range.and_then(|range| range.strip_prefix("bytes=")?.split('-').next()?.parse().ok());
    let mut response = match start {
        None => {
            let mut response = Response::new(200);
            response.body = content.to_vec();
            response
        }
        Some(start) if start < content.len() => {
            let end = content.len() - 1;
            let range = format!("bytes {start}-{end}/{}", content.len());
            let mut response = Response::new(206).with("Content-Range", range);
            response.body = content[start..].to_vec();
            response
        }
        Some(_) => Response::new(416).with("Content-Range", format!("bytes */{}", content.len())),
    };
    response.headers.push(("ETag".into(), etag.into()));
    response
}

fn gzip(mut response: Response) -> Response {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(&response.body).unwrap();
    response.body = writer.finish().unwrap();
    response.with("Content-Encoding", "gzip")
}

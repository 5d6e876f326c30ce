//! The client against a server that is made by hand and misbehaves.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Address, Artifact, Job, Offer, Query, Server, Sight, State, Token};
use crate::database::Id;
use crate::files::{Existing, to_hex};
use crate::progress::Stop;
use crate::{Error, Result};

const ID: &str = "0123456789abcdefghjkmnpqrs";
/// No test waits for anything as long as this.
const LIMIT: Duration = Duration::from_secs(60);

/// A request that arrived.
#[derive(Clone, Debug)]
struct Seen {
    /// The method and the path with its query
    line: String,
    /// In lower case
    head: String,
    body: Vec<u8>,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))
    }
}

/// What the server does about a request: the bytes of the answer, head and body, and what happens then.
enum Reply {
    /// The connection ends after these bytes
    Bytes(Vec<u8>),
    /// Nothing more comes after these bytes
    Stall(Vec<u8>),
}

/// A server that lives as long as this value.
struct Fake {
    address: Address,
    seen: Arc<Mutex<Vec<Seen>>>,
    ended: Arc<AtomicBool>,
}

impl Fake {
    /// A server that answers each request by `reply`, which also gets its number.
    fn new(reply: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let (seen, ended) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (kept, over, reply) = (seen.clone(), ended.clone(), Arc::new(reply));
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (kept, over, reply) = (kept.clone(), over.clone(), reply.clone());
                // Some tests are about clients that go away.
                std::thread::spawn(move || serve(connection?, &kept, &over, &*reply));
            }
        });
        Self { address, seen, ended }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    fn client(&self) -> Server {
        Server::new(self.address.clone(), None, &Stop::default()).unwrap()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees the end.
        let _ = TcpStream::connect(self.address.to_string().trim_start_matches("http://"));
    }
}

fn serve(
    mut connection: TcpStream,
    kept: &Mutex<Vec<Seen>>,
    ended: &AtomicBool,
    reply: &dyn Fn(&Seen, usize) -> Reply,
) -> std::io::Result<()> {
    connection.set_read_timeout(Some(LIMIT))?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if connection.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let mut seen = Seen { line, head: head.to_lowercase(), body: Vec::new() };
    let length = seen.header("content-length").and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    seen.body = vec![0; length];
    connection.read_exact(&mut seen.body)?;
    let number = {
        let mut kept = kept.lock().unwrap();
        kept.push(seen.clone());
        kept.len() - 1
    };
    match reply(&seen, number) {
        Reply::Bytes(bytes) => connection.write_all(&bytes),
        Reply::Stall(bytes) => {
            connection.write_all(&bytes)?;
            while !ended.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
    }
}

fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn json_answer(status: u16, body: &Value) -> Reply {
    Reply::Bytes(answer(status, "Content-Type: application/json\r\n", body.to_string().as_bytes()))
}

/// A stream of events that begins with these jobs.
fn events(jobs: &[Value]) -> Vec<u8> {
    let mut text =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nretry: 10\n\n".to_owned();
    for job in jobs {
        text.extend(["event: job\nid: ", &job["version"].to_string(), "\ndata: ", &job.to_string(), "\n\n"]);
    }
    text.into_bytes()
}

fn job(state: &str, version: u64) -> Value {
    json!({"id": ID, "state": state, "version": version, "iteration": version, "iterations": 9})
}

fn id() -> Id {
    Id::parse(ID).unwrap()
}

/// The versions that were passed on, and the end.
fn watched(server: &Server) -> (Vec<u64>, Result<Job>) {
    let mut versions = Vec::new();
    let end = server.watch(&id(), &mut |sight| {
        if let Sight::Job(job) = sight {
            versions.push(job.version);
        }
        Ok(())
    });
    (versions, end)
}

#[test]
fn a_request_whose_answer_is_lost_is_repeated_with_the_same_key() {
    let fake = Fake::new(|_, number| match number {
        0 => Reply::Bytes(Vec::new()),
        1 => json_answer(503, &json!({"detail": "a moment"})),
        _ => json_answer(201, &job("queued", 1)),
    });
    let key = Id::random().unwrap();
    let order = json!({"prompt": "a cat"}).as_object().unwrap().clone();
    let job = fake.client().submit(&order, &key).unwrap();
    assert_eq!((job.id, job.state), (id(), State::Queued));
    let seen = fake.seen();
    assert_eq!(seen.len(), 3);
    for request in seen {
        assert_eq!(request.line, "POST /api/v1/jobs");
        assert_eq!(request.header("idempotency-key"), Some(key.as_str()));
        assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), Value::from(order.clone()));
    }
}

#[test]
fn an_offer_tells_what_is_no_fault_of_the_request() {
    let offered = |status: u16, headers: &'static str, body: Value| {
        let fake = Fake::new(move |_, _| Reply::Bytes(answer(status, headers, body.to_string().as_bytes())));
        let order = json!({"prompt": "a cat"}).as_object().unwrap().clone();
        let offer = fake.client().offer(&order, "line-1");
        assert!(fake.seen().iter().all(|request| request.header("idempotency-key") == Some("line-1")));
        (offer, fake.seen().len())
    };
    let problem = || json!({"title": "T", "detail": "too many"});
    let (taken, _) = offered(200, "", job("done", 3));
    assert!(matches!(taken, Ok(Offer::Taken { job, is_new: false }) if job.state == State::Done));
    let (taken, _) = offered(201, "", job("queued", 1));
    assert!(matches!(taken, Ok(Offer::Taken { job, is_new: true }) if job.state == State::Queued));
    // The caller has other things to do meanwhile.
    let (later, count) = offered(429, "Retry-After: 30\r\n", problem());
    assert!(matches!(later, Ok(Offer::Later(wait)) if wait == Duration::from_secs(30)) && count == 1);
    assert!(matches!(offered(429, "", problem()).0, Ok(Offer::Later(_))));
    for absurd in ["Retry-After: 86400000\r\n", "Retry-After: 18446744073709551615\r\n"] {
        let (later, _) = offered(429, absurd, problem());
        assert!(matches!(later, Ok(Offer::Later(wait)) if wait == Duration::from_secs(300)), "{later:?}");
    }
    assert!(matches!(offered(409, "", problem()).0, Ok(Offer::OtherRequest(None))));
    let of_job = json!({"title": "T", "detail": "used", "job": ID});
    assert!(matches!(offered(409, "", of_job).0, Ok(Offer::OtherRequest(Some(job))) if job == id()));
    let absurd = json!({"title": "T", "detail": "used", "job": "../x"});
    assert!(matches!(offered(409, "", absurd).0, Ok(Offer::OtherRequest(None))));
    let (refused, count) = offered(422, "", problem());
    assert!(refused.unwrap_err().is_usage() && count == 1);
}

#[test]
fn what_cannot_get_better_is_not_repeated() {
    for (status, is_usage) in [(404, true), (422, true), (401, true), (403, true)] {
        let fake = Fake::new(move |_, _| json_answer(status, &json!({"title": "T", "detail": "size is wrong"})));
        let error = fake.client().look(&id()).unwrap_err();
        assert_eq!((error.is_usage(), fake.seen().len()), (is_usage, 1), "{status}: {error}");
    }
    let fake = Fake::new(|_, _| {
        let problem = json!({"detail": "too many"}).to_string();
        Reply::Bytes(answer(429, "Retry-After: 3600\r\n", problem.as_bytes()))
    });
    let error = fake.client().look(&id()).unwrap_err();
    assert!(!error.is_usage() && error.hint().contains("3600 s") && fake.seen().len() == 1, "{error}");
    let fake = Fake::new(|_, _| Reply::Bytes(answer(200, "", b"<html>hello</html>")));
    let error = fake.client().look(&id()).unwrap_err();
    assert!(error.to_string().contains("cannot be read") && fake.seen().len() == 1, "{error}");
    let fake = Fake::new(|_, _| Reply::Bytes(answer(301, "Location: https://elsewhere.example/\r\n", b"")));
    let error = fake.client().look(&id()).unwrap_err();
    assert!(error.hint().contains("--server https://elsewhere.example") && fake.seen().len() == 1, "{error}");
}

#[test]
fn a_port_without_a_server_is_reported_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: Address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let error = Server::new(address, None, &Stop::default()).unwrap().look(&id()).unwrap_err();
    assert!(error.to_string().starts_with("no server answers at http://127.0.0.1:"), "{error}");
    assert!(error.hint().contains("text2art serve"), "{}", error.hint());
}

#[test]
fn a_token_goes_to_its_server_only() {
    let token: Token = "t2a_secret".parse().unwrap();
    let refused = Server::new("http://gpu-box:8080".parse().unwrap(), Some(token.clone()), &Stop::default());
    let error = refused.err().unwrap();
    assert!(error.is_usage() && error.to_string().contains("no encryption"), "{error}");
    assert!(Server::new("https://gpu-box".parse().unwrap(), Some(token.clone()), &Stop::default()).is_ok());

    let elsewhere = Arc::new(Fake::new(|_, _| Reply::Bytes(answer(200, "", b"abc"))));
    let target = elsewhere.address.clone();
    let fake = Fake::new(move |_, _| Reply::Bytes(answer(302, &format!("Location: {target}/bucket/x\r\n"), b"")));
    let server = Server::new(fake.address.clone(), Some(token), &Stop::default()).unwrap();
    assert_eq!(server.fetch_bytes(&id(), &artifact(b"abc")).unwrap(), b"abc");
    assert_eq!(fake.seen()[0].header("authorization"), Some("bearer t2a_secret"));
    assert_eq!(elsewhere.seen()[0].header("authorization"), None);
}

#[test]
fn lists_are_read_page_by_page() {
    let page = |first: u64| {
        let items: Vec<Value> = (first..first + 100).map(|version| job("done", version)).collect();
        json!({"items": items, "next": format!("{first}+&")})
    };
    let fake = Fake::new(move |_, number| json_answer(200, &page(100 * number as u64)));
    let query = Query { state: Some("done".into()), limit: 150 };
    let jobs = fake.client().list(&query).unwrap();
    assert!(jobs.iter().map(|job| job.version).eq(0..150));
    let lines: Vec<String> = fake.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/jobs?owner=me&limit=100&state=done",
            "GET /api/v1/jobs?owner=me&limit=50&state=done&before=0%2B%26"
        ]
    );
}

#[test]
fn a_job_is_followed_across_broken_streams() {
    let fake = Fake::new(|seen, number| match (seen.line.ends_with("/events"), number) {
        (false, 0) => json_answer(200, &job("queued", 1)),
        (true, 1) => Reply::Bytes(events(&[job("running", 2), job("running", 3)])),
        // Without a whole event.
        (true, 3) => Reply::Bytes(events(&[])[..60].to_vec()),
        (true, _) => Reply::Stall(events(&[job("running", 3), job("running", 2), job("done", 5)])),
        (false, _) => json_answer(200, &job("running", 3)),
    });
    let (versions, end) = watched(&fake.client());
    assert_eq!(end.unwrap().state, State::Done);
    assert!(versions.is_sorted() && versions.contains(&2) && versions.last() == Some(&5), "{versions:?}");
    let known: Vec<Option<String>> = fake
        .seen()
        .iter()
        .filter(|seen| seen.line.ends_with("/events"))
        .map(|seen| seen.header("last-event-id").map(str::to_owned))
        .collect();
    assert_eq!(known, [Some("1".into()), Some("3".into()), Some("3".into())]);
}

#[test]
fn a_proxy_that_holds_events_back_only_slows_the_watch() {
    for page in [None, Some("<html>no streams here</html>")] {
        let asked = AtomicBool::new(false);
        let fake = Fake::new(move |seen, _| match (seen.line.ends_with("/events"), page) {
            (true, Some(page)) => Reply::Bytes(answer(200, "Content-Type: text/html\r\n", page.as_bytes())),
            (true, None) => Reply::Bytes(answer(504, "", b"")),
            (false, _) if asked.swap(true, Ordering::SeqCst) => json_answer(200, &job("done", 7)),
            (false, _) => json_answer(200, &job("running", 2)),
        });
        let (versions, end) = watched(&fake.client());
        assert_eq!((versions, end.unwrap().state), (vec![2, 7], State::Done), "{page:?}");
    }
}

#[test]
fn a_job_that_is_gone_ends_the_watch() {
    let fake = Fake::new(|_, number| match number {
        0 => json_answer(200, &job("running", 2)),
        _ => json_answer(404, &json!({"detail": "there is no such job"})),
    });
    let (versions, end) = watched(&fake.client());
    assert_eq!(versions, [2]);
    assert_eq!(end.unwrap_err().to_string(), "there is no such job");
}

#[test]
fn a_stop_ends_a_stream_that_says_nothing() {
    let fake = Fake::new(|seen, _| {
        if seen.line.ends_with("/events") { Reply::Stall(events(&[])) } else { json_answer(200, &job("running", 2)) }
    });
    let stop = Stop::default();
    let server = Server::new(fake.address.clone(), None, &stop).unwrap();
    let (requested, begun) = (stop.clone(), Instant::now());
    let end = server.watch(&id(), &mut |_| {
        requested.request();
        Ok(())
    });
    assert!(matches!(end, Err(Error::Stopped)), "{end:?}");
    // Far less than the silence after which a stream ends by itself.
    assert!(begun.elapsed() < Duration::from_secs(15));
}

fn artifact(content: &[u8]) -> Artifact {
    Artifact { name: "picture.png".into(), bytes: content.len() as u64, sha256: to_hex(&Sha256::digest(content)) }
}

fn fetched(fake: &Fake, content: &[u8], target: &Path, existing: Existing) -> Result<std::path::PathBuf> {
    fake.client().fetch(&id(), &artifact(content), (target, existing), &mut |_| {})
}

/// A file in answers that break off after a part, whether or not the server can continue.
fn in_parts(content: Vec<u8>, continues: bool) -> Fake {
    Fake::new(move |seen, number| {
        let start =
            seen.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let start: usize = start.filter(|_| continues).unwrap_or(0);
        let range = format!("Content-Range: bytes {start}-{}/{}\r\n", content.len() - 1, content.len());
        let (status, headers) = if start > 0 { (206, range.as_str()) } else { (200, "") };
        let whole = answer(status, headers, &content[start..]);
        let cut = if number < 2 { whole.len() - content.len() / 3 } else { whole.len() };
        Reply::Bytes(whole[..cut].to_vec())
    })
}

#[test]
fn a_file_arrives_whole_across_broken_connections() {
    let folder = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    for (name, continues) in [("a.png", true), ("b.png", false)] {
        let target = folder.path().join(name);
        let fake = in_parts(content.clone(), continues);
        assert_eq!(fetched(&fake, &content, &target, Existing::Keep).unwrap(), target);
        assert!(std::fs::read(&target).unwrap() == content);
        assert_eq!((fake.seen().len(), fake.seen()[1].header("range").is_some()), (3, true));
    }
    // A name that was taken in the meantime is left alone.
    let fake = in_parts(content.clone(), true);
    let beside = fetched(&fake, &content, &folder.path().join("a.png"), Existing::Keep).unwrap();
    assert_eq!(beside, folder.path().join("a-2.png"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn a_wrong_file_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.png");
    for (sent, words) in [(&b"abd"[..], "SHA-256 mismatch"), (b"abcd", "longer than announced")] {
        let fake = Fake::new(move |_, _| Reply::Bytes(answer(200, "", sent)));
        let error = fetched(&fake, b"abc", &target, Existing::Replace).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let fake = Fake::new(|_, _| json_answer(404, &json!({"detail": "there is no such file"})));
    assert!(fetched(&fake, b"abc", &target, Existing::Replace).unwrap_err().is_usage());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_upload_is_a_form_and_its_answer_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret-name.png");
    std::fs::write(&path, b"pixels\r\n--").unwrap();
    let fake = Fake::new(|_, _| json_answer(201, &json!({"id": ID, "width": 4, "height": 4, "format": "png"})));
    assert_eq!(fake.client().upload(&path).unwrap(), ID);
    let seen = &fake.seen()[0];
    let boundary = seen.header("content-type").unwrap().split_once("boundary=").unwrap().1.to_owned();
    let body = String::from_utf8(seen.body.clone()).unwrap();
    assert!(body.starts_with(&format!("--{boundary}\r\n")) && body.ends_with(&format!("\r\n--{boundary}--\r\n")));
    assert!(body.contains("name=\"image\"") && body.contains("\r\n\r\npixels\r\n--\r\n") && !body.contains("secret"));
    // A refusal names the file.
    let fake = Fake::new(|_, _| json_answer(422, &json!({"detail": "this is not a picture", "hint": "give a PNG"})));
    let error = fake.client().upload(&path).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("secret-name.png: this is not a picture"), "{error}");
    assert!(fake.client().upload(&folder.path().join("none.png")).unwrap_err().is_usage());
    let fake = Fake::new(|_, _| json_answer(201, &json!({"id": "../x"})));
    assert!(fake.client().upload(&path).is_err());
}

#[test]
fn a_job_that_has_ended_is_not_canceled_and_no_error() {
    let fake = Fake::new(|seen, _| {
        let ended = json!({"detail": "the job has already ended: it is done"});
        if seen.line.ends_with("/cancel") { json_answer(409, &ended) } else { json_answer(200, &job("done", 7)) }
    });
    assert_eq!(fake.client().cancel(&id()).unwrap().state, State::Done);
    let fake = Fake::new(|_, _| json_answer(404, &json!({"detail": "there is no such job"})));
    assert!(fake.client().cancel(&id()).unwrap_err().is_usage());
}

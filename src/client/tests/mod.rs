//! The client against a server that is made by hand and misbehaves.

mod files;
mod requests;
mod watching;

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

fn artifact(content: &[u8]) -> Artifact {
    Artifact { name: "picture.png".into(), bytes: content.len() as u64, sha256: to_hex(&Sha256::digest(content)) }
}

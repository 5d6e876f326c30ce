//! An SMTP server of this machine without TLS, which takes letters, refuses them or stays silent, as a test plans it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::program::LIMIT;
use super::server::Server;

/// What happens to the next letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is taken.
    Take,
    /// The recipient is refused with these words.
    Refuse(&'static str),
    /// The server says nothing more once it knows the recipient.
    SilentBefore,
    /// The server takes the letter, but does not say so.
    SilentAfter,
}

/// A letter that the server took.
#[derive(Debug, Clone)]
pub struct Letter {
    pub from: String,
    pub to: String,
    /// Headers and body, as they came
    pub text: String,
}

/// The server. Its threads end with the process.
pub struct Sink {
    /// Where it listens
    pub address: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<Known>,
    changed: Condvar,
}

#[derive(Default)]
struct Known {
    letters: Vec<Letter>,
    plan: VecDeque<Fate>,
    /// How many connections say nothing more
    silent: usize,
}

impl Sink {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared::default());
        let accepting = shared.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let shared = accepting.clone();
                std::thread::spawn(move || converse(&connection, &shared));
            }
        });
        Self { address, shared }
    }

    /// Decides what happens to the next letters; all others are taken.
    pub fn plan(&self, fates: &[Fate]) {
        self.shared.state.lock().unwrap().plan.extend(fates);
    }

    /// The letters, once there are so many.
    pub fn wait(&self, count: usize) -> Vec<Letter> {
        self.until(|known| known.letters.len() >= count, |known| known.letters.clone())
    }

    /// The last letter, once there are so many.
    pub fn letter(&self, count: usize) -> Letter {
        self.wait(count).swap_remove(count - 1)
    }

    /// The letters so far.
    pub fn letters(&self) -> Vec<Letter> {
        self.shared.state.lock().unwrap().letters.clone()
    }

    /// Waits until the server has gone silent in a conversation.
    pub fn wait_for_silence(&self) {
        self.until(|known| known.silent > 0, |_| ());
    }

    /// Waits until nothing of the plan is left.
    pub fn wait_for_plan(&self) {
        self.until(|known| known.plan.is_empty(), |_| ());
    }

    fn until<T>(&self, is_right: impl Fn(&Known) -> bool, found: impl Fn(&Known) -> T) -> T {
        let started = Instant::now();
        let mut known = self.shared.state.lock().unwrap();
        while !is_right(&known) {
            assert!(started.elapsed() < LIMIT, "{} letters, {:?} is left", known.letters.len(), known.plan);
            known = self.shared.changed.wait_timeout(known, Duration::from_secs(1)).unwrap().0;
        }
        found(&known)
    }
}

/// Speaks as RFC 5321 asks for.
fn converse(connection: &TcpStream, shared: &Shared) {
    let say = |line: &str| (&mut &*connection).write_all(format!("{line}\r\n").as_bytes());
    let mut lines = BufReader::new(connection);
    let mut from = String::new();
    let mut to = String::new();
    let mut fate = Fate::Take;
    let mut answer = say("220 sink");
    while answer.is_ok() {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        answer = match verb.as_str() {
            "EHLO" => say("250-sink\r\n250 8BITMIME"),
            "MAIL" => {
                bracketed(line).clone_into(&mut from);
                say("250 ok")
            }
            "RCPT" => {
                bracketed(line).clone_into(&mut to);
                fate = shared.state.lock().unwrap().plan.pop_front().unwrap_or(Fate::Take);
                shared.changed.notify_all();
                match fate {
                    Fate::Refuse(words) => say(words),
                    Fate::SilentBefore => return be_silent(lines, shared),
                    Fate::Take | Fate::SilentAfter => say("250 ok"),
                }
            }
            "DATA" => {
                if say("354 go on").is_err() {
                    return;
                }
                let Some(text) = data(&mut lines) else { return };
                let letter = Letter { from: from.clone(), to: to.clone(), text };
                shared.state.lock().unwrap().letters.push(letter);
                shared.changed.notify_all();
                if fate == Fate::SilentAfter {
                    return be_silent(lines, shared);
                }
                say("250 taken")
            }
            "QUIT" => {
                let _ = say("221 bye");
                return;
            }
            "NOOP" | "RSET" => say("250 ok"),
            _ => say("502 unknown"),
        };
    }
}

/// Waits until the other side goes.
fn be_silent(mut lines: impl Read, shared: &Shared) {
    shared.state.lock().unwrap().silent += 1;
    shared.changed.notify_all();
    let _ = lines.read_to_end(&mut Vec::new());
}

/// A letter up to the line with a dot; none if the other side goes before.
fn data(lines: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(text);
        }
        text += line.strip_prefix('.').unwrap_or(&line);
    }
}

fn bracketed(line: &str) -> &str {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(inside, _)| inside)
}

/// A part of a letter, or all of it.
#[derive(Debug, Clone)]
pub struct Part {
    /// Names in lowercase
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub parts: Vec<Part>,
}

impl Letter {
    /// The letter as a tree.
    pub fn tree(&self) -> Part {
        Part::read(&self.text)
    }

    /// A header of the letter; empty if there is none.
    pub fn header(&self, name: &str) -> String {
        self.tree().header(name).to_owned()
    }

    /// The first link of the text that contains a path.
    pub fn link(&self, path: &str) -> String {
        let text = self.tree().find("text/plain").text();
        let mut words = text.split_whitespace();
        words.find(|word| word.contains(path)).unwrap_or_else(|| panic!("no {path}: {text}")).to_owned()
    }

    /// The path of that link, which must lead to a server.
    pub fn path(&self, server: &Server, path: &str) -> String {
        let link = self.link(path);
        link.strip_prefix(&format!("http://{}", server.address)).unwrap_or_else(|| panic!("{link}")).to_owned()
    }
}

impl Part {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in head.split("\r\n") {
            if let (Some(more), Some((_, value))) = (line.strip_prefix([' ', '\t']), headers.last_mut()) {
                value.extend([" ", more.trim_start()]);
            } else {
                let (name, value) = line.split_once(": ").unwrap_or((line, ""));
                headers.push((name.to_ascii_lowercase(), value.to_owned()));
            }
        }
        let mut part = Self { headers, body: Vec::new(), parts: Vec::new() };
        if let Some((_, boundary)) = part.header("content-type").split_once("boundary=\"") {
            let boundary = format!("--{}", boundary.split('"').next().unwrap());
            let inner = body.split(&boundary).skip(1).take_while(|part| !part.starts_with("--"));
            part.parts = inner.map(|inner| Self::read(inner.trim_start_matches("\r\n"))).collect();
            return part;
        }
        part.body = match part.header("content-transfer-encoding") {
            "base64" => {
                let digits: String = body.split_whitespace().collect();
                STANDARD.decode(digits).unwrap()
            }
            "quoted-printable" => quoted_printable(body),
            _ => body.into(),
        };
        part
    }

    pub fn header(&self, name: &str) -> &str {
        let name = name.to_ascii_lowercase();
        self.headers.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The media type.
    pub fn kind(&self) -> &str {
        self.header("content-type").split(';').next().unwrap().trim()
    }

    /// The media types of the tree, each followed by those inside it.
    pub fn kinds(&self) -> String {
        let inside: Vec<String> = self.parts.iter().map(Self::kinds).collect();
        if inside.is_empty() { self.kind().to_owned() } else { format!("{}({})", self.kind(), inside.join(", ")) }
    }

    /// The first part of a media type.
    pub fn find(&self, kind: &str) -> &Self {
        self.search(kind).unwrap_or_else(|| panic!("no {kind} in {}", self.kinds()))
    }

    fn search(&self, kind: &str) -> Option<&Self> {
        if self.kind() == kind { Some(self) } else { self.parts.iter().find_map(|part| part.search(kind)) }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let text = text.replace("=\r\n", "");
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'=' {
            let digits = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    bytes
}

//! A server as its users run it, and requests to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::program::{LIMIT, Workplace, end};

/// The longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(60);
/// The time between two looks at what a test waits for.
const PAUSE: Duration = Duration::from_millis(50);
/// The largest answer that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// A running server; it is killed with this value.
pub struct Server {
    child: Child,
    started: Instant,
    /// Where it listens, such as `127.0.0.1:43211`
    pub address: String,
    log: Arc<Mutex<String>>,
    agent: ureq::Agent,
    /// What each request is sent with besides its own headers
    headers: Vec<(String, String)>,
}

/// An answer of a server.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Server {
    /// Starts a server without workers, whose data is in the folder `data` of the workplace.
    pub fn start(place: &Workplace, arguments: &[&str]) -> Self {
        Self::start_with(place, &[&["--workers", "0"], arguments].concat())
    }

    /// Starts a server with workers of its own.
    pub fn start_with_workers(place: &Workplace, workers: usize, arguments: &[&str]) -> Self {
        Self::start_with(place, &[&["--workers", &workers.to_string()], arguments].concat())
    }

    fn start_with(place: &Workplace, arguments: &[&str]) -> Self {
        let mut command = place.command();
        command.args(["serve", "--data", "data", "--log", "json"]).args(arguments);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, addresses) = channel();
        let (errors, written) = (BufReader::new(child.stderr.take().unwrap()), log.clone());
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let entry: Value = serde_json::from_str(&line).unwrap_or_default();
                if entry["message"] == "listening" {
                    let url = entry["address"].as_str().unwrap_or_default();
                    let _ = sender.send(url.trim_start_matches("http://").to_owned());
                }
                *written.lock().unwrap() += &(line + "\n");
            }
        });
        let address = first(&addresses, &mut child, &log);
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(ANSWER));
        let agent = config.proxy(None).build().into();
        Self { child, started: Instant::now(), address, log, agent, headers: Vec::new() }
    }

    /// Sends each request with another header as well, such as a token.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The process.
    pub fn child(&self) -> &Child {
        &self.child
    }

    /// Waits for its end, and returns its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let log = self.log.clone();
        end(&mut self.child, self.started, || log.lock().unwrap().clone()).code()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], &[])
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], &[])
    }

    /// Sends any request.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(headers.iter().copied()) {
            request = request.header(name, value);
        }
        let response = if body.is_empty() {
            self.agent.configure_request(request.body(()).unwrap()).allow_non_standard_methods(true).build()
        } else {
            let request = request.body(body.to_vec()).unwrap();
            return self.read(self.agent.run(request), method, path);
        };
        self.read(self.agent.run(response), method, path)
    }

    fn read(
        &self,
        answered: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
        method: &str,
        path: &str,
    ) -> Answer {
        let response = answered.unwrap_or_else(|error| panic!("{method} {path}: {error}: {}", self.log()));
        let (parts, mut body) = response.into_parts();
        let body = body.with_config().limit(LARGEST).read_to_vec().unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Sends a GET whose path is sent as it is, even if no client would.
    pub fn raw(&self, path: &str) -> Answer {
        let mut stream = self.stream(path, &[]);
        let head = stream.head();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap();
        let mut headers = ureq::http::HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            let name: ureq::http::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        Answer { status, headers, body: stream.rest() }
    }

    /// Asks for a picture, and returns the job.
    pub fn submit(&self, body: &Value) -> Value {
        let answer = self.post("/api/v1/jobs", body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Waits until something is so. `what` is for the message if it never is.
    pub fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        self.until_or(|| what.to_owned(), look)
    }

    /// The same with a message about how things are in the end.
    fn until_or<T>(&self, what: impl FnOnce() -> String, mut look: impl FnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(started.elapsed() < LIMIT, "waited in vain: {}: {}", what(), self.log());
            std::thread::sleep(PAUSE);
        }
    }

    /// Looks at a job until it is as expected.
    pub fn wait_for(&self, id: &str, expected: impl Fn(&Value) -> bool) -> Value {
        let job = || self.get(&format!("/api/v1/jobs/{id}")).json();
        self.until_or(|| job().to_string(), || Some(job()).filter(&expected))
    }

    /// Waits until the counts have this line.
    pub fn until_counted(&self, line: &str) {
        let counts = || self.get("/metrics").text();
        let is_there = || counts().lines().any(|found| found == line).then_some(());
        self.until_or(|| format!("{line}: {}", counts()), is_there);
    }

    /// Opens a stream of events.
    pub fn stream(&self, path: &str, headers: &[(&str, &str)]) -> Stream {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.set_read_timeout(Some(ANSWER)).unwrap();
        // HTTP 1.0 has no chunks, so that what is read is what was sent.
        let mut request = format!("GET {path} HTTP/1.0\r\nhost: {}\r\n", self.address);
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(headers.iter().copied()) {
            request.extend([name, ": ", value, "\r\n"]);
        }
        connection.write_all((request + "\r\n").as_bytes()).unwrap();
        Stream { lines: BufReader::new(connection), head: None }
    }

    /// The memory of the server alone, in MiB (`VmRSS` of `proc(5)`, which only Linux has).
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn first(addresses: &Receiver<String>, child: &mut Child, log: &Mutex<String>) -> String {
    addresses.recv_timeout(LIMIT).unwrap_or_else(|error| {
        let _ = child.kill();
        panic!("{error}: {}", log.lock().unwrap())
    })
}

impl Answer {
    /// A header as text; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// Checks that the answer is a problem with this status, and returns it.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], status);
        for field in ["type", "title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        problem
    }
}

/// A stream of events.
pub struct Stream {
    lines: BufReader<TcpStream>,
    head: Option<String>,
}

/// An event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: Value,
}

impl Stream {
    /// The status line and the headers.
    pub fn head(&mut self) -> String {
        if let Some(head) = &self.head {
            return head.clone();
        }
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.lines.read_line(&mut head).unwrap() > 0, "{head}");
        }
        self.head.insert(head).clone()
    }

    /// The next event; none at the end.
    pub fn next(&mut self) -> Option<Event> {
        let head = self.head();
        assert!(head.contains(" 200 ") && head.contains("text/event-stream"), "{head}");
        let mut event = Event { name: String::new(), id: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("id", id)) => id.clone_into(&mut event.id),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                _ if line.trim().is_empty() && !event.name.is_empty() => return Some(event),
                _ => {}
            }
        }
    }

    /// All events until the end.
    pub fn all(mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Everything that follows, as bytes.
    pub fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.lines.read_to_end(&mut rest).unwrap();
        rest
    }
}

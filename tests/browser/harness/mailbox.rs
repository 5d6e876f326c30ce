//! The letters that a server sends, through a mail server with encryption and a login: Python's aiosmtpd.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::program::{LIMIT, Workplace};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/mail_server.py");
/// A running mail server; it ends with this value.
pub struct Mailbox {
    program: Child,
    folder: PathBuf,
    pub port: u16,
    taken: usize,
}

impl Mailbox {
    /// Who logs in there, as in the program
    pub const USER: &str = "post";
    /// The password there, as in the program
    pub const PASSWORD: &str = "of the office";

    /// Starts a mail server, with the Python that `MAIL_PYTHON` names.
    pub fn start(place: &Workplace) -> Self {
        let python = std::env::var_os("MAIL_PYTHON").expect("MAIL_PYTHON names a Python with aiosmtpd and trustme");
        let folder = place.root().join("letters");
        std::fs::create_dir(&folder).unwrap();
        let mut command = place.command_of(python);
        command.arg(PROGRAM).arg(&folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut program = command.spawn().unwrap();
        let mut output = BufReader::new(program.stdout.take().unwrap());
        let (sender, ports) = channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = output.read_line(&mut line);
            let _ = sender.send(line);
        });
        let mut mailbox = Self { program, folder, port: 0, taken: 0 };
        mailbox.port = ports.recv_timeout(LIMIT).unwrap().trim().parse().expect("the mail server names its port");
        mailbox
    }

    /// The certificate of the authority that the mail server's own is from.
    pub fn authority(&self) -> String {
        self.folder.join("ca.pem").to_str().unwrap().to_owned()
    }

    /// Waits for the next letter.
    pub fn next(&mut self) -> Value {
        let started = Instant::now();
        let path = self.folder.join(format!("{}.json", self.taken + 1));
        while !path.exists() {
            assert!(started.elapsed() < LIMIT, "no letter came");
            std::thread::sleep(Duration::from_millis(50));
        }
        self.taken += 1;
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// Whether letters have come that nobody looked at.
    pub fn has_more(&self) -> bool {
        self.folder.join(format!("{}.json", self.taken + 1)).exists()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The first link in a letter's text whose path begins like this, without the server.
pub fn link(letter: &Value, begin: &str) -> String {
    let text = letter["text"].as_str().unwrap();
    let words = text.split_whitespace().map(|word| word.trim_matches(['<', '>', '.', '(', ')']));
    let mut paths = words.filter_map(|word| url::Url::parse(word).ok());
    let found = paths.find(|url| url.path().starts_with(begin));
    let found = found.unwrap_or_else(|| panic!("no link to {begin}: {text}"));
    found[url::Position::BeforePath..].to_owned()
}

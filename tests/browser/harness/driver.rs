//! A chromedriver and its browser, which end with the test, however it ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::common::program::{LIMIT, Workplace};
use crate::common::server::Server;

/// The longest that one command takes, such as loading a page.
const COMMAND: Duration = Duration::from_secs(60);
/// The time for the browser to end by itself.
const FAREWELL: Duration = Duration::from_secs(10);

/// Whether pages may run scripts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    On,
    Off,
}

/// A browser with a profile of its own; it is closed with this value.
pub struct Browser {
    runtime: Runtime,
    client: Option<Client>,
    driver: Child,
    /// Such as `http://127.0.0.1:43211`
    pub server: String,
    // Holds the profile, and vanishes after the browser has ended.
    place: Workplace,
}

/// A command of chromedriver that `WebDriver` does not have.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _url: &url::Url) -> (ureq::http::Method, Option<String>) {
        (ureq::http::Method::POST, Some(self.body.to_string()))
    }
}

/// Asks for the name of an element, as a screen reader says it.
#[derive(Debug)]
pub(super) struct Label(pub String);

impl WebDriverCompatibleCommand for Label {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/element/{}/computedlabel", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _url: &url::Url) -> (ureq::http::Method, Option<String>) {
        (ureq::http::Method::GET, None)
    }
}

impl Browser {
    /// Runs a test of a server's pages. Afterwards, it must turn out that the pages had loaded nothing from elsewhere,
    /// and that the browser had nothing to complain about.
    pub fn drive(server: &Server, scripts: Scripts, test: impl FnOnce(&Self)) {
        Self::drive_at(&server.address, scripts, test);
    }

    /// The same with a server at an address, such as `127.0.0.1:43211`.
    pub fn drive_at(address: &str, scripts: Scripts, test: impl FnOnce(&Self)) {
        let browser = Self::start(address, scripts);
        test(&browser);
        browser.check();
    }

    fn start(address: &str, scripts: Scripts) -> Self {
        let place = Workplace::new();
        let mut command = place.command_of("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        // The browser is in the same group: it can be ended with its driver even if that no longer answers.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut driver = command.spawn().expect("chromedriver starts (Debian's package chromium-driver)");
        let output = BufReader::new(driver.stdout.take().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let address = format!("http://{address}");
        let mut browser = Self { runtime, client: None, driver, server: address, place };
        let port = port(output);
        let options = capabilities(&browser.place.argument("profile"), scripts);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let builder = builder.capabilities(options);
        let client = browser.wait(COMMAND, builder.connect(&format!("http://127.0.0.1:{port}")));
        browser.client = Some(client.unwrap());
        browser
    }

    fn wait<T>(&self, limit: Duration, future: impl Future<Output = T>) -> T {
        let limited = self.runtime.block_on(async { tokio::time::timeout(limit, future).await });
        limited.expect("the browser answers in time")
    }

    /// Gives the browser a command, and waits for its end.
    pub(super) fn run<T, E: std::fmt::Display>(
        &self,
        what: &str,
        command: impl AsyncFnOnce(&Client) -> Result<T, E>,
    ) -> T {
        self.attempt(command).unwrap_or_else(|error| panic!("{what}: {error}\n{}", self.shown()))
    }

    /// Gives the browser a command that may fail.
    pub(super) fn attempt<T, E>(&self, command: impl AsyncFnOnce(&Client) -> Result<T, E>) -> Result<T, E> {
        self.wait(COMMAND, command(self.client.as_ref().unwrap()))
    }

    /// Gives the browser a command of its protocol for developers.
    pub fn developer(&self, name: &str, parameters: &Value) -> Value {
        let body = json!({"cmd": name, "params": parameters});
        self.run(name, async |client| client.issue_cmd(Extension { path: "goog/cdp/execute", body }).await)
    }

    /// What the browser has logged since the last look.
    pub(super) fn log(&self, kind: &str) -> Vec<Value> {
        let body = json!({"type": kind});
        let entries = self.run(kind, async |client| client.issue_cmd(Extension { path: "se/log", body }).await);
        entries.as_array().unwrap().clone()
    }
}

fn port(output: BufReader<std::process::ChildStdout>) -> u16 {
    let (sender, ports) = channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let port =
                line.split_once("successfully on port ").and_then(|(_, port)| port.trim_end_matches('.').parse().ok());
            if let Some(port) = port {
                let _ = sender.send(port);
            }
        }
    });
    ports.recv_timeout(LIMIT).expect("chromedriver names its port")
}

fn capabilities(profile: &str, scripts: Scripts) -> Capabilities {
    let mut arguments = vec![
        "--headless=new".to_owned(),
        // In a container, its memory is small.
        "--disable-dev-shm-usage".to_owned(),
        "--force-color-profile=srgb".to_owned(),
        "--hide-scrollbars".to_owned(),
        format!("--user-data-dir={profile}"),
    ];
    if rustix::process::getuid().is_root() {
        arguments.push("--no-sandbox".to_owned());
    }
    let mut preferences = json!({"intl.accept_languages": "en-US"});
    if scripts == Scripts::Off {
        preferences["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    let all = json!({
        "browserName": "chrome",
        // A dialog that nobody expected stays, and fails the next command.
        "unhandledPromptBehavior": "ignore",
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        "goog:chromeOptions": {"args": arguments, "prefs": preferences},
    });
    all.as_object().unwrap().clone()
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            let _ = self.runtime.block_on(async { tokio::time::timeout(FAREWELL, client.close()).await });
        }
        // Nobody has waited for the driver yet, so that the number is still its own.
        if let Some(group) = i32::try_from(self.driver.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.driver.wait();
    }
}

//! Users of a server, as an operator adds them, and what they send.

use serde_json::{Value, json};

use crate::common::program::{Outcome, Workplace};
use crate::common::server::{Answer, Server};

/// The password of all users.
pub const PASSWORD: &str = "correct horse battery";

/// Runs `serve admin` on the data of the workplace.
pub fn admin(place: &Workplace, arguments: &[&str]) -> Outcome {
    place.run(&[&["serve", "admin", "--data", "data"], arguments].concat())
}

/// Runs `serve admin` with a line of standard input.
#[cfg(unix)]
pub fn admin_with_line(place: &Workplace, line: &str, arguments: &[&str]) -> Outcome {
    let mut command = place.command_of("sh");
    command.args(["-c", "printf '%s\\n' \"$1\" | { shift; \"$@\"; }", "sh", line]);
    command.arg(place.command().get_program()).args(["serve", "admin", "--data", "data"]).args(arguments);
    crate::common::program::finish(&mut command)
}

/// Adds a user with a token of a scope, and returns the header with it.
pub fn user(place: &Workplace, name: &str, role: &str, scope: &str) -> String {
    admin(place, &["user", "add", name, "--no-password", "--role", role]).succeeded();
    token(place, name, scope)
}

/// Makes a token of a user, and returns the header with it.
pub fn token(place: &Workplace, name: &str, scope: &str) -> String {
    let made = admin(place, &["token", "add", name, "--scope", scope]).succeeded();
    format!("Bearer {}", made.output_text().trim())
}

/// Logs in, as a page does.
pub fn log_in(server: &Server, name: &str, password: &str) -> Answer {
    server.post("/api/v1/sessions", &json!({"name": name, "password": password}))
}

/// The cookie that an answer sets, as a browser sends it back.
pub fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// Asks for a picture, and returns the name of the job.
pub fn submit(server: &Server, headers: &[(&str, &str)], order: &Value) -> String {
    let answer = send(server, "POST", "/api/v1/jobs", headers, order);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Waits until the picture of a job is done.
pub fn done(server: &Server, headers: &[(&str, &str)], id: &str) {
    server.until("the picture", || {
        let job = send(server, "GET", &format!("/api/v1/jobs/{id}"), headers, &Value::Null).json();
        let is_over = job["finished"].is_string();
        assert!(!is_over || job["state"] == "done", "{job}");
        is_over.then_some(())
    });
}

/// Sends a request with headers, and JSON if there is any.
pub fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    server.send(method, path, &[&[("content-type", "application/json")], headers].concat(), &body)
}

//! Letters to an SMTP server with STARTTLS and AUTH, read by Python's `email`. `MAIL_PYTHON` names a Python with the
//! packages aiosmtpd and trustme; `.ci/run` installs one.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::common::program::{LIMIT, Workplace};
use crate::common::server::Server;
use crate::people::{send, user};
use crate::visitor::FORM;

const WHY: &str = "MAIL_PYTHON must name a Python with aiosmtpd and trustme";

/// Writes a certificate, says where it listens, and describes each letter in a line of JSON.
const SERVER: &str = r#"
import email, email.policy, hashlib, json, ssl, sys, time
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

authority = trustme.CA()
authority.cert_pem.write_to_path("ca.pem")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)

def authenticate(server, session, envelope, mechanism, data):
    right = data.login == b"art@example.org" and data.password == b"correct horse"
    return AuthResult(success=right, handled=right)

class Handler:
    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = [part for part in letter.walk()]
        print(json.dumps({
            "encrypted": session.ssl is not None,
            "authenticated": bool(session.authenticated),
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in letter.items()},
            "defects": [str(defect) for part in parts for defect in part.defects]
                + [str(defect) for value in letter.values() for defect in value.defects],
            "kinds": [part.get_content_type() for part in parts],
            "text": letter.get_body(("plain",)).get_content(),
            "html": letter.get_body(("html", "related")).get_content()
                if letter.get_body(("html",)) is not None else None,
            "ids": [part["content-id"] for part in parts if part["content-id"]],
            "files": {part.get_filename(): hashlib.sha256(part.get_content()).hexdigest()
                for part in parts if part.get_filename()},
        }), flush=True)
        return "250 taken"

controller = Controller(Handler(), hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True,
    authenticator=authenticate, auth_required=True, auth_require_tls=True)
import socket
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    controller.port = free.getsockname()[1]
controller.start()
print(json.dumps({"port": controller.port}), flush=True)
sys.stdin.read()
"#;

struct Python {
    child: Child,
    lines: Receiver<String>,
    port: u64,
}

impl Python {
    fn start(place: &Workplace) -> Self {
        let python = std::env::var("MAIL_PYTHON").expect(WHY);
        let mut command = place.command_of(python);
        let mut child = command.args(["-c", SERVER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut python = Self { child, lines, port: 0 };
        python.port = python.next()["port"].as_u64().unwrap();
        python
    }

    fn next(&mut self) -> Value {
        let line = self.lines.recv_timeout(LIMIT).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn link(letter: &Value, path: &str) -> String {
    let text = letter["text"].as_str().unwrap();
    let link = text.split_whitespace().find(|word| word.contains(path)).unwrap();
    link[link.find(path).unwrap()..].to_owned()
}

#[test]
#[ignore = "needs MAIL_PYTHON: .ci/run"]
fn letters_come_encrypted_to_a_server_that_wants_a_login() {
    let place = Workplace::new();
    let anna = user(&place, "anna", "user", "admin");
    let mut python = Python::start(&place);
    place.write("password", "correct horse\n");
    let smtp = format!("smtp+starttls://art%40example.org@localhost:{}", python.port);
    let server = Server::start_with_workers(
        &place,
        1,
        &[
            "--smtp",
            &smtp,
            "--smtp-password-file",
            "password",
            "--smtp-ca",
            "ca.pem",
            "--mail-from",
            "Text2Art <art@example.org>",
        ],
    )
    .with_header("authorization", &anna);
    let put = send(&server, "PUT", "/api/v1/me/email", &[], &json!({"address": "anna@example.org"}));
    assert_eq!(put.status, 202, "{}", put.text());
    let letter = python.next();
    assert_eq!((&letter["encrypted"], &letter["authenticated"]), (&json!(true), &json!(true)), "{letter}");
    assert_eq!(server.send("POST", &link(&letter, "/mail/confirm/"), &[FORM], b"x=1").status, 303);

    let prompt = "a <b>red</b> apple \u{202e}🎨 ä";
    let order = json!({"prompt": prompt, "size": "32x32", "iterations": 2, "cutouts": 1, "seed": 7,
        "products": ["mp4"], "email": true});
    let id = server.submit(&order)["id"].as_str().unwrap().to_owned();
    let letter = python.next();
    assert_eq!(letter["defects"], json!([]), "{letter}");
    assert_eq!(
        letter["kinds"],
        json!([
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "video/mp4"
        ])
    );
    let headers = &letter["headers"];
    assert_eq!(headers["message-id"], format!("<{id}.done@example.org>"));
    assert_eq!(headers["subject"], "Your picture is ready: a <b>red</b> apple 🎨 ä");
    assert_eq!(headers["to"], "anna@example.org");
    assert_eq!(headers["list-unsubscribe-post"], "List-Unsubscribe=One-Click");
    assert_eq!(letter["ids"], json!(["<picture>"]));
    let job = server.wait_for(&id, |job| job["finished"].is_string());
    for file in job["files"].as_array().unwrap().iter().filter(|file| file["name"] != "recipe.json") {
        assert_eq!(letter["files"][file["name"].as_str().unwrap()], file["sha256"], "{letter}");
    }
    assert!(headers["list-unsubscribe"].as_str().unwrap().contains(&link(&letter, "/mail/stop/")), "{letter}");
    for secret in ["correct horse", "anna@example.org", "Y29ycmVjdCBob3JzZQ"] {
        assert!(!server.log().contains(secret), "{}", server.log());
    }
}

#[test]
#[ignore = "needs MAIL_PYTHON: .ci/run"]
fn a_wrong_password_or_certificate_gives_up_no_letter() {
    let place = Workplace::new();
    let anna = user(&place, "anna", "user", "admin");
    let python = Python::start(&place);
    let smtp = format!("smtp+starttls://art%40example.org@localhost:{}", python.port);
    place.write("password", "wrong\n");
    for ca in [&["--smtp-ca", "ca.pem"][..], &[]] {
        let arguments = ["--smtp", &smtp, "--smtp-password-file", "password", "--mail-from", "art@example.org"];
        let server = Server::start(&place, &[&arguments, ca].concat()).with_header("authorization", &anna);
        let put = send(&server, "PUT", "/api/v1/me/email", &[], &json!({"address": "anna@example.org"}));
        assert_eq!(put.status, 202, "{}", put.text());
        server.until("another try", || server.log().contains("will be retried").then_some(()));
        assert!(!server.log().contains("given up"), "{}", server.log());
    }
}

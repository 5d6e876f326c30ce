//! Bad requests: each is answered with a problem, and leaves nothing behind.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::Server;

const JSON: (&str, &str) = ("content-type", "application/json");
/// An id that nothing has.
const NOBODYS: &str = "0123456789abcdefghjkmnpqrs";

/// Checks that the server has no jobs, has no more files than before, and has not panicked.
fn check_nothing_left(place: &Workplace, server: &Server, files: usize) {
    assert_eq!(server.get("/api/v1/jobs").json()["items"], json!([]));
    let is_of_database = |path: &std::path::Path| path.to_string_lossy().contains("text2art.db");
    let left: Vec<_> = place.content().into_keys().filter(|path| !is_of_database(path)).collect();
    assert_eq!(left.len(), files, "{left:?}");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

fn files(place: &Workplace) -> usize {
    place.content().into_keys().filter(|path| !path.to_string_lossy().contains("text2art.db")).count()
}

#[test]
fn wrong_bodies_are_refused() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let before = files(&place);
    let post = |headers: &[(&str, &str)], body: &[u8]| server.send("POST", "/api/v1/jobs", headers, body);
    let large = json!({"prompt": "x".repeat(70_000)}).to_string();
    let deep = "[".repeat(50_000);
    let bodies: [(&[u8], u16); 12] = [
        (b"{", 400),
        (b"nothing", 400),
        (b"{\"prompt\": \"\xff\"}", 400),
        (b"[]", 422),
        (b"null", 422),
        (b"\"a red apple\"", 422),
        (b"{}", 422),
        (br#"{"prompt": "a", "prompt": 5}"#, 422),
        (br#"{"prompt": "a\u0000b"}"#, 422),
        (br#"{"prompt": "\ud800"}"#, 400),
        (large.as_bytes(), 413),
        (deep.as_bytes(), 422),
    ];
    for (body, status) in bodies {
        let answer = post(&[JSON], body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(50)]);
        println!("{shown}: {}", answer.text());
        let problem = answer.problem(status);
        assert!(problem.to_string().len() < 1000, "{problem}");
    }
    post(&[], b"{\"prompt\": \"a\"}").problem(415);
    post(&[("content-type", "text/plain")], b"{\"prompt\": \"a\"}").problem(415);
    check_nothing_left(&place, &server, before);
}

#[test]
fn wrong_settings_are_named() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let before = files(&place);
    for (body, field) in [
        (json!({"promt": "a"}), "promt"),
        (json!({"prompt": "a", "vqgan": "/etc/passwd"}), "vqgan"),
        (json!({"prompt": "a", "model": "imagenet"}), "model"),
        (json!({"prompt": "a", "device": "cuda"}), "device"),
        (json!({"prompt": "a", "cut_batch": 4096}), "cut_batch"),
        (json!({"prompt": "a", "output": "/tmp/x.png"}), "output"),
        (json!({"prompt": "a", "size": "1048576x1048576"}), "size"),
        (json!({"prompt": "a", "size": "0x5"}), "size"),
        (json!({"prompt": "a", "iterations": 1_000_000}), "iterations"),
        (json!({"prompt": "a", "cutouts": 0}), "cutouts"),
        (json!({"prompt": "a", "learning_rate": 0}), "learning_rate"),
        (json!({"prompt": "a", "palette": "/etc/passwd"}), "palette"),
        (json!({"prompt": "a", "palette": "x.png"}), "palette"),
        (json!({"prompt": "a", "init_image": NOBODYS}), "init_image"),
        (json!({"prompt": "a", "init_image": "../../text2art.db"}), "init_image"),
        (json!({"prompt": "a", "image_prompt": [NOBODYS]}), "image_prompt"),
        (json!({"prompt": "a", "aspect": "retain"}), "aspect"),
        (json!({"prompt": "a", "products": ["svg"]}), "products"),
        (json!({"prompt": "a", "products": ["exe"]}), "products"),
        (json!({"prompt": "a", "drawer": "pen"}), "drawer"),
        (json!({"prompt": "a", "seed": -1}), "seed"),
        (json!({"prompt": "a:b:c | ".repeat(300)}), "prompt"),
    ] {
        let problem = server.post("/api/v1/jobs", &body).problem(422);
        println!("{body}: {problem}");
        assert_eq!(problem["field"], field, "{problem}");
        assert!(!problem.to_string().contains("--"), "names of options are those of fields: {problem}");
    }
    check_nothing_left(&place, &server, before);
}

#[test]
fn paths_lead_nowhere_else() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let job = server.submit(&json!({"prompt": "a"}));
    let id = job["id"].as_str().unwrap();
    for name in [
        "..%2f..%2f..%2ftext2art.db",
        "../../../text2art.db",
        "..",
        "%2e%2e",
        "%00",
        "picture.png%00",
        "picture.png/..",
        "%ff",
        "checkpoint",
        "picture.png",
        "PICTURE.PNG",
        "recipe.json",
        "preview.png",
        "\\..\\text2art.db",
    ] {
        server.raw(&format!("/api/v1/jobs/{id}/files/{name}")).problem(404);
        server.raw(&format!("/api/v1/jobs/{name}")).problem(404);
        server.raw(&format!("/api/v1/jobs/{name}/events")).problem(404);
        server.raw(&format!("/api/v1/uploads/{name}")).problem(404);
    }
    for (method, path) in [
        ("GET", format!("/api/v1/jobs/{NOBODYS}")),
        ("GET", format!("/api/v1/jobs/{NOBODYS}/events")),
        ("GET", format!("/api/v1/jobs/{NOBODYS}/files/picture.png")),
        ("POST", format!("/api/v1/jobs/{NOBODYS}/cancel")),
        ("DELETE", format!("/api/v1/jobs/{NOBODYS}")),
        ("GET", format!("/api/v1/events?jobs={NOBODYS}")),
        ("GET", format!("/api/v1/events?jobs={id},{NOBODYS}")),
        ("GET", "/nowhere".to_owned()),
        ("GET", "/api/v2/jobs".to_owned()),
    ] {
        server.send(method, &path, &[], &[]).problem(404);
    }
    server.get("/api/v1/events").problem(400);
    let many: Vec<String> = (100..201).map(|number| format!("{}{number}", &NOBODYS[..23])).collect();
    server.get(&format!("/api/v1/events?jobs={}", many.join(","))).problem(400);
    for (method, path) in [("PUT", "/api/v1/jobs"), ("DELETE", "/api/v1/jobs"), ("POST", "/healthz")] {
        server.send(method, path, &[], &[]).problem(405);
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn what_is_no_http_is_not_answered_for_long() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let long = format!("GET /healthz HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("GET /healthz HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(1000));
    for bytes in ["\0\0\0\0\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\r\n\r\n", &long, &many] {
        let mut connection = TcpStream::connect(&server.address).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // The server may close the connection before it has read all.
        let _ = connection.write_all(bytes.as_bytes());
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer);
        assert!(!String::from_utf8_lossy(&answer).contains(" 200 "));
    }
    assert_eq!(server.get("/healthz").status, 200);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn an_id_of_a_request_is_in_its_answer_and_in_the_log() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let answer = server.get("/api/v1/queue");
    let id = answer.header("x-request-id").to_owned();
    // The answer may come before the line.
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let lines: Vec<Value> = server.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        if let Some(line) = lines.iter().find(|line| line["span"]["id"] == json!(id)) {
            assert_eq!(line["path"], "/api/v1/queue");
            return;
        }
        assert!(Instant::now() < until, "{lines:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

//! What clients of OpenAI's API ask, as they ask it.

use std::io::Write as _;
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};

const GENERATIONS: &str = "/v1/images/generations";

/// Checks that the answer is an error of these clients' shape, and returns it.
fn error(answer: &Answer, status: u16) -> Value {
    assert_eq!((answer.status, answer.header("content-type")), (status, "application/json"), "{}", answer.text());
    let error = answer.json()["error"].clone();
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
    assert!(error["type"].is_string() && error.get("param").is_some() && error.get("code").is_some(), "{error}");
    error
}

#[test]
fn pictures_come_as_bytes_or_addresses() {
    let place = Workplace::new();
    place.write("serve.toml", "[settings]\niterations = 1\ncutouts = 1\n");
    let server = Server::start_with_workers(&place, 2, &["--config", "serve.toml"]);
    // What their own library sends, and fields that only other servers know.
    let body = json!({"prompt": "a red apple", "model": "text2art", "n": 2, "size": "32x32", "quality": "standard",
        "style": "vivid", "background": "auto", "moderation": "low", "user": "someone", "response_format": "b64_json"});
    let answer = server.post(GENERATIONS, &body);
    assert_eq!(answer.status, 200, "{}: {}", answer.text(), server.log());
    let answered = answer.json();
    assert!(answered["created"].as_u64().unwrap() > 1_700_000_000);
    let pictures: Vec<Vec<u8>> = answered["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|picture| STANDARD.decode(picture["b64_json"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(pictures.len(), 2);
    assert_ne!(pictures[0], pictures[1], "each has its own seed");
    for picture in &pictures {
        assert_eq!(image::load_from_memory(picture).unwrap().width(), 32);
    }
    let answer = server.post(GENERATIONS, &json!({"prompt": "a red apple", "size": "32x32"}));
    let url = answer.json()["data"][0]["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&format!("http://{}", server.address)).unwrap_or_else(|| panic!("{url}"));
    let fetched = server.get(path);
    assert_eq!((fetched.status, fetched.header("content-type")), (200, "image/png"));
}

#[test]
fn what_is_wrong_is_said_in_their_shape() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    for (body, status, param, code) in [
        (json!({"model": "text2art"}), 400, json!("prompt"), Value::Null),
        (json!({"prompt": ""}), 400, json!("prompt"), Value::Null),
        (json!({"prompt": "a", "n": 11}), 400, json!("n"), Value::Null),
        (json!({"prompt": "a", "size": "big"}), 400, json!("size"), Value::Null),
        (json!({"prompt": "a", "stream": true}), 400, json!("stream"), Value::Null),
        (json!({"prompt": "a", "response_format": "gif"}), 400, json!("response_format"), Value::Null),
        (json!({"prompt": "a", "model": "dall-e-3"}), 404, json!("model"), json!("model_not_found")),
    ] {
        let error = error(&server.post(GENERATIONS, &body), status);
        let kind = json!("invalid_request_error");
        assert_eq!((&error["param"], &error["code"], &error["type"]), (&param, &code, &kind), "{body}: {error}");
    }
    error(&server.send("POST", GENERATIONS, &[("content-type", "application/json")], b"{"), 400);
    error(&server.send("POST", GENERATIONS, &[("content-type", "text/plain")], b"a"), 415);
    error(&server.get(GENERATIONS), 405);
    error(&server.get("/v1/edits"), 404);
    let foreign = [("origin", "https://example.org"), ("content-type", "application/json")];
    error(&server.send("POST", GENERATIONS, &foreign, b"{\"prompt\":\"a\"}"), 403);
    // Nothing was asked for.
    assert_eq!(server.get("/api/v1/jobs").json()["items"], json!([]));
}

#[test]
fn models_are_qualities() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let models = server.get("/v1/models").json();
    let names: Vec<&str> =
        models["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!((&models["object"], names), (&json!("list"), vec!["text2art", "draft", "normal", "better", "best"]));
    let expected = json!({"id": "best", "object": "model", "created": 0, "owned_by": "text2art"});
    assert_eq!(server.get("/v1/models/best").json(), expected);
    assert_eq!(error(&server.get("/v1/models/gpt-image-1"), 404)["code"], "model_not_found");
}

#[test]
fn who_goes_away_leaves_no_work_behind() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let body = json!({"prompt": "a", "n": 3}).to_string();
    let mut connection = TcpStream::connect(&server.address).unwrap();
    let (address, length) = (&server.address, body.len());
    write!(
        connection,
        "POST {GENERATIONS} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let jobs = || server.get("/api/v1/jobs").json()["items"].as_array().unwrap().clone();
    server.until("three jobs", || (jobs().len() >= 3).then_some(()));
    drop(connection);
    for job in jobs() {
        server.wait_for(job["id"].as_str().unwrap(), |job| job["state"] == "cancelled");
    }
}

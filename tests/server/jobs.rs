//! Pictures over HTTP: asked for, watched, fetched, listed, canceled and deleted.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::common::PROMPTS;
use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};

/// A picture that takes a moment.
fn small(prompt: &str) -> Value {
    json!({"prompt": prompt, "size": "32x32", "iterations": 3, "cutouts": 2, "seed": 7})
}

fn path_of(job: &Value) -> String {
    format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())
}

fn sha256(bytes: &[u8]) -> String {
    text2art::files::to_hex(&Sha256::digest(bytes))
}

#[test]
fn a_picture_is_drawn_watched_and_fetched() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let mut body = small(PROMPTS[0]);
    body["products"] = json!(["mp4"]);
    let answer = server.post("/api/v1/jobs", &body);
    let job = answer.json();
    assert_eq!((answer.status, answer.header("location")), (201, path_of(&job).as_str()));
    assert_eq!(
        (&job["prompt"], &job["settings"]["size"], &job["products"]),
        (&json!(PROMPTS[0]), &json!("32x32"), &json!(["mp4"]))
    );

    let events = server.stream(&format!("{}/events", path_of(&job)), &[]).all();
    let states: Vec<&str> = events.iter().map(|event| event.data["state"].as_str().unwrap()).collect();
    assert!(
        events.iter().all(|event| event.name == "job") && states.is_sorted_by_key(|state| rank(state)),
        "{states:?}"
    );
    assert!(events.iter().map(|event| event.id.parse::<i64>().unwrap()).is_sorted());
    let done = &events.last().unwrap().data;
    assert_eq!(done["state"], "done", "{done}: {}", server.log());
    assert_eq!(
        (&done["result"]["width"], &done["result"]["seed"], &done["iteration"]),
        (&json!(32), &json!("7"), &json!(3))
    );
    assert!(done.get("position").is_none() && done.get("error").is_none());

    let files = done["files"].as_array().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["picture.mp4", "picture.png", "recipe.json"]);
    for file in files {
        let answer = server.get(file["url"].as_str().unwrap());
        assert_eq!((answer.status, answer.header("content-type")), (200, file["media_type"].as_str().unwrap()));
        assert_eq!(
            (json!(answer.body.len()), json!(sha256(&answer.body))),
            (file["bytes"].clone(), file["sha256"].clone())
        );
    }
    let fetched = |name: &str| server.get(&format!("{}/files/{name}", path_of(&job))).body;
    // Whoever has the recipe can draw the picture without the server.
    place.write("recipe.json", fetched("recipe.json"));
    place.run(&["generate", "--from", "recipe.json", "-o", "again.png"]).succeeded();
    assert_eq!(place.read("again.png"), fetched("picture.png"));
    assert!(!server.log().contains(PROMPTS[0]), "the log has no sentences of users: {}", server.log());
}

fn rank(state: &str) -> usize {
    ["queued", "running", "done"].iter().position(|known| *known == state).unwrap()
}

#[test]
fn parts_of_files_can_be_fetched() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let job = server.submit(&json!({"prompt": "a", "drawer": "pixel", "size": "32x32", "pixel_size": "4x4",
        "iterations": 1, "cutouts": 1, "products": ["svg"]}));
    let job = server.wait_for(job["id"].as_str().unwrap(), |job| job["finished"].is_string());
    assert_eq!(job["state"], "done", "{job}");
    let url = format!("{}/files/picture.png", path_of(&job));
    let whole = server.get(&url);
    let (bytes, tag) = (whole.body.len(), whole.header("etag").to_owned());
    assert_eq!((whole.header("accept-ranges"), whole.header("content-length")), ("bytes", bytes.to_string().as_str()));
    assert!(whole.header("cache-control").contains("immutable"));
    let with = |name: &str, value: &str| server.send("GET", &url, &[(name, value)], &[]);
    let part = with("range", "bytes=1-3");
    assert_eq!((part.status, part.body.as_slice()), (206, &b"PNG"[..]));
    assert_eq!(part.header("content-range"), format!("bytes 1-3/{bytes}"));
    assert_eq!(with("range", "bytes=-4").body, whole.body[bytes - 4..]);
    let outside = with("range", &format!("bytes={bytes}-"));
    assert_eq!(outside.header("content-range"), format!("bytes */{bytes}"));
    outside.problem(416);
    assert_eq!(with("if-none-match", &tag).status, 304);
    assert_eq!(with("if-none-match", "\"other\"").status, 200);
    // Of another file, no part can be used.
    let headers = [("range", "bytes=1-3"), ("if-range", "\"other\"")];
    assert_eq!(server.send("GET", &url, &headers, &[]).status, 200);
    let head = server.send("HEAD", &url, &[], &[]);
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, bytes.to_string().as_str()));
    let name = |answer: &Answer| answer.header("content-disposition").to_owned();
    assert_eq!(name(&whole), "inline; filename=\"a.png\"");
    assert_eq!(name(&server.get(&format!("{url}?download=1"))), "attachment; filename=\"a.png\"");
    // An SVG could have scripts.
    let svg = server.get(&format!("{}/files/picture.svg", path_of(&job)));
    assert_eq!(
        (name(&svg).as_str(), svg.header("content-security-policy")),
        ("attachment; filename=\"a.svg\"", "sandbox")
    );
}

#[test]
fn two_requests_at_once_are_drawn_one_after_the_other() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let mut long = small(PROMPTS[0]);
    long["iterations"] = json!(30);
    let first = server.submit(&long);
    let second = server.submit(&small(PROMPTS[1]));
    assert_eq!((&second["state"], &second["ahead"]), (&json!("queued"), &json!(1)), "{second}");
    let both = format!("/api/v1/events?jobs={},{}", first["id"].as_str().unwrap(), second["id"].as_str().unwrap());
    let events = server.stream(&both, &[]).all();
    let of = |job: &Value| -> Vec<Value> {
        events.iter().map(|event| event.data.clone()).filter(|data| data["id"] == job["id"]).collect()
    };
    for job in [&first, &second] {
        let own = of(job);
        assert_eq!(own.last().unwrap()["state"], "done", "{own:?}");
    }
    // While the first one is drawn, the second one waits for it, and is drawn itself afterwards.
    assert!(
        of(&second).iter().filter(|job| job["state"] == "queued").all(|job| job["ahead"] == 1 || job["ahead"] == 0)
    );
    let queue = server.get("/api/v1/queue").json();
    assert_eq!((&queue["waiting"], &queue["running"], &queue["workers"]), (&json!(0), &json!(0), &json!(1)), "{queue}");
    assert!(queue["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{queue}");
}

#[test]
fn a_request_that_is_sent_again_adds_no_other_job() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let send = |key: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        server.send("POST", "/api/v1/jobs", &headers, body.to_string().as_bytes())
    };
    // Without a seed, both ask for the same one.
    let body = json!({"prompt": "a"});
    let (first, again) = (send("one", &body), send("one", &body));
    assert_eq!((first.status, again.status), (201, 200), "{}", again.text());
    assert_eq!(first.json()["id"], again.json()["id"]);
    let other = send("one", &json!({"prompt": "b"}));
    let (problem, id) = (other.problem(409), first.json()["id"].clone());
    assert!(problem["job"] == id && problem["hint"].as_str().unwrap().contains(id.as_str().unwrap()), "{problem}");
    assert_eq!(send("two", &body).status, 201);
    assert_ne!(server.submit(&body)["settings"]["seed"], server.submit(&body)["settings"]["seed"]);
    for key in ["", " ", "a b", &"x".repeat(201)] {
        send(key, &body).problem(400);
    }
}

#[test]
fn lists_go_on_where_they_ended() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let ids: Vec<Value> = (0..5).map(|_| server.submit(&json!({"prompt": "a"}))["id"].clone()).collect();
    let canceled = server.post(&format!("/api/v1/jobs/{}/cancel", ids[1].as_str().unwrap()), &json!({}));
    assert_eq!((canceled.status, &canceled.json()["state"]), (202, &json!("cancelled")));
    let mut found = Vec::new();
    let mut path = "/api/v1/jobs?limit=2".to_owned();
    loop {
        let list = server.get(&path).json();
        found.extend(list["items"].as_array().unwrap().iter().map(|job| job["id"].clone()));
        let Some(next) = list["next"].as_str() else { break };
        path = format!("/api/v1/jobs?limit=2&before={next}");
    }
    assert_eq!(found, ids.iter().rev().cloned().collect::<Vec<_>>());
    let of = |filter: &str| server.get(&format!("/api/v1/jobs?{filter}")).json()["items"].as_array().unwrap().len();
    assert_eq!((of("state=cancelled"), of("state=queued&owner=me"), of("state=done")), (1, 4, 0));
    for wrong in ["limit=0", "limit=101", "limit=x", "state=ready", "owner=you", "before=x"] {
        server.get(&format!("/api/v1/jobs?{wrong}")).problem(400);
    }
}

#[test]
fn jobs_are_canceled_once_and_deleted_with_their_files() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let job = server.submit(&small(PROMPTS[0]));
    let path = path_of(&job);
    let done = server.wait_for(job["id"].as_str().unwrap(), |job| job["finished"].is_string());
    assert_eq!(done["state"], "done", "{done}");
    server.post(&format!("{path}/cancel"), &json!({})).problem(409);
    assert_eq!(server.delete(&path).status, 204);
    server.get(&path).problem(404);
    server.delete(&path).problem(404);
    let left: Vec<_> =
        place.content().into_keys().filter(|path| path.extension().is_some_and(|end| end == "png")).collect();
    assert!(left.is_empty(), "{left:?}");

    let mut long = small(PROMPTS[0]);
    long["iterations"] = json!(100_000);
    let job = server.submit(&long);
    let (id, path) = (job["id"].as_str().unwrap(), path_of(&job));
    server.wait_for(id, |job| job["iteration"].as_u64() > Some(0));
    server.delete(&path).problem(409);
    assert_eq!(server.post(&format!("{path}/cancel"), &json!({})).status, 202);
    assert_eq!(server.wait_for(id, |job| job["finished"].is_string())["state"], "cancelled");
    server.post(&format!("{path}/cancel"), &json!({})).problem(409);
}

#[test]
fn what_is_not_said_comes_from_the_server() {
    let place = Workplace::new();
    place.write(
        "serve.toml",
        "max_size = \"64x64\"\nmax_iterations = 50\n[settings]\nsize = \"48x32\"\niterations = 20\n",
    );
    let server = Server::start(&place, &["--config", "serve.toml"]);
    let job = server.submit(&json!({"prompt": "a"}));
    assert_eq!((&job["settings"]["size"], &job["settings"]["iterations"]), (&json!("48x32"), &json!(20)));
    let asked = |body: Value| server.post("/api/v1/jobs", &body).problem(422)["field"].clone();
    assert_eq!(asked(json!({"prompt": "a", "size": "65x64"})), "size");
    assert_eq!(asked(json!({"prompt": "a", "iterations": 51})), "iterations");
    // A quality brings its own size.
    assert_eq!(asked(json!({"prompt": "a", "quality": "best"})), "size");
    assert_eq!(server.submit(&json!({"prompt": "a", "size": "32x128"}))["settings"]["size"], "32x128");
}

//! Who may come in: names of the server, pages of other sites, users, and how often they come.

use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};
use crate::people::{admin, token, user};

const JSON: (&str, &str) = ("content-type", "application/json");

/// A picture that nobody draws: the servers of these tests have no workers.
fn wish() -> Vec<u8> {
    json!({"prompt": "a", "size": "32x32", "iterations": 1, "cutouts": 1}).to_string().into_bytes()
}

fn submit(server: &Server, headers: &[(&str, &str)]) -> Answer {
    server.send("POST", "/api/v1/jobs", &[&[JSON], headers].concat(), &wish())
}

fn count(server: &Server, headers: &[(&str, &str)]) -> usize {
    let list = server.send("GET", "/api/v1/jobs", headers, &[]);
    assert_eq!(list.status, 200, "{}", list.text());
    list.json()["items"].as_array().unwrap().len()
}

#[test]
fn a_server_of_this_machine_is_not_reached_under_other_names() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let port = server.address.rsplit_once(':').unwrap().1;
    let asked = |path: &str, host: &str| server.send("GET", path, &[("host", host)], &[]);
    for host in
        ["localhost".to_owned(), format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")]
    {
        assert_eq!(asked("/api/v1/me", &host).status, 200, "{host}");
    }
    for host in ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "192.0.2.1"] {
        for path in ["/api/v1/me", "/api/v1/jobs", "/docs/", "/metrics", "/nothing"] {
            asked(path, host).problem(421);
        }
        // A probe knows the server by an address that the server does not know.
        assert_eq!(asked("/healthz", host).status, 200);
    }
    let forwarded = [("x-forwarded-host", "art.example.org")];
    server.send("GET", "/api/v1/me", &forwarded, &[]).problem(421);
}

#[test]
fn pages_of_other_sites_change_nothing() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let own = format!("http://{}", server.address);
    for foreign in [
        [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        [("origin", "null"), ("accept", "*/*")],
        [("origin", own.as_str()), ("sec-fetch-site", "same-site")],
        [("sec-fetch-site", "cross-site"), ("accept", "*/*")],
    ] {
        submit(&server, &foreign).problem(403);
        // What a browser sends without asking first.
        let form = [&[("content-type", "text/plain")], foreign.as_slice()].concat();
        server.send("POST", "/api/v1/jobs", &form, &wish()).problem(403);
        server.send("DELETE", "/api/v1/jobs/00000000000000000000000000", &foreign, &[]).problem(403);
    }
    assert_eq!(count(&server, &[]), 0);
    // No page of another site is told that it may read an answer.
    let read = server.send("GET", "/api/v1/jobs", &[("origin", "https://evil.example")], &[]);
    assert_eq!(read.header("access-control-allow-origin"), "");
    assert_eq!(submit(&server, &[("origin", own.as_str()), ("sec-fetch-site", "same-origin")]).status, 201);
    assert_eq!(submit(&server, &[]).status, 201);
    assert_eq!(count(&server, &[]), 2);
}

#[test]
fn every_answer_tells_browsers_what_they_may_do() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    for (path, status) in [("/api/v1/me", 200), ("/healthz", 200), ("/nothing", 404), ("/docs/", 200)] {
        let answer = server.get(path);
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
    }
    assert_eq!(server.get("/api/v1/me").header("cache-control"), "no-store");
}

#[test]
fn others_need_a_login_and_see_only_what_is_theirs() {
    let place = Workplace::new();
    let anna = user(&place, "anna", "user", "jobs");
    let server = Server::start(&place, &[]);
    let ben = user(&place, "ben", "user", "jobs");
    let operator = user(&place, "olga", "operator", "admin");
    let [anna, ben, operator] = [&anna, &ben, &operator].map(|token| [("authorization", token.as_str())]);

    for path in ["/api/v1/me", "/api/v1/jobs", "/api/v1/queue", "/api/v1/uploads", "/v1/models", "/nothing"] {
        for headers in [&[][..], &[("authorization", "Bearer t2a_wrong")], &[("cookie", "t2a=wrong")]] {
            let refused = server.send("GET", path, headers, &[]);
            assert_eq!(
                (refused.status, refused.header("www-authenticate")),
                (401, "Bearer realm=\"text2art\""),
                "{path}"
            );
        }
    }
    submit(&server, &[]).problem(401);
    assert_eq!(server.get("/docs/").status, 200);
    assert_eq!(server.get("/healthz").status, 200);

    let job = submit(&server, &anna).json();
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/cancel")),
        ("GET", format!("{path}/events")),
        ("GET", format!("{path}/files/picture.png")),
        ("GET", format!("{path}/files/recipe.json")),
    ] {
        server.send(method, &path, &ben, &[]).problem(404);
    }
    assert_eq!([count(&server, &anna), count(&server, &ben), count(&server, &operator)], [1, 0, 1]);
    assert_eq!(server.send("GET", &path, &operator, &[]).status, 200);
    assert_eq!(server.send("POST", &format!("{path}/cancel"), &operator, &[]).status, 202);

    // A token may do less than its user.
    let narrow = token(&place, "olga", "jobs");
    let read_only = token(&place, "anna", "read");
    let [narrow, read_only] = [&narrow, &read_only].map(|token| [("authorization", token.as_str())]);
    server.send("GET", &path, &narrow, &[]).problem(404);
    assert_eq!(server.send("GET", &path, &read_only, &[]).status, 200);
    submit(&server, &read_only).problem(403);
    // No page sends a token by itself, so one may come from any page.
    assert_eq!(submit(&server, &[anna[0], ("origin", "https://app.example")]).status, 201);
}

#[test]
fn who_sends_too_much_is_told_when_to_come_back() {
    let place = Workplace::new();
    let anna = user(&place, "anna", "user", "jobs");
    let ben = user(&place, "ben", "user", "jobs");
    let server = Server::start(&place, &[]);
    // A wrong body costs no place in the queue, but a place in the limit: 60 at once, and then one a second.
    let send = |token: &str| server.send("POST", "/api/v1/jobs", &[JSON, ("authorization", token)], b"{");
    let answers: Vec<Answer> = (0..200).map(|_| send(&anna)).collect();
    assert!(answers[..60].iter().all(|answer| answer.status == 400), "{}", answers[0].text());
    let limited = answers.iter().find(|answer| answer.status == 429).expect("200 requests within a second each");
    let wait: u64 = limited.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(limited.problem(429)["hint"].as_str().unwrap().contains("try again in"));
    assert_eq!(send(&ben).status, 400);
    // Looking is not limited.
    assert_eq!(server.send("GET", "/api/v1/me", &[("authorization", &anna)], &[]).status, 200);
}

#[test]
fn a_public_server_is_opened_on_purpose() {
    let place = Workplace::new();
    let refused = |arguments: &[&str], words: &str| {
        let outcome = place.run(&[&["serve", "--data", "data", "--workers", "0"], arguments].concat());
        assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
        assert!(outcome.errors.contains(words), "{}", outcome.errors);
    };
    let public = ["--public-url", "https://art.example.org"];
    refused(&["--listen", "0.0.0.0:0"], "there are no users");
    refused(&["--listen", "127.0.0.1:0", public[0], public[1]], "there are no users");
    refused(&["--listen", "0.0.0.0:0", "--open"], "does not know its own address");
    user(&place, "anna", "user", "jobs");
    refused(&["--listen", "0.0.0.0:0"], "does not know its own address");

    // Without its last user, such a server lets nobody in, rather than everybody.
    let server = Server::start(&place, &public);
    assert_eq!(server.send("GET", "/api/v1/me", &[("host", "art.example.org")], &[]).status, 401);
    admin(&place, &["user", "remove", "anna"]).succeeded();
    assert_eq!(server.get("/api/v1/me").status, 401);
}

#[test]
fn an_open_server_knows_visitors_by_their_networks() {
    let place = Workplace::new();
    let public = ["--open", "--public-url", "https://art.example.org", "--trusted-proxies", "127.0.0.1"];
    let server = Server::start(&place, &[&public[..], &["--max-waiting", "5"]].concat());
    let from = |address: &'static str| [("x-forwarded-for", address)];
    let me = server.send("GET", "/api/v1/me", &from("2001:db8:1:2::3"), &[]).json();
    assert_eq!((&me["role"], &me["login"]), (&json!("user"), &json!("anonymous")), "{me}");

    let job: Value = submit(&server, &from("2001:db8:1:2::3")).json();
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    // Another machine of the same household, and another household.
    assert_eq!(server.send("GET", &path, &from("2001:db8:1:2:ffff::4"), &[]).status, 200);
    server.send("GET", &path, &from("2001:db8:1:3::3"), &[]).problem(404);
    // The client wrote the first address, the proxy the second.
    server.send("GET", &path, &from("2001:db8:1:2::3, 192.0.2.9"), &[]).problem(404);

    // Five may wait.
    let statuses: Vec<u16> = (0..5).map(|_| submit(&server, &from("2001:db8:1:2::3")).status).collect();
    assert_eq!(statuses, [201, 201, 201, 201, 429]);
    assert_eq!(submit(&server, &from("192.0.2.9")).status, 201);
}

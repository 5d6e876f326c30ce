//! Users as they see themselves: logging in and out, and tokens.

use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::people::{PASSWORD, admin, admin_with_line, cookie, log_in, send, token, user};

#[cfg(unix)]
#[test]
fn a_password_opens_a_session_until_the_logout() {
    let place = Workplace::new();
    admin_with_line(&place, PASSWORD, &["user", "add", "anna", "--max-running", "2"]).succeeded();
    let server = Server::start(&place, &[]);
    for (name, password) in [("anna", "wrong password"), ("ben", PASSWORD), ("", "")] {
        let refused = log_in(&server, name, password);
        assert_eq!(refused.header("set-cookie"), "");
        assert_eq!(refused.problem(401)["detail"], "the name or the password is wrong");
    }
    assert!(!server.log().contains("wrong password") && !server.log().contains(PASSWORD), "{}", server.log());

    let answer = log_in(&server, "anna", PASSWORD);
    let me =
        json!({"name": "anna", "role": "user", "login": "session", "weight": 1, "max_waiting": 20, "max_running": 2});
    assert_eq!((answer.status, answer.json()), (200, me.clone()));
    let set = answer.header("set-cookie");
    assert!(set.starts_with("t2a=") && set.contains("; HttpOnly; SameSite=Lax; ") && !set.contains("Secure"), "{set}");
    let session = cookie(&answer);
    let with = [("cookie", session.as_str())];
    assert_eq!(send(&server, "GET", "/api/v1/me", &with, &Value::Null).json(), me);
    // A browser would send the cookie with what other sites send, too.
    let foreign = [with[0], ("origin", "https://evil.example")];
    send(&server, "POST", "/api/v1/tokens", &foreign, &json!({"name": "theirs"})).problem(403);

    let left = send(&server, "DELETE", "/api/v1/sessions", &with, &Value::Null);
    assert_eq!((left.status, cookie(&left).as_str()), (204, "t2a="));
    assert!(left.header("set-cookie").contains("Max-Age=0"));
    send(&server, "GET", "/api/v1/me", &with, &Value::Null).problem(401);
}

#[cfg(unix)]
#[test]
fn a_server_behind_https_sets_cookies_for_https() {
    let place = Workplace::new();
    admin_with_line(&place, PASSWORD, &["user", "add", "anna"]).succeeded();
    let server = Server::start(&place, &["--public-url", "https://art.example.org"]);
    let answer = log_in(&server, "anna", PASSWORD);
    let set = answer.header("set-cookie");
    assert!(set.starts_with("__Host-t2a=") && set.contains("; Path=/; ") && set.ends_with("; Secure"), "{set}");
    let session = cookie(&answer);
    let with = [("cookie", session.as_str()), ("origin", "https://art.example.org"), ("sec-fetch-site", "same-origin")];
    assert_eq!(send(&server, "POST", "/api/v1/tokens", &with, &json!({"name": "mine"})).status, 201);
    // Any neighbor under the same domain could set a cookie without the prefix.
    let other = session.replace("__Host-t2a", "t2a");
    send(&server, "GET", "/api/v1/me", &[("cookie", &other)], &Value::Null).problem(401);
}

#[cfg(unix)]
#[test]
fn passwords_cannot_be_guessed_fast() {
    let place = Workplace::new();
    admin_with_line(&place, PASSWORD, &["user", "add", "anna"]).succeeded();
    let server = Server::start(&place, &[]);
    // Ten at once, and then one each twelve seconds; a comparison takes longer than a hundredth of a second.
    let answers: Vec<u16> = (0..30).map(|number| log_in(&server, "anna", &format!("guess {number}")).status).collect();
    assert!(answers[..10].iter().all(|status| *status == 401), "{answers:?}");
    assert!(answers.contains(&429), "{answers:?}");
    // Who holds a token or a session already is not locked out.
    let token = token(&place, "anna", "jobs");
    assert_eq!(send(&server, "GET", "/api/v1/me", &[("authorization", &token)], &Value::Null).status, 200);
}

#[test]
fn tokens_are_shown_once_and_can_be_revoked() {
    let place = Workplace::new();
    let anna = user(&place, "anna", "user", "admin");
    let ben = user(&place, "ben", "user", "admin");
    let server = Server::start(&place, &[]);
    let [anna, ben] = [&anna, &ben].map(|token| [("authorization", token.as_str())]);
    let asked = json!({"name": "laptop", "scope": "jobs", "days": 90});
    let made = send(&server, "POST", "/api/v1/tokens", &anna, &asked);
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let secret = made["token"].as_str().unwrap();
    assert!(secret.starts_with("t2a_") && made["expires"].is_string(), "{made}");
    let with = format!("Bearer {secret}");
    let laptop = [("authorization", with.as_str())];
    assert_eq!(send(&server, "GET", "/api/v1/me", &laptop, &Value::Null).json()["login"], "jobs");
    // A program cannot give itself more than it was given.
    send(&server, "POST", "/api/v1/tokens", &laptop, &json!({"name": "more", "scope": "admin"})).problem(403);
    send(&server, "GET", "/api/v1/tokens", &laptop, &Value::Null).problem(403);

    let listed = send(&server, "GET", "/api/v1/tokens", &anna, &Value::Null);
    assert!(!listed.text().contains(secret), "{}", listed.text());
    let names: Vec<String> = listed.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["command line", "laptop"]);

    let path = format!("/api/v1/tokens/{}", made["id"].as_str().unwrap());
    send(&server, "DELETE", &path, &ben, &Value::Null).problem(404);
    assert_eq!(send(&server, "DELETE", &path, &anna, &Value::Null).status, 204);
    send(&server, "DELETE", &path, &anna, &Value::Null).problem(404);
    send(&server, "GET", "/api/v1/me", &laptop, &Value::Null).problem(401);

    for (wrong, field) in [
        (json!({"name": ""}), None),
        (json!({"scope": "jobs"}), Some("name")),
        (json!({"name": "a", "days": 0}), Some("days")),
        (json!({"name": "a", "scope": "root"}), None),
        (json!({"name": "a", "owner": "ben"}), Some("owner")),
        (json!({"name": "a\nb"}), None),
    ] {
        let problem = send(&server, "POST", "/api/v1/tokens", &anna, &wrong).problem(422);
        if let Some(field) = field {
            assert_eq!(problem["field"], field, "{problem}");
        }
    }
    admin(&place, &["user", "disable", "anna"]).succeeded();
    send(&server, "GET", "/api/v1/me", &anna, &Value::Null).problem(401);
    admin(&place, &["user", "enable", "anna"]).succeeded();
    assert_eq!(send(&server, "GET", "/api/v1/me", &anna, &Value::Null).status, 200);
}

#[test]
fn a_server_without_users_has_no_tokens() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    assert_eq!(server.get("/api/v1/me").json()["login"], "local");
    server.post("/api/v1/tokens", &json!({"name": "a"})).problem(403);
    server.get("/api/v1/tokens").problem(403);
    // Clients of other servers always send some token.
    let with = [("authorization", "Bearer sk-anything")];
    assert_eq!(server.send("GET", "/api/v1/me", &with, &[]).status, 200);
    log_in(&server, "anna", PASSWORD).problem(401);
    // With the first user, everybody needs a login.
    user(&place, "anna", "user", "jobs");
    server.get("/api/v1/me").problem(401);
    server.send("GET", "/api/v1/me", &with, &[]).problem(401);
}

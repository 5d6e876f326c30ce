//! How people come to an account, and back to it: registration, invitations, forgotten passwords, sessions elsewhere.

use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};
use crate::people::{PASSWORD, admin, admin_with_line, cookie, log_in, send, token, user};

fn register(server: &Server, name: &str, invitation: Option<&str>) -> Answer {
    let mut body = json!({"name": name, "password": PASSWORD});
    if let Some(invitation) = invitation {
        body["invitation"] = invitation.into();
    }
    server.post("/api/v1/users", &body)
}

/// The secret at the end of the link that an operator's command prints.
fn secret_in(link: &str) -> String {
    link.trim().rsplit(['/', '=']).next().unwrap().to_owned()
}

fn invite(place: &Workplace, arguments: &[&str]) -> String {
    let made = admin(place, &[&["invitation", "add"], arguments].concat()).succeeded();
    secret_in(made.output_text())
}

fn reset_link(place: &Workplace, arguments: &[&str]) -> String {
    let made = admin(place, &[&["user", "reset"], arguments].concat()).succeeded();
    secret_in(made.output_text())
}

#[test]
fn nobody_registers_where_registration_is_closed() {
    let place = Workplace::new();
    // A server without users is of whoever owns the machine: a first user would lock its owner out.
    let own = Server::start(&place, &["--registration", "open"]);
    assert!(register(&own, "eve", None).problem(403)["hint"].as_str().unwrap().contains("serve admin user add"));
    drop(own);
    user(&place, "olga", "admin", "admin");
    let server = Server::start(&place, &[]);
    let refused = register(&server, "anna", None);
    assert_eq!(refused.problem(403)["detail"], "nobody can register on this server");
    register(&server, "anna", Some(&invite(&place, &[]))).problem(403);
    // No way to learn which names there are.
    assert_eq!(register(&server, "olga", None).text(), refused.text());
    assert_eq!(admin(&place, &["user", "list", "--json"]).succeeded().output_json().as_array().unwrap().len(), 1);
}

#[test]
fn an_invitation_lets_one_person_register() {
    let place = Workplace::new();
    let olga = user(&place, "olga", "admin", "admin");
    let ben = user(&place, "ben", "operator", "admin");
    let public = ["--registration", "invitation", "--public-url", "https://art.example.org"];
    let server = Server::start(&place, &public);
    let olga = [("authorization", olga.as_str())];
    let made = send(&server, "POST", "/api/v1/admin/invitations", &olga, &json!({"note": "Anna", "days": 1}));
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let link = made["link"].as_str().unwrap();
    assert!(link.starts_with("https://art.example.org/register?invitation="), "{link}");
    let secret = secret_in(link);

    register(&server, "anna", None).problem(403);
    register(&server, "olga", Some("wrong")).problem(403);
    assert_eq!(register(&server, "olga", Some(&secret)).problem(409)["field"], "name");
    let joined = register(&server, "anna", Some(&secret));
    assert_eq!((joined.status, &joined.json()["name"]), (201, &json!("anna")), "{}", joined.text());
    assert!(joined.header("set-cookie").starts_with("__Host-t2a="), "{}", joined.header("set-cookie"));
    let session = cookie(&joined);
    assert_eq!(send(&server, "GET", "/api/v1/me", &[("cookie", &session)], &Value::Null).json()["role"], "user");
    register(&server, "cleo", Some(&secret)).problem(403);

    let listed = send(&server, "GET", "/api/v1/admin/invitations", &olga, &Value::Null);
    assert!(!listed.text().contains(&secret), "{}", listed.text());
    assert_eq!(listed.json()["items"][0]["used_by"], "anna");
    // Those of the command line are as good, while they last.
    let short = invite(&place, &["--expires", "1s"]);
    let (withdrawn, id) = {
        let secret = invite(&place, &["--note", "mistake"]);
        let all = admin(&place, &["invitation", "list", "--json"]).succeeded().output_json();
        let found = all.as_array().unwrap().iter().find(|invitation| invitation["note"] == "mistake").unwrap();
        (secret, found["id"].as_str().unwrap().to_owned())
    };
    admin(&place, &["invitation", "withdraw", &id]).succeeded();
    assert_eq!(admin(&place, &["invitation", "withdraw", &id]).code, Some(2));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    for invalid in [&short, &withdrawn] {
        register(&server, "cleo", Some(invalid)).problem(403);
    }
    assert_eq!(register(&server, "cleo", Some(&invite(&place, &[]))).status, 201);
    // Only admins invite.
    let ben = [("authorization", ben.as_str())];
    send(&server, "POST", "/api/v1/admin/invitations", &ben, &json!({})).problem(403);
    send(&server, "GET", "/api/v1/admin/invitations", &ben, &Value::Null).problem(403);
    send(&server, "POST", "/api/v1/admin/users/olga/reset", &ben, &Value::Null).problem(403);
    server.post("/api/v1/admin/invitations", &json!({})).problem(401);
    assert!(!server.log().contains(&secret), "{}", server.log());
}

#[test]
fn everybody_registers_where_registration_is_open() {
    let place = Workplace::new();
    user(&place, "olga", "admin", "admin");
    let server = Server::start(&place, &["--registration", "open"]);
    // Names that look like those of the server itself.
    for reserved in ["admin", "local", "text2art"] {
        register(&server, reserved, None).problem(409);
    }
    // An invitation is not needed, and not looked at.
    assert_eq!(register(&server, "anna", Some("anything")).status, 201);
    assert_eq!(register(&server, "anna", None).problem(409)["field"], "name");
    let long = "a".repeat(51);
    for hostile in [
        "",
        "Anna",
        "<script>alert(1)</script>",
        "anna\u{202e}",
        "an\u{200b}na",
        "\u{430}nna",
        "🦊",
        "a\0",
        "a b",
        "../a",
        "-a",
        &long,
    ] {
        register(&server, hostile, None).problem(422);
    }
    let weak = server.post("/api/v1/users", &json!({"name": "ben", "password": "short"}));
    assert!(weak.problem(422)["detail"].as_str().unwrap().contains("too short"));
    server.post("/api/v1/users", &json!({"name": "ben", "password": PASSWORD, "role": "admin"})).problem(422);
    let foreign = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    send(&server, "POST", "/api/v1/users", &foreign, &json!({"name": "ben", "password": PASSWORD})).problem(403);
}

#[test]
fn registrations_from_one_network_are_few() {
    let place = Workplace::new();
    user(&place, "olga", "admin", "admin");
    let server = Server::start(&place, &["--registration", "open"]);
    // Taken names do not count.
    register(&server, "olga", None).problem(409);
    let statuses: Vec<u16> = (0..6).map(|number| register(&server, &format!("user{number}"), None).status).collect();
    assert_eq!(statuses, [201, 201, 201, 201, 201, 429]);
}

#[cfg(unix)]
#[test]
fn a_link_of_an_operator_sets_a_password_once_and_ends_sessions() {
    let place = Workplace::new();
    admin_with_line(&place, PASSWORD, &["user", "add", "anna"]).succeeded();
    let server = Server::start(&place, &[]);
    let session = cookie(&log_in(&server, "anna", PASSWORD));
    let token = token(&place, "anna", "jobs");
    let me = |header: (&str, &str)| send(&server, "GET", "/api/v1/me", &[header], &Value::Null).status;
    assert_eq!(me(("cookie", &session)), 200);

    let reset = |link: &str, password: &str| {
        server.post("/api/v1/password/reset", &json!({"link": link, "password": password}))
    };
    let link = reset_link(&place, &["anna"]);
    let late = reset_link(&place, &["anna", "--expires", "1s"]);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    reset(&late, "another password").problem(403);
    reset("wrong", "another password").problem(403);
    assert!(reset(&link, "short").problem(422)["detail"].as_str().unwrap().contains("too short"));
    assert_eq!(me(("cookie", &session)), 200, "nothing has changed yet");
    assert_eq!(reset(&link, "another password").status, 204);
    reset(&link, "a third password").problem(403);
    assert_eq!(me(("cookie", &session)), 401);
    assert_eq!(me(("authorization", &token)), 200, "tokens stay");
    log_in(&server, "anna", PASSWORD).problem(401);
    assert_eq!(log_in(&server, "anna", "another password").status, 200);
    assert!(!server.log().contains(&link), "{}", server.log());

    let links = |arguments: &[&str]| {
        admin(&place, &[&["user", "reset"], arguments].concat()).succeeded().output_text().to_owned()
    };
    assert!(links(&["anna", "--public-url", "https://art.example.org"]).starts_with("https://art.example.org/reset/"));
    assert_eq!(admin(&place, &["user", "reset", "ben"]).code, Some(2));
    admin(&place, &["user", "disable", "anna"]).succeeded();
    let refused = admin(&place, &["user", "reset", "anna"]);
    assert!(refused.code == Some(2) && refused.errors.contains("user enable anna"), "{}", refused.errors);
}

#[cfg(unix)]
#[test]
fn a_password_is_changed_by_who_knows_it() {
    let place = Workplace::new();
    admin_with_line(&place, PASSWORD, &["user", "add", "anna"]).succeeded();
    let server = Server::start(&place, &[]);
    let (here, there) = (cookie(&log_in(&server, "anna", PASSWORD)), cookie(&log_in(&server, "anna", PASSWORD)));
    let third = cookie(&log_in(&server, "anna", PASSWORD));
    let here = [("cookie", here.as_str())];
    let status = |session: &str| send(&server, "GET", "/api/v1/me", &[("cookie", session)], &Value::Null).status;

    let sessions = send(&server, "GET", "/api/v1/sessions", &here, &Value::Null).json();
    let sessions = sessions["items"].as_array().unwrap();
    let others: Vec<&Value> = sessions.iter().filter(|session| session["current"] == false).collect();
    assert_eq!((sessions.len(), others.len()), (3, 2), "{sessions:?}");
    let one = format!("/api/v1/sessions/{}", others[0]["id"].as_str().unwrap());
    assert_eq!(send(&server, "DELETE", &one, &here, &Value::Null).status, 204);
    send(&server, "DELETE", &one, &here, &Value::Null).problem(404);
    assert_eq!([status(&there), status(&third)].iter().filter(|status| **status == 200).count(), 1);

    let change = |headers: &[(&str, &str)], current: &str, password: &str| {
        send(&server, "PUT", "/api/v1/me/password", headers, &json!({"current": current, "password": password}))
    };
    assert_eq!(change(&here, "wrong password", "another password").problem(403)["field"], "current");
    change(&here, PASSWORD, "short").problem(422);
    let jobs = token(&place, "anna", "jobs");
    change(&[("authorization", &jobs)], PASSWORD, "another password").problem(403);
    change(&[here[0], ("sec-fetch-site", "cross-site")], PASSWORD, "another password").problem(403);
    assert_eq!(change(&here, PASSWORD, "another password").status, 204);
    assert_eq!([status(&there), status(&third)], [401, 401]);
    assert_eq!(send(&server, "GET", "/api/v1/me", &here, &Value::Null).status, 200, "this one stays");

    let elsewhere = cookie(&log_in(&server, "anna", "another password"));
    assert_eq!(send(&server, "DELETE", "/api/v1/me/sessions", &here, &Value::Null).status, 204);
    assert_eq!(status(&elsewhere), 401);
    assert_eq!(send(&server, "GET", "/api/v1/me", &here, &Value::Null).status, 200);
}

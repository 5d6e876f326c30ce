//! The pages of accounts, as a browser without scripts uses them: login, registration, forgotten passwords, the account.

use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};
use crate::common::smtp::Sink;
use crate::people::{PASSWORD, admin, admin_with_line, cookie, log_in, user};
use crate::visitor::{FOREIGN, led, page_with, post_with};

fn look(server: &Server, path: &str, cookie: &str) -> Answer {
    page_with(server, path, &[("cookie", cookie)])
}

/// Sends a form from a page of the server.
fn fill_in(server: &Server, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    // A form without fields has a body nevertheless.
    body.append_pair("button", "");
    post_with(server, path, &[("cookie", cookie)], &body.finish())
}

fn shows(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.text().contains(words), "{words}: {}", answer.text());
}

/// A server with the user anna, and the cookie of a session of hers.
#[cfg(unix)]
fn with_anna(place: &Workplace, arguments: &[&str]) -> (Server, String) {
    admin_with_line(place, PASSWORD, &["user", "add", "anna"]).succeeded();
    let server = Server::start(place, arguments);
    let session = cookie(&log_in(&server, "anna", PASSWORD));
    (server, session)
}

#[cfg(unix)]
#[test]
fn the_login_leads_nowhere_else() {
    let place = Workplace::new();
    let (server, _) = with_anna(&place, &[]);
    for evil in [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/a\r\nset-cookie: t2a=x",
        "\\\\evil.example",
        "/\t/evil.example",
        "evil.example",
    ] {
        let query: String = url::form_urlencoded::byte_serialize(evil.as_bytes()).collect();
        shows(&look(&server, &format!("/login?next={query}"), ""), 200, "name=\"next\" value=\"/\"");
    }
    // Ten passwords may be tried at once.
    for evil in ["//evil.example", "/\\evil.example", "https://evil.example/", "/\t/evil.example"] {
        let done = fill_in(&server, "/login", "", &[("name", "anna"), ("password", PASSWORD), ("next", evil)]);
        assert_eq!(led(&done), "/", "{evil:?}");
    }
    let done = fill_in(&server, "/login", "", &[("name", "anna"), ("password", PASSWORD), ("next", "/account")]);
    assert_eq!(led(&done), "/account");
    let login = look(&server, "/login", "");
    for part in ["autocomplete=\"username\"", "autocomplete=\"current-password\"", "href=\"/forgot\""] {
        assert!(login.text().contains(part), "{part}: {}", login.text());
    }
    assert!(!login.text().contains("href=\"/register\""), "nobody can register here");
    // Who is there already need not log in.
    assert_eq!(led(&look(&server, "/login?next=/account", &cookie(&done))), "/account");
}

#[cfg(unix)]
#[test]
fn people_register_with_a_form() {
    let place = Workplace::new();
    let (server, session) = with_anna(&place, &["--registration", "open"]);
    let form = look(&server, "/register", "");
    shows(&form, 200, "autocomplete=\"new-password\"");
    assert!(look(&server, "/login", "").text().contains("href=\"/register\""));
    assert_eq!(led(&look(&server, "/register", &session)), "/account");
    let taken = fill_in(&server, "/register", "", &[("name", "anna"), ("password", PASSWORD)]);
    shows(&taken, 409, "There is already a user with this name.");
    assert!(!taken.text().contains(PASSWORD), "{}", taken.text());
    for hostile in ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "anna\u{202e}moc", "🦊", "Anna"] {
        let refused = fill_in(&server, "/register", "", &[("name", hostile), ("password", PASSWORD)]);
        shows(&refused, 422, "cannot be the name of a user");
        let text = refused.text();
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{text}");
    }
    shows(&fill_in(&server, "/register", "", &[("name", "ben"), ("password", "short")]), 422, "too short");
    let done = fill_in(&server, "/register", "", &[("name", "ben"), ("password", PASSWORD)]);
    assert_eq!(led(&done), "/");
    shows(&look(&server, "/account", &cookie(&done)), 200, "<bdi>ben</bdi>");
    let refused = server.send("POST", "/register", &FOREIGN, b"name=cleo&password=correct+horse+battery");
    shows(&refused, 403, "another site");
}

#[test]
fn an_invitation_is_a_link_to_a_form() {
    let place = Workplace::new();
    user(&place, "olga", "admin", "admin");
    let server = Server::start(&place, &["--registration", "invitation"]);
    let link =
        admin(&place, &["invitation", "add", "--note", "<b>Anna</b>"]).succeeded().output_text().trim().to_owned();
    let path = link.find("/register").map(|at| link[at..].to_owned()).unwrap();
    let secret = path.rsplit('=').next().unwrap().to_owned();
    shows(&look(&server, "/register", ""), 403, "takes an invitation");
    shows(&look(&server, "/register?invitation=wrong", ""), 403, "The invitation is not valid.");
    shows(&look(&server, &path, ""), 200, &format!("name=\"invitation\" value=\"{secret}\""));
    let fields = [("name", "anna"), ("password", PASSWORD), ("invitation", secret.as_str())];
    // What is wrong with the rest uses nothing up.
    shows(&fill_in(&server, "/register", "", &[("name", "olga"), fields[1], fields[2]]), 409, &secret);
    assert_eq!(led(&fill_in(&server, "/register", "", &fields)), "/");
    shows(&fill_in(&server, "/register", "", &[("name", "ben"), fields[1], fields[2]]), 403, "not valid");
    assert!(!server.log().contains(&secret), "{}", server.log());
}

#[cfg(unix)]
#[test]
fn a_link_of_an_operator_opens_a_form_once() {
    let place = Workplace::new();
    let (server, session) = with_anna(&place, &[]);
    shows(&look(&server, "/forgot", ""), 200, "serve admin user reset NAME");
    let refused = fill_in(&server, "/forgot", "", &[("name", "anna")]);
    shows(&refused, 409, "This server does not send email.");
    // The same for a name that nobody has.
    assert_eq!(fill_in(&server, "/forgot", "", &[("name", "nobody")]).text(), refused.text().replace("anna", "nobody"));

    let link = admin(&place, &["user", "reset", "anna"]).succeeded().output_text().trim().to_owned();
    let path = link.find("/reset/").map(|at| link[at..].to_owned()).unwrap();
    for _ in 0..2 {
        // Programs that look into letters open links, too.
        let form = look(&server, &path, "");
        shows(&form, 200, "<bdi>anna</bdi>");
        assert!(form.text().contains("autocomplete=\"new-password\"") && form.text().contains("value=\"anna\""));
    }
    shows(&fill_in(&server, &path, "", &[("password", "short")]), 422, "too short");
    shows(&server.send("POST", &path, &FOREIGN, b"password=another+password"), 403, "another site");
    assert_eq!(look(&server, "/account", &session).status, 200, "nothing has changed yet");
    assert_eq!(led(&fill_in(&server, &path, "", &[("password", "another password")])), "/login?done=reset");
    shows(&look(&server, "/login?done=reset", ""), 200, "Your password is set.");
    assert_eq!(led(&look(&server, "/account", &session)), "/login?next=%2Faccount");
    shows(&look(&server, &path, ""), 404, "This link is not valid");
    shows(&fill_in(&server, &path, "", &[("password", "a third password")]), 404, "This link is not valid");
    shows(&look(&server, "/reset/wrong", ""), 404, "This link is not valid");
    assert_eq!(log_in(&server, "anna", "another password").status, 200);
    assert!(!server.log().contains(path.rsplit('/').next().unwrap()), "{}", server.log());
}

#[cfg(unix)]
#[test]
fn an_account_is_cared_for_on_its_page() {
    let place = Workplace::new();
    let (server, session) = with_anna(&place, &[]);
    let page = look(&server, "/account", &session);
    shows(&page, 200, "<bdi>anna</bdi>");
    for part in [
        "autocomplete=\"current-password\"",
        "autocomplete=\"new-password\"",
        "href=\"/account/export\"",
        "action=\"/account/delete\"",
        "This server does not send email.",
        "this one",
    ] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }

    // Tokens: shown once, with a name that could be anything.
    let hostile = "<script>alert(1)</script>\u{202e}";
    let fields = [("name", hostile), ("scope", "read"), ("days", "7")];
    let made = fill_in(&server, "/account/tokens", &session, &fields);
    shows(&made, 201, "it cannot be shown again");
    let text = made.text();
    assert!(!text.contains("<script>alert") && text.contains("&#60;script&#62;alert(1)"), "{text}");
    let secret = text.split("id=\"token\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let header = format!("Bearer {secret}");
    assert_eq!(server.send("GET", "/api/v1/me", &[("authorization", &header)], &[]).json()["login"], "read");
    let page = look(&server, "/account", &session).text();
    assert!(!page.contains(&secret) && page.contains("&#60;script&#62;alert(1)"), "{page}");
    for wrong in [[("name", ""), ("scope", "read")], [("name", "a"), ("scope", "root")]] {
        assert_eq!(fill_in(&server, "/account/tokens", &session, &wrong).status, 422);
    }
    let revoke = page.split("action=\"/account/tokens/").nth(1).unwrap().split('"').next().unwrap();
    let revoked = fill_in(&server, &format!("/account/tokens/{revoke}"), &session, &[]);
    assert_eq!(led(&revoked), "/account?done=token#tokens");
    server.send("GET", "/api/v1/me", &[("authorization", &header)], &[]).problem(401);
    // Another user's token cannot do this.
    let ben = user(&place, "ben", "user", "jobs");
    let more = post_with(&server, "/account/tokens", &[("authorization", &ben)], "name=more&scope=admin");
    shows(&more, 403, "This token");

    // Sessions
    let other = cookie(&log_in(&server, "anna", PASSWORD));
    let page = look(&server, "/account", &session).text();
    let end = page.split("action=\"/account/sessions/").nth(1).unwrap().split('"').next().unwrap();
    let ended = fill_in(&server, &format!("/account/sessions/{end}"), &session, &[]);
    assert_eq!(led(&ended), "/account?done=session#sessions");
    assert_eq!(look(&server, "/account", &other).status, 303);
    let third = cookie(&log_in(&server, "anna", PASSWORD));
    assert_eq!(
        led(&fill_in(&server, "/account/sessions/end-others", &session, &[])),
        "/account?done=sessions#sessions"
    );
    assert_eq!([look(&server, "/account", &third).status, look(&server, "/account", &session).status], [303, 200]);

    // The password
    let change = |current: &str, new: &str| {
        fill_in(&server, "/account/password", &session, &[("current", current), ("password", new)])
    };
    shows(&change("wrong password", "another password"), 403, "The password is wrong.");
    shows(&change(PASSWORD, "short"), 422, "too short");
    assert_eq!(led(&change(PASSWORD, "another password")), "/account?done=password#password");

    // The archive, and the end
    let archive = look(&server, "/account/export", &session);
    assert_eq!((archive.status, archive.header("content-type")), (200, "application/x-tar"));
    assert!(archive.body.len().is_multiple_of(512) && archive.text().contains("text2art/profile.json"));
    shows(&fill_in(&server, "/account/delete", &session, &[("password", PASSWORD)]), 403, "The password is wrong.");
    let deleted = fill_in(&server, "/account/delete", &session, &[("password", "another password")]);
    assert_eq!(led(&deleted), "/login?done=deleted");
    assert!(deleted.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(look(&server, "/account", &session).status, 303);
    log_in(&server, "anna", "another password").problem(401);
}

#[test]
fn a_server_of_one_person_has_no_login() {
    let place = Workplace::new();
    let server = Server::start(&place, &["--registration", "open"]);
    shows(&look(&server, "/account", ""), 200, "This server has no users.");
    assert_eq!(led(&look(&server, "/login?next=/account", "")), "/account");
    shows(&look(&server, "/register", ""), 403, "it is yours without a login");
    for path in ["/account/password", "/account/tokens", "/account/delete", "/account/sessions/end-others"] {
        shows(
            &fill_in(&server, path, "", &[("password", PASSWORD)]),
            403,
            "You are not logged in as a user, so there is no account to manage.",
        );
    }
    let open = Workplace::new();
    let public = ["--open", "--public-url", "https://art.example.org"];
    let server = Server::start(&open, &public);
    let asked = page_with(&server, "/account", &[("host", "art.example.org")]);
    shows(&asked, 200, "You are here without an account.");
}

#[cfg(unix)]
#[test]
fn a_letter_leads_back_to_an_account_and_tells_nothing_about_names() {
    let place = Workplace::new();
    let sink = Sink::new();
    let smtp = format!("smtp://{}", sink.address);
    let (server, session) =
        with_anna(&place, &["--smtp", &smtp, "--mail-from", "Text2Art <art@example.org>", "--mail-lease", "1"]);
    user(&place, "robot", "user", "jobs");
    // Nobody confirmed an address yet, so no letter is written; the answer is the same.
    for name in ["anna", "nobody", "robot", "<script>"] {
        assert_eq!(led(&fill_in(&server, "/forgot", "", &[("name", name)])), "/forgot?asked=1", "{name}");
    }
    shows(&look(&server, "/forgot?asked=1", ""), 200, "If there is an account with this name");
    let added = fill_in(&server, "/account/email", &session, &[("action", "add"), ("address", "anna@example.org")]);
    assert_eq!(led(&added), "/account#email");
    let confirm = sink.letter(1).path(&server, "/mail/confirm/");
    assert_eq!(led(&fill_in(&server, &confirm, "", &[])), "/mail/confirmed");
    shows(&look(&server, "/account", &session), 200, "<bdi>anna@example.org</bdi>");

    assert_eq!(led(&fill_in(&server, "/forgot", "", &[("name", "anna")])), "/forgot?asked=1");
    let letter = sink.letter(2);
    assert_eq!(letter.to, "anna@example.org");
    let reset = letter.path(&server, "/reset/");
    assert_eq!(led(&fill_in(&server, &reset, "", &[("password", "another password")])), "/login?done=reset");
    assert_eq!(look(&server, "/account", &session).status, 303);
    assert_eq!(log_in(&server, "anna", "another password").status, 200);
    // Three letters at once, whether or not somebody has the name.
    for name in ["anna", "nobody"] {
        let statuses: Vec<u16> = (0..3).map(|_| fill_in(&server, "/forgot", "", &[("name", name)]).status).collect();
        assert!(statuses.contains(&429), "{name}: {statuses:?}");
    }
    assert!(!server.log().contains(reset.rsplit('/').next().unwrap()), "{}", server.log());
}

//! Letters: to whom they go, what they say, and that none is lost and none comes twice.

use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};
use crate::common::smtp::{Fate, Letter, Sink};
use crate::people::{admin, send, user};
use crate::visitor::{FORM, page};

const ANNA: &str = "anna@example.org";

/// A server that sends letters to a sink, with a user.
struct Post {
    place: Workplace,
    sink: Sink,
    anna: String,
}

impl Post {
    fn new() -> Self {
        let place = Workplace::new();
        let anna = user(&place, "anna", "user", "admin");
        Self { place, sink: Sink::new(), anna }
    }

    fn start(&self, workers: usize) -> Server {
        let smtp = format!("smtp://{}", self.sink.address);
        let arguments = ["--smtp", &smtp, "--mail-from", "Text2Art <art@example.org>", "--mail-lease", "1"];
        if workers == 0 {
            Server::start(&self.place, &arguments)
        } else {
            Server::start_with_workers(&self.place, workers, &arguments)
        }
    }

    /// Sends a request of anna.
    fn send(&self, server: &Server, method: &str, path: &str, body: &Value) -> Answer {
        send(server, method, path, &[("authorization", &self.anna)], body)
    }

    /// Asks for a letter that confirms an address.
    fn ask(&self, server: &Server, address: &str) {
        let answer = self.send(server, "PUT", "/api/v1/me/email", &json!({"address": address}));
        assert_eq!(answer.status, 202, "{}", answer.text());
        assert_eq!(answer.json()["pending"], address);
    }

    /// Confirms anna's address by the link in the first letter.
    fn confirm(&self, server: &Server) {
        self.ask(server, ANNA);
        let link = self.sink.letter(1).path(server, "/mail/confirm/");
        assert_eq!(server.send("POST", &link, &[FORM], b"x=1").status, 303);
    }

    /// Asks for a small picture with a letter.
    fn order(&self, server: &Server, prompt: &str, products: &[&str]) -> Answer {
        let body = json!({"prompt": prompt, "size": "32x32", "iterations": 2, "cutouts": 1, "seed": 7,
            "products": products, "email": true});
        self.send(server, "POST", "/api/v1/jobs", &body)
    }

    fn job(&self, server: &Server, id: &str) -> Value {
        self.send(server, "GET", &format!("/api/v1/jobs/{id}"), &Value::Null).json()
    }
}

#[test]
fn an_address_is_confirmed_by_a_click_not_by_looking() {
    let post = Post::new();
    let server = post.start(0);
    let refused = post.order(&server, "a", &[]).problem(422);
    assert_eq!(refused["field"], "email");
    post.ask(&server, ANNA);
    let letter = post.sink.letter(1);
    assert_eq!((letter.from.as_str(), letter.to.as_str()), ("art@example.org", ANNA));
    assert_eq!(letter.header("from"), "Text2Art <art@example.org>");
    assert_eq!(letter.tree().kinds(), "multipart/alternative(text/plain, text/html)");
    let link = letter.path(&server, "/mail/confirm/");
    assert!(letter.tree().find("text/html").text().contains(&link));

    // A program that looks for viruses opens each link.
    let shown = page(&server, &link);
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert!(shown.text().contains("<form method=\"post\"") && shown.text().contains(ANNA), "{}", shown.text());
    post.order(&server, "a", &[]).problem(422);
    // Nor can a page of another site use it.
    server.send("POST", &link, &[FORM, ("origin", "https://evil.example")], b"x=1").problem(403);
    assert_eq!(server.send("POST", &link, &[FORM], b"x=1").status, 303);
    assert_eq!(page(&server, "/mail/confirmed").status, 200);
    assert_eq!(server.send("POST", &link, &[FORM], b"x=1").status, 404, "it works once");
    let own = post.send(&server, "GET", "/api/v1/me/email", &Value::Null).json();
    assert_eq!(own, json!({"address": ANNA, "stopped": false, "sends": true}));
    let form = |body: &str| server.send("POST", "/", &[FORM, ("authorization", &post.anna)], body.as_bytes());
    let page = server.send("GET", "/", &[("authorization", &post.anna)], &[]).text();
    assert!(page.contains("name=\"email\" value=\"1\""), "{page}");
    let ordered = form("prompt=a&email=1");
    assert_eq!(ordered.status, 303, "{}", ordered.text());
    let id = ordered.header("location").trim_start_matches("/p/").to_owned();
    assert_eq!(post.job(&server, &id)["email"], true);
    let job = post.order(&server, "a", &[]);
    assert_eq!((job.status, &job.json()["email"]), (201, &json!(true)), "{}", job.text());
    assert!(!job.text().contains(ANNA));

    let secret = link.rsplit('/').next().unwrap();
    assert!(!server.log().contains(secret) && !server.log().contains(ANNA), "{}", server.log());
    assert!(server.log().contains("/mail/confirm/***"), "{}", server.log());
    server.until_counted(r#"text2art_mail_total{outcome="sent"} 1"#);
    for wrong in ["", "anna", "anna@example.org\r\nBcc: b@example.org", "a@b@c", &"x".repeat(300)] {
        post.send(&server, "PUT", "/api/v1/me/email", &json!({"address": wrong})).problem(422);
    }
    assert_eq!(post.send(&server, "DELETE", "/api/v1/me/email", &Value::Null).status, 204);
    post.order(&server, "a", &[]).problem(422);
}

#[test]
fn a_finished_picture_comes_with_its_film_until_letters_are_stopped() {
    let post = Post::new();
    let server = post.start(1);
    post.confirm(&server);
    let prompt = "<script>alert(1)</script> \u{202e}a cat\r\nBcc: evil@example.org 🎨";
    let id = post.order(&server, prompt, &["gif"]).json()["id"].as_str().unwrap().to_owned();
    let letter = post.sink.letter(2);
    let job = post.job(&server, &id);
    assert_eq!(job["state"], "done", "the letter is written with the end: {job}");
    assert_eq!(letter.to, ANNA);
    for (name, value) in [
        ("message-id", format!("<{id}.done@example.org>")),
        ("auto-submitted", "auto-generated".into()),
        ("list-unsubscribe-post", "List-Unsubscribe=One-Click".into()),
        ("bcc", String::new()),
    ] {
        assert_eq!(letter.header(name), value, "{name}");
    }
    let tree = letter.tree();
    assert_eq!(
        tree.kinds(),
        "multipart/mixed(multipart/alternative(text/plain, multipart/related(text/html, image/png)), image/gif)"
    );
    let file = |name: &str| post.send(&server, "GET", &format!("/api/v1/jobs/{id}/files/{name}"), &Value::Null).body;
    let picture = tree.find("image/png");
    assert!(picture.body == file("picture.png") && tree.find("image/gif").body == file("picture.gif"));
    assert_eq!(picture.header("content-id"), "<picture>");
    let (text, html) = (tree.find("text/plain").text(), tree.find("text/html").text());
    assert!(html.contains("src=\"cid:picture\" width=\"32\" height=\"32\"") && !html.contains("<script>"), "{html}");
    assert!(text.contains("<script>alert(1)</script> a cat Bcc: evil@example.org 🎨"), "{text}");
    assert!(!text.contains('\u{202e}') && !html.contains('\u{202e}'));
    let home = format!("http://{}/p/{id}", server.address);
    assert!(text.contains(&home) && html.contains(&home) && text.contains("You received this email because"), "{text}");
    for name in ["picture.gif", "recipe.json"] {
        let link = letter.path(&server, name);
        assert_eq!(post.send(&server, "GET", &link, &Value::Null).status, 200, "{link}");
    }

    // The reader of the letter stops it without a login, from a page of its own.
    let link = letter.path(&server, "/mail/stop/");
    assert_eq!(letter.header("list-unsubscribe"), format!("<http://{}{link}>", server.address));
    assert_eq!(page(&server, &link).status, 200);
    assert_eq!(post.order(&server, "a", &[]).status, 201, "looking stops nothing");
    let headers = [("content-type", "multipart/form-data; boundary=b"), ("origin", "https://mail.example.com")];
    let body = b"--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    assert_eq!(server.send("POST", &link, &headers, body).status, 200);
    let refused = post.order(&server, "a", &[]).problem(422);
    assert!(refused["detail"].as_str().unwrap().contains("turned off"), "{refused}");
    assert_eq!(server.send("POST", &link, &[FORM], b"again=1").status, 200);
    assert_eq!(post.order(&server, "a", &[]).status, 201);
    for wrong in [link.replace("/stop/", "/stop/x"), "/mail/stop/a".into()] {
        assert_eq!(server.send("POST", &wrong, &[FORM], b"x=1").status, 404);
    }
    for hidden in [ANNA, "evil@example.org", link.rsplit('/').next().unwrap()] {
        assert!(!server.log().contains(hidden), "{hidden}: {}", server.log());
    }
}

#[test]
fn refused_letters_are_tried_again_or_given_up() {
    let post = Post::new();
    let server = post.start(0);
    post.sink.plan(&[Fate::Refuse("451 4.7.1 come back later"), Fate::Refuse("452 4.2.2 full")]);
    post.ask(&server, ANNA);
    let letter = post.sink.letter(1);
    assert_eq!(letter.to, ANNA);
    assert!(server.log().contains("451") && server.log().contains("will be retried"), "{}", server.log());
    post.sink.plan(&[Fate::Refuse("550 5.1.1 <ben@example.org>: no such user")]);
    post.ask(&server, "ben@example.org");
    post.sink.wait_for_plan();
    post.ask(&server, "cleo@example.org");
    post.sink.wait(2);
    for line in [
        r#"text2art_letters{state="dead"} 1"#,
        r#"text2art_mail_total{outcome="dead"} 1"#,
        r#"text2art_mail_total{outcome="retried"} 2"#,
    ] {
        server.until_counted(line);
    }
    server.until("the refusal in the log", || server.log().contains("<the recipient>: no such user").then_some(()));
    assert!(!server.log().contains("ben@example.org"), "{}", server.log());
    assert_eq!(
        post.sink.letters().iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(),
        [ANNA, "cleo@example.org"]
    );
}

#[test]
fn an_operator_sends_a_dead_letter_again() {
    let post = Post::new();
    let server = post.start(1);
    post.confirm(&server);
    post.sink.plan(&[Fate::Refuse("554 5.7.1 we do not know you")]);
    let id = post.order(&server, "a", &[]).json()["id"].as_str().unwrap().to_owned();
    post.sink.wait_for_plan();
    let letters = || admin(&post.place, &["letters", "--json"]).succeeded().output_json();
    let dead = server.until("a dead letter", || letters().get(0).cloned());
    assert_eq!((&dead["kind"], &dead["job"], &dead["failures"]), (&json!("done"), &json!(id), &json!(1)), "{dead}");
    assert!(
        dead["error"].as_str().unwrap().contains("we do not know you") && !dead.to_string().contains(ANNA),
        "{dead}"
    );
    admin(&post.place, &["resend", dead["id"].as_str().unwrap()]).succeeded();
    assert_eq!(post.sink.letter(2).header("message-id"), format!("<{id}.done@example.org>"));
    assert_eq!(admin(&post.place, &["letters"]).succeeded().output_text(), "");
    assert_eq!(admin(&post.place, &["resend", "none"]).code, Some(2));
}

#[test]
fn a_killed_server_sends_a_letter_once_unless_it_was_taken_before_that_was_known() {
    let post = Post::new();
    let ids = |letters: &[Letter]| letters.iter().map(|letter| letter.header("message-id")).collect::<Vec<_>>();
    // Killed before the letter was taken: it is sent once.
    post.sink.plan(&[Fate::SilentBefore]);
    let server = post.start(0);
    post.ask(&server, ANNA);
    post.sink.wait_for_silence();
    assert_eq!(post.sink.letters().len(), 0);
    drop(server);
    let server = post.start(0);
    post.sink.wait(1);
    // Killed after that was recorded: it is not sent again, although others are.
    server.until_counted(r#"text2art_letters{state="sent"} 1"#);
    drop(server);
    let server = post.start(0);
    post.sink.plan(&[Fate::SilentAfter]);
    post.ask(&server, "ben@example.org");
    // Taken, but the server is killed before it knows: only then it comes twice, under the same name.
    post.sink.wait(2);
    post.sink.wait_for_silence();
    drop(server);
    let _server = post.start(0);
    let letters = post.sink.wait(3);
    let ids = ids(&letters);
    assert_eq!((letters.len(), &ids[1]), (3, &ids[2]));
    assert_ne!(ids[0], ids[1]);
    assert_eq!(
        letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(),
        [ANNA, "ben@example.org", "ben@example.org"]
    );
}

#[test]
fn without_smtp_or_a_login_there_are_no_letters() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let refused = server.post("/api/v1/jobs", &json!({"prompt": "a", "email": true})).problem(422);
    assert!(refused["hint"].as_str().unwrap().contains("leave out `email`"), "{refused}");
    server.post("/api/v1/jobs", &json!({"prompt": "a", "email": ANNA})).problem(422);
    assert_eq!(server.submit(&json!({"prompt": "a", "email": false}))["email"], false);
    // Whoever uses a server without users, or without a login, is no user.
    let put = |server: &Server| send(server, "PUT", "/api/v1/me/email", &[], &json!({"address": ANNA}));
    put(&server).problem(403);
    drop(server);
    let post = Post::new();
    let smtp = format!("smtp://{}", post.sink.address);
    let arguments = ["--smtp", &smtp, "--mail-from", "art@example.org", "--open"];
    let server = Server::start(&post.place, &arguments);
    put(&server).problem(403);
    server.post("/api/v1/jobs", &json!({"prompt": "a", "email": true})).problem(422);
    drop(server);
    let server = Server::start(&post.place, &[]);
    post.send(&server, "PUT", "/api/v1/me/email", &json!({"address": ANNA})).problem(409);
    assert_eq!(post.sink.letters().len(), 0);
}

#[test]
fn the_page_of_the_account_changes_the_address() {
    let post = Post::new();
    let server = post.start(0);
    let send =
        |body: &str| server.send("POST", "/account/email", &[FORM, ("authorization", &post.anna)], body.as_bytes());
    let answer = send("action=add&address=anna%40example.org");
    assert_eq!((answer.status, answer.header("location")), (303, "/account#email"), "{}", answer.text());
    assert_eq!(post.sink.letter(1).to, ANNA);
    assert_eq!(send("action=remove").status, 303);
    let link = post.sink.letter(1).path(&server, "/mail/confirm/");
    assert_eq!(server.send("POST", &link, &[FORM], b"x=1").status, 404);
    assert_eq!(send("action=allow").status, 303);
    assert_eq!(send("action=other").status, 422);
    assert_eq!(send("action=add&address=anna").status, 422);
    assert_eq!(server.send("POST", "/account/email", &[FORM], b"action=remove").status, 401);
}

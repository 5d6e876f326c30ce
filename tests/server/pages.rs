//! Pages for browsers: their frame, their forms without scripts, their errors, and what they load.

use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};
use crate::people::{PASSWORD, admin_with_line, user};

/// What browsers accept.
const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn page(server: &Server, path: &str) -> Answer {
    server.send("GET", path, &[PAGE], &[])
}

/// The values of an attribute in a page.
fn attributes<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let begin = format!(" {name}=\"");
    page.split(&begin).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn what_pages_load_is_small_and_kept() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let answer = page(&server, "/");
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{}", answer.text());
    let text = answer.text();
    let mut assets: Vec<&str> = [attributes(&text, "src"), attributes(&text, "href")].concat();
    assets.retain(|address| address.starts_with("/static/"));
    assert!(assets.len() >= 3, "{assets:?}");
    let mut total = answer.body.len();
    for address in assets {
        let asset = server.get(address);
        assert_eq!(asset.status, 200, "{address}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable", "{address}");
        total += asset.body.len();
    }
    assert!(total < 100_000, "{total}");
    // Another version's address is answered, but not kept.
    assert_eq!(server.get("/static/000000000000/style.css").header("cache-control"), "no-cache");
    server.get("/static/000000000000/other.css").problem(404);
}

#[test]
fn people_get_problems_as_pages_and_programs_as_json() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let missing = page(&server, "/nothing");
    assert_eq!((missing.status, missing.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(missing.text().contains("There is no such page."), "{}", missing.text());
    server.get("/nothing").problem(404);
    page(&server, "/api/v1/jobs/nothing").problem(404);
}

#[test]
fn browsers_log_in_with_a_form_and_come_back() {
    let place = Workplace::new();
    admin_with_line(&place, PASSWORD, &["user", "add", "anna"]).succeeded();
    let server = Server::start(&place, &[]);
    let asked = page(&server, "/mine?before=x");
    assert_eq!((asked.status, asked.header("location")), (303, "/login?next=%2Fmine%3Fbefore%3Dx"));
    server.get("/mine").problem(401);
    let form = page(&server, asked.header("location"));
    assert_eq!(form.status, 200);
    assert!(form.text().contains("name=\"next\" value=\"/mine?before=x\""), "{}", form.text());

    let own = format!("http://{}", server.address);
    let browser = [PAGE, FORM, ("origin", own.as_str()), ("sec-fetch-site", "same-origin")];
    let wrong = server.send("POST", "/login", &browser, b"name=%3Ci%3Eanna&password=wrong&next=/mine");
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("value=\"&#60;i&#62;anna\""), "{}", wrong.text());
    for (next, to) in [("/mine", "/mine"), ("//evil.example", "/"), ("https://evil.example", "/")] {
        let body = format!("name=anna&password={}&next={next}", PASSWORD.replace(' ', "+"));
        let done = server.send("POST", "/login", &browser, body.as_bytes());
        assert_eq!((done.status, done.header("location")), (303, to), "{}", done.text());
        let cookie = done.header("set-cookie").split(';').next().unwrap().to_owned();
        let me = server.send("GET", "/", &[PAGE, ("cookie", &cookie)], &[]);
        assert!(me.status == 200 && me.text().contains("<bdi>anna</bdi>"), "{}", me.text());
        let out = server.send("POST", "/logout", &[&browser[..], &[("cookie", &cookie)]].concat(), b"x=");
        assert_eq!((out.status, out.header("location")), (303, "/login"));
        assert_eq!(server.send("GET", "/", &[PAGE, ("cookie", &cookie)], &[]).status, 303);
    }
    // A page of another site logs nobody in.
    let foreign = [PAGE, FORM, ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    let refused = server.send("POST", "/login", &foreign, b"name=anna&password=x");
    assert_eq!((refused.status, refused.header("content-type")), (403, "text/html; charset=utf-8"));
}

#[test]
fn what_is_published_needs_no_login() {
    let place = Workplace::new();
    user(&place, "anna", "user", "jobs");
    let server = Server::start(&place, &[]);
    for path in ["/login", "/docs/"] {
        assert_eq!(page(&server, path).status, 200, "{path}");
    }
    for path in ["/", "/mine", "/admin", "/p/00000000000000000000000000"] {
        assert_eq!(page(&server, path).status, 303, "{path}");
    }
}

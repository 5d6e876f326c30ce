//! The gallery: what is published, who sees it, who likes it, and what nobody must learn from it.

use resvg::usvg::roxmltree::Document;
use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};
use crate::people::{PASSWORD, admin, admin_with_line, cookie, done, log_in, send, submit, user};
use crate::place::{Place, Worker};
use crate::visitor::{FORM, led, page, page_with};

const PICTURES: &str = "/api/v1/pictures";
/// A prompt whose words are nowhere else.
const SECRET: &str = "zeppelin over quicksilver";

/// A picture that takes a moment.
fn small(prompt: &str) -> Value {
    json!({"prompt": prompt, "size": "32x32", "iterations": 2, "cutouts": 1, "seed": 7})
}

/// Adds a job, and waits until it is done.
fn drawn(server: &Server, headers: &[(&str, &str)], order: &Value) -> String {
    let id = submit(server, headers, order);
    done(server, headers, &id);
    id
}

/// Publishes the picture of a job, and returns its id.
fn publish(server: &Server, job: &str, title: &str, show_prompt: bool) -> String {
    let answer = server.post(PICTURES, &json!({"job": job, "title": title, "show_prompt": show_prompt}));
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn of(id: &str) -> String {
    format!("{PICTURES}/{id}")
}

fn has(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

#[test]
fn a_picture_is_published_found_liked_and_withdrawn() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let mut order = small("a red apple");
    order["products"] = json!(["mp4"]);
    let job = drawn(&server, &[], &order);
    let body = json!({"job": job, "title": "  Still life ", "show_prompt": true});
    let answer = server.post(PICTURES, &body);
    let picture = answer.json();
    let id = picture["id"].as_str().unwrap();
    assert_eq!((answer.status, answer.header("location")), (201, of(id).as_str()));
    assert_ne!(id, job);
    assert_eq!(
        (&picture["title"], &picture["prompt"], &picture["settings"]["seed"], &picture["mine"], &picture["job"]),
        (&json!("Still life"), &json!("a red apple"), &json!(7), &json!(true), &json!(job))
    );
    assert_eq!((&picture["width"], &picture["thumbnail"]["width"]), (&json!(32), &json!(32)));
    // The same again is the same; in another way, it is refused.
    let again = server.post(PICTURES, &body);
    assert_eq!((again.status, &again.json()["id"]), (200, &picture["id"]));
    server.post(PICTURES, &json!({"job": job, "title": "Other", "show_prompt": true})).problem(409);

    let files = picture["files"].as_array().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["picture.png", "picture.mp4", "recipe.json"]);
    for file in files {
        let answer = server.get(file["url"].as_str().unwrap());
        assert_eq!((answer.status, answer.header("content-type")), (200, file["media_type"].as_str().unwrap()));
        assert_eq!(json!(answer.body.len()), file["bytes"]);
        assert!(answer.header("cache-control").starts_with("public"), "{answer:?}");
    }
    // Whoever has the recipe draws the picture again.
    let original = server.get(&format!("/api/v1/jobs/{job}/files/picture.png"));
    let png = format!("/g/{id}/picture.png");
    assert_eq!(server.get(&png).body, original.body);
    let tag = original.header("etag");
    assert_eq!(server.send("GET", &png, &[("if-none-match", tag)], &[]).status, 304);
    assert_eq!(server.send("GET", &png, &[("range", "bytes=1-3")], &[]).body, b"PNG");
    assert!(server.get(&format!("{png}?download=1")).header("content-disposition").contains("still-life.png"));
    let thumb = server.get(picture["thumbnail"]["url"].as_str().unwrap());
    assert_eq!((thumb.status, thumb.header("content-type")), (200, "image/webp"));
    assert!(thumb.body.starts_with(b"RIFF") && !has(&thumb.body, "apple"));
    // The same small picture is made once, for the owner's own lists as well.
    let own = server.get(&format!("/api/v1/jobs/{job}/files/thumb.webp"));
    assert_eq!((own.status, own.body), (200, thumb.body));
    let names = server.get(&format!("/api/v1/jobs/{job}")).json()["files"].to_string();
    assert!(!names.contains("thumb") && !names.contains("plain"), "{names}");

    let likes = || server.get(&of(id)).json()["likes"].clone();
    for _ in 0..2 {
        assert_eq!(send(&server, "PUT", &format!("{}/like", of(id)), &[], &Value::Null).status, 204);
        assert_eq!((likes(), server.get(&of(id)).json()["liked"].clone()), (json!(1), json!(true)));
    }
    for _ in 0..2 {
        assert_eq!(server.delete(&format!("{}/like", of(id))).status, 204);
        assert_eq!(likes(), json!(0));
    }
    assert_eq!(server.delete(&of(id)).status, 204);
    for path in [of(id), png, format!("/g/{id}"), format!("/g/{id}/thumb.webp")] {
        server.get(&path).problem(404);
    }
    server.delete(&of(id)).problem(404);
    send(&server, "PUT", &format!("{}/like", of(id)), &[], &Value::Null).problem(404);
    // Published again, it has another name; it goes with its job.
    let id = publish(&server, &job, "", true);
    assert_eq!(server.delete(&format!("/api/v1/jobs/{job}")).status, 204);
    server.get(&of(&id)).problem(404);
    let is_file = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|end| ["png", "webp", "mp4"].iter().any(|known| end == *known))
    };
    let left: Vec<_> = place.content().into_keys().filter(is_file).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_prompt_that_is_not_shared_is_in_no_byte() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let mut order = small(SECRET);
    order["products"] = json!(["mp4", "gif", "svg"]);
    order["drawer"] = json!("pixel");
    order["pixel_size"] = json!("8x8");
    let job = drawn(&server, &[], &order);
    let id = publish(&server, &job, "", false);
    let picture = server.get(&of(&id));
    let names: Vec<Value> =
        picture.json()["files"].as_array().unwrap().iter().map(|file| file["name"].clone()).collect();
    assert_eq!(names, ["picture.png", "picture.mp4", "picture.gif", "picture.svg"]);
    let whole = |name: &str| server.get(&format!("/api/v1/jobs/{job}/files/{name}")).body;
    let bare = |name: &str| server.get(&format!("/g/{id}/{name}"));
    let mut seen: Vec<Answer> = ["picture.png", "picture.mp4", "picture.gif", "picture.svg", "thumb.webp"]
        .iter()
        .map(|name| bare(name))
        .collect();
    assert!(seen.iter().all(|answer| answer.status == 200));
    for name in ["picture.png", "picture.mp4", "picture.gif"] {
        assert!(has(&whole(name), "zeppelin"), "{name} should have a recipe to hide");
    }
    // The pictures are the same.
    let pixels = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().to_rgba8();
    assert_eq!(pixels(&bare("picture.png").body), pixels(&whole("picture.png")));
    assert_eq!(pixels(&bare("picture.gif").body), pixels(&whole("picture.gif")));
    assert_eq!(bare("picture.mp4").body.len(), whole("picture.mp4").len());
    assert_eq!(bare("picture.svg").body, whole("picture.svg"));
    assert_eq!(
        (bare("picture.svg").header("content-security-policy"), bare("picture.svg").header("content-disposition")),
        ("sandbox", "attachment; filename=\"picture.svg\"")
    );
    for missing in ["recipe.json", "preview.png", "plain.png", "checkpoint", "..%2fpicture.png"] {
        bare(missing).problem(404);
    }
    seen.push(picture);
    seen.push(server.get(PICTURES));
    seen.push(server.get("/gallery/feed.xml"));
    seen.push(page(&server, "/gallery"));
    seen.push(page(&server, &format!("/g/{id}")));
    for answer in seen {
        assert_eq!(answer.status, 200, "{}", answer.text());
        for word in ["zeppelin", "quicksilver", "\"seed\"", "cutouts"] {
            assert!(
                !has(&answer.body, word) && !format!("{:?}", answer.headers).contains(word),
                "{word}: {}",
                answer.text()
            );
        }
    }
    let found = server.get(&format!("{PICTURES}?q=zeppelin")).json();
    assert_eq!(found["items"], json!([]));
}

#[cfg(unix)]
#[test]
fn pages_of_many_pictures_go_on_and_searches_find_words_as_they_are() {
    let place = Place::new();
    let server = Server::start(&place.workplace, &[]);
    // All have the same picture, which takes no time.
    let _worker = Worker::start(place.command().env("T2A_CHILD", place.fake()));
    let job = drawn(&server, &[], &small("a castle of 100% glass_blocks"));
    let mut expected = vec![publish(&server, &job, "0", true)];
    for number in 1..30 {
        let job = drawn(&server, &[], &small("a"));
        let id = publish(&server, &job, &number.to_string(), false);
        if number % 3 == 0 {
            send(&server, "PUT", &format!("{}/like", of(&id)), &[], &Value::Null);
        }
        expected.push(id);
    }
    let listed = |query: &str| {
        let (mut found, mut path) = (Vec::new(), format!("{PICTURES}?limit=7&{query}"));
        loop {
            let list = server.get(&path).json();
            found.extend(list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            let Some(next) = list["next"].as_str() else { return found };
            path = format!("{PICTURES}?limit=7&{query}&before={next}");
        }
    };
    expected.reverse();
    assert_eq!(listed("sort=new"), expected);
    let (liked, others): (Vec<_>, Vec<_>) =
        expected.iter().cloned().enumerate().partition(|(place, _)| (29 - place) % 3 == 0 && *place != 29);
    let by_likes: Vec<String> = liked.into_iter().chain(others).map(|(_, id)| id).collect();
    assert_eq!(listed("sort=liked"), by_likes);
    for (words, count) in [
        ("CASTLE", 1),
        ("100%25", 1),
        ("glass_b", 1),
        ("glass%25b", 0),
        ("_", 1),
        ("%25", 1),
        ("%27%22%3b--", 0),
        ("castle%20of", 1),
        ("castle%20moat", 0),
        ("2", 12),
    ] {
        assert_eq!(listed(&format!("q={words}")).len(), count, "{words}");
    }
    for wrong in
        ["sort=best", "before=x", "before=1.x", "limit=0", "limit=101", "q=%00", &format!("q={}", "x".repeat(101))]
    {
        server.get(&format!("{PICTURES}?{wrong}")).problem(400);
    }

    // The pages have links that work without scripts.
    let mut path = "/gallery?sort=liked".to_owned();
    let mut shown = Vec::new();
    loop {
        let page = page(&server, &path).text();
        shown.extend(page.split("class=\"picture\" href=\"/g/").skip(1).map(|rest| rest[..26].to_owned()));
        let Some((_, rest)) = page.split_once("rel=\"next\" href=\"") else { break };
        path = rest[..rest.find('"').unwrap()].replace("&amp;", "&").replace("&#38;", "&");
    }
    assert_eq!(shown, by_likes);
    let none = page(&server, "/gallery?q=%3Cscript%3E").text();
    assert!(!none.contains("<script>") && none.contains("No pictures have these words"), "{none}");
    assert_eq!(page(&server, "/gallery?before=x").status, 400);
}

#[cfg(unix)]
#[test]
fn each_may_do_to_a_picture_what_is_theirs_to_do() {
    let place = Workplace::new();
    let (anna, ben) = (user(&place, "anna", "user", "jobs"), user(&place, "ben", "user", "jobs"));
    let olga = user(&place, "olga", "operator", "admin");
    admin_with_line(&place, PASSWORD, &["user", "add", "cleo"]).succeeded();
    let [anna, ben, olga] = [&anna, &ben, &olga].map(|token| [("authorization", token.as_str())]);
    let server = Server::start_with_workers(&place, 1, &[]);
    let get = |path: &str, who: &[(&str, &str)]| send(&server, "GET", path, who, &Value::Null);
    let job = drawn(&server, &anna, &small("a red apple"));
    let body = json!({"job": job, "show_prompt": true});
    send(&server, "POST", PICTURES, &[], &body).problem(401);
    send(&server, "POST", PICTURES, &ben, &body).problem(404);
    send(&server, "POST", PICTURES, &olga, &body).problem(403);
    let picture = send(&server, "POST", PICTURES, &anna, &body);
    assert_eq!(picture.status, 201, "{}", picture.text());
    let id = picture.json()["id"].as_str().unwrap().to_owned();
    let paths = [of(&id), format!("/g/{id}/picture.png"), format!("/g/{id}/thumb.webp"), format!("/g/{id}")];

    // Whoever has no login sees what is published, and learns nothing about its owner but the name.
    for path in paths.iter().map(String::as_str).chain([PICTURES, "/gallery", "/gallery/feed.xml"]) {
        assert_eq!(page(&server, path).status, 200, "{path}");
    }
    let seen = get(&of(&id), &[]).json();
    assert_eq!((&seen["author"], &seen["mine"]), (&json!("anna"), &json!(false)));
    assert!(seen.get("job").is_none() && seen.get("owner").is_none() && !seen.to_string().contains(&job), "{seen}");
    get(&format!("/api/v1/jobs/{job}"), &[]).problem(401);

    // Likes without a login are told apart by a cookie.
    let like = format!("{}/like", of(&id));
    let likes = || get(&of(&id), &[]).json()["likes"].as_u64().unwrap();
    let first = send(&server, "PUT", &like, &[], &Value::Null);
    let set = first.header("set-cookie");
    assert!(first.status == 204 && set.starts_with("t2a-likes=") && set.contains("HttpOnly; SameSite=Lax"), "{set}");
    let browser = cookie(&first);
    let with = [("cookie", browser.as_str())];
    let again = send(&server, "PUT", &like, &with, &Value::Null);
    assert_eq!((again.status, again.header("set-cookie"), likes()), (204, "", 1));
    assert_eq!(get(&of(&id), &with).json()["liked"], true);
    send(&server, "PUT", &like, &[with[0], ("origin", "https://evil.example")], &Value::Null).problem(403);
    // After a login, the same browser is the same person.
    let session = cookie(&log_in(&server, "cleo", PASSWORD));
    let both = format!("{browser}; {session}");
    let both = [("cookie", both.as_str())];
    assert_eq!(send(&server, "PUT", &like, &both, &Value::Null).status, 204);
    assert_eq!(likes(), 1);
    assert_eq!(send(&server, "PUT", &like, &ben, &Value::Null).status, 204);
    assert_eq!(likes(), 2);
    assert_eq!(send(&server, "DELETE", &like, &both, &Value::Null).status, 204);
    assert_eq!(likes(), 1);
    // By the form of the page, too.
    let posted = server.send("POST", &format!("/g/{id}/like"), &[FORM, with[0]], b"a=b");
    assert_eq!((led(&posted), likes()), (format!("/g/{id}").as_str(), 2));

    // Others neither withdraw nor hide it.
    send(&server, "DELETE", &of(&id), &[], &Value::Null).problem(401);
    send(&server, "DELETE", &of(&id), &ben, &Value::Null).problem(404);
    let hide = format!("/api/v1/admin/pictures/{id}/hide");
    for who in [&anna, &ben] {
        send(&server, "POST", &hide, who, &json!({"why": "mine"})).problem(403);
    }
    for why in [json!(""), json!(" "), json!("a\nb"), json!("x".repeat(501))] {
        send(&server, "POST", &hide, &olga, &json!({ "why": why })).problem(422);
    }
    let hidden = send(&server, "POST", &hide, &olga, &json!({"why": "<b>rude</b>"}));
    assert_eq!((hidden.status, &hidden.json()["hidden"]["by"]), (200, &json!("olga")), "{}", hidden.text());
    for path in &paths {
        get(path, &[]).problem(404);
        get(path, &ben).problem(404);
        assert_eq!((get(path, &anna).status, get(path, &olga).status), (200, 200), "{path}");
    }
    assert!(get(&paths[1], &anna).header("cache-control").contains("no-store"));
    let own = get(&of(&id), &anna).json()["hidden"].clone();
    assert_eq!((&own["why"], own.get("by")), (&json!("<b>rude</b>"), None));
    let page = page_with(&server, &paths[3], &anna).text();
    assert!(page.contains("This picture is hidden") && !page.contains("<b>rude</b>"), "{page}");
    assert_eq!(get(PICTURES, &olga).json()["items"], json!([]));
    assert!(!get("/gallery/feed.xml", &olga).text().contains(&id));
    send(&server, "PUT", &like, &ben, &Value::Null).problem(404);
    // Its owner cannot bring it back by publishing it again.
    send(&server, "DELETE", &of(&id), &anna, &Value::Null).problem(409);
    send(&server, "POST", PICTURES, &anna, &body).problem(409);
    let desk = page_with(&server, "/admin/pictures", &olga);
    assert!(desk.status == 200 && desk.text().contains(&id) && !desk.text().contains("<b>rude</b>"), "{}", desk.text());
    assert_eq!(page_with(&server, "/admin/pictures", &ben).status, 404);
    let shown = send(&server, "POST", &format!("/api/v1/admin/pictures/{id}/unhide"), &olga, &Value::Null);
    assert_eq!((shown.status, get(&of(&id), &[]).status), (200, 200), "{}", shown.text());
    let audit = admin(&place, &["audit"]).succeeded().output_text().to_owned();
    assert!(audit.contains("picture hidden") && audit.contains("picture shown again"), "{audit}");

    // What a user published goes with the user.
    admin(&place, &["user", "remove", "anna"]).succeeded();
    get(&of(&id), &olga).problem(404);
}

#[test]
fn hostile_titles_are_shown_as_text() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let hostile = "</title><script>alert(1)</script>]]>&\"'\u{202e}txet\u{200b}\u{fffe}👩\u{200d}🎨";
    let mut order = small("<img src=x onerror=alert(2)>");
    order["iterations"] = json!(1);
    let job = drawn(&server, &[], &order);
    let id = publish(&server, &job, hostile, true);
    assert_eq!(server.get(&of(&id)).json()["title"], hostile);
    for path in ["/gallery", &format!("/g/{id}")] {
        let page = page(&server, path);
        let text = page.text();
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(!text.contains("<script>") && !text.contains("<img src=x") && text.contains("txet"), "{text}");
        assert!(page.header("content-security-policy").contains("default-src 'self'"));
    }
    let feed = server.get("/gallery/feed.xml");
    assert_eq!(feed.header("content-type"), "application/atom+xml; charset=utf-8");
    let text = feed.text();
    let document = Document::parse(&text).unwrap();
    let named = |name: &str| {
        let found = document.descendants().filter(|node| node.tag_name().name() == name);
        found.map(|node| node.text().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    // XML has no place for one of the characters.
    assert_eq!(named("title"), ["Gallery", &hostile.replace('\u{fffe}', "")]);
    assert_eq!((named("name"), named("entry").len()), (vec!["a visitor".to_owned()], 1));
    assert!(named("id")[1].ends_with(&format!("/g/{id}")) && named("id")[1].starts_with("http://127.0.0.1:"));
    let content = &named("content")[0];
    assert!(
        content.contains("thumb.webp") && !content.contains("<script") && !content.contains("<img src=x"),
        "{content}"
    );
    let tag = feed.header("etag").to_owned();
    assert_eq!(server.send("GET", "/gallery/feed.xml", &[("if-none-match", &tag)], &[]).status, 304);

    for (body, status) in [
        (json!({"job": job, "show_prompt": true, "title": "a\nb"}), 422),
        (json!({"job": job, "show_prompt": true, "title": "x".repeat(101)}), 422),
        (json!({"job": "../etc", "show_prompt": true}), 422),
        (json!({"job": "00000000000000000000000000", "show_prompt": true}), 404),
        (json!({"job": job}), 422),
        (json!({"job": job, "show_prompt": true, "owner": "me"}), 422),
    ] {
        server.post(PICTURES, &body).problem(status);
    }
    let waiting = server.submit(&json!({"prompt": "a", "iterations": 100_000}));
    server.post(PICTURES, &json!({"job": waiting["id"], "show_prompt": true})).problem(409);
}

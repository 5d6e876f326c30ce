//! The pages of jobs: what each state looks like, and what their forms do, without scripts.

use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};
use crate::people::{send, user};
#[cfg(unix)]
use crate::place::fake_worker;
use crate::visitor::{FOREIGN, attributes, led, page, page_with, post, post_with};

/// A text with everything that could harm a page.
const HOSTILE: &str = "<script>alert(1)</script> \"'><img src=x onerror=alert(2)> \u{202e}evil\u{2066} \u{200b} {{ 7*7 }} 🧑\u{200d}🚀 &amp;";

/// A picture that takes a moment.
fn small(prompt: &str) -> Value {
    json!({"prompt": prompt, "drawer": "pixel", "pixel_size": "4x3", "init_noise": "none", "size": "32x24", "iterations": 2,
        "cutouts": 1, "seed": 7})
}

/// A page that must be there.
fn text(server: &Server, path: &str) -> String {
    let answer = page(server, path);
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"), "{}", answer.text());
    answer.text()
}

fn id(job: &Value) -> &str {
    job["id"].as_str().unwrap()
}

fn path_of(job: &Value) -> String {
    format!("/p/{}", id(job))
}

/// The text of the element with an id.
fn element(page: &str, id: &str) -> String {
    let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {page}"));
    let (_, rest) = rest.split_once('>').unwrap();
    html_escape::decode_html_entities(rest.split('<').next().unwrap()).into_owned()
}

/// Whether the page asks to be loaded again.
fn is_loaded_again(page: &str) -> bool {
    page.contains("<noscript><meta http-equiv=\"refresh\"")
}

#[test]
fn a_finished_picture_has_its_files_and_its_command() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let mut body = small("it's a red apple | \"night\":0.5");
    body["products"] = json!(["mp4", "gif", "svg"]);
    body["quality"] = json!("draft");
    let job = server.submit(&body);
    assert!(is_loaded_again(&text(&server, &path_of(&job))));
    let done = server.wait_for(id(&job), |job| job["finished"].is_string());
    assert_eq!(done["state"], "done", "{done}");
    let shown = text(&server, &path_of(&job));
    assert!(!is_loaded_again(&shown) && shown.contains("<video "), "{shown}");
    assert!(shown.contains("width=\"32\" height=\"24\""), "{shown}");

    let downloads: Vec<String> =
        attributes(&shown, "href").into_iter().filter(|url| url.ends_with("?download=1")).collect();
    assert_eq!(downloads.len(), 5, "{downloads:?}");
    for url in downloads.iter().chain(&attributes(&shown, "src")).chain(&attributes(&shown, "poster")) {
        let file = server.get(url);
        assert_eq!(file.status, 200, "{url}");
        assert!(!url.ends_with("?download=1") || file.header("content-disposition").starts_with("attachment"), "{url}");
    }
    assert_eq!(downloads.iter().filter(|url| url.contains("recipe.json")).count(), 1, "{downloads:?}");

    // The command means the settings of the job.
    let command = shlex::split(&element(&shown, "command")).unwrap();
    assert_eq!(command[0], "text2art");
    assert!(command.contains(&"--mp4".to_owned()) && command.contains(&"--gif".to_owned()), "{command:?}");
    assert!(!command.iter().any(|word| word == "--clip" || word == "--learning-rate"), "{command:?}");
    let dry = place.run(&[&command[1..], &["--dry-run".to_owned()]].concat()).succeeded();
    let meant: toml::Value = toml::from_str(dry.output_text()).unwrap();
    let asked: Value = server.get(&format!("/api/v1/jobs/{}", id(&job))).json()["settings"].clone();
    let mut meant = serde_json::to_value(meant).unwrap();
    // How many cutouts are judged at once depends on the memory of the machine.
    meant["cut_batch"] = asked["cut_batch"].clone();
    assert_eq!(meant, asked);
}

#[test]
fn a_waiting_picture_says_its_place_and_is_canceled() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let (first, second) = (server.submit(&small("a red apple")), server.submit(&small("resume")));
    let shown = text(&server, &path_of(&second));
    assert_eq!(element(&shown, "place"), "2nd of 2");
    assert!(is_loaded_again(&shown) && shown.contains("No worker is running right now"), "{shown}");
    assert!(shown.contains("viewBox=\"0 0 32 24\""), "the picture keeps its room: {shown}");
    // A word that is also a command of the program is a prompt nevertheless.
    let command = shlex::split(&element(&shown, "command")).unwrap();
    let dry = place.run(&[&command[1..], &["--dry-run".to_owned()]].concat()).succeeded();
    assert!(dry.output_text().contains("prompt = \"resume\""), "{}", dry.output_text());

    assert_eq!(led(&post(&server, &format!("{}/cancel", path_of(&first)), "")), path_of(&first));
    let shown = text(&server, &path_of(&first));
    assert!(!is_loaded_again(&shown) && shown.contains("Ask for it again"), "{shown}");
    assert_eq!(element(&text(&server, &path_of(&second)), "place"), "1st of 1");
    // Whoever cancels what has ended sees how it ended.
    assert_eq!(led(&post(&server, &format!("{}/cancel", path_of(&first)), "")), path_of(&first));
    // Sent twice, a form asks once.
    let key = attributes(&shown, "value").into_iter().find(|value| value.len() == 26).unwrap();
    let again = format!("{}/again", path_of(&first));
    let fields = format!("key={key}&seed=same");
    let (new, twice) = (post(&server, &again, &fields), post(&server, &again, &fields));
    assert_eq!(led(&new), led(&twice));
    assert_ne!(led(&new), path_of(&first));
    let settings = |path: &str| server.get(&path.replace("/p/", "/api/v1/jobs/")).json()["settings"].clone();
    assert_eq!(settings(led(&new)), settings(&path_of(&first)));
    let other = post(&server, &again, &format!("key={key}"));
    let (before, after) = (settings(&path_of(&first)), settings(led(&other)));
    assert_ne!(before["seed"], after["seed"]);
    assert_eq!((&before["prompt"], &before["size"]), (&after["prompt"], &after["size"]));
    // A page of another site does nothing.
    assert_eq!(server.send("POST", &format!("{}/cancel", path_of(&second)), &FOREIGN, b"_=").status, 403);
    assert_eq!(server.get(&format!("/api/v1/jobs/{}", id(&second))).json()["state"], "queued");
}

#[cfg(unix)]
#[test]
fn a_picture_is_seen_while_it_is_drawn() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let job = server.submit(&small("a red apple"));
    image::RgbImage::new(32, 24).save(place.join("so-far.png")).unwrap();
    let so_far = place.argument("so-far.png");
    let script = [
        r#"echo '{"event":"started","iterations":50,"done":0}' >&2; sleep 1"#,
        r#"echo '{"event":"step","iteration":9,"loss":0.75,"fit":0.312}' >&2"#,
        &format!("cp '{so_far}' picture.png"),
        r#"echo '{"event":"saved","path":"picture.png"}' >&2"#,
        "trap 'exit 130' TERM; while :; do sleep 0.05; done",
    ];
    let worker = fake_worker(&place, &script.join("\n"));
    let now = server.wait_for(id(&job), |job| job["preview"].is_string() && job["iteration"] == 10);
    assert!(now["ends_in"].as_f64() > Some(0.0), "{now}");
    let shown = text(&server, &path_of(&job));
    assert!(is_loaded_again(&shown) && shown.contains("max=\"50\" value=\"10\""), "{shown}");
    assert_eq!((element(&shown, "iteration"), element(&shown, "fit")), ("10 of 50".into(), "0.31".into()));
    assert!(element(&shown, "left").starts_with("about "), "{shown}");
    let preview = attributes(&shown, "src").into_iter().find(|url| url.contains("preview.png")).unwrap();
    assert_eq!(server.get(&preview).header("content-type"), "image/png");
    assert!(text(&server, "/mine?state=running").contains("20 %, about "));
    post(&server, &format!("{}/delete", path_of(&job)), "").problem_page(409);
    let cancel = post(&server, &format!("{}/cancel", path_of(&job)), "next=/mine?state=running");
    assert_eq!(led(&cancel), "/mine?state=running");
    let ended = server.wait_for(id(&job), |job| job["finished"].is_string());
    assert_eq!(ended["state"], "cancelled");
    drop(worker);
    assert_eq!(led(&post(&server, &format!("{}/delete", path_of(&job)), "next=//evil.example")), "/");
    page(&server, &path_of(&job)).problem_page(404);
}

#[cfg(unix)]
#[test]
fn a_failure_says_what_happened_and_what_to_do() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let job = server.submit(&small("a red apple"));
    let event = r#"{"event":"failed","message":"x","hint":"y","in_fields":{"message":"the size <b> is too large","hint":"choose a smaller size"}}"#;
    let worker = fake_worker(&place, &format!("echo '{event}' >&2; exit 2"));
    let dead = server.wait_for(id(&job), |job| job["finished"].is_string());
    assert_eq!(dead["state"], "dead", "{dead}");
    drop(worker);
    let shown = text(&server, &path_of(&job));
    assert!(
        shown.contains("The size &#60;b&#62; is too large.") && shown.contains("Choose a smaller size."),
        "{shown}"
    );
    assert!(!is_loaded_again(&shown) && shown.contains("Try again"), "{shown}");
    assert!(attributes(&shown, "href").contains(&format!("/?from={}", id(&job))), "{shown}");
    let again = post(&server, &format!("{}/again", path_of(&job)), "seed=same");
    assert!(text(&server, led(&again)).contains("Waiting"));
    assert!(text(&server, "/mine?state=dead").contains("Failed"));
}

#[test]
fn what_belongs_to_others_is_not_there() {
    let place = Workplace::new();
    let (anna, ben, olga) = (
        user(&place, "anna", "user", "jobs"),
        user(&place, "ben", "user", "jobs"),
        user(&place, "olga", "operator", "admin"),
    );
    let server = Server::start(&place, &[]);
    let as_user = |token: &str, method: &str, path: &str| {
        let headers = [("authorization", token)];
        if method == "POST" { post_with(&server, path, &headers, "") } else { page_with(&server, path, &headers) }
    };
    let headers = [("authorization", anna.as_str())];
    let job = send(&server, "POST", "/api/v1/jobs", &headers, &small("anna's secret")).json();
    let own = as_user(&anna, "GET", &path_of(&job));
    assert!(own.status == 200 && own.text().contains("anna&#39;s secret"), "{}", own.text());
    as_user(&ben, "GET", &path_of(&job)).problem_page(404);
    for action in ["cancel", "delete", "again", "start", "publish", "withdraw"] {
        as_user(&ben, "POST", &format!("{}/{action}", path_of(&job))).problem_page(404);
    }
    let mine = |token: &str| as_user(token, "GET", "/mine").text();
    assert!(mine(&anna).contains(id(&job)) && !mine(&ben).contains(id(&job)) && !mine(&olga).contains(id(&job)));
    let seen = as_user(&olga, "GET", &path_of(&job));
    assert!(seen.status == 200 && seen.text().contains("Asked for by somebody else"), "{}", seen.text());
    // Nobody else's jobs are canceled with one's own.
    assert_eq!(as_user(&ben, "POST", "/mine/cancel").status, 303);
    assert!(as_user(&anna, "GET", &path_of(&job)).text().contains("1st of 1"));
    assert_eq!(as_user(&anna, "POST", "/mine/cancel").status, 303);
    assert!(as_user(&anna, "GET", &path_of(&job)).text().contains("Ask for it again"));
}

#[test]
fn hostile_prompts_are_text() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let long = format!("{HOSTILE} {}", "x".repeat(1900));
    for prompt in [HOSTILE, long.as_str()] {
        let job = server.submit(&small(prompt));
        for path in [path_of(&job), "/mine".to_owned()] {
            let shown = text(&server, &path);
            assert!(!shown.contains("<script>alert") && !shown.contains("<img src=x"), "{shown}");
            assert!(shown.contains("&#60;script&#62;alert(1)") && shown.contains("{{ 7*7 }}"), "{shown}");
        }
        let shown = text(&server, &path_of(&job));
        let command = shlex::split(&element(&shown, "command")).unwrap();
        let dry = place.run(&[&command[1..], &["--dry-run".to_owned(), "--quiet".to_owned()]].concat()).succeeded();
        let meant: toml::Value = toml::from_str(dry.output_text()).unwrap();
        assert_eq!(meant["prompt"].as_str(), Some(prompt));
    }
}

#[test]
fn pictures_are_listed_a_page_at_a_time() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    assert!(text(&server, "/mine").contains("You have not asked for a picture yet."));
    let jobs: Vec<Value> = (0..26).map(|number| server.submit(&small(&format!("apple {number}")))).collect();
    let listed = |path: &str| attributes(&text(&server, path), "data-job");
    let newest: Vec<String> = jobs.iter().rev().map(|job| id(job).to_owned()).collect();
    let first = text(&server, "/mine");
    assert_eq!(attributes(&first, "data-job"), newest[..24]);
    let older = attributes(&first, "href").into_iter().find(|url| url.contains("before=")).unwrap();
    assert_eq!(listed(&older), newest[24..]);
    assert!(!text(&server, &older).contains("Older pictures"));
    // From its number on, the list begins with a job: scripts look it up so.
    let from_its_number = format!("/mine?before={}", jobs[3]["number"].as_i64().unwrap() + 1);
    assert_eq!(listed(&from_its_number)[0], newest[22]);
    assert_eq!(listed(&format!("{from_its_number}&limit=1")), newest[22..23]);
    assert_eq!(listed("/mine?limit=100"), newest[..24]);

    let path = format!("{}/cancel", path_of(&jobs[25]));
    assert_eq!(led(&post(&server, &path, "next=/mine")), "/mine");
    assert_eq!(listed("/mine?state=cancelled"), newest[..1]);
    assert_eq!(led(&post(&server, "/mine/cancel", "")), "/mine");
    assert_eq!(listed("/mine?state=queued"), [""; 0]);
    assert!(text(&server, "/mine?state=queued").contains("No pictures match."));
    assert_eq!(
        led(&post(&server, &format!("{}/delete", path_of(&jobs[25])), "next=/mine?state=cancelled")),
        "/mine?state=cancelled"
    );
    assert_eq!(listed("/mine?state=cancelled").len(), 24);
    // Nonsense in the address shows everything.
    assert_eq!(listed("/mine?state=ready&before=x").len(), 24);
}

#[test]
fn another_picture_starts_from_a_finished_one() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let job = server.submit(&small("a red apple"));
    post(&server, &format!("{}/start", path_of(&job)), "").problem_page(404);
    server.wait_for(id(&job), |job| job["finished"].is_string());
    let answer = post(&server, &format!("{}/start", path_of(&job)), "");
    let (from, upload) = led(&answer).split_once("&init_image=").unwrap();
    assert_eq!(from, format!("/?from={}", id(&job)));
    let stored = server.get(&format!("/api/v1/uploads/{upload}")).json();
    assert_eq!((&stored["width"], &stored["height"]), (&json!(32), &json!(24)), "{stored}");
    assert!(text(&server, led(&answer)).contains(&format!("name=\"init_image\" value=\"{upload}\"")));
    let mut body = small("a green apple");
    body["init_image"] = json!(upload);
    let second = server.submit(&body);
    let shown = text(&server, &path_of(&second));
    assert!(shown.contains("First save the picture that you gave as <code>init_image-1.png</code>"), "{shown}");
    let done = server.wait_for(id(&second), |job| job["finished"].is_string());
    assert_eq!(done["state"], "done", "{done}");
    // As long as the upload is there, the picture can be asked for again.
    assert_eq!(post(&server, &format!("{}/again", path_of(&second)), "").status, 303);
    let again = server.get("/api/v1/jobs?limit=1").json()["items"][0].clone();
    server.wait_for(id(&again), |job| job["finished"].is_string());
    assert_eq!(server.delete(&format!("/api/v1/uploads/{upload}")).status, 204);
    let refused = post(&server, &format!("{}/again", path_of(&second)), "");
    refused.problem_page(409);
    assert!(refused.text().contains("no longer stored"), "{}", refused.text());
}

#[test]
fn a_picture_is_published_and_withdrawn() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let job = server.submit(&small("a red apple"));
    let at = |action: &str| format!("{}/{action}", path_of(&job));
    post(&server, &at("publish"), "title=Apple").problem_page(409);
    server.wait_for(id(&job), |job| job["finished"].is_string());
    assert!(text(&server, &path_of(&job)).contains("name=\"show_prompt\""));
    let small = attributes(&text(&server, "/mine"), "src").into_iter().find(|url| url.contains("thumb")).unwrap();
    assert_eq!(server.get(&small).header("content-type"), "image/webp");

    let published = post(&server, &at("publish"), "title=%3Cb%3EApple&show_prompt=1");
    let public = led(&published).to_owned();
    assert!(public.starts_with("/g/"), "{public}");
    let shown = text(&server, &public);
    assert!(shown.contains("&#60;b&#62;Apple") && shown.contains("a red apple"), "{shown}");
    let shown = text(&server, &path_of(&job));
    assert!(attributes(&shown, "href").contains(&public) && !shown.contains("name=\"show_prompt\""), "{shown}");
    assert_eq!(led(&post(&server, &at("withdraw"), "")), path_of(&job));
    page(&server, &public).problem_page(404);
    post(&server, &at("withdraw"), "").problem_page(404);
    // Without the prompt, nobody else reads it.
    let published = post(&server, &at("publish"), "title=");
    let shown = text(&server, led(&published));
    assert!(shown.contains("Untitled") && !shown.contains("a red apple"), "{shown}");
}

impl Answer {
    /// Checks that the answer is the page of a problem.
    fn problem_page(&self, status: u16) {
        assert_eq!((self.status, self.header("content-type")), (status, "text/html; charset=utf-8"), "{}", self.text());
    }
}

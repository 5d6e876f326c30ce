//! What operators see and do over HTTP: the API below `/api/v1/admin`, and the pages below `/admin`.

use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};
use crate::people::{admin, send, submit, token, user};
#[cfg(unix)]
use crate::place::fake_worker;
use crate::visitor::{page, page_with, post_with};

/// A prompt that would be a script, whose letters would turn around, and that has no width in between.
const HOSTILE: &str = "<script>alert(1)</script> \u{202e}drow\u{200b} & \"quoted\" 🦊";
const ESCAPED: &str = "&#60;script&#62;alert(1)&#60;/script&#62; \u{202e}drow\u{200b} &#38; &#34;quoted&#34; 🦊";

/// A server with an administrator, an operator and a user, by the headers with their tokens.
struct Desk {
    place: Workplace,
    server: Server,
    root: String,
    olga: String,
    anna: String,
}

impl Desk {
    fn new() -> Self {
        let place = Workplace::new();
        let root = user(&place, "root", "admin", "admin");
        let olga = user(&place, "olga", "operator", "admin");
        let anna = user(&place, "anna", "user", "admin");
        let server = Server::start(&place, &[]);
        Self { place, server, root, olga, anna }
    }

    fn get(&self, who: &str, path: &str) -> Answer {
        self.server.send("GET", path, &[("authorization", who)], b"")
    }

    fn page(&self, who: &str, path: &str) -> Answer {
        page_with(&self.server, path, &[("authorization", who)])
    }

    fn send(&self, method: &str, who: &str, path: &str, body: &Value) -> Answer {
        send(&self.server, method, path, &[("authorization", who)], body)
    }

    /// Sends a form, as a browser does.
    fn post(&self, who: &str, path: &str, form: &str) -> Answer {
        post_with(&self.server, path, &[("authorization", who)], form)
    }

    /// Asks for a picture, and returns the name of the job.
    fn submit(&self, who: &str, prompt: &str) -> String {
        let body = json!({"prompt": prompt, "size": "32x32", "iterations": 2, "cutouts": 1});
        submit(&self.server, &[("authorization", who)], &body)
    }

    fn job(&self, id: &str) -> Value {
        self.get(&self.olga, &format!("/api/v1/admin/jobs/{id}")).json()
    }

    /// What operators did, the newest first, as who, what and target.
    fn audit(&self) -> Vec<(String, String, String)> {
        let acts = self.get(&self.olga, "/api/v1/admin/audit").json();
        let text = |act: &Value, field: &str| act[field].as_str().unwrap().to_owned();
        let acts = acts["items"].as_array().unwrap();
        acts.iter().map(|act| (text(act, "who"), text(act, "what"), text(act, "target"))).collect()
    }
}

fn act(who: &str, what: &str, target: &str) -> (String, String, String) {
    (who.into(), what.into(), target.into())
}

#[test]
fn only_operators_see_the_desk() {
    let desk = Desk::new();
    let api = ["queue", "jobs", "workers", "users", "pictures", "letters", "audit"]
        .map(|name| format!("/api/v1/admin/{name}"));
    let pages =
        ["", "/jobs", "/workers", "/users", "/pictures", "/letters", "/audit"].map(|name| format!("/admin{name}"));
    for path in &api {
        assert_eq!(desk.get(&desk.olga, path).status, 200, "{path}");
        desk.get(&desk.anna, path).problem(403);
        desk.server.get(path).problem(401);
    }
    for path in &pages {
        let shown = desk.page(&desk.olga, path);
        assert_eq!(shown.status, 200, "{path}: {}", shown.text());
        assert!(shown.text().contains("aria-current=\"page\">"), "{path}");
        assert_eq!(desk.page(&desk.anna, path).status, 404, "{path}");
        let stranger = page(&desk.server, path);
        assert_eq!(stranger.status, 303, "{path}");
        assert!(stranger.header("location").starts_with("/login"), "{}", stranger.header("location"));
    }
    // A token that may do less than its user is no operator's.
    let jobs = token(&desk.place, "olga", "jobs");
    desk.get(&jobs, "/api/v1/admin/queue").problem(403);
    for path in ["/admin/queue/pause", "/admin/users", "/admin/workers/0000000000000000000000000a/drain"] {
        assert_eq!(desk.post(&desk.anna, path, "name=eve").status, 404, "{path}");
    }
    desk.send("POST", &desk.anna, "/api/v1/admin/queue/pause", &json!({})).problem(403);
    assert!(desk.get(&desk.olga, "/api/v1/queue").json()["paused"].is_null());
}

#[test]
fn a_paused_queue_says_so_everywhere() {
    let desk = Desk::new();
    let id = desk.submit(&desk.anna, "a pear");
    let paused = desk.send("POST", &desk.olga, "/api/v1/admin/queue/pause", &json!({}));
    assert!(paused.status == 200 && paused.json()["paused"].is_string(), "{}", paused.text());
    let since = desk.get(&desk.anna, "/api/v1/queue").json()["paused"].as_str().unwrap().to_owned();
    let job = desk.get(&desk.anna, &format!("/api/v1/jobs/{id}")).json();
    assert_eq!((&job["paused"], &job["position"]), (&json!(since), &json!(1)), "{job}");
    assert!(job["starts_in"].is_null() && job["ends_in"].is_null(), "{job}");
    assert!(desk.page(&desk.olga, "/admin").text().contains(&format!("paused since <time datetime=\"{since}\">")));

    let resumed = desk.post(&desk.olga, "/admin/queue/resume", "back=/admin");
    assert_eq!((resumed.status, resumed.header("location")), (303, "/admin?done=resumed"));
    assert!(desk.page(&desk.olga, "/admin?done=resumed").text().contains("The queue is running again."));
    // What an address claims is shown only if it is one of the known acts.
    assert!(!desk.page(&desk.olga, "/admin?done=pwned").text().contains("pwned"));
    assert!(desk.get(&desk.anna, &format!("/api/v1/jobs/{id}")).json()["paused"].is_null());
    let elsewhere = desk.post(&desk.olga, "/admin/queue/pause", "back=//evil.example");
    assert_eq!(elsewhere.header("location"), "/admin?done=paused");
    desk.send("POST", &desk.olga, "/api/v1/admin/queue/pause", &json!({}));
    let acts = desk.audit();
    let expected = ["queue paused", "queue resumed", "queue paused"].map(|what| act("olga", what, ""));
    assert_eq!(acts[..3], expected, "pausing a paused queue is no act");
}

#[cfg(unix)]
#[test]
fn a_failed_job_is_shown_with_its_last_lines_and_put_back() {
    let desk = Desk::new();
    let id = desk.submit(&desk.anna, HOSTILE);
    let queued = desk.send("POST", &desk.olga, &format!("/api/v1/admin/jobs/{id}/requeue"), &json!({}));
    queued.problem(409);
    {
        // It says much, and then that the settings are wrong, so that no other try is made.
        let script = "i=0; while [ $i -lt 60 ]; do echo \"<b>line $i</b>\" >&2; i=$((i+1)); done; exit 2";
        let _worker = fake_worker(&desk.place, script);
        desk.server_waits(&id, "dead");
    }
    let job = desk.job(&id);
    assert_eq!((&job["user"], &job["job"]["prompt"]), (&json!("anna"), &json!(HOSTILE)));
    let attempt = &job["attempts"][0];
    assert_eq!((&attempt["outcome"], &attempt["exit_code"]), (&json!("failed"), &json!(2)), "{job}");
    let lines = attempt["lines"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[0], &lines[39]), (40, &json!("<b>line 20</b>"), &json!("<b>line 59</b>")));
    let dead = desk.get(&desk.olga, "/api/v1/admin/jobs?state=dead&user=anna").json();
    assert_eq!((dead["items"].as_array().unwrap().len(), &dead["items"][0]["job"]["id"]), (1, &json!(id)));
    assert_eq!(desk.get(&desk.olga, "/api/v1/admin/jobs?state=dead&user=ben").json()["items"], json!([]));
    desk.get(&desk.olga, "/api/v1/admin/jobs?state=gone").problem(400);
    desk.get(&desk.olga, "/api/v1/admin/jobs?limit=101").problem(400);

    for path in ["/admin/jobs".to_owned(), format!("/admin/jobs/{id}")] {
        let page = desk.page(&desk.olga, &path).text();
        assert!(page.contains(ESCAPED) && !page.contains("<script>alert"), "{path}: {page}");
        assert!(
            page.contains("&#60;b&#62;line 20&#60;/b&#62;\n&#60;b&#62;line 21") && !page.contains("line 19"),
            "{page}"
        );
        assert!(page.contains(&format!("action=\"/admin/jobs/{id}/requeue\"")), "{page}");
    }
    let search = desk.page(&desk.olga, "/admin/jobs?state=all&user=%22%3E%3Cscript%3E").text();
    assert!(search.contains("value=\"&#34;&#62;&#60;script&#62;\"") && !search.contains("\"><script>"), "{search}");
    assert!(desk.page(&desk.olga, "/admin").text().contains("1 job</a> failed"));

    let back = format!("back=/admin/jobs/{id}");
    let requeued = desk.post(&desk.olga, &format!("/admin/jobs/{id}/requeue"), &back);
    assert_eq!(
        (requeued.status, requeued.header("location")),
        (303, format!("/admin/jobs/{id}?done=requeued").as_str())
    );
    let job = desk.job(&id);
    assert_eq!((&job["job"]["state"], &job["job"]["failures"]), (&json!("queued"), &json!(0)));
    // A second click comes too late.
    assert_eq!(desk.post(&desk.olga, &format!("/admin/jobs/{id}/requeue"), &back).status, 409);
    let canceled = desk.post(&desk.olga, &format!("/admin/jobs/{id}/cancel"), "x=");
    assert_eq!((canceled.status, canceled.header("location")), (303, "/admin/jobs?done=canceled"));
    assert_eq!(desk.job(&id)["job"]["state"], "cancelled");
    assert_eq!(desk.audit()[..2], [act("olga", "job canceled", &id), act("olga", "job requeued", &id)]);
    // What a user does with its own jobs is nobody's business.
    let own = desk.submit(&desk.anna, "a pear");
    assert_eq!(desk.send("POST", &desk.anna, &format!("/api/v1/jobs/{own}/cancel"), &json!({})).status, 202);
    assert_eq!(desk.audit()[0].1, "job canceled");
    assert_eq!(desk.audit()[0].2, id);
}

#[cfg(unix)]
#[test]
fn a_worker_is_drained_by_a_click() {
    let desk = Desk::new();
    let _worker = fake_worker(&desk.place, "exit 2");
    let workers = || desk.get(&desk.olga, "/api/v1/admin/workers").json()["items"].clone();
    let worker = &desk.server.until("a worker", || workers().get(0).cloned());
    assert!(worker["alive"] == true && worker["draining"] == false && worker["slots"] == 1, "{worker}");
    let id = worker["id"].as_str().unwrap();
    let page = desk.page(&desk.olga, "/admin/workers").text();
    assert!(page.contains(id) && page.contains(env!("CARGO_PKG_VERSION")) && page.contains("0 of 1"), "{page}");
    let drained = desk.post(&desk.olga, &format!("/admin/workers/{id}/drain"), "back=/admin/workers");
    assert_eq!((drained.status, drained.header("location")), (303, "/admin/workers?done=drained"));
    assert_eq!(workers()[0]["draining"], true);
    assert_eq!(desk.get(&desk.olga, "/api/v1/admin/queue").json()["slots"], 0);
    let undrained = desk.send("POST", &desk.olga, &format!("/api/v1/admin/workers/{id}/undrain"), &json!({}));
    assert_eq!((undrained.status, &undrained.json()["draining"]), (200, &json!(false)));
    desk.send("POST", &desk.olga, "/api/v1/admin/workers/0000000000000000000000000a/drain", &json!({})).problem(404);
    assert_eq!(desk.audit()[..2], [act("olga", "worker undrained", id), act("olga", "worker drained", id)]);
}

#[test]
fn administrators_manage_users_and_operators_do_not() {
    let desk = Desk::new();
    let new = json!({"name": "ben", "max_running": 2});
    desk.send("POST", &desk.olga, "/api/v1/admin/users", &new).problem(403);
    desk.send("PATCH", &desk.olga, "/api/v1/admin/users/anna", &json!({"role": "admin"})).problem(403);
    assert_eq!(desk.post(&desk.olga, "/admin/users", "name=eve&role=admin").status, 403);
    assert_eq!(desk.post(&desk.olga, "/admin/users/olga", "role=admin").status, 403);

    let made = desk.send("POST", &desk.root, "/api/v1/admin/users", &new);
    assert_eq!((made.status, &made.json()["max_running"]), (201, &json!(2)), "{}", made.text());
    desk.send("POST", &desk.root, "/api/v1/admin/users", &new).problem(409);
    for wrong in [json!({"name": "Ben"}), json!({"name": "b", "weight": 0}), json!({"name": "b", "email": "a@b.c"})] {
        desk.send("POST", &desk.root, "/api/v1/admin/users", &wrong).problem(422);
    }
    let hostile = desk.post(&desk.root, "/admin/users", "name=%22%3E%3Cscript%3E&role=user");
    assert_eq!(hostile.status, 422);
    assert!(hostile.text().contains("value=\"&#34;&#62;&#60;script&#62;\"") && !hostile.text().contains("\"><script>"));
    let listed = desk.get(&desk.olga, "/api/v1/admin/users").json();
    let names: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["anna", "ben", "olga", "root"]);
    assert!(!listed.to_string().contains('@'), "{listed}");

    let changed = desk.post(&desk.root, "/admin/users/ben", "role=operator&weight=3&max_waiting=7&max_running=2");
    assert_eq!((changed.status, changed.header("location")), (303, "/admin/users?done=changed"), "{}", changed.text());
    let page = desk.page(&desk.root, "/admin/users?q=ben").text();
    assert!(
        page.contains("Weight 3, at most 7 jobs waiting and 2 drawn at once") && !page.contains(">olga<"),
        "{page}"
    );
    assert!(!desk.page(&desk.olga, "/admin/users").text().contains("/disable"));

    let reset = desk.post(&desk.root, "/admin/users/anna/reset", "x=");
    assert!(reset.status == 201 && reset.text().contains("http://"), "{}", reset.text());
    assert_eq!(desk.post(&desk.olga, "/admin/users/anna/reset", "x=").status, 403);
    assert_eq!(desk.post(&desk.root, "/admin/users/anna/disable", "x=").status, 303);
    desk.get(&desk.anna, "/api/v1/me").problem(401);
    let enabled = desk.send("PATCH", &desk.root, "/api/v1/admin/users/anna", &json!({"disabled": false}));
    assert_eq!((enabled.status, &enabled.json()["disabled"]), (200, &json!(false)));
    assert_eq!(desk.get(&desk.anna, "/api/v1/me").status, 200);
    // Nobody locks the door behind himself.
    for change in [json!({"disabled": true}), json!({"role": "user"})] {
        desk.send("PATCH", &desk.root, "/api/v1/admin/users/root", &change).problem(409);
    }
    desk.send("PATCH", &desk.root, "/api/v1/admin/users/nobody", &json!({})).problem(404);

    // What is done on the command line is noted as well, and listed there.
    admin(&desk.place, &["user", "remove", "ben"]).succeeded();
    let expected = [
        act("command line", "user removed", "ben"),
        act("root", "user enabled", "anna"),
        act("root", "user disabled", "anna"),
        act("root", "reset link made", "anna"),
        act("root", "user changed", "ben"),
        act("root", "user added", "ben"),
    ];
    assert_eq!(desk.audit()[..6], expected);
    let listed = admin(&desk.place, &["audit", "--limit", "5", "--json"]).succeeded().output_json();
    assert_eq!(listed.as_array().unwrap().len(), 5);
    assert_eq!(
        (&listed[4]["what"], &listed[4]["detail"]),
        (&json!("user changed"), &json!("role operator, weight 3, max_waiting 7, max_running 2"),)
    );
    let table = admin(&desk.place, &["audit"]).succeeded();
    assert!(table.output_text().lines().next().unwrap().contains("command line"), "{}", table.output_text());
    assert!(desk.page(&desk.olga, "/admin/audit").text().contains("role operator, weight 3"));
}

#[test]
fn fifty_jobs_of_three_owners_have_fair_places() {
    let place = Workplace::new();
    let owners = ["anna", "ben", "cleo"].map(|name| {
        admin(&place, &["user", "add", name, "--no-password", "--max-waiting", "100"]).succeeded();
        token(&place, name, "jobs")
    });
    let olga = user(&place, "olga", "operator", "admin");
    let server = Server::start(&place, &[]);
    // 40 jobs of Anna, and then 7 of Ben and 3 of Cleo: the first of each, the second of each, and so on.
    let mut jobs: Vec<(usize, usize, String)> = Vec::new();
    for (owner, count) in [(0, 40), (1, 7), (2, 3)] {
        for number in 0..count {
            let body = json!({"prompt": "a", "quality": "draft"});
            jobs.push((number, owner, submit(&server, &[("authorization", &owners[owner])], &body)));
        }
    }
    jobs.sort();
    for (place, (_, owner, id)) in jobs.iter().enumerate() {
        let headers = [("authorization", owners[*owner].as_str())];
        let job = server.send("GET", &format!("/api/v1/jobs/{id}"), &headers, b"").json();
        assert_eq!(
            (&job["position"], &job["ahead"], &job["waiting"]),
            (&json!(place + 1), &json!(place), &json!(50)),
            "{job}"
        );
        assert!(job["starts_in"].is_null(), "no worker lives: {job}");
    }
    let queue = server.send("GET", "/api/v1/admin/queue", &[("authorization", &olga)], b"").json();
    assert_eq!((&queue["queued"], &queue["running"], &queue["workers"]), (&json!(50), &json!(0), &json!(0)));
}

impl Desk {
    /// Waits until a job is in a state.
    #[cfg(unix)]
    fn server_waits(&self, id: &str, state: &str) {
        self.server.until(state, || (self.job(id)["job"]["state"] == state).then_some(()));
    }
}

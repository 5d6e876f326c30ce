//! What operators ask a server.

use serde_json::json;

use crate::common::program::Workplace;
use crate::common::server::Server;

#[test]
fn a_server_says_whether_it_lives_and_can_work() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let answer = server.get("/healthz");
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok\n"));
    let answer = server.get("/readyz");
    assert_eq!((answer.status, answer.text().as_str()), (200, "ready\n"), "{}", server.log());
    // The check of the store leaves nothing behind.
    let left = std::fs::read_dir(place.join("data/objects/checks")).into_iter().flatten().count();
    assert_eq!(left, 0);
    // Without a store, it lives, but cannot work.
    std::fs::remove_dir_all(place.join("data/objects")).unwrap();
    std::fs::write(place.join("data/objects"), "not a folder").unwrap();
    let problem = server.get("/readyz").problem(503);
    assert_eq!(problem["detail"], "the store of pictures cannot be written");
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn counts_have_an_address_of_their_own_on_demand() {
    let place = Workplace::new();
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start(&place, &["--metrics", &free.to_string()]);
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let get = |path: &str| agent.get(format!("http://{free}{path}")).header("x-forwarded-for", "203.0.113.5").call();
    let mut answer = get("/metrics").unwrap();
    assert_eq!(answer.status(), 200, "{}", server.log());
    assert!(answer.body_mut().read_to_string().unwrap().contains("text2art_dead 0"));
    // Nothing else is there.
    for path in ["/", "/api/v1/jobs", "/healthz"] {
        assert_eq!(get(path).unwrap().status(), 404, "{path}");
    }
    let taken = place.run(&["serve", "--listen", "127.0.0.1:0", "--data", "other", "--metrics", &free.to_string()]);
    assert!(taken.code == Some(2) && taken.errors.contains("another program uses it"), "{}", taken.errors);
}

#[test]
fn counts_tell_how_jobs_ended() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let small = json!({"prompt": "a", "quality": "draft", "size": "32x32", "iterations": 2, "cutouts": 1});
    let done = server.submit(&small);
    server.wait_for(done["id"].as_str().unwrap(), |job| job["state"] == "done");
    let endless = json!({"prompt": "a", "quality": "draft", "size": "32x32", "iterations": 100_000, "cutouts": 1});
    let canceled = server.submit(&endless);
    let id = canceled["id"].as_str().unwrap();
    server.wait_for(id, |job| job["state"] == "running");
    assert_eq!(server.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({})).status, 202);
    server.wait_for(id, |job| job["state"] == "cancelled");
    // The end is counted a moment after it is recorded.
    for outcome in ["done", "cancelled"] {
        let line = format!(r#"text2art_job_seconds_count{{quality="draft",outcome="{outcome}"}} 1"#);
        server.until_counted(&line);
    }
    // One process drew both.
    server.until_counted(r#"text2art_processes_started_total{after="none"} 1"#);
    assert_eq!(server.get("/metrics").text().matches("\ntext2art_processes_started_total").count(), 1);
}

#[test]
fn counts_are_for_this_machine() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let job = server.submit(&json!({"prompt": "a", "quality": "draft"}));
    server.get(&format!("/api/v1/jobs/{}", job["id"].as_str().unwrap()));
    let answer = server.get("/metrics");
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = answer.text();
    for line in [
        r#"text2art_jobs{state="queued"} 1"#,
        r#"text2art_jobs{state="running"} 0"#,
        r#"text2art_slots{state="free"} 0"#,
        r#"text2art_queue_jobs{kind="vqgan",quality="draft"} 1"#,
        r#"text2art_queue_work_seconds{kind="vqgan",quality="draft"} 7.0"#,
        "text2art_queue_wait_seconds 7.0",
        "text2art_dead 0",
        "text2art_sse_streams 0",
        r#"text2art_http_seconds_count{route="/api/v1/jobs/{id}",status="200"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert!(text.lines().any(|line| line.starts_with("text2art_queue_oldest_seconds ")), "{text}");
    assert!(!text.contains(job["id"].as_str().unwrap()), "paths would make endless rows");
    assert!(text.ends_with("# EOF\n"));
    // A proxy on this machine passes on what others ask.
    server.send("GET", "/metrics", &[("x-forwarded-for", "203.0.113.5")], b"").problem(404);
}

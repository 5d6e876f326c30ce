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

//! What operators do: failed jobs get another chance, the queue is paused, pictures are hidden.

use serde_json::json;

use crate::common::PROMPTS;
use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::gallery::{drawn, publish};
use crate::harness::{Browser, Scripts};
use crate::people::{add, log_in};

#[test]
#[ignore = "needs chromium and chromedriver"]
fn an_operator_gives_a_dead_job_another_chance() {
    let place = Workplace::new();
    let token = add(&place, "anna", "user");
    add(&place, "olga", "operator");
    let server = Server::start_with_workers(&place, 1, &["--max-size", "16384x16384"]);
    let server = server.with_header("authorization", &token);
    // It is given up at once: it would need hundreds of gigabytes.
    let job = server.submit(&json!({"prompt": PROMPTS[0], "size": "16384x16384", "iterations": 1, "cutouts": 1}));
    let id = job["id"].as_str().unwrap();
    assert_eq!(server.wait_for(id, |job| job["finished"].is_string())["state"], "dead");
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open("/admin");
        log_in(browser, "olga");
        browser.until_text("1 job failed");
        browser.press("Pause");
        browser.until_text("The queue has been paused");
        browser.open("/admin/jobs?state=dead");
        browser.until_text(PROMPTS[0]);
        browser.press("Try again");
        browser.until("its return", |_| {
            let job = server.get(&format!("/api/v1/jobs/{id}")).json();
            (job["state"] == "queued" && job["failures"] == 0).then_some(())
        });
        browser.open("/admin");
        browser.press("Resume");
        browser.until("its second end", |_| {
            let job = server.get(&format!("/api/v1/jobs/{id}")).json();
            (job["state"] == "dead" && job["claim"].as_u64() > Some(1)).then_some(())
        });
        browser.open("/admin/audit");
        browser.until_text("olga");
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn an_operator_hides_a_picture() {
    let place = Workplace::new();
    let token = add(&place, "anna", "user");
    add(&place, "olga", "operator");
    let server = Server::start_with_workers(&place, 1, &[]).with_header("authorization", &token);
    let job = &drawn(&server, &PROMPTS[..1])[0];
    let page = publish(&server, job, "An apple");
    Browser::drive(&server, Scripts::Off, |browser| {
        browser.open(&format!("/login?next={page}"));
        log_in(browser, "olga");
        browser.fill("Reason for hiding it", "only a test");
        browser.press("Hide");
        browser.until_text("This picture is hidden.");
        browser.press("Log out");
        browser.open("/gallery");
        assert!(!browser.has_text("An apple"));
        // Its owner sees why.
        browser.open(&format!("/login?next={page}"));
        log_in(browser, "anna");
        browser.until_text("only a test");
    });
}

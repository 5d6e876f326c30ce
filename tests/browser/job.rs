//! A picture that is being drawn, as its page shows it: growing, loaded again in the middle, canceled.

use serde_json::{Value, json};

use crate::common::PROMPTS;
use crate::common::program::{Workplace, signal};
use crate::common::server::Server;
use crate::create::job_of;
use crate::harness::{Browser, Scripts};

/// A picture that takes minutes.
fn endless() -> Value {
    json!({"prompt": PROMPTS[2], "size": "64x64", "iterations": 20_000, "cutouts": 2})
}

fn page_of(job: &Value) -> String {
    format!("/p/{}", job["id"].as_str().unwrap())
}

/// The number of iterations that the page shows, once it shows one.
fn iterations(browser: &Browser) -> u64 {
    browser.until("iterations", |browser| {
        let shown = browser.script("return document.querySelector('#iteration')?.textContent ?? ''", vec![]);
        shown.as_str()?.split(' ').next()?.parse().ok().filter(|number| *number > 0)
    })
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_picture_grows_before_ones_eyes() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let job = server.submit(&endless());
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open(&page_of(&job));
        // It stays the same page.
        browser.script("window.stays = true", vec![]);
        let first = iterations(browser);
        browser.until("progress", |browser| (iterations(browser) > first).then_some(()));
        let preview = |browser: &Browser| {
            let source = browser.script("return document.querySelector('#picture img')?.src", vec![]);
            source.as_str().map(str::to_owned)
        };
        let before = browser.until("a preview", preview);
        browser.until("another preview", |browser| preview(browser).filter(|now| *now != before));
        let shown = browser.script(
            "const image = document.querySelector('#picture img');
             return [window.stays, image.complete && image.naturalWidth > 0]",
            vec![],
        );
        assert_eq!(shown, json!([true, true]));
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_page_that_is_loaded_again_goes_on_and_a_picture_is_canceled() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let job = server.submit(&endless());
    let waiting = server.submit(&endless());
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open(&page_of(&job));
        let before = iterations(browser);
        browser.reload();
        let after = iterations(browser);
        assert!(after >= before, "{before} {after}");
        browser.until("progress", |browser| (iterations(browser) > after).then_some(()));

        browser.open(&page_of(&waiting));
        browser.until_shown("#place");
        browser.press("Cancel");
        browser.until_text("Canceled");
        assert_eq!(job_of(browser, &server)["state"], "cancelled");
        assert!(!browser.has_button("Cancel"));

        browser.open(&page_of(&job));
        iterations(browser);
        browser.press("Cancel");
        browser.until_text("Canceled");
        assert_eq!(job_of(browser, &server)["state"], "cancelled");
        // Another seed or settings are a click away.
        browser.press("Ask for it again");
        browser.until("another page", |browser| (browser.path() != page_of(&job)).then_some(()));
        assert_eq!(job_of(browser, &server)["prompt"], job["prompt"]);
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn without_scripts_a_picture_is_canceled_and_deleted() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let job = server.submit(&endless());
    Browser::drive(&server, Scripts::Off, |browser| {
        browser.open(&page_of(&job));
        browser.press("Cancel");
        browser.until_text("Canceled");
        browser.press("Delete");
        browser.until_path("/mine");
        assert_eq!(server.get(&format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())).status, 404);
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_page_survives_a_server_that_starts_again() {
    let place = Workplace::new();
    let mut server = Server::start_with_workers(&place, 1, &[]);
    let address = server.address.clone();
    let job = server.submit(&endless());
    Browser::drive_at(&address, Scripts::On, |browser| {
        browser.open(&page_of(&job));
        browser.script("window.stays = true", vec![]);
        let before = iterations(browser);
        // The job is given back, and begins again where it was.
        signal(server.child(), "TERM");
        assert_eq!(server.wait(), Some(0), "{}", server.log());
        server = Server::start_with_workers(&place, 1, &["--listen", &address]);
        server.wait_for(job["id"].as_str().unwrap(), |job| job["iteration"].as_u64() > Some(before + 1));
        browser.until("progress", |browser| (iterations(browser) > before).then_some(()));
        assert_eq!(browser.script("return window.stays", vec![]), json!(true));
        // Meanwhile nobody answered.
        let complaints = browser.complaints();
        assert!(complaints.iter().all(|text| text.contains("net::ERR_")), "{complaints:?}");
    });
}

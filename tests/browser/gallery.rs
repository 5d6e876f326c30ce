//! Published pictures: publishing, liking, searching, and paging by scrolling and by links.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::PROMPTS;
use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::harness::{Browser, Scripts};

/// More than a page has.
const MANY: usize = 30;

/// Draws pictures at once, and returns their jobs.
pub fn drawn(server: &Server, prompts: &[&str]) -> Vec<String> {
    let wish = |prompt: &&str| json!({"prompt": prompt, "size": "32x32", "iterations": 1, "cutouts": 1});
    let jobs: Vec<Value> = prompts.iter().map(|prompt| server.submit(&wish(prompt))).collect();
    let ids = jobs.iter().map(|job| job["id"].as_str().unwrap().to_owned());
    ids.inspect(|id| assert_eq!(server.wait_for(id, |job| job["finished"].is_string())["state"], "done")).collect()
}

/// Publishes the picture of a job, and returns its page.
pub fn publish(server: &Server, job: &str, title: &str) -> String {
    let answer = server.post("/api/v1/pictures", &json!({"job": job, "title": title, "show_prompt": true}));
    assert_eq!(answer.status, 201, "{}", answer.text());
    format!("/g/{}", answer.json()["id"].as_str().unwrap())
}

/// The pages of the pictures that a page of the gallery shows.
fn shown(browser: &Browser) -> BTreeSet<String> {
    let links = browser.script(
        "return [...document.querySelectorAll('#pictures a.picture')].map(link => link.getAttribute('href'))",
        vec![],
    );
    let links = links.as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned());
    links.collect()
}

fn likes(browser: &Browser) -> String {
    browser.text_of("[data-likes]")
}

fn publish_and_like(scripts: Scripts) {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let job = &drawn(&server, &PROMPTS[..1])[0];
    Browser::drive(&server, scripts, |browser| {
        browser.open(&format!("/p/{job}"));
        browser.fill("Title", "An apple of mine");
        browser.press("Publish");
        browser.until_path("/g/");
        browser.open("/gallery");
        browser.until_text("An apple of mine");
        browser.follow("An apple of mine");
        browser.until_path("/g/");
        assert_eq!(likes(browser), "0");
        browser.press("Like");
        browser.until("a like", |browser| (likes(browser) == "1").then_some(()));
        browser.reload();
        assert_eq!(likes(browser), "1");
        browser.press("Like");
        browser.until("no like", |browser| (likes(browser) == "0").then_some(()));
        browser.reload();
        assert_eq!(likes(browser), "0");
        browser.follow("Make one like this");
        browser.until_path("/?");
        assert_eq!(browser.value("#prompt"), PROMPTS[0]);
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_picture_is_published_and_liked() {
    publish_and_like(Scripts::On);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_picture_is_published_and_liked_without_scripts() {
    publish_and_like(Scripts::Off);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_gallery_has_pages_and_is_searched() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 2, &[]);
    let prompts: Vec<&str> = PROMPTS.iter().copied().cycle().take(MANY).collect();
    let jobs = drawn(&server, &prompts);
    let pages: BTreeSet<String> =
        jobs.iter().enumerate().map(|(index, job)| publish(&server, job, &format!("Picture {index}"))).collect();
    assert_eq!(pages.len(), MANY);

    // By links alone.
    Browser::drive(&server, Scripts::Off, |browser| {
        browser.open("/gallery");
        let mut seen = BTreeSet::new();
        loop {
            let more = shown(browser);
            assert!(!more.is_empty() && more.len() < MANY && more.is_disjoint(&seen), "{more:?} {seen:?}");
            seen.extend(more);
            if browser.count("#next") == 0 {
                break;
            }
            let before = browser.path();
            browser.follow("More pictures");
            browser.until("the next page", |browser| (browser.path() != before).then_some(()));
        }
        assert_eq!(seen, pages);
        browser.open("/gallery");
        browser.fill("Words in titles and prompts", "octopus");
        browser.press("Search");
        browser.until_path("/gallery?q=octopus");
        assert_eq!(shown(browser).len(), MANY / PROMPTS.len());
        browser.open("/gallery?q=nothing-like-this");
        assert_eq!(shown(browser).len(), 0);
    });

    // By scrolling, on one page.
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open("/gallery");
        assert!(shown(browser).len() < MANY);
        // Each picture has its place before it has come, so that nothing jumps.
        let shift = browser.script_with_callback(
            "const done = arguments[arguments.length - 1];
             let moved = 0;
             new PerformanceObserver(list => list.getEntries().forEach(entry => { moved += entry.value }))
                 .observe({type: 'layout-shift', buffered: true});
             setTimeout(() => done(moved), 300)",
            vec![],
        );
        assert!(shift.as_f64().unwrap() < 0.1, "{shift}");
        browser.until("all pictures", |browser| {
            browser.script("window.scrollTo(0, document.body.scrollHeight)", vec![]);
            (shown(browser) == pages).then_some(())
        });
        assert_eq!(browser.path(), "/gallery");
        assert_eq!(browser.count("#next"), 0);
    });
}
